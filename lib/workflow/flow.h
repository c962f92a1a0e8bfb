/* lib/workflow/flow.h — a declared workflow (流程): content/workflows/NAME.yaml as it was read. Read-only once
 * loaded, any thread; reloading makes a second set. docs/workflows.md is the description for those who write such
 * files. */
#pragma once
#include "base/memory.h"
#include "ledger/ledger.h"

#define JW_FLOWS           500
#define JW_FLOW_STATES     40
#define JW_FLOW_STEPS      100
#define JW_FLOW_PEOPLE     20 /* lines of `who`, `not` */
#define JW_FLOW_FIELDS     50 /* of one step's lists */
#define JW_FLOW_REMINDERS  8
#define JW_FLOW_ESCALATION 8

/* Whom a line of `who` means. */
typedef enum jw_flow_whose {
    JW_WHOSE_ROLE,     /* who holds a role, seen from the record's unit: `at` */
    JW_WHOSE_OWNER,    /* the person in the ledger's owner field */
    JW_WHOSE_MAKER,    /* who made the record */
    JW_WHOSE_PERSON,   /* the person in the field `name` */
    JW_WHOSE_DID,      /* who took the step `name` last */
    JW_WHOSE_PREVIOUS, /* who took the step before, whichever that was */
} jw_flow_whose;
typedef enum jw_flow_at {
    JW_AT_UNITS,  /* the role holds for the record's unit, there or from above */
    JW_AT_UNIT,   /* the role was given for exactly this unit */
    JW_AT_PARENT, /* … for exactly the unit above it */
    JW_AT_ABOVE,  /* … for any unit above it */
    JW_AT_ALL,    /* wherever */
} jw_flow_at;
struct jw_flow_who {
    jw_flow_whose whose;
    jw_flow_at at;
    char name[JW_LEDGER_NAME]; /* role, field or step */
};
struct jw_flow_people {
    struct jw_flow_who *list;
    size_t count;
};

typedef enum jw_flow_span_kind {
    JW_SPAN_NONE,
    JW_SPAN_WORKING_DAYS,
    JW_SPAN_DAYS,
    JW_SPAN_WORKING_HOURS,
    JW_SPAN_HOURS,
    JW_SPAN_FIELD, /* the end of the day in a date field, or the instant in a datetime field */
} jw_flow_span_kind;
struct jw_flow_span {
    jw_flow_span_kind kind;
    int64_t count;
    char field[JW_LEDGER_NAME];
};
/* `deadline: {by: grade, is: {high: {working_days: 5}}, else: {working_days: 20}}` or the span itself. */
struct jw_flow_case {
    char *value;
    struct jw_flow_span span;
};
struct jw_flow_deadline {
    struct jw_flow_span usual;
    char by[JW_LEDGER_NAME]; /* empty: always the usual */
    struct jw_flow_case *cases;
    size_t case_count;
};
struct jw_flow_escalation {
    struct jw_flow_span after; /* the deadline */
    struct jw_flow_who to;
};

struct jw_flow_state {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title;
    char *colour;       /* a word of choices' colours; NULL: by its place */
    bool final, frozen; /* frozen: fields change by steps only */
    struct jw_flow_deadline deadline;
    int remind[JW_FLOW_REMINDERS]; /* days before the deadline */
    size_t remind_count;
    struct jw_flow_escalation *escalations;
    size_t escalation_count;
    int wait; /* the step taken by itself once everything opened is finished; -1: none */
    int line;
};

/* What a step writes: `set: {status: fixed, fixed_on: =today, fixed_by: =me}`. */
struct jw_flow_set {
    char field[JW_LEDGER_NAME];
    enum { JW_SET_VALUE, JW_SET_TODAY, JW_SET_NOW, JW_SET_ME, JW_SET_ID, JW_SET_EACH, JW_SET_FIELD } what;
    const json_t *value;       /* JW_SET_VALUE; of the declaration */
    char from[JW_LEDGER_NAME]; /* JW_SET_FIELD */
};
struct jw_flow_sets {
    struct jw_flow_set *list;
    size_t count;
};
struct jw_flow_open {
    char ledger[JW_LEDGER_NAME];
    char each[JW_LEDGER_NAME]; /* a list of references: a record for each; empty: one record */
    struct jw_flow_sets sets;
};

typedef enum jw_flow_deed { JW_FLOW_NOTHING, JW_FLOW_DESTROY } jw_flow_deed;
#define JW_AGREE_EACH (-1) /* somebody of every line of `who` (会签) */
struct jw_flow_step {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title;
    uint64_t from; /* bit of each state */
    int to;
    struct jw_flow_people who;            /* none: only by itself */
    struct jw_flow_people barred;         /* `not`: who may not, even when `who` says so */
    char **require, **evidence, **change; /* names of fields, end with NULL */
    bool reason;                          /* must be given */
    bool quiet;                           /* no task for anybody: cancelling and the like */
    bool back;                            /* a return; drawn so */
    int agree;                            /* 0, 1: one is enough; N persons; JW_AGREE_EACH */
    struct jw_flow_sets sets;
    struct jw_flow_open *opens; /* NULL: none */
    jw_flow_deed deed;
    int line;
};

struct jw_flow {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title, about;
    char *file, *text; /* the YAML itself: running records finish on it */
    char digest[65];   /* SM3 of the text, hex: which version */
    struct jw_flow_state *states;
    size_t state_count;
    struct jw_flow_step *steps;
    size_t step_count;
    int start;
    struct jw_flow_people extension; /* who decides on more time; none: it cannot be asked for */
    int extension_days, extension_times;
    struct jw_flow_people urge; /* who may, besides those who took part */
};

int jw_flow_state_find(const struct jw_flow *flow, jw_text name); /* -1: none */
int jw_flow_step_find(const struct jw_flow *flow, jw_text name);

/* One text, without looking at ledgers: for versions that are kept in the database. JW_E_SYNTAX: err says where. */
JW_MUST_CHECK jw_status jw_flow_parse(const char *name, jw_text text, struct jw_flow **out, struct jw_error *err);
void jw_flow_free(struct jw_flow *flow);
JW_DEFINE_AUTO(jw_flow, jw_flow_free)

/* All files of a folder, each against every ledger that names it in `workflow`: fields must be there and of the
 * right type. Refusals are told as jw_ledgers_load tells them; what is refused stays as it was in `before` (may be
 * NULL). A ledger that names a flow that is not there is told as well. A folder that is not there is an empty set.
 */
struct jw_flows;
JW_MUST_CHECK jw_status jw_flows_load(const char *folder, const struct jw_ledgers *ledgers,
                                      const struct jw_flows *before, jw_ledger_refused refused, void *context,
                                      struct jw_flows **out, struct jw_error *err);
void jw_flows_free(struct jw_flows *set);
size_t jw_flows_count(const struct jw_flows *set);
const struct jw_flow *jw_flows_get(const struct jw_flows *set, size_t i); /* in order of names */
const struct jw_flow *jw_flows_find(const struct jw_flows *set, jw_text name);

/* The diagram as an SVG document; `state`: the one to highlight, NULL: none; `language`: "zh" or "en". */
JW_MUST_CHECK jw_status jw_flow_draw(const struct jw_flow *flow, const char *state, const char *language,
                                     jw_buffer *out, struct jw_error *err);
