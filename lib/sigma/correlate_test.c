/* lib/sigma/correlate_test.c — what docs/sigma.md promises of correlations, a test for each paragraph. That windows
 * count right in every case is shown by correlate_agree_test.c. */
#include "try.h"

/* One rule set, its events as JSON at a second, and what the correlations say. */
struct stand {
    struct jw_test *t;
    struct bench bench;
    struct jw_sigma_worker *worker;
    struct jw_correlator *correlator;
    const struct jw_correlation_hit *hits;
    uint64_t number;
};

#define BASE(name, field)                                                                          \
    "---\ntitle: " name "\nid: id-" name "\nname: " name "\nlogsource: {}\ndetection: {a: {" field \
    "|exists: true}, condition: a}\n"
#define HEAD(id, type, rules) \
    "title: " id "\nid: " id "\nname: " id "\ncorrelation:\n  type: " type "\n  rules: " rules "\n"
#define BASES BASE("a", "a") BASE("b", "b") BASE("c", "c")

static struct stand stand_up(struct jw_test *t, const char *text, uint32_t groups) {
    struct stand s = {.t = t, .bench = load_text(t, text)};
    JW_CHECK_TEXT(t, jw_text_from(s.bench.reason), JW_TEXT(""));
    s.worker = jw_sigma_worker_new(s.bench.sigma);
    s.correlator = jw_correlator_new(s.bench.sigma, groups);
    return s;
}

static void stand_down(struct stand *s) {
    jw_correlator_free(s->correlator);
    jw_sigma_worker_free(s->worker);
    jw_sigma_free(s->bench.sigma);
}

/* How many correlations speak. */
static int at(struct stand *s, int second, const char *event) {
    struct jw_record rec = {.mem = s->t->mem};
    const struct jw_sigma_rule *const *rules;
    JW_CHECK(s->t, jw_json_record(event, &rec, NULL));
    jw_record_set_time(&rec, second * JW_SECOND);
    size_t count = jw_sigma_match(s->worker, &rec, NULL, &rules);
    return (int)jw_correlator_take(s->correlator, &rec, ++s->number, 0, rules, count, &s->hits);
}

static struct jw_correlator_counts counts(const struct stand *s) {
    struct jw_correlator_counts counts;
    jw_correlator_counts(s->correlator, &counts);
    return counts;
}

#define AT(second, event, want) JW_CHECK_INT(t, at(&s, second, event), want)

static void events_are_counted_per_group_and_window(struct jw_test *t) {
    struct stand s = stand_up(
        t, HEAD("n", "event_count", "[a]") "  group-by: [ip]\n  timespan: 10s\n  condition: {gte: 3}\n" BASES, 0);
    AT(100, "{\"a\":1,\"ip\":\"x\"}", 0);
    AT(105, "{\"a\":1,\"ip\":\"x\"}", 0);
    AT(106, "{\"a\":1,\"ip\":\"y\"}", 0);
    AT(106, "{\"a\":1}", 0);              /* of no group */
    AT(111, "{\"a\":1,\"ip\":\"x\"}", 0); /* 100 left the window */
    AT(103, "{\"a\":1,\"ip\":\"x\"}", 1); /* late: 100, 103 and 105 were within ten seconds */
    AT(112, "{\"a\":1,\"ip\":\"x\"}", 0); /* told already */
    AT(121, "{\"a\":1,\"ip\":\"x\"}", 1); /* a timespan later it goes on */
    AT(90, "{\"a\":1,\"ip\":\"x\"}", 0);  /* too late */
    JW_CHECK_INT(t, counts(&s).late, 1);
    JW_CHECK_INT(t, counts(&s).unfit, 1);
    JW_CHECK_INT(t, counts(&s).groups, 2);
    stand_down(&s);
}

/* Else one event from the year 2200 would make every later one of its group late. */
static void a_clock_far_ahead_does_not_blind_a_group(struct jw_test *t) {
    static const int seconds[] = {100, 800000000, 102};
    struct stand s =
        stand_up(t, HEAD("n", "event_count", "[a]") "  timespan: 10s\n  condition: {gte: 3}\n" BASES, 0);
    const struct jw_sigma_rule *rule = jw_sigma_rule_find(s.bench.sigma, JW_TEXT("id-a"));
    size_t found = 0;
    for (int i = 0; i < 3; i++) {
        struct jw_record rec = {.mem = t->mem};
        jw_record_set_time(&rec, seconds[i] * JW_SECOND);
        found = jw_correlator_take(s.correlator, &rec, (uint64_t)i, (100 + i) * JW_SECOND, &rule, 1, &s.hits);
    }
    JW_CHECK_INT(t, found, 1);
    JW_CHECK_INT(t, counts(&s).ahead, 1);
    stand_down(&s);
}

