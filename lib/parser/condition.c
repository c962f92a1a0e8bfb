/* lib/parser/condition.c — `match` and `when`: what must hold before a parser or a block is used. */
#include "worker.h"

#define VALUES 512

struct jw_condition {
    struct jw_condition *next;
    enum jw_condition_kind kind;
    struct jw_name name; /* FIELD, REGEX */
    jw_text *values;
    struct jw_name *names; /* EXISTS, MISSING */
    size_t count;
    const struct jw_grok *regex;
    struct jw_condition *inner; /* NOT */
};

static const struct {
    const char *key;
    enum jw_condition_kind kind;
} keys[] = {{"program", JW_IF_PROGRAM}, {"dataset", JW_IF_DATASET},   {"format", JW_IF_FORMAT},
            {"fields", JW_IF_FIELD},    {"exists", JW_IF_EXISTS},     {"missing", JW_IF_MISSING},
            {"starts", JW_IF_STARTS},   {"contains", JW_IF_CONTAINS}, {"regex", JW_IF_REGEX},
            {"not", JW_IF_NOT}};

static struct jw_condition *add(struct jw_compile *compile, struct jw_condition **list,
                                enum jw_condition_kind kind) {
    struct jw_condition *condition = jw_declared_alloc(compile->yaml, sizeof *condition);
    if (!condition)
        return NULL;
    condition->kind = kind;
    while (*list) /* in the order of the file: the author knows what is cheap */
        list = &(*list)->next;
    return *list = condition;
}

static void read_names(struct jw_compile *compile, struct fy_node *node, struct jw_condition *condition) {
    condition->count = jw_declared_length(node);
    condition->names = jw_declared_alloc(compile->yaml, condition->count * sizeof *condition->names);
    condition->values = jw_declared_alloc(compile->yaml, condition->count * sizeof *condition->values);
    for (size_t i = 0; condition->names && condition->values && i < condition->count; i++) {
        condition->names[i] = jw_value_read_name(compile, jw_declared_item(node, i), "exists");
        condition->values[i] = condition->names[i].text;
    }
}

/* fields: {name: value or list}; regex: {name: pattern} or a pattern for the text. */
static void read_fields(struct jw_compile *compile, struct fy_node *node, enum jw_condition_kind kind,
                        struct jw_condition **list) {
    void *at = NULL;
    if (kind == JW_IF_REGEX && fy_node_is_scalar(node)) {
        struct jw_condition *condition = add(compile, list, kind);
        if (condition) {
            condition->name = jw_value_name(JW_TEXT("_text"));
            condition->regex = jw_grok_compile(compile, node, false);
        }
        return;
    }
    if (!fy_node_is_mapping(node)) {
        jw_declared_fail(compile->yaml, node, "condition: wants field: value");
        return;
    }
    for (struct fy_node_pair *pair;
         (pair = fy_node_mapping_iterate(node, &at)) && jw_declared_good(compile->yaml);) {
        struct jw_condition *condition = add(compile, list, kind);
        if (!condition)
            return;
        condition->name = jw_value_read_name(compile, fy_node_pair_key(pair), "condition");
        if (kind == JW_IF_REGEX)
            condition->regex = jw_grok_compile(compile, fy_node_pair_value(pair), false);
        else
            condition->values =
                jw_declared_texts(compile->yaml, fy_node_pair_value(pair), "condition", &condition->count);
    }
}

static void read_one(struct jw_compile *compile, struct fy_node *node, enum jw_condition_kind kind,
                     struct jw_condition **list) {
    if (kind == JW_IF_FIELD || kind == JW_IF_REGEX) {
        read_fields(compile, node, kind, list);
        return;
    }
    struct jw_condition *condition = add(compile, list, kind);
    if (!condition)
        return;
    if (kind == JW_IF_NOT) {
        condition->inner = jw_condition_compile(compile, node);
        if (!condition->inner)
            jw_declared_fail(compile->yaml, node, "not: wants conditions");
    } else if (kind == JW_IF_EXISTS || kind == JW_IF_MISSING) {
        read_names(compile, node, condition);
    } else {
        condition->values = jw_declared_texts(compile->yaml, node, "condition", &condition->count);
    }
    for (size_t i = 0; i < condition->count; i++)
        if (condition->values[i].len == 0)
            jw_declared_fail(compile->yaml, node, "condition: an empty text fits everything");
    if (condition->count > VALUES)
        jw_declared_fail(compile->yaml, node, "condition: more than %d values", VALUES);
}

