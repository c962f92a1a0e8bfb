/* lib/sigma/correlation.c — reading the `correlation:` part of a rule. */
#include "index_parts.h"

#include <math.h>

#define COUNT_MOST                                                                                \
    100000 /* events or values that a condition may ask for: one window must be able to hold them \
            */
#define FIELDS_MOST 16
#define VALUE_MOST  9e12 /* its millionths fit 64 bits */

struct reading {
    struct jw_arena *mem;
    struct jw_error *err;
    struct jw_sigma_correlation *out;
};

static jw_status fail(struct jw_error *err, const struct jw_tree *at, const char *why) {
    return jw_fail(err, JW_E_SYNTAX, "line %d: correlation: %s", at->line, why);
}

static jw_status read_names(const struct jw_tree *node, struct jw_arena *mem, jw_text **out, uint32_t *out_count) {
    uint32_t count = 0;
    const struct jw_tree *first = node->kind == JW_TREE_LIST ? node->first : node;
    for (const struct jw_tree *n = first; n; n = node->kind == JW_TREE_LIST ? n->next : NULL)
        if (n->kind != JW_TREE_SCALAR || n->text.len == 0)
            return JW_E_SYNTAX;
        else
            count++;
    *out = jw_arena_alloc(mem, (count + 1) * sizeof **out);
    if (!*out)
        return JW_E_LIMIT;
    *out_count = 0;
    for (const struct jw_tree *n = first; n; n = node->kind == JW_TREE_LIST ? n->next : NULL)
        (*out)[(*out_count)++] = n->text;
    return count ? JW_OK : JW_E_SYNTAX;
}

/* "30s", "5m", "1h", "7d". */
static bool read_span(jw_text text, int64_t *out) {
    static const struct {
        char letter;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t n;
    for (size_t i = 0; text.len > 1 && i < sizeof units / sizeof *units; i++)
        if (text.ptr[text.len - 1] == units[i].letter) {
            if (!jw_text_u64((jw_text){text.ptr, text.len - 1}, &n) || n == 0 || n > 86400 * 366 / units[i].seconds)
                return false;
            *out = (int64_t)(n * units[i].seconds) * JW_SECOND;
            return true;
        }
    return false;
}

/* --- condition ------------------------------------------------------------------------------------------------ */
static bool counts(jw_correlation_kind kind) {
    return kind == JW_CORRELATE_COUNT || kind == JW_CORRELATE_VALUES || kind == JW_CORRELATE_TEMPORAL ||
           kind == JW_CORRELATE_ORDERED;
}

static bool is_temporal(jw_correlation_kind kind) {
    return kind == JW_CORRELATE_TEMPORAL || kind == JW_CORRELATE_ORDERED;
}

static jw_status read_bound(struct reading *r, const struct jw_tree *key, jw_bound_op op) {
    struct jw_sigma_correlation *c = r->out;
    const struct jw_tree *value = key->next;
    double number;
    if (value->kind != JW_TREE_SCALAR || !jw_sigma_number(value->text, &number) || fabs(number) > VALUE_MOST)
        return fail(r->err, key, "a bound is a number, at most 9000000000000");
    if (counts(c->kind) && (number < 0 || number > COUNT_MOST || number != floor(number)))
        return fail(r->err, key, "a condition counts from 0 to 100000");
    if (c->bound_count == JW_CORRELATION_BOUNDS)
        return fail(r->err, key, "a condition has at most 4 bounds");
    c->bounds[c->bound_count++] =
        (struct jw_correlation_bound){op, number, (int64_t)llround(number * JW_VALUE_UNIT)};
    return JW_OK;
}

static jw_status read_bounds(struct reading *r, const struct jw_tree *map) {
    static const jw_text ops[] = {JW_TEXT("gte"), JW_TEXT("gt"), JW_TEXT("lte"),
                                  JW_TEXT("lt"),  JW_TEXT("eq"), JW_TEXT("neq")}; /* as jw_bound_op */
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next) {
        size_t op = 0;
        if (jw_text_is(key->text, JW_TEXT("field")) || jw_text_is(key->text, JW_TEXT("percentile")))
            continue;
        while (op < sizeof ops / sizeof *ops && !jw_text_is(key->text, ops[op]))
            op++;
        if (op == sizeof ops / sizeof *ops)
            return fail(r->err, key, "a condition is gte, gt, lte, lt, eq, neq");
        jw_status st = read_bound(r, key, (jw_bound_op)op);
        if (st != JW_OK)
            return st;
    }
    return r->out->bound_count ? JW_OK : fail(r->err, map, "wants a condition such as {gte: 10}");
}

/* Could any measure meet every bound? Between two neighbours of bounds nothing changes, so those are all that need
 * a look. */