static void without_group_by_all_events_are_one_group(struct jw_test *t) {
    struct stand s =
        stand_up(t, HEAD("n", "event_count", "[a, b]") "  timespan: 10s\n  condition: {eq: 3}\n" BASES, 0);
    AT(100, "{\"a\":1,\"b\":1}", 0); /* one event, though two rules describe it */
    AT(101, "{\"a\":1}", 0);
    AT(102, "{\"b\":1}", 1);
    stand_down(&s);
}

static void distinct_values_are_counted_once(struct jw_test *t) {
    struct stand s = stand_up(t,
                              HEAD("n", "value_count", "[a]") "  group-by: [ip]\n  timespan: 10s\n"
                                                              "  condition: {gte: 3, field: user}\n" BASES,
                              0);
    AT(100, "{\"a\":1,\"ip\":\"x\",\"user\":\"u\"}", 0);
    AT(101, "{\"a\":1,\"ip\":\"x\",\"user\":\"v\"}", 0);
    AT(102, "{\"a\":1,\"ip\":\"x\",\"user\":\"u\"}", 0);
    AT(102, "{\"a\":1,\"ip\":\"x\"}", 0);
    AT(111, "{\"a\":1,\"ip\":\"x\",\"user\":\"w\"}", 1); /* u moved to 102, v is at 101 */
    JW_CHECK_INT(t, (int)s.hits[0].measure, 3);
    JW_CHECK_INT(t, s.hits[0].count, 3);
    JW_CHECK_INT(t, counts(&s).unfit, 1);
    stand_down(&s);
}

static void several_fields_are_counted_in_combination(struct jw_test *t) {
    struct stand s = stand_up(
        t, HEAD("n", "value_count", "[a]") "  timespan: 10s\n  condition: {gte: 3, field: [x, y]}\n" BASES, 0);
    AT(100, "{\"a\":1,\"x\":1,\"y\":1}", 0);
    AT(100, "{\"a\":1,\"x\":1,\"y\":2}", 0);
    AT(100, "{\"a\":1,\"x\":1,\"y\":1}", 0);
    AT(100, "{\"a\":1,\"x\":2,\"y\":1}", 1);
    stand_down(&s);
}

static void sums_and_averages_take_numbers(struct jw_test *t) {
    struct stand s =
        stand_up(t,
                 HEAD("n", "value_sum",
                      "[a]") "  timespan: 10s\n  condition: {gt: 10.5, field: v}\n"
                             "---\n" HEAD("m", "value_avg",
                                          "[b]") "  timespan: 10s\n  condition: {lt: -1, field: v}\n" BASES,
                 0);
    AT(100, "{\"a\":1,\"v\":\"10.25\"}", 0);
    AT(101, "{\"a\":1,\"v\":\"much\"}", 0);
    AT(102, "{\"a\":1,\"v\":0.25}", 0);
    AT(103, "{\"a\":1,\"v\":1e-2}", 1);
    JW_CHECK(t, s.hits[0].measure > 10.5 && s.hits[0].measure < 10.52);
    AT(100, "{\"b\":1,\"v\":4}", 0);
    AT(101, "{\"b\":1,\"v\":-5}", 0);
    AT(102, "{\"b\":1,\"v\":-5}", 1);
    JW_CHECK_INT(t, counts(&s).unfit, 1);
    stand_down(&s);
}

static void a_percentile_is_the_value_most_do_not_exceed(struct jw_test *t) {
    struct stand s =
        stand_up(t,
                 HEAD("n", "value_percentile", "[a]") "  timespan: 10s\n"
                                                      "  condition: {gte: 50, field: v, percentile: 75}\n" BASES,
                 0);
    AT(100, "{\"a\":1,\"v\":10}", 0);
    AT(100, "{\"a\":1,\"v\":10}", 0);
    AT(100, "{\"a\":1,\"v\":90}", 1); /* the third of three is the first that 75 % do not exceed */
    JW_CHECK_INT(t, (int)s.hits[0].measure, 90);
    stand_down(&s);
}

