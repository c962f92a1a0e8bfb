/* lib/store/store.c — opening, the statements of each ledger, readers' connections. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

static const char *const fixed[JW_STORE_FIXED] = {"id",      "version", "removed",    "place",     "state",
                                                  "made_at", "made_by", "changed_at", "changed_by"};

/* --- the statements ----------------------------------------------------------------------------------------------
 */
static char *finish(jw_buffer *text) {
    jw_buffer_byte(text, '\0');
    if (text->failed) {
        jw_buffer_free(text);
        return NULL;
    }
    return text->ptr; /* malloc'ed: the caller's */
}

static void add_columns(jw_buffer *out, const struct jw_ledger *ledger, const char *after_each) {
    char column[JW_COLUMN];
    for (size_t i = 0; i < JW_STORE_FIXED; i++)
        jw_buffer_print(out, "%s%s%s", i ? ", " : "", fixed[i], after_each);
    for (size_t i = 0; i < ledger->field_count; i++) {
        if (!jw_column_has(&ledger->fields[i]))
            continue;
        jw_column_name(&ledger->fields[i], column);
        jw_buffer_print(out, ", %s%s", column, after_each);
    }
}

static char *make_select(const struct jw_ledger *ledger, const char *where) {
    jw_buffer text = JW_BUFFER(64 << 10);
    jw_buffer_print(&text, "SELECT ");
    add_columns(&text, ledger, "");
    jw_buffer_print(&text, " FROM l_%s%s", ledger->name, where);
    return finish(&text);
}

static char *make_insert(const struct jw_ledger *ledger, size_t values) {
    jw_buffer text = JW_BUFFER(64 << 10);
    jw_buffer_print(&text, "INSERT INTO l_%s (", ledger->name);
    add_columns(&text, ledger, "");
    jw_buffer_print(&text, ") VALUES (");
    for (size_t i = 1; i <= values; i++)
        jw_buffer_print(&text, "%s$%zu", i > 1 ? ", " : "", i);
    jw_buffer_print(&text, ")");
    return finish(&text);
}

/* The same values as the insert's; $1 is the id. */
static char *make_update(const struct jw_ledger *ledger) {
    char column[JW_COLUMN];
    jw_buffer text = JW_BUFFER(64 << 10);
    size_t at = JW_STORE_FIXED;
    jw_buffer_print(&text, "UPDATE l_%s SET ", ledger->name);
    for (size_t i = 1; i < JW_STORE_FIXED; i++)
        jw_buffer_print(&text, "%s%s = $%zu", i > 1 ? ", " : "", fixed[i], i + 1);
    for (size_t i = 0; i < ledger->field_count; i++) {
        if (!jw_column_has(&ledger->fields[i]))
            continue;
        jw_column_name(&ledger->fields[i], column);
        jw_buffer_print(&text, ", %s = $%zu", column, ++at);
    }
    jw_buffer_print(&text, " WHERE id = $1");
    return finish(&text);
}

/* What no index holds: $1 is the id, then version, changed_at, changed_by and those fields. */
static char *make_touch(const struct jw_ledger *ledger) {
    char column[JW_COLUMN];
    jw_buffer text = JW_BUFFER(64 << 10);
    size_t at = 4;
    jw_buffer_print(&text, "UPDATE l_%s SET version = $2, changed_at = $3, changed_by = $4", ledger->name);
    for (size_t i = 0; i < ledger->field_count; i++) {
        if (!jw_column_has(&ledger->fields[i]) || ledger->fields[i].unique || jw_store_has_index(ledger, (int)i))
            continue;
        jw_column_name(&ledger->fields[i], column);
        jw_buffer_print(&text, ", %s = $%zu", column, ++at);
    }
    jw_buffer_print(&text, " WHERE id = $1");
    return finish(&text);
}

static char *print(const char *fmt, const char *name) {
    jw_buffer text = JW_BUFFER(4096);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    jw_buffer_print(&text, fmt, name, name);
#pragma GCC diagnostic pop
    return finish(&text);
}

