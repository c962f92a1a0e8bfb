/* lib/ledger/expression_needs.c — which related records an expression looks at, and which of their fields. */
#include "expression_tree.h"

#include <string.h>

static void add_field(struct jw_expression_need *need, const char *name) {
    for (size_t i = 0; i < need->count; i++)
        if (strcmp(need->fields[i], name) == 0)
            return;
    if (need->count < JW_EXPRESSION_NEEDED)
        need->fields[need->count++] = name;
}

/* The fields named in the condition of a related node; there is no related node within another. */
static void add_fields(const struct jw_expression *expression, int at, struct jw_expression_need *need) {
    const struct jw_node *node = &expression->nodes[at];
    if (node->op == JW_OP_FIELD)
        add_field(need, node->text);
    for (int i = 0; i < node->children; i++)
        add_fields(expression, node->child[i], need);
}

static bool is_same(const struct jw_node *a, const struct jw_node *b) {
    return strcmp(a->ledger, b->ledger) == 0 && strcmp(a->reference, b->reference) == 0;
}

static bool is_first(const struct jw_expression *expression, int at) {
    for (int i = 0; i < at; i++)
        if (expression->nodes[i].op == JW_OP_RELATED && is_same(&expression->nodes[i], &expression->nodes[at]))
            return false;
    return true;
}

bool jw_expression_get_need(const struct jw_expression *expression, size_t i, struct jw_expression_need *out) {
    for (int at = 0; at < expression->count; at++) {
        const struct jw_node *node = &expression->nodes[at];
        if (node->op != JW_OP_RELATED || !is_first(expression, at) || i--)
            continue;
        *out = (struct jw_expression_need){.ledger = node->ledger, .reference = node->reference};
        for (int other = at; other < expression->count; other++) {
            const struct jw_node *same = &expression->nodes[other];
            if (same->op != JW_OP_RELATED || !is_same(same, node))
                continue;
            if (same->over)
                add_field(out, same->over);
            if (same->children)
                add_fields(expression, same->child[0], out);
        }
        return true;
    }
    return false;
}
