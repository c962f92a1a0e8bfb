/* lib/sheet/sheet.c — which format it is; rows on their way to who asked for them. */
#include "parts.h"

#include <stdlib.h>

#define ROW_MEM ((size_t)16 << 20) /* of one row's texts */

struct jw_rows *jw_rows_new(jw_sheet_each each, void *context, struct jw_error *err) {
    struct jw_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return NULL;
    rows->each = each;
    rows->context = context;
    rows->err = err;
    rows->number = 1;
    rows->mem = jw_arena_new(ROW_MEM);
    if (rows->mem)
        return rows;
    free(rows);
    return NULL;
}

void jw_rows_free(struct jw_rows *rows) {
    if (rows)
        jw_arena_free(rows->mem);
    free(rows);
}

jw_status jw_rows_set(struct jw_rows *rows, size_t column, const struct jw_cell *cell) {
    char address[JW_SHEET_ADDRESS];
    if (cell->kind == JW_CELL_EMPTY || (cell->kind == JW_CELL_TEXT && cell->text.len == 0))
        return JW_OK;
    jw_sheet_address(column, rows->number, address);
    if (column >= JW_SHEET_COLUMNS)
        return jw_fail(rows->err, JW_E_LIMIT, "%s: a table has at most %d columns", address, JW_SHEET_COLUMNS);
    if (cell->text.len > JW_SHEET_CELL)
        return jw_fail(rows->err, JW_E_LIMIT, "%s: a cell holds at most %zu KiB", address, JW_SHEET_CELL >> 10);
    if (memchr(cell->text.ptr, 0, cell->text.len))
        return jw_fail(rows->err, JW_E_SYNTAX, "%s: a character with the code 0", address);
    while (rows->count <= column)
        rows->cells[rows->count++] = (struct jw_cell){0};
    rows->cells[column] = *cell;
    rows->cells[column].text = jw_arena_copy(rows->mem, cell->text);
    return rows->cells[column].text.ptr
               ? JW_OK
               : jw_fail(rows->err, JW_E_LIMIT, "%s: a row holds at most %zu MiB", address, ROW_MEM >> 20);
}

jw_status jw_rows_end(struct jw_rows *rows) {
    struct jw_row row = {rows->number, rows->count, rows->cells};
    if (rows->number > JW_SHEET_ROWS)
        return jw_fail(rows->err, JW_E_LIMIT, "a table has at most %d rows", JW_SHEET_ROWS);
    jw_status st = rows->count ? rows->each(rows->context, &row, rows->err) : JW_OK;
    rows->count = 0;
    rows->number++;
    jw_arena_reset(rows->mem);
    return st;
}

void jw_sheet_address(size_t column, uint32_t row, char out[JW_SHEET_ADDRESS]) {
    char letters[8];
    size_t at = sizeof letters;
    for (size_t left = column + 1; left > 0 && at > 0; left = (left - 1) / 26)
        letters[--at] = (char)('A' + (left - 1) % 26);
    snprintf(out, JW_SHEET_ADDRESS, "%.*s%u", (int)(sizeof letters - at), letters + at, row);
}

jw_status jw_sheet_read(jw_text file, const struct jw_sheet_choice *choice, jw_sheet_each each, void *context,
                        struct jw_sheet_about *about, struct jw_error *err) {
    struct jw_sheet_about unasked;
    JW_AUTO(jw_rows_free_p) struct jw_rows *rows = jw_rows_new(each, context, err);
    if (!rows)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    about = about ? about : &unasked;
    *about = (struct jw_sheet_about){.charset = "UTF-8"};
    if (file.len > JW_SHEET_FILE)
        return jw_fail(err, JW_E_LIMIT, "the file is larger than %zu MiB; split it", JW_SHEET_FILE >> 20);
    if (jw_text_starts(file, JW_TEXT("\xD0\xCF\x11\xE0")))
        return jw_fail(err, JW_E_SYNTAX,
                       "the file is an .xls of former times, or has a password: save it as .xlsx without one");
    if (jw_text_starts(file, JW_TEXT("%PDF")) || jw_text_starts(file, JW_TEXT("\xFF\xFE")) ||
        jw_text_starts(file, JW_TEXT("\xFE\xFF")))
        return jw_fail(err, JW_E_SYNTAX, "the file is no table: save it as .xlsx, or as CSV in UTF-8");
    about->format = jw_text_starts(file, JW_TEXT("PK\3\4")) ? "xlsx" : "csv";
    return *about->format == 'x' ? jw_xlsx_read(file, choice, rows, about) : jw_csv_read(file, rows, about);
}

/* --- writing --- */
struct jw_sheet_writer {
    const struct jw_sheet_kind *kind;
    void *state;
};

jw_status jw_sheet_create(const char *path, jw_sheet_format format, struct jw_sheet_writer **out,
                          struct jw_error *err) {
    struct jw_sheet_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    writer->kind = format == JW_SHEET_XLSX ? &jw_xlsx_kind : &jw_csv_kind;
    jw_status st = writer->kind->create(path, &writer->state, err);
    if (st == JW_OK)
        *out = writer;
    else
        free(writer);
    return st;
}

jw_status jw_sheet_begin(struct jw_sheet_writer *writer, const char *title, const struct jw_sheet_column *columns,
                         size_t count, struct jw_error *err) {
    if (count > JW_SHEET_COLUMNS)
        return jw_fail(err, JW_E_LIMIT, "a table has at most %d columns", JW_SHEET_COLUMNS);
    return writer->kind->begin(writer->state, title, columns, count, err);
}

jw_status jw_sheet_add(struct jw_sheet_writer *writer, const struct jw_cell *cells, size_t count,
                       struct jw_error *err) {
    return writer->kind->add(writer->state, cells, count, err);
}

jw_status jw_sheet_finish(struct jw_sheet_writer *writer, struct jw_error *err) {
    jw_status st = writer->kind->finish(writer->state, err);
    free(writer);
    return st;
}

void jw_sheet_abandon(struct jw_sheet_writer *writer) {
    if (writer)
        writer->kind->abandon(writer->state);
    free(writer);
}
