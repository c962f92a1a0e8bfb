/* lib/sigma/rule.c — a YAML document becomes a rule. */
#include "rule.h"

#include <ctype.h>

#define DETECTIONS_MOST 256

struct reading {
    const struct jw_placeholders *lists;
    struct jw_arena *mem;
    struct jw_error *err;
    uint32_t values;
};

static jw_status no_memory(struct reading *r) { return jw_fail(r->err, JW_E_LIMIT, "no memory"); }

static jw_status read_detection(struct reading *r, const struct jw_tree *node, int depth,
                                struct jw_sigma_node **out);

static jw_status item_node(struct reading *r, const struct jw_tree *key, const struct jw_tree *value,
                           struct jw_sigma_node **out) {
    struct jw_sigma_node *node = jw_sigma_node_new(r->mem, JW_NODE_ITEM, NULL, 0);
    struct jw_sigma_item *item = jw_arena_alloc(r->mem, sizeof *item);
    if (!node || !item)
        return no_memory(r);
    jw_status st = jw_sigma_item_read(key, value, r->lists, r->mem, item, r->err);
    if (st != JW_OK)
        return st;
    if ((r->values += item->count) > JW_SIGMA_VALUES)
        return jw_fail(r->err, JW_E_LIMIT, "line %d: more than %d values in one rule", key->line, JW_SIGMA_VALUES);
    node->item = item;
    *out = node;
    return JW_OK;
}

static uint32_t count_of(const struct jw_tree *first) {
    uint32_t n = 0;
    for (; first; first = first->next)
        n++;
    return n;
}

/* A map is the AND of its items. */
static jw_status read_map(struct reading *r, const struct jw_tree *map, struct jw_sigma_node **out) {
    uint32_t room = count_of(map->first) / 2, count = 0;
    struct jw_sigma_node **children = jw_arena_alloc(r->mem, (room + 1) * sizeof *children);
    if (!children)
        return no_memory(r);
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next) {
        if (key->kind != JW_TREE_SCALAR)
            return jw_fail(r->err, JW_E_SYNTAX, "line %d: a field's name must be a text", key->line);
        jw_status st = item_node(r, key, key->next, &children[count++]);
        if (st != JW_OK)
            return st;
    }
    if (!count)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: an empty detection", map->line);
    *out = count == 1 ? children[0] : jw_sigma_node_new(r->mem, JW_NODE_AND, children, count);
    return *out ? JW_OK : no_memory(r);
}

/* A list is the OR of its elements: maps, or keywords (which are gathered into one item). */
static jw_status read_list(struct reading *r, const struct jw_tree *list, int depth, struct jw_sigma_node **out) {
    uint32_t room = count_of(list->first), count = 0;
    struct jw_sigma_node **children = jw_arena_alloc(r->mem, (room + 1) * sizeof *children);
    bool words = list->first && list->first->kind == JW_TREE_SCALAR;
    if (!children)
        return no_memory(r);
    for (const struct jw_tree *node = list->first; node; node = node->next)
        if ((node->kind == JW_TREE_SCALAR) != words)
            return jw_fail(r->err, JW_E_SYNTAX, "line %d: keywords and maps in one list", node->line);
    if (words) {
        const struct jw_tree keywords = {.kind = JW_TREE_SCALAR, .line = list->line};
        return item_node(r, &keywords, list, out);
    }
    for (const struct jw_tree *node = list->first; node; node = node->next) {
        jw_status st = read_detection(r, node, depth + 1, &children[count++]);
        if (st != JW_OK)
            return st;
    }
    if (!count)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: an empty detection", list->line);
    *out = count == 1 ? children[0] : jw_sigma_node_new(r->mem, JW_NODE_OR, children, count);
    return *out ? JW_OK : no_memory(r);
}

static jw_status read_detection(struct reading *r, const struct jw_tree *node, int depth,
                                struct jw_sigma_node **out) {
    if (depth > 8)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: lists in lists in lists", node->line);
    if (node->kind == JW_TREE_MAP)
        return read_map(r, node, out);
    if (node->kind == JW_TREE_LIST)
        return read_list(r, node, depth, out);
    const struct jw_tree keyword = {.kind = JW_TREE_SCALAR, .line = node->line};
    return item_node(r, &keyword, node, out);
}