static bool can_hold(const struct jw_sigma_correlation *c) {
    double most = is_temporal(c->kind) ? c->rule_count : c->kind == JW_CORRELATE_SHARE ? 100 : INFINITY;
    double step = counts(c->kind) ? 1 : 1e-6;
    for (uint32_t i = 0; i < c->bound_count * 3; i++) {
        double measure = c->bounds[i / 3].value + ((int)(i % 3) - 1) * step;
        bool all = measure <= most && (measure >= 1 || !counts(c->kind));
        for (uint32_t b = 0; b < c->bound_count && all; b++)
            all = jw_correlation_bound_holds(&c->bounds[b], measure);
        if (all)
            return true;
    }
    return false;
}

bool jw_correlation_bound_holds(const struct jw_correlation_bound *bound, double measure) {
    switch (bound->op) {
    case JW_BOUND_GTE:
        return measure >= bound->value;
    case JW_BOUND_GT:
        return measure > bound->value;
    case JW_BOUND_LTE:
        return measure <= bound->value;
    case JW_BOUND_LT:
        return measure < bound->value;
    case JW_BOUND_EQ:
        return measure == bound->value;
    case JW_BOUND_NEQ:
        return measure != bound->value;
    }
    return false;
}

/* Counting with an upper bound alone would alert at the very first event of every group. */
static bool has_lower(const struct jw_sigma_correlation *c) {
    for (uint32_t i = 0; i < c->bound_count; i++)
        if (c->bounds[i].op == JW_BOUND_GTE || c->bounds[i].op == JW_BOUND_GT || c->bounds[i].op == JW_BOUND_EQ)
            return true;
    return false;
}

static jw_status read_fields(struct reading *r, const struct jw_tree *map, const struct jw_tree *condition) {
    struct jw_sigma_correlation *c = r->out;
    const struct jw_tree *field = jw_tree_find(condition, "field");
    bool wanted = c->kind != JW_CORRELATE_COUNT && !is_temporal(c->kind);
    if (!field && !wanted)
        return JW_OK;
    if (!field || !wanted)
        return fail(r->err, map, "value_… want condition.field; event_count and temporal have none");
    if (read_names(field, r->mem, &c->fields, &c->field_count) != JW_OK || c->field_count > FIELDS_MOST)
        return fail(r->err, field, "condition.field is a field's name, or a list of at most 16 of them");
    if (c->field_count > 1 && c->kind != JW_CORRELATE_VALUES)
        return fail(r->err, field, "only value_count takes several fields, and counts their combinations");
    return JW_OK;
}

static jw_status read_percentile(struct reading *r, const struct jw_tree *condition) {
    const struct jw_tree *percentile = jw_tree_find(condition, "percentile");
    struct jw_sigma_correlation *c = r->out;
    if (!percentile)
        return JW_OK;
    if (c->kind != JW_CORRELATE_SHARE)
        return fail(r->err, percentile, "only value_percentile has a percentile");
    c->kind = JW_CORRELATE_PERCENTILE;
    if (!jw_sigma_number(jw_tree_text(condition, "percentile"), &c->percentile) || c->percentile < 0 ||
        c->percentile > 100)
        return fail(r->err, percentile, "a percentile is a number from 0 to 100");
    return JW_OK;
}

/* "rule_a and not rule_b" over the names that `rules` lists. */
static jw_status read_extended(struct reading *r, const struct jw_tree *condition) {
    struct jw_sigma_correlation *c = r->out;
    struct jw_sigma_detection names[JW_CORRELATION_RULES];
    struct jw_error why = {{0}};
    uint32_t budget = JW_SIGMA_PARTS;
    for (uint32_t i = 0; i < c->rule_count; i++) {
        names[i] = (struct jw_sigma_detection){c->rules[i], jw_sigma_node_new(r->mem, JW_NODE_ITEM, NULL, 0)};
        if (!names[i].node)
            return jw_fail(r->err, JW_E_LIMIT, "no memory");
        names[i].node->least = i;
    }
    if (jw_sigma_condition_read(condition->text, names, c->rule_count, &budget, r->mem, &c->condition, &why) !=
        JW_OK)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: correlation: %s", condition->line, why.text);
    return JW_OK;
}

static jw_status read_condition(struct reading *r, const struct jw_tree *map) {
    struct jw_sigma_correlation *c = r->out;
    const struct jw_tree *condition = jw_tree_find(map, "condition");
    if (!condition && is_temporal(c->kind)) { /* all of them */
        c->bounds[c->bound_count++] = (struct jw_correlation_bound){.op = JW_BOUND_GTE, .value = c->rule_count};
        return JW_OK;
    }
    if (condition && condition->kind == JW_TREE_SCALAR && is_temporal(c->kind))
        return read_extended(r, condition);
    if (!condition || condition->kind != JW_TREE_MAP)
        return fail(r->err, map, "wants a condition such as {gte: 10}");
    jw_status st = read_fields(r, map, condition);
    if (st == JW_OK)
        st = read_percentile(r, condition);
    if (st == JW_OK)
        st = read_bounds(r, condition);
    if (st != JW_OK)
        return st;
    if (!can_hold(c))
        return fail(r->err, condition, "this condition can never be true");
    if (counts(c->kind) && !has_lower(c))
        return fail(r->err, condition, "true at the very first event: give a lower bound (gte, gt or eq) too");
    return JW_OK;
}

