/* lib/sigma/index_parts.h — the inside of an index, shared by its builder and its scanner. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>

#include "index.h"

#include "base/hash.h"

#define JW_REGEX_STEPS                                                                         \
    1000000 /* PCRE2's match limit: a catastrophic expression gives up after some milliseconds \
             */
/* Vectorscan 5.4.9 misses finds in databases of few literals (docs/decisions/vectorscan-literals.md): those are
 * searched one by one. */
#define JW_NEEDLES_LEAST 16
#define JW_NEEDLE_MOST   256 /* longer literals are looked for by their first bytes */

struct jw_alternative {
    uint32_t predicate;
    uint32_t next; /* of the same whole text or needle; index + 1, 0 ends */
    const struct jw_sigma_value *value;
    pcre2_code *code;
    bool needs_match; /* the needle alone does not prove it */
};

struct jw_whole {
    jw_text text; /* folded */
    uint32_t first;
};

struct jw_index {
    struct jw_alternative *alternatives;
    uint32_t count;
    struct jw_whole *wholes; /* open addressing by jw_index_hash */
    uint32_t whole_slots;
    size_t longest_whole;
    hs_database_t *needles; /* NULL below JW_NEEDLES_LEAST */
    uint32_t *needle_first; /* by needle: alternative + 1 */
    jw_text *needle_texts;
    uint32_t needle_count;
    uint32_t *always, always_count; /* tried on every value */
};

/* Of whole texts, which rules choose: a peer can only look for them. */
static inline uint32_t jw_index_hash(jw_text text) {
    static const uint64_t key[4] = {UINT64_C(0x8a5cd789635d2dff), UINT64_C(0x121fd2155c472f96),
                                    UINT64_C(0x3b8d1c6f90e2a745), UINT64_C(0xc2b2ae3d27d4eb4f)};
    return (uint32_t)jw_hash_quick(key, text);
}

/* regex.c */
JW_MUST_CHECK jw_status jw_sigma_regex_compile(const struct jw_sigma_value *value, pcre2_code **out,
                                               struct jw_error *err);
bool jw_sigma_number(jw_text text, double *out);
/* regex_word.c: a word that is in every text that `regex` matches, once folded; empty when none is known. */
jw_text jw_sigma_regex_word(jw_text regex, struct jw_arena *mem);
