/* lib/workflow/open.c — records that a step opens elsewhere, and the step that is taken when all of them are
 * finished. What is to be opened is written down with the step, and made when the timer "open" fires: a record and
 * the line that says it is made are one transaction. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "ledger/day.h"

#define OPEN_MOST 500 /* records of one step */

static const struct jw_holder itself = {.root = true};

json_t *jw_flow_value(const struct jw_flow_giver *giver, const struct jw_flow_set *set, const char *type) {
    char day[JW_DAY_TEXT] = "";
    struct jw_civil civil;
    switch (set->what) {
    case JW_SET_NOW:
        if (strcmp(type, "datetime") == 0) {
            jw_time_to_civil((giver->now + JW_DAY_ZONE * JW_MICROSECOND) * 1000, &civil);
            return json_sprintf("%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month, civil.day, civil.hour,
                                civil.minute, civil.second);
        }
        return jw_day_print(jw_calendar_day(giver->now), day) ? json_string(day) : NULL;
    case JW_SET_TODAY:
        return jw_day_print(jw_calendar_day(giver->now), day) ? json_string(day) : NULL;
    case JW_SET_ME:
        return giver->holder && giver->holder->person ? json_integer(giver->holder->person) : json_null();
    case JW_SET_ID:
        return json_incref(json_object_get(giver->record, "id"));
    case JW_SET_FIELD:
        return json_incref(json_object_get(json_object_get(giver->record, "fields"), set->from));
    case JW_SET_EACH:
        return giver->each ? json_deep_copy(giver->each) : json_null();
    case JW_SET_VALUE:
        break;
    }
    return json_deep_copy(set->value);
}

/* --- writing down ------------------------------------------------------------------------------------------------
 */
static jw_status add_one(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                         const struct jw_flow_open *open, const struct jw_flow_giver *giver, size_t number,
                         struct jw_error *err) {
    const struct jw_ledger *target = jw_ledgers_find(workflow->options.ledgers, jw_text_from(open->ledger));
    json_t *fields = json_object();
    for (size_t i = 0; target && fields && i < open->sets.count; i++) {
        const struct jw_flow_set *set = &open->sets.list[i];
        int field = jw_ledger_field_find(target, jw_text_from(set->field));
        json_t *value = field >= 0 ? jw_flow_value(giver, set, target->fields[field].type->name) : NULL;
        if (value)
            json_object_set_new(fields, set->field, value);
    }
    char *text = fields ? json_dumps(fields, JSON_COMPACT) : NULL;
    jw_status st = text ? jw_flow_sql(sql, err, "INSERT INTO flow_opens VALUES ($1, $2, $3, $4, $5, $6, 0, 0)", 6,
                                      JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT(run->round),
                                      JW_SQL_INT((int64_t)number), JW_S(open->ledger), JW_S(text))
                        : jw_fail(err, JW_E_LIMIT, "no memory");
    free(text);
    json_decref(fields);
    return st;
}

jw_status jw_open_add(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                      const struct jw_flow_open *open, const json_t *record, struct jw_error *err) {
    const json_t *list = json_object_get(json_object_get(record, "fields"), open->each);
    struct jw_flow_giver giver = {NULL, record, jw_flow_now(workflow), NULL};
    size_t count = *open->each ? json_array_size(list) : 1;
    jw_status st = JW_OK;
    if (count > OPEN_MOST)
        return jw_fail(err, JW_E_LIMIT, "%s: more than %d records would be opened", open->ledger, OPEN_MOST);
    for (size_t i = 0; i < count && st == JW_OK; i++) {
        giver.each = *open->each ? json_array_get(list, i) : NULL;
        st = add_one(workflow, sql, run, open, &giver, i + 1, err);
    }
    return st == JW_OK ? jw_timer_set(sql, run->ledger->name, run->record, "open", jw_flow_now(workflow), err) : st;
}

/* --- making
 * --------------------------------------------------------------------------------------------------------- */
struct opening {
    struct jw_workflow *workflow;
    const struct jw_ledger *ledger, *target;
    int64_t id, round, seq;
    char name[JW_LEDGER_NAME], account[JW_RIGHTS_NAME];
    json_t *fields;
    bool found;
};

