/* lib/sheet/sheet.h — tables of CSV (RFC 4180) and XLSX (ECMA-376) files, read and written row by row.
 *
 * Reading accepts what people have: UTF-8 with or without a byte order mark, UTF-16 from XLSX parts that say so,
 * GB 18030; comma, semicolon or tab; lines that end with CRLF, LF or CR. Every text that comes out is UTF-8 without
 * NUL. */
#pragma once
#include <stdint.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

#define JW_SHEET_FILE    ((size_t)64 << 20) /* bytes of a file that is read */
#define JW_SHEET_ROWS    1048576            /* of a table, Excel's own bound */
#define JW_SHEET_COLUMNS 1024               /* with something in them */
#define JW_SHEET_CELL    ((size_t)256 << 10)
#define JW_SHEET_PART    ((size_t)512 << 20) /* bytes an XLSX part may unfold to; shared texts a quarter of it */

typedef enum jw_cell_kind {
    JW_CELL_EMPTY,
    JW_CELL_TEXT,
    JW_CELL_NUMBER,
    JW_CELL_BOOLEAN, /* TRUE, FALSE; `number` 1 or 0 */
    JW_CELL_DATE,    /* 2026-08-31, 2026-08-31 09:30[:05] or 09:30[:05] */
    JW_CELL_ERROR,   /* #N/A, #REF! …: what a formula failed with */
} jw_cell_kind;

struct jw_cell {
    jw_cell_kind kind;
    bool formula;  /* `text` is the value that the program which saved the file had computed */
    bool rounded;  /* NUMBER of more than 15 digits: Excel has lost the last ones */
    jw_text text;  /* as a person sees it; borrowed for the call */
    double number; /* NUMBER, BOOLEAN */
};
struct jw_row {
    uint32_t number; /* 1, 2 …: the row as Excel counts it */
    size_t count;    /* cells up to the last one that is not empty; rows without any are not told */
    const struct jw_cell *cells;
};
/* A status other than JW_OK ends reading and is returned. */
typedef jw_status (*jw_sheet_each)(void *context, const struct jw_row *row, struct jw_error *err);

struct jw_sheet_choice {
    jw_text name; /* of the sheet; empty: the first that is not hidden */
};
/* What was recognised; complete once the first row is told. */
struct jw_sheet_about {
    const char *format;  /* "csv", "xlsx" */
    const char *charset; /* "UTF-8", "GB18030" */
    char separator;      /* CSV */
    char name[128];      /* of the sheet */
};
/* XLSX or CSV by the first bytes. JW_E_SYNTAX: damaged, or something else (err says where, and what to save it as);
 * JW_E_LIMIT: beyond a bound above. `about` may be NULL. */
JW_MUST_CHECK jw_status jw_sheet_read(jw_text file, const struct jw_sheet_choice *choice, jw_sheet_each each,
                                      void *context, struct jw_sheet_about *about, struct jw_error *err);

#define JW_SHEET_ADDRESS 16
/* "C17"; `column` counts from 0. */
void jw_sheet_address(size_t column, uint32_t row, char out[JW_SHEET_ADDRESS]);

/* --- writing -----------------------------------------------------------------------------------------------------
 * A text that a spreadsheet would take for a formula is not one afterwards. CSV: texts that begin with = + - @ TAB
 * or CR (or with apostrophes and then one of these) get an apostrophe before them, which jw_sheet_read takes away
 * again; numbers are never touched. XLSX: every text is written as a string. */
struct jw_sheet_column {
    const char *title, *help; /* help: shown when a cell is chosen; NULL: none */
    jw_cell_kind kind; /* how Excel shows and takes what is typed: TEXT keeps leading zeros and long numbers */
    bool time;         /* DATE with a time of day */
    bool required;     /* the title is coloured */
    size_t width;      /* Latin characters; 0: by the title */
    const char *const *choices; /* ends with NULL; NULL: anything. XLSX offers them in the cell, as */
    const char *choices_at;     /* long lists that stand on another sheet: "=选项!$C$2:$C$40"; NULL: `choices` */
};
typedef enum jw_sheet_format { JW_SHEET_CSV, JW_SHEET_XLSX } jw_sheet_format;
struct jw_sheet_writer;
/* Replaces the file. CSV has one sheet, a byte order mark (Excel asks for it) and CRLF. Columns are borrowed until
 * close. One thread. XLSX keeps its rows in unnamed temporary files beside `path` until it is closed. */
JW_MUST_CHECK jw_status jw_sheet_create(const char *path, jw_sheet_format format, struct jw_sheet_writer **out,
                                        struct jw_error *err);
/* The next sheet, with its header row: bold, frozen, with a filter. CSV: the first only, JW_E_DENIED for a second.
 */
JW_MUST_CHECK jw_status jw_sheet_begin(struct jw_sheet_writer *writer, const char *title,
                                       const struct jw_sheet_column *columns, size_t count, struct jw_error *err);
/* DATE cells hold the text as jw_sheet_read gives it. JW_E_LIMIT: more rows than a sheet holds (XLSX). */
JW_MUST_CHECK jw_status jw_sheet_add(struct jw_sheet_writer *writer, const struct jw_cell *cells, size_t count,
                                     struct jw_error *err);
/* Frees the writer whatever comes of it. JW_OK: the file is whole. */
JW_MUST_CHECK jw_status jw_sheet_finish(struct jw_sheet_writer *writer, struct jw_error *err);
void jw_sheet_abandon(struct jw_sheet_writer *writer); /* and the file with it */
JW_DEFINE_AUTO(jw_sheet_writer, jw_sheet_abandon)
