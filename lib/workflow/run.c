/* lib/workflow/run.c — one record on its way: its row, its tasks, its diary. */
#include "parts.h"

#include <string.h>

struct reading {
    struct jw_flow_run *run;
    char flow[JW_LEDGER_NAME], digest[65], state[JW_LEDGER_NAME];
    bool found;
};

static void copy(char *out, size_t room, const jw_sql_value *value) {
    snprintf(out, room, "%.*s", (int)value->text.len, value->text.ptr);
}

static jw_status take_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct reading *reading = context;
    struct jw_flow_run *run = reading->run;
    (void)columns, (void)err;
    copy(reading->flow, sizeof reading->flow, &row[0]);
    copy(reading->digest, sizeof reading->digest, &row[1]);
    copy(reading->state, sizeof reading->state, &row[2]);
    run->round = row[3].integer;
    run->entered_at = row[4].integer;
    run->deadline = row[5].integer;
    run->started_at = row[6].integer;
    run->ended_at = row[7].integer;
    run->extended = row[8].integer;
    copy(run->place, sizeof run->place, &row[9]);
    copy(run->maker, sizeof run->maker, &row[10]);
    run->maker_person = row[11].integer;
    copy(run->last, sizeof run->last, &row[12]);
    run->last_person = row[13].integer;
    copy(run->behalf, sizeof run->behalf, &row[14]);
    run->behalf_person = row[15].integer;
    reading->found = true;
    return JW_OK;
}

jw_status jw_run_read(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_ledger *ledger, int64_t id,
                      struct jw_flow_run *out, struct jw_error *err) {
    struct reading reading = {.run = out};
    jw_sql_value values[] = {JW_S(ledger->name), JW_SQL_INT(id)};
    *out = (struct jw_flow_run){.ledger = ledger, .record = id};
    jw_status st =
        jw_sql_run(sql,
                   "SELECT flow, digest, state, round, entered_at, deadline, started_at, ended_at, extended, "
                   "place, maker, maker_person, last, last_person, behalf, behalf_person FROM flow_runs "
                   "WHERE ledger = $1 AND record = $2",
                   values, 2, take_row, &reading, err);
    if (st != JW_OK)
        return st;
    if (!reading.found)
        return JW_END;
    st = jw_flow_version(workflow, sql, reading.flow, reading.digest, &out->flow, err);
    if (st != JW_OK)
        return st;
    out->state = jw_flow_state_find(out->flow, jw_text_from(reading.state));
    return out->state >= 0 ? JW_OK
                           : jw_fail(err, JW_E_SYSTEM, "%s/%lld: its state is not of its workflow", ledger->name,
                                     (long long)id);
}

jw_status jw_run_write(struct jw_sql *sql, const struct jw_flow_run *run, struct jw_error *err) {
    return jw_flow_sql(
        sql, err,
        "INSERT INTO flow_runs VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
        "$18) "
        "ON CONFLICT (ledger, record) DO UPDATE SET state = excluded.state, round = excluded.round, entered_at = "
        "excluded.entered_at, deadline = excluded.deadline, ended_at = excluded.ended_at, extended = "
        "excluded.extended, "
        "place = excluded.place, last = excluded.last, last_person = excluded.last_person, behalf = "
        "excluded.behalf, "
        "behalf_person = excluded.behalf_person",
        18, JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_S(run->flow->name), JW_S(run->flow->digest),
        JW_S(run->flow->states[run->state].name), JW_SQL_INT(run->round), JW_SQL_INT(run->entered_at),
        JW_SQL_INT(run->deadline), JW_SQL_INT(run->started_at), JW_SQL_INT(run->ended_at),
        JW_SQL_INT(run->extended), JW_S(run->place), JW_S(run->maker), JW_SQL_INT(run->maker_person),
        JW_S(run->last), JW_SQL_INT(run->last_person), JW_S(run->behalf), JW_SQL_INT(run->behalf_person));
}

jw_status jw_run_end(struct jw_sql *sql, const char *ledger, int64_t id, struct jw_error *err) {
    static const char *const texts[] = {
        "DELETE FROM flow_tasks WHERE ledger = $1 AND record = $2",
        "DELETE FROM flow_asks WHERE ledger = $1 AND record = $2",
        "DELETE FROM flow_timers WHERE ledger = $1 AND record = $2 AND name LIKE 'state:%'",
    };
    jw_status st = JW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == JW_OK; i++)
        st = jw_flow_sql(sql, err, texts[i], 2, JW_S(ledger), JW_SQL_INT(id));
    return st;
}

/* --- tasks
 * ----------------------------------------------------------------------------------------------------------- */
struct making {
    struct jw_workflow *workflow;
    const struct jw_flow_scene *scene;
    struct jw_audience made[JW_FLOW_PEOPLE * 4];
    size_t count;
};

static bool is_made(const struct making *m, const struct jw_audience *audience) {
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->made[i].role, audience->role) == 0 && strcmp(m->made[i].place, audience->place) == 0 &&
            strcmp(m->made[i].account, audience->account) == 0 && m->made[i].reach == audience->reach &&
            m->made[i].person == audience->person)
            return true;
    return m->count == sizeof m->made / sizeof *m->made;
}

