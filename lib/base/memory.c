/* lib/base/memory.c — arenas: blocks in a chain, newest first. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4096)
#define ALIGN(n)    (((n) + 15) & ~(size_t)15)

struct block {
    struct block *older;
    size_t size, used; /* of `bytes` */
    _Alignas(16) unsigned char bytes[];
};

struct jw_arena {
    struct block *newest;
    size_t ceiling, reserved, handed_out;
};

struct jw_arena *jw_arena_new(size_t ceiling) {
    struct jw_arena *mem = calloc(1, sizeof *mem);
    if (mem)
        mem->ceiling = ceiling;
    return mem;
}

/* Doubles, so that a batch of any size takes few blocks; the ceiling counts what is reserved, not what is used. */
static struct block *block_new(struct jw_arena *mem, size_t need) {
    size_t left = mem->ceiling - mem->reserved, size = mem->newest ? mem->newest->size * 2 : FIRST_BLOCK;
    if (need > left)
        return NULL;
    if (size < need)
        size = need;
    if (size > left)
        size = left;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct block){.older = mem->newest, .size = size};
    mem->newest = block;
    mem->reserved += size;
    return block;
}

void *jw_arena_alloc(struct jw_arena *mem, size_t size) {
    if (size > SIZE_MAX / 2)
        return NULL;
    size = ALIGN(size ? size : 1);
    struct block *block = mem->newest;
    if ((!block || block->size - block->used < size) && !(block = block_new(mem, size)))
        return NULL;
    void *at = block->bytes + block->used;
    block->used += size;
    mem->handed_out += size;
    return at;
}

void *jw_arena_grow(struct jw_arena *mem, void *old, size_t old_size, size_t new_size) {
    struct block *block = mem->newest;
    size_t had = ALIGN(old_size ? old_size : 1);
    if (old && new_size <= SIZE_MAX / 2 && block && (unsigned char *)old + had == block->bytes + block->used) {
        size_t want = ALIGN(new_size ? new_size : 1);
        if (want <= had || want - had <= block->size - block->used) {
            block->used = block->used - had + want;
            mem->handed_out = mem->handed_out - had + want;
            return old;
        }
    }
    void *moved = jw_arena_alloc(mem, new_size);
    if (moved && old)
        memcpy(moved, old, old_size < new_size ? old_size : new_size);
    return moved;
}

jw_text jw_arena_copy(struct jw_arena *mem, jw_text s) {
    char *at = jw_arena_alloc(mem, s.len);
    if (!at)
        return (jw_text){0};
    if (s.len)
        memcpy(at, s.ptr, s.len);
    return (jw_text){at, s.len};
}

char *jw_arena_cstr(struct jw_arena *mem, jw_text s) {
    char *at = jw_arena_alloc(mem, s.len + 1);
    if (!at)
        return NULL;
    if (s.len)
        memcpy(at, s.ptr, s.len);
    at[s.len] = '\0';
    return at;
}

void jw_arena_reset(struct jw_arena *mem) {
    struct block *keep = mem->newest; /* the newest is the largest: sizes double */
    if (keep) {
        for (struct block *block = keep->older, *older; block; block = older) {
            older = block->older;
            free(block);
        }
        keep->older = NULL;
        keep->used = 0;
    }
    mem->reserved = keep ? keep->size : 0;
    mem->handed_out = 0;
}

size_t jw_arena_used(const struct jw_arena *mem) { return mem->handed_out; }

void jw_arena_free(struct jw_arena *mem) {
    if (!mem)
        return;
    for (struct block *block = mem->newest, *older; block; block = older) {
        older = block->older;
        free(block);
    }
    free(mem);
}
