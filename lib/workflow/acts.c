/* lib/workflow/acts.c — what people do beside steps: urge, delegate, ask for time and decide on it. None of it
 * changes the record; each is a line of its diary and an entry of the audit chain. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/day.h"

#define URGE_EVERY (3600 * JW_MICROSECOND)
#define DELEGATED  1000 /* numbers of tasks: above these are delegated ones, then those who decide on time */
#define DECIDES    2000

struct acting {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    const struct jw_flow_act *act;
    json_t *record;
    struct jw_flow_run run;
    int64_t person, day;
    bool grant;
    jw_status (*make)(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err);
};

static jw_status note(struct acting *a, struct jw_sql *sql, const char *kind, struct jw_error *err) {
    struct jw_flow_entry entry = {.kind = kind,
                                  .from = a->run.state,
                                  .to = a->run.state,
                                  .reason = a->act->reason,
                                  .origin = a->act->origin,
                                  .line = a->person};
    jw_status st = jw_run_note(a->workflow, sql, &a->run, a->holder, &entry, err);
    return st == JW_OK ? jw_flow_audit(a->workflow, sql, a->holder, a->act->origin, kind, &a->run,
                                       json_pack("{ss sI}", "state", a->run.flow->states[a->run.state].name,
                                                 "person", (json_int_t)a->person),
                                       err)
                       : st;
}

static jw_status take_number(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns, (void)err;
    *(int64_t *)context = row[0].integer;
    return JW_OK;
}

static json_t *detail_of(const struct acting *a, const char *when) {
    const struct jw_ledger_label *title = &a->run.flow->states[a->run.state].title;
    return json_pack("{ss ss ss}", "zh", title->zh, "en", title->en, "when", when);
}

/* The steps that the holder may take now by own right, ",accept:0,refuse:1,". */
static jw_status own_steps(struct acting *a, const struct jw_flow_scene *scene, char *out, size_t room,
                           struct jw_error *err) {
    size_t at = (size_t)snprintf(out, room, ",");
    jw_status st = JW_OK;
    for (size_t i = 0; i < a->run.flow->step_count && st == JW_OK; i++) {
        const struct jw_flow_step *step = &a->run.flow->steps[i];
        char why[JW_WHY];
        struct jw_audience behalf;
        size_t line;
        if (step->quiet || step->who.count == 0 || !(step->from >> a->run.state & 1))
            continue;
        st = jw_step_may(a->workflow, scene, a->holder, step, why, &line, &behalf, err);
        if (st == JW_OK && !*why && !behalf.person && !*behalf.account && at + sizeof step->name + 8 < room)
            at += (size_t)snprintf(out + at, room - at, "%s:%zu,", step->name, line);
    }
    return st;
}

/* --- urging
 * -------------------------------------------------------------------------------------------------------- */
static jw_status may_urge(struct acting *a, const struct jw_flow_scene *scene, bool *is, struct jw_error *err) {
    int64_t part = 0;
    jw_sql_value values[] = {JW_S(a->run.ledger->name), JW_SQL_INT(a->run.record), JW_S(a->holder->account)};
    jw_status st =
        jw_sql_run(scene->sql, "SELECT count(*) FROM flow_steps WHERE ledger = $1 AND record = $2 AND who = $3",
                   values, 3, take_number, &part, err);
    *is = part > 0 || a->holder->root;
    return st == JW_OK && !*is ? jw_people_has(a->workflow, scene, a->holder, &a->run.flow->urge, is, NULL, err)
                               : st;
}

