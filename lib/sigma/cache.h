/* lib/sigma/cache.h — remembers which predicates were true of a value: values repeat. Bounded; when it is full it
 * starts again empty. Keyed by SipHash and compared byte for byte: a peer chooses the values. Private to lib/sigma.
 */
#pragma once
#include "base/memory.h"

struct jw_cache;
struct jw_cache *jw_cache_new(size_t bytes);
void jw_cache_free(struct jw_cache *cache);
JW_DEFINE_AUTO(jw_cache, jw_cache_free)
/* True when the value is known; the list is valid until the next add. */
bool jw_cache_find(struct jw_cache *cache, uint32_t column, jw_text value, const uint32_t **out, size_t *out_count);
/* Keeps the list; may forget everything before. */
void jw_cache_add(struct jw_cache *cache, uint32_t column, jw_text value, const uint32_t *list, size_t count);
