/* lib/workflow/tick.c — what has fallen due is done: one timer, one transaction, in which its row goes. Killed at
 * any point it was either done and is gone, or was not and is still there. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/day.h"

#define BATCH 500                   /* timers of one call */
#define LEASE (30 * JW_MICROSECOND) /* another process takes over after that */

struct timer {
    char ledger[JW_LEDGER_NAME], name[96];
    int64_t record, at;
};
struct ticking {
    struct jw_workflow *workflow;
    jw_text name;
    struct timer timers[BATCH], *now; /* now: the one that is fired */
    size_t count;
    json_t *record;
    bool held, fired;
};

/* --- the lease
 * ---------------------------------------------------------------------------------------------------------- */
static jw_status take_lease(void *context, struct jw_sql *sql, int64_t wall, struct jw_error *err) {
    struct ticking *t = context;
    int64_t now = jw_flow_now(t->workflow);
    (void)wall;
    jw_status st =
        jw_flow_sql(sql, err,
                    "INSERT INTO flow_lease VALUES ('tick', $1, $2) ON CONFLICT (name) DO UPDATE SET holder = "
                    "excluded.holder, until = excluded.until WHERE flow_lease.holder = excluded.holder OR "
                    "flow_lease.until < $3",
                    3, JW_SQL_STR(t->name), JW_SQL_INT(now + LEASE), JW_SQL_INT(now));
    t->held = st == JW_OK && jw_sql_changed(sql) > 0;
    return st;
}