static jw_status urge(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err) {
    bool is = false;
    int64_t last = 0;
    char reason[200];
    jw_sql_value values[] = {JW_S(a->run.ledger->name), JW_SQL_INT(a->run.record)};
    jw_status st = may_urge(a, scene, &is, err);
    if (st == JW_OK && !is)
        return jw_fail(err, JW_E_DENIED, "只有经办过此事项的人或流程指定的人可以催办");
    if (st == JW_OK)
        st = jw_sql_run(
            scene->sql,
            "SELECT coalesce(max(at), 0) FROM flow_steps WHERE ledger = $1 AND record = $2 AND kind = 'urge'",
            values, 2, take_number, &last, err);
    if (st == JW_OK && last && jw_flow_now(a->workflow) - last < URGE_EVERY)
        return jw_fail(err, JW_E_DENIED, "一小时内已催办过，请稍后再催");
    snprintf(reason, sizeof reason, "%.*s", (int)(a->act->reason.len < 180 ? a->act->reason.len : 0),
             a->act->reason.ptr);
    if (st == JW_OK)
        st = jw_notice_tasks(a->workflow, scene->sql, &a->run, "urge",
                             detail_of(a, *reason ? reason : a->holder->account), err);
    return st == JW_OK ? note(a, scene->sql, "urge", err) : st;
}

/* --- delegation
 * ------------------------------------------------------------------------------------------------------ */
static jw_status delegate(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err) {
    char steps[JW_RIGHTS_PLACE];
    int64_t there = 0, number = 0;
    const struct jw_flow_run *run = &a->run;
    jw_sql_value person = JW_SQL_INT(a->person), values[] = {JW_S(run->ledger->name), JW_SQL_INT(run->record)};
    jw_status st = own_steps(a, scene, steps, sizeof steps, err);
    if (st == JW_OK && strcmp(steps, ",") == 0)
        return jw_fail(err, JW_E_DENIED, "当前环节不由您办理，不能委托");
    if (a->person == a->holder->person)
        return jw_fail(err, JW_E_SYNTAX, "不能委托给自己");
    if (st == JW_OK)
        st = jw_sql_run(scene->sql, "SELECT count(*) FROM l_person WHERE id = $1 AND removed = 0", &person, 1,
                        take_number, &there, err);
    if (st == JW_OK && !there)
        return jw_fail(err, JW_E_SYNTAX, "没有编号为 %lld 的人员", (long long)a->person);
    if (st == JW_OK)
        st = jw_sql_run(
            scene->sql,
            "SELECT coalesce(max(seq), 0) FROM flow_tasks WHERE ledger = $1 AND record = $2 AND seq < 2000", values,
            2, take_number, &number, err);
    number = number < DELEGATED ? DELEGATED : number + 1;
    if (number >= DECIDES)
        return jw_fail(err, JW_E_LIMIT, "委托次数过多");
    if (st == JW_OK)
        st = jw_flow_sql(scene->sql, err,
                         "INSERT INTO flow_tasks VALUES ($1, $2, $3, '', $4, 0, $5, '', $6, $7, $8, $9, $10)", 10,
                         JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT(number), JW_S(steps),
                         JW_SQL_INT(a->person), JW_S(a->holder->account), JW_SQL_INT(a->holder->person),
                         JW_S(run->place), JW_SQL_INT(jw_flow_now(a->workflow)), JW_SQL_INT(run->deadline));
    struct jw_audience to = {.person = a->person};
    struct jw_notice notice = {"delegate", run->ledger->name, run->record, detail_of(a, a->holder->account)};
    if (st == JW_OK)
        st = jw_notice_add(a->workflow, scene->sql, &notice, &to, err);
    else
        json_decref(notice.detail);
    return st == JW_OK ? note(a, scene->sql, "delegate", err) : st;
}

/* --- more time
 * ------------------------------------------------------------------------------------------------------- */
