/* lib/base/status.c — the story of a failure, grown from the inside out. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

jw_status jw_fail(struct jw_error *err, jw_status code, const char *fmt, ...) {
    if (!err)
        return code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return code;
}

jw_status jw_wrap(struct jw_error *err, jw_status code, const char *fmt, ...) {
    if (!err)
        return code;
    char view[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(view, sizeof view, fmt, args);
    va_end(args);
    /* The caller's view wins the room: a story cut at its end still says where it happened. */
    size_t used = len < 0 ? 0 : (size_t)len < sizeof view ? (size_t)len : sizeof view - 1;
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    inner[sizeof inner - 1] = '\0';
    memcpy(err->text, view, used);
    snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
    return code;
}
