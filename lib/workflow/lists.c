/* lib/workflow/lists.c — what waits for a person: tasks, and messages with whether they were read. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/day.h"

/* Everything that a question to the database needs. */
struct asking {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    jw_buffer text;
    jw_sql_value values[JW_PEOPLE_VALUES + 2 * JW_RIGHTS_GRANTS + 8];
    size_t count;
    char ends[2 * JW_RIGHTS_GRANTS + 16][JW_RIGHTS_PLACE];
    json_t *rows;
    int64_t now, before, unread;
    size_t limit;
    jw_task_which which;
    bool unread_only;
};

static size_t bind(struct asking *a, jw_sql_value value) {
    a->values[a->count++] = value;
    return a->count;
}

static jw_status ask(struct asking *a, struct jw_sql *sql, jw_sql_each each, struct jw_error *err) {
    jw_buffer_byte(&a->text, '\0');
    jw_status st = a->text.failed ? jw_fail(err, JW_E_LIMIT, "no memory")
                                  : jw_sql_run(sql, a->text.ptr, a->values, a->count, each, a, err);
    jw_buffer_clear(&a->text);
    a->count = 0;
    return st;
}

/* --- tasks
 * -------------------------------------------------------------------------------------------------------------- */
static json_t *label(const struct jw_ledger_label *text) {
    return json_pack("{ss ss}", "zh", text->zh, "en", text->en);
}

static jw_status add_task(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct asking *a = context;
    const struct jw_flow *flow = jw_flows_find(a->workflow->options.flows, row[2].text);
    int state = flow ? jw_flow_state_find(flow, row[3].text) : -1;
    json_t *task = json_pack("{ss% sI ss% ss% sI sb ss% sI}", "ledger", row[0].text.ptr, row[0].text.len, "id",
                             (json_int_t)row[1].integer, "flow", row[2].text.ptr, row[2].text.len, "state",
                             row[3].text.ptr, row[3].text.len, "since", (json_int_t)row[4].integer, "late",
                             row[5].integer && row[5].integer < a->now, "role", row[6].text.ptr, row[6].text.len,
                             "person", (json_int_t)row[7].integer);
    (void)columns;
    if (!task || json_array_append_new(a->rows, task) < 0)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    json_object_set_new(task, "deadline", row[5].integer ? json_integer(row[5].integer) : json_null());
    if (flow)
        json_object_set_new(task, "flow_title", label(&flow->title));
    if (state >= 0)
        json_object_set_new(task, "state_title", label(&flow->states[state].title));
    return JW_OK;
}

/* Records of the holder's own unit and of those where a role was given, and below. */
static void add_units(struct asking *a) {
    jw_buffer_print(&a->text, "(1 = %d", a->holder->root);
    for (size_t i = 0; i <= a->holder->grant_count; i++) {
        const char *place = i < a->holder->grant_count ? a->holder->grants[i].place : "";
        char *end = a->ends[JW_RIGHTS_GRANTS + 15 + i % (JW_RIGHTS_GRANTS + 1)];
        place = *place ? place : a->holder->place;
        if (!*place)
            continue;
        snprintf(end, JW_RIGHTS_PLACE, "%s", place);
        end[strlen(end) - 1] = '/';
        size_t from = bind(a, JW_S(place)), to = bind(a, JW_S(end));
        jw_buffer_print(&a->text, " OR (t.unit >= $%zu AND t.unit < $%zu)", from, to);
    }
    jw_buffer_print(&a->text, ")");
}

