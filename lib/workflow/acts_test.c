/* lib/workflow/acts_test.c — beside the plain way: agreement of several, delegation, more time, withdrawing,
 * records that steps open, destruction by two persons. On SQLite and on what JW_TEST_DB names. */
#include "workflow_fixture.h"

#define PAPER                                                                        \
    "title: {zh: 文件}\nunit: unit\nowner: owner\nworkflow: way\nfields:\n"        \
    "  name: {title: {zh: 名称}, type: text, required: true}\n"                    \
    "  unit: {title: {zh: 单位}, type: unit}\n"                                    \
    "  owner: {title: {zh: 责任人}, type: person, on_delete: keep}\n"             \
    "  units: {title: {zh: 分发单位}, type: references, ledger: organisation}\n" \
    "  status: {title: {zh: 状态}, type: choice, default: draft, choices: {draft: 稿, sent: 送}}\n"

static const int64_t day = JW_DAY;
static struct jw_holder wang, li, zhao, qian, sun;

static void begin(struct jw_test *t, struct city *c, const char *flow) {
    city_begin(t, c);
    city_write(c, "ledgers", "paper", PAPER);
    city_write(c, "workflows", "way", flow);
    city_open(t, c);
    JW_CHECK_TEXT(t, jw_text_from(c->refused), JW_TEXT(""));
    city_people(t, c);
    wang = city_holder("wang", 1, "1.2.", "manager");
    li = city_holder("li", 2, "1.2.", "expert");
    zhao = city_holder("zhao", 3, "1.", "manager");
    qian = city_holder("qian", 4, "1.2.3.", "expert");
    sun = city_holder("sun", 5, "1.4.", "expert");
    JW_CHECK_OK(t, city_change(c, &wang, "paper", JW_CREATE, 0,
                               "{\"name\": \"制度\", \"unit\": 2, \"owner\": 2, \"units\": [2, 3, 4]}", &t->err));
}

static struct jw_flow_act act_of(struct city *c, const char *reason) {
    return (struct jw_flow_act){
        .ledger = city_ledger(c, "paper"), .id = 1, .reason = jw_text_from(reason), .origin = JW_TEXT("test")};
}

static jw_status withdraw(struct city *c, const struct jw_holder *holder, struct jw_error *err) {
    struct jw_flow_act act = act_of(c, "写错了");
    json_decref(c->last->record);
    return jw_workflow_withdraw(c->workflow, holder, &act, c->last, err);
}

