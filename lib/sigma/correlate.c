/* lib/sigma/correlate.c — counting matches per group over a window of event time.
 *
 * A group keeps only what can still matter: as many of the newest events (or distinct values) as the condition can
 * ask about. A correlation becomes true when an event brings the window's count into its range; while it stays true
 * it speaks again only when a whole timespan has passed since it last did, so that an attack is one alert and not
 * thousands. Late events take part as long as they lie in the window of the newest one. */
#include "set.h"

#include <stdlib.h>

#define KEPT_MOST  100001u             /* of one group: what a condition may count, and one more */
#define GROUP_TEXT 512                 /* longer values of group-by are cut in what people see; the hash sees all */
#define BYTES_MOST ((size_t)256 << 20) /* of all groups together */

struct entry {
    int64_t time;
    uint64_t number, value; /* value: keyed hash, for value_count */
};

struct group {
    uint64_t key[2]; /* keyed hashes of rule and values: chosen by peers, so 128 bits of SipHash */
    uint32_t rule;
    uint32_t next;         /* of its chain, + 1 */
    uint32_t older, newer; /* by last touch, + 1 */
    uint32_t count, room;
    struct entry *entries; /* sorted by time */
    int64_t spoke;         /* when it last became an alert; JW_TIME_NONE: never */
};

struct watch {
    uint32_t correlation; /* number of the rule */
    uint32_t next;        /* + 1 */
};

struct jw_correlator {
    const struct jw_sigma *set;
    struct group *groups;
    uint32_t *table, mask, used, most, free_list, newest, oldest;
    uint32_t *watched; /* by rule: first watch + 1 */
    struct watch *watches;
    uint64_t evictions;
    size_t bytes; /* of entries */
    struct jw_correlation_hit *hits;
    size_t hit_count;
    char (*texts)[GROUP_TEXT];
};

void jw_correlator_free(struct jw_correlator *c) {
    if (!c)
        return;
    for (uint32_t i = 0; c->groups && i < c->most; i++)
        free(c->groups[i].entries);
    free(c->groups);
    free(c->table);
    free(c->watched);
    free(c->watches);
    free(c->hits);
    free(c->texts);
    free(c);
}

static const struct jw_sigma_rule *called(const struct jw_sigma *set, jw_text name) {
    for (uint32_t i = 0; i < set->rule_count; i++)
        if (jw_text_is(set->rules[i]->info.id, name) || jw_text_is(set->rules[i]->name, name))
            return set->rules[i];
    return NULL;
}

static bool watch_rules(struct jw_correlator *c) {
    const struct jw_sigma *set = c->set;
    uint32_t count = 0, pairs = 0;
    for (uint32_t i = 0; i < set->rule_count; i++)
        pairs += set->rules[i]->correlation.rule_count;
    c->watched = calloc(set->rule_count + 1, sizeof *c->watched);
    c->watches = calloc(pairs + 1, sizeof *c->watches);
    for (uint32_t i = 0; c->watched && c->watches && i < set->rule_count; i++)
        for (uint32_t r = 0; r < set->rules[i]->correlation.rule_count; r++) {
            const struct jw_sigma_rule *rule = called(set, set->rules[i]->correlation.rules[r]);
            if (!rule)
                continue;
            c->watches[count] = (struct watch){i, c->watched[rule->number]};
            c->watched[rule->number] = ++count;
        }
    return c->watched && c->watches;
}

struct jw_correlator *jw_correlator_new(const struct jw_sigma *set, uint32_t groups) {
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->set = set;
    c->most = groups ? groups : JW_CORRELATOR_GROUPS;
    uint32_t slots = 64;
    while (slots < c->most * 2)
        slots *= 2;
    c->mask = slots - 1;
    c->groups = calloc(c->most, sizeof *c->groups);
    c->table = calloc(slots, sizeof *c->table);
    c->hits = calloc(set->correlation_count + 1, sizeof *c->hits);
    c->texts = calloc(set->correlation_count + 1, sizeof *c->texts);
    if (!c->groups || !c->table || !c->hits || !c->texts || !watch_rules(c))
        return NULL;
    struct jw_correlator *done = c;
    c = NULL;
    return done;
}

/* --- groups in a chained table, and in a list by last touch ------------------------------------------------------
 */
static void unlist(struct jw_correlator *c, struct group *g) {
    if (g->older)
        c->groups[g->older - 1].newer = g->newer;
    else
        c->oldest = g->newer;
    if (g->newer)
        c->groups[g->newer - 1].older = g->older;
    else
        c->newest = g->older;
}

static void list_newest(struct jw_correlator *c, struct group *g) {
    uint32_t at = (uint32_t)(g - c->groups) + 1;
    g->older = c->newest;
    g->newer = 0;
    if (c->newest)
        c->groups[c->newest - 1].newer = at;
    else
        c->oldest = at;
    c->newest = at;
}