static bool make_table(const struct jw_store_set *set, const struct jw_ledger *ledger, bool postgres,
                       struct jw_store_table *out) {
    *out = (struct jw_store_table){.ledger = ledger, .set = set};
    for (size_t i = 0; i < ledger->field_count; i++)
        out->stored += jw_column_has(&ledger->fields[i]);
    out->select = make_select(ledger, "");
    out->get = make_select(ledger, " WHERE id = $1");
    out->insert = make_insert(ledger, JW_STORE_FIXED + out->stored);
    out->update = make_update(ledger);
    out->touch = make_touch(ledger);
    out->words_add = print(postgres ? "INSERT INTO w_%s VALUES ($1, string_to_array($2, ' '))"
                                    : "INSERT INTO w_%s (rowid, words) VALUES ($1, $2)",
                           ledger->name);
    out->words_drop = print(postgres ? "DELETE FROM w_%s WHERE record = $1"
                                     : "INSERT INTO w_%s (w_%s, rowid, words) VALUES ('delete', $1, $2)",
                            ledger->name);
    return out->select && out->get && out->insert && out->update && out->touch && out->words_add && out->words_drop;
}

static void free_set(struct jw_store_set *set) {
    for (size_t i = 0; set && i < set->table_count; i++) {
        const struct jw_store_table *table = &set->tables[i];
        char *const texts[] = {table->select, table->get,       table->insert,    table->update,
                               table->touch,  table->words_add, table->words_drop};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    if (set)
        free(set->tables);
    free(set);
}

static jw_status add_set(struct jw_store *store, const struct jw_ledgers *ledgers, struct jw_error *err) {
    size_t count = jw_ledgers_count(ledgers);
    struct jw_store_set *set = calloc(1, sizeof *set);
    bool good = set && (set->tables = calloc(count + 1, sizeof *set->tables));
    for (size_t i = 0; good && i < count; i++) {
        set->table_count = i + 1;
        good = make_table(set, jw_ledgers_get(ledgers, i), jw_sql_is_postgres(store->sql), &set->tables[i]);
    }
    if (!good) {
        free_set(set);
        return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    set->ledgers = ledgers;
    pthread_rwlock_wrlock(&store->declared);
    set->next = store->sets;
    store->sets = set;
    pthread_rwlock_unlock(&store->declared);
    return JW_OK;
}

jw_status jw_store_declare(struct jw_store *store, const struct jw_ledgers *ledgers, jw_store_told told,
                           void *context, struct jw_error *err) {
    jw_status st = jw_store_follow(store, ledgers, true, told, context, err);
    return st == JW_OK ? add_set(store, ledgers, err) : st;
}

/* Sets share the ledgers that stayed as they were, and a request may have found such a one in a newer set than its
 * own: so a set goes only when all older ones have gone. */
void jw_store_forget(struct jw_store *store, const struct jw_ledgers *ledgers) {
    struct jw_store_set **last;
    pthread_rwlock_wrlock(&store->declared);
    for (struct jw_store_set *set = store->sets; set; set = set->next)
        set->forgotten |= set->ledgers == ledgers;
    do {
        for (last = &store->sets; (*last)->next;)
            last = &(*last)->next;
        if (!(*last)->forgotten || last == &store->sets)
            break;
        free_set(*last);
        *last = NULL;
    } while (true);
    pthread_rwlock_unlock(&store->declared);
}

const struct jw_store_table *jw_store_table_of(struct jw_store *store, const struct jw_ledger *ledger) {
    const struct jw_store_table *found = NULL;
    pthread_rwlock_rdlock(&store->declared);
    for (const struct jw_store_set *set = store->sets; set && !found; set = set->next)
        for (size_t i = 0; !set->forgotten && i < set->table_count && !found; i++)
            if (set->tables[i].ledger == ledger)
                found = &set->tables[i];
    pthread_rwlock_unlock(&store->declared);
    return found;
}

json_t *jw_store_record(const struct jw_store_table *table, const jw_sql_value *row) {
    json_t *fields = json_object();
    bool good = fields;
    const jw_sql_value *value = row + JW_STORE_FIXED;
    for (size_t i = 0; good && i < table->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &table->ledger->fields[i];
        if (jw_column_has(field))
            good = json_object_set_new(fields, field->name, jw_column_decode(field, value++)) == 0;
    }
    json_t *record = good ? json_pack("{sI sI sb ss% ss% sI ss% sI ss% so}", "id", (json_int_t)row[0].integer,
                                      "version", (json_int_t)row[1].integer, "removed", (int)row[2].integer,
                                      "place", row[3].text.ptr, row[3].text.len, "state", row[4].text.ptr,
                                      row[4].text.len, "made_at", (json_int_t)row[5].integer, "made_by",
                                      row[6].text.ptr, row[6].text.len, "changed_at", (json_int_t)row[7].integer,
                                      "changed_by", row[8].text.ptr, row[8].text.len, "fields", fields)
                          : NULL;
    if (!good)
        json_decref(fields);
    return record;
}

/* --- opening
 * ------------------------------------------------------------------------------------------------------ */
static jw_status make_common(struct jw_sql *sql, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(4096);
    const char *whole = jw_sql_type(sql, JW_SQL_INTEGER), *words = jw_sql_type(sql, JW_SQL_TEXT);
    jw_buffer_print(
        &text,
        "CREATE TABLE IF NOT EXISTS ledger_fields (ledger %s NOT NULL, field %s NOT NULL, type %s NOT NULL, "
        "kind %s NOT NULL, one_of_a_kind %s NOT NULL, PRIMARY KEY (ledger, field));"
        "CREATE TABLE IF NOT EXISTS history (ledger %s NOT NULL, record %s NOT NULL, version %s NOT NULL, at %s "
        "NOT NULL, who %s NOT NULL, origin %s NOT NULL, why %s NOT NULL, deed %s NOT NULL, fields %s NOT NULL, "
        "PRIMARY KEY (ledger, record, version))",
        words, words, words, whole, whole, words, whole, whole, whole, words, words, words, words, words);
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_sql_script(sql, text.ptr, err);
    jw_buffer_free(&text);
    return st == JW_OK ? jw_audit_create(sql, err) : st;
}

jw_status jw_store_open(const char *where, const struct jw_ledgers *ledgers, struct jw_store **out,
                        struct jw_error *err) {
    struct jw_store *store = calloc(1, sizeof *store);
    if (!store)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->work, NULL);
    pthread_cond_init(&store->done, NULL);
    pthread_rwlock_init(&store->declared, NULL);
    store->last = &store->first;
    store->where = strdup(where);
    jw_status st = store->where ? jw_sql_open(where, &store->sql, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = make_common(store->sql, err);
    if (st == JW_OK)
        st = add_set(store, ledgers, err);
    if (st == JW_OK)
        st = jw_store_start_writer(store, err);
    if (st != JW_OK) {
        jw_store_close(store);
        return st;
    }
    *out = store;
    return JW_OK;
}

void jw_store_close(struct jw_store *store) {
    if (!store)
        return;
    jw_store_stop_writer(store);
    for (unsigned i = 0; i < store->idle; i++)
        jw_sql_close(store->readers[i]);
    jw_sql_close(store->sql);
    free(store->words);
    for (struct jw_store_set *set = store->sets, *next; set; set = next) {
        next = set->next;
        free_set(set);
    }
    free(store->where);
    pthread_mutex_destroy(&store->lock);
    pthread_rwlock_destroy(&store->declared);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->done);
    free(store);
}

/* --- readers
 * ------------------------------------------------------------------------------------------------------ */
jw_status jw_store_take(struct jw_store *store, struct jw_sql **out, struct jw_error *err) {
    pthread_mutex_lock(&store->lock);
    struct jw_sql *sql = store->idle ? store->readers[--store->idle] : NULL;
    pthread_mutex_unlock(&store->lock);
    if (sql)
        return *out = sql, JW_OK;
    return jw_sql_open(store->where, out,
                       err); /* as many as there are requests at a time, which the server bounds */
}

jw_status jw_store_look(struct jw_store *store, jw_store_look_fn look, void *context, struct jw_error *err) {
    struct jw_sql *sql = NULL;
    jw_status st = jw_store_take(store, &sql, err);
    if (st != JW_OK)
        return st;
    st = look(context, sql, err);
    jw_store_give(store, sql, st == JW_E_SYSTEM || st == JW_E_LIMIT);
    return st;
}

void jw_store_give(struct jw_store *store, struct jw_sql *sql, bool broken) {
    pthread_mutex_lock(&store->lock);
    bool keep = !broken && store->idle < JW_STORE_READERS;
    if (keep)
        store->readers[store->idle++] = sql;
    pthread_mutex_unlock(&store->lock);
    if (!keep)
        jw_sql_close(sql);
}
