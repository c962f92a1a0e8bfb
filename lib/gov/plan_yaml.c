/* lib/gov/plan_yaml.c — YAML: lists `networks` and `assets` of mappings with the members of a row. */
#include "plan.h"

#include "yaml/yaml.h"

static uint32_t line_of(struct fy_node *node) {
    struct fy_token *token = fy_node_get_type(node) == FYNT_SCALAR ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (mark)
        return (uint32_t)mark->line + 1;
    struct fy_node_pair *pair = fy_node_is_mapping(node) ? fy_node_mapping_get_by_index(node, 0) : NULL;
    struct fy_node *inner = pair                        ? fy_node_pair_key(pair)
                            : fy_node_is_sequence(node) ? fy_node_sequence_get_by_index(node, 0)
                                                        : NULL;
    return inner ? line_of(inner) : 0;
}

static jw_text scalar(struct jw_plan *plan, struct fy_node *node) {
    jw_text text = {NULL, 0};
    if (fy_node_is_scalar(node) && !jw_yaml_text(fy_node_get_scalar_token(node), plan->yaml, plan->mem, &text))
        plan->failed = true;
    return text;
}

/* A scalar, or a list of scalars joined by ';'. False for anything else. */
static bool value_of(struct jw_plan *plan, struct fy_node *node, jw_text *out) {
    void *at = NULL;
    if (!node || fy_node_is_null(node))
        return true;
    if (fy_node_is_scalar(node))
        return *out = scalar(plan, node), true;
    if (!fy_node_is_sequence(node))
        return false;
    jw_buffer joined = JW_BUFFER(1 << 20);
    for (struct fy_node *item; (item = fy_node_sequence_iterate(node, &at));) {
        if (joined.len)
            jw_buffer_byte(&joined, ';');
        jw_buffer_add(&joined, scalar(plan, item));
    }
    *out = joined.len ? jw_arena_copy(plan->mem, jw_buffer_text(&joined)) : (jw_text){0};
    bool good = !joined.failed && (out->ptr || !joined.len);
    jw_buffer_free(&joined);
    return good;
}

static void read_row(struct jw_plan *plan, struct fy_node *node) {
    struct jw_plan_row row = {0};
    void *at = NULL;
    if (!fy_node_is_mapping(node)) {
        jw_plan_refuse(plan, line_of(node), "a row is a mapping: network, unit, owner, plane");
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(node, &at));) {
        jw_text key = scalar(plan, fy_node_pair_key(pair));
        jw_text *member = jw_plan_member(&row, key);
        if (!member) {
            jw_plan_refuse(plan, line_of(fy_node_pair_key(pair)), "unknown key \"" JW_FMT "\"", JW_ARG(key));
            return;
        }
        if (!value_of(plan, fy_node_pair_value(pair), member)) {
            jw_plan_refuse(plan, line_of(fy_node_pair_key(pair)),
                           "the value of \"" JW_FMT "\" is neither text nor a list", JW_ARG(key));
            return;
        }
    }
    jw_plan_add(plan, line_of(node), &row);
}

static void read_lists(struct jw_plan *plan, struct fy_node *root) {
    void *at = NULL, *inner = NULL;
    if (!fy_node_is_mapping(root)) {
        jw_plan_refuse(plan, 1, "wants the lists networks and assets");
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(root, &at));) {
        struct fy_node *key = fy_node_pair_key(pair), *list = fy_node_pair_value(pair);
        jw_text name = scalar(plan, key);
        if (jw_text_is(name, JW_TEXT("sample")))
            continue; /* marks a plan that came with the program */
        if (!jw_text_is(name, JW_TEXT("networks")) && !jw_text_is(name, JW_TEXT("assets"))) {
            jw_plan_refuse(plan, line_of(key), "unknown list \"" JW_FMT "\"; there are networks and assets",
                           JW_ARG(name));
            continue;
        }
        if (list && !fy_node_is_null(list) && !fy_node_is_sequence(list)) {
            jw_plan_refuse(plan, line_of(key), "\"" JW_FMT "\" wants a list of rows", JW_ARG(name));
            continue;
        }
        inner = NULL;
        for (struct fy_node *node;
             list && fy_node_is_sequence(list) && (node = fy_node_sequence_iterate(list, &inner));)
            read_row(plan, node);
    }
}

void jw_plan_yaml_read(struct jw_plan *plan, jw_text bytes) {
    uint32_t line;
    const char *unfit = jw_yaml_unfit(bytes, &line);
    if (unfit) {
        jw_plan_refuse(plan, line, "%s", unfit);
        return;
    }
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    if (!diag) {
        plan->failed = true;
        return;
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_document *doc = fy_document_build_from_string(&cfg, bytes.ptr, bytes.len);
    plan->yaml = bytes;
    if (doc) {
        if (fy_document_root(doc))
            read_lists(plan, fy_document_root(doc));
        fy_document_destroy(doc);
    } else {
        void *at = NULL;
        struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
        jw_plan_refuse(plan, first && first->line > 0 ? (uint32_t)first->line : 1, "not YAML: %s",
                       first && first->msg ? first->msg : "cannot be read");
    }
    fy_diag_destroy(diag);
}
