/* lib/workflow/workflow.h — flows at work: which step is open to whom, tasks, deadlines, notices, timers.
 * Everything lies in the store's database (tables flow_*) and changes in the transaction of the record it belongs
 * to.
 *
 * Any thread. Times are microseconds since 1970. Answers for people are JSON (docs/workflows.md shows them). */
#pragma once
#include "calendar.h"
#include "flow.h"

#include "rights/rights.h"
#include "store/store.h"

struct jw_workflow;
struct jw_workflow_options { /* everything is borrowed until jw_workflow_free */
    struct jw_store *store;
    const struct jw_ledgers *ledgers;
    const struct jw_flows *flows;
    const struct jw_calendar *calendar; /* NULL: Monday to Friday */
    const struct jw_roles *roles;       /* NULL: only roles that are granted by name */
    int64_t (*clock)(void *context);    /* NULL: the wall clock */
    void *clock_context;
    /* Erases the file with this SM3, of a record that was destroyed; called by jw_workflow_tick until it says
     * JW_OK, so a file that is gone is no failure. NULL: there are no files. */
    jw_status (*erase)(void *context, const char *sm3, struct jw_error *err);
    void *erase_context;
};
/* Makes the tables and keeps the text of every flow under its digest. After a reload make another one beside the
 * new store; what runs goes on with the flow it began with. */
JW_MUST_CHECK jw_status jw_workflow_new(const struct jw_workflow_options *options, struct jw_workflow **out,
                                        struct jw_error *err);
void jw_workflow_free(struct jw_workflow *workflow);
JW_DEFINE_AUTO(jw_workflow, jw_workflow_free)

/* Instead of jw_store_change, for every ledger: starts the flow of a record that is made, follows changes of unit,
 * owner and dates, ends tasks of what is removed, keeps the reminders of `due` fields. Answers as jw_store_change;
 * besides JW_E_SYNTAX with faults of rule "workflow" for fields that only steps may change. change->also is called
 * too. */
JW_MUST_CHECK jw_status jw_workflow_change(struct jw_workflow *workflow, const struct jw_holder *holder,
                                           const struct jw_change *change, struct jw_outcome *outcome,
                                           struct jw_error *err);

/* The same in parts, for those who hand changes to the store themselves (many at once, imports). `prepare` sets the
 * change's state, also and context, keeping what stood there; it reads nothing. `with` lives until the change is
 * made. `check` gives the faults in time; what it would refuse is refused in the transaction as well. */
struct jw_flow_change {
    struct jw_workflow *workflow;
    const struct jw_holder *holder;
    struct jw_change change;    /* as it was given */
    const struct jw_flow *flow; /* of a record that is made; NULL: it follows none */
    int state;                  /* where it begins */
};
void jw_workflow_prepare(struct jw_workflow *workflow, const struct jw_holder *holder, struct jw_change *change,
                         struct jw_flow_change *with);
JW_MUST_CHECK jw_status jw_workflow_check(const struct jw_flow_change *with, struct jw_outcome *outcome,
                                          struct jw_error *err);

/* --- steps -------------------------------------------------------------------------------------------------------
 */
struct jw_flow_act {
    const struct jw_ledger *ledger;
    int64_t id, version;  /* version: the one that was read; 0: whatever it is now */
    jw_text step, reason; /* step: not for the others than jw_workflow_take */
    const json_t *fields; /* NULL: none */
    jw_text origin;       /* address, or "cli" */
};
/*   JW_OK        taken, or signed when others must agree; outcome->record is what it is now
 *   JW_E_DENIED  err says why not
 *   JW_E_SYNTAX  faults: a field is missing, or may not be changed here
 *   JW_END       no such record, or it follows no flow
 *   JW_AGAIN     somebody else was first */
JW_MUST_CHECK jw_status jw_workflow_take(struct jw_workflow *workflow, const struct jw_holder *holder,
                                         const struct jw_flow_act *act, struct jw_outcome *outcome,
                                         struct jw_error *err);
