/* lib/store/store_write.c — one thread writes. It takes whatever waits, makes each change within a mark of its
 * own, and commits all of them at once: many writers share one fsync, and a change that fails leaves the others
 * alone. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define GROUP_MOST 256 /* changes of one commit */
#define GATHER_NS  (1 * JW_MS)
#define TRIES      20 /* of a commit that other writers of a PostgreSQL got in the way of */

struct jw_store_job {
    struct jw_store_job *next;
    const struct jw_change *change; /* NULL: `make` */
    struct jw_outcome *outcome;
    jw_store_make_fn make;
    void *context;
    struct jw_error err;
    jw_status st;
    bool done;
};

/* --- what is there ---------------------------------------------------------------------------------------------
 */
struct row {
    const struct jw_store_table *table;
    json_t *record;
    char *place;
    size_t place_size;
};

static jw_status take_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct row *to = context;
    (void)columns;
    if (to->place)
        snprintf(to->place, to->place_size, "%.*s", (int)row[3].text.len, row[3].text.ptr);
    to->record = jw_store_record(to->table, row);
    return to->record ? JW_OK
                      : jw_fail(err, JW_E_SYSTEM, "%s/%lld: the row is damaged", to->table->ledger->name,
                                (long long)row[0].integer);
}

jw_status jw_store_read_row(struct jw_sql *sql, const struct jw_store_table *table, int64_t id, json_t **out,
                            char place[], size_t place_size, struct jw_error *err) {
    struct row row = {table, NULL, place, place_size};
    jw_sql_value value = JW_SQL_INT(id);
    jw_status st = jw_sql_run(sql, table->get, &value, 1, take_row, &row, err);
    *out = row.record;
    return st == JW_OK && !row.record ? JW_END : st;
}

static int64_t number_of(const json_t *record, const char *name) {
    return json_integer_value(json_object_get(record, name));
}

/* A record without any value cannot be made: its values were destroyed. */
static bool is_destroyed(json_t *fields) {
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value) if (!json_is_null(value)) return false;
    return json_object_size(fields) > 0;
}

/* JW_OK: the change may be made on what is there. */
static jw_status look(struct jw_store_making *m, struct jw_error *err) {
    if (m->change->deed == JW_CREATE)
        return JW_OK;
    jw_status st =
        jw_store_read_row(m->store->sql, m->table, m->change->id, &m->before, m->place, sizeof m->place, err);
    if (st != JW_OK)
        return st;
    bool removed = json_is_true(json_object_get(m->before, "removed"));
    if (removed != (m->change->deed == JW_RESTORE))
        return JW_END;
    if (removed && is_destroyed(json_object_get(m->before, "fields")))
        return JW_END;
    int64_t version = number_of(m->before, "version");
    if (!m->change->version || m->change->version == version)
        return JW_OK;
    m->outcome->id = m->change->id;
    m->outcome->version = version;
    m->outcome->record = json_incref(m->before);
    return jw_fail(err, JW_AGAIN, "%s/%lld is at version %lld, not %lld: somebody changed it meanwhile",
                   m->change->ledger->name, (long long)m->change->id, (long long)version,
                   (long long)m->change->version);
}

/* --- what it becomes -------------------------------------------------------------------------------------------
 */
