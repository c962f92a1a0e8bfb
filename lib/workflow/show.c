/* lib/workflow/show.c — a record's flow as JSON: where it is, what may be done by this holder, what was done. */
#include "parts.h"

#include <string.h>

struct showing {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    const struct jw_ledger *ledger;
    int64_t id;
    json_t *record, *out;
};

static json_t *label(const struct jw_ledger_label *text) {
    return json_pack("{ss ss}", "zh", text->zh, "en", text->en);
}

static json_t *state_json(const struct jw_flow_state *state) {
    return json_pack("{ss so sb ss*}", "name", state->name, "title", label(&state->title), "final",
                     (int)state->final, "colour", state->colour);
}

static json_t *names(char *const *list) {
    json_t *out = json_array();
    for (; list && *list; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

/* --- what was done
 * ------------------------------------------------------------------------------------------------------ */
static jw_status add_step(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    json_t *list = context;
    json_t *step = json_pack(
        "{sI sI ss% ss% ss% ss% ss% sI ss% sI ss%}", "seq", (json_int_t)row[0].integer, "at",
        (json_int_t)row[1].integer, "kind", row[2].text.ptr, row[2].text.len, "step", row[3].text.ptr,
        row[3].text.len, "from", row[4].text.ptr, row[4].text.len, "to", row[5].text.ptr, row[5].text.len, "who",
        row[6].text.ptr, row[6].text.len, "person", (json_int_t)row[7].integer, "behalf", row[8].text.ptr,
        row[8].text.len, "behalf_person", (json_int_t)row[9].integer, "reason", row[10].text.ptr, row[10].text.len);
    (void)columns;
    return step && json_array_append_new(list, step) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status add_steps(struct showing *s, struct jw_sql *sql, struct jw_error *err) {
    json_t *list = json_array();
    jw_sql_value values[] = {JW_S(s->ledger->name), JW_SQL_INT(s->id)};
    jw_status st =
        jw_sql_run(sql,
                   "SELECT seq, at, kind, step, from_state, to_state, who, person, behalf, behalf_person, reason "
                   "FROM flow_steps WHERE ledger = $1 AND record = $2 ORDER BY seq",
                   values, 2, add_step, list, err);
    json_object_set_new(s->out, "steps", list);
    return st;
}

/* --- what may be done
 * ---------------------------------------------------------------------------------------------------- */
struct signers {
    json_t *list;
};

static jw_status add_signer(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct signers *signers = context;
    (void)columns, (void)err;
    json_array_append_new(signers->list, json_pack("{ss% sI sI}", "who", row[0].text.ptr, row[0].text.len, "person",
                                                   (json_int_t)row[1].integer, "at", (json_int_t)row[2].integer));
    return JW_OK;
}

static jw_status add_agreement(struct showing *s, const struct jw_flow_scene *scene,
                               const struct jw_flow_step *step, json_t *out, struct jw_error *err) {
    struct signers signers = {json_array()};
    jw_sql_value values[] = {JW_S(s->ledger->name), JW_SQL_INT(s->id), JW_SQL_INT(scene->run->round),
                             JW_S(step->name)};
    jw_status st =
        jw_sql_run(scene->sql,
                   "SELECT who, person, at FROM flow_steps WHERE ledger = $1 AND record = $2 AND round = $3 AND "
                   "step = $4 AND kind = 'sign' ORDER BY seq",
                   values, 4, add_signer, &signers, err);
    json_object_set_new(out, "agree",
                        json_integer(step->agree == JW_AGREE_EACH ? (json_int_t)step->who.count : step->agree));
    json_object_set_new(out, "signed", signers.list);
    return st;
}

static jw_status add_transition(struct showing *s, const struct jw_flow_scene *scene,
                                const struct jw_flow_step *step, json_t *list, bool *acts, struct jw_error *err) {
    char why[JW_WHY];
    size_t line;
    struct jw_audience behalf;
    jw_status st = jw_step_may(s->workflow, scene, s->holder, step, why, &line, &behalf, err);
    if (st != JW_OK)
        return st;
    *acts |= !*why && !step->quiet;
    json_t *out = json_pack("{ss so so sb so so so sb sb}", "name", step->name, "title", label(&step->title), "to",
                            state_json(&scene->run->flow->states[step->to]), "allowed", !*why, "require",
                            names(step->require), "evidence", names(step->evidence), "change", names(step->change),
                            "reason", (int)step->reason, "back", (int)step->back);
    if (out && *why)
        json_object_set_new(out, "why", json_string(why));
    if (out && step->agree && step->agree != 1)
        st = add_agreement(s, scene, step, out, err);
    return out && json_array_append_new(list, out) == 0 ? st : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status add_transitions(struct showing *s, const struct jw_flow_scene *scene, bool *acts,
                                 struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    json_t *list = json_array();
    jw_status st = JW_OK;
    for (size_t i = 0; i < run->flow->step_count && st == JW_OK; i++)
        if (run->flow->steps[i].from >> run->state & 1 && run->flow->steps[i].who.count)
            st = add_transition(s, scene, &run->flow->steps[i], list, acts, err);
    json_object_set_new(s->out, "transitions", list);
    return st;
}

/* --- more time
 * ------------------------------------------------------------------------------------------------------------ */
static jw_status add_ask(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    json_object_set_new(context, "asked",
                        json_pack("{sI ss% sI sI ss%}", "at", (json_int_t)row[0].integer, "who", row[1].text.ptr,
                                  row[1].text.len, "person", (json_int_t)row[2].integer, "until",
                                  (json_int_t)row[3].integer, "reason", row[4].text.ptr, row[4].text.len));
    return JW_OK;
}

static jw_status add_rest(struct showing *s, const struct jw_flow_scene *scene, bool acts, struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    bool decides = false;
    jw_sql_value values[] = {JW_S(s->ledger->name), JW_SQL_INT(s->id)};
    jw_status st = jw_sql_run(
        scene->sql, "SELECT at, who, person, until, reason FROM flow_asks WHERE ledger = $1 AND record = $2",
        values, 2, add_ask, s->out, err);
    if (st == JW_OK)
        st = jw_people_has(s->workflow, scene, s->holder, &run->flow->extension, &decides, NULL, err);
    bool asked = json_object_get(s->out, "asked");
    json_object_set_new(s->out, "delegate", json_boolean(acts));
    json_object_set_new(s->out, "extend",
                        json_boolean(acts && !asked && run->deadline && run->flow->extension.count &&
                                     run->extended < run->flow->extension_times));
    json_object_set_new(s->out, "decide", json_boolean(asked && decides));
    bool last = (*run->last && strcmp(run->last, s->holder->account) == 0) ||
                (run->last_person && run->last_person == s->holder->person);
    json_object_set_new(s->out, "withdraw", json_boolean(last && !run->ended_at && run->round > 1));
    return st;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct showing *s = context;
    struct jw_flow_run run;
    bool acts = false;
    jw_status st = jw_run_read(s->workflow, sql, s->ledger, s->id, &run, err);
    if (st != JW_OK)
        return st;
    struct jw_flow_scene scene = {sql, &run, s->record};
    s->out = json_pack("{ss so ss so sI sI sb sI}", "flow", run.flow->name, "title", label(&run.flow->title),
                       "digest", run.flow->digest, "state", state_json(&run.flow->states[run.state]), "entered_at",
                       (json_int_t)run.entered_at, "started_at", (json_int_t)run.started_at, "late",
                       run.deadline && !run.ended_at && jw_flow_now(s->workflow) > run.deadline, "extended",
                       (json_int_t)run.extended);
    if (!s->out)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    json_object_set_new(s->out, "deadline", run.deadline ? json_integer(run.deadline) : json_null());
    st = add_transitions(s, &scene, &acts, err);
    if (st == JW_OK)
        st = add_rest(s, &scene, acts, err);
    return st == JW_OK ? add_steps(s, sql, err) : st;
}

jw_status jw_workflow_show(struct jw_workflow *workflow, const struct jw_holder *holder,
                           const struct jw_ledger *ledger, int64_t id, json_t **out, struct jw_error *err) {
    struct showing s = {workflow, holder, ledger, id, NULL, NULL};
    jw_status st = jw_store_get(workflow->options.store, ledger, id, &s.record, err);
    if (st == JW_OK)
        st = jw_store_look(workflow->options.store, look, &s, err);
    json_decref(s.record);
    if (st == JW_OK)
        *out = s.out;
    else
        json_decref(s.out);
    return st;
}
