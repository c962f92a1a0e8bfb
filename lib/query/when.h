/* lib/query/when.h — points in time as people write them, in queries and in `--from`. */
#pragma once
#include "base/text.h"
#include "base/time.h"

/* A time names a span: "2026-08-31" is that day, "10:15" that minute, `now` one microsecond. ns, whole
 * microseconds. */
struct jw_when {
    int64_t start, end; /* end is outside */
};

/* Whole text or false:
 *   now, now-1h, now+30m-5s, now/d, now-1d/d   units s m h d w M y; "/u" is the unit around it, weeks begin on
 * Monday -1h, -7d                                   the same without `now` today, yesterday 2026, 2026-08,
 * 2026-08-31, then 'T' or a blank and 10, 10:15, 10:15:30, 10:15:30.123456; then Z or +08:00 1788134400,
 * 1788134400000                  seconds or milliseconds since 1970: 10 or 13 digits Without a zone `offset_s`
 * (east of UTC) holds; it also decides where a day begins. */
#define JW_WHEN_RANGE "times reach from 1678 to 2261" /* lib/base/time.h */
bool jw_when_parse(jw_text s, int64_t now, int offset_s, struct jw_when *out);