static jw_status take_open(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct opening *o = context;
    (void)columns, (void)err;
    o->round = row[0].integer;
    o->seq = row[1].integer;
    snprintf(o->name, sizeof o->name, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    o->fields = json_loadb(row[3].text.ptr, row[3].text.len, 0, NULL);
    o->found = true;
    return JW_OK;
}

static jw_status find_open(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct opening *o = context;
    jw_sql_value values[] = {JW_S(o->ledger->name), JW_SQL_INT(o->id)};
    o->found = false;
    return jw_sql_run(
        sql,
        "SELECT round, seq, target, fields FROM flow_opens WHERE ledger = $1 AND record = $2 AND child = 0 "
        "ORDER BY round, seq LIMIT 1",
        values, 2, take_open, o, err);
}

static jw_status set_child(struct opening *o, struct jw_sql *sql, int64_t child, struct jw_error *err) {
    jw_status st = jw_flow_sql(
        sql, err,
        "UPDATE flow_opens SET child = $5 WHERE ledger = $1 AND record = $2 AND round = $3 AND "
        "seq = $4 AND child = 0",
        5, JW_S(o->ledger->name), JW_SQL_INT(o->id), JW_SQL_INT(o->round), JW_SQL_INT(o->seq), JW_SQL_INT(child));
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return jw_fail(err, JW_E_DENIED, "somebody else has opened it");
    return st;
}

static jw_status made_child(void *context, struct jw_sql *sql, const struct jw_outcome *made,
                            struct jw_error *err) {
    return set_child(context, sql, made->id, err);
}

/* The record cannot be made as the flow says: who began it must know, and the waiting goes on. */
static jw_status give_up(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct opening *o = context;
    struct jw_flow_run run;
    (void)now;
    jw_status st = set_child(o, sql, -1, err);
    if (st == JW_OK)
        st = jw_run_read(o->workflow, sql, o->ledger, o->id, &run, err);
    if (st != JW_OK)
        return st == JW_END || st == JW_E_DENIED ? JW_OK : st;
    struct jw_audience maker = {.person = run.maker_person};
    snprintf(maker.account, sizeof maker.account, "%s", run.maker);
    struct jw_notice notice = {
        "opened_failed", o->ledger->name, o->id,
        json_pack("{ss ss ss}", "zh", run.flow->title.zh, "en", run.flow->title.en, "when", o->account)};
    return jw_notice_add(o->workflow, sql, &notice, &maker, err);
}

static jw_status make_one(struct opening *o, struct jw_error *err) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    o->target = jw_ledgers_find(o->workflow->options.ledgers, jw_text_from(o->name));
    struct jw_change change = {.ledger = o->target,
                               .deed = JW_CREATE,
                               .fields = o->fields,
                               .actor = {JW_TEXT(""), JW_TEXT("workflow"), JW_TEXT("")},
                               .also = made_child,
                               .context = o};
    jw_status st = !outcome    ? jw_fail(err, JW_E_LIMIT, "no memory")
                   : o->target ? jw_workflow_change(o->workflow, &itself, &change, outcome, err)
                               : jw_fail(err, JW_E_SYNTAX, "there is no ledger %s", o->name);
    if (st == JW_E_SYNTAX) {
        snprintf(o->account, sizeof o->account, "%.60s", outcome->fault_count ? outcome->faults[0].field : o->name);
        st = jw_store_do(o->workflow->options.store, give_up, o, err);
    }
    if (outcome)
        json_decref(outcome->record);
    free(outcome);
    return st == JW_E_DENIED ? JW_OK : st; /* another process has made it */
}

jw_status jw_open_make(struct jw_workflow *workflow, const struct jw_ledger *ledger, int64_t id,
                       struct jw_error *err) {
    struct opening o = {.workflow = workflow, .ledger = ledger, .id = id, .found = true};
    jw_status st = JW_OK;
    for (int i = 0; i <= OPEN_MOST && st == JW_OK && o.found; i++) {
        st = jw_store_look(workflow->options.store, find_open, &o, err);
        if (st == JW_OK && o.found)
            st = make_one(&o, err);
        json_decref(o.fields);
        o.fields = NULL;
    }
    return st;
}

/* --- waiting
 * -------------------------------------------------------------------------------------------------------- */
struct waiting {
    struct jw_workflow *workflow;
    const struct jw_ledger *ledger;
    int64_t id, open;
    char step[JW_LEDGER_NAME];
};

struct parent {
    char ledger[JW_LEDGER_NAME];
    int64_t record;
};

static jw_status take_parent(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct parent *parent = context;
    (void)columns, (void)err;
    snprintf(parent->ledger, sizeof parent->ledger, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    parent->record = row[1].integer;
    return JW_OK;
}

jw_status jw_open_finished(struct jw_workflow *workflow, struct jw_sql *sql, const char *ledger, int64_t id,
                           struct jw_error *err) {
    struct parent parent = {.record = 0};
    jw_sql_value values[] = {JW_S(ledger), JW_SQL_INT(id)};
    jw_status st =
        jw_sql_run(sql, "SELECT ledger, record FROM flow_opens WHERE target = $1 AND child = $2 AND finished = 0",
                   values, 2, take_parent, &parent, err);
    if (st != JW_OK || !parent.record)
        return st;
    st = jw_flow_sql(sql, err, "UPDATE flow_opens SET finished = 1 WHERE target = $1 AND child = $2", 2, values[0],
                     values[1]);
    return st == JW_OK ? jw_timer_set(sql, parent.ledger, parent.record, "wait", jw_flow_now(workflow), err) : st;
}

static jw_status take_number(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    *(int64_t *)context = row[0].integer;
    return JW_OK;
}

static jw_status look_whether(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct waiting *w = context;
    struct jw_flow_run run;
    jw_sql_value values[] = {JW_S(w->ledger->name), JW_SQL_INT(w->id)};
    jw_status st = jw_run_read(w->workflow, sql, w->ledger, w->id, &run, err);
    if (st == JW_OK && run.flow->states[run.state].wait >= 0)
        snprintf(w->step, sizeof w->step, "%s", run.flow->steps[run.flow->states[run.state].wait].name);
    return st == JW_OK
               ? jw_sql_run(sql,
                            "SELECT count(*) FROM flow_opens WHERE ledger = $1 AND record = $2 AND finished = 0",
                            values, 2, take_number, &w->open, err)
               : st;
}

jw_status jw_open_wait(struct jw_workflow *workflow, const struct jw_ledger *ledger, int64_t id,
                       struct jw_error *err) {
    struct waiting w = {.workflow = workflow, .ledger = ledger, .id = id};
    jw_status st = jw_store_look(workflow->options.store, look_whether, &w, err);
    if (st != JW_OK || !*w.step || w.open)
        return st == JW_END ? JW_OK : st;
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    struct jw_flow_act act = {
        .ledger = ledger, .id = id, .step = jw_text_from(w.step), .origin = JW_TEXT("workflow")};
    st = outcome ? jw_workflow_take(workflow, NULL, &act, outcome, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (outcome)
        json_decref(outcome->record);
    free(outcome);
    return st == JW_E_DENIED || st == JW_END || st == JW_E_SYNTAX ? JW_OK : st;
}
