/* lib/sigma/cache.h — remembers which predicates were true of a value: values repeat. A ring of a fixed size: the
 * newest value takes the place of the oldest. A peer chooses the values: the hash is keyed, what is found is
 * compared byte for byte, and a find looks at four places at most. Private to lib/sigma. */
#pragma once
#include "base/memory.h"

#define JW_CACHE_VALUE 4096 /* longer values hardly repeat */

struct jw_cache;
struct jw_cache *jw_cache_new(size_t bytes);
void jw_cache_free(struct jw_cache *cache);
JW_DEFINE_AUTO(jw_cache, jw_cache_free)
/* A find in three steps, so that an event takes each of them for all its values before the next: then memory is
 * waited for once and not value by value. `ask` gives the hash, `place` where the value is if it is known (0: it is
 * not), `read` whether it is really there. A place may be kept and read later, as the guess for a column's next
 * value. */
uint64_t jw_cache_ask(const struct jw_cache *cache, uint32_t column, jw_text value);
uint64_t jw_cache_place(const struct jw_cache *cache, uint64_t hash);
/* The list is valid until the next add. */
bool jw_cache_read(const struct jw_cache *cache, uint64_t place, uint32_t column, jw_text value,
                   const uint32_t **out, size_t *out_count);
/* Keeps the list, or does not: a value or a list may be too long. */
void jw_cache_add(struct jw_cache *cache, uint64_t hash, uint32_t column, jw_text value, const uint32_t *list,
                  size_t count);