struct jw_condition *jw_condition_compile(struct jw_compile *compile, struct fy_node *map) {
    struct jw_condition *list = NULL;
    if (++compile->depth > JW_PARSER_DEPTH)
        jw_declared_fail(compile->yaml, map, "more than %d levels", JW_PARSER_DEPTH);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && jw_declared_good(compile->yaml); i++) {
        struct fy_node *node = jw_declared_member(map, keys[i].key);
        if (node)
            read_one(compile, node, keys[i].kind, &list);
    }
    compile->depth--;
    return jw_declared_good(compile->yaml) ? list : NULL;
}

static bool is_any(const struct jw_condition *condition, jw_text value) {
    for (size_t i = 0; i < condition->count; i++)
        if (jw_text_is(condition->values[i], value))
            return true;
    return false;
}

/* Values of fields compare without case, as tables do: shippers write "Security" and "security". */
static bool is_any_nocase(const struct jw_condition *condition, jw_text value) {
    for (size_t i = 0; i < condition->count; i++)
        if (jw_text_is_nocase(condition->values[i], value))
            return true;
    return false;
}

/* Any value of a multi-valued field will do. */
static bool field_is_any(const struct jw_condition *condition, const struct jw_run *run) {
    const struct jw_record *rec = run->rec;
    for (uint32_t i = 0; i < rec->count; i++)
        if (rec->fields[i].id == condition->name.id &&
            (condition->name.id || jw_text_is(rec->fields[i].name, condition->name.text)) &&
            is_any_nocase(condition, rec->fields[i].value))
            return true;
    return false;
}

static bool text_has(const struct jw_condition *condition, const struct jw_parsers_input *in) {
    for (size_t i = 0; i < condition->count; i++) {
        jw_text literal = condition->values[i];
        if (condition->kind == JW_IF_CONTAINS
                ? jw_text_find(in->content, literal, NULL)
                : jw_text_starts(in->text, literal) || jw_text_starts(in->content, literal))
            return true;
    }
    return false;
}

static bool fields_there(const struct jw_condition *condition, struct jw_run *run) {
    for (size_t i = 0; i < condition->count; i++)
        if ((jw_value_get(run, &condition->names[i]).ptr != NULL) != (condition->kind == JW_IF_EXISTS))
            return false;
    return true;
}

static bool holds(const struct jw_condition *condition, struct jw_run *run) {
    jw_text value;
    switch (condition->kind) {
    case JW_IF_PROGRAM:
        return is_any(condition, run->in->program);
    case JW_IF_DATASET:
        return is_any(condition, run->in->dataset);
    case JW_IF_FORMAT:
        return is_any(condition, run->in->format);
    case JW_IF_FIELD:
        return field_is_any(condition, run);
    case JW_IF_STARTS:
    case JW_IF_CONTAINS:
        return text_has(condition, run->in);
    case JW_IF_EXISTS:
    case JW_IF_MISSING:
        return fields_there(condition, run);
    case JW_IF_REGEX:
        value = jw_value_get(run, &condition->name);
        return value.ptr && jw_grok_match(condition->regex, run->worker, value);
    default:
        return !jw_condition_holds(condition->inner, run);
    }
}

bool jw_condition_holds(const struct jw_condition *condition, struct jw_run *run) {
    for (; condition; condition = condition->next)
        if (!holds(condition, run))
            return false;
    return true;
}

const jw_text *jw_condition_values(const struct jw_condition *condition, enum jw_condition_kind kind,
                                   size_t *out_count) {
    while (condition && condition->kind != kind)
        condition = condition->next;
    *out_count = condition ? (kind == JW_IF_FIELD ? 1 : kind == JW_IF_EXISTS ? 1 : condition->count) : 0;
    if (!condition)
        return NULL;
    return kind == JW_IF_FIELD ? &condition->name.text : condition->values;
}
