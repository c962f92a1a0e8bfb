/* lib/sigma/screen.h — may one of these words stand in this text? Answers for keyword rules, which look at every
 * value of an event: a value that surely has none of the words is not looked at more closely.
 *
 * A "no" is certain, also under Unicode case folding; a "yes" only means "perhaps". Private to lib/sigma. */
#pragma once
#include "base/memory.h"

struct jw_screen;
/* `words` are folded and not empty, and outlive the screen. NULL when `mem` is full. */
struct jw_screen *jw_screen_new(const jw_text *words, uint32_t count, struct jw_arena *mem);
/* Shorter texts have none of the words. */
size_t jw_screen_shortest(const struct jw_screen *screen);

#define JW_SCREEN_SLACK 64 /* readable bytes behind `text` that jw_screen_may needs; their values do not matter */
bool jw_screen_may(const struct jw_screen *screen, jw_text text);
/* The same answers as on a machine without AVX2: for tests. */
void jw_screen_without_avx2(struct jw_screen *screen);
