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

/* The value of "\\uXXXX" behind its "\\u"; false when these are not four hexadecimal digits. */
static inline bool scan_hex4(const char *p, const char *end, unsigned *out) {
    unsigned value = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i], letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value << 4 | (unsigned)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (unsigned)(letter - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

/* What stands behind a backslash, and what it means; 0: nothing does. u is told apart by the caller. */
static const char escapes[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b', ['f'] = '\f',
                                  ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t', ['u'] = 'u'};

static inline bool is_escape(const char *p, const char *end) {
    unsigned ignored;
    return escapes[(unsigned char)*p] && (*p != 'u' || scan_hex4(p + 1, end, &ignored));
}

#if defined(__SSE2__)
/* The top bit of each of 64 bytes. */
static inline uint64_t bits_of(__m128i a, __m128i b, __m128i c, __m128i d) {
    uint64_t low = (unsigned)_mm_movemask_epi8(a) | (unsigned)_mm_movemask_epi8(b) << 16;
    uint64_t high = (unsigned)_mm_movemask_epi8(c) | (unsigned)_mm_movemask_epi8(d) << 16;
    return low | high << 32;
}
static inline uint64_t bits_equal(const __m128i v[4], __m128i c) {
    return bits_of(_mm_cmpeq_epi8(v[0], c), _mm_cmpeq_epi8(v[1], c), _mm_cmpeq_epi8(v[2], c),
                   _mm_cmpeq_epi8(v[3], c));
}
#endif

/* As scan_string, from the first backslash of a string on, and past every escape. False: one is no escape, or the
 * text ends in it. *unicode: one is \\uXXXX. Windows events are full of them, so that 64 bytes are decided at once.
 */
static inline bool skip_escapes(const char **at, const char *end, unsigned *high, bool *rare) {
    const char *p = *at;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1f);
    const uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t carried = 0;           /* the first byte of the block is escaped */
    for (; end - p > 64; p += 64) { /* more than 64: the byte behind a last backslash is there as well */
        __m128i v[4];
        for (int i = 0; i < 4; i++)
            v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
        uint64_t quotes = bits_equal(v, quote), slashes = bits_equal(v, backslash),
                 beyond = bits_of(v[0], v[1], v[2], v[3]);
        uint64_t controls = bits_of(_mm_cmpeq_epi8(_mm_min_epu8(v[0], last_control), v[0]),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v[1], last_control), v[1]),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v[2], last_control), v[2]),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v[3], last_control), v[3]));
        /* Runs of backslashes: every second byte from their start on is escaped, which adding carries along a run
         * that begins at an odd place tells apart from one at an even place. */
        uint64_t run = slashes & ~carried, behind = run << 1 | carried, sum;
        carried = __builtin_add_overflow(run & ~even & ~behind, run, &sum);
        uint64_t escaped = (even ^ sum << 1) & behind, ends = (quotes | controls) & ~escaped;
        uint64_t before = ends ? (ends & -ends) - 1 : UINT64_MAX;
        *high |= (beyond & before) != 0;
        for (uint64_t left = escaped & before & ~(quotes | slashes); left; left &= left - 1) {
            const char *at_letter = p + __builtin_ctzll(left);
            if (!is_escape(at_letter, end))
                return false;
            *rare |= *at_letter == 'u' || *at_letter == '/';
        }
        if (ends) {
            *at = p + __builtin_ctzll(ends);
            return true;
        }
    }
    if (carried) { /* the block before ended with the backslash of this escape */
        if (!is_escape(p, end))
            return false;
        *rare |= *p == 'u' || *p == '/';
        p++;
    }
#endif
    while (p < end && *p != '"' && (unsigned char)*p >= 0x20) {
        *high |= (unsigned char)*p >> 7;
        if (*p++ != '\\')
            continue;
        if (p == end || !is_escape(p, end))
            return false;
        *rare |= *p == 'u' || *p == '/';
        p++;
    }
    *at = p;
    return true;
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
