/* lib/workflow/withdraw.c — taking back a step while nobody has acted since: the state before, the values that the
 * step wrote, and who took the step before that. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

struct withdrawing {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    const struct jw_flow_act *act;
    struct jw_flow_run run;
    const struct jw_flow_step *step;
    int64_t seq, version, acted;
    int from;
    char name[JW_LEDGER_NAME], state[JW_LEDGER_NAME];
    struct jw_flow_run before; /* last, behalf: of the step before */
};

static jw_status take_last(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct withdrawing *w = context;
    (void)columns, (void)err;
    w->seq = row[0].integer;
    snprintf(w->name, sizeof w->name, "%.*s", (int)row[1].text.len, row[1].text.ptr);
    snprintf(w->state, sizeof w->state, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    w->version = row[3].integer;
    return JW_OK;
}

static jw_status take_before(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_flow_run *run = context;
    (void)columns, (void)err;
    snprintf(run->last, sizeof run->last, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    run->last_person = row[1].integer;
    snprintf(run->behalf, sizeof run->behalf, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    run->behalf_person = row[3].integer;
    return JW_OK;
}

static jw_status take_number(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    *(int64_t *)context = row[0].integer;
    return JW_OK;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct withdrawing *w = context;
    jw_sql_value values[] = {JW_S(w->act->ledger->name), JW_SQL_INT(w->act->id), JW_SQL_INT(0)};
    jw_status st = jw_run_read(w->workflow, sql, w->act->ledger, w->act->id, &w->run, err);
    if (st == JW_OK)
        st = jw_sql_run(
            sql,
            "SELECT seq, step, from_state, version FROM flow_steps WHERE ledger = $1 AND record = $2 AND kind = "
            "'step' ORDER BY seq DESC LIMIT 1",
            values, 2, take_last, w, err);
    values[2] = JW_SQL_INT(w->run.round);
    if (st == JW_OK)
        st = jw_sql_run(
            sql,
            "SELECT count(*) FROM flow_steps WHERE ledger = $1 AND record = $2 AND round = $3 AND kind IN "
            "('sign', 'delegate', 'ask', 'grant', 'refuse')",
            values, 3, take_number, &w->acted, err);
    values[2] = JW_SQL_INT(w->seq);
    return st == JW_OK
               ? jw_sql_run(
                     sql,
                     "SELECT who, person, behalf, behalf_person FROM flow_steps WHERE ledger = $1 AND record "
                     "= $2 AND seq < $3 AND kind IN ('step', 'start') ORDER BY seq DESC LIMIT 1",
                     values, 3, take_before, &w->before, err)
               : st;
}

static jw_status may(struct withdrawing *w, struct jw_error *err) {
    const struct jw_flow_run *run = &w->run;
    bool last = (*run->last && strcmp(run->last, w->holder->account) == 0) ||
                (run->last_person && run->last_person == w->holder->person);
    int step = jw_flow_step_find(run->flow, jw_text_from(w->name));
    w->from = jw_flow_state_find(run->flow, jw_text_from(w->state));
    if (!w->seq || step < 0 || w->from < 0)
        return jw_fail(err, JW_E_DENIED, "还没有可以撤回的步骤");
    w->step = &run->flow->steps[step];
    if (!last)
        return jw_fail(err, JW_E_DENIED, "只有上一步的办理人可以撤回");
    if (run->ended_at)
        return jw_fail(err, JW_E_DENIED, "事项已办结，不能撤回");
    if (w->acted)
        return jw_fail(err, JW_E_DENIED, "后续环节已有人办理，不能撤回");
    if (w->step->opens || w->step->deed != JW_FLOW_NOTHING)
        return jw_fail(err, JW_E_DENIED, "“%s”已产生其他事项，不能撤回", w->step->title.zh);
    return JW_OK;
}

/* The values that the step wrote, as they were. */
static jw_status values_before(struct withdrawing *w, json_t **out, struct jw_error *err) {
    json_t *versions = NULL;
    *out = json_object();
    if (w->step->sets.count == 0 || w->version == 0)
        return JW_OK;
    jw_status st =
        jw_store_history(w->workflow->options.store, w->act->ledger, w->act->id, w->version, 1, &versions, err);
    const json_t *fields = json_object_get(json_array_get(versions, 0), "fields");
    for (size_t i = 0; st == JW_OK && i < w->step->sets.count; i++) {
        json_t *value = json_object_get(fields, w->step->sets.list[i].field);
        if (value)
            json_object_set(*out, w->step->sets.list[i].field, value);
    }
    json_decref(versions);
    return st == JW_END ? JW_OK : st;
}

static jw_status also(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err) {
    struct withdrawing *w = context;
    struct jw_flow_run run;
    jw_status st = jw_run_read(w->workflow, sql, w->act->ledger, w->act->id, &run, err);
    if (st == JW_OK && run.round != w->run.round)
        st = jw_fail(err, JW_E_DENIED, "他人刚办理过，请刷新后再试");
    if (st != JW_OK)
        return st == JW_END ? JW_E_DENIED : st;
    struct jw_flow_entry entry = {.kind = "withdraw",
                                  .step = w->step->name,
                                  .from = run.state,
                                  .to = w->from,
                                  .reason = w->act->reason,
                                  .origin = w->act->origin,
                                  .version = made->version};
    st = jw_flow_audit(w->workflow, sql, w->holder, w->act->origin, "withdraw", &run,
                       json_pack("{ss ss}", "step", w->step->name, "to", run.flow->states[w->from].name), err);
    if (st == JW_OK)
        st = jw_flow_sql(sql, err,
                         "UPDATE flow_steps SET kind = 'withdrawn' WHERE ledger = $1 AND record = $2 AND seq = $3",
                         3, JW_S(run.ledger->name), JW_SQL_INT(run.record), JW_SQL_INT(w->seq));
    if (st == JW_OK)
        st = jw_run_note(w->workflow, sql, &run, w->holder, &entry, err);
    run.state = w->from;
    memcpy(run.last, w->before.last, sizeof run.last);
    memcpy(run.behalf, w->before.behalf, sizeof run.behalf);
    run.last_person = w->before.last_person;
    run.behalf_person = w->before.behalf_person;
    return st == JW_OK ? jw_run_enter(w->workflow, sql, &run, made->record, err) : st;
}

jw_status jw_workflow_withdraw(struct jw_workflow *workflow, const struct jw_holder *holder,
                               const struct jw_flow_act *act, struct jw_outcome *outcome, struct jw_error *err) {
    struct withdrawing w = {.workflow = workflow, .holder = holder, .act = act};
    json_t *fields = NULL, *record = NULL;
    memset(outcome, 0, sizeof *outcome);
    jw_status st = jw_store_get(workflow->options.store, act->ledger, act->id, &record, err);
    if (st == JW_OK)
        st = jw_store_look(workflow->options.store, look, &w, err);
    if (st == JW_OK)
        st = may(&w, err);
    if (st == JW_OK)
        st = values_before(&w, &fields, err);
    struct jw_change change = {
        .ledger = act->ledger,
        .deed = JW_CHANGE,
        .id = act->id,
        .version = act->version ? act->version : json_integer_value(json_object_get(record, "version")),
        .fields = fields,
        .state = w.state,
        .actor = {jw_text_from(holder->account), act->origin, act->reason},
        .also = also,
        .context = &w,
    };
    if (st == JW_OK)
        st = jw_store_change(workflow->options.store, &change, outcome, err);
    json_decref(fields);
    json_decref(record);
    return st;
}
