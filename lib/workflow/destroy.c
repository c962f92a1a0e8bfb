/* lib/workflow/destroy.c — a record is destroyed by decision: a record of another ledger names it (fields
 * target_ledger and target_id), and its flow has asked two persons. */
#include "parts.h"

#include <string.h>

jw_status jw_destroy_target(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_holder *holder,
                            jw_text origin, const json_t *record, struct jw_error *err) {
    const json_t *fields = json_object_get(record, "fields");
    const char *name = json_string_value(json_object_get(fields, "target_ledger"));
    const struct jw_ledger *ledger = name ? jw_ledgers_find(workflow->options.ledgers, jw_text_from(name)) : NULL;
    int64_t id = json_integer_value(json_object_get(fields, "target_id"));
    if (!ledger)
        return jw_fail(err, JW_E_DENIED, "没有台账 %.40s", name ? name : "");
    struct jw_actor actor = {jw_text_from(holder ? holder->account : ""), origin, JW_TEXT("")};
    jw_status st = jw_store_destroy(workflow->options.store, sql, ledger, id, &actor, jw_flow_now(workflow), err);
    if (st == JW_END)
        return jw_fail(err, JW_E_DENIED, "%s/%lld 不存在，或还没有删除：先删除，再销毁", ledger->name,
                       (long long)id);
    static const char *const texts[] = {"UPDATE flow_steps SET reason = '' WHERE ledger = $1 AND record = $2",
                                        "DELETE FROM flow_notices WHERE ledger = $1 AND record = $2",
                                        "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == JW_OK; i++)
        st = jw_flow_sql(sql, err, texts[i], 2, JW_S(ledger->name), JW_SQL_INT(id));
    return st;
}
