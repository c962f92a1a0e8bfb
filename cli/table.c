/* cli/table.c — cells are gathered, measured, then printed. */
#include "table.h"
#include "search.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS   8
#define NAME_MOST 48 /* columns of a name; the rest of it stands in --json */

struct jw_table jw_table_begin(size_t columns, size_t left) {
    return (struct jw_table){columns, left, JW_BUFFER(4u << 20)};
}

void jw_table_add(struct jw_table *table, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    jw_buffer_add(&table->cells, jw_text_from(text));
    jw_buffer_byte(&table->cells, '\0');
}

void jw_table_number(struct jw_table *table, uint64_t n) { jw_table_add(table, "%" PRIu64, n); }

void jw_table_bytes(struct jw_table *table, uint64_t n) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)n;
    size_t unit = 0;
    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    jw_table_add(table, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void measure(jw_text rest, size_t columns, int *widths) {
    jw_text cell;
    for (size_t i = 0; jw_text_cut(&rest, '\0', &cell); i++) {
        int width = jw_search_columns(cell);
        width = width > NAME_MOST ? NAME_MOST : width;
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
}

void jw_table_print(struct jw_table *table) {
    jw_text rest = jw_buffer_text(&table->cells), cell;
    int widths[COLUMNS] = {0};
    size_t rows = 0;
    for (size_t i = 0; i < rest.len; i++)
        rows += rest.ptr[i] == '\0';
    if (rows > table->columns && !table->cells.failed) {
        measure(rest, table->columns, widths);
        for (size_t i = 0; jw_text_cut(&rest, '\0', &cell); i++) {
            size_t column = i % table->columns;
            bool last = column + 1 == table->columns;
            if (i == 0 || column == 0)
                fputs(i == 0 ? "\n" : "", stdout);
            if (column < table->left)
                jw_search_text(stdout, cell, last ? 0 : widths[column], NAME_MOST);
            else
                printf("%*.*s", widths[column], JW_ARG(cell));
            fputs(last ? "\n" : "  ", stdout);
        }
    }
    jw_buffer_free(&table->cells);
}

void jw_table_head(struct jw_table *table, const char *const *names) {
    for (size_t i = 0; i < table->columns; i++)
        jw_table_add(table, "%s", names[i]);
}
