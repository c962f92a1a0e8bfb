/* lib/ledger/day.c — the forms of a date that offices use, all of them year first. */
#include "day.h"

#include <stdio.h>

#include "base/time.h"

#define DAY (86400 * JW_SECOND)

static bool digits(jw_text *rest, size_t least, size_t most, int *out) {
    size_t len = 0;
    int value = 0;
    while (len < rest->len && len < most && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        value = value * 10 + (rest->ptr[len++] - '0');
    rest->ptr += len;
    rest->len -= len;
    *out = value;
    return len >= least;
}

static bool separator(jw_text *rest, jw_text *kept, jw_text chinese) {
    static const jw_text plain[] = {JW_TEXT("-"), JW_TEXT("/"), JW_TEXT(".")};
    if (kept->len) /* the same again */
        return jw_text_drop(rest, *kept);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (jw_text_drop(rest, plain[i]))
            return *kept = plain[i], true;
    return jw_text_drop(rest, chinese);
}

bool jw_day_read(jw_text text, int64_t *out) {
    struct jw_civil civil = {0};
    jw_text kept = {0};
    int64_t at;
    if (!digits(&text, 4, 4, &civil.year))
        return false;
    if (separator(&text, &kept, JW_TEXT("年"))) {
        if (!digits(&text, 1, 2, &civil.month) || !separator(&text, &kept, JW_TEXT("月")) ||
            !digits(&text, 1, 2, &civil.day))
            return false;
        if (!kept.len)
            jw_text_drop(&text, JW_TEXT("日"));
    } else if (!digits(&text, 2, 2, &civil.month) || !digits(&text, 2, 2, &civil.day))
        return false;
    if (text.len || !jw_time_from_civil(&civil, 0, &at))
        return false;
    *out = at / DAY - (at % DAY < 0);
    return true;
}

bool jw_day_print(int64_t days, char out[JW_DAY_TEXT]) {
    struct jw_civil civil;
    if (days < -106000 || days > 106000)
        return false;
    jw_time_to_civil(days * DAY, &civil);
    if (civil.year < 1678 || civil.year > 2261)
        return false;
    snprintf(out, JW_DAY_TEXT, "%04d-%02d-%02d", civil.year % 10000, civil.month % 100, civil.day % 100);
    return true;
}

bool jw_day_of_instant(jw_text text, int64_t *out) {
    int64_t at;
    if (!jw_time_parse(text, JW_DAY_ZONE, &at))
        return false;
    at += JW_DAY_ZONE * JW_SECOND;
    *out = at / DAY - (at % DAY < 0);
    return true;
}
