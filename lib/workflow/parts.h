/* lib/workflow/parts.h — what the files of the engine share. */
#pragma once
#include <pthread.h>

#include "workflow.h"

#define JW_FLOW_MEM   ((size_t)8 << 20) /* of one call */
#define JW_FLOW_CACHE 64                /* versions of flows that records began with and no file says any more */

struct jw_workflow {
    struct jw_workflow_options options;
    pthread_mutex_t lock; /* of `former` */
    struct jw_flow *former[JW_FLOW_CACHE];
    size_t former_count;
};

/* One record on its way through a flow. */
struct jw_flow_run {
    const struct jw_flow *flow;
    const struct jw_ledger *ledger;
    int64_t record;
    int state;
    int64_t round; /* counts states that were entered */
    int64_t entered_at, deadline, started_at, ended_at;
    int64_t extended; /* times, since the state was entered */
    char place[JW_RIGHTS_PLACE];
    char maker[JW_RIGHTS_NAME], last[JW_RIGHTS_NAME],
        behalf[JW_RIGHTS_NAME]; /* accounts; behalf: of the last step */
    int64_t maker_person, last_person, behalf_person;
};

/* engine.c */
int64_t jw_flow_now(const struct jw_workflow *workflow);
/* The flow of this version, from the files or from the database. JW_END: nobody knows it. */
jw_status jw_flow_version(struct jw_workflow *workflow, struct jw_sql *sql, const char *name, const char *digest,
                          const struct jw_flow **out, struct jw_error *err);
/* Runs a statement whose values are $1, $2 …: (…, 2, JW_SQL_INT(1), JW_SQL_STR(text)) */
jw_status jw_flow_sql(struct jw_sql *sql, struct jw_error *err, const char *text, size_t count, ...);
#define JW_S(cstr) JW_SQL_STR(jw_text_from(cstr))
jw_status jw_flow_audit(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_holder *holder,
                        jw_text origin, const char *action, const struct jw_flow_run *run, json_t *detail,
                        struct jw_error *err);

/* run.c */
/* JW_END: the record follows no flow. */
jw_status jw_run_read(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_ledger *ledger, int64_t id,
                      struct jw_flow_run *out, struct jw_error *err);
/* Writes the run as it is; tasks, timers and questions of the state it leaves are gone, those of the one it enters
 * made. `record` as it is now. */
jw_status jw_run_enter(struct jw_workflow *workflow, struct jw_sql *sql, struct jw_flow_run *run,
                       const json_t *record, struct jw_error *err);
/* The same state with other people, unit or dates. */
jw_status jw_run_follow(struct jw_workflow *workflow, struct jw_sql *sql, struct jw_flow_run *run,
                        const json_t *record, struct jw_error *err);
jw_status jw_run_end(struct jw_sql *sql, const char *ledger, int64_t id,
                     struct jw_error *err); /* tasks, timers, questions */
jw_status jw_run_write(struct jw_sql *sql, const struct jw_flow_run *run, struct jw_error *err);
/* A line of its diary. kind: start, step, sign, withdraw, urge, delegate, ask, grant, refuse, late. */
struct jw_flow_entry {
    const char *kind, *step;
    int from, to;
    jw_text reason, origin;
    const char *behalf;
    int64_t behalf_person, line; /* line: of `who`, for signatures; the person, for delegations */
    int64_t version;             /* of the record with it; 0: the record did not change */
};
jw_status jw_run_note(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                      const struct jw_holder *holder, const struct jw_flow_entry *entry, struct jw_error *err);

/* people.c: a line of `who` for one record. */
struct jw_flow_scene {
    struct jw_sql *sql;
    const struct jw_flow_run *run;
    const json_t *record;
};
enum jw_reach { JW_REACH_ALL, JW_REACH_EXACT, JW_REACH_COVERS };
/* Whom a task or notice is for: a role and a place, or a person, or an account. */
struct jw_audience {
    char role[JW_LEDGER_NAME], place[JW_RIGHTS_PLACE], account[JW_RIGHTS_NAME];
    enum jw_reach reach;
    int64_t person;
};
bool jw_people_parent(const char *place, char out[JW_RIGHTS_PLACE]); /* false: it has none; out is `place` itself */
/* False: nobody (the field is empty, the step was not taken yet). */
jw_status jw_people_audience(const struct jw_flow_scene *scene, const struct jw_flow_who *who,
                             struct jw_audience *out, bool *is, struct jw_error *err);
