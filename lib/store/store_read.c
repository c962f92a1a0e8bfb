/* lib/store/store_read.c — one record, its history, and lists. */
#include "store_parts.h"
#include "words.h"

#include <string.h>

#define VALUES_MOST   128
#define QUESTION_MOST 16 /* words of a full-text question */

jw_status jw_store_get(struct jw_store *store, const struct jw_ledger *ledger, int64_t id, json_t **out,
                       struct jw_error *err) {
    const struct jw_store_table *table = jw_store_table_of(store, ledger);
    struct jw_sql *sql = NULL;
    jw_status st = table ? jw_store_take(store, &sql, err) : jw_fail(err, JW_E_SYSTEM, "not of this store");
    if (st != JW_OK)
        return st;
    st = jw_store_read_row(sql, table, id, out, NULL, 0, err);
    jw_store_give(store, sql, st < 0);
    return st;
}

/* --- history
 * ------------------------------------------------------------------------------------------------------ */
static jw_status add_version(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    json_t *fields = json_loadb(row[6].text.ptr, row[6].text.len, 0, NULL);
    const char *kept = json_string_value(json_object_get(fields, "state"));
    (void)columns;
    json_t *state = json_string(kept ? kept : "");
    json_object_del(fields, "state");
    json_t *version =
        fields ? json_pack("{so sI sI ss% ss% ss% ss% so}", "state", state, "version", (json_int_t)row[0].integer,
                           "at", (json_int_t)row[1].integer, "who", row[2].text.ptr, row[2].text.len, "origin",
                           row[3].text.ptr, row[3].text.len, "why", row[4].text.ptr, row[4].text.len, "deed",
                           row[5].text.ptr, row[5].text.len, "fields", fields)
               : NULL;
    if (!version) {
        json_decref(state);
        json_decref(fields);
    }
    return version && json_array_append_new(context, version) == 0
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "history: version %lld is damaged", (long long)row[0].integer);
}

jw_status jw_store_history(struct jw_store *store, const struct jw_ledger *ledger, int64_t id, int64_t before,
                           size_t limit, json_t **out, struct jw_error *err) {
    struct jw_sql *sql = NULL;
    json_t *versions = json_array();
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(ledger->name)), JW_SQL_INT(id),
                             JW_SQL_INT(before ? before : INT64_MAX), JW_SQL_INT((int64_t)limit)};
    jw_status st = versions ? jw_store_take(store, &sql, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK) {
        st = jw_sql_run(
            sql,
            "SELECT version, at, who, origin, why, deed, fields FROM history WHERE ledger = $1 AND record = $2 "
            "AND version < $3 ORDER BY version DESC LIMIT $4",
            values, 4, add_version, versions, err);
        jw_store_give(store, sql, st < 0);
    }
    if (st == JW_OK && !before && json_array_size(versions) == 0)
        st = JW_END;
    if (st == JW_OK)
        *out = versions;
    else
        json_decref(versions);
    return st;
}

/* --- lists
 * -------------------------------------------------------------------------------------------------------- */
struct listing {
    const struct jw_store_query *query;
    const struct jw_store_table *table;
    struct jw_arena *mem;
    jw_buffer where;
    jw_sql_value values[VALUES_MOST];
    size_t count;
    json_t *rows;
    struct jw_error *err;
    jw_status st;
};

static void fail(struct listing *l, jw_status st, const char *text) {
    if (l->st == JW_OK)
        l->st = jw_fail(l->err, st, "%s", text);
}

/* The number of a parameter with this value. */
static size_t bind(struct listing *l, jw_sql_value value) {
    if (l->count == VALUES_MOST)
        fail(l, JW_E_LIMIT, "too many conditions");
    else
        l->values[l->count++] = value;
    return l->count;
}

static const char *column_of(const struct listing *l, int field, char out[JW_COLUMN]) {
    switch (field) {
    case JW_COLUMN_ID:
        return "id";
    case JW_COLUMN_CHANGED:
        return "changed_at";
    case JW_COLUMN_MADE:
        return "made_at";
    case JW_COLUMN_STATE:
        return "state";
    default:
        jw_column_name(&l->table->ledger->fields[field], out);
        return out;
    }
}

