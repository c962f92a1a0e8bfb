/* lib/http/http_base64.c — decoding credentials. */
#include "http_base64.h"

static int digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool jw_http_base64_decode(jw_text s, struct jw_arena *mem, jw_text *out) {
    while (s.len && s.len % 4 != 1 && s.ptr[s.len - 1] == '=')
        s.len--;
    if (s.len % 4 == 1)
        return false;
    char *to = jw_arena_alloc(mem, s.len / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t len = 0;
    for (size_t i = 0; to && i < s.len; i++) {
        int value = digit(s.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            to[len++] = (char)(bits >> (6 - i % 4 * 2));
    }
    static const uint32_t over[] = {0, 0, 0xf, 0x3};
    if (!to || (bits & over[s.len % 4]))
        return false;
    *out = (jw_text){to, len};
    return true;
}