static void enough_of_many_must_agree_and_nobody_counts_twice(struct jw_test *t) {
    struct city c;
    char state[64];
    begin(t, &c,
          "title: 评审\nstates: {review: {title: 评审}, passed: {title: 通过, final: true}}\n"
          "steps:\n  agree: {title: 同意, from: review, to: passed, who: {role: expert, at: all}, agree: 2}\n");
    JW_CHECK_INT(t, city_tasks(t, &c, &li, JW_TASKS_MINE), 1);
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "agree", NULL, NULL, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("review"));
    JW_CHECK_INT(t, city_tasks(t, &c, &li, JW_TASKS_MINE), 0); /* has done it */
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_MINE), 1);
    JW_CHECK_INT(t, city_take(&c, &li, "paper", 1, "agree", NULL, NULL, &t->err), JW_E_DENIED);
    struct jw_holder again = city_holder("li2", 2, "1.2.", "expert"); /* another account of the same person */
    JW_CHECK_INT(t, city_take(&c, &again, "paper", 1, "agree", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, city_take(&c, &sun, "paper", 1, "agree", NULL, NULL, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("passed"));
    city_close(&c);
}

static void every_side_must_sign(struct jw_test *t) {
    struct city c;
    char state[64];
    begin(t, &c,
          "title: 会签\nstates: {review: {title: 会签}, passed: {title: 通过, final: true}, no: {title: 退, final: "
          "true}}\n"
          "steps:\n  sign: {title: 会签, from: review, to: passed, agree: each,\n"
          "         who: [{role: manager, at: unit}, {role: manager, at: parent}, owner]}\n"
          "  refuse: {title: 不同意, from: review, to: no, who: [{role: manager}, owner], reason: true}\n");
    JW_CHECK_OK(t, city_take(&c, &zhao, "paper", 1, "sign", NULL, NULL, &t->err));
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "sign", NULL, NULL, &t->err)); /* the owner */
    JW_CHECK_INT(t, city_take(&c, &zhao, "paper", 1, "sign", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, city_take(&c, &sun, "paper", 1, "sign", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("review"));
    JW_CHECK_OK(t, city_take(&c, &wang, "paper", 1, "sign", NULL, NULL, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("passed"));
    city_close(&c);
}

#define SENDING                                                                                                \
    "title: 送审\nurge: {role: manager, at: above}\nextension: {who: {role: manager, at: above}, days: 10, " \
    "times: 1}\n"                                                                                              \
    "states:\n"                                                                                                \
    "  draft: {title: 起草}\n"                                                                               \
    "  sent: {title: 送审, deadline: {working_days: 3}, remind: []}\n"                                       \
    "  over: {title: 完, final: true}\n"                                                                      \
    "steps:\n"                                                                                                 \
    "  send: {title: 送出, from: draft, to: sent, who: owner, set: {status: sent}}\n"                        \
    "  pass: {title: 通过, from: sent, to: over, who: {role: manager, at: unit}, not: [previous]}\n"

static void a_step_is_withdrawn_while_nobody_has_acted(struct jw_test *t) {
    struct city c;
    char state[64];
    begin(t, &c, SENDING);
    JW_CHECK_INT(t, withdraw(&c, &li, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "send", NULL, NULL, &t->err));
    JW_CHECK_INT(t, withdraw(&c, &wang, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, withdraw(&c, &li, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("draft"));
    const char *status = json_string_value(json_object_get(json_object_get(c.last->record, "fields"), "status"));
    JW_CHECK_TEXT(t, jw_text_from(status), JW_TEXT("draft")); /* what the step wrote is as it was */
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "send", NULL, NULL, &t->err));
    JW_CHECK_OK(t, city_take(&c, &wang, "paper", 1, "pass", NULL, NULL, &t->err));
    JW_CHECK_INT(t, withdraw(&c, &wang, &t->err), JW_E_DENIED); /* it is over */
    city_close(&c);
}

static void who_must_act_lets_another_act(struct jw_test *t) {
    struct city c;
    begin(t, &c, SENDING);
    struct jw_flow_act act = act_of(&c, "出差");
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "send", NULL, NULL, &t->err));
    JW_CHECK_INT(t, jw_workflow_delegate(c.workflow, &sun, &act, 5, &t->err), JW_E_DENIED); /* not his to give */
    JW_CHECK_INT(t, jw_workflow_delegate(c.workflow, &wang, &act, 99, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, city_take(&c, &qian, "paper", 1, "pass", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_workflow_delegate(c.workflow, &wang, &act, 2, &t->err)); /* to who took the step before … */
    JW_CHECK_INT(t, city_take(&c, &li, "paper", 1, "pass", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_workflow_delegate(c.workflow, &wang, &act, 4, &t->err));
    JW_CHECK_INT(t, city_notices(t, &c, &qian, "delegate"), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &qian, JW_TASKS_MINE), 1);
    JW_CHECK_OK(t, city_take(&c, &qian, "paper", 1, "pass", NULL, NULL, &t->err));
    city_close(&c);
}

static void more_time_is_asked_for_and_granted_by_another(struct jw_test *t) {
    struct city c;
    json_t *shown = NULL;
    begin(t, &c, SENDING);
    struct jw_flow_act act = act_of(&c, "等厂家补丁");
    JW_CHECK_OK(
        t, city_take(&c, &li, "paper", 1, "send", NULL, NULL, &t->err)); /* Monday; due at the end of Thursday */
    int64_t thursday = jw_calendar_day(MONDAY) + 3;
    JW_CHECK_INT(t, jw_workflow_extend(c.workflow, &li, &act, thursday + 5, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, jw_workflow_extend(c.workflow, &wang, &act, thursday + 11, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, jw_workflow_extend(c.workflow, &wang, &act, thursday, &t->err), JW_E_SYNTAX);
    JW_CHECK_OK(t, jw_workflow_extend(c.workflow, &wang, &act, thursday + 5, &t->err));
    JW_CHECK_INT(t, jw_workflow_extend(c.workflow, &wang, &act, thursday + 5, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, city_tasks(t, &c, &zhao, JW_TASKS_MINE), 1);
    JW_CHECK_INT(t, jw_workflow_decide(c.workflow, &wang, &act, true, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_workflow_decide(c.workflow, &zhao, &act, true, &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &zhao, JW_TASKS_MINE), 0);
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "grant"), 1);
    JW_CHECK_OK(t, jw_workflow_show(c.workflow, &wang, city_ledger(&c, "paper"), 1, &shown, &t->err));
    JW_CHECK_INT(t, json_integer_value(json_object_get(shown, "deadline")), jw_calendar_begin(thursday + 6));
    json_decref(shown);
    JW_CHECK_INT(t, city_tick(t, &c, 5 * day), 0); /* the old deadline passes quietly */
    JW_CHECK_INT(t, jw_workflow_extend(c.workflow, &wang, &act, thursday + 8, &t->err), JW_E_DENIED); /* times: 1 */
    JW_CHECK_INT(t, city_tick(t, &c, 5 * day), 1);
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "overdue"), 1);
    city_close(&c);
}

static void urging_reaches_who_must_act_once_an_hour(struct jw_test *t) {
    struct city c;
    begin(t, &c, SENDING);
    struct jw_flow_act act = act_of(&c, "明天开会");
    JW_CHECK_OK(t, city_take(&c, &li, "paper", 1, "send", NULL, NULL, &t->err));
    JW_CHECK_INT(t, jw_workflow_urge(c.workflow, &sun, &act, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_workflow_urge(c.workflow, &li, &act, &t->err));
    JW_CHECK_INT(t, jw_workflow_urge(c.workflow, &zhao, &act, &t->err), JW_E_DENIED);
    c.now += day;
    JW_CHECK_OK(t, jw_workflow_urge(c.workflow, &zhao, &act, &t->err));
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "urge"), 2);
    city_close(&c);
}

#define RECEIPT                                                                         \
    "title: {zh: 签收}\nunit: unit\nworkflow: receive\nfields:\n"                     \
    "  name: {title: {zh: 名称}, type: text, required: true}\n"                       \
    "  paper: {title: {zh: 文件}, type: reference, ledger: paper, on_delete: keep}\n" \
    "  unit: {title: {zh: 单位}, type: unit}\n"
#define RECEIVE                                                                                    \
    "title: 签收\nstates: {open: {title: 待签收}, signed: {title: 已签收, final: true}}\n" \
    "steps: {sign: {title: 签收, from: open, to: signed, who: {role: manager}}}\n"
#define PUBLISH                                                                                                      \
    "title: 发布\nstates: {draft: {title: 起草}, out: {title: 签收中, wait: all_signed}, done: {title: 完, " \
    "final: true}}\n"                                                                                                \
    "steps:\n"                                                                                                       \
    "  publish: {title: 发布, from: draft, to: out, who: {role: manager},\n"                                       \
    "            open: {ledger: receipt, each: units, set: {name: =name, paper: =id, unit: =each}}}\n"               \
    "  all_signed: {title: 全部签收, from: out, to: done}\n"

static void a_step_opens_records_and_waits_for_all_of_them(struct jw_test *t) {
    struct city c;
    char state[64];
    city_begin(t, &c);
    city_write(&c, "ledgers", "receipt", RECEIPT);
    city_write(&c, "workflows", "receive", RECEIVE);
    begin(t, &c, PUBLISH);
    JW_CHECK_OK(t, city_take(&c, &wang, "paper", 1, "publish", NULL, NULL, &t->err));
    city_open(t, &c); /* killed before anything was opened */
    city_tick(t, &c, 1);
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "receipt", 3, state)), JW_TEXT("open"));
    city_tick(t, &c, 1);
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "receipt", 4, state)), JW_TEXT("")); /* three, not more */
    for (int64_t id = 1; id <= 3; id++) {
        JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("out"));
        JW_CHECK_OK(t, city_take(&c, &zhao, "receipt", id, "sign", NULL, NULL, &t->err));
        city_tick(t, &c, 1);
    }
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "paper", 1, state)), JW_TEXT("done"));
    city_close(&c);
}