/* The example of the specification: a process that is rare on its computer. */
static void without_percentile_the_share_of_the_value_is_compared(struct jw_test *t) {
    struct stand s = stand_up(
        t, HEAD("n", "value_percentile", "[a]") "  timespan: 24h\n  condition: {field: image, lte: 25}\n" BASES, 0);
    for (int i = 0; i < 3; i++)
        AT(100 + i, "{\"a\":1,\"image\":\"often\"}", 0);
    AT(110, "{\"a\":1,\"image\":\"rare\"}", 1);
    JW_CHECK_INT(t, (int)s.hits[0].measure, 25);
    stand_down(&s);
}

static void temporal_wants_every_rule_in_any_order(struct jw_test *t) {
    struct stand s = stand_up(t, HEAD("n", "temporal", "[a, b, c]") "  group-by: [ip]\n  timespan: 10s\n" BASES, 0);
    AT(100, "{\"c\":1,\"ip\":1}", 0);
    AT(101, "{\"a\":1,\"ip\":1}", 0);
    AT(101, "{\"a\":1,\"ip\":1}", 0);
    AT(102, "{\"b\":1,\"ip\":2}", 0);
    AT(103, "{\"b\":1,\"ip\":1}", 1);
    JW_CHECK_INT(t, s.hits[0].rule_count, 3);
    AT(200, "{\"a\":1,\"b\":1,\"c\":1,\"ip\":3}", 1); /* one event may be all of them */
    stand_down(&s);
}

static void temporal_ordered_wants_them_in_their_order(struct jw_test *t) {
    struct stand s = stand_up(t, HEAD("n", "temporal_ordered", "[a, b, c]") "  timespan: 10s\n" BASES, 0);
    AT(100, "{\"c\":1}", 0);
    AT(101, "{\"b\":1}", 0);
    AT(102, "{\"a\":1}", 0);
    AT(104, "{\"c\":1}", 0);
    AT(103, "{\"b\":1}", 1); /* late, and now the order is there */
    AT(200, "{\"c\":1}", 0);
    AT(200, "{\"b\":1}", 0);
    AT(200, "{\"a\":1}", 1); /* within one second no order is known */
    stand_down(&s);
}

static void a_temporal_condition_may_be_a_sentence(struct jw_test *t) {
    struct stand s = stand_up(
        t, HEAD("n", "temporal", "[a, b, c]") "  timespan: 10s\n  condition: (a or b) and not c\n" BASES, 0);
    AT(100, "{\"c\":1}", 0);
    AT(105, "{\"a\":1}", 0);
    AT(111, "{\"b\":1}", 1);
    stand_down(&s);
}

static void bounds_hold_together(struct jw_test *t) {
    struct stand s = stand_up(t,
                              HEAD("n", "event_count", "[a]") "  timespan: 10s\n"
                                                              "  condition: {gt: 1, lte: 3, neq: 2}\n" BASES,
                              0);
    AT(100, "{\"a\":1}", 0);
    AT(100, "{\"a\":1}", 0);
    AT(100, "{\"a\":1}", 1);
    AT(109, "{\"a\":1}", 0);
    AT(110, "{\"a\":1}", 0); /* five: too many */
    stand_down(&s);
}

static void aliases_bring_different_fields_together(struct jw_test *t) {
    struct stand s = stand_up(t,
                              HEAD("n", "temporal", "[a, b]") "  group-by: [inside]\n  timespan: 10s\n"
                                                              "  aliases: {inside: {a: src, id-b: dst}}\n" BASES,
                              0);
    AT(100, "{\"a\":1,\"src\":\"x\",\"dst\":\"y\"}", 0);
    AT(101, "{\"b\":1,\"src\":\"x\",\"dst\":\"y\"}", 0);
    AT(102, "{\"b\":1,\"src\":\"y\",\"dst\":\"x\"}", 1);
    JW_CHECK_TEXT(t, s.hits[0].group, JW_TEXT("inside=x"));
    stand_down(&s);
}

static void a_correlation_may_watch_correlations(struct jw_test *t) {
    struct stand s = stand_up(
        t,
        HEAD("top", "temporal_ordered", "[many, b]") "  group-by: [user]\n  timespan: 1m\n"
                                                     "---\n" HEAD("many", "event_count",
                                                                  "[a]") "  group-by: [host]\n  timespan: 10s\n"
                                                                         "  condition: {gte: 2}\n" BASES,
        0);
    AT(100, "{\"b\":1,\"host\":\"h\",\"user\":\"u\"}", 0);
    AT(101, "{\"a\":1,\"host\":\"h\",\"user\":\"u\"}", 0);
    AT(102, "{\"a\":1,\"host\":\"h\",\"user\":\"u\"}", 0); /* `many`, which only serves `top` */
    AT(103, "{\"b\":1,\"host\":\"h\",\"user\":\"v\"}", 0);
    AT(104, "{\"b\":1,\"host\":\"g\",\"user\":\"u\"}", 1);
    JW_CHECK_TEXT(t, jw_sigma_rule_info(s.hits[0].rule)->id, JW_TEXT("top"));
    JW_CHECK_INT(t, s.hits[0].number_count, 3); /* b, the second a, and b again */
    stand_down(&s);
}