static jw_status read_conditions(struct reading *r, const struct jw_tree *map, const struct jw_tree *condition,
                                 const struct jw_sigma_detection *detections, uint32_t count,
                                 struct jw_sigma_node **out) {
    struct jw_sigma_node *parts[64];
    uint32_t n = 0, budget = JW_SIGMA_PARTS;
    const struct jw_tree *first = condition && condition->kind == JW_TREE_LIST ? condition->first : condition;
    if (!first || (condition->kind != JW_TREE_SCALAR && condition->kind != JW_TREE_LIST))
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: a detection wants a condition", map->line);
    for (const struct jw_tree *node = first; node; node = condition->kind == JW_TREE_LIST ? node->next : NULL) {
        struct jw_error why = {{0}};
        if (node->kind != JW_TREE_SCALAR || n == sizeof parts / sizeof *parts)
            return jw_fail(r->err, JW_E_SYNTAX, "line %d: a condition must be a text; at most 64 of them",
                           node->line);
        jw_status st = jw_sigma_condition_read(node->text, detections, count, &budget, r->mem, &parts[n++], &why);
        if (st != JW_OK)
            return jw_fail(r->err, st, "line %d: %s", node->line, why.text);
    }
    *out = n == 1 ? parts[0] : jw_sigma_node_new(r->mem, JW_NODE_OR, parts, n);
    return *out ? JW_OK : no_memory(r);
}

/* `other`: a key of the map that is no detection. */
static jw_status read_detections(struct reading *r, const struct jw_tree *map, const char *other,
                                 struct jw_sigma_rule *rule) {
    struct jw_sigma_detection detections[DETECTIONS_MOST];
    uint32_t count = 0;
    const struct jw_tree *condition = jw_tree_find(map, "condition");
    for (const struct jw_tree *key = map->first; key && key->next; key = key->next->next) {
        if (key->next == condition || jw_text_is(key->text, jw_text_from(other)))
            continue;
        if (key->kind != JW_TREE_SCALAR || count == DETECTIONS_MOST)
            return jw_fail(r->err, JW_E_SYNTAX, "line %d: detections have names; at most %d of them", key->line,
                           DETECTIONS_MOST);
        detections[count].name = key->text;
        jw_status st = read_detection(r, key->next, 0, &detections[count].node);
        if (st != JW_OK)
            return st;
        detections[count++].node->name = key->text;
    }
    if (!count)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: no detection", map->line);
    return read_conditions(r, map, condition, detections, count, &rule->root);
}

static jw_status read_info(struct reading *r, const struct jw_tree *document, struct jw_sigma_rule *rule) {
    struct jw_sigma_info *info = &rule->info;
    const struct jw_tree *tags = jw_tree_find(document, "tags"), *refs = jw_tree_find(document, "references");
    const struct jw_tree *author = jw_tree_find(document, "author");
    *info = (struct jw_sigma_info){
        .id = jw_tree_text(document, "id"),
        .title = jw_tree_text(document, "title"),
        .title_zh = jw_tree_text(document, "title_zh"),
        .level = jw_tree_text(document, "level"),
        .status = jw_tree_text(document, "status"),
        .author = jw_tree_text(document, "author"),
        .description = jw_tree_text(document, "description"),
        .description_zh = jw_tree_text(document, "description_zh"),
        .license = jw_tree_text(document, "license"),
        .line = document->line,
    };
    if (author && author->kind == JW_TREE_LIST && author->first)
        info->author = author->first->text;
    if (refs && refs->kind == JW_TREE_LIST && refs->first && refs->first->kind == JW_TREE_SCALAR)
        info->reference = refs->first->text;
    if (tags && tags->kind == JW_TREE_LIST) {
        info->tags = jw_arena_alloc(r->mem, count_of(tags->first) * sizeof(jw_text));
        if (!info->tags)
            return no_memory(r);
        for (const struct jw_tree *tag = tags->first; tag; tag = tag->next)
            info->tags[info->tag_count++] = tag->text;
    }
    if (!info->title.len)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: a rule wants a title", document->line);
    rule->name = jw_tree_text(document, "name");
    return JW_OK;
}

