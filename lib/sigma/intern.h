/* lib/sigma/intern.h — equal keys get equal numbers, counted from 0. For compiling; keys live in the arena. */
#pragma once
#include "base/memory.h"

struct jw_intern;
struct jw_intern *jw_intern_new(struct jw_arena *mem);
void jw_intern_free(struct jw_intern *table);
JW_DEFINE_AUTO(jw_intern, jw_intern_free)
/* UINT32_MAX without memory. `out_new` may be NULL. */
uint32_t jw_intern_add(struct jw_intern *table, jw_text key, bool *out_new);
uint32_t jw_intern_find(const struct jw_intern *table, jw_text key); /* UINT32_MAX: not there */
uint32_t jw_intern_count(const struct jw_intern *table);
jw_text jw_intern_key(const struct jw_intern *table, uint32_t number); /* the kept copy */
