/* lib/sigma/fold.c — Unicode simple case folding of UTF-8; what is not UTF-8 stays as it is. */
#include "pattern.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const struct run {
    uint32_t first, last;
    uint8_t step;
    int32_t add;
} runs[] = {
#define FOLD(first, last, step, add) {first, last, step, add},
#include "fold.def"
#undef FOLD
};

static uint32_t fold_one(uint32_t c) {
    size_t low = 0, high = sizeof runs / sizeof *runs;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > runs[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == sizeof runs / sizeof *runs || c < runs[low].first || (c - runs[low].first) % runs[low].step)
        return c;
    return (uint32_t)((int32_t)c + runs[low].add);
}

size_t jw_fold_utf8_length(const unsigned char *at, size_t left) {
    size_t need = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
    if (!need || need > left)
        return 1;
    for (size_t i = 1; i < need; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 1;
    return need;
}

static uint32_t decode(const unsigned char *at, size_t n) {
    uint32_t c = n == 2 ? at[0] & 0x1f : n == 3 ? at[0] & 0x0f : at[0] & 0x07;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (at[i] & 0x3f);
    return c;
}

static size_t encode(uint32_t c, unsigned char *out) {
    if (c < 0x80)
        return out[0] = (unsigned char)c, 1;
    if (c < 0x800)
        return out[0] = (unsigned char)(0xc0 | c >> 6), out[1] = (unsigned char)(0x80 | (c & 0x3f)), 2;
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

/* ASCII, which logs mostly are: 16 bytes at once up to the first block that is more. Gives how many. */
static size_t fold_ascii(const unsigned char *in, size_t len, unsigned char *to) {
    size_t i = 0;
#if defined(__SSE2__)
    /* 'A' to 'Z' are moved to the lowest 26 signed numbers, for SSE2 compares signed bytes only */
    const __m128i move = _mm_set1_epi8((char)(0x80 - 'A')), end = _mm_set1_epi8((char)(0x80 + 26)),
                  bit = _mm_set1_epi8(0x20);
    for (; len - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(in + i));
        if (_mm_movemask_epi8(v))
            break;
        __m128i upper = _mm_cmplt_epi8(_mm_add_epi8(v, move), end);
        _mm_storeu_si128((__m128i *)(to + i), _mm_or_si128(v, _mm_and_si128(upper, bit)));
    }
#endif
    return i;
}

size_t jw_fold(jw_text s, char *out) {
    const unsigned char *in = (const unsigned char *)s.ptr;
    size_t i = fold_ascii(in, s.len, (unsigned char *)out);
    unsigned char *to = (unsigned char *)out + i;
    while (i < s.len) {
        if (in[i] < 0x80) {
            *to++ = (unsigned char)(in[i] >= 'A' && in[i] <= 'Z' ? in[i] + 32 : in[i]);
            i++;
            continue;
        }
        size_t n = jw_fold_utf8_length(in + i, s.len - i);
        uint32_t c = n == 1 ? 0 : decode(in + i, n), folded = n == 1 ? 0 : fold_one(c);
        if (folded != c) {
            to += encode(folded, to);
        } else { /* bytes that are no UTF-8 or overlong stay exactly what they are */
            memcpy(to, in + i, n);
            to += n;
        }
        i += n;
    }
    return (size_t)(to - (unsigned char *)out);
}
