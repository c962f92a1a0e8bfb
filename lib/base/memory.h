/* lib/base/memory.h — who frees what, and when. */
#pragma once
#include <stddef.h>

#include "text.h"

/* JW_AUTO(drop) runs drop(&variable) when the variable goes out of scope. */
#define JW_AUTO(drop) __attribute__((cleanup(drop)))
#define JW_DEFINE_AUTO(type, free_fn) \
    static inline void free_fn##_p(struct type **p) { free_fn(*p); }

/* One arena per batch: what a batch allocates dies with the batch. NULL at the ceiling (bytes handed out, blocks
 * included). Alignment 16. One thread at a time. */
struct jw_arena *jw_arena_new(size_t ceiling);
void *jw_arena_alloc(struct jw_arena *mem, size_t size);
void jw_arena_free(struct jw_arena *mem); /* every free and close accepts NULL */
JW_DEFINE_AUTO(jw_arena, jw_arena_free)

void jw_arena_reset(struct jw_arena *mem); /* forgets everything, keeps the largest block for the next batch */
size_t jw_arena_used(const struct jw_arena *mem); /* bytes handed out since the last reset */
/* Grows the newest allocation in place when it can, else moves it; NULL at the ceiling, `old` stays valid then. */
void *jw_arena_grow(struct jw_arena *mem, void *old, size_t old_size, size_t new_size);
/* Copies; {NULL, 0} at the ceiling. */
jw_text jw_arena_copy(struct jw_arena *mem, jw_text s);
char *jw_arena_cstr(struct jw_arena *mem, jw_text s); /* the same with a closing NUL */