static jw_status add_timer(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct ticking *t = context;
    struct timer *timer = &t->timers[t->count++];
    (void)columns, (void)err;
    snprintf(timer->ledger, sizeof timer->ledger, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    timer->record = row[1].integer;
    snprintf(timer->name, sizeof timer->name, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    timer->at = row[3].integer;
    return JW_OK;
}

static jw_status find_timers(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct ticking *t = context;
    jw_sql_value values[] = {JW_SQL_INT(jw_flow_now(t->workflow)), JW_SQL_INT(BATCH)};
    return jw_sql_run(sql, "SELECT ledger, record, name, at FROM flow_timers WHERE at <= $1 ORDER BY at LIMIT $2",
                      values, 2, add_timer, t, err);
}

/* --- one timer
 * ------------------------------------------------------------------------------------------------------------ */
static json_t *detail_of(const struct jw_ledger_label *title, int64_t deadline) {
    char day[JW_DAY_TEXT] = "";
    jw_day_print(jw_calendar_day(deadline - 1), day);
    return json_pack("{ss ss ss}", "zh", title->zh, "en", title->en, "when", day);
}

/* Everybody who has a task of this record. */
struct everybody {
    struct jw_audience list[JW_FLOW_PEOPLE * 4];
    size_t count;
};

static jw_status add_audience(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct everybody *everybody = context;
    (void)columns, (void)err;
    if (everybody->count == sizeof everybody->list / sizeof *everybody->list)
        return JW_OK;
    struct jw_audience *audience = &everybody->list[everybody->count++];
    snprintf(audience->role, sizeof audience->role, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    snprintf(audience->place, sizeof audience->place, "%.*s", (int)row[1].text.len, row[1].text.ptr);
    audience->reach = (enum jw_reach)row[2].integer;
    audience->person = row[3].integer;
    snprintf(audience->account, sizeof audience->account, "%.*s", (int)row[4].text.len, row[4].text.ptr);
    return JW_OK;
}

jw_status jw_notice_tasks(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                          const char *kind, json_t *detail, struct jw_error *err) {
    struct everybody everybody = {.count = 0};
    jw_sql_value values[] = {JW_S(run->ledger->name), JW_SQL_INT(run->record)};
    jw_status st = jw_sql_run(sql,
                              "SELECT role, CASE WHEN seq < 1000 THEN place ELSE '' END, reach, person, account "
                              "FROM flow_tasks WHERE ledger = "
                              "$1 AND record = $2 AND seq < 2000 ORDER BY seq",
                              values, 2, add_audience, &everybody, err);
    for (size_t i = 0; i < everybody.count && st == JW_OK; i++) {
        struct jw_notice notice = {kind, run->ledger->name, run->record, json_incref(detail)};
        st = jw_notice_add(workflow, sql, &notice, &everybody.list[i], err);
    }
    json_decref(detail);
    return st;
}

static jw_status escalate(struct ticking *t, const struct jw_flow_scene *scene, size_t number,
                          struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    const struct jw_flow_state *state = &run->flow->states[run->state];
    struct jw_audience audience;
    bool somebody = false;
    if (number >= state->escalation_count)
        return JW_OK;
    jw_status st = jw_people_audience(scene, &state->escalations[number].to, &audience, &somebody, err);
    if (st != JW_OK || !somebody)
        return st;
    struct jw_notice notice = {"escalate", run->ledger->name, run->record, detail_of(&state->title, run->deadline)};
    st = jw_notice_add(t->workflow, scene->sql, &notice, &audience, err);
    return st == JW_OK ? jw_flow_audit(t->workflow, scene->sql, NULL, JW_TEXT("timer"), "escalate", run,
                                       json_pack("{ss si}", "state", state->name, "number", (int)number), err)
                       : st;
}

static jw_status fire_state(struct ticking *t, struct jw_sql *sql, const struct jw_ledger *ledger,
                            struct jw_error *err) {
    struct jw_flow_run run;
    jw_text rest = jw_text_from(t->now->name), what = {0};
    int64_t number = 0;
    jw_status st = jw_run_read(t->workflow, sql, ledger, t->now->record, &run, err);
    if (st == JW_END || (st == JW_OK && run.ended_at))
        return JW_OK;
    if (st != JW_OK)
        return st;
    struct jw_flow_scene scene = {sql, &run, t->record};
    const struct jw_flow_state *state = &run.flow->states[run.state];
    jw_text_drop(&rest, JW_TEXT("state:"));
    jw_text_cut(&rest, ':', &what);
    if (!jw_text_i64(rest, &number))
        number = 0;
    if (jw_text_is(what, JW_TEXT("escalate")))
        return escalate(t, &scene, (size_t)number, err);
    if (jw_text_is(what, JW_TEXT("remind")))
        return jw_notice_tasks(t->workflow, sql, &run, "remind", detail_of(&state->title, run.deadline), err);
    struct jw_flow_entry entry = {.kind = "late", .from = run.state, .to = run.state, .origin = JW_TEXT("timer")};
    st = jw_notice_tasks(t->workflow, sql, &run, "overdue", detail_of(&state->title, run.deadline), err);
    return st == JW_OK ? jw_run_note(t->workflow, sql, &run, NULL, &entry, err) : st;
}

/* To who answers for the record, else to who made it. */
static jw_status fire_due(struct ticking *t, struct jw_sql *sql, const struct jw_ledger *ledger,
                          struct jw_error *err) {
    jw_text rest = jw_text_from(t->now->name), field = {0};
    jw_text_drop(&rest, JW_TEXT("due:"));
    jw_text_cut(&rest, ':', &field);
    int found = jw_ledger_field_find(ledger, field);
    const json_t *fields = json_object_get(t->record, "fields");
    const char *day = found >= 0 ? json_string_value(json_object_get(fields, ledger->fields[found].name)) : NULL;
    struct jw_audience owner = {.reach = JW_REACH_ALL};
    if (!day)
        return JW_OK;
    if (ledger->owner >= 0)
        owner.person = json_integer_value(json_object_get(fields, ledger->fields[ledger->owner].name));
    const char *maker = json_string_value(json_object_get(t->record, "made_by"));
    if (!owner.person)
        snprintf(owner.account, sizeof owner.account, "%s", maker ? maker : "");
    if (!owner.person && !*owner.account)
        return JW_OK;
    struct jw_notice notice = {jw_text_is(rest, JW_TEXT("-1")) ? "due_over" : "due", ledger->name, t->now->record,
                               json_pack("{ss ss ss}", "zh", ledger->fields[found].title.zh, "en",
                                         ledger->fields[found].title.en, "when", day)};
    return jw_notice_add(t->workflow, sql, &notice, &owner, err);
}

static jw_status fire_follow(struct ticking *t, struct jw_sql *sql, const struct jw_ledger *ledger,
                             struct jw_error *err) {
    struct jw_flow_run run;
    jw_status st = jw_run_read(t->workflow, sql, ledger, t->now->record, &run, err);
    return st == JW_OK ? jw_run_follow(t->workflow, sql, &run, t->record, err) : st == JW_END ? JW_OK : st;
}

static jw_status fire(void *context, struct jw_sql *sql, int64_t wall, struct jw_error *err) {
    struct ticking *t = context;
    const struct jw_ledger *ledger = jw_ledgers_find(t->workflow->options.ledgers, jw_text_from(t->now->ledger));
    (void)wall;
    t->fired = false;
    jw_status st = jw_flow_sql(
        sql, err, "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2 AND name = $3 AND at = $4", 4,
        JW_S(t->now->ledger), JW_SQL_INT(t->now->record), JW_S(t->now->name), JW_SQL_INT(t->now->at));
    if (st != JW_OK || jw_sql_changed(sql) == 0) /* another one was quicker, or it was moved */
        return st;
    t->fired = true;
    jw_text timer = jw_text_from(t->now->name);
    if (!ledger || !t->record || json_is_true(json_object_get(t->record, "removed")))
        return JW_OK;
    if (jw_text_starts(timer, JW_TEXT("state:")))
        return fire_state(t, sql, ledger, err);
    if (jw_text_is(timer, JW_TEXT("follow")))
        return fire_follow(t, sql, ledger, err);
    return jw_text_starts(timer, JW_TEXT("due:")) ? fire_due(t, sql, ledger, err) : JW_OK;
}

/* Records to open are changes of their own, which cannot be made within another: they are made first and told of in
 * their own transaction, so that doing it again finds them. */
static jw_status make_first(struct ticking *t, const struct jw_ledger *ledger, struct jw_error *err) {
    if (ledger && strcmp(t->now->name, "open") == 0)
        return jw_open_make(t->workflow, ledger, t->now->record, err);
    const struct jw_workflow_options *options = &t->workflow->options;
    if (options->erase && strncmp(t->now->name, "erase:", strlen("erase:")) == 0)
        return options->erase(options->erase_context, t->now->name + strlen("erase:"), err);
    if (ledger && strcmp(t->now->name, "wait") == 0)
        return jw_open_wait(t->workflow, ledger, t->now->record, err);
    return JW_OK;
}

static jw_status fire_one(struct ticking *t, struct jw_error *err) {
    const struct jw_ledger *ledger = jw_ledgers_find(t->workflow->options.ledgers, jw_text_from(t->now->ledger));
    jw_status st = make_first(t, ledger, err);
    if (st == JW_OK)
        st = ledger ? jw_store_get(t->workflow->options.store, ledger, t->now->record, &t->record, err) : JW_END;
    if (st == JW_OK || st == JW_END)
        st = jw_store_do(t->workflow->options.store, fire, t, err);
    json_decref(t->record);
    t->record = NULL;
    return st;
}

jw_status jw_workflow_tick(struct jw_workflow *workflow, jw_text name, size_t *done, struct jw_error *err) {
    struct ticking *t = calloc(1, sizeof *t);
    *done = 0;
    if (!t)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    t->workflow = workflow;
    t->name = name;
    jw_status st = jw_store_look(workflow->options.store, find_timers, t, err);
    if (st == JW_OK && t->count) /* an idle loop writes nothing */
        st = jw_store_do(workflow->options.store, take_lease, t, err);
    jw_status worst = st;
    for (size_t i = 0; i < t->count && st == JW_OK && t->held; i++) {
        t->now = &t->timers[i];
        jw_status fired = fire_one(t, err); /* one that cannot be done now keeps none of the others waiting */
        *done += fired == JW_OK && t->fired;
        worst = worst == JW_OK ? fired : worst;
    }
    free(t);
    return worst;
}
