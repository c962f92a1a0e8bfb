/* lib/store/store_parts.h — what the files of the store share. */
#pragma once
#include <pthread.h>

#include "column.h"
#include "store.h"

#define JW_STORE_READERS 32
#define JW_STORE_PLACE   512                /* bytes of a path of units */
#define JW_STORE_MEM     ((size_t)16 << 20) /* of one statement's values */

struct jw_store_set;

/* Statements of one ledger, written once. */
struct jw_store_table {
    const struct jw_ledger *ledger;
    const struct jw_store_set *set;
    char *select; /* SELECT columns FROM l_NAME, without WHERE */
    char *get, *insert, *update;
    char *touch;                  /* an update that leaves every index but that of changed_at alone */
    char *words_add, *words_drop; /* drop: SQLite needs the words that were added */
    size_t stored;                /* columns f_… */
};

/* The tables of one set of declarations. A reload has two of them in use for a while. */
struct jw_store_set {
    struct jw_store_set *next; /* the older ones */
    const struct jw_ledgers *ledgers;
    struct jw_store_table *tables;
    size_t table_count;
    bool forgotten; /* its declarations may be gone */
};

struct jw_store_job; /* store_write.c */

struct jw_store {
    struct jw_store_set *sets; /* the newest first, never none; under `declared` */
    pthread_rwlock_t declared; /* the writer reads under it for as long as a commit lasts */
    char *where;
    struct jw_sql *sql;           /* the writer's */
    struct jw_store_words *words; /* noted within its transaction */
    size_t words_count, words_room;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    struct jw_store_job *first, **last;
    unsigned queued, expected; /* jobs that wait; that came for the last commit */
    pthread_t writer;
    bool started, stop;
    struct jw_sql *readers[JW_STORE_READERS];
    unsigned idle; /* of readers */
};

#define JW_STORE_FIXED 9 /* id, version, removed, place, state, made_at, made_by, changed_at, changed_by */
/* Valid as long as the set of declarations that `ledger` is of. NULL: not of this store. */
const struct jw_store_table *jw_store_table_of(struct jw_store *store, const struct jw_ledger *ledger);
/* A row of table->select as a record. NULL: damaged, or no memory. */
json_t *jw_store_record(const struct jw_store_table *table, const jw_sql_value *row);
/* "asset/17" */
#define JW_STORE_OBJECT (JW_LEDGER_NAME + 24)

/* Everything about one change while it is made. */
struct jw_store_making {
    struct jw_store *store;
    const struct jw_store_table *table;
    const struct jw_change *change;
    struct jw_outcome *outcome;
    struct jw_arena *mem;
    int64_t now;
    json_t *before; /* the record as it was; NULL: created */
    json_t *fields; /* canonical, all of them */
    char place[JW_STORE_PLACE], old_place[JW_STORE_PLACE];
};

jw_status jw_store_make(struct jw_store_making *making, struct jw_error *err); /* within the writer's mark */
void jw_store_add_fault(struct jw_outcome *outcome, const char *field, const char *rule, const char *text);
/* store_row.c: the record itself (JW_E_DENIED: a unique index refused it); then its words, version and entry, which
 * gives outcome->record. */
jw_status jw_store_write_row(struct jw_store_making *making, struct jw_error *err);
jw_status jw_store_write_rest(struct jw_store_making *making, struct jw_error *err);
/* Words are written once for all changes of a commit, behind the last mark: FTS5 makes a segment of the index of
 * its own at every mark, and merging those costs more than all else. */
struct jw_store_words {
    const struct jw_store_table *table;
    int64_t id;
    char *before, *after; /* owned; NULL: none */
    bool drop, add;
};
void jw_store_forget_words(struct jw_store *store, size_t from); /* those noted since there were `from` */
jw_status jw_store_flush_words(struct jw_store *store, struct jw_error *err);
/* store_links.c: what the record points to is there; what points to a record that goes refuses, or lets go. */
jw_status jw_store_check_links(struct jw_store_making *making, struct jw_error *err);
jw_status jw_store_let_go(struct jw_store_making *making, struct jw_error *err);

/* store_place.c: where in the organisation a record belongs, as a path of units, "1.15.203."; a unit's own path
 * ends with itself. When a unit moves, everything below it moves along. */
jw_status jw_store_find_place(struct jw_store_making *making, struct jw_error *err);
jw_status jw_store_move(struct jw_store_making *making, struct jw_error *err);
/* Where the range of a subtree ends, "1.15/" for "1.15."; false: `place` is no path that ends with a point. */
bool jw_store_place_end(jw_text place, char out[JW_STORE_PLACE]);

/* store_computed.c: sets the computed fields of these records, all of `table`; `sql` in a transaction, or else with
 * what others write meanwhile; NULL: nothing points to them. */
jw_status jw_store_compute(const struct jw_store_table *table, struct jw_sql *sql, json_t *rows,
                           struct jw_error *err);
bool jw_store_has_computed(const struct jw_ledger *ledger);
jw_status jw_store_compute_one(const struct jw_store_table *table, struct jw_sql *sql, json_t *record,
                               struct jw_error *err);

/* A reader's connection, and back; a broken one is closed. */
JW_MUST_CHECK jw_status jw_store_take(struct jw_store *store, struct jw_sql **out, struct jw_error *err);
void jw_store_give(struct jw_store *store, struct jw_sql *sql, bool broken);

/* Besides those of ids, places and times of change. */
bool jw_store_has_index(const struct jw_ledger *ledger, int field);
/* store_plan.c: plan (act: and migrate) for these declarations. */
jw_status jw_store_follow(struct jw_store *store, const struct jw_ledgers *ledgers, bool act, jw_store_told told,
                          void *context, struct jw_error *err);
jw_status jw_store_start_writer(struct jw_store *store, struct jw_error *err);
void jw_store_stop_writer(struct jw_store *store);
jw_status jw_store_read_row(struct jw_sql *sql, const struct jw_store_table *table, int64_t id, json_t **out,
                            char place[], size_t place_size, struct jw_error *err);
