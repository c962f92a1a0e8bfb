/* lib/query/when.c — points in time as people write them. Source of the arithmetic: Elasticsearch's date math. */
#include "when.h"

#define US  INT64_C(1000)
#define DAY (86400 * JW_SECOND)

static bool digits(jw_text *rest, size_t least, size_t most, int *out) {
    size_t n = 0;
    int value = 0;
    while (n < rest->len && n < most && rest->ptr[n] >= '0' && rest->ptr[n] <= '9')
        value = value * 10 + (rest->ptr[n++] - '0');
    if (n < least)
        return false;
    rest->ptr += n;
    rest->len -= n;
    *out = value;
    return true;
}

static bool byte(jw_text *rest, char c) {
    if (rest->len == 0 || *rest->ptr != c)
        return false;
    rest->ptr++;
    rest->len--;
    return true;
}

/* Fixed units in ns; 0 for months and years, which differ. */
static int64_t unit_ns(char unit) {
    switch (unit) {
    case 's':
        return JW_SECOND;
    case 'm':
        return 60 * JW_SECOND;
    case 'h':
    case 'H':
        return 3600 * JW_SECOND;
    case 'd':
        return DAY;
    case 'w':
        return 7 * DAY;
    default:
        return 0;
    }
}

static bool is_unit(char c) { return unit_ns(c) || c == 'M' || c == 'y'; }

/* 31 January plus one month is the last day of February. */
static bool add_months(int64_t *t, int64_t months, int offset_s) {
    struct jw_civil civil;
    jw_time_to_civil(*t + offset_s * JW_SECOND, &civil);
    int64_t total = (int64_t)civil.year * 12 + civil.month - 1 + months;
    if (total < 1600 * 12 || total > 2400 * 12)
        return false;
    civil.year = (int)(total / 12);
    civil.month = (int)(total % 12) + 1;
    for (int tries = 0; tries < 4; tries++, civil.day--)
        if (jw_time_from_civil(&civil, offset_s, t))
            return true;
    return false;
}

static bool add(int64_t *t, int64_t count, char unit, int offset_s) {
    int64_t step;
    if (!unit_ns(unit))
        return add_months(t, unit == 'y' ? count * 12 : count, offset_s);
    return !__builtin_mul_overflow(count, unit_ns(unit), &step) && !__builtin_add_overflow(*t, step, t);
}

static int64_t floor_to(int64_t t, int64_t step) { return t - ((t % step) + step) % step; }

/* The unit around `t`, on the clock of the zone. */
static bool round_to(int64_t t, char unit, int offset_s, struct jw_when *out) {
    int64_t shift = offset_s * JW_SECOND;
    if (unit_ns(unit)) {
        int64_t monday = unit == 'w' ? 3 * DAY : 0; /* 1970-01-01 was a Thursday */
        out->start = floor_to(t + shift + monday, unit_ns(unit)) - shift - monday;
    } else {
        struct jw_civil civil;
        jw_time_to_civil(t + shift, &civil);
        struct jw_civil first = {.year = civil.year, .month = unit == 'y' ? 1 : civil.month, .day = 1};
        if (!jw_time_from_civil(&first, offset_s, &out->start))
            return false;
    }
    out->end = out->start;
    return add(&out->end, 1, unit, offset_s);
}

/* What follows `now`: steps, then at most one rounding. */
static bool steps(jw_text rest, int64_t t, int offset_s, struct jw_when *out) {
    while (rest.len && (*rest.ptr == '+' || *rest.ptr == '-')) {
        int64_t sign = *rest.ptr == '-' ? -1 : 1;
        int count;
        rest.ptr++, rest.len--;
        if (!digits(&rest, 1, 7, &count) || !rest.len || !is_unit(*rest.ptr) ||
            !add(&t, sign * count, *rest.ptr, offset_s))
            return false;
        rest.ptr++, rest.len--;
    }
    if (byte(&rest, '/'))
        return rest.len == 1 && is_unit(*rest.ptr) && round_to(t, *rest.ptr, offset_s, out);
    *out = (struct jw_when){t, t + US};
    return rest.len == 0;
}

