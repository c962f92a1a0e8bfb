/* lib/sigma/screen.c — of each word four neighbouring bytes are looked for, in both cases: the least common ones.
 *
 * Words are spread over eight sets, alike parts together. For each of the four places and each half of a byte a
 * table says which sets have such a byte there; the AND of the eight answers leaves the sets that may begin at a
 * place. AVX2 asks for 32 places at once; without it one place after the other. What is left is looked up in a
 * table of the parts, then compared with the words of the set. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SETS   8
#define PLACES 4
#define BITS   13 /* of the table of parts */

struct word {
    jw_text text;        /* folded */
    uint32_t start, len; /* of the part looked for */
    uint32_t part, mask; /* its bytes, upper case made lower */
    bool ascii;          /* all of the word can be compared byte by byte */
};

struct jw_screen {
    uint8_t low[PLACES][16], high[PLACES][16];
    uint8_t parts[1 << (BITS - 3)]; /* bits, by a hash of the first three bytes of a part */
    struct word *words;             /* those of one set stand together */
    uint32_t first[SETS + 1];
    size_t shortest;
    bool not_ascii; /* a word without any ASCII part: every text that is not ASCII may have it */
    bool wide;      /* AVX2 is there */
};

/* How common a byte is in logs, roughly; higher is worse. */
static unsigned commonness(unsigned char c) {
    if (c >= 'a' && c <= 'z')
        return strchr("etaoinsr", c) ? 6 : strchr("cdlmupfhg", c) ? 5 : strchr("zjqx", c) ? 2 : 4;
    if (c >= '0' && c <= '9')
        return 5;
    return strchr(" .-\\/_\"", c) ? 5 : 1;
}

/* Where the part to look for begins: the least common PLACES bytes, all of them ASCII, else the longest ASCII run.
 */
static uint32_t part_of(jw_text word, uint32_t *out_len) {
    uint32_t best = 0, best_len = 0;
    unsigned best_cost = 0;
    for (uint32_t i = 0; i < word.len; i++) {
        unsigned cost = 0;
        uint32_t n = 0;
        for (; n < PLACES && i + n < word.len && (unsigned char)word.ptr[i + n] < 0x80; n++)
            cost += commonness((unsigned char)word.ptr[i + n]);
        if (n > best_len || (n == best_len && n && cost < best_cost)) {
            best = i;
            best_len = n;
            best_cost = cost;
        }
    }
    *out_len = best_len;
    return best;
}

static bool is_ascii(jw_text text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static void put_byte(struct jw_screen *screen, int place, unsigned char c, uint8_t set) {
    screen->low[place][c & 15] |= set;
    screen->high[place][c >> 4] |= set;
}

static uint32_t lowered(const char *p, uint32_t len) {
    uint32_t bytes = 0;
    memcpy(&bytes, p, len);
    return bytes | 0x20202020u; /* also makes some other bytes equal: a yes is only perhaps */
}

static uint32_t slot_of(uint32_t part) { return (part & 0xffffff) * 0x9E3779B1u >> (32 - BITS); }

static void prepare(struct jw_screen *screen, jw_text text, struct word *word) {
    *word = (struct word){.text = text, .ascii = is_ascii(text)};
    word->start = part_of(text, &word->len);
    word->mask = word->len == PLACES ? UINT32_MAX : (1u << 8 * word->len) - 1;
    word->part = lowered(text.ptr + word->start, word->len) & word->mask;
    screen->not_ascii |= word->len == 0;
    if (text.len < screen->shortest)
        screen->shortest = text.len;
}

static int by_part(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    uint32_t s = __builtin_bswap32(x->part), t = __builtin_bswap32(y->part);
    return (s > t) - (s < t);
}

static void put_word(struct jw_screen *screen, const struct word *word, uint8_t set) {
    for (uint32_t i = 0; i < PLACES; i++) {
        unsigned char c = i < word->len ? (unsigned char)word->text.ptr[word->start + i] : 0;
        if (i < word->len)
            put_byte(screen, (int)i, c, set);
        if (i < word->len && c >= 'a' && c <= 'z')
            put_byte(screen, (int)i, (unsigned char)(c - 32), set);
        for (unsigned any = 0; i >= word->len && any < 16; any++) { /* a shorter part: whatever follows */
            screen->low[i][any] |= set;
            screen->high[i][any] |= set;
        }
    }
    uint32_t slot = slot_of(word->part);
    if (word->len >= 3)
        screen->parts[slot / 8] |= (uint8_t)(1u << slot % 8);
    else
        memset(screen->parts, 0xff, sizeof screen->parts);
}

struct jw_screen *jw_screen_new(const jw_text *words, uint32_t count, struct jw_arena *mem) {
    struct jw_screen *screen = jw_arena_alloc(mem, sizeof *screen);
    if (!screen)
        return NULL;
    *screen = (struct jw_screen){.shortest = SIZE_MAX};
    screen->words = jw_arena_alloc(mem, (count + 1) * sizeof *screen->words);
    if (!screen->words)
        return NULL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        prepare(screen, words[i], &screen->words[kept]);
        kept += screen->words[kept].len > 0;
    }
    qsort(screen->words, kept, sizeof *screen->words, by_part);
    for (uint32_t set = 0; set < SETS; set++) {
        screen->first[set] = (uint32_t)((uint64_t)kept * set / SETS);
        screen->first[set + 1] = (uint32_t)((uint64_t)kept * (set + 1) / SETS);
        for (uint32_t i = screen->first[set]; i < screen->first[set + 1]; i++)
            put_word(screen, &screen->words[i], (uint8_t)(1u << set));
    }
    /* folding can make a text longer, so that one of n bytes may fold to 2n */
    screen->shortest = screen->shortest == SIZE_MAX ? SIZE_MAX : (screen->shortest + 1) / 2;
#if defined(__x86_64__)
    screen->wide = __builtin_cpu_supports("avx2");
#endif
    return screen;
}

