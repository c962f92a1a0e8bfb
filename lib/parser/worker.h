/* lib/parser/worker.h — the scratch memory of one thread. */
#pragma once
#include "compile.h"
#include "parsers.h"

struct jw_matcher { /* for PCRE2 */
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint64_t limited;
};

struct jw_parsers_worker {
    const struct jw_parsers *set;
    struct jw_matcher *matcher;
    jw_field *kept; /* records to go back to */
    size_t kept_count, kept_capacity;
    uint32_t *candidates; /* one place per entry of the dispatcher, and marks of what is already among them */
    uint32_t *seen;
    uint32_t round, candidate_count;
    void *scan; /* hs_scratch_t */
};
