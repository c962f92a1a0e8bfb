/* lib/desk/flow.c — the workflow of a record, as one person meets it. Who may not read the record meets nothing;
 * who may take a step is said by the flow. */
#include "attachments.h"
#include "pointing.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/day.h"
#include "workflow/workflow.h"

/* --- one record
 * --------------------------------------------------------------------------------------------------- */
static bool enter(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id,
                  struct jw_visit *visit, json_t **record, struct jw_answer *out) {
    if (!jw_desk_enter(desk, asker, ledger, visit, out))
        return false;
    if (jw_visit_read(visit, id, record, out))
        return true;
    jw_desk_leave(visit);
    return false;
}

void jw_desk_flow(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id,
                  struct jw_answer *out) {
    struct jw_visit visit;
    json_t *record = NULL, *shown = NULL;
    if (!enter(desk, asker, ledger, id, &visit, &record, out))
        return;
    jw_status st = jw_workflow_show(visit.now->workflow, asker->holder, visit.ledger, id, &shown, &out->err);
    if (st == JW_OK)
        jw_answer_give(out, asker, 200, shown);
    else
        jw_answer_status(out, asker, st);
    out->version = json_integer_value(json_object_get(record, "version"));
    json_decref(record);
    jw_desk_leave(&visit);
}

/* Why not, for people, and the refusal for the audit chain. */
static void refuse(const struct jw_visit *visit, int64_t id, const char *deed, struct jw_answer *out) {
    char why[sizeof out->err.text];
    snprintf(why, sizeof why, "%s", out->err.text);
    jw_visit_refuse(visit, JW_NO_RIGHT, id, deed, out);
    jw_answer_fault(out, visit->asker, "", "workflow", "%s", "%s", why);
}

static void answer(const struct jw_visit *visit, const struct jw_flow_asked *asked, jw_status st,
                   const struct jw_outcome *outcome, struct jw_answer *out) {
    json_t *shown = outcome->record ? jw_visit_show(visit, outcome->record, false, NULL) : NULL;
    if (st == JW_OK) {
        out->version = outcome->version;
        jw_answer_give(out, visit->asker, 200,
                       shown ? json_incref(shown) : json_pack("{sI}", "id", (json_int_t)asked->id));
    } else if (st == JW_E_DENIED) {
        refuse(visit, asked->id, "step", out);
    } else {
        char why[sizeof out->err.text];
        snprintf(why, sizeof why, "%s", out->err.text);
        jw_answer_status(out, visit->asker, st);
        if (st == JW_AGAIN && shown)
            json_object_set(out->body, "record", shown);
        if (st == JW_E_SYNTAX && outcome->fault_count)
            jw_answer_faults(out, visit->asker, visit->ledger, outcome->faults, outcome->fault_count);
        else if (st == JW_E_SYNTAX)
            jw_answer_fault(out, visit->asker, "", "workflow", "%s", "%s", why);
    }
    json_decref(shown);
}

static jw_status act(const struct jw_visit *visit, const struct jw_flow_asked *asked, struct jw_outcome *outcome,
                     struct jw_error *err) {
    struct jw_workflow *workflow = visit->now->workflow;
    const struct jw_holder *holder = visit->asker->holder;
    const struct jw_flow_act act = {.ledger = visit->ledger,
                                    .id = asked->id,
                                    .version = asked->version,
                                    .step = asked->step,
                                    .reason = asked->reason,
                                    .fields = asked->fields,
                                    .origin = visit->asker->origin};
    int64_t day = 0;
    switch (asked->deed) {
    case JW_FLOW_STEP:
        return jw_workflow_take(workflow, holder, &act, outcome, err);
    case JW_FLOW_WITHDRAW:
        return jw_workflow_withdraw(workflow, holder, &act, outcome, err);
    case JW_FLOW_URGE:
        return jw_workflow_urge(workflow, holder, &act, err);
    case JW_FLOW_DELEGATE:
        return jw_workflow_delegate(workflow, holder, &act, asked->person, err);
    case JW_FLOW_EXTEND:
        if (!jw_day_read(asked->until, &day))
            return jw_fail(err, JW_E_SYNTAX, "until 应为日期，例如 2026-08-31");
        return jw_workflow_extend(workflow, holder, &act, day, err);
    case JW_FLOW_GRANT:
    case JW_FLOW_REFUSE:
        return jw_workflow_decide(workflow, holder, &act, asked->deed == JW_FLOW_GRANT, err);
    }
    return JW_END;
}

