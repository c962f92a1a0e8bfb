/* lib/workflow/destroy.c — a record is destroyed by decision: a record of another ledger names it (fields
 * target_ledger and target_id), and its flow has asked two persons. Values go in the transaction of the step; files
 * that no other record names, or ever named, go behind it, by timers that last until they are gone. */
#include "parts.h"

#include <string.h>

#define SM3 64 /* hexadecimal digits */

struct destroying {
    struct jw_sql *sql;
    const struct jw_ledger *ledger;
    int64_t id;
    json_t *files; /* sm3: true */
};

/* The files of all its versions. */
static jw_status take_version(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct destroying *d = context;
    json_t *fields = json_loadb(row[0].text.ptr, row[0].text.len, 0, NULL), *file;
    (void)columns;
    bool good = true;
    for (size_t i = 0; i < d->ledger->field_count && good; i++) {
        const struct jw_ledger_field *field = &d->ledger->fields[i];
        size_t k;
        if (strcmp(field->type->name, "attachment") != 0)
            continue;
        json_array_foreach(json_object_get(fields, field->name), k, file) {
            const char *sm3 = json_string_value(json_object_get(file, "sm3"));
            if (sm3 && strlen(sm3) == SM3)
                good = good && json_object_set_new(d->files, sm3, json_true()) == 0;
        }
    }
    json_decref(fields);
    return good ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status find_files(struct destroying *d, struct jw_error *err) {
    jw_sql_value values[] = {JW_S(d->ledger->name), JW_SQL_INT(d->id)};
    return jw_sql_run(d->sql, "SELECT fields FROM history WHERE ledger = $1 AND record = $2", values, 2,
                      take_version, d, err);
}

static jw_status take_number(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    *(int64_t *)context = row[0].integer;
    return JW_OK;
}

/* Seldom, and it reads the whole history: a file is there once, whoever names it. */
static jw_status erase_file(struct jw_workflow *workflow, struct destroying *d, const char *sm3,
                            struct jw_error *err) {
    char like[SM3 + 3], timer[SM3 + 16];
    int64_t others = 0;
    snprintf(like, sizeof like, "%%%s%%", sm3);
    jw_sql_value value = JW_S(like);
    jw_status st = jw_sql_run(d->sql, "SELECT count(*) FROM history WHERE fields LIKE $1", &value, 1, take_number,
                              &others, err);
    if (st != JW_OK || others)
        return st;
    snprintf(timer, sizeof timer, "erase:%s", sm3);
    return jw_timer_set(d->sql, d->ledger->name, d->id, timer, jw_flow_now(workflow), err);
}

static jw_status forget(struct jw_sql *sql, const struct jw_ledger *ledger, int64_t id, struct jw_error *err) {
    static const char *const texts[] = {"UPDATE flow_steps SET reason = '' WHERE ledger = $1 AND record = $2",
                                        "UPDATE flow_opens SET fields = '{}' WHERE ledger = $1 AND record = $2",
                                        "DELETE FROM flow_notices WHERE ledger = $1 AND record = $2",
                                        "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2"};
    jw_status st = JW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == JW_OK; i++)
        st = jw_flow_sql(sql, err, texts[i], 2, JW_S(ledger->name), JW_SQL_INT(id));
    return st;
}

static jw_status destroy(struct jw_workflow *workflow, struct destroying *d, const struct jw_actor *actor,
                         struct jw_error *err) {
    const char *sm3;
    json_t *unused;
    jw_status st = find_files(d, err);
    if (st == JW_OK)
        st = jw_store_destroy(workflow->options.store, d->sql, d->ledger, d->id, actor, jw_flow_now(workflow), err);
    if (st == JW_OK)
        st = forget(d->sql, d->ledger, d->id, err);
    json_object_foreach(d->files, sm3, unused) if (st == JW_OK) st = erase_file(workflow, d, sm3, err);
    return st;
}

jw_status jw_destroy_target(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_holder *holder,
                            jw_text origin, const json_t *record, struct jw_error *err) {
    const json_t *fields = json_object_get(record, "fields");
    const char *name = json_string_value(json_object_get(fields, "target_ledger"));
    const struct jw_ledger *ledger = name ? jw_ledgers_find(workflow->options.ledgers, jw_text_from(name)) : NULL;
    struct destroying d = {sql, ledger, json_integer_value(json_object_get(fields, "target_id")), json_object()};
    struct jw_actor actor = {jw_text_from(holder ? holder->account : ""), origin, JW_TEXT("")};
    jw_status st = !ledger   ? jw_fail(err, JW_E_DENIED, "没有台账 %.40s", name ? name : "")
                   : d.files ? destroy(workflow, &d, &actor, err)
                             : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(d.files);
    return st != JW_END ? st
                        : jw_fail(err, JW_E_DENIED, "%s/%lld 不存在，或还没有删除：先删除，再销毁", ledger->name,
                                  (long long)d.id);
}