/* Back to the state before, by who took the last step, while nobody has acted since. */
JW_MUST_CHECK jw_status jw_workflow_withdraw(struct jw_workflow *workflow, const struct jw_holder *holder,
                                             const struct jw_flow_act *act, struct jw_outcome *outcome,
                                             struct jw_error *err);
/* The others answer JW_OK, JW_E_DENIED, JW_E_SYNTAX (err says what), JW_END. */
JW_MUST_CHECK jw_status jw_workflow_urge(struct jw_workflow *workflow, const struct jw_holder *holder,
                                         const struct jw_flow_act *act, struct jw_error *err);
/* Who may act lets another person of the ledger person act as well, in this state. */
JW_MUST_CHECK jw_status jw_workflow_delegate(struct jw_workflow *workflow, const struct jw_holder *holder,
                                             const struct jw_flow_act *act, int64_t person, struct jw_error *err);
/* Who may act asks for time until the end of `day`; who the flow says decides. */
JW_MUST_CHECK jw_status jw_workflow_extend(struct jw_workflow *workflow, const struct jw_holder *holder,
                                           const struct jw_flow_act *act, int64_t day, struct jw_error *err);
JW_MUST_CHECK jw_status jw_workflow_decide(struct jw_workflow *workflow, const struct jw_holder *holder,
                                           const struct jw_flow_act *act, bool grant, struct jw_error *err);

/* {"flow", "title", "state": {…}, "entered_at", "deadline", "late", "steps": [what has been done],
 * "transitions": [{"name", "title", "to", "allowed", "why", "require", "evidence", "change", "reason", "agree",
 * "signed"}], "withdraw", "delegate", "extend", "urge", "asked"}. JW_END: follows no flow. */
JW_MUST_CHECK jw_status jw_workflow_show(struct jw_workflow *workflow, const struct jw_holder *holder,
                                         const struct jw_ledger *ledger, int64_t id, json_t **out,
                                         struct jw_error *err);

/* --- tasks and notices
 * --------------------------------------------------------------------------------------------- */
typedef enum jw_task_which {
    JW_TASKS_MINE,
    JW_TASKS_LATE /* of mine */,
    JW_TASKS_UNITS /* of my units, anybody's */
} jw_task_which;
#define JW_TASKS_PAGE 200
/* An array, the nearest deadline first: {"ledger", "id", "state", "state_title", "flow", "flow_title", "since",
 * "deadline", "late", "person" or "role"}. The caller adds the record's name where it may be read. */
JW_MUST_CHECK jw_status jw_workflow_tasks(struct jw_workflow *workflow, const struct jw_holder *holder,
                                          jw_task_which which, size_t limit, json_t **out, struct jw_error *err);
/* An array, the newest first: {"id", "at", "kind", "ledger", "record", "text": {"zh", "en"}, "read"}. `before`: ids
 * below it, 0: all. *unread: how many there are that were not read; may be NULL. */
JW_MUST_CHECK jw_status jw_workflow_notices(struct jw_workflow *workflow, const struct jw_holder *holder,
                                            int64_t before, bool unread_only, size_t limit, json_t **out,
                                            int64_t *unread, struct jw_error *err);
/* Ids that are not the holder's are passed over. */
JW_MUST_CHECK jw_status jw_workflow_read(struct jw_workflow *workflow, const struct jw_holder *holder,
                                         const json_t *ids, struct jw_error *err);

/* --- time
 * ------------------------------------------------------------------------------------------------------------ */
/* Does what has fallen due: reminders, overdue, escalation, records that steps open, waiting for them. Each timer
 * fires once, whoever calls this and however often it is killed. Call every few seconds. *done: how many. `name`:
 * of this process; while another one holds the lease nothing is done. */
JW_MUST_CHECK jw_status jw_workflow_tick(struct jw_workflow *workflow, jw_text name, size_t *done,
                                         struct jw_error *err);
