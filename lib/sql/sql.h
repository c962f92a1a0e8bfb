/* lib/sql/sql.h — one small layer over SQLite and PostgreSQL. A statement is written once, in what both understand:
 * parameters $1, $2 …; ON CONFLICT, RETURNING, window functions and CTEs exist in both. What differs is asked of
 * jw_sql_type. A jw_sql is one connection: one thread at a time; open one for each thread.
 *
 * An index that must be told by name when it is broken is called "TABLE.COLUMN[, TABLE.COLUMN…]": SQLite reports
 * the columns so, PostgreSQL the index (cut at 63 bytes), and jw_sql_broken gives the same text for both. */
#pragma once
#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

struct jw_sql;

typedef enum jw_sql_kind { JW_SQL_NULL, JW_SQL_INTEGER, JW_SQL_REAL, JW_SQL_TEXT, JW_SQL_BYTES } jw_sql_kind;
typedef struct jw_sql_value {
    jw_sql_kind kind;
    int64_t integer;
    double real;
    jw_text text; /* TEXT (UTF-8 without NUL) and BYTES; borrowed */
} jw_sql_value;
#define JW_SQL_INT(n)  ((jw_sql_value){.kind = JW_SQL_INTEGER, .integer = (n)})
#define JW_SQL_STR(s)  ((jw_sql_value){.kind = JW_SQL_TEXT, .text = (s)})
#define JW_SQL_NOTHING ((jw_sql_value){.kind = JW_SQL_NULL})

/* "postgresql://…" (libpq's forms), else a path: SQLite's file, made if it is not there. A commit is durable when
 * it returns (SQLite: WAL, synchronous FULL). JW_E_SYSTEM: cannot be opened, and why, without the password. */
JW_MUST_CHECK jw_status jw_sql_open(const char *where, struct jw_sql **out, struct jw_error *err);
/* The same for a connection that can only read; a file that is not there stays so. */
JW_MUST_CHECK jw_status jw_sql_open_reader(const char *where, struct jw_sql **out, struct jw_error *err);
void jw_sql_close(struct jw_sql *sql);
JW_DEFINE_AUTO(jw_sql, jw_sql_close)
bool jw_sql_is_postgres(const struct jw_sql *sql);
/* Column type for a kind. PostgreSQL's texts sort by bytes, as SQLite's do. */
const char *jw_sql_type(const struct jw_sql *sql, jw_sql_kind kind);
/* Type of a column of whole numbers that is the table's key. */
const char *jw_sql_key(const struct jw_sql *sql);

/* One row; values are borrowed until the next row. A status other than JW_OK ends the query and is returned. */
typedef jw_status (*jw_sql_each)(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err);

/* Prepares once per text and connection; texts must be few (never paste values into them). `each` may be NULL.
 *   JW_AGAIN     busy, or a serialization failure: roll back and do the whole transaction again
 *   JW_E_DENIED  a unique index, foreign key, NOT NULL or CHECK refused it: jw_sql_broken says which
 *   JW_E_SYNTAX  the statement is wrong; JW_E_LIMIT no memory, disk full; JW_E_SYSTEM anything else */
JW_MUST_CHECK jw_status jw_sql_run(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                                   jw_sql_each each, void *context, struct jw_error *err);
int64_t jw_sql_changed(const struct jw_sql *sql);    /* rows the last statement inserted, updated or deleted */
const char *jw_sql_broken(const struct jw_sql *sql); /* after JW_E_DENIED: "TABLE.COLUMN, …"; "" when unknown */
/* Several statements without parameters, DDL mostly. */
JW_MUST_CHECK jw_status jw_sql_script(struct jw_sql *sql, const char *text, struct jw_error *err);
/* The single value of a single row; JW_END: no row. TEXT and BYTES are copied into `mem`. */
JW_MUST_CHECK jw_status jw_sql_one(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                                   struct jw_arena *mem, jw_sql_value *out, struct jw_error *err);

/* A transaction. `write`: takes the write lock at once (SQLite has one writer; a read that becomes a write could
 * fail in the middle). jw_sql_end commits when `st` is JW_OK, else rolls back and returns `st`; JW_AGAIN as above.
 */
JW_MUST_CHECK jw_status jw_sql_begin(struct jw_sql *sql, bool write, struct jw_error *err);
JW_MUST_CHECK jw_status jw_sql_end(struct jw_sql *sql, jw_status st, struct jw_error *err);
/* Within it: what `st` says happened since jw_sql_mark is kept or undone; several writers share one commit so. */
JW_MUST_CHECK jw_status jw_sql_mark(struct jw_sql *sql, struct jw_error *err);
JW_MUST_CHECK jw_status jw_sql_release(struct jw_sql *sql, jw_status st, struct jw_error *err);
