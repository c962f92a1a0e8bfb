/* lib/ledger/types/reference.c — the number of a record in another ledger, or several of them. That the record is
 * there, and what happens when it goes, is the store's work. */
#include "kit.h"

#include <string.h>

#include "../rules.h"

#define MANY 1000

static const char *const any_keys[] = {"ledger", "on_delete", NULL};
static const char *const fixed_keys[] = {"on_delete", NULL};
static const char *const ends[] = {"refuse", "clear", "keep", NULL}; /* in the order of the enum */

static void declare_to(struct jw_ledger_field *field, const json_t *options, struct jw_source *source,
                       const char *ledger) {
    struct jw_rule_reference *rule = jw_source_alloc(source, sizeof *rule);
    if (!ledger)
        jw_source_fail(source, options, NULL, 0, "ledger is missing: which ledger does the field point to?");
    if (!rule || !ledger || !jw_source_name(source, options, "ledger", 0, ledger, sizeof rule->ledger))
        return;
    snprintf(rule->ledger, sizeof rule->ledger, "%s", ledger);
    int end = json_object_get(options, "on_delete") ? jw_source_word(source, options, "on_delete", ends)
                                                    : JW_DELETE_REFUSE;
    rule->on_delete = end < 0 ? JW_DELETE_REFUSE : (jw_ledger_on_delete)end;
    if (rule->on_delete == JW_DELETE_CLEAR && field->required)
        jw_source_fail(source, options, "on_delete", 0,
                       "on_delete: a required field cannot be cleared; refuse or keep");
    field->rule = rule;
}

static void declare_any(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare_to(field, options, source, jw_source_text(source, options, "ledger", JW_LEDGER_NAME));
}
static void declare_person(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare_to(field, options, source, "person");
}
static void declare_unit(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare_to(field, options, source, "organisation");
}

static bool number_of(const json_t *in, int64_t *out) {
    *out = json_integer_value(in);
    if (json_is_string(in) && !jw_text_i64(jw_characters_trim(jw_type_text_of(in)), out))
        return false;
    return (json_is_integer(in) || json_is_string(in)) && *out > 0;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    int64_t number;
    (void)field;
    if (!number_of(in, &number))
        return jw_fail(err, JW_E_SYNTAX, "is no number of a record; example: 17");
    return jw_type_give(json_integer(number), out, err);
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static jw_status check_many(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                            struct jw_error *err) {
    int64_t numbers[MANY];
    size_t count = json_array_size(in);
    (void)field;
    if (!json_is_array(in))
        return jw_fail(err, JW_E_SYNTAX, "is no list of numbers of records; example: [17, 18]");
    if (count > MANY)
        return jw_fail(err, JW_E_SYNTAX, "points to %zu records; at most %d", count, MANY);
    for (size_t i = 0; i < count; i++)
        if (!number_of(json_array_get(in, i), &numbers[i]))
            return jw_fail(err, JW_E_SYNTAX, "is no list of numbers of records; example: [17, 18]");
    if (count)
        qsort(numbers, count, sizeof *numbers, by_number);
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if ((i == 0 || numbers[i] != numbers[i - 1]) && json_array_append_new(list, json_integer(numbers[i])) != 0)
            return json_decref(list), jw_fail(err, JW_E_LIMIT, "no memory");
    return jw_type_give(list, out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    (void)field, (void)language;
    jw_buffer_print(out, "%lld", (long long)json_integer_value(value));
}

static void show_many(const struct jw_ledger_field *field, const json_t *value, const char *language,
                      jw_buffer *out) {
    (void)field, (void)language;
    for (size_t i = 0; i < json_array_size(value); i++)
        jw_buffer_print(out, "%s%lld", i ? ", " : "", (long long)json_integer_value(json_array_get(value, i)));
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    (void)field;
    return jw_type_give_text(cell.ptr, cell.len, out, err);
}

static jw_status read_many(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    json_t *list = json_array();
    jw_text piece;
    (void)field;
    cell = jw_characters_trim(cell);
    while (list && cell.len && jw_text_next(&cell, ',', &piece))
        if (json_array_append_new(list, json_stringn(piece.ptr, piece.len)) != 0)
            return json_decref(list), jw_fail(err, JW_E_SYNTAX, "is not UTF-8");
    return jw_type_give(list, out, err);
}

const struct jw_ledger_type jw_type_reference = {
    .name = "reference",
    .about = "a record of another ledger; on_delete: refuse, clear or keep",
    .sample = "17",
    .needs = "ledger: system",
    .stored = JW_STORED_INTEGER,
    .keys = any_keys,
    .declare = declare_any,
    .check = check,
    .show = show,
    .read = read_cell,
};

const struct jw_ledger_type jw_type_references = {
    .name = "references",
    .about = "any number of records of another ledger (at most 1000)",
    .sample = "[17, 18]",
    .needs = "ledger: system",
    .stored = JW_STORED_TEXT,
    .many = true,
    .keys = any_keys,
    .declare = declare_any,
    .check = check_many,
    .show = show_many,
    .read = read_many,
};

const struct jw_ledger_type jw_type_person = {
    .name = "person",
    .about = "a person: a record of the ledger person",
    .sample = "17",
    .stored = JW_STORED_INTEGER,
    .keys = fixed_keys,
    .declare = declare_person,
    .check = check,
    .show = show,
    .read = read_cell,
};

const struct jw_ledger_type jw_type_unit = {
    .name = "unit",
    .about = "a unit: a record of the ledger organisation",
    .sample = "17",
    .stored = JW_STORED_INTEGER,
    .keys = fixed_keys,
    .declare = declare_unit,
    .check = check,
    .show = show,
    .read = read_cell,
};
