/* lib/sql/engine.h — what a database engine behind jw_sql promises; sql.c is the same for all. */
#pragma once
#include "sql.h"

struct jw_sql {
    const struct jw_sql_engine *engine;
    void *state;
    int64_t changed;
    bool read_only; /* set before `open` */
    char broken[256];
};

struct jw_sql_engine {
    const char *types[JW_SQL_BYTES + 1]; /* by kind */
    const char *begin_write, *begin_read;
    jw_status (*open)(const char *where, struct jw_sql *sql, struct jw_error *err);
    void (*close)(void *state);
    jw_status (*run)(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                     jw_sql_each each, void *context, struct jw_error *err);
    jw_status (*script)(struct jw_sql *sql, const char *text, struct jw_error *err);
};
extern const struct jw_sql_engine jw_sql_sqlite, jw_sql_postgres;

#define JW_SQL_COLUMNS 512 /* of one row */
#define JW_SQL_VALUES  512 /* parameters of one statement */

/* Prepared statements of one connection, by text: an open table that never shrinks. Full: JW_E_LIMIT, which means
 * that somebody pastes values into texts. */
#define JW_SQL_STATEMENTS 4096
struct jw_sql_cache {
    struct jw_sql_cached {
        char *text;
        void *statement;
    } slots[JW_SQL_STATEMENTS];
    unsigned used;
};
/* The slot of `text`: its `text` is NULL when it is new. NULL: full. */
struct jw_sql_cached *jw_sql_cache_find(struct jw_sql_cache *cache, const char *text);