static void drop(struct jw_correlator *c, struct group *g) {
    uint32_t at = (uint32_t)(g - c->groups) + 1;
    uint32_t *link = &c->table[g->key[0] & c->mask];
    while (*link != at)
        link = &c->groups[*link - 1].next;
    *link = g->next;
    unlist(c, g);
    free(g->entries);
    c->bytes -= g->room * sizeof *g->entries;
    *g = (struct group){.next = c->free_list};
    c->free_list = at;
}

static struct group *find_group(struct jw_correlator *c, uint32_t rule, const uint64_t key[2]) {
    for (uint32_t i = c->table[key[0] & c->mask]; i; i = c->groups[i - 1].next) {
        struct group *g = &c->groups[i - 1];
        if (g->key[0] == key[0] && g->key[1] == key[1] && g->rule == rule) {
            unlist(c, g);
            list_newest(c, g);
            return g;
        }
    }
    while ((c->used == c->most && !c->free_list) || (c->bytes > BYTES_MOST && c->oldest)) {
        c->evictions++;
        drop(c, &c->groups[c->oldest - 1]);
    }
    uint32_t at = c->free_list ? c->free_list : ++c->used;
    struct group *g = &c->groups[at - 1];
    if (c->free_list)
        c->free_list = g->next;
    *g = (struct group){
        .key = {key[0], key[1]}, .rule = rule, .next = c->table[key[0] & c->mask], .spoke = JW_TIME_NONE};
    c->table[key[0] & c->mask] = at;
    list_newest(c, g);
    return g;
}

/* --- windows
 * ------------------------------------------------------------------------------------------------------ */
static bool make_room(struct jw_correlator *c, struct group *g, uint32_t most) {
    uint32_t room = g->room ? g->room * 2 : 4;
    if (room > most)
        room = most;
    struct entry *grown = realloc(g->entries, room * sizeof *grown);
    if (!grown)
        return false;
    c->bytes += (room - g->room) * sizeof *grown;
    g->entries = grown;
    g->room = room;
    return true;
}

static void remove_first(struct group *g, uint32_t n) {
    memmove(g->entries, g->entries + n, (g->count - n) * sizeof *g->entries);
    g->count -= n;
}

/* Puts the entry in its place; forgets what left the window, and the oldest when there is more than can matter. */
static bool insert(struct jw_correlator *c, struct group *g, const struct jw_sigma_correlation *rule,
                   struct entry entry) {
    uint64_t wanted = (rule->most == UINT64_MAX ? rule->least : rule->most) + 1; /* one more tells "too many" */
    uint32_t most = wanted < JW_CORRELATION_EVENTS ? JW_CORRELATION_EVENTS
                    : wanted < KEPT_MOST           ? (uint32_t)wanted
                                                   : KEPT_MOST;
    int64_t newest =
        g->count && g->entries[g->count - 1].time > entry.time ? g->entries[g->count - 1].time : entry.time;
    uint32_t gone = 0;
    while (gone < g->count && newest - g->entries[gone].time > rule->span_ns)
        gone++;
    if (gone)
        remove_first(g, gone);
    if (newest - entry.time > rule->span_ns)
        return false; /* too late for the window */
    if (rule->kind == JW_CORRELATE_VALUES)
        for (uint32_t i = 0; i < g->count; i++)
            if (g->entries[i].value == entry.value) {
                if (g->entries[i].time >= entry.time)
                    return true; /* this value is in the window already, and longer */
                memmove(g->entries + i, g->entries + i + 1, (g->count - i - 1) * sizeof entry);
                g->count--;
                break;
            }
    if (g->count == most)
        remove_first(g, 1);
    if (g->count == g->room && !make_room(c, g, most))
        return false;
    uint32_t at = g->count++;
    for (; at && g->entries[at - 1].time > entry.time; at--)
        g->entries[at] = g->entries[at - 1];
    g->entries[at] = entry;
    return true;
}

static bool fires(struct group *g, const struct jw_sigma_correlation *rule) {
    int64_t newest = g->entries[g->count - 1].time;
    if (g->count < rule->least || g->count > rule->most)
        return false;
    if (g->spoke != JW_TIME_NONE && newest - g->spoke < rule->span_ns)
        return false;
    g->spoke = newest;
    return true;
}