static jw_status check(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_change *change = m->change;
    json_t *old = json_object_get(m->before, "fields"), *given = NULL;
    if (change->deed == JW_REMOVE || change->deed == JW_RESTORE) {
        m->fields = json_incref(old);
        return JW_OK;
    }
    m->outcome->fault_count = JW_STORE_FAULTS;
    jw_status st = jw_ledger_check(change->ledger, change->fields, change->deed == JW_CHANGE, &given,
                                   m->outcome->faults, &m->outcome->fault_count, err);
    if (st != JW_OK)
        return st;
    m->outcome->fault_count = 0;
    m->fields = old ? json_copy(old) : json_object();
    bool good = m->fields && json_object_update(m->fields, given) == 0;
    json_decref(given);
    return good ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

static jw_status next_id(struct jw_store_making *m, struct jw_error *err) {
    char text[128];
    jw_sql_value last = {0};
    snprintf(text, sizeof text, "SELECT coalesce(max(id), 0) FROM l_%s", m->change->ledger->name);
    jw_status st = jw_sql_one(m->store->sql, text, NULL, 0, m->mem, &last, err);
    m->outcome->id = last.integer + 1;
    return st;
}

/* A unique index spoke: which field, and who has the value already. */
static jw_status blame(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_ledger *ledger = m->change->ledger;
    const char *dot = strchr(jw_sql_broken(m->store->sql), '.');
    for (size_t i = 0; dot && i < ledger->field_count; i++) {
        if (strncmp(dot + 1, "f_", 2) != 0 || strcmp(dot + 3, ledger->fields[i].name) != 0)
            continue;
        jw_store_add_fault(m->outcome, ledger->fields[i].name, "unique",
                           "another record has this value; it must be the only one");
        return jw_fail(err, JW_E_SYNTAX, "%s: another record has this value", ledger->fields[i].name);
    }
    return JW_E_DENIED;
}

jw_status jw_store_make(struct jw_store_making *m, struct jw_error *err) {
    m->table = jw_store_table_of(m->store, m->change->ledger);
    if (!m->table)
        return jw_fail(err, JW_E_SYSTEM, "%s: not of this store", m->change->ledger->name);
    jw_status st = look(m, err);
    if (st == JW_OK)
        st = check(m, err);
    if (st != JW_OK)
        return st;
    m->outcome->id = m->change->id;
    m->outcome->version = number_of(m->before, "version") + 1;
    if (m->change->deed == JW_CREATE)
        st = next_id(m, err);
    if (st == JW_OK)
        st = jw_store_find_place(m, err);
    if (st == JW_OK)
        st = m->change->deed == JW_REMOVE ? jw_store_let_go(m, err) : jw_store_check_links(m, err);
    if (st == JW_OK) {
        st = jw_store_write_row(m, err);
        if (st == JW_E_DENIED)
            st = blame(m, err);
    }
    if (st == JW_OK)
        st = jw_store_move(m, err);
    if (st == JW_OK)
        st = jw_store_write_rest(m, err);
    if (st != JW_OK || !m->change->also)
        return st;
    st = m->change->also(m->change->context, m->store->sql, m->outcome, err);
    if (st != JW_OK) { /* what was made is undone; a record here would say that somebody else was first */
        json_decref(m->outcome->record);
        m->outcome->record = NULL;
    }
    return st;
}

/* --- the thread -------------------------------------------------------------------------------------------------
 */
static void forget(struct jw_outcome *outcome) {
    json_decref(outcome->record);
    memset(outcome, 0, sizeof *outcome);
}

static jw_status change_one(struct jw_store *store, struct jw_store_job *job, struct jw_arena *mem, int64_t now) {
    struct jw_store_making m = {
        .store = store, .change = job->change, .outcome = job->outcome, .mem = mem, .now = now};
    forget(job->outcome);
    jw_arena_reset(mem);
    jw_status st = jw_store_make(&m, &job->err);
    json_decref(m.before);
    json_decref(m.fields);
    return st;
}

static jw_status make_one(struct jw_store *store, struct jw_store_job *job, struct jw_arena *mem, int64_t now) {
    struct jw_error why;
    job->st = job->change ? JW_OK : jw_store_flush_words(store, &job->err); /* a batch writes its own as it goes */
    size_t words = store->words_count;
    if (job->st == JW_OK)
        job->st = jw_sql_mark(store->sql, &job->err);
    if (job->st != JW_OK)
        return job->st; /* the connection is gone: so is the whole transaction */
    jw_status st =
        job->change ? change_one(store, job, mem, now) : job->make(job->context, store->sql, now, &job->err);
    job->st = st;
    if (st == JW_AGAIN && (!job->outcome || !job->outcome->record))
        return JW_AGAIN; /* not a version of the record: another writer of the database */
    if (st != JW_OK)
        jw_store_forget_words(store, words);
    jw_status released = jw_sql_release(store->sql, st, &why);
    return released == st ? JW_OK : released;
}

/* All of the group or none: JW_OK when the commit is on disk. */
static jw_status commit_group(struct jw_store *store, struct jw_store_job *group, struct jw_arena *mem,
                              struct jw_error *err) {
    jw_status st = jw_sql_begin(store->sql, true, err);
    if (st != JW_OK)
        return st;
    pthread_rwlock_rdlock(&store->declared);
    int64_t now = jw_time_now() / 1000;
    for (struct jw_store_job *job = group; job && st == JW_OK; job = job->next)
        st = make_one(store, job, mem, now);
    if (st == JW_OK)
        st = jw_store_flush_words(store, err);
    jw_store_forget_words(store, 0);
    pthread_rwlock_unlock(&store->declared);
    return jw_sql_end(store->sql, st, err);
}

static void finish_group(struct jw_store *store, struct jw_store_job *group, struct jw_arena *mem) {
    struct jw_error err = {{0}};
    jw_status st = JW_AGAIN;
    for (int i = 0; i < TRIES && st == JW_AGAIN; i++)
        st = commit_group(store, group, mem, &err);
    pthread_mutex_lock(&store->lock);
    for (struct jw_store_job *job = group, *next; job; job = next) {
        next = job->next;  /* its owner may be gone once it is done */
        if (st != JW_OK) { /* not committed: whatever was said of it before is not so */
            if (job->outcome)
                forget(job->outcome);
            job->st = st == JW_AGAIN ? JW_E_SYSTEM : st;
            job->err = err;
        }
        job->done = true;
    }
    pthread_cond_broadcast(&store->done);
    pthread_mutex_unlock(&store->lock);
}

/* Those whom the last commit has just answered will be back in a moment: a commit for half of them, and one for the
 * other half, costs twice the syncs. */
static void gather(struct jw_store *store) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GATHER_NS;
    until.tv_sec += until.tv_nsec / JW_SECOND;
    until.tv_nsec %= JW_SECOND;
    while (store->queued < store->expected && !store->stop &&
           pthread_cond_timedwait(&store->work, &store->lock, &until) == 0)
        continue;
}