/* What a step brings along is given as in any other change. */
static bool may_give(const struct jw_visit *visit, const struct jw_flow_asked *asked, const json_t *record,
                     struct jw_answer *out) {
    const json_t *before = json_object_get(record, "fields");
    return asked->deed != JW_FLOW_STEP || (jw_attachments_check(visit, asked->fields, before, out) &&
                                           jw_pointing_check(visit, asked->fields, before, out));
}

void jw_desk_act(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                 const struct jw_flow_asked *asked, struct jw_answer *out) {
    struct jw_visit visit;
    json_t *record = NULL;
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    if (!outcome) {
        jw_answer_refuse(out, asker, JW_NO_ROOM);
        return;
    }
    if (enter(desk, asker, ledger, asked->id, &visit, &record, out)) {
        if (may_give(&visit, asked, record, out)) {
            jw_status st = act(&visit, asked, outcome, &out->err);
            answer(&visit, asked, st, outcome, out);
        }
        json_decref(outcome->record);
        json_decref(record);
        jw_desk_leave(&visit);
    }
    free(outcome);
}

/* --- lists
 * ---------------------------------------------------------------------------------------------------------- */
/* What the record is called, where that may be read; false: it may not be read at all. */
static bool add_name(struct jw_desk *desk, const struct jw_asker *asker, json_t *row, const char *key) {
    struct jw_visit visit;
    struct jw_answer unused = {0};
    json_t *record = NULL, *shown = NULL;
    const char *ledger = json_string_value(json_object_get(row, "ledger"));
    int64_t id = json_integer_value(json_object_get(row, key));
    bool readable = false;
    if (jw_desk_enter(desk, asker, jw_text_from(ledger), &visit, &unused)) {
        if (jw_store_get(jw_desk_store(desk), visit.ledger, id, &record, &unused.err) == JW_OK &&
            jw_rights_may_record(visit.rights, JW_MAY_READ, record))
            shown = jw_rights_show(visit.rights, record, false, NULL);
        const json_t *fields = json_object_get(shown, "fields");
        const json_t *name = json_object_get(fields, visit.ledger->fields[visit.ledger->called].name);
        readable = json_is_object(shown);
        if (name)
            json_object_set(row, "name", (json_t *)(uintptr_t)name);
        json_object_set_new(row, "ledger_title",
                            json_pack("{ss ss}", "zh", visit.ledger->title.zh, "en", visit.ledger->title.en));
        json_decref(shown);
        json_decref(record);
        jw_desk_leave(&visit);
    }
    jw_answer_free(&unused);
    return readable;
}

