/* lib/store/store_read.c — one record, and its history. */
#include "store_parts.h"

jw_status jw_store_get(struct jw_store *store, const struct jw_ledger *ledger, int64_t id, json_t **out,
                       struct jw_error *err) {
    const struct jw_store_table *table = jw_store_table_of(store, ledger);
    struct jw_sql *sql = NULL;
    json_t *record = NULL;
    jw_status st = table ? jw_store_take(store, &sql, err) : jw_fail(err, JW_E_SYSTEM, "not of this store");
    if (st != JW_OK)
        return st;
    st = jw_store_read_row(sql, table, id, &record, NULL, 0, err);
    if (st == JW_OK)
        st = jw_store_compute_one(table, sql, record, err);
    jw_store_give(store, sql, st < 0);
    if (st == JW_OK)
        *out = record;
    else
        json_decref(record);
    return st;
}

/* --- history
 * ------------------------------------------------------------------------------------------------------ */
static jw_status add_version(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    bool destroyed = row[6].text.len == 0; /* by decision: what it said is gone */
    json_t *fields = destroyed ? json_object() : json_loadb(row[6].text.ptr, row[6].text.len, 0, NULL);
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
