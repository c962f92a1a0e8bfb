/* lib/sigma/cache.c — a table from (column, value) to the list of true predicates. */
#include "cache.h"

#include <stdlib.h>

#include "base/hash.h"

#define WAYS 4

struct entry {
    uint32_t column, value_size, count;
    uint32_t list[]; /* and the bytes behind it */
};

/* Where an entry is, counted in bytes ever written to the ring, plus 1. It is gone when the ring came round. */
struct slot {
    uint64_t hash, place;
};

struct jw_cache {
    uint64_t key[4], written;
    size_t ring_size; /* a power of two */
    char *ring;
    struct slot *slots; /* rows of WAYS, one cache line each */
    uint64_t row_mask;
};

struct jw_cache *jw_cache_new(size_t bytes) {
    JW_AUTO(jw_cache_free_p) struct jw_cache *cache = calloc(1, sizeof *cache);
    size_t rows = 64;
    if (!cache)
        return NULL;
    cache->ring_size = 4096;
    while (cache->ring_size * 2 <= bytes)
        cache->ring_size *= 2;
    while (rows * WAYS < cache->ring_size / 128) /* about as many as the ring holds */
        rows *= 2;
    cache->row_mask = rows - 1;
    cache->slots = aligned_alloc(64, rows * WAYS * sizeof *cache->slots);
    cache->ring = malloc(cache->ring_size);
    if (!cache->slots || !cache->ring)
        return NULL;
    memset(cache->slots, 0, rows * WAYS * sizeof *cache->slots);
    jw_random(cache->key, sizeof cache->key);
    struct jw_cache *done = cache;
    cache = NULL;
    return done;
}

void jw_cache_free(struct jw_cache *cache) {
    if (!cache)
        return;
    free(cache->slots);
    free(cache->ring);
    free(cache);
}

static struct slot *row_of(const struct jw_cache *cache, uint64_t hash) {
    return cache->slots + (hash >> 20 & cache->row_mask) * WAYS;
}

static bool is_there(const struct jw_cache *cache, uint64_t place) {
    return place && cache->written - (place - 1) <= cache->ring_size;
}

uint64_t jw_cache_ask(const struct jw_cache *cache, uint32_t column, jw_text value) {
    uint64_t hash = jw_hash_quick(cache->key, value) ^ (column + 1) * UINT64_C(0x9E3779B97F4A7C15);
    __builtin_prefetch(row_of(cache, hash));
    return hash;
}

static const struct entry *entry_at(const struct jw_cache *cache, uint64_t place) {
    return (const void *)(cache->ring + ((place - 1) & (cache->ring_size - 1)));
}

uint64_t jw_cache_place(const struct jw_cache *cache, uint64_t hash) {
    const struct slot *row = row_of(cache, hash);
    for (int i = 0; i < WAYS; i++)
        if (row[i].hash == hash && is_there(cache, row[i].place)) {
            __builtin_prefetch(entry_at(cache, row[i].place));
            return row[i].place;
        }
    return 0;
}

bool jw_cache_read(const struct jw_cache *cache, uint64_t place, uint32_t column, jw_text value,
                   const uint32_t **out, size_t *out_count) {
    if (!is_there(cache, place))
        return false;
    const struct entry *entry = entry_at(cache, place);
    if (entry->column != column || entry->value_size != value.len ||
        (value.len && memcmp(entry->list + entry->count, value.ptr, value.len) != 0))
        return false;
    *out = entry->list;
    *out_count = entry->count;
    return true;
}

void jw_cache_add(struct jw_cache *cache, uint64_t hash, uint32_t column, jw_text value, const uint32_t *list,
                  size_t count) {
    size_t size = (sizeof(struct entry) + count * sizeof *list + value.len + 7) & ~(size_t)7;
    if (value.len > JW_CACHE_VALUE || size > cache->ring_size / 16)
        return;
    size_t at = cache->written & (cache->ring_size - 1);
    if (at + size > cache->ring_size) { /* an entry stands in one piece: the end of the ring stays unused */
        cache->written += cache->ring_size - at;
        at = 0;
    }
    struct slot *row = row_of(cache, hash), *oldest = row;
    for (int i = 1; i < WAYS; i++)
        if (row[i].place < oldest->place)
            oldest = &row[i];
    *oldest = (struct slot){hash, cache->written + 1};
    cache->written += size;
    struct entry *entry = (void *)(cache->ring + at);
    *entry = (struct entry){column, (uint32_t)value.len, (uint32_t)count};
    if (count)
        memcpy(entry->list, list, count * sizeof *list);
    if (value.len)
        memcpy(entry->list + count, value.ptr, value.len);
}
