/* lib/workflow/take.c — taking a step: who, with which fields, signed by enough people; then the record, its state,
 * its tasks and its timers change at once. */
#include "parts.h"

#include <string.h>

#define TRIES 5 /* when the caller did not say which version it has seen */

struct taking {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    const struct jw_flow_act *act;
    struct jw_flow_run run;
    const struct jw_flow_step *step;
    json_t *record;
    struct jw_audience behalf;
    size_t line;
    char why[JW_WHY];
    bool done; /* enough people have agreed: the state changes */
};

static jw_status count_signatures(struct taking *t, struct jw_sql *sql, int64_t *out, struct jw_error *err) {
    struct jw_arena *mem = jw_arena_new(4096);
    jw_sql_value found = {0};
    jw_sql_value values[] = {JW_S(t->act->ledger->name), JW_SQL_INT(t->act->id), JW_SQL_INT(t->run.round),
                             JW_S(t->step->name)};
    jw_status st =
        mem ? jw_sql_one(sql,
                         "SELECT count(*) FROM flow_steps WHERE ledger = $1 AND record = $2 AND round = $3 AND "
                         "step = $4 AND kind = 'sign'",
                         values, 4, mem, &found, err)
            : jw_fail(err, JW_E_LIMIT, "no memory");
    jw_arena_free(mem);
    *out = found.integer;
    return st;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct taking *t = context;
    int64_t signatures = 0;
    jw_status st = jw_run_read(t->workflow, sql, t->act->ledger, t->act->id, &t->run, err);
    if (st != JW_OK)
        return st;
    int step = jw_flow_step_find(t->run.flow, t->act->step);
    if (step < 0)
        return jw_fail(err, JW_E_DENIED, "流程“%s”没有步骤 " JW_FMT, t->run.flow->title.zh, JW_ARG(t->act->step));
    t->step = &t->run.flow->steps[step];
    struct jw_flow_scene scene = {sql, &t->run, t->record};
    if (!t->holder && !(t->step->from >> t->run.state & 1)) /* jinwu itself, and somebody was quicker */
        return jw_fail(err, JW_E_DENIED, "the state has changed");
    if (t->holder)
        st = jw_step_may(t->workflow, &scene, t->holder, t->step, t->why, &t->line, &t->behalf, err);
    if (st == JW_OK && t->step->agree && t->step->agree != 1)
        st = count_signatures(t, sql, &signatures, err);
    int64_t wanted = t->step->agree == JW_AGREE_EACH ? (int64_t)t->step->who.count : t->step->agree;
    t->done = !t->holder || wanted <= 1 || signatures + 1 >= wanted;
    return st;
}

/* --- its fields
 * -------------------------------------------------------------------------------------------------------- */
static bool is_among(char *const *names, const char *name) {
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static bool is_empty(const json_t *value) {
    return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

static void add_fault(struct jw_outcome *outcome, const struct jw_ledger *ledger, const char *name,
                      const char *rule, const char *text) {
    int field = jw_ledger_field_find(ledger, jw_text_from(name));
    if (outcome->fault_count == JW_STORE_FAULTS)
        return;
    struct jw_ledger_fault *fault = &outcome->faults[outcome->fault_count++];
    *fault = (struct jw_ledger_fault){.field = field >= 0 ? ledger->fields[field].name : name, .rule = rule};
    snprintf(fault->text, sizeof fault->text, "%s", text);
}

static void check_fields(const struct taking *t, struct jw_outcome *outcome) {
    const struct jw_flow_step *step = t->step;
    const struct jw_ledger *ledger = t->act->ledger;
    const json_t *before = json_object_get(t->record, "fields");
    char *const *const lists[] = {step->require, step->evidence};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)t->act->fields, name, value) {
        if (!is_among(step->change, name) && !is_among(step->require, name) && !is_among(step->evidence, name))
            add_fault(outcome, ledger, name, "workflow",
                      "这一步不能修改该字段（this step does not change this field）");
    }
    for (size_t i = 0; i < 2; i++)
        for (char *const *wanted = lists[i]; wanted && *wanted; wanted++) {
            const json_t *given = json_object_get(t->act->fields, *wanted);
            if (jw_ledger_field_find(ledger, jw_text_from(*wanted)) < 0)
                continue; /* a version of the flow from before the field went */
            if (is_empty(given ? given : json_object_get(before, *wanted)))
                add_fault(outcome, ledger, *wanted, "required",
                          i ? "办理这一步须上传佐证材料（attach the evidence）"
                            : "办理这一步须填写（must be filled in for this step）");
        }
}

static json_t *make_fields(const struct taking *t) {
    json_t *fields = t->act->fields ? json_copy((json_t *)(uintptr_t)t->act->fields) : json_object();
    struct jw_flow_giver giver = {t->holder, t->record, jw_flow_now(t->workflow), NULL};
    for (size_t i = 0; fields && t->done && i < t->step->sets.count; i++) {
        const struct jw_flow_set *set = &t->step->sets.list[i];
        int field = jw_ledger_field_find(t->act->ledger, jw_text_from(set->field));
        json_t *value = field >= 0 ? jw_flow_value(&giver, set, t->act->ledger->fields[field].type->name) : NULL;
        if (value)
            json_object_set_new(fields, set->field, value);
    }
    return fields;
}

/* --- at once with the record
 * ------------------------------------------------------------------------------------------- */
static jw_status tell_maker(struct taking *t, struct jw_sql *sql, const struct jw_flow_run *run,
                            struct jw_error *err) {
    struct jw_audience maker = {.person = run->maker_person};
    snprintf(maker.account, sizeof maker.account, "%s", run->maker);
    if (!run->ended_at || (!maker.person && !*maker.account))
        return JW_OK;
    struct jw_notice notice = {"ended", run->ledger->name, run->record,
                               json_pack("{ss ss}", "zh", run->flow->states[run->state].title.zh, "en",
                                         run->flow->states[run->state].title.en)};
    return jw_notice_add(t->workflow, sql, &notice, &maker, err);
}

