/* lib/workflow/workflow_test.c — what people who work with a flow may count on, on SQLite and on what JW_TEST_DB
 * names. */
#include "workflow_fixture.h"

#define FINDING                                                                      \
    "title: {zh: 问题}\nunit: unit\nowner: owner\nworkflow: fixing\nfields:\n"     \
    "  name: {title: {zh: 名称}, type: text, required: true}\n"                    \
    "  unit: {title: {zh: 单位}, type: unit}\n"                                    \
    "  owner: {title: {zh: 责任人}, type: person, on_delete: keep}\n"             \
    "  grade: {title: {zh: 等级}, type: choice, choices: {high: 高, low: 低}}\n" \
    "  due: {title: {zh: 期限}, type: date, due: true}\n"                          \
    "  measure: {title: {zh: 措施}, type: text}\n"                                 \
    "  closed: {title: {zh: 销号日期}, type: date}\n"                            \
    "  closer: {title: {zh: 销号人}, type: person, on_delete: keep}\n"
#define FIXING                                                                                                       \
    "title: {zh: 整改, en: Fixing}\n"                                                                              \
    "states:\n"                                                                                                      \
    "  open: {title: 待签收, deadline: {by: grade, is: {high: {working_days: 2}}, else: {working_days: 5}}, "     \
    "remind: [1],\n"                                                                                                 \
    "         escalate: [{after: {days: 3}, to: {role: manager, at: parent}}]}\n"                                    \
    "  fixing: {title: 整改中, deadline: {field: due}}\n"                                                         \
    "  check: {title: 待核验, deadline: {hours: 24}, remind: []}\n"                                               \
    "  done: {title: 已销号, final: true}\n"                                                                      \
    "steps:\n"                                                                                                       \
    "  accept: {title: 签收, from: open, to: fixing, who: {role: manager, at: unit}}\n"                            \
    "  report: {title: 报告, from: fixing, to: check, who: owner, require: [measure], change: [measure]}\n"        \
    "  close: {title: 销号, from: check, to: done, who: {role: manager}, not: [owner, previous, {did: accept}],\n" \
    "          set: {closed: =today, closer: =me}}\n"                                                                \
    "  back: {title: 退回, from: check, to: fixing, who: {role: manager}, reason: true, back: true}\n"

static const int64_t hour = 3600 * JW_MICROSECOND;

static struct jw_holder wang, li, zhao, qian, sun;

static void begin(struct jw_test *t, struct city *c) {
    city_begin(t, c);
    city_write(c, "ledgers", "finding", FINDING);
    city_write(c, "workflows", "fixing", FIXING);
    city_open(t, c);
    JW_CHECK_TEXT(t, jw_text_from(c->refused), JW_TEXT(""));
    city_people(t, c);
    wang = city_holder("wang", 1, "1.2.", "manager"); /* the county's manager */
    li = city_holder("li", 2, "1.2.", "");            /* somebody there */
    zhao = city_holder("zhao", 3, "1.", "manager");   /* the city's */
    qian = city_holder("qian", 4, "1.2.3.", "manager");
    sun = city_holder("sun", 5, "1.4.", "manager"); /* the neighbour's */
}

static void a_record_goes_through_its_flow_by_the_right_people(struct jw_test *t) {
    struct city c;
    char state[64];
    begin(t, &c);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0,
                               "{\"name\": \"弱口令\", \"unit\": 2, \"owner\": 2}", &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "finding", 1, state)), JW_TEXT("open"));
    JW_CHECK_INT(t, city_take(&c, &sun, "finding", 1, "accept", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, city_take(&c, &zhao, "finding", 1, "accept", NULL, NULL, &t->err), JW_E_DENIED); /* at: unit */
    JW_CHECK_INT(t, city_take(&c, &wang, "finding", 1, "close", NULL, NULL, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, city_take(&c, &wang, "finding", 1, "accept", NULL, NULL, &t->err));
    JW_CHECK_INT(t, city_take(&c, &li, "finding", 1, "report", NULL, NULL, &t->err), JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(c.last->faults[0].field), JW_TEXT("measure"));
    JW_CHECK_INT(
        t, city_take(&c, &li, "finding", 1, "report", "{\"measure\": \"改\", \"name\": \"x\"}", NULL, &t->err),
        JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(c.last->faults[0].field), JW_TEXT("name"));
    JW_CHECK_OK(t, city_take(&c, &li, "finding", 1, "report", "{\"measure\": \"改了\"}", NULL, &t->err));
    JW_CHECK_INT(t, city_take(&c, &wang, "finding", 1, "back", NULL, " ", &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, city_take(&c, &wang, "finding", 1, "close", NULL, NULL, &t->err), JW_E_DENIED); /* did accept */
    JW_CHECK_OK(t, city_take(&c, &zhao, "finding", 1, "close", NULL, "核验通过", &t->err));
    const json_t *fields = json_object_get(c.last->record, "fields");
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(fields, "closed"))), JW_TEXT("2026-06-01"));
    JW_CHECK_INT(t, json_integer_value(json_object_get(fields, "closer")), 3);
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "finding", 1, state)), JW_TEXT("done"));
    JW_CHECK_INT(t, city_notices(t, &c, &zhao, "ended"), 1); /* who made it hears of the end */
    city_close(&c);
}