static bool alerts(const struct stand *s, const char *id) {
    return jw_sigma_rule_alerts(jw_sigma_rule_find(s->bench.sigma, jw_text_from(id)));
}

static void watched_rules_are_silent_unless_generate_says_so(struct jw_test *t) {
    struct stand s =
        stand_up(t,
                 HEAD("n", "event_count", "[a]") "  timespan: 1m\n  condition: {gte: 2}\n"
                                                 "---\n" HEAD("m", "event_count",
                                                              "[b]") "  timespan: 1m\n  condition: {gte: 2}\n"
                                                                     "generate: true\n" BASES,
                 0);
    JW_CHECK(t, !alerts(&s, "id-a") && alerts(&s, "id-b") && alerts(&s, "id-c"));
    JW_CHECK(t, alerts(&s, "n") && alerts(&s, "m"));
    stand_down(&s);
}

static void an_alert_names_its_evidence(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer reason = JW_BUFFER(4096);
    struct stand s = stand_up(t,
                              HEAD("n", "value_count", "[a, b]") "  group-by: [ip]\n  timespan: 10m\n"
                                                                 "  condition: {gte: 3, field: user}\n" BASES,
                              0);
    AT(100, "{\"a\":1,\"ip\":\"x\",\"user\":\"u\"}", 0);
    AT(101, "{\"b\":1,\"ip\":\"x\",\"user\":\"v\"}", 0);
    for (int i = 0; i < 50; i++)
        AT(102, "{\"a\":1,\"ip\":\"x\",\"user\":\"u\"}", 0);
    AT(103, "{\"a\":1,\"ip\":\"x\",\"user\":\"w\"}", 1);
    const struct jw_correlation_hit *hit = &s.hits[0];
    JW_CHECK_INT(t, hit->count, 53);
    JW_CHECK_INT(t, hit->number_count, JW_CORRELATION_EVENTS);
    JW_CHECK_INT(t, hit->numbers[0], 2); /* the only one of v is among the twenty */
    JW_CHECK_INT(t, hit->numbers[JW_CORRELATION_EVENTS - 1], 53);
    JW_CHECK_INT(t, hit->rule_count, 2);
    JW_CHECK_INT(t, hit->first / JW_SECOND, 100);
    JW_CHECK_INT(t, hit->last / JW_SECOND, 103);
    jw_correlation_reason(hit, &reason);
    JW_CHECK_TEXT(t, jw_buffer_text(&reason), JW_TEXT("3 values of user (gte 3) in 53 events within 10m: ip=x"));
    stand_down(&s);
}

static void groups_are_bounded_and_evictions_counted(struct jw_test *t) {
    char event[64];
    struct stand s = stand_up(
        t, HEAD("n", "event_count", "[a]") "  group-by: [ip]\n  timespan: 10s\n  condition: {gte: 3}\n" BASES, 100);
    for (int i = 0; i < 1000; i++) {
        snprintf(event, sizeof event, "{\"a\":1,\"ip\":\"%d\"}", i);
        AT(100 + i / 100, event, 0);
    }
    JW_CHECK_INT(t, counts(&s).groups, 100);
    JW_CHECK_INT(t, counts(&s).evictions, 900);
    AT(120, "{\"a\":1,\"ip\":\"999\"}", 0);
    AT(120, "{\"a\":1,\"ip\":\"999\"}", 0); /* the last is still there, its window is not */
    AT(120, "{\"a\":1,\"ip\":\"999\"}", 1);
    stand_down(&s);
}