static void tell(struct jw_correlator *c, const struct group *g, const struct jw_sigma_rule *rule) {
    uint32_t shown = g->count < JW_CORRELATION_EVENTS ? g->count : JW_CORRELATION_EVENTS;
    struct jw_correlation_hit *hit = &c->hits[c->hit_count];
    *hit = (struct jw_correlation_hit){.rule = rule,
                                       .count = g->count,
                                       .first = g->entries[0].time,
                                       .last = g->entries[g->count - 1].time,
                                       .number_count = shown,
                                       .group = {c->texts[c->hit_count], strlen(c->texts[c->hit_count])}};
    for (uint32_t i = 0; i < shown; i++)
        hit->numbers[i] = g->entries[g->count - shown + i].number;
    c->hit_count++;
}

/* A rule-side name is looked up under the names that the mappings give it for the watched rule. */
static const jw_field *find_value(const struct jw_correlator *c, const struct jw_record *rec, jw_text name,
                                  const struct jw_sigma_rule *watched) {
    const struct jw_sigma *set = c->set;
    const jw_field *field = jw_record_find(rec, name);
    for (const struct jw_mapping_entry *e = field ? NULL : set->mapping.entries; e && !field; e = e->next) {
        if (!jw_logsource_covers(&watched->logsource, &e->source))
            continue;
        const struct jw_mapping_field *lists[] = {e->fields, e->shared};
        for (int l = 0; l < 2 && !field; l++)
            for (const struct jw_mapping_field *f = lists[l]; f && !field; f = f->next)
                for (uint32_t n = 0; jw_text_is(f->name, name) && n < f->count && !field; n++)
                    field = jw_record_find(rec, f->names[n]);
        if (!field && name.len < 200) { /* Windows: every other name stands under event_data */
            char path[256];
            int len = snprintf(path, sizeof path, "winlog.event_data." JW_FMT, JW_ARG(name));
            field = jw_record_find(rec, (jw_text){path, (size_t)len});
        }
    }
    return field && field->kind != JW_KIND_NULL ? field : NULL;
}

static uint64_t mix(uint64_t hash, jw_text value, uint64_t salt) {
    return (hash ^ jw_hash(value) ^ salt) * UINT64_C(0x9E3779B97F4A7C15) + (hash >> 29);
}

/* False when a group-by field is missing: then the event belongs to no group. */
static bool group_key(struct jw_correlator *c, const struct jw_record *rec, const struct jw_sigma_rule *rule,
                      const struct jw_sigma_rule *watched, uint64_t key[2]) {
    char *text = c->texts[c->hit_count];
    size_t len = 0;
    text[0] = '\0';
    key[0] = rule->number * UINT64_C(0xD6E8FEB86659FD93);
    key[1] = ~key[0];
    for (uint32_t i = 0; i < rule->correlation.group_count; i++) {
        jw_text name = rule->correlation.group_by[i];
        const jw_field *field = find_value(c, rec, name, watched);
        if (!field)
            return false;
        key[0] = mix(key[0], field->value, i);
        key[1] = mix(key[1], field->value, key[0]);
        int more = snprintf(text + len, GROUP_TEXT - len, "%s" JW_FMT "=" JW_FMT, i ? ", " : "", JW_ARG(name),
                            JW_ARG(field->value));
        len = len + (size_t)more < GROUP_TEXT ? len + (size_t)more : GROUP_TEXT - 1;
    }
    return true;
}

size_t jw_correlator_take(struct jw_correlator *c, const struct jw_record *rec, uint64_t number, int64_t now,
                          const struct jw_sigma_rule *const *rules, size_t count,
                          const struct jw_correlation_hit **out_hits) {
    c->hit_count = 0;
    *out_hits = c->hits;
    for (size_t i = 0; i < count; i++)
        for (uint32_t w = c->watched[rules[i]->number]; w; w = c->watches[w - 1].next) {
            const struct jw_sigma_rule *rule = c->set->rules[c->watches[w - 1].correlation];
            struct entry entry = {.time = rec->has_time ? rec->time : now, .number = number};
            uint64_t key[2];
            bool told = false;
            for (size_t h = 0; h < c->hit_count; h++)
                told |= c->hits[h].rule == rule;
            if (told || !group_key(c, rec, rule, rules[i], key))
                continue;
            if (rule->correlation.kind == JW_CORRELATE_VALUES) {
                const jw_field *field = find_value(c, rec, rule->correlation.field, rules[i]);
                if (!field)
                    continue;
                entry.value = jw_hash(field->value);
            }
            struct group *g = find_group(c, rule->number, key);
            if (insert(c, g, &rule->correlation, entry) && fires(g, &rule->correlation))
                tell(c, g, rule);
        }
    return c->hit_count;
}

uint64_t jw_correlator_evictions(const struct jw_correlator *c) { return c->evictions; }

uint32_t jw_correlator_groups(const struct jw_correlator *c) {
    uint32_t unused = 0;
    for (uint32_t i = c->free_list; i; i = c->groups[i - 1].next)
        unused++;
    return c->used - unused;
}
