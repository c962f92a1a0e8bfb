/* daemons/detect/flood.c — the merged alerts, a list per rule. Each is kept as the bytes of its first alert. */
#include "flood.h"

#include <stdlib.h>

#include "record/codec.h"

#define ALERT_BYTES (16u << 10) /* of a merged alert; a longer one keeps what names its rule and unit */

struct merged {
    struct merged *next, *next_of_rule;
    struct jw_evidence evidence; /* the newest events; oldest first once turned */
    uint32_t newest;             /* place in evidence.numbers of the next one */
    bool others;                 /* of all entities beyond the first ones; `entity` is the unit */
    size_t entity, body;         /* lengths */
    char bytes[];
};

struct rule {
    bool touched;
    uint32_t told, entities;
    struct merged *merged;
};

struct jw_flood {
    struct rule *rules;
    uint32_t rule_count, each, count, *touched, touched_count;
    struct merged *first, **end;
    size_t bytes;
    struct jw_batch_writer *writer;
    struct jw_arena *mem; /* for one alert */
};

void jw_flood_free(struct jw_flood *flood) {
    if (!flood)
        return;
    if (flood->rules && flood->touched)
        jw_flood_reset(flood);
    jw_batch_writer_free(flood->writer);
    jw_arena_free(flood->mem);
    free(flood->touched);
    free(flood->rules);
    free(flood);
}

struct jw_flood *jw_flood_new(uint32_t rules, uint32_t each) {
    JW_AUTO(jw_flood_free_p) struct jw_flood *flood = calloc(1, sizeof *flood);
    if (!flood)
        return NULL;
    flood->rule_count = rules;
    flood->each = each;
    flood->end = &flood->first;
    flood->rules = calloc((size_t)rules + 1, sizeof *flood->rules);
    flood->touched = calloc((size_t)rules + 1, sizeof *flood->touched);
    flood->writer = jw_batch_writer_new(ALERT_BYTES);
    flood->mem = jw_arena_new(1u << 20);
    if (!flood->rules || !flood->touched || !flood->writer || !flood->mem)
        return NULL;
    struct jw_flood *done = flood;
    flood = NULL;
    return done;
}

static struct rule *rule_of(struct jw_flood *flood, uint32_t number) {
    struct rule *rule = &flood->rules[number];
    if (!rule->touched)
        flood->touched[flood->touched_count++] = number;
    rule->touched = true;
    return rule;
}

bool jw_flood_allows(struct jw_flood *flood, uint32_t number) {
    struct rule *rule = rule_of(flood, number);
    if (rule->told >= flood->each)
        return false;
    rule->told++;
    return true;
}

/* What stays true of alerts about different entities of one unit. */
static bool is_common(const jw_field *field) {
    static const jw_text prefixes[] = {JW_TEXT("rule."), JW_TEXT("threat.")};
    static const jw_field_id common[] = {JW_F_MESSAGE,        JW_F_EVENT_KIND,    JW_F_EVENT_SEVERITY,
                                         JW_F_EVENT_CATEGORY, JW_F_EVENT_DATASET, JW_F_EVENT_MODULE,
                                         JW_F_GOV_UNIT};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (jw_text_starts(field->name, prefixes[i]))
            return true;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (field->id == common[i])
            return true;
    return false;
}

static jw_text encode(struct jw_flood *flood, const struct jw_record *alert, bool others) {
    jw_arena_reset(flood->mem);
    struct jw_record common = {.mem = flood->mem, .time = alert->time, .has_time = alert->has_time};
    if (!others && jw_batch_writer_add(flood->writer, alert) == JW_OK)
        return jw_batch_writer_finish(flood->writer);
    for (uint32_t i = 0; i < alert->count; i++)
        if (is_common(&alert->fields[i]))
            jw_record_append(&common, alert->fields[i]);
    if (jw_record_check(&common, NULL) != JW_OK || jw_batch_writer_add(flood->writer, &common) != JW_OK)
        return (jw_text){0};
    return jw_batch_writer_finish(flood->writer);
}

static struct merged *find(struct rule *rule, jw_text entity, bool others) {
    struct merged *m = rule->merged;
    while (m && (m->others != others || !jw_text_is(entity, (jw_text){m->bytes, m->entity})))
        m = m->next_of_rule;
    return m;
}

