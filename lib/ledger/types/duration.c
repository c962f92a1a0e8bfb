/* lib/ledger/types/duration.c — how long something takes: seconds in the database, days, hours and minutes for
 * people. */
#include "kit.h"

#define MOST (INT64_C(36525) * 86400) /* a hundred years */

static const struct {
    const char *word;
    int64_t seconds;
} units[] = {
    {"分钟", 60},  {"小时", 3600}, {"min", 60},  {"秒", 1},   {"分", 60}, {"时", 3600}, {"天", 86400},
    {"日", 86400}, {"周", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60},  {"s", 1},     {"w", 604800},
};

/* "2h30m", "2小时30分", "3 天". */
static bool read_text(jw_text text, int64_t *out) {
    int64_t total = 0;
    text = jw_characters_trim(text);
    if (text.len == 0)
        return false;
    while (text.len) {
        size_t len = 0, unit = 0;
        int64_t value;
        while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
            len++;
        if (len > 10 || !jw_text_i64((jw_text){text.ptr, len}, &value))
            return false;
        text = jw_characters_trim((jw_text){text.ptr + len, text.len - len});
        while (unit < sizeof units / sizeof *units && !jw_text_drop(&text, jw_text_from(units[unit].word)))
            unit++;
        if (unit == sizeof units / sizeof *units)
            return false;
        total += value * units[unit].seconds;
        if (total > MOST)
            return false;
        text = jw_characters_trim(text);
    }
    *out = total;
    return true;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    int64_t seconds = json_integer_value(in);
    (void)field;
    if (!(json_is_integer(in) && seconds >= 0 && seconds <= MOST) &&
        !(json_is_string(in) && read_text(jw_type_text_of(in), &seconds)))
        return jw_fail(err, JW_E_SYNTAX, "is no duration (seconds, or a text); example: 2h30m");
    return jw_type_give(json_integer(seconds), out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    static const struct {
        int64_t seconds;
        const char *zh, *en;
    } parts[] = {{86400, "天", "d"}, {3600, "小时", "h"}, {60, "分钟", "min"}, {1, "秒", "s"}};
    int64_t seconds = json_integer_value(value);
    (void)field;
    for (size_t i = 0; i < 4; i++) {
        if (seconds / parts[i].seconds || (i == 3 && json_integer_value(value) == 0))
            jw_buffer_print(out, "%lld%s", (long long)(seconds / parts[i].seconds),
                            jw_type_is_zh(language) ? parts[i].zh : parts[i].en);
        seconds %= parts[i].seconds;
    }
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    (void)field;
    return jw_type_give_text(cell.ptr, cell.len, out, err);
}

const struct jw_ledger_type jw_type_duration = {
    .name = "duration",
    .about = "how long: 2h30m, 2小时30分, 3天; in JSON the seconds",
    .sample = "9000",
    .stored = JW_STORED_INTEGER,
    .check = check,
    .show = show,
    .read = read_cell,
};
