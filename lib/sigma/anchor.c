/* lib/sigma/anchor.c — for each rule the cheapest predicates without which it cannot be true. */
#include "set.h"

#include <math.h>
#include <stdlib.h>

/* A guess how often one literal is true of a value of its column. Long literals are rare; whole values are rarer
 * than parts; numbers and very short texts (event ids, "true") are common. */
static double value_weight(const struct jw_sigma_value *value) {
    if (value->op != JW_OP_PATTERN)
        return value->op == JW_OP_REGEX ? 0.01 : 0.3;
    size_t length = jw_pattern_needle(&value->pattern).len;
    double base = value->pattern.shape == JW_SHAPE_EQUALS ? 0.5 : 1.0;
    if (length == 0)
        return value->pattern.shape == JW_SHAPE_EQUALS ? 0.1 : 1.0;
    return base / (1.0 + (double)length * (double)length / 4.0);
}

static double predicate_weight(const struct jw_predicate *predicate) {
    double sum = 0;
    for (uint32_t i = 0; i < predicate->count; i++)
        sum += value_weight(&predicate->values[i]);
    return sum < 1 ? sum : 1;
}

/* INFINITY: no set of predicates bounds this code. `costs` remembers; NAN: not yet known. */
static double cost(const struct jw_sigma *set, uint32_t code, double *costs) {
    const struct jw_code *at = &set->codes[code];
    const uint32_t *kids = set->kids + at->first;
    if (!isnan(costs[code]))
        return costs[code];
    double sum = at->kind == JW_CODE_AND ? INFINITY : 0;
    switch (at->kind) {
    case JW_CODE_PREDICATE:
        sum = set->predicates[at->first].weight;
        break;
    case JW_CODE_AND:
        for (uint32_t i = 0; i < at->count; i++)
            sum = fmin(sum, cost(set, kids[i], costs));
        break;
    case JW_CODE_OR:
    case JW_CODE_AT_LEAST: /* at least one of them is true: the same bound as OR */
        for (uint32_t i = 0; i < at->count; i++)
            sum += cost(set, kids[i], costs);
        break;
    default:
        sum = INFINITY;
    }
    return costs[code] = sum;
}

struct anchors {
    uint32_t *list, *stamp; /* predicates of the rule in hand; stamped with its number + 1 */
    uint32_t count, owner;
};

static void collect(const struct jw_sigma *set, uint32_t code, double *costs, struct anchors *out) {
    const struct jw_code *at = &set->codes[code];
    const uint32_t *kids = set->kids + at->first;
    if (at->kind == JW_CODE_PREDICATE) {
        if (out->stamp[at->first] != out->owner)
            out->list[out->count++] = at->first;
        out->stamp[at->first] = out->owner;
    } else if (at->kind == JW_CODE_AND) {
        for (uint32_t i = 0; i < at->count; i++)
            if (cost(set, kids[i], costs) == costs[code]) {
                collect(set, kids[i], costs, out);
                return;
            }
    } else {
        for (uint32_t i = 0; i < at->count; i++)
            collect(set, kids[i], costs, out);
    }
}

/* Pairs (key, item) into lists by key. */
struct pair {
    uint32_t key, item;
};
struct pairs {
    struct pair *ptr;
    size_t count, capacity;
};

static bool add_pair(struct pairs *pairs, uint32_t key, uint32_t item) {
    if (pairs->count == pairs->capacity) {
        size_t capacity = pairs->capacity ? pairs->capacity * 2 : 1024;
        struct pair *grown = realloc(pairs->ptr, capacity * sizeof *grown);
        if (!grown)
            return false;
        pairs->ptr = grown;
        pairs->capacity = capacity;
    }
    pairs->ptr[pairs->count++] = (struct pair){key, item};
    return true;
}

static bool make_lists(struct jw_arena *mem, struct pairs *pairs, uint32_t keys, struct jw_lists *out) {
    out->start = jw_arena_alloc(mem, (keys + 2) * sizeof *out->start);
    out->items = jw_arena_alloc(mem, (pairs->count + 1) * sizeof *out->items);
    if (out->start && out->items) {
        memset(out->start, 0, (keys + 2) * sizeof *out->start);
        for (size_t i = 0; i < pairs->count; i++)
            out->start[pairs->ptr[i].key + 2]++;
        for (uint32_t i = 2; i < keys + 2; i++)
            out->start[i] += out->start[i - 1];
        for (size_t i = 0; i < pairs->count; i++)
            out->items[out->start[pairs->ptr[i].key + 1]++] = pairs->ptr[i].item;
    }
    free(pairs->ptr);
    *pairs = (struct pairs){0};
    return out->start && out->items;
}

