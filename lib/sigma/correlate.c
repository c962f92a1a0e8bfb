/* lib/sigma/correlate.c — which events belong to which group of which correlation, and what becomes of its answer.
 *
 * A correlation that becomes true is an alert, and an event of the correlations that watch it, at the time its
 * window ends. It speaks again only a whole timespan later, so that an attack is one alert and not thousands. */
#include "correlate.h"
#include "index_parts.h"

#include <math.h>
#include <stdlib.h>

#define NAMES_BYTES ((size_t)256 << 20)
#define VALUES_MOST 32 /* group-by and fields */
#define NUMBER_MOST 9e12
#define AHEAD_MOST \
    (uint64_t)(600 * JW_SECOND) /* clocks differ; hours are a wrong one, and would make all others late */

/* How an event reached a correlation: by which watch, and for a chain what fed the correlation below. */
struct path {
    const struct jw_watch *watch;
    const struct path *up;
};

struct taking {
    struct jw_correlator *c;
    const struct jw_record *rec;
    uint64_t number;
    int64_t now;
};

void jw_correlator_free(struct jw_correlator *c) {
    if (!c)
        return;
    if (c->groups)
        jw_groups_free(c);
    free(c->watched);
    free(c->watches);
    free(c->restored);
    free(c->hits);
    jw_tally_clear(&c->scratch.tally);
    jw_arena_free(c->mem);
    free(c);
}

/* --- who watches whom -------------------------------------------------------------------------------------------
 */
/* What the correlation calls `name` in events of this rule. */
static jw_text unalias(const struct jw_sigma_correlation *correlation, uint32_t rule, jw_text name) {
    const struct jw_sigma_rule *watched = correlation->watched[rule];
    for (uint32_t i = 0; i < correlation->alias_count; i++) {
        const struct jw_correlation_alias *alias = &correlation->aliases[i];
        if (jw_text_is(alias->alias, name) &&
            (jw_text_is(alias->rule, watched->name) || jw_text_is(alias->rule, watched->info.id)))
            return alias->field;
    }
    return name;
}

static bool find_names(struct jw_correlator *c, const struct jw_sigma_rule *watched, struct jw_place *place) {
    jw_text names[JW_CANDIDATES];
    if (watched->info.correlation)
        return true;
    uint32_t count = jw_mapping_names(&c->set->mapping, &watched->logsource, NULL, place->name, c->mem, names);
    place->names = jw_arena_alloc(c->mem, (count + 1) * sizeof *place->names);
    place->ids = jw_arena_alloc(c->mem, (count + 1) * sizeof *place->ids);
    if (!place->names || !place->ids)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        place->names[i] = names[i];
        place->ids[i] = jw_field_find(names[i]);
    }
    place->count = count;
    return true;
}

static bool watch(struct jw_correlator *c, struct jw_watch *out, const struct jw_sigma_rule *rule, uint32_t at) {
    const struct jw_sigma_correlation *correlation = &rule->correlation;
    uint32_t count = correlation->group_count + correlation->field_count;
    *out = (struct jw_watch){.correlation = rule->number, .rule = at};
    out->places = jw_arena_alloc(c->mem, (count + 1) * sizeof *out->places);
    if (!out->places)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        bool grouping = i < correlation->group_count;
        jw_text name = grouping ? correlation->group_by[i] : correlation->fields[i - correlation->group_count];
        out->places[i] = (struct jw_place){.name = unalias(correlation, at, name)};
        if (!find_names(c, correlation->watched[at], &out->places[i]))
            return false;
    }
    return true;
}

/* From the last to the first: then the chain of a rule's watches is in the order of the correlations. */
static bool watch_rules(struct jw_correlator *c) {
    const struct jw_sigma *set = c->set;
    uint32_t count = 0, pairs = 0;
    for (uint32_t i = 0; i < set->rule_count; i++)
        pairs += set->rules[i]->correlation.rule_count;
    c->watched = calloc(set->rule_count + 1, sizeof *c->watched);
    c->watches = calloc(pairs + 1, sizeof *c->watches);
    c->restored = calloc(set->rule_count + 1, sizeof *c->restored);
    if (!c->watched || !c->watches || !c->restored)
        return false;
    for (uint32_t i = set->rule_count; i-- > 0;)
        for (uint32_t r = set->rules[i]->correlation.rule_count; r-- > 0;) {
            uint32_t *first = &c->watched[set->rules[i]->correlation.watched[r]->number];
            if (!watch(c, &c->watches[count], set->rules[i], r))
                return false;
            c->watches[count].next = *first;
            *first = ++count;
        }
    return true;
}

struct jw_correlator *jw_correlator_new(const struct jw_sigma *set, uint32_t groups) {
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->set = set;
    jw_random(c->secret, sizeof c->secret);
    c->mem = jw_arena_new(NAMES_BYTES);
    if (!c->mem || !jw_groups_new(c, groups ? groups : JW_CORRELATOR_GROUPS) || !watch_rules(c))
        return NULL;
    struct jw_correlator *done = c;
    c = NULL;
    return done;
}

