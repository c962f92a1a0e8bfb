/* lib/ledger/types/computed.c — an expression over the record; nobody writes it. */
#include "kit.h"

#include "../expression.h"

static const char *const keys[] = {"value", "unit", NULL};

static void declare(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    struct jw_error err = {0};
    struct jw_expression *expression = NULL;
    const char *text = jw_source_text(source, options, "value", JW_EXPRESSION_TEXT);
    jw_source_text(source, options, "unit", 20);
    if (!text) {
        jw_source_fail(source, options, NULL, 0, "value is missing; for example value: days_until(expires)");
        return;
    }
    jw_status st = jw_expression_read(jw_text_from(text), source->mem, &expression, &err);
    if (st != JW_OK)
        jw_source_fail(source, options, "value", 0, "value: %s", err.text);
    field->rule = expression;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    (void)field, (void)in, (void)out;
    return jw_fail(err, JW_E_SYNTAX, "is computed; it cannot be set");
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    (void)field;
    if (json_is_string(value))
        jw_buffer_add(out, jw_type_text_of(value));
    else if (json_is_boolean(value))
        jw_buffer_add(out, jw_text_from(json_is_true(value) ? (jw_type_is_zh(language) ? "是" : "yes")
                                                            : (jw_type_is_zh(language) ? "否" : "no")));
    else if (json_is_integer(value))
        jw_buffer_print(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        jw_buffer_print(out, "%.10g", json_real_value(value));
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    (void)cell;
    return check(field, NULL, out, err);
}

const struct jw_ledger_type jw_type_computed = {
    .name = "computed",
    .about = "an expression over the fields of the record and the records that point to it: value",
    .sample = "12",
    .needs = "value: 3 * 4",
    .stored = JW_STORED_NOTHING,
    .keys = keys,
    .declare = declare,
    .check = check,
    .show = show,
    .read = read_cell,
};
