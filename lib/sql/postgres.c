/* lib/sql/postgres.c — PostgreSQL through libpq: statements prepared under numbers, values as text. */
#include "engine.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700
};

struct postgres {
    PGconn *link;
    struct jw_sql_cache cache;
};

static bool starts(const char *state, const char *class) {
    return state && strncmp(state, class, strlen(class)) == 0;
}

/* "ERROR:  text\nDETAIL…": the first line says enough, and the second repeats values. */
static jw_status fail_with(struct jw_error *err, jw_status st, const char *text) {
    return jw_fail(err, st, "database: %.*s", (int)strcspn(text, "\n"), text);
}

static jw_status fail_as(struct jw_sql *sql, const PGresult *result, struct jw_error *err) {
    struct postgres *state = sql->state;
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorMessage(result) : PQerrorMessage(state->link);
    if (!code)
        return fail_with(err, JW_E_SYSTEM, text);
    if (starts(code, "40") || starts(code, "55P03")) /* rolled back for others' sake; lock not available */
        return fail_with(err, JW_AGAIN, text);
    if (starts(code, "23")) {
        const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
        const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
        if (name)
            snprintf(sql->broken, sizeof sql->broken, "%s", name);
        else if (table && column)
            snprintf(sql->broken, sizeof sql->broken, "%s.%s", table, column);
        return fail_with(err, JW_E_DENIED, text);
    }
    if (starts(code, "42") || starts(code, "22"))
        return fail_with(err, JW_E_SYNTAX, text);
    return fail_with(err, starts(code, "53") || starts(code, "54") ? JW_E_LIMIT : JW_E_SYSTEM, text);
}

static void forget_notice(void *context, const char *text) { (void)context, (void)text; }

static jw_status script(struct jw_sql *sql, const char *text, struct jw_error *err) {
    struct postgres *state = sql->state;
    PGresult *result = PQexec(state->link, text);
    ExecStatusType how = PQresultStatus(result);
    jw_status st = how == PGRES_COMMAND_OK || how == PGRES_TUPLES_OK ? JW_OK : fail_as(sql, result, err);
    PQclear(result);
    return st;
}

static jw_status open_link(const char *where, struct jw_sql *sql, struct jw_error *err) {
    struct postgres *state = sql->state = calloc(1, sizeof *state);
    if (!state)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    const char *names[] = {"dbname", "client_encoding", "application_name", "connect_timeout", NULL};
    const char *values[] = {where, "UTF8", "jinwu", "10", NULL};
    state->link = PQconnectdbParams(names, values, 1);
    if (PQstatus(state->link) != CONNECTION_OK)
        return fail_with(err, JW_E_SYSTEM, PQerrorMessage(state->link));
    PQsetNoticeProcessor(state->link, forget_notice, NULL);
    return sql->read_only ? script(sql, "SET default_transaction_read_only = on", err) : JW_OK;
}

static void close_link(void *context) {
    struct postgres *state = context;
    for (size_t i = 0; i < JW_SQL_STATEMENTS; i++)
        free(state->cache.slots[i].text);
    PQfinish(state->link);
    free(state);
}

static jw_status prepare(struct jw_sql *sql, const char *text, char name[16], struct jw_error *err) {
    struct postgres *state = sql->state;
    struct jw_sql_cached *slot = jw_sql_cache_find(&state->cache, text);
    if (!slot)
        return jw_fail(err, JW_E_LIMIT, "more than %d different statements", JW_SQL_STATEMENTS * 3 / 4);
    snprintf(name, 16, "s%d", (int)(slot - state->cache.slots));
    if (slot->text)
        return JW_OK;
    PGresult *result = PQprepare(state->link, name, text, 0, NULL);
    jw_status st = PQresultStatus(result) == PGRES_COMMAND_OK ? JW_OK : fail_as(sql, result, err);
    PQclear(result);
    if (st != JW_OK)
        return st;
    slot->text = strdup(text);
    state->cache.used++;
    return slot->text ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* Values as libpq wants them. Numbers are written into `digits`, texts are copied for their closing NUL. */
struct parameters {
    const char *values[JW_SQL_VALUES];
    int lengths[JW_SQL_VALUES], formats[JW_SQL_VALUES];
    char digits[JW_SQL_VALUES][32];
    char *copies;
};

static jw_status fill(struct parameters *to, const jw_sql_value *values, size_t count, struct jw_error *err) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += values[i].kind == JW_SQL_TEXT ? values[i].text.len + 1 : 0;
    char *copy = to->copies = malloc(size + 1);
    if (!copy)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < count; i++) {
        const jw_sql_value *value = &values[i];
        to->values[i] = to->digits[i];
        to->formats[i] = value->kind == JW_SQL_BYTES;
        to->lengths[i] = value->kind == JW_SQL_BYTES ? (int)value->text.len : 0;
        switch (value->kind) {
        case JW_SQL_NULL:
            to->values[i] = NULL;
            break;
        case JW_SQL_INTEGER:
            snprintf(to->digits[i], sizeof to->digits[i], "%lld", (long long)value->integer);
            break;
        case JW_SQL_REAL:
            snprintf(to->digits[i], sizeof to->digits[i], "%.17g", value->real);
            break;
        case JW_SQL_TEXT:
            if (memchr(value->text.len ? value->text.ptr : "", 0, value->text.len))
                return jw_fail(err, JW_E_SYNTAX, "database: a text with a NUL byte");
            memcpy(copy, value->text.len ? value->text.ptr : "", value->text.len);
            copy[value->text.len] = '\0';
            to->values[i] = copy;
            copy += value->text.len + 1;
            break;
        case JW_SQL_BYTES:
            to->values[i] = value->text.len ? value->text.ptr : "";
            break;
        }
    }
    return JW_OK;
}

