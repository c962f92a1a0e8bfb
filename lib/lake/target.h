/* lib/lake/target.h — a request as the address and body of an HTTP call (inside lib/lake). */
#pragma once
#include "client.h"

#define JW_LAKE_TARGET 7900 /* jw-lake takes 8 KiB */

/* `target` ends with NUL. What does not fit there, and at level plain every parameter, stands in the SQL as
 * unhex('…'): digits, no byte of the value. */
JW_MUST_CHECK jw_status jw_lake_target(const struct jw_lake_request *request, jw_lake_level level,
                                       jw_buffer *target, jw_buffer *body, struct jw_error *err);
bool jw_lake_is_id(const char *id); /* letters, digits, '-', at most 64 */
