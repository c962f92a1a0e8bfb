/* lib/json/scan.h — finding the end of plain text, 16 bytes at a time. Internal to lib/json. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) /* every x86-64 has it: no dispatch, and strings of logs rarely exceed 32 bytes */
#include <emmintrin.h>
#endif

static inline bool is_special(unsigned char c) { return c == '"' || c == '\\' || c < 0x20; }

/* The first '"', '\\' or control byte in [p, end), or end. *high collects whether a byte >= 0x80 was passed; it may
 * also count bytes up to 15 behind the place, which costs a needless UTF-8 check and is never wrong. */
static inline const char *scan_string(const char *p, const char *end, unsigned *high) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        *high |= (unsigned)_mm_movemask_epi8(v);
        if (mask)
            return p + __builtin_ctz(mask);
    }
#else
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    for (; end - p >= 8; p += 8) {
        uint64_t v, q, b;
        memcpy(&v, p, 8);
        q = v ^ ones * '"';
        b = v ^ ones * '\\';
        *high |= (v & tops) != 0;
        if ((((q - ones) & ~q) | ((b - ones) & ~b) | ((v - ones * 0x20) & ~v)) & tops)
            break; /* somewhere in these eight: the loop below finds it */
    }
#endif
    for (; p < end && !is_special((unsigned char)*p); p++)
        *high |= (unsigned char)*p >> 7;
    return p;
}

#define COPY_SLACK 16 /* bytes that copy_plain may write behind what it copies */

/* Copies up to the next backslash or control byte, `close`, or a block, whichever comes first; returns how many
 * bytes, at least one. The caller stands before none of these; `end` is where reading must stop. *high as above. */
static inline size_t copy_plain(char *to, const char *p, const char *close, const char *end, unsigned *high) {
    size_t most = (size_t)(close - p), n = 0;
#if defined(__SSE2__)
    if (end - p >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        *high |= (unsigned)_mm_movemask_epi8(v);
        _mm_storeu_si128((__m128i *)to, v);
        n = mask ? (size_t)__builtin_ctz(mask) : 16;
        return n < most ? n : most;
    }
#else
    (void)end;
#endif
    for (; n < most && p[n] != '\\' && (unsigned char)p[n] >= 0x20; n++) {
        to[n] = p[n];
        *high |= (unsigned char)p[n] >> 7;
    }
    return n;
}
