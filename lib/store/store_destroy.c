/* lib/store/store_destroy.c — a removed record is destroyed: its values, in the table and in every version of the
 * history. What stays is that it was there, when, why it was changed, and who decided: the chain does not hold
 * values, only their SM3, so it stays whole. */
#include "store_parts.h"

#include <string.h>

#include "audit/audit.h"

/* Every column that was ever declared: what is no longer declared still lies there. */
static jw_status add_column(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    jw_buffer *text = context;
    (void)columns, (void)err;
    jw_buffer_print(text, ", f_%.*s = NULL", (int)row[0].text.len, row[0].text.ptr);
    return JW_OK;
}

static jw_status clear_row(struct jw_sql *sql, const struct jw_store_table *table, int64_t id,
                           struct jw_error *err) {
    jw_buffer text = JW_BUFFER(64 << 10);
    jw_sql_value value = JW_SQL_INT(id), name = JW_SQL_STR(jw_text_from(table->ledger->name));
    jw_buffer_print(&text, "UPDATE l_%s SET removed = 1", table->ledger->name);
    jw_status st =
        jw_sql_run(sql, "SELECT field FROM ledger_fields WHERE ledger = $1 AND field <> '' ORDER BY field", &name,
                   1, add_column, &text, err);
    jw_buffer_print(&text, " WHERE id = $1");
    jw_buffer_byte(&text, '\0');
    if (st == JW_OK)
        st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory")
                         : jw_sql_run(sql, text.ptr, &value, 1, NULL, NULL, err);
    jw_buffer_free(&text);
    return st;
}

static jw_status tell(struct jw_sql *sql, const struct jw_ledger *ledger, int64_t id, const struct jw_actor *actor,
                      int64_t now, int64_t versions, struct jw_error *err) {
    char object[JW_STORE_OBJECT], detail[64];
    snprintf(object, sizeof object, "%s/%lld", ledger->name, (long long)id);
    snprintf(detail, sizeof detail, "{\"versions\":%lld}", (long long)versions);
    struct jw_audit_entry entry = {.at = now,
                                   .who = actor->who,
                                   .origin = actor->origin,
                                   .action = JW_TEXT("destroy"),
                                   .object = jw_text_from(object),
                                   .detail = jw_text_from(detail)};
    return jw_audit_append(sql, &entry, err);
}

jw_status jw_store_destroy(struct jw_store *store, struct jw_sql *sql, const struct jw_ledger *ledger, int64_t id,
                           const struct jw_actor *actor, int64_t now, struct jw_error *err) {
    const struct jw_store_table *table = jw_store_table_of(store, ledger);
    json_t *record = NULL;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(ledger->name)), JW_SQL_INT(id)};
    if (!table)
        return jw_fail(err, JW_E_SYSTEM, "%s: not of this store", ledger->name);
    jw_status st = jw_store_read_row(sql, table, id, &record, NULL, 0, err);
    bool removed = json_is_true(json_object_get(record, "removed"));
    json_decref(record);
    if (st == JW_OK && !removed)
        return JW_END;
    bool sqlite = !jw_sql_is_postgres(sql);
    if (st == JW_OK && sqlite) /* freed bytes are overwritten, not only forgotten */
        st = jw_sql_script(sql, "PRAGMA secure_delete = ON", err);
    if (st == JW_OK)
        st = clear_row(sql, table, id, err);
    if (st == JW_OK)
        st = jw_sql_run(sql, "UPDATE history SET fields = '' WHERE ledger = $1 AND record = $2", values, 2, NULL,
                        NULL, err);
    int64_t versions = jw_sql_changed(sql);
    if (st == JW_OK)
        st = tell(sql, ledger, id, actor, now, versions, err);
    if (st == JW_OK && sqlite)
        st = jw_sql_script(sql, "PRAGMA secure_delete = OFF", err);
    return st;
}