static jw_status look_for_tasks(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct asking *a = context;
    jw_buffer_print(&a->text,
                    "SELECT t.ledger, t.record, r.flow, r.state, r.entered_at, t.deadline, min(t.role), "
                    "min(t.person) FROM flow_tasks t JOIN (SELECT ledger AS its_ledger, record AS "
                    "its_record, flow, state, entered_at, round FROM flow_runs) r ON r.its_ledger = t.ledger AND "
                    "r.its_record = t.record WHERE ");
    if (a->which == JW_TASKS_UNITS) {
        add_units(a);
    } else {
        jw_people_condition(a->workflow, a->holder, &a->text, a->values, &a->count, a->ends);
        size_t who = bind(a, JW_S(*a->holder->account ? a->holder->account : "\x01"));
        size_t person = bind(a, JW_SQL_INT(a->holder->person ? a->holder->person : -1));
        jw_buffer_print(
            &a->text,
            " AND NOT EXISTS (SELECT 1 FROM flow_steps s WHERE s.ledger = t.ledger AND s.record = t.record AND "
            "s.round = r.round AND s.kind = 'sign' AND (s.who = $%zu OR s.person = $%zu))",
            who, person);
    }
    if (a->which == JW_TASKS_LATE)
        jw_buffer_print(&a->text, " AND t.deadline > 0 AND t.deadline < $%zu", bind(a, JW_SQL_INT(a->now)));
    jw_buffer_print(
        &a->text,
        " GROUP BY t.ledger, t.record, r.flow, r.state, r.entered_at, t.deadline ORDER BY CASE WHEN t.deadline "
        "= 0 THEN 1 ELSE 0 END, t.deadline, r.entered_at, t.ledger, t.record LIMIT $%zu",
        bind(a, JW_SQL_INT((int64_t)a->limit)));
    return ask(a, sql, add_task, err);
}

static struct asking *begin(struct jw_workflow *workflow, const struct jw_holder *holder) {
    struct asking *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->workflow = workflow;
    a->holder = holder;
    a->text = JW_BUFFER(128 << 10);
    a->rows = json_array();
    a->now = jw_flow_now(workflow);
    return a;
}

static jw_status finish(struct asking *a, jw_status st, json_t **out) {
    jw_buffer_free(&a->text);
    if (st == JW_OK && out)
        *out = a->rows;
    else
        json_decref(a->rows);
    free(a);
    return st;
}

jw_status jw_workflow_tasks(struct jw_workflow *workflow, const struct jw_holder *holder, jw_task_which which,
                            size_t limit, json_t **out, struct jw_error *err) {
    struct asking *a = begin(workflow, holder);
    if (!a)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    a->which = which;
    a->limit = limit < JW_TASKS_PAGE ? limit : JW_TASKS_PAGE;
    return finish(a, jw_store_look(workflow->options.store, look_for_tasks, a, err), out);
}

/* --- notices
 * -------------------------------------------------------------------------------------------------------------- */
static const char *text_of(const json_t *detail, const char *key) {
    const char *text = json_string_value(json_object_get(detail, key));
    return text ? text : "";
}

/* Sentences for people; what the record is called is added where it may be read. */
static json_t *sentence(jw_text kind, const json_t *detail) {
    static const struct {
        const char *kind, *zh, *en;
    } texts[] = {
        {"remind", "“%s”将于%s到期", "“%s” must be done by %s"},
        {"overdue", "“%s”已逾期（期限%s）", "“%s” is overdue since %s"},
        {"escalate", "下级“%s”逾期未办（期限%s），请督办", "“%s” below you is overdue since %s"},
        {"urge", "催办：“%s”请尽快办理（%s）", "You are urged to act on “%s” (%s)"},
        {"delegate", "“%s”委托您办理（%s）", "“%s” was delegated to you (%s)"},
        {"ask", "“%s”申请延期至%s", "More time is asked for “%s”, until %s"},
        {"grant", "“%s”的延期申请已批准，期限%s", "“%s”: more time was granted, until %s"},
        {"refuse", "“%s”的延期申请未获批准（%s）", "“%s”: more time was refused (%s)"},
        {"ended", "您提交的事项已办结：%s%s", "What you began has ended: %s%s"},
        {"due", "“%s”将于%s到期", "“%s” is due on %s"},
        {"due_over", "“%s”已于%s到期", "“%s” was due on %s"},
        {"opened_failed", "“%s”未能建立下级事项：%s", "“%s”: records could not be opened: %s"},
    };
    char zh[512], en[512];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!jw_text_is(kind, jw_text_from(texts[i].kind)))
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(zh, sizeof zh, texts[i].zh, text_of(detail, "zh"), text_of(detail, "when"));
        snprintf(en, sizeof en, texts[i].en, text_of(detail, "en"), text_of(detail, "when"));
#pragma GCC diagnostic pop
        return json_pack("{ss ss}", "zh", zh, "en", en);
    }
    return json_pack("{ss% ss%}", "zh", kind.ptr, kind.len, "en", kind.ptr, kind.len);
}

