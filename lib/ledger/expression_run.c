/* lib/ledger/expression_run.c — the value of a checked expression for one record. */
#include "characters.h"
#include "day.h"
#include "expression_tree.h"

#include <math.h>
#include <string.h>

#include "base/time.h"

struct value {
    jw_kind kind;
    double number; /* days for a date; 0 and 1 */
    jw_text text;
    const json_t *list;
};

struct run {
    const struct jw_expression *expression;
    const struct jw_expression_world *world;
    const json_t *record; /* whose fields names mean */
    struct jw_error *err;
    jw_status state;
    size_t *visited;
};

static const struct value nothing = {0};
static struct value number(double value) {
    return isfinite(value) ? (struct value){.kind = JW_KIND_NUMBER, .number = value} : nothing;
}
static struct value truth(bool value) { return (struct value){.kind = JW_KIND_BOOLEAN, .number = value}; }
static struct value day(double value) {
    return fabs(value) < 4e6 ? (struct value){.kind = JW_KIND_DATE, .number = floor(value)} : nothing;
}
static bool is_true(struct value value) { return value.kind == JW_KIND_BOOLEAN && value.number != 0; }

static struct value value_of(struct run *run, int at);

static struct value field_of(const struct jw_node *node, const json_t *record, const char *name, jw_kind kind) {
    const json_t *json = json_object_get(record, name);
    int64_t days;
    if (json_is_number(json))
        return number(json_number_value(json));
    if (json_is_boolean(json))
        return truth(json_is_true(json));
    if (json_is_array(json))
        return (struct value){.kind = JW_KIND_LIST, .list = json};
    if (json_is_object(json))
        return (struct value){.kind = JW_KIND_OTHER};
    if (!json_is_string(json))
        return nothing;
    jw_text text = {json_string_value(json), json_string_length(json)};
    if (kind != JW_KIND_DATE)
        return (struct value){.kind = JW_KIND_TEXT, .text = text};
    bool good = node->instant || text.len > 10 ? jw_day_of_instant(text, &days) : jw_day_read(text, &days);
    return good ? day((double)days) : nothing;
}

static int compare(struct value a, struct value b) {
    if (a.kind == JW_KIND_TEXT)
        return jw_text_compare(a.text, b.text);
    return a.number < b.number ? -1 : a.number > b.number;
}

static struct value comparison(enum jw_operation op, struct value a, struct value b) {
    if (a.kind == JW_KIND_EMPTY || b.kind == JW_KIND_EMPTY || a.kind != b.kind) {
        bool same = a.kind == b.kind;
        return truth(op == JW_OP_EQUAL ? same : op == JW_OP_UNEQUAL ? !same : false);
    }
    int order = compare(a, b);
    switch (op) {
    case JW_OP_EQUAL:
        return truth(order == 0);
    case JW_OP_UNEQUAL:
        return truth(order != 0);
    case JW_OP_LESS:
        return truth(order < 0);
    case JW_OP_AT_MOST:
        return truth(order <= 0);
    case JW_OP_MORE:
        return truth(order > 0);
    default:
        return truth(order >= 0);
    }
}

static struct value joined(struct run *run, struct value a, struct value b) {
    size_t len = a.text.len + b.text.len;
    char *text = jw_arena_alloc(run->world->mem, len + 1);
    if (!text) {
        run->state = jw_fail(run->err, JW_E_LIMIT, "the text that the expression makes is too long");
        return nothing;
    }
    if (a.text.len)
        memcpy(text, a.text.ptr, a.text.len);
    if (b.text.len)
        memcpy(text + a.text.len, b.text.ptr, b.text.len);
    return (struct value){.kind = JW_KIND_TEXT, .text = {text, len}};
}

static struct value arithmetic(struct run *run, enum jw_operation op, struct value a, struct value b) {
    if (a.kind == JW_KIND_EMPTY || b.kind == JW_KIND_EMPTY)
        return nothing;
    if (a.kind == JW_KIND_TEXT)
        return joined(run, a, b);
    if (a.kind == JW_KIND_DATE && b.kind == JW_KIND_NUMBER)
        return day(op == JW_OP_ADD ? a.number + b.number : a.number - b.number);
    switch (op) {
    case JW_OP_ADD:
        return number(a.number + b.number);
    case JW_OP_SUBTRACT:
        return number(a.number - b.number);
    case JW_OP_MULTIPLY:
        return number(a.number * b.number);
    default:
        return b.number == 0 ? nothing : number(a.number / b.number);
    }
}

