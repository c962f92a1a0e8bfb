/* lib/store/store_write.c — one thread writes. It takes whatever waits, makes each change within a mark of its
 * own, and commits all of them at once: many writers share one fsync, and a change that fails leaves the others
 * alone. */
#include "store_parts.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/time.h"

#define GROUP_MOST 256   /* changes of one commit */
#define TRIES      20    /* of a commit that other writers of a PostgreSQL got in the way of */
#define WORDS_MOST 65536 /* bytes of one record's words */

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

static const char *const deeds[] = {"create", "change", "remove", "restore"};

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

static const char *state_of(const struct jw_store_making *m) {
    const char *before = json_string_value(json_object_get(m->before, "state"));
    return m->change->state ? m->change->state : before ? before : "";
}

/* --- writing it -------------------------------------------------------------------------------------------------
 */
static jw_status write_row(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_store_table *table = m->table;
    const struct jw_ledger *ledger = table->ledger;
    size_t count = JW_STORE_FIXED + table->stored, at = JW_STORE_FIXED;
    jw_sql_value *values = jw_arena_alloc(m->mem, count * sizeof *values);
    if (!values)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    bool create = m->change->deed == JW_CREATE;
    const char *made_by = json_string_value(json_object_get(m->before, "made_by"));
    jw_sql_value fixed[JW_STORE_FIXED] = {
        JW_SQL_INT(m->outcome->id),
        JW_SQL_INT(m->outcome->version),
        JW_SQL_INT(m->change->deed == JW_REMOVE),
        JW_SQL_STR(jw_text_from(m->place)),
        JW_SQL_STR(jw_text_from(state_of(m))),
        JW_SQL_INT(create ? m->now : number_of(m->before, "made_at")),
        JW_SQL_STR(create ? m->change->actor.who : jw_text_from(made_by ? made_by : "")),
        JW_SQL_INT(m->now),
        JW_SQL_STR(m->change->actor.who),
    };
    memcpy(values, fixed, sizeof fixed);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        if (!jw_column_has(field))
            continue;
        jw_status st = jw_column_encode(field, json_object_get(m->fields, field->name), m->mem, &values[at++], err);
        if (st != JW_OK)
            return st;
    }
    return jw_sql_run(m->store->sql, create ? table->insert : table->update, values, count, NULL, NULL, err);
}

/* Sensitive fields are not found by their words: a search would tell what the list masks. */
static jw_text words_of(struct jw_store_making *m, const json_t *fields, jw_buffer *out) {
    const struct jw_ledger *ledger = m->change->ledger;
    jw_buffer shown = JW_BUFFER(WORDS_MOST);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const json_t *value = json_object_get(fields, field->name);
        if (!value || json_is_null(value) || field->sensitivity != JW_OPEN || field->type->stored != JW_STORED_TEXT)
            continue;
        jw_buffer_clear(&shown);
        if (field->type->show)
            field->type->show(field, value, "zh", &shown);
        else if (json_is_string(value))
            jw_buffer_add(&shown, (jw_text){json_string_value(value), json_string_length(value)});
        jw_words_add(out, jw_buffer_text(&shown));
    }
    jw_buffer_free(&shown);
    return jw_text_trim(jw_buffer_text(out));
}

static jw_status write_words(struct jw_store_making *m, struct jw_error *err) {
    jw_buffer words = JW_BUFFER(WORDS_MOST);
    jw_sql_value values[] = {JW_SQL_INT(m->outcome->id), JW_SQL_STR(JW_TEXT(""))};
    bool postgres = jw_sql_is_postgres(m->store->sql);
    jw_status st = JW_OK;
    if (m->before && !json_is_true(json_object_get(m->before, "removed"))) {
        values[1].text = words_of(m, json_object_get(m->before, "fields"), &words);
        st = jw_sql_run(m->store->sql, m->table->words_drop, values, postgres ? 1 : 2, NULL, NULL, err);
    }
    jw_buffer_clear(&words);
    if (st == JW_OK && m->change->deed != JW_REMOVE) {
        values[1].text = words_of(m, m->fields, &words);
        st = jw_sql_run(m->store->sql, m->table->words_add, values, 2, NULL, NULL, err);
    }
    jw_buffer_free(&words);
    return st;
}

