/* lib/store/store.h — the records of all ledgers in one database, with history and the audit chain.
 *
 * Tables: l_NAME (one row a record: id, version, removed, place, state, made_at, made_by, changed_at, changed_by,
 * f_FIELD…), w_NAME (its words), history (every version of every record as JSON), ledger_fields (what the columns
 * are), audit.
 *
 * A record outside is one JSON object: {"id", "version", "removed", "place", "state", "made_at", "made_by",
 * "changed_at", "changed_by", "fields": {…}}; times are microseconds since 1970; place is the path of its unit,
 * "1.15.". Lists and jw_store_get compute the computed fields; one to which too much is related is null.
 *
 * Any thread. Writers queue for one thread that commits many changes at once; a call returns when its change is on
 * disk. Readers have connections of their own and wait for nobody. */
#pragma once
#include "ledger/ledger.h"
#include "sql/sql.h"

struct jw_store;

/* `where` as jw_sql_open. The tables of what is common are made; those of ledgers by jw_store_migrate. `ledgers` is
 * borrowed until the store is closed. */
JW_MUST_CHECK jw_status jw_store_open(const char *where, const struct jw_ledgers *ledgers, struct jw_store **out,
                                      struct jw_error *err);
void jw_store_close(struct jw_store *store);
JW_DEFINE_AUTO(jw_store, jw_store_close)

/* --- what a change of the declarations means for the tables (store_plan.c)
 * -------------------------------------------
 */
struct jw_store_step {
    const char *ledger, *field; /* field: "" for the ledger itself */
    enum { JW_STEP_TABLE, JW_STEP_COLUMN, JW_STEP_UNIQUE, JW_STEP_NOT_UNIQUE, JW_STEP_GONE, JW_STEP_REFUSED } what;
    char text[256]; /* for people */
};
/* Tells every step that jw_store_migrate would take, and takes none. A field that is no longer declared keeps its
 * column. JW_STEP_REFUSED: cannot be done without losing data, and how to go about it. */
typedef void (*jw_store_told)(void *context, const struct jw_store_step *step);
JW_MUST_CHECK jw_status jw_store_plan(struct jw_store *store, jw_store_told told, void *context,
                                      struct jw_error *err);
/* All steps in one transaction. JW_E_DENIED: one is refused (told), nothing was done. */
JW_MUST_CHECK jw_status jw_store_migrate(struct jw_store *store, jw_store_told told, void *context,
                                         struct jw_error *err);

/* Other declarations come in force beside those of jw_store_open: the tables follow (as jw_store_migrate), and
 * records of both may be asked for until jw_store_forget. `ledgers` is borrowed until then; call it when no request
 * of theirs runs. References, places and proofs go by the newest. JW_E_DENIED: as jw_store_migrate, and they are
 * not in force. */
JW_MUST_CHECK jw_status jw_store_declare(struct jw_store *store, const struct jw_ledgers *ledgers,
                                         jw_store_told told, void *context, struct jw_error *err);
void jw_store_forget(struct jw_store *store, const struct jw_ledgers *ledgers);

/* --- writing (store_write.c) -------------------------------------------------------------------------------------
 */
struct jw_actor {
    jw_text who;    /* account; empty: jinwu itself */
    jw_text origin; /* address, or "cli" */
    jw_text why;    /* may be empty */
};
typedef enum jw_deed { JW_CREATE, JW_CHANGE, JW_REMOVE, JW_RESTORE } jw_deed;
#define JW_STORE_FAULTS 64
struct jw_outcome;
struct jw_change {
    const struct jw_ledger *ledger;
    jw_deed deed;
    int64_t id;           /* not for JW_CREATE */
    int64_t version;      /* the one that was read; 0: whatever it is now */
    const json_t *fields; /* JW_CREATE, JW_CHANGE: names and values as people gave them */
    const char *state;    /* the state of its workflow from now on; NULL: as it is */
    struct jw_actor actor;
    /* What must become true together with this change (may be NULL): called in its transaction once it is made,
     * with the outcome so far. Anything but JW_OK undoes both and is the answer of jw_store_change. It may be
     * called again, when another writer of the database was in the way. Writer's thread; must not call the store.
     */
    jw_status (*also)(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err);
    void *context;
};
struct jw_outcome {
    int64_t id, version;
    json_t *record; /* as it is now; owned by the caller */
    struct jw_ledger_fault faults[JW_STORE_FAULTS];
    size_t fault_count;
};
/*   JW_OK        done and durable
 *   JW_E_SYNTAX  faults: each with its field; nothing was written
 *   JW_END       no such record (or removed, unless it is restored)
 *   JW_AGAIN     somebody else changed it: outcome->version is the present one, ->record what it is now
 *   others       the database; nothing was written */