/* --- values of an event ------------------------------------------------------------------------------------------
 */
static const jw_field *find(const struct jw_record *rec, jw_text name, jw_field_id id) {
    const jw_field *field = id ? jw_record_find_id(rec, id) : jw_record_find(rec, name);
    return field && field->kind != JW_KIND_NULL ? field : NULL;
}

static const jw_field *value_of(const struct taking *t, const struct path *path, uint32_t at);

/* A name that a correlation uses for events of another one: what that one groups by, else a field of the event that
 * made it true. */
static const jw_field *value_below(const struct taking *t, const struct path *path, jw_text name) {
    const struct jw_sigma_correlation *below = &t->c->set->rules[path->watch->correlation]->correlation;
    for (uint32_t i = 0; i < below->group_count; i++)
        if (jw_text_is(below->group_by[i], name))
            return value_of(t, path, i);
    if (path->up)
        return value_below(t, path->up, name);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 16);
    jw_text names[JW_CANDIDATES];
    uint32_t count = mem ? jw_mapping_names(&t->c->set->mapping, &below->watched[path->watch->rule]->logsource,
                                            NULL, name, mem, names)
                         : 0;
    const jw_field *field = NULL;
    for (uint32_t i = 0; i < count && !field; i++)
        field = find(t->rec, names[i], jw_field_find(names[i]));
    return field;
}

static const jw_field *value_of(const struct taking *t, const struct path *path, uint32_t at) {
    const struct jw_place *place = &path->watch->places[at];
    if (path->up)
        return value_below(t, path->up, place->name);
    const jw_field *field = NULL;
    for (uint32_t i = 0; i < place->count && !field; i++)
        field = find(t->rec, place->names[i], place->ids[i]);
    return field;
}

/* Hashes of `count` values from `first` on; false when one is missing. */
static bool hash_values(const struct taking *t, const struct path *path, uint32_t first, uint32_t count,
                        uint64_t out[2]) {
    uint64_t parts[2 * VALUES_MOST];
    out[0] = out[1] = 0;
    for (uint32_t i = 0; i < count; i++) {
        const jw_field *field = value_of(t, path, first + i);
        if (!field)
            return false;
        parts[2 * i] = jw_hash_keyed(t->c->secret, field->value);
        parts[2 * i + 1] = jw_hash_keyed(t->c->secret + 2, field->value);
    }
    if (count == 1)
        out[0] = parts[0], out[1] = parts[1];
    if (count > 1) {
        const jw_text all = {(const char *)parts, count * 2 * sizeof *parts};
        out[0] = jw_hash_keyed(t->c->secret, all);
        out[1] = jw_hash_keyed(t->c->secret + 2, all);
    }
    return true;
}

/* What the correlation counts of this event; false when the event lacks it. */
static bool find_value(const struct taking *t, const struct path *path,
                       const struct jw_sigma_correlation *correlation, int64_t *out) {
    uint64_t hashes[2];
    double number;
    *out = path->watch->rule;
    if (!correlation->field_count)
        return true;
    if (correlation->kind == JW_CORRELATE_VALUES || correlation->kind == JW_CORRELATE_SHARE) {
        if (!hash_values(t, path, correlation->group_count, correlation->field_count, hashes))
            return false;
        *out = (int64_t)hashes[0];
        return true;
    }
    const jw_field *field = value_of(t, path, correlation->group_count);
    if (!field || !jw_sigma_number(field->value, &number) || fabs(number) > NUMBER_MOST)
        return false;
    *out = (int64_t)llround(number * JW_VALUE_UNIT);
    return true;
}

/* --- what is told
 * ------------------------------------------------------------------------------------------------- */
static void tell_group(const struct taking *t, const struct path *path, struct jw_correlation_hit *hit) {
    const struct jw_sigma_correlation *correlation = &hit->rule->correlation;
    size_t len = 0;
    for (uint32_t i = 0; i < correlation->group_count; i++) {
        const jw_field *field = value_of(t, path, i);
        jw_text name = correlation->group_by[i], value = field ? field->value : (jw_text){0};
        int more = snprintf(hit->text + len, JW_CORRELATION_TEXT - len, "%s" JW_FMT "=" JW_FMT, i ? ", " : "",
                            JW_ARG(name), JW_ARG(value));
        len = len + (size_t)more < JW_CORRELATION_TEXT ? len + (size_t)more : JW_CORRELATION_TEXT - 1;
    }
    hit->group.len = len;
}

