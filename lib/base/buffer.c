/* lib/base/buffer.c — growing bytes up to a ceiling. */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void jw_buffer_free(jw_buffer *buf) {
    free(buf->ptr);
    *buf = JW_BUFFER(buf->ceiling);
}

bool jw_buffer_reserve(jw_buffer *buf, size_t more) {
    if (buf->failed)
        return false;
    if (more <= buf->capacity - buf->len)
        return true;
    if (more > buf->ceiling || buf->len > buf->ceiling - more) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
    while (capacity < buf->len + more)
        capacity *= 2;
    if (capacity > buf->ceiling)
        capacity = buf->ceiling;
    char *ptr = realloc(buf->ptr, capacity);
    if (!ptr) {
        buf->failed = true;
        return false;
    }
    buf->ptr = ptr;
    buf->capacity = capacity;
    return true;
}

void jw_buffer_add(jw_buffer *buf, jw_text s) {
    if (s.len && jw_buffer_reserve(buf, s.len)) {
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
        buf->len += s.len;
    }
}

void jw_buffer_byte(jw_buffer *buf, char c) {
    if (jw_buffer_reserve(buf, 1))
        buf->ptr[buf->len++] = c;
}

void jw_buffer_print(jw_buffer *buf, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int need = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (need < 0 || !jw_buffer_reserve(buf, (size_t)need + 1)) { /* vsnprintf wants room for its NUL */
        buf->failed = true;
        return;
    }
    va_start(args, fmt);
    vsnprintf(buf->ptr + buf->len, (size_t)need + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)need;
}

void jw_buffer_u64(jw_buffer *buf, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    jw_buffer_add(buf, (jw_text){digits + at, sizeof digits - at});
}

/* Length of the valid UTF-8 sequence at the front of `s`, 0 when it is not one. */
static size_t sequence(jw_text s) {
    unsigned char lead = (unsigned char)*s.ptr;
    size_t len = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return len <= s.len && jw_text_is_utf8((jw_text){s.ptr, len}) ? len : 0;
}

static void escape(jw_buffer *buf, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    const char *shortcut = strchr("\"\"\\\\\bb\ff\nn\rr\tt", c); /* pairs: the byte, then its letter */
    if (c && shortcut) {
        jw_buffer_byte(buf, '\\');
        jw_buffer_byte(buf, c == '"' || c == '\\' ? (char)c : shortcut[1]);
        return;
    }
    jw_buffer_add(buf, JW_TEXT("\\u00"));
    jw_buffer_byte(buf, hex[c >> 4]);
    jw_buffer_byte(buf, hex[c & 15]);
}

void jw_buffer_json(jw_buffer *buf, jw_text s) {
    jw_buffer_byte(buf, '"');
    const char *plain = s.ptr, *end = s.ptr + s.len; /* bytes from `plain` on wait to be copied in one go */
    for (const char *p = s.ptr; p < end;) {
        unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            p++;
            continue;
        }
        size_t len = c < 0x80 ? 0 : sequence((jw_text){p, (size_t)(end - p)});
        if (len) {
            p += len;
            continue;
        }
        jw_buffer_add(buf, (jw_text){plain, (size_t)(p - plain)});
        if (c < 0x80)
            escape(buf, c);
        else
            jw_buffer_add(buf, JW_TEXT("\xEF\xBF\xBD"));
        plain = ++p;
    }
    jw_buffer_add(buf, (jw_text){plain, (size_t)(end - plain)});
    jw_buffer_byte(buf, '"');
}
