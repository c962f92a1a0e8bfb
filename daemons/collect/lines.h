/* daemons/collect/lines.h — a batch of raw messages on its way from an input to a worker: one block of bytes. */
#pragma once
#include "base/memory.h"

#define JW_LINE_CUT 1u /* longer than the ceiling: its end is missing */

struct jw_line {
    uint32_t at, len, flags;
};

struct jw_lines {
    char *bytes;
    size_t len, capacity;
    struct jw_line *list;
    uint32_t count, room;
};

struct jw_lines *jw_lines_new(void); /* NULL without memory */
void jw_lines_free(struct jw_lines *lines);
JW_DEFINE_AUTO(jw_lines, jw_lines_free)
bool jw_lines_add(struct jw_lines *lines, jw_text line,
                  unsigned flags); /* copies; false without memory or at 1 GiB */
static inline jw_text jw_lines_get(const struct jw_lines *lines, uint32_t i) {
    return (jw_text){lines->bytes + lines->list[i].at, lines->list[i].len};
}
/* What it holds of memory. */
static inline size_t jw_lines_cost(const struct jw_lines *lines) {
    return sizeof *lines + lines->capacity + lines->room * sizeof *lines->list;
}
