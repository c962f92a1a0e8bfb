/* lib/sigma/match_values.c — the values of an event: which columns they belong to, and what is true of them, out of
 * the memory of values or by a search. */
#include "match.h"

#include <stdlib.h>

#include "json/json.h"

#define AS_WRITTEN 0x80000000u /* of columns in the cache: the value is JSON's */
#define PROBES     64          /* values of one event that are looked up together */

static bool add_link(struct jw_sigma_worker *w, struct jw_place *place, uint32_t field) {
    if (w->link_count == w->link_room) {
        uint32_t links_room = w->link_room ? w->link_room * 2 : 256;
        struct jw_link *grown = realloc(w->links, links_room * sizeof *grown);
        if (!grown)
            return false;
        w->links = grown;
        w->link_room = links_room;
    }
    w->links[w->link_count++] = (struct jw_link){field, 0};
    if (place->first)
        w->links[place->last - 1].next = w->link_count;
    else
        place->first = w->link_count;
    place->last = w->link_count;
    return true;
}

static inline uint32_t name_of(struct jw_sigma_worker *w, const jw_field *field) {
    if (!field->key || !w->keys)
        return jw_sigma_name(w->set, field);
    uint32_t *number = &w->numbers[field->key];
    if (!*number)
        *number = 1 + jw_sigma_name(w->set, field);
    return *number - 1;
}

/* The first name of a column that the event has gives its values; every value of that name. */
void jw_match_gather(struct jw_sigma_worker *w) {
    const struct jw_sigma *set = w->set;
    if (w->keys != w->rec->keys) {
        memset(w->numbers, 0, JW_JSON_KEYS * sizeof *w->numbers);
        w->keys = w->rec->keys;
    }
    for (uint32_t i = 0; i < w->rec->count; i++) {
        uint32_t name = name_of(w, &w->rec->fields[i]);
        if (!name)
            continue;
        for (uint32_t p = set->name_places.start[name - 1]; p < set->name_places.start[name]; p++) {
            struct jw_place *place = &w->places[set->places[p].column];
            if (place->epoch != w->epoch) {
                *place = (struct jw_place){.epoch = w->epoch, .rank = set->places[p].rank};
                w->touched[w->touched_count++] = set->places[p].column;
            } else if (set->places[p].rank > place->rank) {
                continue;
            } else if (set->places[p].rank < place->rank) {
                *place = (struct jw_place){.epoch = w->epoch, .rank = set->places[p].rank};
            }
            if (!add_link(w, place, i))
                return;
            place->null |= w->rec->fields[i].kind == JW_KIND_NULL;
        }
    }
}

void jw_match_sign(jw_buffer *signature, uint32_t number) {
    if (jw_buffer_reserve(signature, sizeof number)) {
        memcpy(signature->ptr + signature->len, &number, sizeof number);
        signature->len += sizeof number;
    }
}

void jw_match_candidate(struct jw_sigma_worker *w, uint32_t rule) {
    if (w->rule_stamp[rule] == w->epoch)
        return;
    w->rule_stamp[rule] = w->epoch;
    w->candidates[w->candidate_count++] = rule;
}

jw_text jw_sigma_text(struct jw_sigma_worker *w, uint32_t at) {
    const jw_field *field = &w->rec->fields[at];
    if (field->kind != JW_JSON_ESCAPED)
        return field->value;
    if (!w->decoded)
        w->decoded = calloc(JW_RECORD_FIELDS, sizeof *w->decoded);
    if (!w->decoded_mem)
        w->decoded_mem = jw_arena_new(SIZE_MAX / 4);
    if (!w->decoded || !w->decoded_mem)
        return (jw_text){0};
    if (w->decoded[at].epoch != w->epoch) {
        char *text = jw_arena_alloc(w->decoded_mem, field->value.len + JW_JSON_SLACK);
        if (!text)
            return (jw_text){0};
        w->decoded[at] = (struct jw_decoded){w->epoch, {text, jw_json_unescape(field->value, text)}};
    }
    return w->decoded[at].text;
}

