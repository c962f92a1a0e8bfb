/* lib/sigma/correlation.c — reading the `correlation:` part of a rule. */
#include "rule.h"

#define COUNT_MOST 100000 /* events or values one window may have to hold */

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
    uint64_t n, unit;
    if (text.len < 2)
        return false;
    switch (text.ptr[text.len - 1]) {
    case 's':
        unit = 1;
        break;
    case 'm':
        unit = 60;
        break;
    case 'h':
        unit = 3600;
        break;
    case 'd':
        unit = 86400;
        break;
    default:
        return false;
    }
    text.len--;
    if (!jw_text_u64(text, &n) || n == 0 || n > 86400 * 366 / unit)
        return false;
    *out = (int64_t)(n * unit) * JW_SECOND;
    return true;
}

static jw_status read_condition(const struct jw_tree *map, struct jw_sigma_correlation *c, struct jw_error *err) {
    c->least = 0;
    c->most = UINT64_MAX;
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next) {
        uint64_t n;
        if (jw_text_is(key->text, JW_TEXT("field")))
            continue;
        if (key->next->kind != JW_TREE_SCALAR || !jw_text_u64(key->next->text, &n) || n > COUNT_MOST)
            return fail(err, key, "a condition counts from 0 to 100000");
        if (jw_text_is(key->text, JW_TEXT("gte")))
            c->least = n;
        else if (jw_text_is(key->text, JW_TEXT("gt")))
            c->least = n + 1;
        else if (jw_text_is(key->text, JW_TEXT("lte")))
            c->most = n;
        else if (jw_text_is(key->text, JW_TEXT("lt")) && n)
            c->most = n - 1;
        else if (jw_text_is(key->text, JW_TEXT("eq")))
            c->least = c->most = n;
        else
            return fail(err, key, "a condition is gte, gt, lte, lt, eq");
    }
    if (c->least == 0)
        return fail(err, map, "conditions that are true of no events are not supported: give gte, gt or eq");
    return c->least <= c->most ? JW_OK : fail(err, map, "this condition can never be true");
}

jw_status jw_sigma_correlation_read(const struct jw_tree *map, struct jw_arena *mem,
                                    struct jw_sigma_correlation *out, struct jw_error *err) {
    jw_text type = jw_tree_text(map, "type");
    const struct jw_tree *rules = jw_tree_find(map, "rules"), *group = jw_tree_find(map, "group-by");
    const struct jw_tree *condition = jw_tree_find(map, "condition");
    *out = (struct jw_sigma_correlation){0};
    if (jw_text_is(type, JW_TEXT("event_count")))
        out->kind = JW_CORRELATE_COUNT;
    else if (jw_text_is(type, JW_TEXT("value_count")))
        out->kind = JW_CORRELATE_VALUES;
    else
        return jw_fail(err, JW_E_SYNTAX,
                       "line %d: correlation: type '" JW_FMT "' is not supported: event_count, value_count",
                       map->line, JW_ARG(type));
    if (!rules || read_names(rules, mem, &out->rules, &out->rule_count) != JW_OK)
        return fail(err, map, "wants `rules`, a list of names or ids");
    if (group && read_names(group, mem, &out->group_by, &out->group_count) != JW_OK)
        return fail(err, map, "group-by is a list of field names");
    if (jw_tree_find(map, "aliases"))
        return fail(err, map, "aliases are not supported");
    if (!read_span(jw_tree_text(map, "timespan"), &out->span_ns))
        return fail(err, map, "wants a timespan such as 30s, 5m, 1h, 7d");
    if (!condition || condition->kind != JW_TREE_MAP)
        return fail(err, map, "wants a condition such as {gte: 10}");
    out->field = jw_tree_text(condition, "field");
    if ((out->kind == JW_CORRELATE_VALUES) != (out->field.len > 0))
        return fail(err, map, "value_count wants condition.field; event_count has none");
    return read_condition(condition, out, err);
}