static struct jw_store_job *take_group(struct jw_store *store) {
    pthread_mutex_lock(&store->lock);
    while (!store->first && !store->stop)
        pthread_cond_wait(&store->work, &store->lock);
    if (store->queued < store->expected)
        gather(store);
    store->expected = store->queued; /* of the next */
    struct jw_store_job *group = store->first, *last = group;
    unsigned taken = 1;
    for (; last && last->next && taken < GROUP_MOST; taken++)
        last = last->next;
    if (last) {
        store->queued -= taken;
        store->first = last->next;
        last->next = NULL;
    }
    if (!store->first)
        store->last = &store->first;
    pthread_mutex_unlock(&store->lock);
    return group;
}

static void *write_all(void *context) {
    struct jw_store *store = context;
    struct jw_arena *mem = jw_arena_new(JW_STORE_MEM);
    for (struct jw_store_job *group; mem && (group = take_group(store));)
        finish_group(store, group, mem);
    jw_arena_free(mem);
    return NULL;
}

jw_status jw_store_start_writer(struct jw_store *store, struct jw_error *err) {
    if (pthread_create(&store->writer, NULL, write_all, store) != 0)
        return jw_fail(err, JW_E_SYSTEM, "no thread for writing");
    store->started = true;
    return JW_OK;
}

void jw_store_stop_writer(struct jw_store *store) {
    if (!store->started)
        return;
    pthread_mutex_lock(&store->lock);
    store->stop = true;
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    store->started = false;
}

static jw_status queue(struct jw_store *store, struct jw_store_job *job, struct jw_error *err) {
    pthread_mutex_lock(&store->lock);
    *store->last = job;
    store->last = &job->next;
    store->queued++;
    pthread_cond_signal(&store->work);
    while (!job->done)
        pthread_cond_wait(&store->done, &store->lock);
    pthread_mutex_unlock(&store->lock);
    if (err && job->st != JW_OK)
        *err = job->err;
    return job->st;
}

/* In the caller's thread; the change stands whether this succeeds or not. Nothing points to a new record yet. */
static void add_computed(struct jw_store *store, const struct jw_change *change, struct jw_outcome *outcome) {
    const struct jw_store_table *table = jw_store_table_of(store, change->ledger);
    struct jw_sql *sql = NULL;
    if (!table || !jw_store_has_computed(change->ledger))
        return;
    if (change->deed != JW_CREATE && jw_store_take(store, &sql, NULL) != JW_OK)
        return;
    jw_status st = jw_store_compute_one(table, sql, outcome->record, NULL);
    if (sql)
        jw_store_give(store, sql, st < 0);
}

jw_status jw_store_change(struct jw_store *store, const struct jw_change *change, struct jw_outcome *outcome,
                          struct jw_error *err) {
    struct jw_store_job job = {.change = change, .outcome = outcome};
    memset(outcome, 0, sizeof *outcome);
    jw_status st = queue(store, &job, err);
    if (st == JW_OK)
        add_computed(store, change, outcome);
    return st;
}

jw_status jw_store_do(struct jw_store *store, jw_store_make_fn make, void *context, struct jw_error *err) {
    return queue(store, &(struct jw_store_job){.make = make, .context = context}, err);
}
