/* lib/formats/stamp.c — timestamps in front of syslog messages. */
#include "stamp.h"

static bool eat(jw_text *s, char c) {
    if (s->len == 0 || *s->ptr != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/* Between `least` and `most` digits, and no further digit behind them. */
static bool number(jw_text *s, size_t least, size_t most, int *out) {
    size_t n = 0;
    int value = 0;
    for (; n < s->len && n < most && is_digit(s->ptr[n]); n++)
        value = value * 10 + (s->ptr[n] - '0');
    if (n < least || (n < s->len && is_digit(s->ptr[n])))
        return false;
    s->ptr += n;
    s->len -= n;
    *out = value;
    return true;
}

static bool month(jw_text *s, int *out) {
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (s->len < 3)
        return false;
    for (int i = 0; i < 12; i++)
        if ((s->ptr[0] | 0x20) == names[i * 3] && (s->ptr[1] | 0x20) == names[i * 3 + 1] &&
            (s->ptr[2] | 0x20) == names[i * 3 + 2]) {
            s->ptr += 3;
            s->len -= 3;
            *out = i + 1;
            return true;
        }
    return false;
}

static void weekday(jw_text *s) {
    static const char names[] = "SunMonTueWedThuFriSat";
    for (int i = 0; i < 7 && s->len > 4; i++)
        if (memcmp(s->ptr, names + i * 3, 3) == 0 && (s->ptr[3] == ' ' || s->ptr[3] == ',')) {
            s->ptr += 4;
            s->len -= 4;
            eat(s, ' ');
            return;
        }
}

/* " 2026" or "2026 ", when it is a year and a whole word: nothing is dropped otherwise. */
static bool year_word(jw_text *s, int *out) {
    jw_text copy = *s;
    int year;
    if (!number(&copy, 4, 4, &year) || year < 1970 || year > 2261 ||
        (copy.len && *copy.ptr != ' ' && *copy.ptr != ':' && *copy.ptr != ','))
        return false;
    *s = copy;
    *out = year;
    return true;
}

static bool fraction_part(jw_text *s, struct jw_civil *c) {
    int32_t scale = 100000000;
    if (s->len < 2 || (*s->ptr != '.' && *s->ptr != ',') || !is_digit(s->ptr[1]))
        return false;
    s->ptr++;
    s->len--;
    for (; s->len && is_digit(*s->ptr); s->ptr++, s->len--, scale /= 10)
        c->ns += (*s->ptr - '0') * scale;
    return true;
}

static bool clock_part(jw_text *s, struct jw_civil *c) {
    if (!number(s, 1, 2, &c->hour) || !eat(s, ':') || !number(s, 2, 2, &c->minute) || !eat(s, ':') ||
        !number(s, 2, 2, &c->second))
        return false;
    fraction_part(s, c);
    return true;
}

/* "+08:00", "+0800", "+08"; nothing is dropped when it is none. */
static bool numeric_zone(jw_text *s, int *offset_s) {
    jw_text copy = *s;
    int hours, minutes = 0;
    int sign = eat(&copy, '+') ? 1 : eat(&copy, '-') ? -1 : 0;
    if (!sign)
        return false;
    if (number(&copy, 4, 4, &hours))
        minutes = hours % 100, hours /= 100;
    else if (!number(&copy, 2, 2, &hours) || (eat(&copy, ':') && !number(&copy, 2, 2, &minutes)))
        return false;
    if (hours > 15 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    *s = copy;
    return true;
}

static void zone(jw_text *s, int *offset_s) {
    if (s->len && (*s->ptr == 'Z' || *s->ptr == 'z')) {
        eat(s, *s->ptr);
        *offset_s = 0;
        return;
    }
    if (numeric_zone(s, offset_s))
        return;
    jw_text word = *s;
    if (!eat(&word, ' '))
        return;
    if (word.len && (*word.ptr == '+' || *word.ptr == '-') && numeric_zone(&word, offset_s)) {
        *s = word;
        return;
    }
    size_t len = 0;
    while (len < word.len && len < 6 && is_upper(word.ptr[len]))
        len++;
    jw_text name = {word.ptr, len}, behind = {word.ptr + len, word.len - len};
    bool utc = jw_text_is(name, JW_TEXT("UTC")) || jw_text_is(name, JW_TEXT("GMT"));
    bool numbered = utc && numeric_zone(&behind, offset_s); /* "GMT+08:00" */
    /* a host may be called anything in capitals, so another abbreviation counts only where Cisco puts its colon */
    bool colon = behind.len && *behind.ptr == ':' && (behind.len == 1 || behind.ptr[1] == ' ');
    if (len < 3 || (behind.len && !colon && !(utc && *behind.ptr == ' ')))
        return;
    if (utc && !numbered)
        *offset_s = 0;
    *s = behind;
}

static bool infer_year(struct jw_civil *c, int offset_s, int64_t received, int64_t *out) {
    struct jw_civil now;
    int64_t latest = (received ? received : jw_time_now()) + 86400 * JW_SECOND;
    jw_time_to_civil(latest + offset_s * JW_SECOND, &now);
    for (int back = 0; back <= 8; back++) { /* eight years back there was a 29 February, also around 2100 */
        c->year = now.year - back;
        if (jw_time_from_civil(c, offset_s, out) && *out <= latest)
            return true;
    }
    return false;
}

static bool read_iso(jw_text *s, int offset_s, int64_t *out) {
    struct jw_civil c = {0};
    if (!number(s, 4, 4, &c.year) || !eat(s, '-') || !number(s, 2, 2, &c.month) || !eat(s, '-') ||
        !number(s, 2, 2, &c.day) || !(eat(s, 'T') || eat(s, ' ')) || !clock_part(s, &c))
        return false;
    zone(s, &offset_s);
    return jw_time_from_civil(&c, offset_s, out);
}

static bool read_bsd(jw_text *s, int64_t received, int offset_s, int64_t *out) {
    struct jw_civil c = {0};
    weekday(s);
    bool year = year_word(s, &c.year) && eat(s, ' ');
    if (!month(s, &c.month) || !eat(s, ' '))
        return false;
    eat(s, ' ');
    if (!number(s, 1, 2, &c.day))
        return false;
    eat(s, ',');
    if (!eat(s, ' '))
        return false;
    if (!year && year_word(s, &c.year)) {
        year = true;
        if (!eat(s, ' '))
            return false;
    }
    if (!clock_part(s, &c))
        return false;
    zone(s, &offset_s);
    jw_text behind = *s;
    if (!year && eat(&behind, ' ') && year_word(&behind, &c.year)) {
        year = true;
        *s = behind;
    }
    return year ? jw_time_from_civil(&c, offset_s, out) : infer_year(&c, offset_s, received, out);
}

bool jw_stamp_read(jw_text *rest, int64_t received, int zone_offset_s, int64_t *out) {
    jw_text s = *rest;
    if (!eat(&s, '*')) /* Cisco: '*' the clock was never set, '.' it lost its source */
        eat(&s, '.');
    bool iso = s.len > 4 && is_digit(*s.ptr) && s.ptr[4] == '-';
    if (!(iso ? read_iso(&s, zone_offset_s, out) : read_bsd(&s, received, zone_offset_s, out)))
        return false;
    if (s.len && *s.ptr != ' ' && *s.ptr != ':' && *s.ptr != '\t')
        return false;
    *rest = s;
    return true;
}

bool jw_stamp_detect(jw_text line) {
    if (!eat(&line, '*'))
        eat(&line, '.');
    int ignored;
    if (line.len < 14)
        return false;
    if (is_digit(*line.ptr))
        return is_digit(line.ptr[3]) && (line.ptr[4] == '-' || line.ptr[4] == ' ');
    weekday(&line);
    return month(&line, &ignored) || (line.len && is_digit(*line.ptr));
}

static bool epoch(jw_text s, int64_t *out) {
    size_t n = 0;
    while (n < s.len && is_digit(s.ptr[n]))
        n++;
    int64_t value, unit = n == 10 ? JW_SECOND : n == 13 ? JW_MS : n == 16 ? 1000 : n == 19 ? 1 : 0;
    struct jw_civil fraction = {0};
    if (!unit || !jw_text_i64((jw_text){s.ptr, n}, &value) || __builtin_mul_overflow(value, unit, out))
        return false;
    if (n == s.len)
        return true;
    s = (jw_text){s.ptr + n, s.len - n};
    if (unit != JW_SECOND || s.len < 2 || *s.ptr != '.' || !fraction_part(&s, &fraction) || s.len)
        return false;
    return !__builtin_add_overflow(*out, fraction.ns, out);
}

bool jw_stamp_any(jw_text whole, int64_t received, int zone_offset_s, int64_t *out) {
    whole = jw_text_trim(whole);
    if (whole.len == 0)
        return false;
    if (epoch(whole, out) || jw_time_parse(whole, zone_offset_s, out))
        return true;
    return jw_stamp_read(&whole, received, zone_offset_s, out) && whole.len == 0;
}
