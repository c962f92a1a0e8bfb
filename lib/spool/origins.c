/* lib/spool/origins.c — a hash table whose entries are also a list by age. Indices instead of pointers: 2 MiB at
 * most, and pages that no origin ever touched cost nothing. */
#include "origins.h"

#include <stdlib.h>

#define BUCKETS (JW_ORIGINS * 2)
#define NONE    0u /* entries are counted from 1 */

struct entry {
    struct jw_origin value;
    uint32_t chain;        /* next in its bucket, or next free one */
    uint32_t older, newer; /* in the list by age */
};

struct jw_origins {
    uint32_t count, used; /* used: entries ever taken */
    uint32_t free, oldest, newest;
    uint32_t buckets[BUCKETS];
    struct entry entries[JW_ORIGINS + 1];
};

struct jw_origins *jw_origins_new(void) {
    return calloc(1, sizeof(struct jw_origins));
}
void jw_origins_free(struct jw_origins *table) { free(table); }

void jw_origins_clear(struct jw_origins *table) {
    memset(table->buckets, 0, sizeof table->buckets);
    table->count = table->used = table->free = table->oldest = table->newest = 0;
}

/* Origins are hashes already; one multiplication guards against counters. */
static uint32_t bucket(uint64_t origin) { return (uint32_t)((origin * 0x9E3779B97F4A7C15u) >> 32) % BUCKETS; }

static uint32_t find(const struct jw_origins *table, uint64_t origin) {
    uint32_t at = table->buckets[bucket(origin)];
    while (at && table->entries[at].value.origin != origin)
        at = table->entries[at].chain;
    return at;
}

static void unlist(struct jw_origins *table, uint32_t at) {
    struct entry *entry = &table->entries[at];
    *(entry->older ? &table->entries[entry->older].newer : &table->oldest) = entry->newer;
    *(entry->newer ? &table->entries[entry->newer].older : &table->newest) = entry->older;
}

static void enlist(struct jw_origins *table, uint32_t at) {
    table->entries[at].older = table->newest;
    table->entries[at].newer = NONE;
    *(table->newest ? &table->entries[table->newest].newer : &table->oldest) = at;
    table->newest = at;
}

void jw_origins_remove(struct jw_origins *table, uint64_t origin) {
    uint32_t *link = &table->buckets[bucket(origin)];
    while (*link && table->entries[*link].value.origin != origin)
        link = &table->entries[*link].chain;
    uint32_t at = *link;
    if (!at)
        return;
    *link = table->entries[at].chain;
    unlist(table, at);
    table->entries[at].chain = table->free;
    table->free = at;
    table->count--;
}

static uint32_t take(struct jw_origins *table) {
    if (table->count == JW_ORIGINS)
        jw_origins_remove(table, table->entries[table->oldest].value.origin);
    uint32_t at = table->free;
    if (at)
        table->free = table->entries[at].chain;
    else
        at = ++table->used;
    table->count++;
    return at;
}

void jw_origins_set(struct jw_origins *table, uint64_t origin, uint64_t at) {
    if (!origin)
        return;
    uint32_t index = find(table, origin);
    if (index) {
        unlist(table, index);
    } else {
        index = take(table);
        uint32_t *head = &table->buckets[bucket(origin)];
        table->entries[index].chain = *head;
        *head = index;
    }
    table->entries[index].value = (struct jw_origin){origin, at};
    enlist(table, index);
}

bool jw_origins_find(const struct jw_origins *table, uint64_t origin, uint64_t *out_at) {
    uint32_t at = origin ? find(table, origin) : NONE;
    if (at)
        *out_at = table->entries[at].value.at;
    return at != NONE;
}

uint32_t jw_origins_count(const struct jw_origins *table) { return table->count; }

void jw_origins_print(const struct jw_origins *table, struct jw_origin *out) {
    for (uint32_t at = table->oldest; at; at = table->entries[at].newer)
        *out++ = table->entries[at].value;
}
