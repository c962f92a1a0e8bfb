/* lib/base/log.h — what a daemon tells its operator, once, at the edge. Libraries return stories and never log.
 * One line on stderr: "2026-08-31T09:30:00.123Z jw-collect warning: text". Any thread. Control bytes are escaped.
 */
#pragma once
#include "status.h"

typedef enum jw_level { JW_LOG_ERROR, JW_LOG_WARNING, JW_LOG_INFO, JW_LOG_DEBUG } jw_level;

void jw_log_start(const char *process, jw_level most); /* `process` is kept by pointer */
JW_PRINTF(2, 3) void jw_log(jw_level level, const char *fmt, ...);