/* --- the rest
 * ------------------------------------------------------------------------------------------------------ */
static uint32_t count_pairs(const struct jw_tree *map) {
    uint32_t count = 0;
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next)
        count++;
    return count;
}

static jw_status read_aliases(struct reading *r, const struct jw_tree *aliases) {
    struct jw_sigma_correlation *c = r->out;
    uint32_t most = 0;
    if (aliases->kind != JW_TREE_MAP)
        return fail(r->err, aliases, "aliases is a map: alias: {rule: field}");
    for (const struct jw_tree *key = aliases->first; key && key->next; key = key->next->next)
        most += count_pairs(key->next);
    c->aliases = jw_arena_alloc(r->mem, (most + 1) * sizeof *c->aliases);
    if (!c->aliases)
        return jw_fail(r->err, JW_E_LIMIT, "no memory");
    for (const struct jw_tree *key = aliases->first; key && key->next; key = key->next->next) {
        if (key->next->kind != JW_TREE_MAP)
            return fail(r->err, key, "an alias is a map of rules to fields");
        for (const struct jw_tree *rule = key->next->first; rule && rule->next; rule = rule->next->next) {
            if (rule->next->kind != JW_TREE_SCALAR || !rule->next->text.len)
                return fail(r->err, rule, "an alias names one field for each rule");
            c->aliases[c->alias_count++] = (struct jw_correlation_alias){key->text, rule->text, rule->next->text};
        }
    }
    return JW_OK;
}

static bool read_kind(jw_text type, jw_correlation_kind *out) {
    static const struct {
        jw_text name;
        jw_correlation_kind kind;
    } kinds[] = {
        {JW_TEXT("event_count"), JW_CORRELATE_COUNT},     {JW_TEXT("value_count"), JW_CORRELATE_VALUES},
        {JW_TEXT("temporal"), JW_CORRELATE_TEMPORAL},     {JW_TEXT("temporal_ordered"), JW_CORRELATE_ORDERED},
        {JW_TEXT("value_sum"), JW_CORRELATE_SUM},         {JW_TEXT("value_avg"), JW_CORRELATE_AVERAGE},
        {JW_TEXT("value_percentile"), JW_CORRELATE_SHARE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (jw_text_is(type, kinds[i].name)) {
            *out = kinds[i].kind;
            return true;
        }
    return false;
}

static jw_status check_keys(const struct jw_tree *map, struct jw_error *err) {
    static const jw_text known[] = {JW_TEXT("type"),     JW_TEXT("rules"),     JW_TEXT("group-by"),
                                    JW_TEXT("timespan"), JW_TEXT("condition"), JW_TEXT("aliases"),
                                    JW_TEXT("generate")};
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && !jw_text_is(key->text, known[i]))
            i++;
        if (i == sizeof known / sizeof *known)
            return jw_fail(err, JW_E_SYNTAX, "line %d: correlation: unknown attribute '" JW_FMT "'", key->line,
                           JW_ARG(key->text));
    }
    return JW_OK;
}

jw_status jw_sigma_correlation_read(const struct jw_tree *map, struct jw_arena *mem,
                                    struct jw_sigma_correlation *out, struct jw_error *err) {
    struct reading r = {mem, err, out};
    jw_text type = jw_tree_text(map, "type");
    const struct jw_tree *rules = jw_tree_find(map, "rules"), *group = jw_tree_find(map, "group-by");
    const struct jw_tree *aliases = jw_tree_find(map, "aliases");
    *out = (struct jw_sigma_correlation){0};
    if (map->kind != JW_TREE_MAP)
        return fail(err, map, "wants a map");
    jw_status st = check_keys(map, err);
    if (st != JW_OK)
        return st;
    if (!read_kind(type, &out->kind))
        return jw_fail(err, JW_E_SYNTAX,
                       "line %d: correlation: unknown type '" JW_FMT "': event_count, value_count, temporal, "
                       "temporal_ordered, value_sum, value_avg, value_percentile",
                       map->line, JW_ARG(type));
    if (!rules || read_names(rules, mem, &out->rules, &out->rule_count) != JW_OK ||
        out->rule_count > JW_CORRELATION_RULES)
        return fail(err, map, "wants `rules`, a list of at most 64 names or ids");
    if (group &&
        (read_names(group, mem, &out->group_by, &out->group_count) != JW_OK || out->group_count > FIELDS_MOST))
        return fail(err, map, "group-by is a list of at most 16 field names");
    if (!read_span(jw_tree_text(map, "timespan"), &out->span_ns))
        return fail(err, map, "wants a timespan such as 30s, 5m, 1h, 7d, at most 366d");
    out->generate = jw_text_is_nocase(jw_tree_text(map, "generate"), JW_TEXT("true"));
    if (aliases && !jw_tree_is_null(aliases))
        st = read_aliases(&r, aliases);
    return st == JW_OK ? read_condition(&r, map) : st;
}