void jw_screen_without_avx2(struct jw_screen *screen) { screen->wide = false; }
size_t jw_screen_shortest(const struct jw_screen *screen) { return screen->shortest; }

static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c; }

static bool stands(const struct word *word, jw_text text, size_t at) {
    if (!word->ascii) /* what is beside the part may be written in other ways */
        return at + word->len <= text.len;
    if (at < word->start || at - word->start + word->text.len > text.len)
        return false;
    const char *begin = text.ptr + at - word->start;
    for (size_t k = 0; k < word->text.len; k++)
        if ((char)lower((unsigned char)begin[k]) != word->text.ptr[k])
            return false;
    return true;
}

/* Whether a word of `sets` stands with its part at `at`. */
static bool stands_at(const struct jw_screen *screen, jw_text text, size_t at, unsigned sets) {
    uint32_t part = lowered(text.ptr + at, PLACES), slot = slot_of(part);
    if (!(screen->parts[slot / 8] >> slot % 8 & 1))
        return false;
    for (; sets; sets &= sets - 1) {
        unsigned set = (unsigned)__builtin_ctz(sets);
        for (uint32_t i = screen->first[set]; i < screen->first[set + 1]; i++)
            if ((part & screen->words[i].mask) == screen->words[i].part && stands(&screen->words[i], text, at))
                return true;
    }
    return false;
}

static unsigned sets_at(const struct jw_screen *screen, const unsigned char *p) {
    unsigned sets = 0xff;
    for (int i = 0; i < PLACES; i++)
        sets &= screen->low[i][p[i] & 15] & screen->high[i][p[i] >> 4];
    return sets;
}

static bool scan_narrow(const struct jw_screen *screen, jw_text text, bool *out_high) {
    const unsigned char *p = (const unsigned char *)text.ptr;
    unsigned high = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned sets = sets_at(screen, p + i);
        high |= p[i];
        if (sets && stands_at(screen, text, i, sets))
            return true;
    }
    *out_high = high >= 0x80;
    return false;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline __m256i table_of(const uint8_t table[16]) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

__attribute__((target("avx2"))) static bool scan_wide(const struct jw_screen *screen, jw_text text,
                                                      bool *out_high) {
    const unsigned char *p = (const unsigned char *)text.ptr;
    const __m256i half = _mm256_set1_epi8(15);
    __m256i low[PLACES], high[PLACES];
    unsigned not_ascii = 0;
    for (int k = 0; k < PLACES; k++) {
        low[k] = table_of(screen->low[k]);
        high[k] = table_of(screen->high[k]);
    }
    for (size_t i = 0; i < text.len; i += 32) {
        unsigned inside = text.len - i >= 32 ? UINT32_MAX : (1u << (text.len - i)) - 1;
        __m256i sets = _mm256_set1_epi8(-1);
        for (int k = 0; k < PLACES; k++) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(p + i + k));
            if (k == 0)
                not_ascii |= (unsigned)_mm256_movemask_epi8(v) & inside;
            sets = _mm256_and_si256(sets, _mm256_shuffle_epi8(low[k], _mm256_and_si256(v, half)));
            v = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);
            sets = _mm256_and_si256(sets, _mm256_shuffle_epi8(high[k], v));
        }
        unsigned hits = ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(sets, _mm256_setzero_si256())) & inside;
        for (; hits; hits &= hits - 1) {
            size_t at = i + (unsigned)__builtin_ctz(hits);
            if (stands_at(screen, text, at, sets_at(screen, p + at)))
                return true;
        }
    }
    *out_high = not_ascii != 0;
    return false;
}
#endif

bool jw_screen_may(const struct jw_screen *screen, jw_text text) {
    bool high = false, found;
    if (text.len < screen->shortest)
        return false;
#if defined(__x86_64__)
    found = screen->wide ? scan_wide(screen, text, &high) : scan_narrow(screen, text, &high);
#else
    found = scan_narrow(screen, text, &high);
#endif
    /* the only characters outside of ASCII that fold into it: long s and the Kelvin sign */
    return found || (high && (screen->not_ascii || jw_text_find(text, JW_TEXT("\xc5\xbf"), NULL) ||
                              jw_text_find(text, JW_TEXT("\xe2\x84\xaa"), NULL)));
}
