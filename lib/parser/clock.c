/* lib/parser/clock.c — timestamps by format: strptime's tokens, epochs, and ISO 8601. */
#include "worker.h"

struct parts {
    struct jw_civil civil;
    int64_t epoch;
    int offset_s, hour12;
    bool has_year, has_epoch, afternoon, has_half;
};

enum clock_kind { CLOCK_TOKENS, CLOCK_ISO, CLOCK_EPOCH };
struct jw_clock {
    enum clock_kind kind;
    int64_t unit_ns; /* EPOCH */
    jw_text format;
};

static const struct {
    const char *name;
    int64_t unit_ns;
} epochs[] = {{"epoch", JW_SECOND}, {"epoch_ms", JW_MS}, {"epoch_us", 1000}, {"epoch_ns", 1}};

static const char tokens[] = "YymdebBHIMSfpzaAT%";

struct jw_clock *jw_clock_compile(struct jw_compile *compile, struct fy_node *node) {
    jw_text format = jw_declared_text(compile->yaml, node, "time");
    struct jw_clock *clock = jw_declared_alloc(compile->yaml, sizeof *clock);
    if (!clock)
        return NULL;
    clock->format = format;
    if (jw_text_is(format, JW_TEXT("iso8601"))) {
        clock->kind = CLOCK_ISO;
        return clock;
    }
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++)
        if (jw_text_is(format, jw_text_from(epochs[i].name))) {
            clock->kind = CLOCK_EPOCH;
            clock->unit_ns = epochs[i].unit_ns;
            return clock;
        }
    bool any = false;
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%')
            continue;
        any = true;
        i++;
        if (i == format.len || !strchr(tokens, format.ptr[i]))
            jw_declared_fail(compile->yaml, node,
                             "time: unknown token %%%c; there are %%Y %%y %%m %%d %%e %%b %%B %%H %%I %%M "
                             "%%S %%f %%p %%z %%a %%A %%T",
                             i < format.len ? format.ptr[i] : ' ');
    }
    if (!any)
        jw_declared_fail(compile->yaml, node,
                         "time: \"" JW_FMT "\" is no format; there are iso8601, epoch, epoch_ms, epoch_us, "
                         "epoch_ns and tokens such as %%Y-%%m-%%d %%H:%%M:%%S",
                         JW_ARG(format));
    return clock;
}

static bool digits(jw_text *rest, int least, int most, int *out) {
    int count = 0, value = 0;
    while (count < most && rest->len && *rest->ptr >= '0' && *rest->ptr <= '9') {
        value = value * 10 + (*rest->ptr - '0');
        rest->ptr++, rest->len--, count++;
    }
    *out = value;
    return count >= least;
}

static bool fraction(jw_text *rest, int32_t *out_ns) {
    int32_t value = 0;
    int count = 0;
    for (; rest->len && *rest->ptr >= '0' && *rest->ptr <= '9'; count++, rest->ptr++, rest->len--)
        if (count < 9)
            value = value * 10 + (*rest->ptr - '0');
    for (int i = count; i < 9; i++)
        value *= 10;
    *out_ns = value;
    return count > 0;
}

static bool one_of(jw_text *rest, const char *const *words, int count, int *out) {
    for (int i = 0; i < count; i++) {
        size_t len = strlen(words[i]);
        if (rest->len >= len && strncasecmp(rest->ptr, words[i], len) == 0) {
            rest->ptr += len, rest->len -= len;
            *out = i;
            return true;
        }
    }
    return false;
}

static bool month(jw_text *rest, int *out) {
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December",
                                        "Jan",     "Feb",      "Mar",       "Apr",     "May",      "Jun",
                                        "Jul",     "Aug",      "Sep",       "Oct",     "Nov",      "Dec"};
    if (!one_of(rest, names, 24, out))
        return false;
    *out = *out % 12 + 1;
    return true;
}

static bool weekday(jw_text *rest) {
    static const char *const names[] = {"Monday",   "Tuesday", "Wednesday", "Thursday", "Friday",
                                        "Saturday", "Sunday",  "Mon",       "Tue",      "Wed",
                                        "Thu",      "Fri",     "Sat",       "Sun"};
    int ignored;
    return one_of(rest, names, 14, &ignored);
}

/* Abbreviations are ambiguous; CST is China's in the logs jinwu is made for. */
static bool zone(jw_text *rest, int *out_offset_s) {
    static const char *const names[] = {"UTC", "GMT", "CST", "Z"};
    int hours = 0, minutes = 0, which = 0;
    if (one_of(rest, names, 4, &which)) {
        *out_offset_s = which == 2 ? 8 * 3600 : 0;
        return true;
    }
    if (!rest->len || (*rest->ptr != '+' && *rest->ptr != '-'))
        return false;
    int sign = *rest->ptr == '-' ? -1 : 1;
    rest->ptr++, rest->len--;
    if (!digits(rest, 2, 2, &hours))
        return false;
    jw_text_drop(rest, JW_TEXT(":"));
    if (rest->len && *rest->ptr >= '0' && *rest->ptr <= '9' && !digits(rest, 2, 2, &minutes))
        return false;
    *out_offset_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 14 && minutes < 60;
}