static void take(struct jw_sigma_worker *w, const uint32_t *list, size_t count, bool routing) {
    const struct jw_lists *anchors = &w->set->rule_anchors;
    for (size_t i = 0; i < count; i++) {
        uint32_t p = list[i];
        if (w->truth[p] == w->epoch)
            continue;
        w->truth[p] = w->epoch;
        if (routing && jw_bit(w->set->routing, p))
            jw_match_sign(&w->signature, p);
        for (uint32_t a = anchors->start[p]; a < anchors->start[p + 1]; a++)
            jw_match_candidate(w, anchors->items[a]);
    }
}

/* Values as JSON wrote them are remembered as such, beside those that need no decoding. */
static uint32_t key_of(const jw_field *field, uint32_t column) {
    return field->kind == JW_JSON_ESCAPED ? column | AS_WRITTEN : column;
}

/* The column's last value is often this one as well, and then found without a hash. */
static bool is_recent(struct jw_sigma_worker *w, uint32_t column, const jw_field *field, bool routing) {
    const uint32_t *list;
    size_t count;
    if (!jw_cache_read(w->cache, w->recent[column], key_of(field, column), field->value, &list, &count))
        return false;
    take(w, list, count, routing);
    return true;
}

static void scan_probe(struct jw_sigma_worker *w, const struct jw_probe *probe, bool routing) {
    const jw_field *field = &w->rec->fields[probe->field];
    uint32_t key = key_of(field, probe->column);
    const uint32_t *list;
    size_t count;
    if (probe->place && jw_cache_read(w->cache, probe->place, key, field->value, &list, &count)) {
        w->recent[probe->column] = probe->place;
    } else {
        jw_text text = jw_sigma_text(w, probe->field);
        count = jw_index_scan(w->set->columns[probe->column].index, w->scan, text, &list);
        if (field->value.len <= JW_CACHE_VALUE)
            jw_cache_add(w->cache, probe->hash, key, field->value, list, count);
    }
    take(w, list, count, routing);
}

static void find_probe(struct jw_sigma_worker *w, struct jw_probe *probe) {
    probe->place = probe->hash ? jw_cache_place(w->cache, probe->hash) : 0;
}

static struct jw_probe probe_of(struct jw_sigma_worker *w, uint32_t column, uint32_t at) {
    const jw_field *field = &w->rec->fields[at];
    bool known = field->value.len <= JW_CACHE_VALUE;
    return (struct jw_probe){known ? jw_cache_ask(w->cache, key_of(field, column), field->value) : 0, 0, column,
                             at};
}

void jw_match_field(struct jw_sigma_worker *w, uint32_t column, uint32_t at, bool routing) {
    if (w->rec->fields[at].kind == JW_KIND_NULL || is_recent(w, column, &w->rec->fields[at], routing))
        return;
    struct jw_probe probe = probe_of(w, column, at);
    find_probe(w, &probe);
    scan_probe(w, &probe, routing);
}

void jw_match_column(struct jw_sigma_worker *w, uint32_t column, bool routing) {
    struct jw_place *place = &w->places[column];
    if (place->scanned || !w->set->columns[column].index)
        return;
    place->scanned = true;
    for (uint32_t at = place->first; at; at = w->links[at - 1].next)
        jw_match_field(w, column, w->links[at - 1].field, routing);
}

/* All values of the columns that the plan names: what is known of them is asked from memory for many at once. */
void jw_match_columns(struct jw_sigma_worker *w, const struct jw_plan *plan) {
    struct jw_probe probes[PROBES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->touched_count; i++) {
        uint32_t column = w->touched[i];
        struct jw_place *place = &w->places[column];
        if (!jw_bit(plan->columns, column) || place->scanned || !w->set->columns[column].index)
            continue;
        place->scanned = true;
        for (uint32_t at = place->first; at; at = w->links[at - 1].next) {
            uint32_t number = w->links[at - 1].field;
            if (w->rec->fields[number].kind == JW_KIND_NULL || is_recent(w, column, &w->rec->fields[number], false))
                continue;
            if (count == PROBES) {
                jw_match_field(w, column, number, false);
                continue;
            }
            probes[count++] = probe_of(w, column, number);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        find_probe(w, &probes[i]);
    for (uint32_t i = 0; i < count; i++)
        scan_probe(w, &probes[i], false);
}
