/* cli/table.h — a table for people, as wide as what stands in it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Cells one after the other, each closed by a NUL; the first row is the heading. */
struct jw_table {
    size_t columns, left; /* how many in a row (at most 8), and how many of them are texts */
    jw_buffer cells;
};
struct jw_table jw_table_begin(size_t columns, size_t left);
void jw_table_head(struct jw_table *table, const char *const *names);
JW_PRINTF(2, 3) void jw_table_add(struct jw_table *table, const char *fmt, ...);
void jw_table_number(struct jw_table *table, uint64_t n);
void jw_table_bytes(struct jw_table *table, uint64_t n);
/* On stdout, and ends it. Nothing when there is only the heading. */
void jw_table_print(struct jw_table *table);