#define DESTRUCTION                                                        \
    "title: {zh: 销毁}\nworkflow: destroy\nfields:\n"                    \
    "  name: {title: {zh: 事项}, type: text, required: true}\n"          \
    "  target_ledger: {title: {zh: 台账}, type: text, required: true}\n" \
    "  target_id: {title: {zh: 编号}, type: number, required: true}\n"
#define DESTROY                                                                                                \
    "title: 记录销毁\nstates: {asked: {title: 待执行}, gone: {title: 已销毁, final: true}}\n"        \
    "steps:\n  destroy: {title: 销毁, from: asked, to: gone, who: {role: manager, at: all}, not: [maker],\n" \
    "                 do: destroy, reason: true}\n"

static void problem(void *context, const char *object, const char *text) {
    struct jw_test *t = context;
    printf("  %s: %s\n", object, text);
    JW_CHECK(t, !"verify found something");
}

static jw_status holds(void *context, struct jw_sql *sql, struct jw_error *err) {
    jw_sql_value found = {0};
    struct jw_arena *mem = jw_arena_new(4096);
    jw_status st =
        jw_sql_one(sql, "SELECT count(*) FROM history WHERE fields LIKE '%机密%'", NULL, 0, mem, &found, err);
    *(int64_t *)context = found.integer;
    jw_arena_free(mem);
    return st;
}