static void fields_that_steps_write_are_written_by_nothing_else(struct jw_test *t) {
    struct city c;
    begin(t, &c);
    JW_CHECK_INT(
        t,
        city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"closed\": \"2026-01-01\"}", &t->err),
        JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(c.last->faults[0].rule), JW_TEXT("workflow"));
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 2}", &t->err));
    JW_CHECK_INT(t, city_change(&c, &zhao, "finding", JW_CHANGE, 1, "{\"closed\": \"2026-01-01\"}", &t->err),
                 JW_E_SYNTAX);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CHANGE, 1, "{\"closed\": null, \"name\": \"b\"}", &t->err));
    city_close(&c);
}

static void what_is_brought_in_stands_where_its_fields_say(struct jw_test *t) {
    struct city c;
    char state[64];
    city_begin(t, &c);
    city_write(&c, "ledgers", "bug",
               "title: 漏洞\nworkflow: fix\nfields:\n  name: {title: 名称, type: text}\n"
               "  status: {title: 状态, type: choice, default: new, choices: {new: 新, fixed: 已修}}\n");
    city_write(&c, "workflows", "fix",
               "title: 修\nstates: {new: {title: 新}, fixed: {title: 已修, final: true}}\n"
               "steps: {fix: {title: 修复, from: new, to: fixed, who: maker, set: {status: fixed}}}\n");
    city_open(t, &c);
    li = city_holder("li", 2, "1.2.", "");
    JW_CHECK_OK(t,
                city_change(&c, NULL, "bug", JW_CREATE, 0, "{\"name\": \"旧\", \"status\": \"fixed\"}", &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "bug", 1, state)), JW_TEXT("fixed"));
    JW_CHECK_INT(t, city_change(&c, &li, "bug", JW_CREATE, 0, "{\"status\": \"fixed\"}", &t->err), JW_E_SYNTAX);
    JW_CHECK_OK(t, city_change(&c, NULL, "bug", JW_CREATE, 0, "{\"name\": \"新\"}", &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "bug", 2, state)), JW_TEXT("new"));
    city_close(&c);
}

static void tasks_lie_with_those_who_must_act_and_follow_the_record(struct jw_test *t) {
    struct city c;
    begin(t, &c);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 2, \"owner\": 2}",
                               &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_MINE), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_MINE), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &zhao, JW_TASKS_MINE), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &zhao, JW_TASKS_UNITS), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_UNITS), 0);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CHANGE, 1, "{\"unit\": 4}", &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_MINE), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_MINE), 1);
    JW_CHECK_OK(t, city_take(&c, &sun, "finding", 1, "accept", NULL, NULL, &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_MINE), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &li, JW_TASKS_MINE), 1);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_REMOVE, 1, NULL, &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &li, JW_TASKS_MINE), 0);
    city_close(&c);
}

static void tasks_move_with_the_unit(struct jw_test *t) {
    struct city c;
    begin(t, &c);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 3}", &t->err));
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_UNITS), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &qian, JW_TASKS_MINE), 1);
    JW_CHECK_OK(t, city_change(&c, NULL, "organisation", JW_CHANGE, 3, "{\"parent\": 4}", &t->err));
    struct jw_holder there = city_holder("qian", 4, "1.4.3.", "manager");
    JW_CHECK_INT(t, city_tasks(t, &c, &there, JW_TASKS_MINE), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_UNITS), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &sun, JW_TASKS_UNITS), 1);
    city_tick(t, &c, 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &there, JW_TASKS_MINE), 1);
    city_tick(t, &c, 60 * 24 * hour);
    JW_CHECK_INT(t, city_notices(t, &c, &sun, "escalate"), 1); /* the new unit above */
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "escalate"), 0);
    city_close(&c);
}

static void a_deadline_reminds_is_overdue_and_escalates_once_each(struct jw_test *t) {
    struct city c;
    begin(t, &c);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0,
                               "{\"name\": \"a\", \"unit\": 2, \"grade\": \"high\"}", &t->err));
    JW_CHECK_INT(t, city_tick(t, &c, 20 * hour), 0);
    JW_CHECK_INT(t, city_tick(t, &c, 4 * hour), 1); /* Tuesday, 9:00: due at the end of Wednesday */
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "remind"), 1);
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_LATE), 0);
    JW_CHECK_INT(t, city_tick(t, &c, 39 * hour), 1); /* Thursday, 0:00 */
    JW_CHECK_INT(t, city_notices(t, &c, &wang, "overdue"), 1);
    JW_CHECK_INT(t, city_tick(t, &c, 1), 0);
    JW_CHECK_INT(t, city_tasks(t, &c, &wang, JW_TASKS_LATE), 1);
    JW_CHECK_INT(t, city_notices(t, &c, &zhao, "escalate"), 0);
    city_open(t, &c); /* and while nobody was there: */
    JW_CHECK_INT(t, city_tick(t, &c, 30 * 24 * hour), 1);
    JW_CHECK_INT(t, city_notices(t, &c, &zhao, "escalate"), 1);
    JW_CHECK_INT(t, city_notices(t, &c, &sun, "escalate"), 0);
    JW_CHECK_INT(t, city_tick(t, &c, 30 * 24 * hour), 0);
    city_close(&c);
}

