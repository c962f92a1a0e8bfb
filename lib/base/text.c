/* lib/base/text.c — looking at borrowed text; nothing here allocates. */
#include "text.h"

bool jw_text_starts(jw_text s, jw_text prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool jw_text_ends(jw_text s, jw_text suffix) {
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

bool jw_text_drop(jw_text *rest, jw_text prefix) {
    if (!jw_text_starts(*rest, prefix))
        return false;
    rest->ptr += prefix.len;
    rest->len -= prefix.len;
    return true;
}

bool jw_text_cut(jw_text *rest, char sep, jw_text *out_head) {
    const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
    if (!at)
        return false;
    size_t head = (size_t)(at - rest->ptr);
    jw_text tail = {at + 1, rest->len - head - 1};
    *out_head = (jw_text){rest->ptr, head};
    *rest = tail;
    return true;
}

bool jw_text_next(jw_text *rest, char sep, jw_text *out_piece) {
    if (rest->len == 0)
        return false;
    if (!jw_text_cut(rest, sep, out_piece)) {
        *out_piece = *rest;
        rest->ptr += rest->len;
        rest->len = 0;
    }
    return true;
}

static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c; }

bool jw_text_is_nocase(jw_text a, jw_text b) {
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower((unsigned char)a.ptr[i]) != lower((unsigned char)b.ptr[i]))
            return false;
    return true;
}

bool jw_text_find(jw_text s, jw_text needle, size_t *out_at) {
    const char *at = needle.len == 0 ? s.ptr : s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    if (!at)
        return needle.len == 0;
    if (out_at)
        *out_at = (size_t)(at - s.ptr);
    return true;
}

int jw_text_compare(jw_text a, jw_text b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

jw_text jw_text_trim(jw_text s) {
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    while (s.len && is_space(*s.ptr)) {
        s.ptr++;
        s.len--;
    }
    return s;
}

bool jw_text_u64(jw_text s, uint64_t *out) {
    uint64_t value = 0;
    if (s.len == 0 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool jw_text_i64(jw_text s, int64_t *out) {
    uint64_t size;
    bool minus = s.len && *s.ptr == '-';
    if (minus) {
        s.ptr++;
        s.len--;
    }
    if (!jw_text_u64(s, &size) || size > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

/* The bytes that may follow a lead byte, and the range its first follower must lie in (RFC 3629 section 4). */
static unsigned followers(const unsigned char *p, unsigned char *low, unsigned char *high) {
    *low = 0x80, *high = 0xBF;
    if (*p >= 0xC2 && *p <= 0xDF)
        return 1;
    if (*p >= 0xE0 && *p <= 0xEF) {
        *low = *p == 0xE0 ? 0xA0 : 0x80;
        *high = *p == 0xED ? 0x9F : 0xBF;
        return 2;
    }
    if (*p >= 0xF0 && *p <= 0xF4) {
        *low = *p == 0xF0 ? 0x90 : 0x80;
        *high = *p == 0xF4 ? 0x8F : 0xBF;
        return 3;
    }
    return 0;
}

bool jw_text_is_utf8(jw_text s) {
    if (!s.len)
        return true; /* C allows no arithmetic on NULL, not even + 0 */
    const unsigned char *p = (const unsigned char *)s.ptr, *end = p + s.len;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), (eight & 0x8080808080808080u) == 0))
            p += 8;
        if (p == end)
            break;
        if (*p < 0x80) {
            p++;
            continue;
        }
        unsigned char low, high;
        unsigned more = followers(p, &low, &high);
        if (more == 0 || (size_t)(end - p) <= more || p[1] < low || p[1] > high)
            return false;
        for (unsigned i = 2; i <= more; i++)
            if ((p[i] & 0xC0) != 0x80)
                return false;
        p += more + 1;
    }
    return true;
}