static struct merged *begin(struct jw_flood *flood, struct rule *rule, const struct jw_record *alert,
                            jw_text entity, bool others) {
    jw_text body = encode(flood, alert, others);
    size_t size = sizeof(struct merged) + entity.len + body.len;
    struct merged *m = body.ptr ? calloc(1, size) : NULL;
    if (!m)
        return NULL;
    m->entity = entity.len;
    m->body = body.len;
    m->others = others;
    if (entity.len)
        memcpy(m->bytes, entity.ptr, entity.len);
    memcpy(m->bytes + entity.len, body.ptr, body.len);
    m->next_of_rule = rule->merged;
    rule->merged = m;
    rule->entities += !others;
    *flood->end = m;
    flood->end = &m->next;
    flood->bytes += size;
    flood->count++;
    return m;
}

static void count(struct merged *m, const struct jw_evidence *evidence) {
    struct jw_evidence *sum = &m->evidence;
    for (uint32_t i = 0; i < evidence->number_count; i++) {
        sum->numbers[m->newest] = evidence->numbers[i];
        m->newest = (m->newest + 1) % JW_EVIDENCE_EVENTS;
        sum->number_count += sum->number_count < JW_EVIDENCE_EVENTS;
    }
    if (!sum->merged || evidence->first < sum->first)
        sum->first = evidence->first;
    if (!sum->merged || evidence->last > sum->last)
        sum->last = evidence->last;
    sum->count += evidence->count;
    sum->merged++;
}

jw_status jw_flood_merge(struct jw_flood *flood, uint32_t number, const struct jw_record *alert, jw_text entity,
                         const struct jw_evidence *evidence) {
    struct rule *rule = rule_of(flood, number);
    jw_text unit = jw_record_text(alert, JW_F_GOV_UNIT);
    struct merged *m = find(rule, entity, false);
    bool others = !m && rule->entities >= JW_FLOOD_ENTITIES;
    if (others)
        m = find(rule, unit, true);
    if (!m)
        m = begin(flood, rule, alert, others ? unit : entity, others);
    if (!m)
        return JW_E_LIMIT;
    count(m, evidence);
    return JW_OK;
}

bool jw_flood_calm(const struct jw_flood *flood) { return !flood->touched_count; }
uint32_t jw_flood_merged(const struct jw_flood *flood) { return flood->count; }
bool jw_flood_full(const struct jw_flood *flood) {
    return flood->count >= JW_FLOOD_MOST || flood->bytes >= JW_FLOOD_BYTES;
}

/* The ring, oldest first. */
static struct jw_evidence turned(const struct merged *m) {
    struct jw_evidence out = m->evidence;
    uint32_t from = out.number_count < JW_EVIDENCE_EVENTS ? 0 : m->newest;
    for (uint32_t i = 0; i < out.number_count; i++)
        out.numbers[i] = m->evidence.numbers[(from + i) % JW_EVIDENCE_EVENTS];
    return out;
}

uint32_t jw_flood_give(const struct jw_flood *flood, uint32_t spool, struct jw_arena *mem, jw_flood_each each,
                       void *context) {
    uint32_t lost = 0;
    for (const struct merged *m = flood->first; m; m = m->next) {
        struct jw_batch_reader batch;
        struct jw_evidence evidence = turned(m);
        jw_arena_reset(mem);
        struct jw_record alert = {.mem = mem};
        jw_status st = jw_batch_reader_open(&batch, (jw_text){m->bytes + m->entity, m->body}, mem, NULL);
        if (st == JW_OK)
            st = jw_batch_reader_next(&batch, &alert, NULL);
        if (st == JW_OK)
            jw_alert_prove(&alert, spool, &evidence);
        if (st == JW_OK && jw_record_check(&alert, NULL) == JW_OK)
            each(context, &alert);
        else /* our own bytes: only without memory */
            lost++;
    }
    return lost;
}

void jw_flood_reset(struct jw_flood *flood) {
    for (struct merged *m = flood->first, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    for (uint32_t i = 0; i < flood->touched_count; i++)
        flood->rules[flood->touched[i]] = (struct rule){0};
    flood->first = NULL;
    flood->end = &flood->first;
    flood->touched_count = flood->count = 0;
    flood->bytes = 0;
}