static jw_status erased(void *context, const char *sm3, struct jw_error *err) {
    size_t *calls = context;
    (void)err;
    return ++calls[0] == 1 ? JW_E_SYSTEM
           : sm3[0] == 'a' ? (calls[1]++, JW_OK)
                           : JW_E_DENIED; /* the disk, at first */
}

static void files_of_a_destroyed_record_go_unless_another_names_them(struct jw_test *t) {
    struct city c;
    size_t calls[2] = {0}, done;
    char shared[65] = "", text[512];
    memset(shared, 'b', 64);
    city_begin(t, &c);
    city_write(&c, "ledgers", "destruction", DESTRUCTION);
    city_write(&c, "workflows", "destroy", DESTROY);
    city_write(&c, "ledgers", "person",
               "title: 人员\nfields: {name: {title: 名, type: text}, until: {title: 至, type: date, due: true}}\n");
    city_write(
        &c, "ledgers", "file",
        "title: 档\nfields: {name: {title: 名, type: text}, papers: {title: 件, type: attachment, most: 5}}\n");
    city_open(t, &c);
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "{\"name\": \"a\", \"papers\": [{\"sm3\": \"%s\", \"name\": \"a.pdf\", \"size\": 1, \"media\": "
                 "\"application/pdf\"}%s]}",
                 shared,
                 i ? ""
                   : ", {\"sm3\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
                     "\"name\": \"b.pdf\", \"size\": 1, \"media\": \"application/pdf\"}");
        JW_CHECK_OK(t, city_change(&c, NULL, "file", JW_CREATE, 0, text, &t->err));
    }
    wang = city_holder("wang", 0, "1.", "manager");
    zhao = city_holder("zhao", 0, "1.", "manager");
    JW_CHECK_OK(t, city_change(&c, NULL, "file", JW_REMOVE, 1, NULL, &t->err));
    JW_CHECK_OK(t, city_change(&c, &wang, "destruction", JW_CREATE, 0,
                               "{\"name\": \"a\", \"target_ledger\": \"file\", \"target_id\": 1}", &t->err));
    JW_CHECK_OK(t, city_take(&c, &zhao, "destruction", 1, "destroy", NULL, "到期", &t->err));
    struct jw_workflow_options options = {.store = c.store,
                                          .ledgers = c.ledgers,
                                          .flows = c.flows,
                                          .clock = city_clock,
                                          .clock_context = &c,
                                          .erase = erased,
                                          .erase_context = calls};
    jw_workflow_free(c.workflow);
    JW_CHECK_OK(t, jw_workflow_new(&options, &c.workflow, &t->err));
    JW_CHECK_OK(
        t, city_change(&c, NULL, "person", JW_CREATE, 0, "{\"name\": \"王\", \"until\": \"2026-06-02\"}", &t->err));
    c.now += 3 * day; /* somebody's date has passed meanwhile */
    JW_CHECK_INT(t, jw_workflow_tick(c.workflow, JW_TEXT("test"), &done, &t->err), JW_E_SYSTEM);
    JW_CHECK_INT(t, done, 1); /* what cannot be done keeps nothing else waiting */
    city_tick(t, &c, 1);
    city_tick(t, &c, 1);
    JW_CHECK_INT(t, calls[0], 2); /* once more after the failure, and then never again */
    JW_CHECK_INT(t, calls[1], 1);
    city_close(&c);
}