static jw_status write_history(struct jw_store_making *m, struct jw_error *err) {
    const struct jw_change *change = m->change;
    const char *deed = deeds[change->deed];
    char object[JW_STORE_OBJECT], hash[JW_AUDIT_HASH], detail[256];
    jw_text fields;
    json_t *whole = json_copy(m->fields); /* no field can be called "state" */
    bool good = whole && json_object_set_new(whole, "state", json_string(state_of(m))) == 0;
    jw_status st = good ? jw_column_print(whole, m->mem, &fields, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    json_decref(whole);
    if (st == JW_OK)
        st = jw_sm3_hex(fields, hash, err);
    if (st != JW_OK)
        return st;
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(change->ledger->name)),
                             JW_SQL_INT(m->outcome->id),
                             JW_SQL_INT(m->outcome->version),
                             JW_SQL_INT(m->now),
                             JW_SQL_STR(change->actor.who),
                             JW_SQL_STR(change->actor.origin),
                             JW_SQL_STR(change->actor.why),
                             JW_SQL_STR(jw_text_from(deed)),
                             JW_SQL_STR(fields)};
    st = jw_sql_run(m->store->sql, "INSERT INTO history VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values, 9,
                    NULL, NULL, err);
    if (st != JW_OK)
        return st;
    snprintf(object, sizeof object, "%s/%lld", change->ledger->name, (long long)m->outcome->id);
    snprintf(detail, sizeof detail, "{\"sm3\":\"%s\",\"version\":%lld}", hash, (long long)m->outcome->version);
    struct jw_audit_entry entry = {.at = m->now,
                                   .who = change->actor.who,
                                   .origin = change->actor.origin,
                                   .action = jw_text_from(deed),
                                   .object = jw_text_from(object),
                                   .detail = jw_text_from(detail)};
    return jw_audit_append(m->store->sql, &entry, err);
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
        st = write_row(m, err);
        if (st == JW_E_DENIED)
            st = blame(m, err);
    }
    if (st == JW_OK)
        st = jw_store_move(m, err);
    if (st == JW_OK)
        st = write_words(m, err);
    if (st == JW_OK)
        st = write_history(m, err);
    if (st == JW_OK)
        st = jw_store_read_row(m->store->sql, m->table, m->outcome->id, &m->outcome->record, NULL, 0, err);
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
    job->st = jw_sql_mark(store->sql, &job->err);
    if (job->st != JW_OK)
        return job->st; /* the connection is gone: so is the whole transaction */
    jw_status st =
        job->change ? change_one(store, job, mem, now) : job->make(job->context, store->sql, now, &job->err);
    job->st = st;
    if (st == JW_AGAIN && (!job->outcome || !job->outcome->record))
        return JW_AGAIN; /* not a version of the record: another writer of the database */
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

static struct jw_store_job *take_group(struct jw_store *store) {
    pthread_mutex_lock(&store->lock);
    while (!store->first && !store->stop)
        pthread_cond_wait(&store->work, &store->lock);
    struct jw_store_job *group = store->first, *last = group;
    for (int i = 1; last && last->next && i < GROUP_MOST; i++)
        last = last->next;
    if (last) {
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
    pthread_cond_signal(&store->work);
    while (!job->done)
        pthread_cond_wait(&store->done, &store->lock);
    pthread_mutex_unlock(&store->lock);
    if (err && job->st != JW_OK)
        *err = job->err;
    return job->st;
}

jw_status jw_store_change(struct jw_store *store, const struct jw_change *change, struct jw_outcome *outcome,
                          struct jw_error *err) {
    struct jw_store_job job = {.change = change, .outcome = outcome};
    memset(outcome, 0, sizeof *outcome);
    return queue(store, &job, err);
}

jw_status jw_store_do(struct jw_store *store, jw_store_make_fn make, void *context, struct jw_error *err) {
    return queue(store, &(struct jw_store_job){.make = make, .context = context}, err);
}
