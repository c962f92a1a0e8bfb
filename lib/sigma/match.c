/* lib/sigma/match.c — one event against all rules: gather columns, find out what the event is, scan the columns its
 * rules look at, evaluate the rules whose anchors turned out true. */
#include "match.h"

#include <stdlib.h>

#define CACHE_BYTES (24u << 20)

void jw_sigma_worker_free(struct jw_sigma_worker *w) {
    if (!w)
        return;
    jw_index_worker_free(w->scan);
    jw_cache_free(w->cache);
    free(w->places);
    free(w->touched);
    free(w->links);
    free(w->truth);
    free(w->rule_stamp);
    free(w->route_stamp);
    free(w->candidates);
    free(w->active);
    free(w->hits);
    free(w);
}

struct jw_sigma_worker *jw_sigma_worker_new(const struct jw_sigma *set) {
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->set = set;
    w->scan = jw_index_worker_new(set->predicate_count);
    w->cache = jw_cache_new(CACHE_BYTES);
    w->places = calloc(set->column_count + 1, sizeof *w->places);
    w->touched = calloc(set->column_count + 1, sizeof *w->touched);
    w->truth = calloc(set->predicate_count + 1, sizeof *w->truth);
    w->rule_stamp = calloc(set->rule_count + 1, sizeof *w->rule_stamp);
    w->route_stamp = calloc(set->route_count + 1, sizeof *w->route_stamp);
    w->candidates = calloc(set->rule_count + 1, sizeof *w->candidates);
    w->active = calloc(set->words, sizeof *w->active);
    w->hits = calloc(set->rule_count + 1, sizeof *w->hits);
    bool good = w->scan && w->cache && w->places && w->touched && w->truth && w->rule_stamp && w->route_stamp &&
                w->candidates && w->active && w->hits;
    for (uint32_t i = 0; good && i < set->column_count; i++)
        good = !set->columns[i].index || jw_index_worker_fit(w->scan, set->columns[i].index);
    if (!good)
        return NULL;
    struct jw_sigma_worker *done = w;
    w = NULL;
    return done;
}

/* Four billion events later the stamps start again. */
static void next_epoch(struct jw_sigma_worker *w) {
    const struct jw_sigma *set = w->set;
    w->touched_count = w->link_count = w->candidate_count = 0;
    memset(w->active, 0, set->words * sizeof *w->active);
    if (++w->epoch)
        return;
    w->epoch = 1;
    memset(w->places, 0, set->column_count * sizeof *w->places);
    memset(w->truth, 0, set->predicate_count * sizeof *w->truth);
    memset(w->rule_stamp, 0, set->rule_count * sizeof *w->rule_stamp);
    memset(w->route_stamp, 0, set->route_count * sizeof *w->route_stamp);
}

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

