/* lib/store/store_verify.c — three proofs: the chain holds; every version of history is the one the chain tells
 * of; every record is its newest version. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

struct verifying {
    struct jw_store *store;
    struct jw_sql *sql, *beside; /* one walks, the other looks up */
    struct jw_arena *mem;
    jw_store_problem problem;
    void *context;
    uint64_t entries, told; /* told: entries of the chain that speak of a version */
    const struct jw_store_table *table;
};

JW_PRINTF(3, 4)
static void say(struct verifying *v, const char *object, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    v->problem(v->context, object, text);
}

static void on_fault(void *context, jw_audit_fault fault, int64_t seq, const char *text) {
    char object[48];
    (void)fault;
    snprintf(object, sizeof object, "audit/%lld", (long long)seq);
    say(context, object, "%s", text);
}

/* "asset/17" */
static bool read_object(jw_text object, jw_text *ledger, int64_t *record) {
    return jw_text_cut(&object, '/', ledger) && jw_text_i64(object, record);
}

static jw_status on_entry(void *context, const struct jw_audit_entry *entry, struct jw_error *err) {
    struct verifying *v = context;
    jw_text ledger;
    int64_t record;
    char object[JW_STORE_OBJECT], hash[JW_AUDIT_HASH];
    v->entries++;
    json_t *detail = json_loadb(entry->detail.ptr, entry->detail.len, 0, NULL);
    const char *wanted = json_string_value(json_object_get(detail, "sm3"));
    int64_t version = json_integer_value(json_object_get(detail, "version"));
    jw_status st = JW_OK;
    if (wanted && version && read_object(entry->object, &ledger, &record)) {
        jw_sql_value values[] = {JW_SQL_STR(ledger), JW_SQL_INT(record), JW_SQL_INT(version)}, fields = {0};
        snprintf(object, sizeof object, JW_FMT, JW_ARG(entry->object));
        jw_arena_reset(v->mem);
        st = jw_sql_one(v->beside, "SELECT fields FROM history WHERE ledger = $1 AND record = $2 AND version = $3",
                        values, 3, v->mem, &fields, err);
        v->told++;
        if (st == JW_END)
            say(v, object, "version %lld is missing from the history", (long long)version);
        else if (st == JW_OK && (st = jw_sm3_hex(fields.text, hash, err)) == JW_OK && strcmp(hash, wanted) != 0)
            say(v, object, "version %lld in the history was changed", (long long)version);
        st = st == JW_END ? JW_OK : st;
    }
    json_decref(detail);
    return st;
}

/* --- records against their newest version
 * ------------------------------------------------------------------------- */
static jw_status on_record(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct verifying *v = context;
    const char *name = v->table->ledger->name;
    char object[JW_STORE_OBJECT];
    (void)columns;
    snprintf(object, sizeof object, "%s/%lld", name, (long long)row[0].integer);
    jw_arena_reset(v->mem);
    json_t *record = jw_store_record(v->table, row);
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(name)), row[0], row[1]}, fields = {0}, newest = {0};
    jw_text now = {0};
    jw_status st = record ? jw_column_print(json_object_get(record, "fields"), v->mem, &now, err) : JW_OK;
    if (!record)
        say(v, object, "the row is damaged");
    if (record && st == JW_OK)
        st = jw_sql_one(v->beside, "SELECT max(version) FROM history WHERE ledger = $1 AND record = $2", values, 2,
                        v->mem, &newest, err);
    if (record && st == JW_OK && newest.integer != row[1].integer)
        say(v, object, "is at version %lld, its history ends at %lld", (long long)row[1].integer,
            (long long)newest.integer);
    else if (record && st == JW_OK)
        st = jw_sql_one(v->beside, "SELECT fields FROM history WHERE ledger = $1 AND record = $2 AND version = $3",
                        values, 3, v->mem, &fields, err);
    /* a field that was declared later stands in no older version: compare what the version has */
    json_t *kept = st == JW_OK && fields.text.len ? json_loadb(fields.text.ptr, fields.text.len, 0, NULL) : NULL;
    const char *key;
    json_t *value;
    json_object_foreach(kept, key, value) {
        bool state = strcmp(key, "state") == 0;
        const json_t *is = json_object_get(state ? record : json_object_get(record, "fields"), key);
        if (is && !json_equal(is, value))
            say(v, object, "%s%s is not what its newest version says", state ? "" : "field ", key);
    }
    json_decref(kept);
    json_decref(record);
    return st == JW_END ? JW_OK : st;
}

static jw_status verify_records(struct verifying *v, struct jw_error *err) {
    jw_status st = JW_OK;
    const struct jw_store_set *set = v->store->sets;
    for (size_t i = 0; i < set->table_count && st == JW_OK; i++) {
        v->table = &set->tables[i];
        st = jw_sql_run(v->sql, v->table->select, NULL, 0, on_record, v, err);
    }
    return st;
}

/* A version that no entry tells of was put in: the numbers differ. */
static jw_status verify_count(struct verifying *v, struct jw_error *err) {
    jw_sql_value count = {0};
    jw_status st = jw_sql_one(v->sql, "SELECT count(*) FROM history", NULL, 0, v->mem, &count, err);
    if (st == JW_OK && (uint64_t)count.integer != v->told)
        say(v, "history", "%lld versions, and the audit chain tells of %llu", (long long)count.integer,
            (unsigned long long)v->told);
    return st;
}

jw_status jw_store_verify(struct jw_store *store, const struct jw_audit_head *published, jw_store_problem problem,
                          void *context, uint64_t *out_entries, struct jw_error *err) {
    struct verifying v = {
        .store = store, .problem = problem, .context = context, .mem = jw_arena_new(JW_STORE_MEM)};
    jw_status st = v.mem ? jw_sql_open(store->where, &v.sql, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = jw_sql_open(store->where, &v.beside, err);
    if (st == JW_OK)
        st = jw_audit_verify(v.sql, published, &(struct jw_audit_watch){&v, on_fault, on_entry}, err);
    if (st == JW_OK)
        st = verify_records(&v, err);
    if (st == JW_OK)
        st = verify_count(&v, err);
    jw_sql_close(v.sql);
    jw_sql_close(v.beside);
    jw_arena_free(v.mem);
    *out_entries = v.entries;
    return st;
}
