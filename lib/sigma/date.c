/* lib/sigma/date.c — the time modifiers of Sigma: one number of a date. */
#include "rule.h"

#include <string.h>

#include "base/time.h"

/* Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their length; seconds may have a
 * fraction, as Zeek writes it. */
static bool read_epoch(jw_text text, int64_t *out) {
    jw_text rest = text, whole, fraction;
    uint64_t n, ignored;
    bool has_fraction = jw_text_cut(&rest, '.', &whole);
    fraction = has_fraction ? rest : (jw_text){0};
    if (!has_fraction)
        whole = text;
    if (!jw_text_u64(whole, &n) || n > INT64_MAX ||
        (has_fraction && (whole.len > 10 || fraction.len > 18 || !jw_text_u64(fraction, &ignored))))
        return false;
    int64_t unit = whole.len == 9 || whole.len == 10 ? JW_SECOND
                   : whole.len == 13                 ? JW_MS
                   : whole.len == 16                 ? 1000
                   : whole.len == 19                 ? 1
                                                     : 0;
    if (!unit || n > (uint64_t)(INT64_MAX / unit)) /* after 2262 */
        return false;
    *out = (int64_t)n * unit;
    return true;
}

/* The Thursday of a week decides to which year it belongs, and 1970-01-01 was a Thursday (ISO 8601). */
static int iso_week(int64_t t) {
    const int64_t day_ns = 86400 * JW_SECOND;
    int64_t days = t / day_ns - (t % day_ns < 0), first;
    int64_t thursday = days - (((days + 3) % 7 + 7) % 7) + 3;
    struct jw_civil civil;
    jw_time_to_civil(thursday * day_ns, &civil);
    if (!jw_time_from_civil(&(struct jw_civil){.year = civil.year, .month = 1, .day = 1}, 0, &first))
        return 0;
    return (int)((thursday - first / day_ns) / 7) + 1;
}

bool jw_sigma_date_part(jw_text text, jw_date_part part, double *out) {
    char with_time[] = "YYYY-MM-DDT00:00:00";
    struct jw_civil civil;
    int64_t t;
    text = jw_text_trim(text);
    if (text.len == strlen("YYYY-MM-DD") && text.ptr[4] == '-' && part != JW_DATE_MINUTE && part != JW_DATE_HOUR) {
        memcpy(with_time, text.ptr, text.len);
        text = jw_text_from(with_time);
    }
    if (!jw_time_parse(text, 0, &t) && !read_epoch(text, &t))
        return false;
    jw_time_to_civil(t, &civil);
    const int numbers[] = {
        [JW_DATE_MINUTE] = civil.minute, [JW_DATE_HOUR] = civil.hour,   [JW_DATE_DAY] = civil.day,
        [JW_DATE_WEEK] = iso_week(t),    [JW_DATE_MONTH] = civil.month, [JW_DATE_YEAR] = civil.year};
    *out = numbers[part];
    return true;
}
