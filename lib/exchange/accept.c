/* lib/exchange/accept.c — the plan of a preview becomes changes. All or none is one transaction: a kill in the
 * middle leaves nothing of it, and nothing has to be undone before everybody's eyes. Good rows only are written two
 * hundred at a time, each group together with how far it is, so that what was interrupted goes on behind the last
 * group. A row in the table imports says that a plan was accepted: twice is never. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

#define GROUP    200
#define PROGRESS 100

struct accepting {
    const struct jw_exchange *exchange;
    struct jw_kept kept;
    json_t *report, *errors;
    struct jw_actor actor;
    char why[300];
    int64_t *ids; /* of the records that rows of the file became */
    char *line;   /* of the plan */
    size_t line_room;
    json_t *step, *fields; /* what the change that is made borrows */
    int64_t row, before_id;
    size_t all, lines, written, left_out;
    int64_t past_lines; /* as the table has them; -1: it knows nothing of this import */
    bool good_only, ended;
    json_t *group; /* good_only: the steps of this transaction */
};

static const char *pick(const struct accepting *a, const char *zh, const char *en) {
    return jw_columns_pick(a->exchange->english, zh, en);
}

static int64_t number_of(const json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

/* --- one step --- */
static json_t *read_step(struct accepting *a) {
    ssize_t len = getline(&a->line, &a->line_room, a->kept.plan);
    return len > 0 ? json_loadb(a->line, (size_t)len, 0, NULL) : NULL;
}

static json_t *resolved(const struct accepting *a, const json_t *value) {
    int64_t row = json_integer_value(value) - JW_ROW_FIRST;
    return json_integer(row >= 0 && row <= JW_SHEET_ROWS ? a->ids[row] : json_integer_value(value));
}

/* Numbers that stand for rows of the file become those of records. A reference field holds nothing else so large.
 */
static json_t *resolve(const struct accepting *a, const json_t *fields) {
    const struct jw_ledger *ledger = a->exchange->ledger;
    json_t *out = json_copy((json_t *)(uintptr_t)fields), *item;
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)fields, key, value) {
        int at = jw_ledger_field_find(ledger, jw_text_from(key));
        if (at < 0 || strcmp(ledger->fields[at].type->name, "number") == 0)
            continue;
        if (json_is_integer(value) && json_integer_value(value) >= JW_ROW_FIRST)
            json_object_set_new(out, key, resolved(a, value));
        else if (json_is_array(value)) {
            json_t *list = json_array();
            json_array_foreach(value, i, item)
                json_array_append_new(list, json_is_integer(item) ? resolved(a, item) : json_incref(item));
            json_object_set_new(out, key, list);
        }
    }
    return out;
}

static jw_status fill(struct accepting *a, json_t *step, struct jw_change *out, struct jw_error *err) {
    json_decref(a->step);
    json_decref(a->fields);
    a->step = step;
    a->fields = resolve(a, json_object_get(step, "f"));
    a->row = number_of(step, "r");
    a->before_id = number_of(step, "i");
    *out = (struct jw_change){.ledger = a->exchange->ledger,
                              .deed = a->before_id ? JW_CHANGE : JW_CREATE,
                              .id = a->before_id,
                              .version = number_of(step, "v"),
                              .fields = a->fields,
                              .actor = a->actor};
    if (!a->fields || a->row < 0 || a->row > JW_SHEET_ROWS)
        return jw_fail(err, JW_E_SYSTEM, "the plan of the preview is damaged");
    return a->exchange->prepare ? a->exchange->prepare(a->exchange->context, out, err) : JW_OK;
}

static jw_status on_next(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    struct accepting *a = context;
    if (a->good_only) {
        json_t *step = json_array_get(a->group, i);
        return step ? fill(a, json_incref(step), out, err) : JW_END;
    }
    if (i == 0)
        rewind(a->kept.plan);
    if (i == a->all)
        return JW_END;
    json_t *step = read_step(a);
    return step ? fill(a, step, out, err) : jw_fail(err, JW_E_SYSTEM, "the plan of the preview is damaged");
}