void jw_desk_tasks(struct jw_desk *desk, const struct jw_asker *asker, jw_text which, int64_t limit,
                   struct jw_answer *out) {
    static const char *const words[] = {"mine", "late", "units"};
    json_t *rows = NULL;
    size_t at = 0;
    while (at < 3 && which.len && !jw_text_is(which, jw_text_from(words[at])))
        at++;
    if (at == 3 || limit < 1 || limit > JW_TASKS_PAGE) {
        jw_answer_refuse(out, asker, JW_NO_QUERY);
        jw_answer_fault(out, asker, "which", "query", "which 为 mine late units 之一，limit 为 1 到 %d",
                        "which is one of mine late units, limit is 1 to %d", JW_TASKS_PAGE);
        return;
    }
    const struct jw_generation *now = jw_desk_hold(desk);
    jw_status st =
        jw_workflow_tasks(now->workflow, asker->holder, (jw_task_which)at, (size_t)limit, &rows, &out->err);
    for (size_t i = 0; i < json_array_size(rows);) {
        bool readable = add_name(desk, asker, json_array_get(rows, i), "id");
        if (!readable && at == JW_TASKS_UNITS)
            json_array_remove(rows, i);
        else
            i++;
    }
    if (st == JW_OK)
        jw_answer_give(out, asker, 200, json_pack("{so}", "tasks", rows));
    else
        jw_answer_status(out, asker, st);
    jw_desk_release(desk, now);
}

void jw_desk_notices(struct jw_desk *desk, const struct jw_asker *asker, int64_t before, bool unread_only,
                     int64_t limit, struct jw_answer *out) {
    json_t *rows = NULL, *row;
    int64_t unread = 0;
    size_t i;
    if (limit < 1 || limit > JW_TASKS_PAGE) {
        jw_answer_refuse(out, asker, JW_NO_QUERY);
        jw_answer_fault(out, asker, "limit", "query", "limit 为 1 到 %d", "limit is 1 to %d", JW_TASKS_PAGE);
        return;
    }
    const struct jw_generation *now = jw_desk_hold(desk);
    jw_status st = jw_workflow_notices(now->workflow, asker->holder, before, unread_only, (size_t)limit, &rows,
                                       &unread, &out->err);
    json_array_foreach(rows, i, row) add_name(desk, asker, row, "record");
    if (st == JW_OK)
        jw_answer_give(out, asker, 200, json_pack("{so sI}", "notices", rows, "unread", (json_int_t)unread));
    else
        jw_answer_status(out, asker, st);
    jw_desk_release(desk, now);
}

void jw_desk_notices_read(struct jw_desk *desk, const struct jw_asker *asker, const json_t *ids,
                          struct jw_answer *out) {
    const struct jw_generation *now = jw_desk_hold(desk);
    jw_status st = jw_workflow_read(now->workflow, asker->holder, ids, &out->err);
    if (st == JW_OK)
        jw_answer_give(out, asker, 200, json_object());
    else
        jw_answer_refuse(out, asker, st == JW_E_SYNTAX ? JW_NO_BODY : JW_NO_SERVICE);
    jw_desk_release(desk, now);
}

/* --- the flows themselves: for everybody who has an account
 * --------------------------------------------------------- */
void jw_desk_flows(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out) {
    const struct jw_generation *now = jw_desk_hold(desk);
    json_t *list = json_array();
    for (size_t i = 0; i < jw_flows_count(now->flows); i++) {
        const struct jw_flow *flow = jw_flows_get(now->flows, i);
        json_array_append_new(list, json_pack("{ss s{ss ss} s{ss ss} ss}", "name", flow->name, "title", "zh",
                                              flow->title.zh, "en", flow->title.en, "about", "zh", flow->about.zh,
                                              "en", flow->about.en, "digest", flow->digest));
    }
    jw_answer_give(out, asker, 200, json_pack("{so}", "workflows", list));
    jw_desk_release(desk, now);
}

jw_status jw_desk_draw(struct jw_desk *desk, const struct jw_asker *asker, jw_text name, jw_text state,
                       jw_buffer *out, struct jw_error *err) {
    const struct jw_generation *now = jw_desk_hold(desk);
    const struct jw_flow *flow = jw_flows_find(now->flows, name);
    char word[JW_LEDGER_NAME];
    snprintf(word, sizeof word, "%.*s", (int)state.len, state.len ? state.ptr : "");
    jw_status st = flow ? jw_flow_draw(flow, *word ? word : NULL, asker->english ? "en" : "zh", out, err) : JW_END;
    jw_desk_release(desk, now);
    return st;
}