static jw_status tell_deciders(struct acting *a, const struct jw_flow_scene *scene, const char *until,
                               struct jw_error *err) {
    const struct jw_flow_run *run = &a->run;
    struct jw_audience audience;
    bool somebody;
    jw_status st = JW_OK;
    for (size_t i = 0; i < run->flow->extension.count && st == JW_OK; i++) {
        st = jw_people_audience(scene, &run->flow->extension.list[i], &audience, &somebody, err);
        if (st != JW_OK || !somebody)
            continue;
        st = jw_flow_sql(scene->sql, err,
                         "INSERT INTO flow_tasks VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, $10, $11)", 11,
                         JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT(DECIDES + (int64_t)i),
                         JW_S(audience.role), JW_S(audience.place), JW_SQL_INT(audience.reach),
                         JW_SQL_INT(audience.person), JW_S(audience.account), JW_S(run->place),
                         JW_SQL_INT(jw_flow_now(a->workflow)), JW_SQL_INT(run->deadline));
        struct jw_notice notice = {"ask", run->ledger->name, run->record, detail_of(a, until)};
        if (st == JW_OK)
            st = jw_notice_add(a->workflow, scene->sql, &notice, &audience, err);
        else
            json_decref(notice.detail);
    }
    return st;
}

static jw_status may_extend(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err) {
    const struct jw_flow *flow = a->run.flow;
    char steps[JW_RIGHTS_PLACE];
    int64_t asked = 0, ends = jw_calendar_day(a->run.deadline - 1);
    jw_sql_value values[] = {JW_S(a->run.ledger->name), JW_SQL_INT(a->run.record)};
    jw_status st = own_steps(a, scene, steps, sizeof steps, err);
    if (st == JW_OK && strcmp(steps, ",") == 0)
        return jw_fail(err, JW_E_DENIED, "当前环节不由您办理，不能申请延期");
    if (!a->run.deadline || flow->extension.count == 0)
        return jw_fail(err, JW_E_DENIED, "此环节没有期限，或流程不允许延期");
    if (a->run.extended >= flow->extension_times)
        return jw_fail(err, JW_E_DENIED, "此环节最多延期%d次", flow->extension_times);
    if (st == JW_OK)
        st = jw_sql_run(scene->sql, "SELECT count(*) FROM flow_asks WHERE ledger = $1 AND record = $2", values, 2,
                        take_number, &asked, err);
    if (st == JW_OK && asked)
        return jw_fail(err, JW_E_DENIED, "已有延期申请等待审批");
    if (st == JW_OK && (a->day <= ends || a->day > ends + flow->extension_days))
        return jw_fail(err, JW_E_SYNTAX, "延期后的日期须晚于原期限，最多延长%d天", flow->extension_days);
    if (st == JW_OK && jw_text_trim(a->act->reason).len == 0)
        return jw_fail(err, JW_E_SYNTAX, "申请延期须说明理由");
    return st;
}

static jw_status extend(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err) {
    char until[JW_DAY_TEXT] = "";
    jw_status st = may_extend(a, scene, err);
    if (st != JW_OK)
        return st;
    jw_day_print(a->day, until);
    st = jw_flow_sql(scene->sql, err, "INSERT INTO flow_asks VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8,
                     JW_S(a->run.ledger->name), JW_SQL_INT(a->run.record), JW_SQL_INT(a->run.round),
                     JW_SQL_INT(jw_flow_now(a->workflow)), JW_S(a->holder->account), JW_SQL_INT(a->holder->person),
                     JW_SQL_INT(jw_calendar_begin(a->day + 1)), JW_SQL_STR(a->act->reason));
    if (st == JW_OK)
        st = tell_deciders(a, scene, until, err);
    return st == JW_OK ? note(a, scene->sql, "ask", err) : st;
}

struct asked {
    struct jw_audience who;
    int64_t until;
};

