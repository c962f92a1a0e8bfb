/* lib/json/keys.h — the names of a stream of events. Events of one kind have the same names in the same order, so
 * that behind a name mostly comes the one that came behind it before: comparing it is cheaper than finding its end.
 * Internal to lib/json; json.h has the calls for others. */
#pragma once
#include "base/text.h"
#include "scan.h"

#define KEYS_MOST  1023 /* more are read as if there was no memory of them */
#define KEY_BYTES  48   /* a name with its quotes and colon; longer ones are not kept */
#define KEY_SLOTS  4096
#define KEY_PROBES 8 /* an attacker chooses the names */

struct known_key {
    char quoted[KEY_BYTES]; /* "name": and zeros */
    jw_text name;           /* within `quoted` */
    uint32_t size;          /* of `quoted` */
    uint16_t next[2];       /* what came behind it, the last first; 0: nothing yet */
};

struct jw_json_keys {
    uint64_t serial;
    uint32_t count;
    uint16_t slots[KEY_SLOTS];
    struct known_key known[KEYS_MOST + 1]; /* [0] stands for the beginning */
};

static inline bool key_stands(const struct known_key *known, const char *at) {
#if defined(__SSE2__)
    for (uint32_t i = 0; i < known->size; i += 16) {
        __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(at + i)),
                                      _mm_loadu_si128((const __m128i *)(known->quoted + i)));
        unsigned wanted = known->size - i >= 16 ? 0xffff : (1u << (known->size - i)) - 1;
        if (((unsigned)_mm_movemask_epi8(same) & wanted) != wanted)
            return false;
    }
    return true;
#else
    return memcmp(at, known->quoted, known->size) == 0;
#endif
}

/* The key at `at` when it is one that came behind `before`; 0: it is not, or cannot be compared so near to the end.
 */
static inline uint16_t key_expected(const struct jw_json_keys *keys, uint16_t before, const char *at,
                                    const char *end) {
    const uint16_t *next = keys->known[before].next;
    if (end - at < KEY_BYTES)
        return 0;
    for (int i = 0; i < 2 && next[i]; i++)
        if (key_stands(&keys->known[next[i]], at))
            return next[i];
    return 0;
}

/* Its number, kept from now on as what comes behind `before`. 0: not kept. */
uint16_t jw_json_key_learn(struct jw_json_keys *keys, uint16_t before, jw_text name);
