/* lib/base/time.c — proleptic Gregorian calendar after Howard Hinnant's "chrono-compatible low-level date
 * algorithms" (days from civil and back, by eras of 400 years). */
#include "time.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_read(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * JW_SECOND + ts.tv_nsec;
}

int64_t jw_time_now(void) { return clock_read(CLOCK_REALTIME); }
int64_t jw_time_steady(void) { return clock_read(CLOCK_MONOTONIC); }

static int64_t days_from_civil(int year, int month, int day) {
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month) {
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool jw_time_from_civil(const struct jw_civil *c, int offset_s, int64_t *out) {
    if (c->year < 1678 || c->year > 2261 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_in_month(c->year, c->month) || c->hour < 0 || c->hour > 23 || c->minute < 0 ||
        c->minute > 59 || c->second < 0 || c->second > 60 || c->ns < 0 || c->ns >= JW_SECOND)
        return false;
    int64_t seconds =
        days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    *out = (seconds - offset_s) * JW_SECOND + c->ns;
    return true;
}

void jw_time_to_civil(int64_t t, struct jw_civil *out) {
    int64_t seconds = t / JW_SECOND, ns = t % JW_SECOND;
    if (ns < 0) {
        ns += JW_SECOND;
        seconds--;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468;
    int era = (int)((days >= 0 ? days : days - 146096) / 146097);
    int day_of_era = (int)(days - (int64_t)era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (5 * day_of_year + 2) / 153;
    out->day = day_of_year - (153 * shifted + 2) / 5 + 1;
    out->month = shifted < 10 ? shifted + 3 : shifted - 9;
    out->year = year_of_era + era * 400 + (out->month <= 2);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->ns = (int32_t)ns;
}

/* Takes exactly `count` digits. */
static bool digits(jw_text *s, size_t count, int *out) {
    int value = 0;
    if (s->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        value = value * 10 + (s->ptr[i] - '0');
    }
    s->ptr += count;
    s->len -= count;
    *out = value;
    return true;
}

static bool byte(jw_text *s, char c) {
    if (s->len == 0 || *s->ptr != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool fraction(jw_text *s, int32_t *out_ns) {
    int32_t ns = 0, scale = 100000000;
    size_t n = 0;
    for (; n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9'; n++, scale /= 10)
        ns += (s->ptr[n] - '0') * scale;
    s->ptr += n;
    s->len -= n;
    *out_ns = ns;
    return n > 0;
}

static bool zone(jw_text *s, int *offset_s) {
    int hours, minutes = 0;
    if (s->len == 0 || byte(s, 'Z') || byte(s, 'z')) {
        *offset_s = s->len == 0 && s->ptr[-1] != 'Z' && s->ptr[-1] != 'z' ? *offset_s : 0;
        return true;
    }
    byte(s, ' '); /* "12:00:00 +0800" */
    int sign = byte(s, '+') ? 1 : byte(s, '-') ? -1 : 0;
    if (!sign || !digits(s, 2, &hours))
        return false;
    if (s->len && (byte(s, ':'), !digits(s, 2, &minutes)))
        return false;
    if (hours > 15 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool jw_time_parse(jw_text s, int offset_s, int64_t *out) {
    struct jw_civil c = {0};
    if (!digits(&s, 4, &c.year) || !(byte(&s, '-') || byte(&s, '/')) || !digits(&s, 2, &c.month) ||
        !(byte(&s, '-') || byte(&s, '/')) || !digits(&s, 2, &c.day) ||
        !(byte(&s, 'T') || byte(&s, ' ') || byte(&s, 't')) || !digits(&s, 2, &c.hour) || !byte(&s, ':') ||
        !digits(&s, 2, &c.minute) || !byte(&s, ':') || !digits(&s, 2, &c.second))
        return false;
    if ((byte(&s, '.') || byte(&s, ',')) && !fraction(&s, &c.ns))
        return false;
    return zone(&s, &offset_s) && s.len == 0 && jw_time_from_civil(&c, offset_s, out);
}

size_t jw_time_print(int64_t t, char out[JW_TIME_TEXT]) {
    struct jw_civil c;
    jw_time_to_civil(t, &c);
    int len = snprintf(out, JW_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.", c.year, c.month, c.day, c.hour,
                       c.minute, c.second);
    int places = c.ns % 1000 ? 9 : c.ns % 1000000 ? 6 : 3;
    int value = places == 9 ? c.ns : places == 6 ? c.ns / 1000 : c.ns / 1000000;
    return (size_t)(len + snprintf(out + len, JW_TIME_TEXT - (size_t)len, "%0*dZ", places, value));
}
