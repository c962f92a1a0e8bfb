/* lib/formats/stamp.h — the timestamps that syslog senders write. */
#pragma once
#include "base/time.h"

/* Reads one stamp from the front of `rest` and drops it, with its zone but without the blank behind it. Forms:
 *   Nov 20 10:00:00 · Nov  2 2026 10:00:00.123 · Nov 20 10:00:00 2026 · Fri Nov 20 10:00:00 2026 · 2026 Nov 20
 * 10:00:00 2026-11-20T10:00:00.123456+08:00 · 2026-11-20 10:00:00,123 · *Nov 20 10:00:00.123 CST: (Cisco; the ':'
 * stays) A zone is Z, +hh:mm, +hhmm, UTC or GMT; any other abbreviation is ambiguous and read as `zone_offset_s`.
 * A missing year is the latest that does not lie more than a day after `received` (0: now). */
bool jw_stamp_read(jw_text *rest, int64_t received, int zone_offset_s, int64_t *out);
/* A whole text that is one of these, RFC 3339, or seconds, milliseconds, microseconds or nanoseconds since 1970,
 * told apart by their number of digits (10, 13, 16, 19; a fraction of seconds may follow). */
bool jw_stamp_any(jw_text whole, int64_t received, int zone_offset_s, int64_t *out);
bool jw_stamp_detect(jw_text line); /* cheap: does it begin like one */
