/* lib/workflow/change.c — what any change of a record means for its flow: it starts, follows, or ends. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

static jw_status start_run(struct jw_flow_change *c, struct jw_sql *sql, const struct jw_outcome *made,
                           struct jw_error *err) {
    struct jw_flow_run run = {.flow = c->flow,
                              .ledger = c->change.ledger,
                              .record = made->id,
                              .state = c->state,
                              .started_at = jw_flow_now(c->workflow)};
    snprintf(run.maker, sizeof run.maker, "%s", c->holder->account);
    run.maker_person = c->holder->person;
    snprintf(run.last, sizeof run.last, "%s", c->holder->account);
    run.last_person = c->holder->person;
    jw_status st = jw_run_enter(c->workflow, sql, &run, made->record, err);
    struct jw_flow_entry entry = {.kind = "start",
                                  .from = -1,
                                  .to = run.state,
                                  .reason = c->change.actor.why,
                                  .origin = c->change.actor.origin};
    return st == JW_OK ? jw_run_note(c->workflow, sql, &run, c->holder, &entry, err) : st;
}

static jw_status follow_run(struct jw_flow_change *c, struct jw_sql *sql, const struct jw_outcome *made,
                            struct jw_error *err) {
    struct jw_flow_run run;
    jw_status st = jw_run_read(c->workflow, sql, c->change.ledger, made->id, &run, err);
    if (st == JW_END)
        return JW_OK;
    if (st == JW_OK && c->change.deed == JW_REMOVE)
        st = jw_run_end(sql, c->change.ledger->name, made->id, err);
    if (st == JW_OK && c->change.deed == JW_REMOVE) /* nobody waits for what is gone */
        return jw_open_finished(c->workflow, sql, c->change.ledger->name, made->id, err);
    return st == JW_OK ? jw_run_follow(c->workflow, sql, &run, made->record, err) : st;
}

/* --- fields that only steps may change
 * ------------------------------------------------------------------------------- */
struct guarding {
    const struct jw_flow_change *changing;
    struct jw_flow_run run;
};

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct guarding *g = context;
    const struct jw_change *change = &g->changing->change;
    return jw_run_read(g->changing->workflow, sql, change->ledger, change->id, &g->run, err);
}

static bool is_set_by(const struct jw_flow *flow, const char *field) {
    for (size_t i = 0; i < flow->step_count; i++)
        for (size_t k = 0; k < flow->steps[i].sets.count; k++)
            if (strcmp(flow->steps[i].sets.list[k].field, field) == 0)
                return true;
    return false;
}

static void add_fault(struct jw_outcome *outcome, const char *field, const char *text) {
    if (outcome->fault_count == JW_STORE_FAULTS)
        return;
    struct jw_ledger_fault *fault = &outcome->faults[outcome->fault_count++];
    *fault = (struct jw_ledger_fault){.field = field, .rule = "workflow"};
    snprintf(fault->text, sizeof fault->text, "%s", text);
}

/* The same text may be written in several ways; only the canonical form tells whether it is another. */
static bool differs(const struct jw_ledger_field *field, const json_t *given, const json_t *is) {
    json_t *canonical = NULL;
    bool nothing = !given || json_is_null(given), was_nothing = !is || json_is_null(is);
    if (nothing || was_nothing)
        return nothing != was_nothing;
    bool good = field->type->check(field, given, &canonical, NULL) == JW_OK;
    bool other = !good || !json_equal(canonical, is);
    json_decref(canonical);
    return other;
}

static void guard(const struct jw_flow_change *c, const struct jw_flow *flow, const json_t *before, bool frozen,
                  struct jw_outcome *outcome) {
    const struct jw_ledger *ledger = c->change.ledger;
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *given = json_object_get(c->change.fields, field->name);
        const json_t *is = before ? json_object_get(before, field->name) : field->preset;
        if (!given || (!frozen && !is_set_by(flow, field->name)) || !differs(field, given, is))
            continue;
        add_fault(
            outcome, field->name,
            frozen ? "当前环节不能直接修改，请通过流程办理（changed by steps of the workflow only in this state）"
                   : "由流程填写，请办理流程步骤（written by the workflow; take a step instead）");
    }
}

/* The same once more where nobody can come between: the values before are those of the version before. */
static jw_status take_fields(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    *(json_t **)context = json_loadb(row[0].text.ptr, row[0].text.len, 0, NULL);
    return JW_OK;
}

static jw_status guard_made(const struct jw_flow_change *c, struct jw_sql *sql, const struct jw_outcome *made,
                            struct jw_error *err) {
    struct jw_flow_run run = {.flow = c->flow};
    json_t *before = NULL;
    jw_sql_value values[] = {JW_S(c->change.ledger->name), JW_SQL_INT(made->id), JW_SQL_INT(made->version - 1)};
    bool create = c->change.deed == JW_CREATE;
    if (c->holder->root || !*c->change.ledger->workflow || (!create && c->change.deed != JW_CHANGE))
        return JW_OK;
    jw_status st = create ? JW_OK : jw_run_read(c->workflow, sql, c->change.ledger, made->id, &run, err);
    if (st == JW_OK && !create)
        st = jw_sql_run(sql, "SELECT fields FROM history WHERE ledger = $1 AND record = $2 AND version = $3",
                        values, 3, take_fields, &before, err);
    struct jw_outcome *found = st == JW_OK && run.flow ? calloc(1, sizeof *found) : NULL;
    if (found)
        guard(c, run.flow, before, !create && run.flow->states[run.state].frozen, found);
    if (found && found->fault_count)
        st = jw_fail(err, JW_E_SYNTAX, "%s: %s", found->faults[0].field, found->faults[0].text);
    free(found);
    json_decref(before);
    return st == JW_END ? JW_OK : st;
}