static void a_record_is_destroyed_by_two_persons_and_the_chain_stays_whole(struct jw_test *t) {
    struct city c;
    char state[64];
    uint64_t entries = 0;
    int64_t left = 0;
    json_t *record = NULL, *versions = NULL;
    city_begin(t, &c);
    city_write(&c, "ledgers", "destruction", DESTRUCTION);
    city_write(&c, "workflows", "destroy", DESTROY);
    begin(t, &c, SENDING);
    JW_CHECK_OK(t, city_change(&c, NULL, "paper", JW_CREATE, 0, "{\"name\": \"机密\"}", &t->err));
    JW_CHECK_OK(t, city_change(&c, &wang, "destruction", JW_CREATE, 0,
                               "{\"name\": \"a\", \"target_ledger\": \"paper\", \"target_id\": 2}", &t->err));
    JW_CHECK_INT(t, city_take(&c, &zhao, "destruction", 1, "destroy", NULL, "到期", &t->err),
                 JW_E_DENIED); /* not removed */
    JW_CHECK_OK(t, city_change(&c, NULL, "paper", JW_REMOVE, 2, NULL, &t->err));
    JW_CHECK_INT(t, city_take(&c, &wang, "destruction", 1, "destroy", NULL, "到期", &t->err),
                 JW_E_DENIED); /* asked */
    JW_CHECK_OK(t, city_take(&c, &zhao, "destruction", 1, "destroy", NULL, "到期", &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "destruction", 1, state)), JW_TEXT("gone"));
    JW_CHECK_OK(t, jw_store_get(c.store, city_ledger(&c, "paper"), 2, &record, &t->err));
    JW_CHECK(t, json_is_null(json_object_get(json_object_get(record, "fields"), "name")));
    JW_CHECK_OK(t, jw_store_look(c.store, holds, &left, &t->err));
    JW_CHECK_INT(t, left, 0);
    JW_CHECK_OK(t, jw_store_history(c.store, city_ledger(&c, "paper"), 2, 0, 10, &versions, &t->err));
    JW_CHECK_INT(t, json_array_size(versions), 2);
    JW_CHECK_INT(t, city_change(&c, NULL, "paper", JW_RESTORE, 2, NULL, &t->err), JW_END);
    JW_CHECK_OK(t, jw_store_verify(c.store, NULL, problem, t, &entries, &t->err));
    json_decref(record);
    json_decref(versions);
    city_close(&c);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(enough_of_many_must_agree_and_nobody_counts_twice),
                                      JW_CASE(every_side_must_sign),
                                      JW_CASE(a_step_is_withdrawn_while_nobody_has_acted),
                                      JW_CASE(who_must_act_lets_another_act),
                                      JW_CASE(more_time_is_asked_for_and_granted_by_another),
                                      JW_CASE(urging_reaches_who_must_act_once_an_hour),
                                      JW_CASE(a_step_opens_records_and_waits_for_all_of_them),
                                      JW_CASE(files_of_a_destroyed_record_go_unless_another_names_them),
                                      JW_CASE(a_record_is_destroyed_by_two_persons_and_the_chain_stays_whole),
                                      {0}});
}