static jw_status on_made(void *context, size_t i, const struct jw_outcome *made, struct jw_error *err) {
    struct accepting *a = context;
    (void)err;
    a->ids[a->row] = made->id;
    if (a->exchange->progress && i % PROGRESS == 0)
        a->exchange->progress(a->exchange->progress_context, a->written + i, a->all);
    return JW_OK;
}

/* --- what is written together with the last change --- */
static jw_status append_proof(struct accepting *a, struct jw_sql *sql, int64_t now, size_t written,
                              struct jw_error *err) {
    char detail[400];
    const char *sm3 = json_string_value(json_object_get(a->report, "sm3"));
    snprintf(detail, sizeof detail, "{\"import\":\"%s\",\"file_sm3\":\"%.64s\",\"written\":%zu,\"left_out\":%zu}",
             a->kept.id, sm3 ? sm3 : "", written, a->left_out);
    struct jw_audit_entry entry = {.at = now,
                                   .who = a->actor.who,
                                   .origin = a->actor.origin,
                                   .action = JW_TEXT("import"),
                                   .object = jw_text_from(a->exchange->ledger->name),
                                   .detail = jw_text_from(detail)};
    return jw_audit_append(sql, &entry, err);
}

/* How far it is. Who accepts the same preview a second time at the same moment finds another number there than
 * expected. */
static jw_status keep_state(struct accepting *a, struct jw_sql *sql, int64_t now, size_t written, bool ended,
                            struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(a->kept.id)),
                             JW_SQL_INT((int64_t)a->lines),
                             JW_SQL_INT((int64_t)written),
                             JW_SQL_INT(ended),
                             JW_SQL_INT(now),
                             JW_SQL_INT(a->past_lines)};
    bool first = a->past_lines < 0;
    jw_status st =
        jw_sql_run(sql,
                   first ? "INSERT INTO imports VALUES ($1, $2, $3, $4, $5)"
                         : "UPDATE imports SET lines = $2, written = $3, ended = $4, at = $5 WHERE id = $1 "
                           "AND lines = $6 AND ended = 0",
                   values, first ? 5 : 6, NULL, NULL, err);
    bool raced = first ? st == JW_E_DENIED : st == JW_OK && jw_sql_changed(sql) == 0;
    return raced ? jw_fail(err, JW_E_DENIED, "%s",
                           pick(a, "这次导入已经执行过了", "this import has been accepted before"))
                 : st;
}

static jw_status on_last(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct accepting *a = context;
    size_t written = a->good_only ? a->written + json_array_size(a->group) : a->all;
    bool ended = !a->good_only || a->ended;
    jw_status st = keep_state(a, sql, now, written, ended, err);
    return st == JW_OK && ended ? append_proof(a, sql, now, written, err) : st;
}

/* --- before --- */
static jw_status make_table(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    char text[256];
    const char *whole = jw_sql_type(sql, JW_SQL_INTEGER);
    (void)context, (void)now;
    snprintf(text, sizeof text,
             "CREATE TABLE IF NOT EXISTS imports (id %s PRIMARY KEY, lines %s NOT NULL, written %s NOT NULL, "
             "ended %s NOT NULL, at %s NOT NULL)",
             jw_sql_type(sql, JW_SQL_TEXT), whole, whole, whole, whole);
    return jw_sql_script(sql, text, err);
}

static jw_status take_past(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct accepting *a = context;
    (void)columns, (void)err;
    a->past_lines = row[0].integer;
    a->lines = (size_t)row[0].integer;
    a->written = (size_t)row[1].integer;
    a->ended = row[2].integer;
    return JW_OK;
}

static jw_status ask_past(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct accepting *a = context;
    jw_sql_value id = JW_SQL_STR(jw_text_from(a->kept.id));
    return jw_sql_run(sql, "SELECT lines, written, ended FROM imports WHERE id = $1", &id, 1, take_past, a, err);
}

