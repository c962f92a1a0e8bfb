/* lib/workflow/timer.c — when something must happen without anybody: rows with an instant and a name,
 * "state:remind:7", "state:overdue", "state:escalate:0", "due:FIELD:30", "open". Setting one again moves it. */
#include "parts.h"

#include <string.h>

jw_status jw_timer_set(struct jw_sql *sql, const char *ledger, int64_t id, const char *name, int64_t at,
                       struct jw_error *err) {
    return jw_flow_sql(
        sql, err,
        "INSERT INTO flow_timers VALUES ($1, $2, $3, $4) ON CONFLICT (ledger, record, name) DO UPDATE SET "
        "at = excluded.at",
        4, JW_S(ledger), JW_SQL_INT(id), JW_S(name), JW_SQL_INT(at));
}

static jw_status set(struct jw_sql *sql, const struct jw_flow_run *run, int64_t at, struct jw_error *err,
                     const char *what, long long number) {
    char name[80];
    snprintf(name, sizeof name, "state:%s:%lld", what, number);
    return jw_timer_set(sql, run->ledger->name, run->record, name, at, err);
}

jw_status jw_timer_state(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                         struct jw_error *err) {
    const struct jw_flow_state *state = &run->flow->states[run->state];
    int64_t now = jw_flow_now(workflow);
    jw_status st =
        jw_flow_sql(sql, err, "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2 AND name LIKE 'state:%'",
                    2, JW_S(run->ledger->name), JW_SQL_INT(run->record));
    if (!run->deadline || run->ended_at)
        return st;
    for (size_t i = 0; i < state->remind_count && st == JW_OK; i++) {
        int64_t at = jw_deadline_reminder(run->deadline, state->remind[i]);
        if (at > now && at < run->deadline) /* what lies behind us reminds nobody */
            st = set(sql, run, at, err, "remind", state->remind[i]);
    }
    if (st == JW_OK)
        st = set(sql, run, run->deadline, err, "overdue", run->round);
    for (size_t i = 0; i < state->escalation_count && st == JW_OK; i++)
        st = set(sql, run, jw_deadline_after(workflow, &state->escalations[i].after, NULL, run->deadline - 1), err,
                 "escalate", (long long)i);
    return st;
}

/* --- dates that are due, in any ledger
 * ------------------------------------------------------------------------------- */
static jw_status set_due(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_ledger *ledger,
                         int64_t id, const char *field, int64_t deadline, struct jw_error *err) {
    static const int days[] = {30, 7, 1};
    char name[JW_LEDGER_NAME + 24];
    int64_t now = jw_flow_now(workflow);
    jw_status st = JW_OK;
    for (size_t i = 0; i < sizeof days / sizeof *days && st == JW_OK; i++) {
        int64_t at = jw_deadline_reminder(deadline, days[i]);
        snprintf(name, sizeof name, "due:%s:%d", field, days[i]);
        if (at > now)
            st = jw_timer_set(sql, ledger->name, id, name, at, err);
    }
    snprintf(name, sizeof name, "due:%s:-1", field);
    if (st == JW_OK && jw_deadline_reminder(deadline, -1) > now)
        st = jw_timer_set(sql, ledger->name, id, name, jw_deadline_reminder(deadline, -1), err);
    return st;
}

jw_status jw_timer_dues(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_ledger *ledger,
                        const struct jw_flow *flow, const json_t *record, struct jw_error *err) {
    int64_t id = json_integer_value(json_object_get(record, "id"));
    bool removed = json_is_true(json_object_get(record, "removed"));
    jw_status st =
        jw_flow_sql(sql, err, "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2 AND name LIKE 'due:%'", 2,
                    JW_S(ledger->name), JW_SQL_INT(id));
    for (size_t i = 0; i < ledger->field_count && st == JW_OK && !removed; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        struct jw_flow_span span = {.kind = JW_SPAN_FIELD};
        if (!field->due || jw_deadline_field(flow, field->name)) /* the flow reminds of its own */
            continue;
        snprintf(span.field, sizeof span.field, "%s", field->name);
        int64_t deadline = jw_deadline_after(workflow, &span, record, 0);
        if (deadline)
            st = set_due(workflow, sql, ledger, id, field->name, deadline, err);
    }
    return st;
}