/* The first name of a column that the event has gives its values; every value of that name. */
static void gather(struct jw_sigma_worker *w) {
    const struct jw_sigma *set = w->set;
    for (uint32_t i = 0; i < w->rec->count; i++) {
        uint32_t name = jw_sigma_name(set, &w->rec->fields[i]);
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

static void scan_value(struct jw_sigma_worker *w, uint32_t column, jw_text value) {
    const struct jw_index *index = w->set->columns[column].index;
    const uint32_t *list;
    size_t count;
    if (!jw_cache_find(w->cache, column, value, &list, &count)) {
        count = jw_index_scan(index, w->scan, value, &list);
        jw_cache_add(w->cache, column, value, list, count);
    }
    const struct jw_lists *anchors = &w->set->rule_anchors;
    for (size_t i = 0; i < count; i++) {
        uint32_t p = list[i];
        if (w->truth[p] == w->epoch)
            continue;
        w->truth[p] = w->epoch;
        for (uint32_t a = anchors->start[p]; a < anchors->start[p + 1]; a++)
            if (w->rule_stamp[anchors->items[a]] != w->epoch) {
                w->rule_stamp[anchors->items[a]] = w->epoch;
                w->candidates[w->candidate_count++] = anchors->items[a];
            }
    }
}

static void scan_column(struct jw_sigma_worker *w, uint32_t column) {
    struct jw_place *place = &w->places[column];
    if (place->scanned || !w->set->columns[column].index)
        return;
    place->scanned = true;
    for (uint32_t at = place->first; at; at = w->links[at - 1].next) {
        const jw_field *field = &w->rec->fields[w->links[at - 1].field];
        if (field->kind != JW_KIND_NULL)
            scan_value(w, column, field->value);
    }
}

static bool fields_agree(const struct jw_sigma_worker *w, const struct jw_code *code) {
    const struct jw_place *a = &w->places[code->first], *b = &w->places[code->least];
    char left[512], right[512];
    if (a->epoch != w->epoch || b->epoch != w->epoch)
        return false;
    for (uint32_t i = a->first; i; i = w->links[i - 1].next)
        for (uint32_t j = b->first; j; j = w->links[j - 1].next) {
            const jw_field *x = &w->rec->fields[w->links[i - 1].field], *y = &w->rec->fields[w->links[j - 1].field];
            jw_text s = x->value, t = y->value;
            if (x->kind == JW_KIND_NULL || y->kind == JW_KIND_NULL)
                continue;
            /* Longer values are compared as they are: no memory is asked for here. */
            if (!code->value->cased && s.len <= sizeof left / JW_FOLD_GROWTH &&
                t.len <= sizeof right / JW_FOLD_GROWTH) {
                s = (jw_text){left, jw_fold(s, left)};
                t = (jw_text){right, jw_fold(t, right)};
            }
            jw_shape shape = code->value->shape;
            if (shape == JW_SHAPE_EQUALS   ? jw_text_is(s, t)
                : shape == JW_SHAPE_STARTS ? jw_text_starts(s, t)
                : shape == JW_SHAPE_ENDS   ? jw_text_ends(s, t)
                                           : jw_text_find(s, t, NULL))
                return true;
        }
    return false;
}

bool jw_code_is_true(const struct jw_sigma_worker *w, uint32_t number) {
    const struct jw_code *code = &w->set->codes[number];
    const uint32_t *kids = w->set->kids + code->first;
    uint32_t good = 0;
    bool here;
    switch (code->kind) {
    case JW_CODE_AND:
        for (uint32_t i = 0; i < code->count; i++)
            if (!jw_code_is_true(w, kids[i]))
                return false;
        return true;
    case JW_CODE_OR:
        for (uint32_t i = 0; i < code->count; i++)
            if (jw_code_is_true(w, kids[i]))
                return true;
        return false;
    case JW_CODE_NOT:
        return !jw_code_is_true(w, kids[0]);
    case JW_CODE_AT_LEAST:
        for (uint32_t i = 0; i < code->count && good < code->least; i++)
            good += jw_code_is_true(w, kids[i]);
        return good >= code->least;
    case JW_CODE_PREDICATE:
        return w->truth[code->first] == w->epoch;
    case JW_CODE_NULL:
        return w->places[code->first].epoch != w->epoch || w->places[code->first].null;
    case JW_CODE_EXISTS:
        here = w->places[code->first].epoch == w->epoch;
        return here == code->value->wanted;
    case JW_CODE_FIELD:
        return fields_agree(w, code);
    }
    return false;
}

static void activate(struct jw_sigma_worker *w, uint32_t route) {
    if (w->route_stamp[route] == w->epoch)
        return;
    w->route_stamp[route] = w->epoch;
    if (jw_code_is_true(w, w->set->routes[route].code))
        for (uint32_t i = 0; i < w->set->words; i++)
            w->active[i] |= w->set->routes[route].sources[i];
}

/* Which logsources the event belongs to. Routing columns are scanned first and wholly: a route may look at several.
 */
static void find_sources(struct jw_sigma_worker *w, const struct jw_sigma_source *source) {
    const struct jw_sigma *set = w->set;
    for (uint32_t i = 0; i < set->source_count; i++) {
        const struct jw_sigma_logsource *logsource = &set->sources[i].logsource;
        bool all = !logsource->product.len && !logsource->category.len && !logsource->service.len;
        if (!all && !source)
            continue;
        if (all || jw_logsource_covers(
                       logsource, &(struct jw_sigma_logsource){source->product, source->category, source->service}))
            w->active[i / 64] |= UINT64_C(1) << i % 64;
    }
    for (uint32_t i = 0; i < w->touched_count; i++)
        if (set->columns[w->touched[i]].routing)
            scan_column(w, w->touched[i]);
    for (uint32_t i = 0; i < w->touched_count; i++) {
        uint32_t column = w->touched[i];
        if (!set->columns[column].routing || !set->columns[column].index)
            continue;
        for (uint32_t at = w->places[column].first; at; at = w->links[at - 1].next) {
            const jw_field *field = &w->rec->fields[w->links[at - 1].field];
            const uint32_t *list;
            size_t count;
            if (field->kind == JW_KIND_NULL)
                continue;
            if (!jw_cache_find(w->cache, column, field->value, &list, &count))
                count = jw_index_scan(set->columns[column].index, w->scan, field->value, &list);
            for (size_t n = 0; n < count; n++)
                for (uint32_t a = set->route_anchors.start[list[n]]; a < set->route_anchors.start[list[n] + 1]; a++)
                    activate(w, set->route_anchors.items[a]);
        }
    }
    for (uint32_t i = 0; i < set->loose_route_count; i++)
        activate(w, set->loose_routes[i]);
}

static bool meets(const uint64_t *a, const uint64_t *b, uint32_t words) {
    for (uint32_t i = 0; i < words; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

static size_t evaluate(struct jw_sigma_worker *w) {
    const struct jw_sigma *set = w->set;
    size_t count = 0;
    for (uint32_t i = 0; i < w->candidate_count; i++) {
        uint32_t rule = w->candidates[i];
        if (!jw_bit(w->active, set->rule_source[rule]) || !jw_code_is_true(w, set->rule_code[rule]))
            continue;
        size_t at = count++; /* few: kept sorted as they come */
        for (; at && w->hits[at - 1]->number > rule; at--)
            w->hits[at] = w->hits[at - 1];
        w->hits[at] = set->rules[rule];
    }
    return count;
}

size_t jw_sigma_match(struct jw_sigma_worker *w, const struct jw_record *rec, const struct jw_sigma_source *source,
                      const struct jw_sigma_rule *const **out_rules) {
    const struct jw_sigma *set = w->set;
    next_epoch(w);
    w->rec = rec;
    gather(w);
    find_sources(w, source);
    for (uint32_t i = 0; i < w->touched_count; i++)
        if (meets(set->columns[w->touched[i]].used_by, w->active, set->words))
            scan_column(w, w->touched[i]);
    if (set->columns[0].index && meets(set->columns[0].used_by, w->active, set->words))
        for (uint32_t i = 0; i < rec->count; i++)
            if (rec->fields[i].kind != JW_KIND_NULL)
                scan_value(w, 0, rec->fields[i].value);
    for (uint32_t i = 0; i < set->source_count; i++)
        for (uint32_t a = set->source_rules.start[i]; jw_bit(w->active, i) && a < set->source_rules.start[i + 1];
             a++)
            if (w->rule_stamp[set->source_rules.items[a]] != w->epoch) {
                w->rule_stamp[set->source_rules.items[a]] = w->epoch;
                w->candidates[w->candidate_count++] = set->source_rules.items[a];
            }
    *out_rules = w->hits;
    return evaluate(w);
}