static jw_status look_at_past(struct accepting *a, struct jw_error *err) {
    const struct jw_exchange *exchange = a->exchange;
    jw_status st = jw_store_do(exchange->store, make_table, NULL, err);
    if (st == JW_OK)
        st = jw_store_look(exchange->store, ask_past, a, err);
    if (st == JW_OK && (a->ended || (a->lines && !a->good_only)))
        return jw_fail(err, JW_E_DENIED, "%s",
                       pick(a, "这次导入已经执行过了", "this import has been accepted before"));
    return st;
}

static jw_status complain(struct accepting *a, const char *field, const char *rule, const char *text,
                          struct jw_error *err) {
    json_t *entry = json_pack("{sI ss ss ss ss}", "row", (json_int_t)a->row, "cell", "", "field", field, "rule",
                              rule, "text", text);
    if (json_array_size(a->errors) >= JW_EXCHANGE_ERRORS) {
        json_decref(entry);
        return JW_OK;
    }
    return entry && json_array_append_new(a->errors, entry) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* The rights that were there for the preview may have been taken away. */
static jw_status check_step(struct accepting *a, struct jw_rights *rights, struct jw_names *names,
                            const json_t *step, struct jw_error *err) {
    json_t *before = NULL, *after = NULL;
    int64_t id = number_of(step, "i");
    jw_status st = id ? jw_store_get(a->exchange->store, a->exchange->ledger, id, &before, err) : JW_OK;
    if (st == JW_END)
        return JW_OK; /* told as a conflict when it is made */
    if (st == JW_OK)
        st = jw_preview_would_be(a->exchange, names, before, json_object_get(step, "f"), &after, err);
    unsigned may = id ? JW_MAY_CHANGE : JW_MAY_CREATE;
    if (st == JW_OK &&
        !(jw_rights_may_record(rights, may, after) && (!before || jw_rights_may_record(rights, may, before))))
        st = jw_fail(err, JW_E_DENIED,
                     pick(a, "第%lld行：没有权限写这条记录", "row %lld: you may not write this record"),
                     (long long)number_of(step, "r"));
    json_decref(before);
    json_decref(after);
    return st;
}

static jw_status check_rights(struct accepting *a, struct jw_error *err) {
    const struct jw_exchange *exchange = a->exchange;
    JW_AUTO(jw_rights_free_p) struct jw_rights *rights = NULL;
    JW_AUTO(jw_names_free_p) struct jw_names *names = NULL;
    if (exchange->holder->root)
        return JW_OK;
    names = jw_names_new(exchange);
    jw_status st = names ? jw_rights_new(exchange->roles, exchange->ledger, exchange->holder, &rights, err)
                         : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK && !jw_rights_may(rights, JW_MAY_IMPORT))
        st = jw_fail(err, JW_E_DENIED, "%s",
                     pick(a, "没有导入这个台账的权限", "you may not import into this ledger"));
    for (json_t *step; st == JW_OK && (step = read_step(a));) {
        st = check_step(a, rights, names, step, err);
        json_decref(step);
    }
    rewind(a->kept.plan);
    return st;
}

/* --- writing --- */
static jw_status take_faults(struct accepting *a, const struct jw_outcome *outcome, const struct jw_error *why,
                             struct jw_error *err) {
    jw_status st = JW_OK;
    for (size_t i = 0; i < outcome->fault_count && st == JW_OK; i++)
        st = complain(a, outcome->faults[i].field, outcome->faults[i].rule, outcome->faults[i].text, err);
    return outcome->fault_count ? st : complain(a, "", "", why->text, err);
}

static jw_status write_all(struct accepting *a, struct jw_outcome *outcome, struct jw_error *err) {
    const struct jw_batch batch = {a, on_next, on_made, on_last};
    size_t failed;
    if (number_of(a->report, "wrong"))
        return jw_fail(err, JW_E_SYNTAX,
                       pick(a, "有%lld行有错误，什么都没有写入", "%lld rows are wrong: nothing was written"),
                       (long long)number_of(a->report, "wrong"));
    a->lines = a->all;
    jw_status st = jw_store_change_all(a->exchange->store, &batch, &failed, outcome, err);
    if (st == JW_OK)
        a->written = a->all;
    if (st == JW_E_SYNTAX) {
        jw_status told = take_faults(a, outcome, err, err);
        return told == JW_OK ? st : told;
    }
    return st;
}