JW_MUST_CHECK jw_status jw_store_change(struct jw_store *store, const struct jw_change *change,
                                        struct jw_outcome *outcome, struct jw_error *err);

/* `make` in a transaction of its own among the writer's (shared commits, retries, durable when this returns): for
 * what is no record of a ledger, such as accounts and sessions. `now`: microseconds since 1970. Called as `also`
 * is. */
typedef jw_status (*jw_store_make_fn)(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err);
JW_MUST_CHECK jw_status jw_store_do(struct jw_store *store, jw_store_make_fn make, void *context,
                                    struct jw_error *err);

/* Many changes as one (store_batch.c): all are made in one transaction, in their order, or none. Other writers wait
 * until it is over, readers do not; a kill in the middle leaves nothing of it. */
struct jw_batch {
    void *context;
    /* The change number `i`, from 0; what it borrows lives until the next call. JW_END: there are no more. When
     * another writer of the database was in the way, everything begins again with 0. Writer's thread; must not call
     * the store. */
    jw_status (*next)(void *context, size_t i, struct jw_change *out, struct jw_error *err);
    /* It is made (may be NULL). Anything but JW_OK undoes all. */
    jw_status (*made)(void *context, size_t i, const struct jw_outcome *made, struct jw_error *err);
    /* All are made: what must become true with them (may be NULL), as in jw_store_do. */
    jw_status (*last)(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err);
};
/* JW_OK: all of them, durable. JW_E_SYNTAX: number *out_failed could not be made, outcome->faults say why; rule
 * "version": somebody changed or removed it meanwhile. Nothing was written unless JW_OK. outcome->record is NULL.
 */
JW_MUST_CHECK jw_status jw_store_change_all(struct jw_store *store, const struct jw_batch *batch,
                                            size_t *out_failed, struct jw_outcome *outcome, struct jw_error *err);
/* `look` with a reader's connection, in the caller's thread; not in a transaction unless it begins one. */
typedef jw_status (*jw_store_look_fn)(void *context, struct jw_sql *sql, struct jw_error *err);
JW_MUST_CHECK jw_status jw_store_look(struct jw_store *store, jw_store_look_fn look, void *context,
                                      struct jw_error *err);

/* Within a transaction (of `also`, or jw_store_do): erases the values of a removed record, in its row and in all
 * its versions, and appends the entry "destroy". The chain stays whole; jw_store_verify knows it for destroyed by
 * decision. It cannot be restored. Whoever calls this has asked two persons. JW_END: no such record, or it is not
 * removed. */
JW_MUST_CHECK jw_status jw_store_destroy(struct jw_store *store, struct jw_sql *sql, const struct jw_ledger *ledger,
                                         int64_t id, const struct jw_actor *actor, int64_t now,
                                         struct jw_error *err);

/* --- reading (store_read.c) --------------------------------------------------------------------------------------
 */
JW_MUST_CHECK jw_status jw_store_get(struct jw_store *store, const struct jw_ledger *ledger, int64_t id,
                                     json_t **out, struct jw_error *err); /* JW_END: no such record */
/* Versions, newest first: {"version", "at", "who", "origin", "why", "deed", "fields"}. `before`: versions below it;
 * 0: all. At most `limit`. */
JW_MUST_CHECK jw_status jw_store_history(struct jw_store *store, const struct jw_ledger *ledger, int64_t id,
                                         int64_t before, size_t limit, json_t **out, struct jw_error *err);

/* --- lists (store_list.c, store_where.c) ------------------------------------------------------------------------
 */
