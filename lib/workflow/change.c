/* lib/workflow/change.c — what any change of a record means for its flow: it starts, follows, or ends. */
#include "parts.h"

#include <string.h>

struct changing {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    const struct jw_change *change;
    const struct jw_flow *flow; /* of a record that is made; NULL: it follows none */
};

static jw_status start_run(struct changing *c, struct jw_sql *sql, const struct jw_outcome *made,
                           struct jw_error *err) {
    struct jw_flow_run run = {.flow = c->flow,
                              .ledger = c->change->ledger,
                              .record = made->id,
                              .state = c->flow->start,
                              .started_at = jw_flow_now(c->workflow)};
    snprintf(run.maker, sizeof run.maker, "%s", c->holder->account);
    run.maker_person = c->holder->person;
    snprintf(run.last, sizeof run.last, "%s", c->holder->account);
    run.last_person = c->holder->person;
    jw_status st = jw_run_enter(c->workflow, sql, &run, made->record, err);
    struct jw_flow_entry entry = {.kind = "start",
                                  .from = -1,
                                  .to = run.state,
                                  .reason = c->change->actor.why,
                                  .origin = c->change->actor.origin};
    return st == JW_OK ? jw_run_note(c->workflow, sql, &run, c->holder, &entry, err) : st;
}

static jw_status follow_run(struct changing *c, struct jw_sql *sql, const struct jw_outcome *made,
                            struct jw_error *err) {
    struct jw_flow_run run;
    jw_status st = jw_run_read(c->workflow, sql, c->change->ledger, made->id, &run, err);
    if (st == JW_END)
        return JW_OK;
    if (st == JW_OK && c->change->deed == JW_REMOVE)
        st = jw_run_end(sql, c->change->ledger->name, made->id, err);
    if (st == JW_OK && c->change->deed == JW_REMOVE) /* nobody waits for what is gone */
        return jw_open_finished(c->workflow, sql, c->change->ledger->name, made->id, err);
    return st == JW_OK ? jw_run_follow(c->workflow, sql, &run, made->record, err) : st;
}

static jw_status also(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err) {
    struct changing *c = context;
    jw_status st = JW_OK;
    if (c->change->deed == JW_CREATE && c->flow)
        st = start_run(c, sql, made, err);
    else if (*c->change->ledger->workflow)
        st = follow_run(c, sql, made, err);
    if (st == JW_OK)
        st = jw_timer_dues(c->workflow, sql, c->change->ledger, c->flow, made->record, err);
    return st == JW_OK && c->change->also ? c->change->also(c->change->context, sql, made, err) : st;
}

/* --- fields that only steps may change
 * ------------------------------------------------------------------------------- */
struct guarding {
    struct changing *changing;
    struct jw_flow_run run;
};

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct guarding *g = context;
    const struct jw_change *change = g->changing->change;
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

static void guard(const struct changing *c, const struct jw_flow *flow, const json_t *before, bool frozen,
                  struct jw_outcome *outcome) {
    const struct jw_ledger *ledger = c->change->ledger;
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *given = json_object_get(c->change->fields, field->name);
        const json_t *is = before ? json_object_get(before, field->name) : field->preset;
        if (!given || (!frozen && !is_set_by(flow, field->name)) || !differs(field, given, is))
            continue;
        add_fault(
            outcome, field->name,
            frozen ? "当前环节不能直接修改，请通过流程办理（changed by steps of the workflow only in this state）"
                   : "由流程填写，请办理流程步骤（written by the workflow; take a step instead）");
    }
}

static jw_status check(struct changing *c, struct jw_outcome *outcome, struct jw_error *err) {
    struct jw_workflow *workflow = c->workflow;
    const struct jw_change *change = c->change;
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

jw_status jw_workflow_change(struct jw_workflow *workflow, const struct jw_holder *holder,
                             const struct jw_change *change, struct jw_outcome *outcome, struct jw_error *err) {
    struct changing c = {workflow, holder, change, NULL};
    struct jw_change whole = *change;
    memset(outcome, 0, sizeof *outcome);
    if (*change->ledger->workflow) {
        c.flow = jw_flows_find(workflow->options.flows, jw_text_from(change->ledger->workflow));
        jw_status st = holder->root ? JW_OK : check(&c, outcome, err);
        if (st != JW_OK)
            return st;
    }
    whole.also = also;
    whole.context = &c;
    if (change->deed == JW_CREATE && c.flow)
        whole.state = c.flow->states[c.flow->start].name;
    return jw_store_change(workflow->options.store, &whole, outcome, err);
}
