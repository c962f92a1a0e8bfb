/* daemons/detect/flood_test.c — merged alerts: none is lost, units are not mixed, and the same alerts are merged
 * the same way again. */
#include "flood.h"

#include <stdlib.h>
#include <string.h>

#include "spool/spool.h"
#include "test/test.h"

#define RULES 5
#define UNITS 4
#define EACH  7
#define MANY  20000

struct sum {
    struct jw_test *t;
    uint64_t alerts, count[RULES][UNITS], merged, newest;
    jw_buffer text;
};

static uint64_t number_of(const struct jw_record *rec, const char *name) {
    const jw_field *field = jw_record_find(rec, jw_text_from(name));
    uint64_t value = 0;
    return field && jw_text_u64(field->value, &value) ? value : 0;
}

static void see(void *context, const struct jw_record *alert) {
    struct sum *sum = context;
    uint64_t rule = number_of(alert, "rule.id"), unit = number_of(alert, "gov.unit"), last = 0;
    uint32_t spool;
    if (rule >= RULES || unit >= UNITS) {
        jw_test_failed(sum->t, __FILE__, __LINE__, "an alert of a rule and a unit");
        return;
    }
    sum->alerts++;
    sum->count[rule][unit] += number_of(alert, "alert.count");
    sum->merged += jw_record_find(alert, JW_TEXT("alert.merged")) ? number_of(alert, "alert.merged") : 1;
    for (uint32_t i = 0; i < alert->count; i++) {
        uint64_t number;
        if (!jw_text_is(alert->fields[i].name, JW_TEXT("alert.events")))
            continue;
        JW_CHECK(sum->t, jw_spool_event_parse(alert->fields[i].value, &spool, &number) && number > last);
        last = number; /* oldest first */
    }
    sum->newest = last > sum->newest ? last : sum->newest;
    jw_record_json(alert, &sum->text);
    jw_buffer_byte(&sum->text, '\n');
}

static jw_text digits(struct jw_arena *mem, const char *prefix, unsigned n) {
    char text[32];
    int len = snprintf(text, sizeof text, "%s%u", prefix, n);
    return jw_arena_copy(mem, (jw_text){text, (size_t)len});
}

/* Random alerts from a seed; told ones are counted as see() does. */
static void pour(struct jw_flood *flood, unsigned seed, struct sum *told, uint64_t want[RULES][UNITS]) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    for (uint64_t n = 1; n <= MANY; n++) {
        unsigned dice = (unsigned)rand_r((unsigned *)&seed), rule = dice % RULES, unit = dice / 8 % UNITS;
        const struct jw_evidence evidence = {
            .numbers = {n}, .number_count = 1, .count = 1, .merged = 1, .first = (int64_t)n, .last = (int64_t)n};
        jw_arena_reset(mem);
        struct jw_record alert = {.mem = mem};
        jw_record_add(&alert, JW_TEXT("rule.id"), digits(mem, "", rule));
        jw_record_add(&alert, JW_TEXT("gov.unit"), digits(mem, "", unit));
        jw_record_add(&alert, JW_TEXT("user.name"), digits(mem, "user-", dice / 64 % (rule * rule + 1)));
        want[rule][unit]++;
        if (jw_flood_allows(flood, rule)) {
            jw_alert_prove(&alert, 1, &evidence);
            see(told, &alert);
        } else if (jw_flood_merge(flood, rule, &alert, jw_alert_entity(&alert, mem), &evidence) != JW_OK) {
            abort();
        }
    }
}

static void every_alert_is_told_or_counted_in_one_of_its_unit(struct jw_test *t) {
    for (uint32_t each = 0; each <= EACH; each += EACH) {
        JW_AUTO(jw_flood_free_p) struct jw_flood *flood = jw_flood_new(RULES, each);
        struct sum sum = {.t = t, .text = JW_BUFFER(8 << 20)};
        uint64_t want[RULES][UNITS] = {{0}};
        JW_CHECK(t, jw_flood_calm(flood));
        pour(flood, 1, &sum, want);
        JW_CHECK_INT(t, sum.alerts, RULES * each);
        JW_CHECK(t, !jw_flood_calm(flood) && jw_flood_merged(flood) <= RULES * (JW_FLOOD_ENTITIES + UNITS));
        JW_CHECK_INT(t, jw_flood_give(flood, 1, t->mem, see, &sum), 0);
        JW_CHECK(t, memcmp(sum.count, want, sizeof want) == 0);
        JW_CHECK_INT(t, sum.merged, MANY);
        JW_CHECK_INT(t, sum.newest, MANY);
        jw_flood_reset(flood);
        JW_CHECK(t, jw_flood_calm(flood) && !jw_flood_merged(flood));
        jw_buffer_free(&sum.text);
    }
}

static void the_same_alerts_are_merged_the_same_way_again(struct jw_test *t) {
    struct sum sums[2] = {{.t = t, .text = JW_BUFFER(8 << 20)}, {.t = t, .text = JW_BUFFER(8 << 20)}};
    uint64_t want[RULES][UNITS] = {{0}};
    struct jw_flood *flood = jw_flood_new(RULES, EACH);
    for (int i = 0; i < 2; i++) {
        pour(flood, 7, &sums[i], want);
        JW_CHECK_INT(t, jw_flood_give(flood, 1, t->mem, see, &sums[i]), 0);
        if (i == 0)
            jw_flood_reset(flood); /* a used one is as good as a new one */
    }
    JW_CHECK_TEXT(t, jw_buffer_text(&sums[0].text), jw_buffer_text(&sums[1].text));
    jw_flood_free(flood);
    jw_buffer_free(&sums[0].text);
    jw_buffer_free(&sums[1].text);
}

/* Names, command lines: an alert may be long, and there may be many. */
static void memory_has_a_bound_that_is_told(struct jw_test *t) {
    JW_AUTO(jw_flood_free_p) struct jw_flood *flood = jw_flood_new(100000, 0);
    static char line[60000];
    const struct jw_evidence evidence = {.numbers = {1}, .number_count = 1, .count = 1, .merged = 1};
    uint32_t rule = 0;
    memset(line, 'x', sizeof line);
    for (; rule < 100000 && !jw_flood_full(flood); rule++) {
        jw_arena_reset(t->mem);
        struct jw_record alert = {.mem = t->mem};
        jw_record_add(&alert, JW_TEXT("rule.id"), JW_TEXT("long"));
        jw_record_add(&alert, JW_TEXT("process.command_line"), (jw_text){line, sizeof line});
        JW_CHECK(t, !jw_flood_allows(flood, rule));
        JW_CHECK_INT(t, jw_flood_merge(flood, rule, &alert, JW_TEXT("one"), &evidence), JW_OK);
    }
    JW_CHECK_INT(t, rule, JW_FLOOD_MOST); /* what is too long is not kept whole */
    JW_CHECK_INT(t, jw_flood_merged(flood), JW_FLOOD_MOST);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(every_alert_is_told_or_counted_in_one_of_its_unit),
                                                     JW_CASE(the_same_alerts_are_merged_the_same_way_again),
                                                     JW_CASE(memory_has_a_bound_that_is_told),
                                                     {0}});
}