typedef enum jw_store_operator {
    JW_OP_EQ,
    JW_OP_NE, /* what is empty is not equal either */
    JW_OP_LT,
    JW_OP_LE,
    JW_OP_GT,
    JW_OP_GE,
    JW_OP_EMPTY,
    JW_OP_NOT_EMPTY,
    JW_OP_IN,       /* value: an array, of at most JW_STORE_IN */
    JW_OP_BETWEEN,  /* value: [from, to], both included; null: open */
    JW_OP_CONTAINS, /* texts: the letters stand in it; lists: it is one of them (value: one element) */
} jw_store_operator;
#define JW_STORE_IN       100
#define JW_COLUMN_ID      (-1)
#define JW_COLUMN_CHANGED (-2)
#define JW_COLUMN_MADE    (-3)
#define JW_COLUMN_STATE   (-4)
/* Records that stand in one of these relations to somebody; lists end with NULL and may be NULL. */
struct jw_store_scope {
    const char *const *places; /* below these paths of units, themselves included */
    const char *const *units;  /* of exactly these */
    int64_t owner;             /* the ledger's `owner` is this person; 0: none */
};
struct jw_store_filter {
    int field; /* of the ledger, or JW_COLUMN_* */
    jw_store_operator op;
    const json_t *value; /* canonical */
    const struct jw_store_scope
        *scope; /* where the field may be looked at: no other record fits; NULL: everywhere */
};
struct jw_store_query {
    const struct jw_ledger *ledger;
    const struct jw_store_filter *filters; /* all must hold */
    size_t filter_count;
    jw_text words; /* full text; empty: none */
    /* The fields in which the words may be found (`op` and `value` are not looked at): slower than the index of all
     * open fields, which serves without it. */
    const struct jw_store_filter *within;
    size_t within_count;
    const struct jw_store_scope *scope;      /* which records there are; NULL: all */
    int sort;                                /* of the ledger, or JW_COLUMN_*; choices in the order of their file */
    const struct jw_store_scope *sort_scope; /* records out of it are left out; NULL: none are */
    bool descending, removed;
    int64_t limit, offset; /* limit 1 to JW_STORE_PAGE */
    int64_t after;         /* the record before the first of this page, in the same order; 0: none */
    bool count;
};
#define JW_STORE_PAGE    1000
#define JW_STORE_COUNTED 10000
/* *rows: an array of records. *total: how many there are, when `count`; at most JW_STORE_COUNTED,
 * and one more says that there are more (jw_store_aggregate counts them all). JW_E_SYNTAX: words of punctuation
 * only, an operator that does not fit the field. JW_END: the record `after` is not there any more. */
JW_MUST_CHECK jw_status jw_store_list(struct jw_store *store, const struct jw_store_query *query, json_t **rows,
                                      int64_t *total, struct jw_error *err);

/* Numbers about the records of a query, whose order and page are not looked at. */
typedef enum jw_store_figure_kind {
    JW_FIGURE_COUNT,
    JW_FIGURE_SUM,
    JW_FIGURE_LEAST,
    JW_FIGURE_MOST
} jw_store_figure_kind;
struct jw_store_figure {
    jw_store_figure_kind what;
    int field; /* not for COUNT; SUM: numbers only */
};
#define JW_STORE_FIGURES 8
#define JW_STORE_GROUPS  1000
/* *out: [{"by": value, "figures": [ … ]}], the largest groups first, at most JW_STORE_GROUPS. `by`: JW_COLUMN_STATE
 * or a field; JW_COLUMN_ID: everything is one group. */
JW_MUST_CHECK jw_status jw_store_aggregate(struct jw_store *store, const struct jw_store_query *query, int by,
                                           const struct jw_store_figure *figures, size_t count, json_t **out,
                                           struct jw_error *err);

/* --- proof (store_verify.c) -------------------------------------------------------------------------------------
 */
struct jw_audit_head;
typedef void (*jw_store_problem)(void *context, const char *object, const char *text);
/* The chain, every version of history against what the chain says of it, every record against its newest version.
 */
JW_MUST_CHECK jw_status jw_store_verify(struct jw_store *store, const struct jw_audit_head *published,
                                        jw_store_problem problem, void *context, uint64_t *out_entries,
                                        struct jw_error *err);
