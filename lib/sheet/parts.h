/* lib/sheet/parts.h — what the files of this folder share. */
#pragma once
#include "sheet.h"

/* A row as it is read: cells whose texts lie in `mem`, which is emptied for each row. */
struct jw_rows {
    jw_sheet_each each;
    void *context;
    struct jw_error *err;
    struct jw_arena *mem;
    struct jw_cell cells[JW_SHEET_COLUMNS];
    size_t count; /* up to the last that is not empty */
    uint32_t number;
};
struct jw_rows *jw_rows_new(jw_sheet_each each, void *context, struct jw_error *err); /* NULL: no memory */
void jw_rows_free(struct jw_rows *rows);
JW_DEFINE_AUTO(jw_rows, jw_rows_free)
/* The text is copied. Nothing happens for an empty one. */
JW_MUST_CHECK jw_status jw_rows_set(struct jw_rows *rows, size_t column, const struct jw_cell *cell);
/* Tells the row when there is something in it; empty afterwards. */
JW_MUST_CHECK jw_status jw_rows_end(struct jw_rows *rows);

JW_MUST_CHECK jw_status jw_csv_read(jw_text file, struct jw_rows *rows, struct jw_sheet_about *about);
JW_MUST_CHECK jw_status jw_xlsx_read(jw_text file, const struct jw_sheet_choice *choice, struct jw_rows *rows,
                                     struct jw_sheet_about *about);

/* A spreadsheet would run it: = + - @ TAB CR at the beginning, whatever apostrophes stand before. */
bool jw_csv_is_risky(jw_text text);

/* --- writing: one of these for each format --- */
struct jw_sheet_kind {
    jw_status (*create)(const char *path, void **out, struct jw_error *err);
    jw_status (*begin)(void *state, const char *title, const struct jw_sheet_column *columns, size_t count,
                       struct jw_error *err);
    jw_status (*add)(void *state, const struct jw_cell *cells, size_t count, struct jw_error *err);
    jw_status (*finish)(void *state, struct jw_error *err); /* frees the state */
    void (*abandon)(void *state);
};
extern const struct jw_sheet_kind jw_csv_kind, jw_xlsx_kind;
