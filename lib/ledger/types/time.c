/* lib/ledger/types/time.c — a time of day, without a day and without a zone. */
#include "kit.h"

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    char text[16];
    int hour = 0, minute = 0, second = 0;
    jw_text rest = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    size_t width = rest.len > 1 && rest.ptr[1] == ':' ? 1 : 2;
    (void)field;
    bool good = jw_type_digits(&rest, width, &hour) && jw_text_drop(&rest, JW_TEXT(":")) &&
                jw_type_digits(&rest, 2, &minute) &&
                (!jw_text_drop(&rest, JW_TEXT(":")) || jw_type_digits(&rest, 2, &second));
    if (!good || rest.len || hour > 23 || minute > 59 || second > 59)
        return jw_fail(err, JW_E_SYNTAX, "is no time of day; example: 09:30");
    snprintf(text, sizeof text, "%02d:%02d:%02d", hour, minute, second);
    return jw_type_give_text(text, strlen(text), out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    jw_text text = jw_type_text_of(value);
    (void)field, (void)language;
    if (jw_text_ends(text, JW_TEXT(":00")) && text.len == 8)
        text.len -= 3;
    jw_buffer_add(out, text);
}

const struct jw_ledger_type jw_type_time = {
    .name = "time",
    .about = "a time of day: 09:30",
    .sample = "\"09:30:00\"",
    .stored = JW_STORED_TEXT,
    .check = check,
    .show = show,
};
