/* lib/http/http_response.c — what handlers answer with. */
#include "http_server.h"

#include <stdarg.h>

static bool is_clean(jw_text s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return true;
}

void jw_http_response_header(struct jw_http_response *out, const char *name, jw_text value) {
    char *copy = jw_arena_cstr(out->mem, value);
    if (!copy || !is_clean(value) || out->header_count == JW_HTTP_HEADERS) {
        jw_http_response_error(out, 500, "internal", -1, "the header %s could not be sent", name);
        return;
    }
    out->headers[out->header_count++] = (jw_http_pair){jw_text_from(name), {copy, value.len}};
}

void jw_http_response_error(struct jw_http_response *out, unsigned status, const char *code, long at,
                            const char *fmt, ...) {
    char message[512];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
    out->status = status;
    out->type = "application/json";
    jw_buffer_clear(&out->body);
    jw_buffer_print(&out->body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    jw_buffer_json(&out->body, (jw_text){message, kept});
    if (at >= 0)
        jw_buffer_print(&out->body, ",\"at\":%ld", at);
    jw_buffer_add(&out->body, JW_TEXT("}}\n"));
}

void jw_http_response_text(struct jw_http_response *out, const char *type, jw_text body) {
    out->type = type;
    jw_buffer_clear(&out->body);
    jw_buffer_add(&out->body, body);
}
