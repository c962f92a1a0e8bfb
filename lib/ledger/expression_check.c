/* lib/ledger/expression_check.c — what every part of an expression is, before it ever runs. */
#include "expression_tree.h"
#include "rules.h"

#include <stdarg.h>
#include <string.h>

struct check {
    struct jw_expression *expression;
    const struct jw_ledger *ledger; /* whose fields names mean: the own one, or the related one behind `where` */
    const struct jw_ledger_field *field;
    jw_expression_find find;
    const void *context;
    struct jw_error *err;
    jw_status state;
    bool inside; /* a condition about related records */
};

static const char *const kind_names[] = {"empty",  "a number", "a text",        "true or false",
                                         "a date", "a list",   "no plain value"};

JW_PRINTF(3, 4) static jw_kind complain(struct check *check, const struct jw_node *node, const char *fmt, ...);

static jw_kind complain(struct check *check, const struct jw_node *node, const char *fmt, ...) {
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (check->state == JW_OK)
        check->state = jw_fail(check->err, JW_E_SYNTAX, "at character %d: %s", node->at, text);
    return JW_KIND_EMPTY;
}

static jw_kind kind_of_field(const struct jw_ledger_field *field) {
    static const struct {
        const char *type;
        jw_kind kind;
    } kinds[] = {{"number", JW_KIND_NUMBER}, {"decimal", JW_KIND_NUMBER},  {"duration", JW_KIND_NUMBER},
                 {"date", JW_KIND_DATE},     {"datetime", JW_KIND_DATE},   {"boolean", JW_KIND_BOOLEAN},
                 {"geo", JW_KIND_OTHER},     {"reference", JW_KIND_OTHER}, {"person", JW_KIND_OTHER},
                 {"unit", JW_KIND_OTHER}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(field->type->name, kinds[i].type) == 0)
            return kinds[i].kind;
    return field->type->many ? JW_KIND_LIST : JW_KIND_TEXT;
}

static const struct jw_ledger_field *field_of(struct check *check, const struct jw_node *node, const char *name) {
    int found = jw_ledger_field_find(check->ledger, jw_text_from(name));
    if (found < 0)
        return complain(check, node, "there is no field \"%.48s\" in the ledger %s", name, check->ledger->name),
               NULL;
    const struct jw_ledger_field *field = &check->ledger->fields[found];
    if (field->type->stored == JW_STORED_NOTHING)
        return complain(check, node, "\"%s\" is computed itself; write its expression here", field->name), NULL;
    if (field->sensitivity > check->field->sensitivity)
        return complain(check, node, "\"%s\" is %s, so this field must be as well: sensitivity: %s", field->name,
                        field->sensitivity == JW_SECRET ? "secret" : "sensitive",
                        field->sensitivity == JW_SECRET ? "secret" : "sensitive"),
               NULL;
    return field;
}

static jw_kind check_node(struct check *check, int at);

static jw_kind kind_at(struct check *check, const struct jw_node *node, int i) {
    return check->state == JW_OK ? check_node(check, node->child[i]) : JW_KIND_EMPTY;
}

static void want(struct check *check, const struct jw_node *node, jw_kind got, jw_kind wanted) {
    if (got != wanted && got != JW_KIND_EMPTY)
        complain(check, node, "wants %s here, not %s", kind_names[wanted], kind_names[got]);
}

/* Where a text is compared with a choice it must be one: a word that is mistyped would never be equal. */
static void check_choice(struct check *check, const struct jw_node *field_node, const struct jw_node *text_node) {
    if (field_node->op != JW_OP_FIELD || text_node->op != JW_OP_TEXT)
        return;
    const struct jw_ledger_field *field = field_of(check, field_node, field_node->text);
    if (field && !jw_rule_has_choice(field, jw_text_from(text_node->text)))
        complain(check, text_node, "\"%.60s\" is no choice of the field \"%s\"", text_node->text, field->name);
}

