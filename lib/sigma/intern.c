/* lib/sigma/intern.c — a table of texts. */
#include "intern.h"

#include <stdlib.h>

#include "base/hash.h"

struct jw_intern {
    struct jw_arena *mem;
    jw_text *keys;
    uint32_t *slots; /* number + 1 */
    uint32_t count, capacity, mask;
};

struct jw_intern *jw_intern_new(struct jw_arena *mem) {
    struct jw_intern *table = calloc(1, sizeof *table);
    if (table)
        table->mem = mem;
    return table;
}

void jw_intern_free(struct jw_intern *table) {
    if (!table)
        return;
    free(table->keys);
    free(table->slots);
    free(table);
}

static bool grow(struct jw_intern *table) {
    uint32_t capacity = table->capacity ? table->capacity * 2 : 64;
    jw_text *keys = realloc(table->keys, capacity * sizeof *keys);
    if (!keys)
        return false;
    table->keys = keys;
    uint32_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    table->mask = capacity * 2 - 1;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = (uint32_t)jw_hash_stable(table->keys[i]) & table->mask;
        while (table->slots[at])
            at = (at + 1) & table->mask;
        table->slots[at] = i + 1;
    }
    return true;
}

uint32_t jw_intern_add(struct jw_intern *table, jw_text key, bool *out_new) {
    if (table->count == table->capacity && !grow(table))
        return UINT32_MAX;
    uint32_t at = (uint32_t)jw_hash_stable(key) & table->mask;
    for (; table->slots[at]; at = (at + 1) & table->mask)
        if (jw_text_is(table->keys[table->slots[at] - 1], key)) {
            if (out_new)
                *out_new = false;
            return table->slots[at] - 1;
        }
    jw_text kept = jw_arena_copy(table->mem, key);
    if (!kept.ptr && key.len)
        return UINT32_MAX;
    table->keys[table->count] = kept;
    table->slots[at] = ++table->count;
    if (out_new)
        *out_new = true;
    return table->count - 1;
}

uint32_t jw_intern_find(const struct jw_intern *table, jw_text key) {
    uint32_t at = (uint32_t)jw_hash_stable(key) & table->mask;
    for (; table->count && table->slots[at]; at = (at + 1) & table->mask)
        if (jw_text_is(table->keys[table->slots[at] - 1], key))
            return table->slots[at] - 1;
    return UINT32_MAX;
}

uint32_t jw_intern_count(const struct jw_intern *table) { return table->count; }
jw_text jw_intern_key(const struct jw_intern *table, uint32_t number) { return table->keys[number]; }
