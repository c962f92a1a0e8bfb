/* lib/base/time.h — points in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored. Range 1678–2262.
 */
#pragma once
#include "text.h"

#define JW_SECOND    INT64_C(1000000000)
#define JW_MS        INT64_C(1000000)
#define JW_TIME_NONE INT64_MIN /* "no time was given" */

int64_t jw_time_now(void);    /* wall clock */
int64_t jw_time_steady(void); /* monotonic, for waiting and measuring; unrelated to the wall clock */

/* Civil date and time of day in UTC. month 1..12, day 1..31, hour 0..23, minute 0..59, second 0..60 (a leap second
 * counts as the next minute's first), ns 0..999999999. */
struct jw_civil {
    int year, month, day, hour, minute, second;
    int32_t ns;
};
bool jw_time_from_civil(const struct jw_civil *civil, int offset_s,
                        int64_t *out); /* false: not a date; or out of range */
void jw_time_to_civil(int64_t t, struct jw_civil *out);

/* RFC 3339 and the ISO 8601 variants found in logs: 'T' or blank, '.' or ',' before 1..9 digits (more are cut),
 * 'Z', +hh:mm, +hhmm, +hh or nothing (then `offset_s` east of UTC holds). Whole text or false. */
bool jw_time_parse(jw_text s, int offset_s, int64_t *out);

#define JW_TIME_TEXT 32
/* "2026-08-31T09:30:00.123Z": 3, 6 or 9 digits, the fewest that lose nothing. Returns the length. */
size_t jw_time_print(int64_t t, char out[JW_TIME_TEXT]);