static jw_text lowered(struct reading *r, const struct jw_tree *logsource, const char *key) {
    jw_text text = jw_tree_text(logsource, key);
    char *copy = text.len ? jw_arena_alloc(r->mem, text.len) : NULL;
    if (!copy)
        return (jw_text){0};
    for (size_t i = 0; i < text.len; i++)
        copy[i] = (char)tolower((unsigned char)text.ptr[i]);
    return (jw_text){copy, text.len};
}

static jw_status read_targets(struct reading *r, const struct jw_tree *filter, struct jw_sigma_filter *out) {
    const struct jw_tree *rules = jw_tree_find(filter, "rules");
    if (rules && rules->kind == JW_TREE_SCALAR && jw_text_is_nocase(rules->text, JW_TEXT("any"))) {
        out->any = true;
        return JW_OK;
    }
    if (!rules || rules->kind != JW_TREE_LIST || !rules->first)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: a filter wants `rules`: a list of ids or names, or `any`",
                       filter->line);
    out->rules = jw_arena_alloc(r->mem, count_of(rules->first) * sizeof *out->rules);
    if (!out->rules)
        return no_memory(r);
    for (const struct jw_tree *node = rules->first; node; node = node->next)
        if (node->kind != JW_TREE_SCALAR || !node->text.len)
            return jw_fail(r->err, JW_E_SYNTAX, "line %d: a rule is named by its id or name", node->line);
        else
            out->rules[out->rule_count++] = node->text;
    return JW_OK;
}

static jw_status read_logsource(struct reading *r, const struct jw_tree *document, struct jw_sigma_rule *rule) {
    const struct jw_tree *logsource = jw_tree_find(document, "logsource");
    if (!logsource || logsource->kind != JW_TREE_MAP)
        return jw_fail(r->err, JW_E_SYNTAX, "line %d: a rule wants a logsource", document->line);
    rule->logsource = (struct jw_sigma_logsource){
        lowered(r, logsource, "product"), lowered(r, logsource, "category"), lowered(r, logsource, "service")};
    rule->info.product = rule->logsource.product;
    rule->info.category = rule->logsource.category;
    rule->info.service = rule->logsource.service;
    return JW_OK;
}

jw_status jw_sigma_rule_read(const struct jw_tree *document, const struct jw_placeholders *lists,
                             struct jw_arena *mem, struct jw_sigma_rule **out, struct jw_error *err) {
    struct reading r = {.lists = lists, .mem = mem, .err = err};
    struct jw_sigma_rule *rule = jw_arena_alloc(mem, sizeof *rule);
    const struct jw_tree *detection = jw_tree_find(document, "detection");
    const struct jw_tree *correlation = jw_tree_find(document, "correlation");
    const struct jw_tree *filter = jw_tree_find(document, "filter");
    if (!rule)
        return no_memory(&r);
    *rule = (struct jw_sigma_rule){0};
    if (document->kind != JW_TREE_MAP)
        return jw_fail(err, JW_E_SYNTAX, "line %d: a rule is a map", document->line);
    if (!!detection + !!correlation + !!filter > 1)
        return jw_fail(err, JW_E_SYNTAX, "line %d: a detection, a correlation or a filter: each is a document",
                       document->line);
    jw_status st = read_info(&r, document, rule);
    if (st != JW_OK)
        return st;
    *out = rule;
    rule->generate = jw_text_is_nocase(jw_tree_text(document, "generate"), JW_TEXT("true"));
    if (correlation) {
        rule->info.correlation = true;
        return jw_sigma_correlation_read(correlation, mem, &rule->correlation, err);
    }
    const struct jw_tree *body = detection ? detection : filter;
    if (!body || body->kind != JW_TREE_MAP)
        return jw_fail(err, JW_E_SYNTAX, "line %d: neither a detection nor a correlation nor a filter",
                       document->line);
    rule->is_filter = filter != NULL;
    st = read_logsource(&r, document, rule);
    if (st == JW_OK && filter)
        st = read_targets(&r, filter, &rule->filter);
    return st == JW_OK ? read_detections(&r, body, filter ? "rules" : "timeframe", rule) : st;
}

jw_status jw_sigma_detection_read(const struct jw_tree *node, struct jw_arena *mem, struct jw_sigma_node **out,
                                  struct jw_error *err) {
    struct reading r = {.mem = mem, .err = err};
    return read_detection(&r, node, 0, out);
}
