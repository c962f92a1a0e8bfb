/* lib/ledger/day.h — calendar days as people write them, and the day of an instant where people are. */
#pragma once
#include "base/text.h"

#define JW_DAY_ZONE (8 * 3600) /* China has one time, without summer time since 1991 */
#define JW_DAY_TEXT 11

/* 2026-08-31, 2026-8-31, 2026/8/31, 2026.8.31, 2026年8月31日, 20260831; years 1678 to 2261. Days since 1970-01-01.
 */
bool jw_day_read(jw_text text, int64_t *out);
bool jw_day_print(int64_t days, char out[JW_DAY_TEXT]); /* 2026-08-31; false: out of range */
/* Of a canonical datetime. */
bool jw_day_of_instant(jw_text text, int64_t *out);