bool jw_clock_zone(jw_text text, int *out_offset_s) { return zone(&text, out_offset_s) && text.len == 0; }

static bool time_of_day(jw_text *rest, struct jw_civil *civil) {
    return digits(rest, 2, 2, &civil->hour) && jw_text_drop(rest, JW_TEXT(":")) &&
           digits(rest, 2, 2, &civil->minute) && jw_text_drop(rest, JW_TEXT(":")) &&
           digits(rest, 2, 2, &civil->second);
}

static bool read_token(char token, jw_text *rest, struct parts *parts) {
    struct jw_civil *civil = &parts->civil;
    int half = 0;
    static const char *const halves[] = {"AM", "PM", "上午", "下午"};
    switch (token) {
    case 'Y':
        return parts->has_year = true, digits(rest, 4, 4, &civil->year);
    case 'y':
        parts->has_year = digits(rest, 2, 2, &civil->year);
        civil->year += civil->year < 70 ? 2000 : 1900;
        return parts->has_year;
    case 'm':
        return digits(rest, 1, 2, &civil->month);
    case 'd':
    case 'e':
        while (rest->len && *rest->ptr == ' ')
            rest->ptr++, rest->len--;
        return digits(rest, 1, 2, &civil->day);
    case 'b':
    case 'B':
        return month(rest, &civil->month);
    case 'H':
    case 'I':
        return digits(rest, 1, 2, &civil->hour);
    case 'M':
        return digits(rest, 2, 2, &civil->minute);
    case 'S':
        return digits(rest, 2, 2, &civil->second);
    case 'T':
        return time_of_day(rest, civil);
    case 'f':
        return fraction(rest, &civil->ns);
    case 'p':
        parts->has_half = one_of(rest, halves, 4, &half);
        parts->afternoon = half & 1;
        return parts->has_half;
    case 'z':
        return zone(rest, &parts->offset_s);
    case '%':
        return jw_text_drop(rest, JW_TEXT("%"));
    default:
        return weekday(rest);
    }
}

/* The latest year that does not put it more than a day after `near`. */
static bool without_year(struct parts *parts, int64_t near, int64_t *out) {
    struct jw_civil now;
    jw_time_to_civil(near, &now);
    for (int year = now.year + 1; year >= now.year - 8; year--) { /* eight: 29 February */
        parts->civil.year = year;
        if (jw_time_from_civil(&parts->civil, parts->offset_s, out) && *out <= near + 86400 * JW_SECOND)
            return true;
    }
    return false;
}

static bool read_tokens(const struct jw_clock *clock, jw_text text, int64_t near, int offset_s, int64_t *out) {
    struct parts parts = {.civil = {.month = 1, .day = 1}, .offset_s = offset_s};
    jw_text format = clock->format;
    while (format.len) {
        char c = *format.ptr;
        format.ptr++, format.len--;
        if (c == '%') {
            if (!read_token(*format.ptr, &text, &parts))
                return false;
            format.ptr++, format.len--;
        } else if (c == ' ') { /* as many as there are */
            if (!text.len || *text.ptr != ' ')
                return false;
            while (text.len && *text.ptr == ' ')
                text.ptr++, text.len--;
        } else {
            if (!text.len || *text.ptr != c)
                return false;
            text.ptr++, text.len--;
        }
    }
    if (text.len)
        return false;
    if (parts.has_half)
        parts.civil.hour = parts.civil.hour % 12 + (parts.afternoon ? 12 : 0);
    return parts.has_year ? jw_time_from_civil(&parts.civil, parts.offset_s, out) : without_year(&parts, near, out);
}

static bool read_epoch(jw_text text, int64_t unit_ns, int64_t *out) {
    jw_text whole = text;
    int64_t value;
    int32_t ns = 0;
    bool dotted = jw_text_cut(&text, '.', &whole);
    if (!jw_text_i64(whole, &value) || __builtin_mul_overflow(value, unit_ns, out))
        return false;
    if (!dotted)
        return true;
    return fraction(&text, &ns) && text.len == 0 && !__builtin_add_overflow(*out, ns / (JW_SECOND / unit_ns), out);
}

bool jw_clock_read(const struct jw_clock *clock, jw_text text, int64_t near, int offset_s, int64_t *out) {
    switch (clock->kind) {
    case CLOCK_ISO:
        return jw_time_parse(text, offset_s, out);
    case CLOCK_EPOCH:
        return read_epoch(text, clock->unit_ns, out);
    default:
        return read_tokens(clock, text, near, offset_s, out);
    }
}
