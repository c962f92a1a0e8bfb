/* lib/sigma/filter.c — filter documents (Sigma 2.1, filters): a rule under a filter is true when its own condition
 * and the filter's are. */
#include "named.h"
#include "set.h"

#include <stdlib.h>

#define PAIRS_MOST 1000000 /* a filter of `any` over very many rules, many times */

struct pair {
    struct jw_sigma_rule *rule;
    const struct jw_sigma_rule *filter;
    struct jw_sigma_node *node;
    uint32_t order;
};

struct applying {
    struct jw_sigma *set;
    struct jw_error *err;
    jw_filter_refuse refuse;
    void *context;
    struct pair *pairs;
    uint32_t count, room;
};

static bool add_pair(struct applying *a, struct pair pair) {
    if (a->count == a->room) {
        uint32_t room = a->room ? a->room * 2 : 256;
        struct pair *grown = realloc(a->pairs, room * sizeof *grown);
        if (!grown)
            return false;
        a->pairs = grown;
        a->room = room;
    }
    pair.order = a->count;
    a->pairs[a->count++] = pair;
    return true;
}

static void tell(struct applying *a, const struct jw_sigma_rule *filter, const char *why, jw_text what) {
    struct jw_error story = {{0}};
    (void)jw_fail(&story, JW_E_SYNTAX, "line %d: filter: %s" JW_FMT, filter->info.line, why, JW_ARG(what));
    a->refuse(a->context, filter, story.text);
}

/* Rules named one by one: each that cannot be filtered is told, the others are. */
static jw_status gather_named(struct applying *a, const struct jw_sigma_rule *filter, struct jw_sigma_node *node) {
    for (uint32_t i = 0; i < filter->filter.rule_count; i++) {
        jw_text name = filter->filter.rules[i];
        struct jw_sigma_rule *rule = jw_named_find(a->set->ids, name);
        if (!rule)
            rule = jw_named_find(a->set->called, name);
        if (!rule || rule->is_filter)
            tell(a, filter, "no rule is loaded that is called ", name);
        else if (!rule->root)
            tell(a, filter, "a correlation sees no events; filter the rules it counts, not ", name);
        else if (!jw_logsource_covers(&filter->logsource, &rule->logsource))
            tell(a, filter, "its logsource is not the one of rule ", name);
        else if (!add_pair(a, (struct pair){.rule = rule, .filter = filter, .node = node}))
            return jw_fail(a->err, JW_E_LIMIT, "rules: no memory");
    }
    return JW_OK;
}

static jw_status gather_any(struct applying *a, const struct jw_sigma_rule *filter, struct jw_sigma_node *node) {
    uint32_t before = a->count;
    for (uint32_t i = 0; i < a->set->rule_count; i++) {
        struct jw_sigma_rule *rule = a->set->rules[i];
        if (!rule->root || !jw_logsource_covers(&filter->logsource, &rule->logsource))
            continue;
        if (a->count - before == PAIRS_MOST || a->count == PAIRS_MOST) {
            a->count = before;
            tell(a, filter, "all filters together touch too many rules", (jw_text){0});
            return JW_OK;
        }
        if (!add_pair(a, (struct pair){.rule = rule, .filter = filter, .node = node}))
            return jw_fail(a->err, JW_E_LIMIT, "rules: no memory");
    }
    if (a->count == before)
        tell(a, filter, "no loaded rule has its logsource", (jw_text){0});
    return JW_OK;
}

static int by_rule(const void *x, const void *y) {
    const struct pair *a = x, *b = y;
    if (a->rule != b->rule)
        return (uintptr_t)a->rule < (uintptr_t)b->rule ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* All filters of one rule beside its own condition. */
static bool join(struct applying *a, const struct pair *pairs, uint32_t count) {
    struct jw_sigma_rule *rule = pairs->rule;
    struct jw_sigma_node **children = malloc((count + 1) * sizeof(void *));
    rule->info.filters = jw_arena_alloc(a->set->mem, count * sizeof *rule->info.filters);
    if (!children || !rule->info.filters) {
        free(children);
        return false;
    }
    children[0] = rule->root;
    for (uint32_t i = 0; i < count; i++) {
        children[i + 1] = pairs[i].node;
        rule->info.filters[i] = pairs[i].filter->info.title;
    }
    struct jw_sigma_node *joined = jw_sigma_node_new(a->set->mem, JW_NODE_AND, children, count + 1);
    free(children);
    if (!joined)
        return false;
    rule->root = joined;
    rule->info.filter_count = count;
    return true;
}

static jw_status apply(struct applying *a, struct jw_sigma_rule *const *filters, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct jw_sigma_node *root = filters[i]->root;
        struct jw_sigma_node *node = jw_sigma_node_new(a->set->mem, JW_NODE_AND, &root, 1);
        if (!node)
            return jw_fail(a->err, JW_E_LIMIT, "rules: no memory");
        node->name = filters[i]->info.title;
        jw_status st = filters[i]->filter.any ? gather_any(a, filters[i], node) : gather_named(a, filters[i], node);
        if (st != JW_OK)
            return st;
    }
    if (a->count)
        qsort(a->pairs, a->count, sizeof *a->pairs, by_rule);
    for (uint32_t i = 0, n; i < a->count; i += n) {
        for (n = 1; i + n < a->count && a->pairs[i + n].rule == a->pairs[i].rule; n++)
            ;
        if (!join(a, &a->pairs[i], n))
            return jw_fail(a->err, JW_E_LIMIT, "rules: no memory");
    }
    return JW_OK;
}

jw_status jw_sigma_filters_apply(struct jw_sigma *set, struct jw_sigma_rule *const *filters, uint32_t count,
                                 jw_filter_refuse refuse, void *context, struct jw_error *err) {
    struct applying a = {.set = set, .err = err, .refuse = refuse, .context = context};
    jw_status st = apply(&a, filters, count);
    free(a.pairs);
    return st;
}