static jw_status add_notice(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct asking *a = context;
    json_t *detail = json_loadb(row[5].text.ptr, row[5].text.len, 0, NULL);
    json_t *notice = json_pack("{sI sI ss% ss% sI sb so*}", "id", (json_int_t)row[0].integer, "at",
                               (json_int_t)row[1].integer, "kind", row[2].text.ptr, row[2].text.len, "ledger",
                               row[3].text.ptr, row[3].text.len, "record", (json_int_t)row[4].integer, "read",
                               (int)(row[6].integer != 0), "text", sentence(row[2].text, detail));
    (void)columns;
    json_decref(detail);
    return notice && json_array_append_new(a->rows, notice) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status take_count(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct asking *a = context;
    (void)columns, (void)err;
    a->unread = row[0].integer;
    return JW_OK;
}

static void add_unread(struct asking *a) {
    size_t who = bind(a, JW_S(a->holder->account));
    jw_buffer_print(&a->text,
                    " AND NOT EXISTS (SELECT 1 FROM flow_reads d WHERE d.notice = n.id AND d.account = $%zu)", who);
}

static jw_status look_for_notices(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct asking *a = context;
    size_t who = bind(a, JW_S(a->holder->account));
    jw_buffer_print(
        &a->text,
        "SELECT n.id, n.at, n.kind, n.ledger, n.record, n.detail, (SELECT count(*) FROM flow_reads d WHERE "
        "d.notice = n.id AND d.account = $%zu) FROM flow_notices n WHERE ",
        who);
    jw_people_condition(a->workflow, a->holder, &a->text, a->values, &a->count, a->ends);
    if (a->before)
        jw_buffer_print(&a->text, " AND n.id < $%zu", bind(a, JW_SQL_INT(a->before)));
    if (a->unread_only)
        add_unread(a);
    jw_buffer_print(&a->text, " ORDER BY n.id DESC LIMIT $%zu", bind(a, JW_SQL_INT((int64_t)a->limit)));
    jw_status st = ask(a, sql, add_notice, err);
    if (st != JW_OK)
        return st;
    jw_buffer_print(&a->text, "SELECT count(*) FROM flow_notices n WHERE ");
    jw_people_condition(a->workflow, a->holder, &a->text, a->values, &a->count, a->ends);
    add_unread(a);
    return ask(a, sql, take_count, err);
}

jw_status jw_workflow_notices(struct jw_workflow *workflow, const struct jw_holder *holder, int64_t before,
                              bool unread_only, size_t limit, json_t **out, int64_t *unread, struct jw_error *err) {
    struct asking *a = begin(workflow, holder);
    if (!a)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    a->before = before;
    a->unread_only = unread_only;
    a->limit = limit < JW_TASKS_PAGE ? limit : JW_TASKS_PAGE;
    jw_status st = jw_store_look(workflow->options.store, look_for_notices, a, err);
    if (unread)
        *unread = a->unread;
    return finish(a, st, out);
}

struct marking {
    struct asking *asking;
    const json_t *ids;
};

static jw_status mark(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct marking *m = context;
    struct asking *a = m->asking;
    jw_status st = JW_OK;
    for (size_t i = 0; i < json_array_size(m->ids) && st == JW_OK; i++) {
        size_t id = bind(a, JW_SQL_INT(json_integer_value(json_array_get(m->ids, i))));
        size_t who = bind(a, JW_S(a->holder->account)), at = bind(a, JW_SQL_INT(now));
        jw_buffer_print(&a->text,
                        "INSERT INTO flow_reads SELECT n.id, $%zu, $%zu FROM flow_notices n WHERE n.id = $%zu AND ",
                        who, at, id);
        jw_people_condition(a->workflow, a->holder, &a->text, a->values, &a->count, a->ends);
        jw_buffer_print(&a->text, " ON CONFLICT (notice, account) DO NOTHING");
        st = ask(a, sql, NULL, err);
    }
    return st;
}

jw_status jw_workflow_read(struct jw_workflow *workflow, const struct jw_holder *holder, const json_t *ids,
                           struct jw_error *err) {
    struct asking *a = begin(workflow, holder);
    struct marking m = {a, ids};
    if (!a)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    if (!json_is_array(ids) || json_array_size(ids) > JW_TASKS_PAGE)
        return finish(a, jw_fail(err, JW_E_SYNTAX, "wants a list of at most %d numbers of notices", JW_TASKS_PAGE),
                      NULL);
    return finish(a, jw_store_do(workflow->options.store, mark, &m, err), NULL);
}