/* "Z", "+08:00", "+0800", "+08"; nothing keeps the zone given. */
static bool zone(jw_text *rest, int *offset_s) {
    if (rest->len == 0)
        return true;
    if (byte(rest, 'Z') || byte(rest, 'z')) {
        *offset_s = 0;
        return true;
    }
    int sign = *rest->ptr == '-' ? -1 : 1, hours, minutes = 0;
    if (!byte(rest, '+') && !byte(rest, '-'))
        return false;
    if (!digits(rest, 2, 2, &hours))
        return false;
    byte(rest, ':');
    if (rest->len && !digits(rest, 2, 2, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool fraction(jw_text *rest, struct jw_civil *civil, int64_t *out_span) {
    int32_t unit = 100000000;
    if (rest->len == 0 || *rest->ptr < '0' || *rest->ptr > '9')
        return false;
    *out_span = JW_SECOND;
    for (; rest->len && *rest->ptr >= '0' && *rest->ptr <= '9'; rest->ptr++, rest->len--, unit /= 10)
        if (unit >= US) { /* the lake counts microseconds; finer digits are cut */
            civil->ns += (*rest->ptr - '0') * unit;
            *out_span = unit;
        }
    return true;
}

/* The time of day; *out_span becomes the length of what was written. */
static bool clock_time(jw_text *rest, struct jw_civil *civil, int64_t *out_span) {
    if (!digits(rest, 2, 2, &civil->hour))
        return false;
    *out_span = 3600 * JW_SECOND;
    if (!byte(rest, ':'))
        return true;
    if (!digits(rest, 2, 2, &civil->minute))
        return false;
    *out_span = 60 * JW_SECOND;
    if (!byte(rest, ':'))
        return true;
    if (!digits(rest, 2, 2, &civil->second))
        return false;
    *out_span = JW_SECOND;
    return !byte(rest, '.') || fraction(rest, civil, out_span);
}

static bool calendar(jw_text rest, int offset_s, struct jw_when *out) {
    struct jw_civil civil = {.month = 1, .day = 1};
    char unit = 'y';
    int64_t span = 0;
    if (!digits(&rest, 4, 4, &civil.year))
        return false;
    if (byte(&rest, '-') && (unit = 'M', !digits(&rest, 1, 2, &civil.month)))
        return false;
    if (unit == 'M' && byte(&rest, '-') && (unit = 'd', !digits(&rest, 1, 2, &civil.day)))
        return false;
    if (unit == 'd' && (byte(&rest, 'T') || byte(&rest, 't') || byte(&rest, ' ')) &&
        !clock_time(&rest, &civil, &span))
        return false;
    if ((rest.len && !span) || !zone(&rest, &offset_s) || rest.len)
        return false;
    if (!jw_time_from_civil(&civil, offset_s, &out->start))
        return false;
    out->end = out->start;
    return span ? !__builtin_add_overflow(out->start, span, &out->end) : add(&out->end, 1, unit, offset_s);
}

bool jw_when_parse(jw_text s, int64_t now, int offset_s, struct jw_when *out) {
    uint64_t number;
    now = floor_to(now, US);
    if (jw_text_is_nocase(s, JW_TEXT("today")))
        return round_to(now, 'd', offset_s, out);
    if (jw_text_is_nocase(s, JW_TEXT("yesterday")))
        return round_to(now - DAY, 'd', offset_s, out);
    if (s.len >= 3 && jw_text_is_nocase((jw_text){s.ptr, 3}, JW_TEXT("now")))
        return steps((jw_text){s.ptr + 3, s.len - 3}, now, offset_s, out);
    if (s.len && *s.ptr == '-')
        return steps(s, now, offset_s, out);
    if ((s.len == 10 || s.len == 13) && jw_text_u64(s, &number)) {
        int64_t unit = s.len == 10 ? JW_SECOND : JW_MS;
        if (__builtin_mul_overflow((int64_t)number, unit, &out->start))
            return false;
        out->end = out->start + unit;
        return true;
    }
    return calendar(s, offset_s, out);
}