static jw_status make_task(struct making *m, const struct jw_audience *audience, struct jw_error *err) {
    const struct jw_flow_run *run = m->scene->run;
    if (is_made(m, audience))
        return JW_OK;
    m->made[m->count++] = *audience;
    return jw_flow_sql(
        m->scene->sql, err, "INSERT INTO flow_tasks VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, $10, $11)",
        11, JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT((int64_t)m->count), JW_S(audience->role),
        JW_S(audience->place), JW_SQL_INT(audience->reach), JW_SQL_INT(audience->person), JW_S(audience->account),
        JW_S(run->place), JW_SQL_INT(run->entered_at), JW_SQL_INT(run->deadline));
}

static jw_status make_tasks(struct jw_workflow *workflow, const struct jw_flow_scene *scene, struct jw_error *err) {
    struct making m = {workflow, scene, .count = 0};
    const struct jw_flow_run *run = scene->run;
    struct jw_audience audience;
    bool somebody;
    jw_status st = JW_OK;
    if (run->ended_at)
        return JW_OK;
    for (size_t i = 0; i < run->flow->step_count && st == JW_OK; i++) {
        const struct jw_flow_step *step = &run->flow->steps[i];
        if (step->quiet || !(step->from >> run->state & 1))
            continue;
        for (size_t k = 0; k < step->who.count && st == JW_OK; k++) {
            st = jw_people_audience(scene, &step->who.list[k], &audience, &somebody, err);
            if (st == JW_OK && somebody)
                st = make_task(&m, &audience, err);
        }
    }
    return st;
}

/* --- entering a state
 * ------------------------------------------------------------------------------------------------ */
static void set_place(struct jw_flow_run *run, const json_t *record) {
    const char *place = json_string_value(json_object_get(record, "place"));
    snprintf(run->place, sizeof run->place, "%s", place ? place : "");
}

jw_status jw_run_enter(struct jw_workflow *workflow, struct jw_sql *sql, struct jw_flow_run *run,
                       const json_t *record, struct jw_error *err) {
    struct jw_flow_scene scene = {sql, run, record};
    const struct jw_flow_state *state = &run->flow->states[run->state];
    set_place(run, record);
    run->entered_at = jw_flow_now(workflow);
    run->round++;
    run->extended = 0;
    run->ended_at = state->final ? run->entered_at : 0;
    run->deadline = jw_deadline_of(workflow, state, record, run->entered_at);
    jw_status st = jw_run_end(sql, run->ledger->name, run->record, err);
    if (st == JW_OK)
        st = jw_run_write(sql, run, err);
    if (st == JW_OK)
        st = make_tasks(workflow, &scene, err);
    if (st == JW_OK)
        st = jw_timer_state(workflow, sql, run, err);
    if (st == JW_OK && state->wait >= 0) /* perhaps there is nothing to wait for */
        st = jw_timer_set(sql, run->ledger->name, run->record, "wait", run->entered_at, err);
    return st;
}

jw_status jw_run_follow(struct jw_workflow *workflow, struct jw_sql *sql, struct jw_flow_run *run,
                        const json_t *record, struct jw_error *err) {
    struct jw_flow_scene scene = {sql, run, record};
    set_place(run, record);
    if (run->ended_at)
        return jw_run_write(sql, run, err);
    if (!run->extended) /* what was granted stays */
        run->deadline = jw_deadline_of(workflow, &run->flow->states[run->state], record, run->entered_at);
    jw_status st = jw_flow_sql(sql, err, "DELETE FROM flow_tasks WHERE ledger = $1 AND record = $2 AND seq < 1000",
                               2, JW_S(run->ledger->name), JW_SQL_INT(run->record));
    if (st == JW_OK)
        st = jw_flow_sql(
            sql, err, "UPDATE flow_tasks SET deadline = $3, unit = $4 WHERE ledger = $1 AND record = $2", 4,
            JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT(run->deadline), JW_S(run->place));
    if (st == JW_OK)
        st = jw_run_write(sql, run, err);
    if (st == JW_OK)
        st = make_tasks(workflow, &scene, err);
    if (st == JW_OK)
        st = jw_timer_state(workflow, sql, run, err);
    return st;
}

/* --- the diary
 * ------------------------------------------------------------------------------------------------------- */
jw_status jw_run_note(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                      const struct jw_holder *holder, const struct jw_flow_entry *entry, struct jw_error *err) {
    const struct jw_flow_state *states = run->flow->states;
    return jw_flow_sql(sql, err,
                       "INSERT INTO flow_steps SELECT $1, $2, (SELECT coalesce(max(seq), 0) + 1 FROM flow_steps "
                       "WHERE ledger = $1 AND "
                       "record = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16",
                       16, JW_S(run->ledger->name), JW_SQL_INT(run->record), JW_SQL_INT(run->round),
                       JW_SQL_INT(jw_flow_now(workflow)), JW_S(entry->kind), JW_S(entry->step ? entry->step : ""),
                       JW_S(entry->from >= 0 ? states[entry->from].name : ""),
                       JW_S(entry->to >= 0 ? states[entry->to].name : ""), JW_S(holder ? holder->account : ""),
                       JW_SQL_INT(holder ? holder->person : 0), JW_S(entry->behalf ? entry->behalf : ""),
                       JW_SQL_INT(entry->behalf_person), JW_SQL_INT(entry->line), JW_SQL_INT(entry->version),
                       JW_SQL_STR(entry->origin), JW_SQL_STR(entry->reason));
}