static void a_date_that_is_due_reminds_in_ledgers_without_a_flow(struct jw_test *t) {
    struct city c;
    city_begin(t, &c);
    city_write(&c, "ledgers", "licence",
               "title: 许可\nowner: holder\nfields:\n  name: {title: 名称, type: text}\n"
               "  holder: {title: 持有人, type: person}\n  expires: {title: 到期, type: date, due: true}\n");
    city_open(t, &c);
    city_people(t, &c);
    li = city_holder("li", 2, "1.2.", "");
    JW_CHECK_OK(t, city_change(&c, NULL, "licence", JW_CREATE, 0,
                               "{\"name\": \"a\", \"holder\": 2, \"expires\": \"2026-06-20\"}", &t->err));
    JW_CHECK_INT(t, city_tick(t, &c, 12 * 24 * hour), 1); /* seven days before; thirty were over when it was made */
    JW_CHECK_INT(t, city_notices(t, &c, &li, "due"), 1);
    JW_CHECK_OK(t, city_change(&c, NULL, "licence", JW_CHANGE, 1, "{\"expires\": \"2027-06-20\"}", &t->err));
    JW_CHECK_INT(t, city_tick(t, &c, 30 * 24 * hour), 0); /* renewed: quiet */
    JW_CHECK_INT(t, city_tick(t, &c, 365 * 24 * hour), 4);
    JW_CHECK_INT(t, city_notices(t, &c, &li, "due_over"), 1);
    city_close(&c);
}

static void notices_are_read_by_each_for_himself(struct jw_test *t) {
    struct city c;
    int64_t unread = 0;
    json_t *rows = NULL;
    begin(t, &c);
    struct jw_holder other = city_holder("wang2", 0, "1.2.", "manager");
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 2}", &t->err));
    city_tick(t, &c, 100 * 24 * hour);
    JW_CHECK_OK(t, jw_workflow_notices(c.workflow, &wang, 0, false, 50, &rows, &unread, &t->err));
    JW_CHECK_INT(t, unread, 2);
    json_t *ids = json_pack("[O, i]", json_object_get(json_array_get(rows, 0), "id"), 9999);
    JW_CHECK_OK(t, jw_workflow_read(c.workflow, &wang, ids, &t->err));
    JW_CHECK_OK(t, jw_workflow_read(c.workflow, &sun, ids, &t->err)); /* not his: nothing happens */
    json_decref(rows);
    JW_CHECK_OK(t, jw_workflow_notices(c.workflow, &wang, 0, true, 50, &rows, &unread, &t->err));
    JW_CHECK(t, unread == 1 && json_array_size(rows) == 1);
    json_decref(rows);
    JW_CHECK_OK(t, jw_workflow_notices(c.workflow, &other, 0, true, 50, &rows, &unread, &t->err));
    JW_CHECK(t, unread == 2 && json_array_size(rows) == 2);
    json_decref(rows);
    json_decref(ids);
    city_close(&c);
}

static void what_runs_ends_on_the_version_it_began_with(struct jw_test *t) {
    struct city c;
    char state[64];
    begin(t, &c);
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 2}", &t->err));
    city_write(&c, "workflows", "fixing",
               "title: 新整改\nstates: {begun: {title: 新}, over: {title: 完, final: true}}\n"
               "steps: {finish: {title: 完成, from: begun, to: over, who: {role: manager, at: all}}}\n");
    city_open(t, &c);
    JW_CHECK_OK(t, city_take(&c, &wang, "finding", 1, "accept", NULL, NULL, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(city_state(&c, "finding", 1, state)), JW_TEXT("fixing"));
    JW_CHECK_OK(t, city_change(&c, &zhao, "finding", JW_CREATE, 0, "{\"name\": \"b\"}", &t->err));
    JW_CHECK_OK(t, city_take(&c, &sun, "finding", 2, "finish", NULL, NULL, &t->err));
    city_close(&c);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(a_record_goes_through_its_flow_by_the_right_people),
                                      JW_CASE(fields_that_steps_write_are_written_by_nothing_else),
                                      JW_CASE(what_is_brought_in_stands_where_its_fields_say),
                                      JW_CASE(tasks_lie_with_those_who_must_act_and_follow_the_record),
                                      JW_CASE(tasks_move_with_the_unit),
                                      JW_CASE(a_deadline_reminds_is_overdue_and_escalates_once_each),
                                      JW_CASE(a_date_that_is_due_reminds_in_ledgers_without_a_flow),
                                      JW_CASE(notices_are_read_by_each_for_himself),
                                      JW_CASE(what_runs_ends_on_the_version_it_began_with),
                                      {0}});
}