static void set_last(struct taking *t, struct jw_flow_run *run) {
    snprintf(run->last, sizeof run->last, "%s", t->holder ? t->holder->account : "");
    run->last_person = t->holder ? t->holder->person : 0;
    snprintf(run->behalf, sizeof run->behalf, "%s", t->behalf.account);
    run->behalf_person = t->behalf.person;
}

static jw_status also(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err) {
    struct taking *t = context;
    struct jw_flow_run run;
    jw_status st = jw_run_read(t->workflow, sql, t->act->ledger, t->act->id, &run, err);
    if (st == JW_OK && run.round != t->run.round)
        st = jw_fail(err, JW_E_DENIED, "他人刚办理过，请刷新后再试");
    if (st != JW_OK)
        return st == JW_END ? JW_E_DENIED : st;
    struct jw_flow_entry entry = {.kind = t->done ? "step" : "sign",
                                  .step = t->step->name,
                                  .from = run.state,
                                  .to = t->step->to,
                                  .reason = t->act->reason,
                                  .origin = t->act->origin,
                                  .behalf = t->behalf.account,
                                  .behalf_person = t->behalf.person,
                                  .line = (int64_t)t->line,
                                  .version = made->version};
    st = jw_flow_audit(t->workflow, sql, t->holder, t->act->origin, entry.kind, &run,
                       json_pack("{ss ss ss ss}", "step", t->step->name, "from", run.flow->states[run.state].name,
                                 "to", run.flow->states[t->done ? t->step->to : run.state].name, "behalf",
                                 t->behalf.account),
                       err);
    if (st == JW_OK)
        st = jw_run_note(t->workflow, sql, &run, t->holder, &entry, err);
    if (st == JW_OK && !t->done)
        return jw_run_follow(t->workflow, sql, &run, made->record, err);
    set_last(t, &run);
    run.state = t->step->to;
    if (st == JW_OK)
        st = jw_run_enter(t->workflow, sql, &run, made->record, err);
    if (st == JW_OK && t->step->opens)
        st = jw_open_add(t->workflow, sql, &run, t->step->opens, made->record, err);
    if (st == JW_OK && t->step->deed == JW_FLOW_DESTROY)
        st = jw_destroy_target(t->workflow, sql, t->holder, t->act->origin, made->record, err);
    if (st == JW_OK && run.ended_at)
        st = jw_open_finished(t->workflow, sql, run.ledger->name, run.record, err);
    if (st == JW_OK)
        st = jw_timer_dues(t->workflow, sql, t->act->ledger, run.flow, made->record, err);
    return st == JW_OK ? tell_maker(t, sql, &run, err) : st;
}

static jw_status make(struct taking *t, struct jw_outcome *outcome, struct jw_error *err) {
    int64_t version = json_integer_value(json_object_get(t->record, "version"));
    if (t->act->version && t->act->version != version) {
        outcome->id = t->act->id;
        outcome->version = version;
        outcome->record = json_incref(t->record);
        return jw_fail(err, JW_AGAIN, "%s/%lld is at version %lld, not %lld: somebody changed it meanwhile",
                       t->act->ledger->name, (long long)t->act->id, (long long)version, (long long)t->act->version);
    }
    if (t->step->reason && jw_text_trim(t->act->reason).len == 0)
        add_fault(outcome, t->act->ledger, "reason", "required", "办理这一步须说明理由（a reason must be given）");
    check_fields(t, outcome);
    if (outcome->fault_count)
        return jw_fail(err, JW_E_SYNTAX, "%s: %s", outcome->faults[0].field, outcome->faults[0].text);
    json_t *fields = make_fields(t);
    if (!fields)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    struct jw_change change = {
        .ledger = t->act->ledger,
        .deed = JW_CHANGE,
        .id = t->act->id,
        .version = version,
        .fields = fields,
        .state = t->done ? t->run.flow->states[t->step->to].name : NULL,
        .actor = {jw_text_from(t->holder ? t->holder->account : ""), t->act->origin, t->act->reason},
        .also = also,
        .context = t,
    };
    jw_status st = jw_store_change(t->workflow->options.store, &change, outcome, err);
    json_decref(fields);
    return st;
}

static jw_status take_once(struct jw_workflow *workflow, const struct jw_holder *holder,
                           const struct jw_flow_act *act, struct jw_outcome *outcome, struct jw_error *err) {
    struct taking t = {.workflow = workflow, .holder = holder, .act = act};
    memset(outcome, 0, sizeof *outcome);
    jw_status st = jw_store_get(workflow->options.store, act->ledger, act->id, &t.record, err);
    if (st == JW_OK && json_is_true(json_object_get(t.record, "removed")))
        st = JW_END;
    if (st == JW_OK)
        st = jw_store_look(workflow->options.store, look, &t, err);
    if (st == JW_OK && *t.why)
        st = jw_fail(err, JW_E_DENIED, "%s", t.why);
    if (st == JW_OK)
        st = make(&t, outcome, err);
    json_decref(t.record);
    return st;
}

jw_status jw_workflow_take(struct jw_workflow *workflow, const struct jw_holder *holder,
                           const struct jw_flow_act *act, struct jw_outcome *outcome, struct jw_error *err) {
    jw_status st = take_once(workflow, holder, act, outcome, err);
    for (int i = 1; i < TRIES && st == JW_AGAIN && !act->version; i++) {
        json_decref(outcome->record);
        st = take_once(workflow, holder, act, outcome, err);
    }
    return st;
}
