/* lib/sql/sql.c — transactions, single values, and the cache of prepared statements: the same for every engine. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const struct jw_sql_engine *engine_of(const char *where) {
    bool postgres = strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0;
    return postgres ? &jw_sql_postgres : &jw_sql_sqlite;
}

static jw_status open_as(const char *where, bool read_only, struct jw_sql **out, struct jw_error *err) {
    struct jw_sql *sql = calloc(1, sizeof *sql);
    if (!sql)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    sql->read_only = read_only;
    sql->engine = engine_of(where);
    jw_status st = sql->engine->open(where, sql, err);
    if (st != JW_OK) {
        jw_sql_close(sql);
        return st;
    }
    *out = sql;
    return JW_OK;
}

jw_status jw_sql_open(const char *where, struct jw_sql **out, struct jw_error *err) {
    return open_as(where, false, out, err);
}

jw_status jw_sql_open_reader(const char *where, struct jw_sql **out, struct jw_error *err) {
    return open_as(where, true, out, err);
}

void jw_sql_close(struct jw_sql *sql) {
    if (sql && sql->state)
        sql->engine->close(sql->state);
    free(sql);
}

bool jw_sql_is_postgres(const struct jw_sql *sql) { return sql->engine == &jw_sql_postgres; }
const char *jw_sql_type(const struct jw_sql *sql, jw_sql_kind kind) { return sql->engine->types[kind]; }
/* SQLite keeps the rows in the order of an INTEGER key; a bigint would be an index of its own. */
const char *jw_sql_key(const struct jw_sql *sql) {
    return jw_sql_is_postgres(sql) ? "bigint PRIMARY KEY" : "INTEGER PRIMARY KEY";
}
int64_t jw_sql_changed(const struct jw_sql *sql) { return sql->changed; }
const char *jw_sql_broken(const struct jw_sql *sql) { return sql->broken; }

jw_status jw_sql_run(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                     jw_sql_each each, void *context, struct jw_error *err) {
    sql->changed = 0;
    sql->broken[0] = '\0';
    if (count > JW_SQL_VALUES)
        return jw_fail(err, JW_E_LIMIT, "a statement with %zu values; %d are possible", count, JW_SQL_VALUES);
    return sql->engine->run(sql, text, values, count, each, context, err);
}

jw_status jw_sql_script(struct jw_sql *sql, const char *text, struct jw_error *err) {
    return sql->engine->script(sql, text, err);
}

struct one {
    struct jw_arena *mem;
    jw_sql_value *out;
    bool found;
};

static jw_status take_one(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct one *one = context;
    if (one->found || columns != 1)
        return jw_fail(err, JW_E_SYNTAX, "one value was asked for and there are more");
    *one->out = row[0];
    one->found = true;
    if (row[0].kind != JW_SQL_TEXT && row[0].kind != JW_SQL_BYTES)
        return JW_OK;
    one->out->text = jw_arena_copy(one->mem, row[0].text);
    return one->out->text.ptr || !row[0].text.len ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_sql_one(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                     struct jw_arena *mem, jw_sql_value *out, struct jw_error *err) {
    struct one one = {mem, out, false};
    jw_status st = jw_sql_run(sql, text, values, count, take_one, &one, err);
    return st == JW_OK && !one.found ? JW_END : st;
}

/* --- transactions --------------------------------------------------------------------------------------------- */
static jw_status say(struct jw_sql *sql, const char *text, struct jw_error *err) {
    return jw_sql_run(sql, text, NULL, 0, NULL, NULL, err);
}

jw_status jw_sql_begin(struct jw_sql *sql, bool write, struct jw_error *err) {
    return say(sql, write ? sql->engine->begin_write : sql->engine->begin_read, err);
}

jw_status jw_sql_end(struct jw_sql *sql, jw_status st, struct jw_error *err) {
    if (st == JW_OK && (st = say(sql, "COMMIT", err)) == JW_OK)
        return JW_OK;
    char broken[sizeof sql->broken];
    memcpy(broken, sql->broken, sizeof broken); /* why it failed, not how it was undone */
    jw_status undone = say(sql, "ROLLBACK", NULL);
    (void)undone; /* there may be nothing to undo any more: the engine has done it, or the connection is gone */
    memcpy(sql->broken, broken, sizeof broken);
    return st;
}

jw_status jw_sql_mark(struct jw_sql *sql, struct jw_error *err) { return say(sql, "SAVEPOINT jw", err); }

jw_status jw_sql_release(struct jw_sql *sql, jw_status st, struct jw_error *err) {
    if (st == JW_OK)
        return say(sql, "RELEASE SAVEPOINT jw", err);
    char broken[sizeof sql->broken];
    memcpy(broken, sql->broken, sizeof broken);
    jw_status undone = say(sql, "ROLLBACK TO SAVEPOINT jw", err ? &(struct jw_error){{0}} : NULL);
    if (undone == JW_OK)
        undone = say(sql, "RELEASE SAVEPOINT jw", NULL);
    memcpy(sql->broken, broken, sizeof broken);
    return undone == JW_OK ? st : undone;
}

/* --- the cache ------------------------------------------------------------------------------------------------ */
struct jw_sql_cached *jw_sql_cache_find(struct jw_sql_cache *cache, const char *text) {
    uint64_t at = jw_hash_stable(jw_text_from(text));
    for (;; at++) {
        struct jw_sql_cached *slot = &cache->slots[at % JW_SQL_STATEMENTS];
        if (slot->text && strcmp(slot->text, text) != 0)
            continue;
        if (!slot->text && cache->used >= JW_SQL_STATEMENTS * 3 / 4)
            return NULL;
        return slot;
    }
}