static jw_kind check_comparison(struct check *check, const struct jw_node *node) {
    jw_kind left = kind_at(check, node, 0), right = kind_at(check, node, 1);
    const struct jw_node *nodes = check->expression->nodes;
    if (left == JW_KIND_LIST || left == JW_KIND_OTHER || right == JW_KIND_LIST || right == JW_KIND_OTHER)
        complain(check, node, "this cannot be compared; there are is_empty(), size() and contains()");
    else if (left != right && left != JW_KIND_EMPTY && right != JW_KIND_EMPTY)
        complain(check, node, "%s cannot be compared with %s", kind_names[left], kind_names[right]);
    if (left == JW_KIND_BOOLEAN && node->op != JW_OP_EQUAL && node->op != JW_OP_UNEQUAL)
        complain(check, node, "true and false have no order");
    if (check->state == JW_OK && left == JW_KIND_TEXT && right == JW_KIND_TEXT) {
        check_choice(check, &nodes[node->child[0]], &nodes[node->child[1]]);
        check_choice(check, &nodes[node->child[1]], &nodes[node->child[0]]);
    }
    return JW_KIND_BOOLEAN;
}

static jw_kind check_arithmetic(struct check *check, const struct jw_node *node) {
    jw_kind left = kind_at(check, node, 0), right = kind_at(check, node, 1);
    if (node->op == JW_OP_ADD && left == JW_KIND_TEXT) {
        want(check, node, right, JW_KIND_TEXT);
        return JW_KIND_TEXT;
    }
    if (left == JW_KIND_DATE && right == JW_KIND_DATE && node->op == JW_OP_SUBTRACT)
        return JW_KIND_NUMBER;
    if (left == JW_KIND_DATE && (node->op == JW_OP_ADD || node->op == JW_OP_SUBTRACT)) {
        want(check, node, right, JW_KIND_NUMBER);
        return JW_KIND_DATE;
    }
    want(check, node, left, JW_KIND_NUMBER);
    want(check, node, right, JW_KIND_NUMBER);
    return JW_KIND_NUMBER;
}

/* All of one kind, or empty: that kind. */
static jw_kind check_alike(struct check *check, const struct jw_node *node, int from) {
    jw_kind common = JW_KIND_EMPTY;
    for (int i = from; i < node->children && check->state == JW_OK; i++) {
        jw_kind kind = kind_at(check, node, i);
        if (kind == JW_KIND_LIST || kind == JW_KIND_OTHER)
            complain(check, node, "this value cannot stand here; there are is_empty(), size() and contains()");
        else if (common == JW_KIND_EMPTY)
            common = kind;
        else
            want(check, node, kind, common);
    }
    return common;
}

static jw_kind check_contains(struct check *check, const struct jw_node *node) {
    jw_kind in = kind_at(check, node, 0);
    const struct jw_node *nodes = check->expression->nodes;
    if (in != JW_KIND_TEXT && in != JW_KIND_LIST && in != JW_KIND_EMPTY)
        complain(check, node, "contains() looks into texts and lists, not %s", kind_names[in]);
    want(check, node, kind_at(check, node, 1), JW_KIND_TEXT);
    if (check->state == JW_OK && in == JW_KIND_LIST)
        check_choice(check, &nodes[node->child[0]], &nodes[node->child[1]]);
    return JW_KIND_BOOLEAN;
}

static jw_kind check_call(struct check *check, const struct jw_node *node) {
    jw_kind kind;
    switch ((enum jw_function_place)node->number) {
    case JW_FN_IF:
        want(check, node, kind_at(check, node, 0), JW_KIND_BOOLEAN);
        return check_alike(check, node, 1);
    case JW_FN_IS_EMPTY:
        kind_at(check, node, 0);
        return JW_KIND_BOOLEAN;
    case JW_FN_OR_ELSE:
        return check_alike(check, node, 0);
    case JW_FN_LEAST:
    case JW_FN_MOST:
        kind = check_alike(check, node, 0);
        if (kind != JW_KIND_NUMBER && kind != JW_KIND_DATE && kind != JW_KIND_EMPTY)
            complain(check, node, "least() and most() want numbers or dates, not %s", kind_names[kind]);
        return kind;
    case JW_FN_ROUND:
        for (int i = 0; i < node->children; i++)
            want(check, node, kind_at(check, node, i), JW_KIND_NUMBER);
        return JW_KIND_NUMBER;
    case JW_FN_DAYS_UNTIL:
    case JW_FN_DAYS_SINCE:
        want(check, node, kind_at(check, node, 0), JW_KIND_DATE);
        return JW_KIND_NUMBER;
    case JW_FN_TODAY:
        return JW_KIND_DATE;
    case JW_FN_CONTAINS:
        return check_contains(check, node);
    case JW_FN_SIZE:
        kind = kind_at(check, node, 0);
        if (kind != JW_KIND_TEXT && kind != JW_KIND_LIST && kind != JW_KIND_EMPTY)
            complain(check, node, "size() measures texts and lists, not %s", kind_names[kind]);
        return JW_KIND_NUMBER;
    }
    return JW_KIND_EMPTY;
}

