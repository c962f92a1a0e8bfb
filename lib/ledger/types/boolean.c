/* lib/ledger/types/boolean.c — yes or no. */
#include "kit.h"

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    (void)field;
    if (!json_is_boolean(in))
        return jw_fail(err, JW_E_SYNTAX, "is neither true nor false; example: true");
    return jw_type_give(json_boolean(json_is_true(in)), out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    (void)field;
    bool zh = jw_type_is_zh(language);
    jw_buffer_add(out, jw_text_from(json_is_true(value) ? (zh ? "是" : "yes") : (zh ? "否" : "no")));
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    static const char *const words[] = {"是", "否", "yes", "no", "true", "false", "1",
                                        "0",  "有", "无",  "√",  "×",    "y",     "n"};
    (void)field;
    cell = jw_characters_trim(cell);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (jw_text_is_nocase(cell, jw_text_from(words[i])))
            return jw_type_give(json_boolean(i % 2 == 0), out, err);
    return jw_fail(err, JW_E_SYNTAX, "is neither yes nor no; example: 是");
}

const struct jw_ledger_type jw_type_boolean = {
    .name = "boolean",
    .about = "yes or no (是/否)",
    .sample = "true",
    .stored = JW_STORED_INTEGER,
    .check = check,
    .show = show,
    .read = read_cell,
};