static bool anchor_one(const struct jw_sigma *set, uint32_t code, uint32_t item, double *costs,
                       struct anchors *found, struct pairs *pairs, bool *out_loose) {
    found->count = 0;
    found->owner++;
    *out_loose = isinf(cost(set, code, costs));
    if (!*out_loose)
        collect(set, code, costs, found);
    for (uint32_t i = 0; i < found->count; i++)
        if (!add_pair(pairs, found->list[i], item))
            return false;
    return true;
}

static bool anchor_rules(struct jw_sigma *set, double *costs, struct anchors *found) {
    struct pairs anchored = {0}, loose = {0};
    bool good = true, is_loose;
    for (uint32_t i = 0; i < set->rule_count && good; i++) {
        if (!set->rules[i]->root)
            continue;
        good = anchor_one(set, set->rule_code[i], i, costs, found, &anchored, &is_loose) &&
               (!is_loose || add_pair(&loose, set->rule_source[i], i));
    }
    return make_lists(set->mem, &anchored, set->predicate_count, &set->rule_anchors) &&
           make_lists(set->mem, &loose, set->source_count, &set->source_rules) && good;
}

typedef bool (*is_wanted)(const struct jw_predicate *predicate);

static bool is_keyword(const struct jw_predicate *predicate) { return predicate->column == 0; }

static bool has_regex(const struct jw_predicate *predicate) {
    for (uint32_t i = 0; i < predicate->count; i++)
        if (predicate->values[i].op == JW_OP_REGEX)
            return true;
    return false;
}

/* The predicates below `code` that are wanted, each once for its owner. */
static bool collect_some(const struct jw_sigma *set, uint32_t code, uint32_t key, is_wanted wanted,
                         struct anchors *seen, struct pairs *pairs) {
    const struct jw_code *at = &set->codes[code];
    if (at->kind == JW_CODE_PREDICATE) {
        if (!wanted(&set->predicates[at->first]) || seen->stamp[at->first] == seen->owner)
            return true;
        seen->stamp[at->first] = seen->owner;
        return add_pair(pairs, key, at->first);
    }
    bool good = true;
    for (uint32_t i = 0; good && at->kind <= JW_CODE_AT_LEAST && i < at->count; i++)
        good = collect_some(set, set->kids[at->first + i], key, wanted, seen, pairs);
    return good;
}

static bool list_some(struct jw_sigma *set, bool by_source, is_wanted wanted, struct anchors *seen,
                      struct jw_lists *out) {
    struct pairs pairs = {0};
    bool good = true;
    for (uint32_t i = 0; i < set->rule_count && good; i++) {
        seen->owner++;
        if (set->rules[i]->root)
            good = collect_some(set, set->rule_code[i], by_source ? set->rule_source[i] : i, wanted, seen, &pairs);
    }
    return make_lists(set->mem, &pairs, by_source ? set->source_count : set->rule_count, out) && good;
}

static void mark_routing(struct jw_sigma *set, uint32_t code) {
    const struct jw_code *at = &set->codes[code];
    if (at->kind == JW_CODE_PREDICATE)
        set->routing[at->first / 64] |= UINT64_C(1) << at->first % 64;
    for (uint32_t i = 0; at->kind <= JW_CODE_AT_LEAST && i < at->count; i++)
        mark_routing(set, set->kids[at->first + i]);
}

static bool list_routing(struct jw_sigma *set) {
    size_t size = (set->predicate_count / 64 + 1) * sizeof *set->routing;
    set->routing = jw_arena_alloc(set->mem, size);
    if (!set->routing)
        return false;
    memset(set->routing, 0, size);
    for (uint32_t i = 0; i < set->route_count; i++)
        mark_routing(set, set->routes[i].code);
    return true;
}

jw_status jw_sigma_anchor(struct jw_sigma *set, struct jw_error *err) {
    double *costs = malloc((set->code_count + 1) * sizeof *costs);
    struct anchors found = {.list = malloc((set->predicate_count + 1) * sizeof(uint32_t)),
                            .stamp = calloc(set->predicate_count + 1, sizeof(uint32_t))};
    for (uint32_t i = 0; costs && i < set->code_count; i++)
        costs[i] = NAN;
    for (uint32_t i = 0; i < set->predicate_count; i++)
        set->predicates[i].weight = predicate_weight(&set->predicates[i]);
    bool good = costs && found.list && found.stamp && anchor_rules(set, costs, &found) &&
                list_some(set, true, is_keyword, &found, &set->source_keywords) &&
                list_some(set, false, has_regex, &found, &set->rule_regexes) && list_routing(set);
    free(costs);
    free(found.list);
    free(found.stamp);
    return good ? JW_OK : jw_fail(err, JW_E_LIMIT, "rules: no memory");
}