/* Names mean the related ledger's fields from here on. */
static jw_kind check_inside(struct check *check, const struct jw_node *node) {
    int found = jw_ledger_field_find(check->ledger, jw_text_from(node->reference));
    const struct jw_rule_reference *points = found < 0 ? NULL : jw_rule_reference(&check->ledger->fields[found]);
    if (found < 0)
        return complain(check, node, "there is no field \"%.48s\" in the ledger %s", node->reference,
                        check->ledger->name);
    if (!points)
        return complain(check, node, "the field \"%s\" of %s points to no ledger", node->reference,
                        check->ledger->name);
    if (node->children)
        want(check, node, kind_at(check, node, 0), JW_KIND_BOOLEAN);
    if (!node->over)
        return JW_KIND_NUMBER;
    const struct jw_ledger_field *over = field_of(check, node, node->over);
    jw_kind wanted = strcmp(node->text, "sum") == 0 ? JW_KIND_NUMBER : JW_KIND_DATE;
    if (over)
        want(check, node, kind_of_field(over), wanted);
    return wanted;
}

static jw_kind check_related(struct check *check, const struct jw_node *node) {
    const struct jw_ledger *own = check->ledger, *other = check->find(check->context, node->ledger);
    if (check->inside)
        return complain(check, node, "a condition cannot count again");
    if (!other)
        return complain(check, node, "there is no ledger \"%.48s\"", node->ledger);
    check->ledger = other;
    check->inside = true;
    jw_kind kind = check_inside(check, node);
    int found = jw_ledger_field_find(other, jw_text_from(node->reference));
    const struct jw_rule_reference *points = found < 0 ? NULL : jw_rule_reference(&other->fields[found]);
    if (check->state == JW_OK && points && strcmp(points->ledger, own->name) != 0)
        complain(check, node, "the field \"%s\" of %s points to %s, not to %s", node->reference, other->name,
                 points->ledger, own->name);
    check->ledger = own;
    check->inside = false;
    return kind;
}

static jw_kind check_field(struct check *check, struct jw_node *node) {
    const struct jw_ledger_field *field = field_of(check, node, node->text);
    if (!field)
        return JW_KIND_EMPTY;
    node->instant = strcmp(field->type->name, "datetime") == 0;
    return kind_of_field(field);
}

static jw_kind judge(struct check *check, struct jw_node *node) {
    switch (node->op) {
    case JW_OP_NUMBER:
        return JW_KIND_NUMBER;
    case JW_OP_TEXT:
        return JW_KIND_TEXT;
    case JW_OP_TRUE:
    case JW_OP_FALSE:
        return JW_KIND_BOOLEAN;
    case JW_OP_EMPTY:
        return JW_KIND_EMPTY;
    case JW_OP_FIELD:
        return check_field(check, node);
    case JW_OP_MINUS:
        want(check, node, kind_at(check, node, 0), JW_KIND_NUMBER);
        return JW_KIND_NUMBER;
    case JW_OP_NOT:
    case JW_OP_AND:
    case JW_OP_OR:
        for (int i = 0; i < node->children; i++)
            want(check, node, kind_at(check, node, i), JW_KIND_BOOLEAN);
        return JW_KIND_BOOLEAN;
    case JW_OP_ADD:
    case JW_OP_SUBTRACT:
    case JW_OP_MULTIPLY:
    case JW_OP_DIVIDE:
        return check_arithmetic(check, node);
    case JW_OP_CALL:
        return check_call(check, node);
    case JW_OP_RELATED:
        return check_related(check, node);
    default:
        return check_comparison(check, node);
    }
}

static jw_kind check_node(struct check *check, int at) {
    struct jw_node *node = &check->expression->nodes[at];
    return node->kind = judge(check, node);
}

jw_status jw_expression_check(struct jw_expression *expression, const struct jw_ledger *ledger,
                              const struct jw_ledger_field *field, jw_expression_find find, const void *context,
                              struct jw_error *err) {
    struct check check = {expression, ledger, field, find, context, err, JW_OK, false};
    jw_kind kind = check_node(&check, expression->root);
    if (kind == JW_KIND_LIST || kind == JW_KIND_OTHER)
        complain(&check, &expression->nodes[expression->root],
                 "the result is %s; wants a number, text, date, true or false", kind_names[kind]);
    return check.state;
}