static bool list_has(const json_t *list, jw_text text) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_string(item) && jw_text_is((jw_text){json_string_value(item), json_string_length(item)}, text))
            return true;
    }
    return false;
}

static struct value contains(struct value in, struct value what) {
    if (in.kind == JW_KIND_EMPTY || what.kind == JW_KIND_EMPTY)
        return truth(false);
    return truth(in.kind == JW_KIND_LIST ? list_has(in.list, what.text) : jw_text_find(in.text, what.text, NULL));
}

static struct value size_of(struct value value) {
    size_t count = 0;
    if (value.kind == JW_KIND_LIST)
        count = json_array_size(value.list);
    else if (value.kind == JW_KIND_TEXT)
        jw_characters_count(value.text, &count);
    return number((double)count);
}

static struct value extreme(struct run *run, const struct jw_node *node, bool most) {
    struct value best = nothing;
    for (int i = 0; i < node->children; i++) {
        struct value value = value_of(run, node->child[i]);
        if (value.kind == JW_KIND_EMPTY)
            continue;
        if (best.kind == JW_KIND_EMPTY || (most ? compare(value, best) > 0 : compare(value, best) < 0))
            best = value;
    }
    return best;
}

static struct value rounded(struct run *run, const struct jw_node *node) {
    struct value value = value_of(run, node->child[0]);
    struct value places = node->children > 1 ? value_of(run, node->child[1]) : number(0);
    if (value.kind == JW_KIND_EMPTY || places.kind == JW_KIND_EMPTY)
        return nothing;
    double scale = pow(10, fmax(0, fmin(9, floor(places.number))));
    return number(round(value.number * scale) / scale);
}

static struct value call(struct run *run, const struct jw_node *node) {
    struct value first =
        node->children && node->number != JW_FN_LEAST && node->number != JW_FN_MOST && node->number != JW_FN_ROUND
            ? value_of(run, node->child[0])
            : nothing;
    switch ((enum jw_function_place)node->number) {
    case JW_FN_IF:
        return value_of(run, node->child[is_true(first) ? 1 : 2]);
    case JW_FN_IS_EMPTY:
        return truth(first.kind == JW_KIND_EMPTY || (first.kind == JW_KIND_LIST && !json_array_size(first.list)));
    case JW_FN_OR_ELSE:
        return first.kind == JW_KIND_EMPTY ? value_of(run, node->child[1]) : first;
    case JW_FN_ROUND:
        return rounded(run, node);
    case JW_FN_LEAST:
    case JW_FN_MOST:
        return extreme(run, node, node->number == JW_FN_MOST);
    case JW_FN_DAYS_UNTIL:
        return first.kind == JW_KIND_DATE ? number(first.number - (double)run->world->today) : nothing;
    case JW_FN_DAYS_SINCE:
        return first.kind == JW_KIND_DATE ? number((double)run->world->today - first.number) : nothing;
    case JW_FN_TODAY:
        return day((double)run->world->today);
    case JW_FN_CONTAINS:
        return contains(first, value_of(run, node->child[1]));
    case JW_FN_SIZE:
        return size_of(first);
    }
    return nothing;
}

/* --- related records --------------------------------------------------------------------------------------------
 */
struct gather {
    struct run run; /* the same expression over the related record */
    const struct jw_node *node;
    struct value result;
};

static void take(struct gather *gather, const json_t *record) {
    const struct jw_node *node = gather->node;
    struct value *result = &gather->result;
    if (!node->over) {
        result->number++;
        return;
    }
    bool sum = strcmp(node->text, "sum") == 0;
    struct value value = field_of(node, record, node->over, sum ? JW_KIND_NUMBER : JW_KIND_DATE);
    if (value.kind == JW_KIND_EMPTY)
        return;
    if (sum)
        result->number += value.number;
    else if (result->kind == JW_KIND_EMPTY ||
             (strcmp(node->text, "latest") == 0 ? value.number > result->number : value.number < result->number))
        *result = value;
}

