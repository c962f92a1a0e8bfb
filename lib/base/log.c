/* lib/base/log.c — one line, one write(2), so that lines of several processes do not mix. */
#include "log.h"
#include "time.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *name = "jinwu";
static jw_level limit = JW_LOG_INFO;

void jw_log_start(const char *process, jw_level most) {
    name = process;
    limit = most;
}

void jw_log(jw_level level, const char *fmt, ...) {
    static const char *const words[] = {"error", "warning", "info", "debug"};
    char line[2048], when[JW_TIME_TEXT];
    if (level > limit)
        return;
    jw_time_print(jw_time_now() / JW_MS * JW_MS, when);
    int used = snprintf(line, sizeof line - 1, "%s %s %s: ", when, name, words[level]);
    va_list args;
    va_start(args, fmt);
    int more = vsnprintf(line + used, sizeof line - 1 - (size_t)used, fmt, args);
    va_end(args);
    size_t len = (size_t)used + (more < 0 ? 0 : (size_t)more);
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    for (size_t i = 0; i < len; i++) /* a peer's bytes must not forge a line or move the cursor */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody is left to tell */
}