/* A flood into one group: memory stays, counts and sums stay right, the one needle of a value stays. */
static void a_flooded_group_is_condensed_and_still_right(struct jw_test *t) {
    struct stand s = stand_up(
        t,
        HEAD("n", "event_count",
             "[a]") "  timespan: 1h\n  condition: {gte: 20000}\n"
                    "---\n" HEAD("m", "value_sum",
                                 "[a]") "  timespan: 1h\n  condition: {gte: 20000, field: v}\n"
                                        "---\n" HEAD("d", "value_count",
                                                     "[a]") "  timespan: 1h\n  condition: {gte: 3, field: w}\n"
                                                            "---\n" HEAD("o", "temporal_ordered",
                                                                         "[b, a, c]") "  timespan: 1h\n" BASES,
        0);
    size_t least = 0;
    AT(99, "{\"b\":1}", 0);
    AT(100, "{\"a\":1,\"v\":1,\"w\":\"needle\"}", 0);
    for (int i = 1; i < 19999; i++) {
        JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
        struct jw_arena *kept = t->mem;
        t->mem = mem;
        AT(100 + i / 10, "{\"a\":1,\"v\":1,\"w\":\"hay\"}", 0);
        t->mem = kept;
        if (i == 10000)
            least = counts(&s).bytes;
    }
    JW_CHECK(t, counts(&s).condensed > 0);
    JW_CHECK(t, counts(&s).bytes <= least * 2 && counts(&s).bytes < (4 << 20));
    AT(2100, "{\"a\":1,\"v\":1,\"w\":\"third\"}", 3); /* n and m reach 20000, d finds needle, hay and third */
    AT(2101, "{\"c\":1}", 1);
    stand_down(&s);
}

static const char *refusal(struct jw_test *t, struct bench *b, const char *correlation) {
    char text[4096];
    snprintf(text, sizeof text, "%s" BASES, correlation);
    *b = load_text(t, text);
    jw_sigma_free(b->sigma);
    return b->reason;
}

static void what_cannot_be_correlated_is_refused(struct jw_test *t) {
    struct bench b;
#define REFUSED(correlation, why) JW_CHECK(t, strstr(refusal(t, &b, correlation), why))
    REFUSED(HEAD("n", "event_count", "[zz]") "  timespan: 1m\n  condition: {gte: 1}\n",
            "no rule is loaded that is called 'zz'");
    REFUSED(HEAD("n", "event_count", "[n]") "  timespan: 1m\n  condition: {gte: 1}\n", "watch itself");
    REFUSED(HEAD("n", "event_count", "[m]") "  timespan: 1m\n  condition: {gte: 1}\n---\n" HEAD(
                "m", "event_count", "[n]") "  timespan: 1m\n  condition: {gte: 1}\n",
            "left out: 'm'");
    REFUSED(HEAD("n", "event_count", "[a]") "  timespan: 1m\n  condition: {lt: 5}\n", "give a lower bound");
    REFUSED(HEAD("n", "event_count", "[a]") "  timespan: 1m\n  condition: {gte: 5, lt: 5}\n", "never be true");
    REFUSED(HEAD("n", "temporal", "[a, b]") "  timespan: 1m\n  condition: {gte: 3}\n", "never be true");
    REFUSED(HEAD("n", "event_count", "[a]") "  timespan: 1m\n  condition: {gte: 100001}\n",
            "counts from 0 to 100000");
    REFUSED(HEAD("n", "event_count", "[a]") "  timespan: 5x\n  condition: {gte: 1}\n", "wants a timespan");
    REFUSED(HEAD("n", "value_count", "[a]") "  timespan: 1m\n  condition: {gte: 1}\n", "want condition.field");
    REFUSED(HEAD("n", "value_sum", "[a]") "  timespan: 1m\n  condition: {gte: x, field: f}\n",
            "a bound is a number");
    REFUSED(HEAD("n", "value_median", "[a]") "  timespan: 1m\n  condition: {gte: 1}\n",
            "unknown type 'value_median'");
    REFUSED(HEAD("n", "temporal", "[a, b]") "  timespan: 1m\n  condition: a and c\n", "no detection is called 'c'");
    REFUSED(HEAD("n", "temporal", "[a, a]") "  timespan: 1m\n", "watches twice: 'a'");
    REFUSED(HEAD("n", "temporal", "[a]") "  timespan: 1m\n  aliases: {x: {b: y}}\n", "not watched: 'b'");
    REFUSED(HEAD("n", "temporal", "[a]") "  timespan: 1m\n  window: tumbling\n", "unknown attribute 'window'");
}

/* --- state
 * -------------------------------------------------------------------------------------------------------- */
#define COUNTING(id, rule, least)                                           \
    HEAD(id, "event_count", "[" rule "]")                                   \
    "  group-by: [ip]\n  timespan: 10s\n  condition: {gte: " least "}\n---" \
    "\n"
#define X "{\"a\":1,\"b\":1,\"ip\":\"x\"}"

