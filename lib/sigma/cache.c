/* lib/sigma/cache.c — a table from (column, value) to the list of true predicates. */
#include "cache.h"

#include <stdlib.h>

#include "base/hash.h"

#define VALUE_MOST 1024 /* longer values hardly repeat */

struct entry {
    uint64_t hash;
    uint32_t column, value_size, count;
    uint32_t list[]; /* and the bytes behind it */
};

struct jw_cache {
    struct jw_arena *mem;
    size_t ceiling;
    uint32_t slots, used;
    struct entry **table;
};

struct jw_cache *jw_cache_new(size_t bytes) {
    JW_AUTO(jw_cache_free_p) struct jw_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->slots = 1024;
    while (cache->slots < bytes / 128)
        cache->slots *= 2;
    cache->ceiling = bytes;
    cache->table = calloc(cache->slots, sizeof *cache->table);
    cache->mem = jw_arena_new(bytes * 4); /* doubling blocks reserve more than they hand out */
    if (!cache->table || !cache->mem)
        return NULL;
    struct jw_cache *done = cache;
    cache = NULL;
    return done;
}

void jw_cache_free(struct jw_cache *cache) {
    if (!cache)
        return;
    jw_arena_free(cache->mem);
    free(cache->table);
    free(cache);
}

static uint64_t hash_of(uint32_t column, jw_text value) {
    return jw_hash(value) ^ (uint64_t)column * UINT64_C(0x9E3779B97F4A7C15);
}

bool jw_cache_find(struct jw_cache *cache, uint32_t column, jw_text value, const uint32_t **out,
                   size_t *out_count) {
    if (value.len > VALUE_MOST)
        return false;
    uint64_t hash = hash_of(column, value);
    for (size_t at = hash & (cache->slots - 1); cache->table[at]; at = (at + 1) & (cache->slots - 1)) {
        const struct entry *entry = cache->table[at];
        if (entry->hash == hash && entry->column == column && entry->value_size == value.len &&
            (value.len == 0 || memcmp(entry->list + entry->count, value.ptr, value.len) == 0)) {
            *out = entry->list;
            *out_count = entry->count;
            return true;
        }
    }
    return false;
}

void jw_cache_add(struct jw_cache *cache, uint32_t column, jw_text value, const uint32_t *list, size_t count) {
    size_t size = sizeof(struct entry) + count * sizeof *list + value.len;
    if (value.len > VALUE_MOST || size > cache->ceiling / 16)
        return;
    if (jw_arena_used(cache->mem) + size > cache->ceiling || cache->used >= cache->slots / 2) {
        jw_arena_reset(cache->mem);
        memset(cache->table, 0, cache->slots * sizeof(struct entry *));
        cache->used = 0;
    }
    struct entry *entry = jw_arena_alloc(cache->mem, size);
    if (!entry)
        return;
    *entry = (struct entry){hash_of(column, value), column, (uint32_t)value.len, (uint32_t)count};
    if (count)
        memcpy(entry->list, list, count * sizeof *list);
    if (value.len)
        memcpy(entry->list + count, value.ptr, value.len);
    size_t at = entry->hash & (cache->slots - 1);
    while (cache->table[at])
        at = (at + 1) & (cache->slots - 1);
    cache->table[at] = entry;
    cache->used++;
}