static jw_status also(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err) {
    struct jw_flow_change *c = context;
    jw_status st = guard_made(c, sql, made, err);
    if (st != JW_OK)
        return st;
    if (c->change.deed == JW_CREATE && c->flow)
        st = start_run(c, sql, made, err);
    else if (*c->change.ledger->workflow)
        st = follow_run(c, sql, made, err);
    if (st == JW_OK && c->change.deed == JW_CHANGE && strcmp(c->change.ledger->name, "organisation") == 0 &&
        c->change.ledger->unit >= 0 &&
        json_object_get(c->change.fields, c->change.ledger->fields[c->change.ledger->unit].name))
        st = jw_flow_move(c->workflow, sql, made->id, json_string_value(json_object_get(made->record, "place")),
                          err);
    if (st == JW_OK)
        st = jw_timer_dues(c->workflow, sql, c->change.ledger, c->flow, made->record, err);
    return st == JW_OK && c->change.also ? c->change.also(c->change.context, sql, made, err) : st;
}

static jw_status check(const struct jw_flow_change *c, struct jw_outcome *outcome, struct jw_error *err) {
    struct jw_workflow *workflow = c->workflow;
    const struct jw_change *change = &c->change;
    struct guarding g = {.changing = c};
    json_t *record = NULL;
    if (change->deed == JW_CREATE && c->flow)
        guard(c, c->flow, NULL, false, outcome);
    if (change->deed == JW_CHANGE) {
        jw_status st = jw_store_look(workflow->options.store, look, &g, err);
        if (st == JW_OK)
            st = jw_store_get(workflow->options.store, change->ledger, change->id, &record, err);
        if (st == JW_OK)
            guard(c, g.run.flow, json_object_get(record, "fields"), g.run.flow->states[g.run.state].frozen,
                  outcome);
        json_decref(record);
        if (st != JW_OK && st != JW_END) /* no flow, or no record: the store says which */
            return st;
    }
    return outcome->fault_count
               ? jw_fail(err, JW_E_SYNTAX, "%s: %s", outcome->faults[0].field, outcome->faults[0].text)
               : JW_OK;
}

/* What jinwu itself brings in (samples, the records of another system) stands where its fields say: behind the step
 * that writes such values. People begin at the beginning. */
static int state_of(const struct jw_flow *flow, const json_t *fields) {
    int state = flow->start;
    size_t most = 0;
    for (size_t i = 0; i < flow->step_count; i++) {
        const struct jw_flow_sets *sets = &flow->steps[i].sets;
        size_t same = 0;
        bool other = flow->steps[i].back;
        for (size_t k = 0; k < sets->count && !other; k++) {
            const json_t *is = json_object_get(fields, sets->list[k].field);
            bool value = sets->list[k].what == JW_SET_VALUE && !json_is_null(sets->list[k].value);
            bool said = is && !json_is_null(is); /* what is not said contradicts nothing */
            other = value && said && !json_equal(is, sets->list[k].value);
            same += value && said && !other;
        }
        if (!other && same > most) {
            most = same;
            state = flow->steps[i].to;
        }
    }
    return state;
}

void jw_workflow_prepare(struct jw_workflow *workflow, const struct jw_holder *holder, struct jw_change *change,
                         struct jw_flow_change *with) {
    *with = (struct jw_flow_change){.workflow = workflow, .holder = holder, .change = *change};
    if (*change->ledger->workflow)
        with->flow = jw_flows_find(workflow->options.flows, jw_text_from(change->ledger->workflow));
    change->also = also;
    change->context = with;
    if (with->flow && change->deed == JW_CREATE) {
        with->state = holder->root ? state_of(with->flow, change->fields) : with->flow->start;
        change->state = with->flow->states[with->state].name;
    }
}

jw_status jw_workflow_check(const struct jw_flow_change *with, struct jw_outcome *outcome, struct jw_error *err) {
    return *with->change.ledger->workflow && !with->holder->root ? check(with, outcome, err) : JW_OK;
}

jw_status jw_workflow_change(struct jw_workflow *workflow, const struct jw_holder *holder,
                             const struct jw_change *change, struct jw_outcome *outcome, struct jw_error *err) {
    struct jw_flow_change with;
    struct jw_change whole = *change;
    memset(outcome, 0, sizeof *outcome);
    jw_workflow_prepare(workflow, holder, &whole, &with);
    jw_status st = jw_workflow_check(&with, outcome, err);
    return st == JW_OK ? jw_store_change(workflow->options.store, &whole, outcome, err) : st;
}