bool jw_people_is(const struct jw_workflow *workflow, const struct jw_holder *holder,
                  const struct jw_audience *audience);
/* Whether a line of `people` means the holder; *line: which one. */
jw_status jw_people_has(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                        const struct jw_holder *holder, const struct jw_flow_people *people, bool *is, size_t *line,
                        struct jw_error *err);
/* An SQL condition on columns role, place, reach, person, account for what is the holder's; values are added. */
#define JW_PEOPLE_VALUES (3 * (JW_RIGHTS_GRANTS + 16) + 2)
void jw_people_condition(const struct jw_workflow *workflow, const struct jw_holder *holder, jw_buffer *out,
                         jw_sql_value *values, size_t *count, char ends[][JW_RIGHTS_PLACE]);

/* deadline.c */
/* 0: none. */
int64_t jw_deadline_of(const struct jw_workflow *workflow, const struct jw_flow_state *state, const json_t *record,
                       int64_t entered_at);
int64_t jw_deadline_after(const struct jw_workflow *workflow, const struct jw_flow_span *span, const json_t *record,
                          int64_t from);
/* Nine o'clock on the `days`th day before the day in which the deadline lies. */
int64_t jw_deadline_reminder(int64_t deadline, int days);
bool jw_deadline_field(const struct jw_flow *flow, const char *field); /* a state counts from this field */

/* timer.c */
jw_status jw_timer_set(struct jw_sql *sql, const char *ledger, int64_t id, const char *name, int64_t at,
                       struct jw_error *err);
jw_status jw_timer_state(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                         struct jw_error *err);
jw_status jw_timer_dues(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_ledger *ledger,
                        const struct jw_flow *flow, const json_t *record, struct jw_error *err);

/* notice.c: kind: remind, overdue, escalate, urge, task, ask, grant, refuse, delegate, due */
struct jw_notice {
    const char *kind, *ledger;
    int64_t record;
    json_t *detail; /* stolen */
};
jw_status jw_notice_add(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_notice *notice,
                        const struct jw_audience *audience, struct jw_error *err);

/* tick.c: the same to everybody who has a task of the record. `detail` is stolen. */
jw_status jw_notice_tasks(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                          const char *kind, json_t *detail, struct jw_error *err);

/* open.c: records that a step opens in other ledgers, and waiting for them. */
jw_status jw_open_add(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_flow_run *run,
                      const struct jw_flow_open *open, const json_t *record, struct jw_error *err);
jw_status jw_open_finished(struct jw_workflow *workflow, struct jw_sql *sql, const char *ledger, int64_t id,
                           struct jw_error *err);
/* What is left to do for this record; */
jw_status jw_open_make(struct jw_workflow *workflow, const struct jw_ledger *ledger, int64_t id,
                       struct jw_error *err);
jw_status jw_open_wait(struct jw_workflow *workflow, const struct jw_ledger *ledger, int64_t id,
                       struct jw_error *err);

/* move.c: the unit `id` is at the path `now`. */
jw_status jw_flow_move(struct jw_workflow *workflow, struct jw_sql *sql, int64_t id, const char *now,
                       struct jw_error *err);

/* destroy.c: what the record tells to destroy; it must be removed already. */
jw_status jw_destroy_target(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_holder *holder,
                            jw_text origin, const json_t *record, struct jw_error *err);

/* take.c: the value that a step writes. */
struct jw_flow_giver {
    const struct jw_holder *holder; /* NULL: jinwu itself */
    const json_t *record;
    int64_t now;
    const json_t *each; /* of open; NULL: none */
};
json_t *jw_flow_value(const struct jw_flow_giver *giver, const struct jw_flow_set *set, const char *type);

/* step.c: may this holder take this step now? JW_OK with *why empty: yes. */
#define JW_WHY 256
jw_status jw_step_may(struct jw_workflow *workflow, const struct jw_flow_scene *scene,
                      const struct jw_holder *holder, const struct jw_flow_step *step, char why[JW_WHY],
                      size_t *line, struct jw_audience *behalf, struct jw_error *err);