/* A row that cannot be made any more is left out, and the others of its group are tried again. */
static jw_status write_group(struct accepting *a, struct jw_outcome *outcome, struct jw_error *err) {
    const struct jw_batch batch = {a, on_next, on_made, on_last};
    for (;;) {
        size_t failed;
        jw_status st = jw_store_change_all(a->exchange->store, &batch, &failed, outcome, err);
        if (st == JW_OK) {
            a->written += json_array_size(a->group);
            a->past_lines = (int64_t)a->lines;
        }
        if (st != JW_E_SYNTAX || failed >= json_array_size(a->group))
            return st;
        a->left_out++;
        st = take_faults(a, outcome, err, err);
        if (st != JW_OK)
            return st;
        json_array_remove(a->group, failed);
    }
}

static jw_status write_good(struct accepting *a, struct jw_outcome *outcome, struct jw_error *err) {
    jw_status st = JW_OK;
    for (size_t i = 0; i < a->lines; i++)
        json_decref(read_step(a));
    a->left_out = (size_t)number_of(a->report, "wrong");
    do {
        json_array_clear(a->group);
        json_t *step = NULL;
        while (json_array_size(a->group) < GROUP && (step = read_step(a))) {
            json_array_append_new(a->group, step);
            a->lines++;
        }
        a->ended = step == NULL;
        st = write_group(a, outcome, err);
    } while (st == JW_OK && !a->ended);
    return st;
}

static jw_status write_plan(struct accepting *a, struct jw_error *err) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    a->ids = calloc(JW_SHEET_ROWS + 1, sizeof *a->ids);
    a->all = (size_t)(number_of(a->report, "new") + number_of(a->report, "changed"));
    jw_status st =
        outcome && a->ids && a->group && a->errors ? look_at_past(a, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = check_rights(a, err);
    if (st == JW_OK)
        st = a->good_only ? write_good(a, outcome, err) : write_all(a, outcome, err);
    free(outcome);
    free(a->ids);
    return st;
}

/* The preview of this ledger and this person. */
static bool is_ours(const struct accepting *a) {
    const char *ledger = json_string_value(json_object_get(a->report, "ledger"));
    const char *who = json_string_value(json_object_get(a->report, "who"));
    return ledger && who && strcmp(ledger, a->exchange->ledger->name) == 0 &&
           jw_text_is(jw_text_from(who), a->exchange->actor.who);
}

jw_status jw_exchange_accept(const struct jw_exchange *exchange, jw_text id, bool good_only, json_t **out,
                             struct jw_error *err) {
    struct accepting a = {.exchange = exchange, .good_only = good_only, .actor = exchange->actor, .past_lines = -1};
    *out = NULL;
    jw_status st = jw_kept_open(exchange->folder, id, &a.kept, &a.report, err);
    if (st != JW_OK)
        return st;
    a.errors = json_array();
    a.group = json_array();
    const char *file = json_string_value(json_object_get(a.report, "file"));
    snprintf(a.why, sizeof a.why, "%s%s", pick(&a, "导入 ", "import "), file ? file : "");
    if (!exchange->actor.why.len)
        a.actor.why = jw_text_from(a.why);
    st = is_ours(&a) ? write_plan(&a, err) : JW_END;
    if (st == JW_OK || st == JW_E_SYNTAX)
        *out = json_pack("{ss sI sI sO}", "id", a.kept.id, "written", (json_int_t)a.written, "left_out",
                         (json_int_t)a.left_out, "errors",
                         json_array_size(a.errors) ? a.errors : json_object_get(a.report, "errors"));
    json_decref(a.step);
    json_decref(a.fields);
    json_decref(a.report);
    json_decref(a.errors);
    json_decref(a.group);
    free(a.line);
    fclose(a.kept.plan);
    return st;
}
