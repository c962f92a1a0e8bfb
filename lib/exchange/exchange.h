/* lib/exchange/exchange.h — records of a ledger as tables: export, templates, and import with a preview before it.
 *
 * An import is two acts. The preview reads the file, compares each row with the database and keeps a plan of what
 * it would write; nothing else happens. Accepting writes exactly that plan, each row as a normal change with
 * history and proof, or says which rows somebody changed meanwhile. docs/ledgers.md is for those who use it. */
#pragma once
#include "rights/rights.h"
#include "sheet/sheet.h"
#include "store/store.h"

#define JW_EXCHANGE_ROWS   200000 /* of an import */
#define JW_EXCHANGE_ERRORS 1000   /* told one by one; the others are counted */
#define JW_EXCHANGE_KEPT   100    /* previews that wait; each for a day */

/* Who exchanges records of which ledger; everything is borrowed. One thread at a time. */
struct jw_exchange {
    struct jw_store *store;
    const struct jw_ledgers *ledgers;
    const struct jw_ledger *ledger;
    const struct jw_roles *roles; /* may be NULL for a holder who is root */
    const struct jw_holder *holder;
    struct jw_actor actor;
    const char *folder; /* where previews wait: DATA/ledger/imports; made when needed */
    bool english;       /* titles, labels and texts; else Chinese */
    /* Before each row is written (may be NULL): a workflow sets `state` and `also`. Writer's thread; must not call
     * the store. */
    jw_status (*prepare)(void *context, struct jw_change *change, struct jw_error *err);
    void *context;
    void (*progress)(void *context, size_t done, size_t all); /* may be NULL; all 0: not known. Any thread */
    void *progress_context;
};

/* --- export (export.c, template.c) -------------------------------------------------------------------------------
 */
typedef enum jw_exchange_format { JW_EXCHANGE_CSV, JW_EXCHANGE_XLSX, JW_EXCHANGE_JSON } jw_exchange_format;
bool jw_exchange_format_find(jw_text name, jw_exchange_format *out); /* "csv", "xlsx", "json" (a record a line) */
struct jw_export {
    jw_exchange_format format;
    /* Filters, words, order; page and count are not looked at, `scope` is that of the right to export. Filters on
     * sensitive fields carry a scope of their own, as in lists. NULL: all records, by number. */
    const struct jw_store_query *query;
    bool unmask; /* sensitive fields as they are where there is the right; the audit entry says so */
};
/* Replaces `path`. One page of records in memory. JW_E_DENIED: nothing of it may be exported. The audit chain has
 * its entry when this returns JW_OK. */
JW_MUST_CHECK jw_status jw_exchange_export(const struct jw_exchange *exchange, const struct jw_export *how,
                                           const char *path, int64_t *out_rows, struct jw_error *err);
#define JW_EXCHANGE_NAME 256
/* "服务器-20260831.xlsx", for a person's disk. `day`: of today, 2026-08-31. */
void jw_exchange_file_name(const struct jw_exchange *exchange, jw_exchange_format format, const char *day,
                           char out[JW_EXCHANGE_NAME]);
/* An XLSX to fill in: the ledger's columns with their choices, and a sheet that explains each with an example. */
JW_MUST_CHECK jw_status jw_exchange_template(const struct jw_exchange *exchange, const char *path,
                                             struct jw_error *err);

/* --- import (preview.c, accept.c) --------------------------------------------------------------------------------
 */
struct jw_import {
    jw_text file;          /* the bytes */
    const char *file_name; /* as the person calls it; for the history */
    jw_text sheet;         /* of an XLSX; empty: the first */
};
/* *out, owned by the caller: {"id", "ledger", "file", "sm3", "format", "sheet", "rows", "new", "changed", "same",
 * "wrong", "columns": [{"cell": "A1", "title", "field"}], "notes": [{"cell", "text"}], "errors": [{"row", "cell":
 * "C17", "field", "rule", "text"}], "errors_left_out"}. JW_OK whatever the rows are like; JW_E_SYNTAX, JW_E_LIMIT:
 * the file as a whole cannot be read; JW_E_DENIED: this person may not import here. */
JW_MUST_CHECK jw_status jw_exchange_preview(const struct jw_exchange *exchange, const struct jw_import *import,
                                            json_t **out, struct jw_error *err);
/* `good_only`: rows without faults are written, a few hundred in a transaction; else all or none, in one.
 * *out: {"id", "written", "left_out", "errors": […]}. JW_OK: done; JW_END: no such preview of this person, or it
 * waited too long; JW_E_DENIED: it has been accepted before, or rights were taken away; JW_E_SYNTAX: rows are wrong
 * or somebody was there first (*out has errors), and nothing was written. */
JW_MUST_CHECK jw_status jw_exchange_accept(const struct jw_exchange *exchange, jw_text id, bool good_only,
                                           json_t **out, struct jw_error *err);
