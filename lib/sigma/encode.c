/* lib/sigma/encode.c — the encodings that attackers' command lines carry: UTF-16 and base64. */
#include "rule.h"

static uint32_t take_point(jw_text *rest) {
    const unsigned char *p = (const unsigned char *)rest->ptr;
    size_t n = jw_fold_utf8_length(p, rest->len);
    uint32_t c = n == 1 ? p[0] : n == 2 ? p[0] & 0x1f : n == 3 ? p[0] & 0x0f : p[0] & 0x07;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    rest->ptr += n;
    rest->len -= n;
    return c;
}

jw_status jw_encode_utf16(jw_text in, bool big_endian, bool mark, struct jw_arena *mem, jw_text *out) {
    char *at = jw_arena_alloc(mem, in.len * 4 + 4);
    size_t len = 0;
    if (!at)
        return JW_E_LIMIT;
    uint16_t units[2] = {0xfeff};
    size_t count = mark;
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            at[len++] = (char)(big_endian ? units[i] >> 8 : units[i] & 0xff);
            at[len++] = (char)(big_endian ? units[i] & 0xff : units[i] >> 8);
        }
        if (!in.len)
            break;
        uint32_t c = take_point(&in);
        count = c < 0x10000 ? 1 : 2;
        units[0] = (uint16_t)(c < 0x10000 ? c : 0xd800 + ((c - 0x10000) >> 10));
        units[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    *out = (jw_text){at, len};
    return JW_OK;
}

jw_status jw_encode_base64(jw_text in, struct jw_arena *mem, jw_text *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)in.ptr;
    char *at = jw_arena_alloc(mem, (in.len + 2) / 3 * 4 + 1);
    size_t len = 0;
    if (!at)
        return JW_E_LIMIT;
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t bits = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        at[len++] = digits[bits >> 18];
        at[len++] = digits[bits >> 12 & 63];
        at[len++] = left > 1 ? digits[bits >> 6 & 63] : '=';
        at[len++] = left > 2 ? digits[bits & 63] : '=';
    }
    *out = (jw_text){at, len};
    return JW_OK;
}

jw_status jw_encode_base64_offset(jw_text in, unsigned offset, struct jw_arena *mem, jw_text *out) {
    static const size_t head[] = {0, 2, 3}, tail[] = {0, 3, 2}; /* digits that also hold bits of a neighbour */
    char *shifted = jw_arena_alloc(mem, in.len + 2);
    jw_text whole;
    if (!shifted)
        return JW_E_LIMIT;
    memset(shifted, ' ', offset);
    if (in.len)
        memcpy(shifted + offset, in.ptr, in.len);
    jw_status st = jw_encode_base64((jw_text){shifted, in.len + offset}, mem, &whole);
    size_t cut = head[offset] + tail[(in.len + offset) % 3];
    if (st == JW_OK)
        *out = whole.len > cut ? (jw_text){whole.ptr + head[offset], whole.len - cut} : (jw_text){0};
    return st;
}