static void tell_evidence(const struct jw_window *window, const struct jw_window_answer *answer,
                          struct jw_correlation_hit *hit) {
    const struct jw_sigma_correlation *correlation = &hit->rule->correlation;
    uint32_t places[JW_CORRELATION_EVENTS];
    uint64_t named = 0;
    uint32_t count = jw_window_evidence(window, correlation, answer, JW_CORRELATION_EVENTS, places);
    for (uint32_t i = 0; i < count; i++) {
        const struct jw_entry *entry = &window->entries[places[i]];
        bool known = false;
        for (uint32_t k = 0; k < hit->number_count; k++)
            known |= hit->numbers[k] == entry->number;
        if (!known)
            hit->numbers[hit->number_count++] = entry->number;
        if (!(named >> entry->rule & 1))
            hit->rules[hit->rule_count++] = correlation->watched[entry->rule];
        named |= UINT64_C(1) << entry->rule;
    }
}

static bool tell(const struct taking *t, const struct path *path, const struct jw_window *window,
                 const struct jw_window_answer *answer, const struct jw_sigma_rule *rule) {
    struct jw_correlator *c = t->c;
    if (c->hit_count == c->hit_room) {
        size_t room = c->hit_room ? c->hit_room * 2 : 16;
        struct jw_correlation_hit *grown = realloc(c->hits, room * sizeof *grown);
        if (!grown)
            return false;
        c->hits = grown;
        c->hit_room = room;
    }
    struct jw_correlation_hit *hit = &c->hits[c->hit_count++];
    memset(hit, 0, sizeof *hit);
    hit->rule = rule;
    hit->count = answer->events;
    hit->measure = answer->measure;
    hit->first = window->entries[answer->first].time;
    hit->last = answer->time;
    tell_group(t, path, hit);
    tell_evidence(window, answer, hit);
    return true;
}

/* --- taking
 * -------------------------------------------------------------------------------------------------------- */
static void feed(const struct taking *t, const struct jw_sigma_rule *rule, const struct path *up, int64_t time);

static void take(const struct taking *t, const struct path *path, int64_t time) {
    struct jw_correlator *c = t->c;
    const struct jw_sigma_rule *rule = c->set->rules[path->watch->correlation];
    const struct jw_sigma_correlation *correlation = &rule->correlation;
    struct jw_entry entry = {.time = time, .number = t->number, .events = 1, .rule = path->watch->rule};
    struct jw_window_answer answer;
    uint64_t key[2];
    if (!hash_values(t, path, 0, correlation->group_count, key) ||
        !find_value(t, path, correlation, &entry.value)) {
        c->counts.unfit++;
        return;
    }
    /* one event that several of the rules describe is one event; two correlations that it made true are two */
    bool once =
        !path->up && correlation->kind != JW_CORRELATE_TEMPORAL && correlation->kind != JW_CORRELATE_ORDERED;
    struct jw_group *group = jw_groups_find(c, rule->number, key, t->now);
    size_t bytes = jw_window_bytes(&group->window);
    jw_window_verdict verdict = jw_window_take(&group->window, correlation, &entry, once, &c->scratch, &answer);
    c->counts.bytes += jw_window_bytes(&group->window) - bytes;
    c->counts.taken += verdict == JW_WINDOW_SILENT || verdict == JW_WINDOW_SPEAKS;
    c->counts.late += verdict == JW_WINDOW_LATE;
    c->counts.condensed += answer.condensed;
    c->counts.no_memory += verdict == JW_WINDOW_MEMORY;
    if (verdict == JW_WINDOW_SPEAKS && jw_sigma_rule_alerts(rule))
        c->counts.no_memory += !tell(t, path, &group->window, &answer, rule);
    jw_groups_fit(c, t->now);
    if (verdict == JW_WINDOW_SPEAKS)
        feed(t, rule, path, answer.time);
}

static void feed(const struct taking *t, const struct jw_sigma_rule *rule, const struct path *up, int64_t time) {
    const struct jw_correlator *c = t->c;
    for (uint32_t w = c->watched[rule->number]; w; w = c->watches[w - 1].next) {
        const struct path path = {&c->watches[w - 1], up};
        if (!c->catching_up || !c->restored[path.watch->correlation])
            take(t, &path, time);
    }
}

size_t jw_correlator_take(struct jw_correlator *c, const struct jw_record *rec, uint64_t number, int64_t now,
                          const struct jw_sigma_rule *const *rules, size_t count,
                          const struct jw_correlation_hit **out_hits) {
    const struct taking t = {c, rec, number, now};
    int64_t time = rec->has_time ? rec->time : now;
    c->hit_count = 0;
    if (now && time > now && (uint64_t)time - (uint64_t)now > AHEAD_MOST) {
        time = now;
        c->counts.ahead += count > 0;
    }
    for (size_t i = 0; i < count; i++)
        feed(&t, rules[i], NULL, time);
    for (size_t i = 0; i < c->hit_count; i++) /* only now: they moved while there came more */
        c->hits[i].group.ptr = c->hits[i].text;
    *out_hits = c->hits;
    return c->hit_count;
}

void jw_correlator_counts(const struct jw_correlator *c, struct jw_correlator_counts *out) { *out = c->counts; }

void jw_correlator_catch_up(struct jw_correlator *c, bool on) { c->catching_up = on; }
