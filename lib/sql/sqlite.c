/* lib/sql/sqlite.c — SQLite 3: write-ahead log, every commit synced, $n bound by name. */
#include "engine.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MS 10000

struct sqlite {
    sqlite3 *db;
    struct jw_sql_cache cache;
};

static jw_status fail_as(struct jw_sql *sql, int code, struct jw_error *err) {
    struct sqlite *state = sql->state;
    const char *text = state->db ? sqlite3_errmsg(state->db) : sqlite3_errstr(code);
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return jw_fail(err, JW_AGAIN, "database: %s", text);
    case SQLITE_CONSTRAINT: {
        const char *columns = strstr(text, "failed: ");
        snprintf(sql->broken, sizeof sql->broken, "%s", columns ? columns + 8 : "");
        return jw_fail(err, JW_E_DENIED, "database: %s", text);
    }
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
        return jw_fail(err, JW_E_SYNTAX, "database: %s", text);
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return jw_fail(err, JW_E_LIMIT, "database: %s", text);
    default:
        return jw_fail(err, JW_E_SYSTEM, "database: %s", text);
    }
}

static jw_status script(struct jw_sql *sql, const char *text, struct jw_error *err) {
    struct sqlite *state = sql->state;
    int code = sqlite3_exec(state->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? JW_OK : fail_as(sql, code, err);
}

static jw_status open_file(const char *where, struct jw_sql *sql, struct jw_error *err) {
    struct sqlite *state = sql->state = calloc(1, sizeof *state);
    if (!state)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    int how = sql->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(where, &state->db, how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return jw_wrap(err, fail_as(sql, code, err), "%s", where);
    sqlite3_busy_timeout(state->db, BUSY_MS);
    sqlite3_db_config(state->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(state->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "text" is a name, never a text */
    sqlite3_db_config(state->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    jw_status st = script(sql, "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY", err);
    if (st == JW_OK && !sql->read_only)
        st = script(sql,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                    "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 10000",
                    err);
    return st == JW_OK ? JW_OK : jw_wrap(err, st, "%s", where);
}

static void close_file(void *context) {
    struct sqlite *state = context;
    for (size_t i = 0; i < JW_SQL_STATEMENTS; i++) {
        sqlite3_finalize(state->cache.slots[i].statement);
        free(state->cache.slots[i].text);
    }
    sqlite3_close_v2(state->db);
    free(state);
}

static jw_status find(struct jw_sql *sql, const char *text, sqlite3_stmt **out, struct jw_error *err) {
    struct sqlite *state = sql->state;
    struct jw_sql_cached *slot = jw_sql_cache_find(&state->cache, text);
    if (!slot)
        return jw_fail(err, JW_E_LIMIT, "more than %d different statements", JW_SQL_STATEMENTS * 3 / 4);
    if (slot->text) {
        *out = slot->statement;
        return sqlite3_stmt_busy(*out) ? jw_fail(err, JW_E_SYNTAX, "this statement runs already") : JW_OK;
    }
    int code = sqlite3_prepare_v3(state->db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (code != SQLITE_OK)
        return fail_as(sql, code, err);
    slot->text = strdup(text);
    slot->statement = *out;
    state->cache.used++;
    return slot->text ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static int bind_one(sqlite3_stmt *statement, int at, const jw_sql_value *value) {
    switch (value->kind) {
    case JW_SQL_NULL:
        return sqlite3_bind_null(statement, at);
    case JW_SQL_INTEGER:
        return sqlite3_bind_int64(statement, at, value->integer);
    case JW_SQL_REAL:
        return sqlite3_bind_double(statement, at, value->real);
    case JW_SQL_TEXT:
        return sqlite3_bind_text64(statement, at, value->text.len ? value->text.ptr : "", value->text.len,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case JW_SQL_BYTES:
        break;
    }
    return sqlite3_bind_blob64(statement, at, value->text.len ? value->text.ptr : "", value->text.len,
                               SQLITE_STATIC);
}

static jw_status bind_all(struct jw_sql *sql, sqlite3_stmt *statement, const jw_sql_value *values, size_t count,
                          struct jw_error *err) {
    int wanted = sqlite3_bind_parameter_count(statement);
    for (int at = 1; at <= wanted; at++) {
        const char *name = sqlite3_bind_parameter_name(statement, at);
        long number = name && *name == '$' ? strtol(name + 1, NULL, 10) : 0;
        if (number < 1 || (size_t)number > count)
            return jw_fail(err, JW_E_SYNTAX, "parameter %s has no value", name ? name : "?");
        int code = bind_one(statement, at, &values[number - 1]);
        if (code != SQLITE_OK)
            return fail_as(sql, code, err);
    }
    return JW_OK;
}

static jw_sql_value column(sqlite3_stmt *statement, int at) {
    switch (sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER:
        return JW_SQL_INT(sqlite3_column_int64(statement, at));
    case SQLITE_FLOAT:
        return (jw_sql_value){.kind = JW_SQL_REAL, .real = sqlite3_column_double(statement, at)};
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(statement, at);
        return JW_SQL_STR(((jw_text){text, (size_t)sqlite3_column_bytes(statement, at)}));
    }
    case SQLITE_BLOB: {
        const char *bytes = sqlite3_column_blob(statement, at);
        return (jw_sql_value){.kind = JW_SQL_BYTES, .text = {bytes, (size_t)sqlite3_column_bytes(statement, at)}};
    }
    default:
        return JW_SQL_NOTHING;
    }
}

static jw_status step_all(struct jw_sql *sql, sqlite3_stmt *statement, jw_sql_each each, void *context,
                          struct jw_error *err) {
    jw_sql_value row[JW_SQL_COLUMNS];
    int code, columns = sqlite3_column_count(statement);
    if (columns > JW_SQL_COLUMNS)
        return jw_fail(err, JW_E_LIMIT, "%d columns; %d are possible", columns, JW_SQL_COLUMNS);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; each && i < columns; i++)
            row[i] = column(statement, i);
        jw_status st = each ? each(context, row, (size_t)columns, err) : JW_OK;
        if (st != JW_OK)
            return st;
    }
    if (code != SQLITE_DONE)
        return fail_as(sql, code, err);
    struct sqlite *state = sql->state;
    sql->changed = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(state->db);
    return JW_OK;
}

static jw_status run(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                     jw_sql_each each, void *context, struct jw_error *err) {
    sqlite3_stmt *statement = NULL;
    jw_status st = find(sql, text, &statement, err);
    if (st != JW_OK)
        return st;
    st = bind_all(sql, statement, values, count, err);
    if (st == JW_OK)
        st = step_all(sql, statement, each, context, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return st;
}

const struct jw_sql_engine jw_sql_sqlite = {
    .types = {"text", "bigint", "double precision", "text", "blob"},
    .begin_write = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN",
    .open = open_file,
    .close = close_file,
    .run = run,
    .script = script,
};
