/* lib/workflow/step.c — may this holder take this step now, and if not, why not. */
#include "parts.h"

#include <string.h>

struct row {
    char account[JW_RIGHTS_NAME], behalf[JW_RIGHTS_NAME], steps[JW_RIGHTS_PLACE];
    int64_t person, behalf_person, line;
    bool found;
};

/* Columns: who, person, behalf, behalf_person, and a text or a number. */
static jw_status take_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct row *out = context;
    (void)err;
    snprintf(out->account, sizeof out->account, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    out->person = row[1].integer;
    snprintf(out->behalf, sizeof out->behalf, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    out->behalf_person = row[3].integer;
    if (columns > 4)
        snprintf(out->steps, sizeof out->steps, "%.*s", (int)row[4].text.len, row[4].text.ptr);
    out->found = true;
    return JW_OK;
}

/* Two names of somebody: an account, or a person. */
static bool same(const char *account, int64_t person, const char *other, int64_t other_person) {
    return (*account && strcmp(account, other) == 0) || (person && person == other_person);
}

static bool is_row(const struct row *row, const char *account, int64_t person) {
    return row->found && (same(account, person, row->account, row->person) ||
                          same(account, person, row->behalf, row->behalf_person));
}

static jw_status is_barred_line(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                                const struct jw_holder *holder, const struct jw_flow_who *who, bool *is,
                                struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    struct row row = {.found = false};
    if (who->whose == JW_WHOSE_PREVIOUS) {
        *is = same(holder->account, holder->person, run->last, run->last_person) ||
              same(holder->account, holder->person, run->behalf, run->behalf_person);
        return JW_OK;
    }
    if (who->whose == JW_WHOSE_DID) {
        jw_sql_value values[] = {JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_S(who->name)};
        jw_status st =
            jw_sql_run(scene->sql,
                       "SELECT who, person, behalf, behalf_person FROM flow_steps WHERE ledger = $1 AND record "
                       "= $2 AND step = $3 AND kind = 'step' ORDER BY seq DESC LIMIT 1",
                       values, 3, take_row, &row, err);
        *is = is_row(&row, holder->account, holder->person);
        return st;
    }
    struct jw_flow_people people = {(struct jw_flow_who *)(uintptr_t)who, 1};
    return jw_people_has(workflow, scene, holder, &people, is, NULL, err);
}

static jw_status is_barred(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                           const struct jw_holder *holder, const struct jw_flow_step *step, char why[JW_WHY],
                           struct jw_error *err) {
    static const char *const texts[] = {"持有该角色的人",     "责任人",        "经办人（建立者）", "该字段中的人",
                                        "办理过指定步骤的人", "上一步的办理人"}; /* in the order of jw_flow_whose */
    jw_status st = JW_OK;
    bool is = false;
    for (size_t i = 0; i < step->barred.count && st == JW_OK && !is; i++) {
        st = is_barred_line(workflow, scene, holder, &step->barred.list[i], &is, err);
        if (is)
            snprintf(why, JW_WHY, "%s不能办理“%s”，须由另一人办理", texts[step->barred.list[i].whose],
                     step->title.zh);
    }
    return st;
}

/* Somebody who may lets the holder act: the row says which steps, ",accept:0,refuse:1,". */
static jw_status find_delegation(const struct jw_flow_scene *scene, const struct jw_holder *holder,
                                 const struct jw_flow_step *step, bool *is, size_t *line,
                                 struct jw_audience *behalf, struct jw_error *err) {
    struct row row = {.found = false};
    char mark[JW_LEDGER_NAME + 8];
    jw_sql_value values[] = {JW_S(scene->run->ledger->name), JW_SQL_INT(scene->run->record),
                             JW_SQL_INT(holder->person ? holder->person : -1)};
    jw_status st =
        jw_sql_run(scene->sql,
                   "SELECT account, person, behalf, behalf_person, place FROM flow_tasks WHERE ledger = $1 AND "
                   "record = $2 AND person = $3 AND (behalf <> '' OR behalf_person <> 0) ORDER BY seq LIMIT 1",
                   values, 3, take_row, &row, err);
    snprintf(mark, sizeof mark, ",%s:", step->name);
    const char *at = row.found ? strstr(row.steps, mark) : NULL;
    *is = at;
    if (!at)
        return st;
    int64_t number = 0;
    jw_text digits = {at + strlen(mark), strcspn(at + strlen(mark), ",")};
    if (jw_text_i64(digits, &number))
        *line = (size_t)number;
    snprintf(behalf->account, sizeof behalf->account, "%s", row.behalf);
    behalf->person = row.behalf_person;
    return st;
}

static jw_status has_signed(const struct jw_flow_scene *scene, const struct jw_holder *holder,
                            const struct jw_flow_step *step, const struct jw_audience *behalf, bool *is,
                            struct jw_error *err) {
    struct jw_arena *mem = jw_arena_new(4096);
    jw_sql_value found = {0};
    jw_sql_value values[] = {JW_S(scene->run->ledger->name),
                             JW_SQL_INT(scene->run->record),
                             JW_SQL_INT(scene->run->round),
                             JW_S(step->name),
                             JW_S(*holder->account ? holder->account : "\x01"),
                             JW_SQL_INT(holder->person ? holder->person : -1),
                             JW_S(*behalf->account ? behalf->account : "\x01"),
                             JW_SQL_INT(behalf->person ? behalf->person : -1)};
    jw_status st =
        mem ? jw_sql_one(scene->sql,
                         "SELECT count(*) FROM flow_steps WHERE ledger = $1 AND record = $2 AND round = $3 AND "
                         "step = $4 AND kind = 'sign' AND (who IN ($5, $7) OR person IN ($6, $8) OR behalf IN "
                         "($5, $7) OR behalf_person IN ($6, $8))",
                         values, 8, mem, &found, err)
            : jw_fail(err, JW_E_LIMIT, "no memory");
    *is = found.integer > 0;
    jw_arena_free(mem);
    return st;
}

static bool is_line_signed(const struct jw_flow_scene *scene, const struct jw_flow_step *step, size_t line,
                           jw_status *st, struct jw_error *err) {
    struct jw_arena *mem = jw_arena_new(4096);
    jw_sql_value found = {0};
    jw_sql_value values[] = {JW_S(scene->run->ledger->name), JW_SQL_INT(scene->run->record),
                             JW_SQL_INT(scene->run->round), JW_S(step->name), JW_SQL_INT((int64_t)line)};
    *st =
        mem ? jw_sql_one(
                  scene->sql,
                  "SELECT count(*) FROM flow_steps WHERE ledger = $1 AND record = $2 AND round = $3 AND step = $4 "
                  "AND kind = 'sign' AND line = $5",
                  values, 5, mem, &found, err)
            : jw_fail(err, JW_E_LIMIT, "no memory");
    jw_arena_free(mem);
    return *st == JW_OK && found.integer > 0;
}

/* The first of the holder's lines that nobody has signed for. */
static jw_status find_line(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                           const struct jw_holder *holder, const struct jw_flow_step *step, bool *is, size_t *line,
                           struct jw_error *err) {
    *line = 0;
    jw_status st = jw_people_has(workflow, scene, holder, &step->who, is, line, err);
    while (st == JW_OK && *is && step->agree == JW_AGREE_EACH && is_line_signed(scene, step, *line, &st, err) &&
           *line + 1 < step->who.count) {
        (*line)++;
        st = jw_people_has(workflow, scene, holder, &step->who, is, line, err);
    }
    return st;
}

jw_status jw_step_may(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                      const struct jw_holder *holder, const struct jw_flow_step *step, char why[JW_WHY],
                      size_t *line, struct jw_audience *behalf, struct jw_error *err) {
    const struct jw_flow_run *run = scene->run;
    bool is = false, did = false;
    *why = '\0';
    *line = 0;
    *behalf = (struct jw_audience){0};
    if (!(step->from >> run->state & 1)) {
        snprintf(why, JW_WHY, "当前是“%s”，不能办理“%s”", run->flow->states[run->state].title.zh, step->title.zh);
        return JW_OK;
    }
    if (step->who.count == 0) {
        snprintf(why, JW_WHY, "“%s”由系统自动办理", step->title.zh);
        return JW_OK;
    }
    jw_status st = find_line(workflow, scene, holder, step, &is, line, err);
    if (st == JW_OK && !is)
        st = find_delegation(scene, holder, step, &is, line, behalf, err);
    if (st == JW_OK && !is)
        snprintf(why, JW_WHY, "“%s”由其他角色或人员办理", step->title.zh);
    if (st != JW_OK || !is)
        return st;
    if (!holder->root)
        st = is_barred(workflow, scene, holder, step, why, err);
    if (st == JW_OK && !*why && (*behalf->account || behalf->person)) {
        struct jw_holder other = {.person = behalf->person};
        snprintf(other.account, sizeof other.account, "%s", behalf->account);
        st = is_barred(workflow, scene, &other, step, why, err);
    }
    if (st == JW_OK && !*why && step->agree && step->agree != 1)
        st = has_signed(scene, holder, step, behalf, &did, err);
    if (did)
        snprintf(why, JW_WHY, "您已签署“%s”，等待其他人员", step->title.zh);
    else if (st == JW_OK && !*why && step->agree == JW_AGREE_EACH && is_line_signed(scene, step, *line, &st, err))
        snprintf(why, JW_WHY, "您这一方已有人签署“%s”", step->title.zh);
    return st;
}