static struct jw_correlator_restored restore(struct stand *s, const jw_buffer *state) {
    struct jw_correlator_restored restored = {0};
    JW_CHECK_OK(s->t, jw_correlator_restore(s->correlator, jw_buffer_text(state), &restored, &s->t->err));
    return restored;
}

static void other_rules_find_what_they_share_with_the_old(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(1 << 20);
    struct stand s =
        stand_up(t,
                 COUNTING("n", "a", "3") COUNTING("gone", "b", "3") "title: z\nlogsource: {}\n"
                                                                    "detection: {a: {z: 1}, condition: a}\n" BASES,
                 0);
    AT(100, X, 0);
    AT(101, X, 0);
    JW_CHECK_OK(t, jw_correlator_save(s.correlator, 1, 2, &state, &t->err));
    stand_down(&s);
    s = stand_up(t,
                 COUNTING("new", "b", "3") COUNTING("n", "a", "4") "title: z\nlogsource: {}\n"
                                                                   "detection: {a: {z: 1}, condition: a}\n" BASES,
                 0);
    struct jw_correlator_restored restored = restore(&s, &state);
    JW_CHECK_INT(t, restored.found, 1);
    JW_CHECK_INT(t, restored.missing, 1);
    JW_CHECK_INT(t, restored.groups, 1);
    jw_correlator_catch_up(s.correlator, true); /* the new one is shown what the other knows */
    AT(100, X, 0);
    AT(101, X, 0);
    jw_correlator_catch_up(s.correlator, false);
    AT(102, X, 1); /* `new` has three; `n` has a new threshold, and three as well */
    AT(103, X, 1); /* now `n` */
    stand_down(&s);
}

static void a_damaged_state_is_refused_whole(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(1 << 20);
    struct stand s = stand_up(t,
                              COUNTING("n", "a", "3") "title: z\nlogsource: {}\n"
                                                      "detection: {a: {z: 1}, condition: a}\n" BASES,
                              0);
    struct jw_correlator_restored restored;
    AT(100, X, 0);
    AT(101, X, 0);
    JW_CHECK_OK(t, jw_correlator_save(s.correlator, 1, 2, &state, &t->err));
    jw_correlator_free(s.correlator);
    for (size_t i = 0; i < state.len; i++) {
        s.correlator = jw_correlator_new(s.bench.sigma, 0);
        jw_text part = {state.ptr, i};
        JW_CHECK_INT(t, jw_correlator_restore(s.correlator, part, &restored, NULL), JW_E_SYNTAX);
        state.ptr[i] ^= 0x10;
        JW_CHECK_INT(t, jw_correlator_restore(s.correlator, jw_buffer_text(&state), &restored, NULL), JW_E_SYNTAX);
        state.ptr[i] ^= 0x10;
        JW_CHECK_INT(t, counts(&s).groups, 0);
        jw_correlator_free(s.correlator);
    }
    s.correlator = jw_correlator_new(s.bench.sigma, 0);
    JW_CHECK_INT(t, restore(&s, &state).groups, 1);
    AT(102, X, 1);
    stand_down(&s);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(events_are_counted_per_group_and_window),
        JW_CASE(a_clock_far_ahead_does_not_blind_a_group),
        JW_CASE(without_group_by_all_events_are_one_group),
        JW_CASE(distinct_values_are_counted_once),
        JW_CASE(several_fields_are_counted_in_combination),
        JW_CASE(sums_and_averages_take_numbers),
        JW_CASE(a_percentile_is_the_value_most_do_not_exceed),
        JW_CASE(without_percentile_the_share_of_the_value_is_compared),
        JW_CASE(temporal_wants_every_rule_in_any_order),
        JW_CASE(temporal_ordered_wants_them_in_their_order),
        JW_CASE(a_temporal_condition_may_be_a_sentence),
        JW_CASE(bounds_hold_together),
        JW_CASE(aliases_bring_different_fields_together),
        JW_CASE(a_correlation_may_watch_correlations),
        JW_CASE(watched_rules_are_silent_unless_generate_says_so),
        JW_CASE(an_alert_names_its_evidence),
        JW_CASE(groups_are_bounded_and_evictions_counted),
        JW_CASE(a_flooded_group_is_condensed_and_still_right),
        JW_CASE(what_cannot_be_correlated_is_refused),
        JW_CASE(other_rules_find_what_they_share_with_the_old),
        JW_CASE(a_damaged_state_is_refused_whole),
        {0},
    });
}