static bool visit(void *with, const json_t *record) {
    struct gather *gather = with;
    struct run *run = &gather->run;
    if (++*run->visited > JW_EXPRESSION_RELATED) {
        run->state = jw_fail(run->err, JW_E_LIMIT, "more than %d related records", JW_EXPRESSION_RELATED);
        return false;
    }
    run->record = record;
    if (!gather->node->children || is_true(value_of(run, gather->node->child[0])))
        take(gather, record);
    return run->state == JW_OK;
}

static struct value over_related(struct run *run, const struct jw_node *node) {
    const struct jw_expression_world *world = run->world;
    bool count = !node->over;
    int64_t counted = 0;
    if (!world->related)
        return nothing;
    if (count && !node->children && world->count) {
        jw_status st = world->count(world->context, node->ledger, node->reference, &counted, run->err);
        if (st != JW_OK)
            run->state = st;
        return number((double)counted);
    }
    struct gather gather = {*run, node, nothing};
    if (count || strcmp(node->text, "sum") == 0)
        gather.result = number(0);
    jw_status st = world->related(world->context, node->ledger, node->reference, visit, &gather, run->err);
    run->state = gather.run.state != JW_OK ? gather.run.state : st;
    return gather.result.kind == JW_KIND_NUMBER ? number(gather.result.number) : gather.result;
}

/* Depth is at most the number of nodes (JW_EXPRESSION_NODES), which a stack bears. */
static struct value value_of(struct run *run, int at) {
    const struct jw_node *node = &run->expression->nodes[at];
    struct value left;
    if (run->state != JW_OK)
        return nothing;
    switch (node->op) {
    case JW_OP_NUMBER:
        return number(node->number);
    case JW_OP_TEXT:
        return (struct value){.kind = JW_KIND_TEXT, .text = jw_text_from(node->text)};
    case JW_OP_TRUE:
    case JW_OP_FALSE:
        return truth(node->op == JW_OP_TRUE);
    case JW_OP_EMPTY:
        return nothing;
    case JW_OP_FIELD:
        return field_of(node, run->record, node->text, node->kind);
    case JW_OP_NOT:
        return truth(!is_true(value_of(run, node->child[0])));
    case JW_OP_MINUS:
        left = value_of(run, node->child[0]);
        return left.kind == JW_KIND_NUMBER ? number(-left.number) : nothing;
    case JW_OP_AND:
        return truth(is_true(value_of(run, node->child[0])) && is_true(value_of(run, node->child[1])));
    case JW_OP_OR:
        return truth(is_true(value_of(run, node->child[0])) || is_true(value_of(run, node->child[1])));
    case JW_OP_ADD:
    case JW_OP_SUBTRACT:
    case JW_OP_MULTIPLY:
    case JW_OP_DIVIDE:
        left = value_of(run, node->child[0]);
        return arithmetic(run, node->op, left, value_of(run, node->child[1]));
    case JW_OP_CALL:
        return call(run, node);
    case JW_OP_RELATED:
        return over_related(run, node);
    default:
        left = value_of(run, node->child[0]);
        return comparison(node->op, left, value_of(run, node->child[1]));
    }
}

static json_t *print(struct value value) {
    char text[JW_DAY_TEXT];
    switch (value.kind) {
    case JW_KIND_NUMBER:
        return value.number == floor(value.number) && fabs(value.number) < 9e15
                   ? json_integer((json_int_t)value.number)
                   : json_real(value.number);
    case JW_KIND_TEXT:
        return json_stringn(value.text.ptr ? value.text.ptr : "", value.text.len);
    case JW_KIND_BOOLEAN:
        return json_boolean(value.number != 0);
    case JW_KIND_DATE:
        return jw_day_print((int64_t)value.number, text) ? json_string(text) : json_null();
    default:
        return json_null();
    }
}

jw_status jw_expression_run(const struct jw_expression *expression, const struct jw_expression_world *world,
                            json_t **out, struct jw_error *err) {
    size_t visited = 0;
    struct run run = {expression, world, world->record, err, JW_OK, &visited};
    struct value value = value_of(&run, expression->root);
    if (run.state != JW_OK)
        return run.state;
    *out = print(value);
    return *out ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}