static jw_sql_value value_of(struct listing *l, const struct jw_store_filter *filter) {
    jw_sql_value value = JW_SQL_NOTHING;
    if (filter->field == JW_COLUMN_STATE)
        return JW_SQL_STR(jw_text_from(json_string_value(filter->value) ? json_string_value(filter->value) : ""));
    if (filter->field < 0)
        return JW_SQL_INT(json_integer_value(filter->value));
    const struct jw_ledger_field *field = &l->table->ledger->fields[filter->field];
    jw_status st = jw_column_encode(field, filter->value, l->mem, &value, l->err);
    if (st != JW_OK)
        l->st = st;
    return value;
}

static void add_filter(struct listing *l, const struct jw_store_filter *filter) {
    static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">="};
    char name[JW_COLUMN];
    if (filter->field >= 0 && !jw_column_has(&l->table->ledger->fields[filter->field])) {
        fail(l, JW_E_SYNTAX, "a computed field is no condition");
        return;
    }
    const char *column = column_of(l, filter->field, name);
    if (filter->op == JW_OP_EMPTY || filter->op == JW_OP_NOT_EMPTY) {
        jw_buffer_print(&l->where, " AND %s IS %sNULL", column, filter->op == JW_OP_EMPTY ? "" : "NOT ");
        return;
    }
    size_t at = bind(l, value_of(l, filter));
    if (filter->op == JW_OP_NE) /* what is empty is not equal either */
        jw_buffer_print(&l->where, " AND (%s <> $%zu OR %s IS NULL)", column, at, column);
    else
        jw_buffer_print(&l->where, " AND %s %s $%zu", column, operators[filter->op], at);
}

static void add_places(struct listing *l) {
    const struct jw_store_query *query = l->query;
    const struct jw_ledger *ledger = l->table->ledger;
    char name[JW_COLUMN];
    if (!query->places)
        return;
    jw_buffer_print(&l->where, " AND (1 = 0");
    for (const char *const *place = query->places; *place; place++) {
        char end[JW_STORE_PLACE];
        if (!jw_store_place_end(jw_text_from(*place), end)) {
            fail(l, JW_E_SYNTAX, "a place is a path that ends with a point");
            return;
        }
        size_t from = bind(l, JW_SQL_STR(jw_text_from(*place)));
        jw_text kept = jw_arena_copy(l->mem, jw_text_from(end));
        if (!kept.ptr) {
            fail(l, JW_E_LIMIT, "no memory");
            return;
        }
        size_t to = bind(l, JW_SQL_STR(kept));
        jw_buffer_print(&l->where, " OR (place >= $%zu AND place < $%zu)", from, to);
    }
    if (query->owner.len && ledger->owner >= 0) {
        int64_t person = 0;
        if (jw_text_i64(query->owner, &person)) {
            size_t at = bind(l, JW_SQL_INT(person));
            jw_buffer_print(&l->where, " OR %s = $%zu", column_of(l, ledger->owner, name), at);
        }
    }
    jw_buffer_print(&l->where, ")");
}

static void add_words(struct listing *l, bool postgres) {
    jw_buffer words = JW_BUFFER(4096), asked = JW_BUFFER(8192);
    size_t count;
    if (!l->query->words.len)
        return;
    if (!jw_words_ask(l->query->words, &words, QUESTION_MOST, &count)) {
        fail(l, JW_E_SYNTAX, "search for up to 16 words; punctuation alone is none");
    } else {
        jw_text rest = jw_text_trim(jw_buffer_text(&words)), word;
        while (!postgres && jw_text_next(&rest, ' ', &word)) { /* FTS5: each a string of its own, all wanted */
            jw_buffer_byte(&asked, '"');
            jw_buffer_add(&asked, word);
            jw_buffer_add(&asked, JW_TEXT("\" "));
        }
        jw_text text = jw_arena_copy(l->mem, jw_text_trim(jw_buffer_text(postgres ? &words : &asked)));
        size_t at = bind(l, JW_SQL_STR(text));
        const char *name = l->table->ledger->name;
        if (postgres)
            jw_buffer_print(&l->where,
                            " AND id IN (SELECT record FROM w_%s WHERE words @> string_to_array($%zu, ' '))", name,
                            at);
        else
            jw_buffer_print(&l->where, " AND id IN (SELECT rowid FROM w_%s WHERE w_%s MATCH $%zu)", name, name, at);
    }
    jw_buffer_free(&words);
    jw_buffer_free(&asked);
}