static int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* "\x0a1b…" becomes bytes in place: the result is ours. */
static jw_text bytes_of(char *text, size_t len) {
    size_t count = len >= 2 ? (len - 2) / 2 : 0;
    for (size_t i = 0; i < count; i++)
        text[i] = (char)(hex(text[2 + 2 * i]) << 4 | hex(text[3 + 2 * i]));
    return (jw_text){text, count};
}

static jw_sql_value column(PGresult *result, int row, int at) {
    if (PQgetisnull(result, row, at))
        return JW_SQL_NOTHING;
    char *text = PQgetvalue(result, row, at);
    size_t len = (size_t)PQgetlength(result, row, at);
    switch (PQftype(result, at)) {
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        return JW_SQL_INT(strtoll(text, NULL, 10));
    case OID_BOOL:
        return JW_SQL_INT(*text == 't');
    case OID_NUMERIC: /* what sum() of whole numbers gives */
        if (!strchr(text, '.'))
            return JW_SQL_INT(strtoll(text, NULL, 10));
        return (jw_sql_value){.kind = JW_SQL_REAL, .real = strtod(text, NULL)};
    case OID_FLOAT4:
    case OID_FLOAT8:
        return (jw_sql_value){.kind = JW_SQL_REAL, .real = strtod(text, NULL)};
    case OID_BYTEA:
        return (jw_sql_value){.kind = JW_SQL_BYTES, .text = bytes_of(text, len)};
    default:
        return JW_SQL_STR(((jw_text){text, len}));
    }
}

static jw_status walk(PGresult *result, jw_sql_each each, void *context, struct jw_error *err) {
    jw_sql_value values[JW_SQL_COLUMNS];
    int rows = PQntuples(result), columns = PQnfields(result);
    if (columns > JW_SQL_COLUMNS)
        return jw_fail(err, JW_E_LIMIT, "%d columns; %d are possible", columns, JW_SQL_COLUMNS);
    for (int row = 0; each && row < rows; row++) {
        for (int i = 0; i < columns; i++)
            values[i] = column(result, row, i);
        jw_status st = each(context, values, (size_t)columns, err);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

static jw_status run(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                     jw_sql_each each, void *context, struct jw_error *err) {
    struct postgres *state = sql->state;
    struct parameters *parameters = malloc(sizeof *parameters);
    char name[16];
    if (!parameters)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    parameters->copies = NULL;
    jw_status st = fill(parameters, values, count, err);
    if (st == JW_OK)
        st = prepare(sql, text, name, err);
    if (st == JW_OK) {
        PGresult *result = PQexecPrepared(state->link, name, (int)count, parameters->values, parameters->lengths,
                                          parameters->formats, 0);
        ExecStatusType how = PQresultStatus(result);
        if (how != PGRES_COMMAND_OK && how != PGRES_TUPLES_OK)
            st = fail_as(sql, result, err);
        else
            st = walk(result, each, context, err);
        if (st == JW_OK && strncmp(PQcmdStatus(result), "SELECT", 6) != 0)
            sql->changed = strtoll(PQcmdTuples(result), NULL, 10);
        PQclear(result);
    }
    free(parameters->copies);
    free(parameters);
    return st;
}

const struct jw_sql_engine jw_sql_postgres = {
    .types = {"text COLLATE \"C\"", "bigint", "double precision", "text COLLATE \"C\"", "bytea"},
    .begin_write = "BEGIN ISOLATION LEVEL REPEATABLE READ",
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .open = open_link,
    .close = close_link,
    .run = run,
    .script = script,
};
