/* lib/exchange/cells.c — a value as a cell: what people see, which the same field reads back. */
#include "parts.h"

#include <math.h>
#include <string.h>

#include "ledger/rules.h"

#define CELL_MOST JW_SHEET_CELL
#define EXACT     1e15 /* Excel keeps 15 digits of a number: longer ones are texts */

jw_cell_kind jw_cells_kind(const struct jw_ledger_field *field, bool *out_time) {
    const char *type = field->type->name;
    *out_time = strcmp(type, "datetime") == 0;
    if (*out_time || strcmp(type, "date") == 0)
        return JW_CELL_DATE;
    return strcmp(type, "number") == 0 || strcmp(type, "decimal") == 0 ? JW_CELL_NUMBER : JW_CELL_TEXT;
}

/* "一号机房", "张三 #17" where two are called so, "#17" where the name says nothing. */
static jw_status add_name(struct jw_names *names, const char *ledger, int64_t id, bool many, jw_buffer *out,
                          struct jw_error *err) {
    const struct jw_name *name;
    jw_status st = jw_names_get(names, ledger, id, &name, err);
    if (st != JW_OK)
        return st;
    bool plain = name && name->name.len && !jw_text_find(name->name, JW_TEXT("#"), NULL);
    static const char *const cuts[] = {"、", "，", "；", ",", ";", "\n"};
    for (size_t i = 0; plain && many && i < sizeof cuts / sizeof *cuts; i++)
        plain = !jw_text_find(name->name, jw_text_from(cuts[i]), NULL);
    if (plain)
        jw_buffer_add(out, name->name);
    if (!plain || name->doubled)
        jw_buffer_print(out, "%s#%lld", plain ? " " : "", (long long)id);
    return JW_OK;
}

static jw_status add_names(struct jw_names *names, const char *ledger, const json_t *value, jw_buffer *out,
                           struct jw_error *err) {
    if (!json_is_array(value))
        return add_name(names, ledger, json_integer_value(value), false, out, err);
    jw_status st = JW_OK;
    for (size_t i = 0; i < json_array_size(value) && st == JW_OK; i++) {
        if (i)
            jw_buffer_add(out, JW_TEXT("、"));
        st = add_name(names, ledger, json_integer_value(json_array_get(value, i)), true, out, err);
    }
    return st;
}

static void add_json(const json_t *value, jw_buffer *out) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    jw_buffer_add(out, jw_text_from(text ? text : ""));
    free(text);
}

jw_status jw_cells_show(struct jw_names *names, const struct jw_ledger_field *field, const json_t *value,
                        bool masked, bool english, struct jw_arena *mem, struct jw_cell *out,
                        struct jw_error *err) {
    const struct jw_rule_reference *rule = jw_rule_reference(field);
    jw_buffer text = JW_BUFFER(CELL_MOST * 2);
    bool time;
    jw_status st = JW_OK;
    *out = (struct jw_cell){0};
    if (!value || json_is_null(value))
        return JW_OK;
    out->kind = masked ? JW_CELL_TEXT : jw_cells_kind(field, &time);
    if (!masked && rule)
        st = add_names(names, rule->ledger, value, &text, err);
    else if (!masked && field->type->show && field->type->stored != JW_STORED_NOTHING)
        field->type->show(field, value, english ? "en" : "zh", &text);
    else if (json_is_string(value))
        jw_buffer_add(&text, (jw_text){json_string_value(value), json_string_length(value)});
    else
        add_json(value, &text);
    if (out->kind == JW_CELL_NUMBER) {
        out->number = json_number_value(value);
        if (fabs(out->number) >= EXACT)
            out->kind = JW_CELL_TEXT;
    }
    out->text = jw_arena_copy(mem, jw_buffer_text(&text));
    if (st == JW_OK && (text.failed || (text.len && !out->text.ptr)))
        st = jw_fail(err, JW_E_LIMIT, "%s: a value of more than %zu KiB", field->name, CELL_MOST >> 10);
    jw_buffer_free(&text);
    return st;
}
