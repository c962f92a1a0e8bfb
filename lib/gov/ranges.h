/* lib/gov/ranges.h — networks flattened into sorted, disjoint ranges: a lookup is one short binary search. */
#pragma once
#include "base/address.h"
#include "base/memory.h"
#include "base/status.h"

#define JW_RANGES_NONE UINT32_MAX

/* Input: laminar by nature (two networks nest or are apart). */
struct jw_ranges_span {
    jw_network network;
    uint32_t value; /* what a lookup gives */
    uint32_t rank;  /* of two spans with the same network the higher one wins */
};

struct jw_ranges;
/* Sorts `spans` in place. `inherit` (may be NULL) is told each span's value and the value of the next wider one
 * (JW_RANGES_NONE at the top), widest first, and gives the value to use. */
typedef uint32_t (*jw_ranges_inherit)(void *context, uint32_t value, uint32_t wider);
JW_MUST_CHECK jw_status jw_ranges_new(struct jw_ranges_span *spans, size_t count, jw_ranges_inherit inherit,
                                      void *context, struct jw_ranges **out);
void jw_ranges_free(struct jw_ranges *ranges);
JW_DEFINE_AUTO(jw_ranges, jw_ranges_free)
uint32_t jw_ranges_find(const struct jw_ranges *ranges,
                        const jw_address *address); /* JW_RANGES_NONE: in no network */