static jw_status add_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct listing *l = context;
    (void)columns;
    json_t *record = jw_store_record(l->table, row);
    return record && json_array_append_new(l->rows, record) == 0
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "%s/%lld: the row is damaged", l->table->ledger->name,
                         (long long)row[0].integer);
}

static jw_status ask(struct listing *l, struct jw_sql *sql, int64_t *total, struct jw_error *err) {
    const struct jw_store_query *query = l->query;
    jw_buffer text = JW_BUFFER(256 << 10);
    jw_sql_value found = {0};
    char name[JW_COLUMN];
    size_t conditions = l->count;
    jw_buffer_print(&text, "%s WHERE removed = %d", l->table->select, query->removed);
    jw_buffer_add(&text, jw_buffer_text(&l->where));
    const char *direction = query->descending ? "DESC" : "ASC";
    jw_buffer_print(&text, " ORDER BY %s %s%s", column_of(l, query->sort, name), direction,
                    query->sort == JW_COLUMN_ID ? ""
                    : query->descending         ? ", id DESC"
                                                : ", id");
    size_t limit = bind(l, JW_SQL_INT(query->limit)), offset = bind(l, JW_SQL_INT(query->offset));
    jw_buffer_print(&text, " LIMIT $%zu OFFSET $%zu", limit, offset);
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : l->st;
    if (st == JW_OK)
        st = jw_sql_run(sql, text.ptr, l->values, l->count, add_row, l, err);
    if (st == JW_OK && query->count) {
        jw_buffer_clear(&text);
        jw_buffer_print(&text, "SELECT count(*) FROM l_%s WHERE removed = %d", l->table->ledger->name,
                        query->removed);
        jw_buffer_add(&text, jw_buffer_text(&l->where));
        jw_buffer_byte(&text, '\0');
        st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory")
                         : jw_sql_one(sql, text.ptr, l->values, conditions, l->mem, &found, err);
        *total = found.integer;
    }
    jw_buffer_free(&text);
    return st;
}

jw_status jw_store_list(struct jw_store *store, const struct jw_store_query *query, json_t **rows, int64_t *total,
                        struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(JW_STORE_MEM);
    struct listing l = {.query = query,
                        .table = jw_store_table_of(store, query->ledger),
                        .mem = mem,
                        .where = JW_BUFFER(64 << 10),
                        .err = err};
    struct jw_sql *sql = NULL;
    if (!mem || !l.table)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    if (query->limit < 1 || query->limit > JW_STORE_PAGE || query->offset < 0)
        return jw_fail(err, JW_E_SYNTAX, "a page has 1 to %d records", JW_STORE_PAGE);
    l.rows = json_array();
    for (size_t i = 0; i < query->filter_count; i++)
        add_filter(&l, &query->filters[i]);
    add_places(&l);
    jw_status st = l.st == JW_OK ? jw_store_take(store, &sql, err) : l.st;
    if (st == JW_OK) {
        add_words(&l, jw_sql_is_postgres(sql));
        st = jw_sql_begin(sql, false, err); /* the rows and their number of one moment */
        if (st == JW_OK)
            st = jw_sql_end(sql, ask(&l, sql, total, err), err);
        jw_store_give(store, sql, st < 0 && st != JW_E_SYNTAX);
    }
    jw_buffer_free(&l.where);
    if (st == JW_OK)
        *rows = l.rows;
    else
        json_decref(l.rows);
    return st;
}