static jw_status take_asked(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct asked *asked = context;
    (void)columns, (void)err;
    snprintf(asked->who.account, sizeof asked->who.account, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    asked->who.person = row[1].integer;
    asked->until = row[2].integer;
    return JW_OK;
}

static jw_status decide(struct acting *a, const struct jw_flow_scene *scene, struct jw_error *err) {
    struct asked asked = {.until = 0};
    char until[JW_DAY_TEXT] = "";
    bool is = false;
    jw_sql_value values[] = {JW_S(a->run.ledger->name), JW_SQL_INT(a->run.record)};
    jw_status st = jw_people_has(a->workflow, scene, a->holder, &a->run.flow->extension, &is, NULL, err);
    if (st == JW_OK)
        st = jw_sql_run(scene->sql, "SELECT who, person, until FROM flow_asks WHERE ledger = $1 AND record = $2",
                        values, 2, take_asked, &asked, err);
    if (st != JW_OK)
        return st;
    if (!is)
        return jw_fail(err, JW_E_DENIED, "延期由其他角色审批");
    if (!asked.until)
        return jw_fail(err, JW_E_DENIED, "没有等待审批的延期申请");
    struct jw_holder asker = {.person = asked.who.person};
    snprintf(asker.account, sizeof asker.account, "%s", asked.who.account);
    if (strcmp(asker.account, a->holder->account) == 0 || (asker.person && asker.person == a->holder->person))
        return jw_fail(err, JW_E_DENIED, "不能审批自己的延期申请");
    jw_day_print(jw_calendar_day(asked.until - 1), until);
    static const char *const texts[] = {"DELETE FROM flow_asks WHERE ledger = $1 AND record = $2",
                                        "DELETE FROM flow_tasks WHERE ledger = $1 AND record = $2 AND seq >= 2000"};
    for (size_t i = 0; i < 2 && st == JW_OK; i++)
        st = jw_sql_run(scene->sql, texts[i], values, 2, NULL, NULL, err);
    if (st == JW_OK && a->grant) {
        a->run.deadline = asked.until;
        a->run.extended++;
        st = jw_run_follow(a->workflow, scene->sql, &a->run, a->record, err);
    }
    struct jw_notice notice = {a->grant ? "grant" : "refuse", a->run.ledger->name, a->run.record,
                               detail_of(a, until)};
    if (st == JW_OK)
        st = jw_notice_add(a->workflow, scene->sql, &notice, &asked.who, err);
    else
        json_decref(notice.detail);
    return st == JW_OK ? note(a, scene->sql, notice.kind, err) : st;
}

/* --- all of them
 * --------------------------------------------------------------------------------------------------------- */
static jw_status make(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct acting *a = context;
    (void)now;
    jw_status st = jw_run_read(a->workflow, sql, a->act->ledger, a->act->id, &a->run, err);
    if (st == JW_OK && a->run.ended_at)
        return jw_fail(err, JW_E_DENIED, "事项已办结");
    struct jw_flow_scene scene = {sql, &a->run, a->record};
    return st == JW_OK ? a->make(a, &scene, err) : st;
}

static jw_status act(struct acting *a, struct jw_error *err) {
    jw_status st = jw_store_get(a->workflow->options.store, a->act->ledger, a->act->id, &a->record, err);
    if (st == JW_OK && json_is_true(json_object_get(a->record, "removed")))
        st = JW_END;
    if (st == JW_OK)
        st = jw_store_do(a->workflow->options.store, make, a, err);
    json_decref(a->record);
    return st;
}

jw_status jw_workflow_urge(struct jw_workflow *workflow, const struct jw_holder *holder,
                           const struct jw_flow_act *asked, struct jw_error *err) {
    return act(&(struct acting){.workflow = workflow, .holder = holder, .act = asked, .make = urge}, err);
}

jw_status jw_workflow_delegate(struct jw_workflow *workflow, const struct jw_holder *holder,
                               const struct jw_flow_act *asked, int64_t person, struct jw_error *err) {
    return act(
        &(struct acting){.workflow = workflow, .holder = holder, .act = asked, .person = person, .make = delegate},
        err);
}

jw_status jw_workflow_extend(struct jw_workflow *workflow, const struct jw_holder *holder,
                             const struct jw_flow_act *asked, int64_t day, struct jw_error *err) {
    return act(&(struct acting){.workflow = workflow, .holder = holder, .act = asked, .day = day, .make = extend},
               err);
}

jw_status jw_workflow_decide(struct jw_workflow *workflow, const struct jw_holder *holder,
                             const struct jw_flow_act *asked, bool grant, struct jw_error *err) {
    return act(
        &(struct acting){.workflow = workflow, .holder = holder, .act = asked, .grant = grant, .make = decide},
        err);
}
