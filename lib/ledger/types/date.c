/* lib/ledger/types/date.c — days, and points in time: kept in UTC to the second, shown where people are. */
#include "kit.h"

#include "../day.h"
#include "base/time.h"

static jw_status check_date(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                            struct jw_error *err) {
    char text[JW_DAY_TEXT];
    int64_t days;
    (void)field;
    if (!json_is_string(in) || !jw_day_read(jw_characters_trim(jw_type_text_of(in)), &days) ||
        !jw_day_print(days, text))
        return jw_fail(err, JW_E_SYNTAX, "is no date; example: 2026-08-31");
    return jw_type_give_text(text, strlen(text), out, err);
}

/* "2026-08-31 09:30" and "2026年8月31日 09:30" as well: the day in any form, then hours and minutes. */
static bool read_loose(jw_text text, int64_t *out) {
    jw_text head;
    int64_t days;
    int hour, minute, second = 0;
    if (!jw_text_cut(&text, ' ', &head) || !jw_day_read(head, &days))
        return false;
    text = jw_text_trim(text);
    size_t width = text.len > 1 && text.ptr[1] == ':' ? 1 : 2;
    if (!jw_type_digits(&text, width, &hour) || !jw_text_drop(&text, JW_TEXT(":")) ||
        !jw_type_digits(&text, 2, &minute))
        return false;
    if (jw_text_drop(&text, JW_TEXT(":")) && !jw_type_digits(&text, 2, &second))
        return false;
    if (text.len || hour > 23 || minute > 59 || second > 59)
        return false;
    *out = ((days * 86400 + hour * 3600 + minute * 60 + second) - JW_DAY_ZONE) * JW_SECOND;
    return true;
}

static jw_status check_datetime(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                                struct jw_error *err) {
    char text[24];
    int64_t at;
    struct jw_civil civil;
    jw_text given = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    (void)field;
    if (!given.len || (!jw_time_parse(given, JW_DAY_ZONE, &at) && !read_loose(given, &at)))
        return jw_fail(err, JW_E_SYNTAX, "is no time of a day; example: 2026-08-31 09:30");
    jw_time_to_civil(at, &civil);
    if (civil.year < 1900 || civil.year > 2200)
        return jw_fail(err, JW_E_SYNTAX, "lies outside of the years 1900 to 2200; example: 2026-08-31 09:30");
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", civil.year % 10000, civil.month % 100,
             civil.day % 100, civil.hour % 100, civil.minute % 100, civil.second % 100);
    return jw_type_give_text(text, strlen(text), out, err);
}

static void show_datetime(const struct jw_ledger_field *field, const json_t *value, const char *language,
                          jw_buffer *out) {
    int64_t at;
    struct jw_civil civil;
    (void)field, (void)language;
    if (!json_is_string(value) || !jw_time_parse(jw_type_text_of(value), 0, &at))
        return;
    jw_time_to_civil(at + JW_DAY_ZONE * JW_SECOND, &civil);
    jw_buffer_print(out, "%04d-%02d-%02d %02d:%02d", civil.year, civil.month, civil.day, civil.hour, civil.minute);
    if (civil.second)
        jw_buffer_print(out, ":%02d", civil.second);
}

const struct jw_ledger_type jw_type_date = {
    .name = "date",
    .about = "a day: 2026-08-31, 2026/8/31, 2026年8月31日",
    .sample = "\"2026-08-31\"",
    .stored = JW_STORED_TEXT,
    .check = check_date,
};

const struct jw_ledger_type jw_type_datetime = {
    .name = "datetime",
    .about = "a point in time, to the second; without a zone it is Beijing time",
    .sample = "\"2026-08-31T01:30:00Z\"",
    .stored = JW_STORED_TEXT,
    .check = check_datetime,
    .show = show_datetime,
};
