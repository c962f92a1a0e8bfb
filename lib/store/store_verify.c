/* lib/store/store_verify.c — three proofs: the chain holds; every version of history is the one the chain tells
 * of; every record is its newest version. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

struct verifying {
    struct jw_store *store;
    struct jw_sql *sql, *beside; /* one walks, the other looks up */
    struct jw_arena *mem;
    jw_store_problem problem;
    void *context;
    uint64_t entries, told; /* told: entries of the chain that speak of a version */
    const struct jw_store_table *table;
    int64_t last; /* record of a page */
    bool more;
    json_t *destroyed; /* "asset/17" of those that the chain says were destroyed by decision */
};

#define PAGE 2000 /* records of one statement: PostgreSQL hands over a result in one piece */

/* The version of history that an entry of the chain tells of, or the newest of a record. */
struct version {
    struct verifying *v;
    bool found;
    int64_t number, at;
    jw_text who, origin, why, deed, fields;
};

JW_PRINTF(3, 4)
static void say(struct verifying *v, const char *object, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    v->problem(v->context, object, text);
}

static void on_fault(void *context, jw_audit_fault fault, int64_t seq, const char *text) {
    char object[48];
    (void)fault;
    snprintf(object, sizeof object, "audit/%lld", (long long)seq);
    say(context, object, "%s", text);
}

/* "asset/17" */
static bool read_object(jw_text object, jw_text *ledger, int64_t *record) {
    return jw_text_cut(&object, '/', ledger) && jw_text_i64(object, record);
}

static jw_status take_version(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct version *to = context;
    jw_text *texts[] = {&to->who, &to->origin, &to->why, &to->deed, &to->fields};
    (void)columns;
    to->found = true;
    to->number = row[0].integer;
    to->at = row[1].integer;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = row[i + 2].text.len ? jw_arena_copy(to->v->mem, row[i + 2].text) : JW_TEXT("");
        if (!texts[i]->ptr)
            return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    return JW_OK;
}

#define VERSION "SELECT version, at, who, origin, why, deed, fields FROM history WHERE ledger = $1 AND record = $2"

static void compare_entry(struct verifying *v, const char *object, const struct jw_audit_entry *entry,
                          const json_t *detail, const struct version *version) {
    const json_t *why = json_object_get(detail, "why");
    jw_text reason = {json_string_value(why) ? json_string_value(why) : "", json_string_length(why)};
    const struct {
        const char *what;
        bool same;
    } parts[] = {{"who made it", jw_text_is(version->who, entry->who)},
                 {"where it came from", jw_text_is(version->origin, entry->origin)},
                 {"the reason", jw_text_is(version->why, reason)},
                 {"what was done", jw_text_is(version->deed, entry->action)},
                 {"the time", version->at == entry->at}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!parts[i].same)
            say(v, object, "version %lld: %s was changed in the history", (long long)version->number,
                parts[i].what);
}

static jw_status on_entry(void *context, const struct jw_audit_entry *entry, struct jw_error *err) {
    struct verifying *v = context;
    jw_text ledger;
    int64_t record;
    char object[JW_STORE_OBJECT], hash[JW_AUDIT_HASH];
    v->entries++;
    json_t *detail = json_loadb(entry->detail.ptr, entry->detail.len, 0, NULL);
    const char *wanted = json_string_value(json_object_get(detail, "sm3"));
    int64_t version = json_integer_value(json_object_get(detail, "version"));
    jw_status st = JW_OK;
    if (wanted && version && read_object(entry->object, &ledger, &record)) {
        jw_sql_value values[] = {JW_SQL_STR(ledger), JW_SQL_INT(record), JW_SQL_INT(version)};
        struct version kept = {.v = v};
        snprintf(object, sizeof object, JW_FMT, JW_ARG(entry->object));
        jw_arena_reset(v->mem);
        st = jw_sql_run(v->beside, VERSION " AND version = $3", values, 3, take_version, &kept, err);
        v->told++;
        if (st == JW_OK && !kept.found)
            say(v, object, "version %lld is missing from the history", (long long)version);
        else if (st == JW_OK && kept.fields.len == 0 && json_object_get(v->destroyed, object))
            ; /* its content went with a decision, which is an entry of the chain itself */
        else if (st == JW_OK && (st = jw_sm3_hex(kept.fields, hash, err)) == JW_OK && strcmp(hash, wanted) != 0)
            say(v, object, "version %lld in the history was changed", (long long)version);
        if (st == JW_OK && kept.found)
            compare_entry(v, object, entry, detail, &kept);
    }
    json_decref(detail);
    return st;
}

/* Read before the walk: the decision stands behind what it destroys. A forged one breaks the chain. */
static jw_status take_destroyed(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    json_t *destroyed = context;
    char object[JW_STORE_OBJECT];
    (void)columns;
    snprintf(object, sizeof object, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    return json_object_set_new(destroyed, object, json_true()) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* --- records against their newest version
 * ------------------------------------------------------------------------- */
/* The path of its unit; a unit's own ends with itself. */
static jw_status check_place(struct verifying *v, const char *object, const json_t *record, struct jw_error *err) {
    const struct jw_ledger *ledger = v->table->ledger;
    const json_t *unit =
        ledger->unit < 0 ? NULL
                         : json_object_get(json_object_get(record, "fields"), ledger->fields[ledger->unit].name);
    const char *is = json_string_value(json_object_get(record, "place"));
    char right[JW_STORE_PLACE] = "";
    jw_sql_value id = JW_SQL_INT(json_integer_value(unit)), place = {0};
    jw_status st = json_is_integer(unit) ? jw_sql_one(v->beside, "SELECT place FROM l_organisation WHERE id = $1",
                                                      &id, 1, v->mem, &place, err)
                                         : JW_OK;
    if (st != JW_OK && st != JW_END)
        return st;
    int len = snprintf(right, sizeof right, "%.*s", (int)place.text.len, place.text.len ? place.text.ptr : "");
    if (strcmp(ledger->name, "organisation") == 0 && (size_t)len < sizeof right)
        snprintf(right + len, sizeof right - (size_t)len, "%lld.",
                 (long long)json_integer_value(json_object_get(record, "id")));
    if (st == JW_END)
        say(v, object, "its unit is not there");
    else if (strcmp(is ? is : "", right) != 0)
        say(v, object, "its place is \"%.60s\", and its unit is at \"%.60s\"", is ? is : "", right);
    return JW_OK;
}

/* A field that was declared later stands in no older version: what the version has is compared. */
static void check_fields(struct verifying *v, const char *object, const json_t *record,
                         const struct version *newest) {
    json_t *kept = json_loadb(newest->fields.ptr, newest->fields.len, 0, NULL), *value;
    const char *key;
    json_object_foreach(kept, key, value) {
        bool state = strcmp(key, "state") == 0;
        const json_t *is = json_object_get(state ? record : json_object_get(record, "fields"), key);
        if (is && !json_equal(is, value))
            say(v, object, "%s%s is not what its newest version says", state ? "" : "field ", key);
    }
    json_decref(kept);
}

static jw_status check_record(struct verifying *v, const char *object, const json_t *record,
                              const jw_sql_value *row, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(v->table->ledger->name)), row[0]};
    struct version newest = {.v = v};
    bool removed = row[2].integer;
    jw_status st =
        jw_sql_run(v->beside, VERSION " ORDER BY version DESC LIMIT 1", values, 2, take_version, &newest, err);
    if (st != JW_OK)
        return st;
    if (newest.number != row[1].integer)
        say(v, object, "is at version %lld, its history ends at %lld", (long long)row[1].integer,
            (long long)newest.number);
    else if (removed != jw_text_is(newest.deed, JW_TEXT("remove")))
        say(v, object, "is %s, which no version says", removed ? "removed" : "there again");
    else
        check_fields(v, object, record, &newest);
    if (!json_object_get(v->destroyed, object))
        return check_place(v, object, record, err);
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(record, "fields"), key, value) if (!json_is_null(value))
        say(v, object, "was destroyed by decision, yet the field %s has a value", key);
    return JW_OK;
}

static jw_status on_record(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct verifying *v = context;
    char object[JW_STORE_OBJECT];
    (void)columns;
    v->last = row[0].integer;
    v->more = true;
    snprintf(object, sizeof object, "%s/%lld", v->table->ledger->name, (long long)row[0].integer);
    jw_arena_reset(v->mem);
    json_t *record = jw_store_record(v->table, row);
    jw_status st = JW_OK;
    if (!record)
        say(v, object, "the row is damaged");
    else
        st = check_record(v, object, record, row, err);
    json_decref(record);
    return st;
}

static jw_status say_gone(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct verifying *v = context;
    char object[JW_STORE_OBJECT];
    (void)columns, (void)err;
    snprintf(object, sizeof object, "%s/%lld", v->table->ledger->name, (long long)row[0].integer);
    say(v, object, "has a history, and is not there");
    return JW_OK;
}

static jw_status find_gone(struct verifying *v, struct jw_error *err) {
    char text[256];
    jw_sql_value name = JW_SQL_STR(jw_text_from(v->table->ledger->name));
    snprintf(
        text, sizeof text,
        "SELECT h.record FROM history h LEFT JOIN l_%s r ON r.id = h.record WHERE h.ledger = $1 AND h.version = 1 "
        "AND r.id IS NULL ORDER BY 1 LIMIT 100",
        v->table->ledger->name);
    return jw_sql_run(v->beside, text, &name, 1, say_gone, v, err);
}

static jw_status verify_ledger(struct verifying *v, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(64 << 10);
    jw_buffer_print(&text, "%s WHERE id > $1 ORDER BY id LIMIT $2", v->table->select);
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : JW_OK;
    v->last = INT64_MIN;
    v->more = true;
    while (st == JW_OK && v->more) {
        jw_sql_value values[] = {JW_SQL_INT(v->last), JW_SQL_INT(PAGE)};
        v->more = false;
        st = jw_sql_run(v->sql, text.ptr, values, 2, on_record, v, err);
    }
    jw_buffer_free(&text);
    return st == JW_OK ? find_gone(v, err) : st;
}

static jw_status verify_records(struct verifying *v, struct jw_error *err) {
    jw_status st = JW_OK;
    const struct jw_store_set *set = v->store->sets;
    for (size_t i = 0; i < set->table_count && st == JW_OK; i++) {
        v->table = &set->tables[i];
        st = verify_ledger(v, err);
    }
    return st;
}

/* A version that no entry tells of was put in: the numbers differ. */
static jw_status verify_count(struct verifying *v, struct jw_error *err) {
    jw_sql_value count = {0};
    jw_status st = jw_sql_one(v->sql, "SELECT count(*) FROM history", NULL, 0, v->mem, &count, err);
    if (st == JW_OK && (uint64_t)count.integer != v->told)
        say(v, "history", "%lld versions, and the audit chain tells of %llu", (long long)count.integer,
            (unsigned long long)v->told);
    return st;
}

jw_status jw_store_verify(struct jw_store *store, const struct jw_audit_head *published, jw_store_problem problem,
                          void *context, uint64_t *out_entries, struct jw_error *err) {
    struct verifying v = {
        .store = store, .problem = problem, .context = context, .mem = jw_arena_new(JW_STORE_MEM)};
    jw_status st = v.mem ? jw_sql_open(store->where, &v.sql, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK)
        st = jw_sql_open(store->where, &v.beside, err);
    v.destroyed = json_object();
    if (st == JW_OK)
        st = jw_sql_run(v.sql, "SELECT object FROM audit WHERE action = 'destroy'", NULL, 0, take_destroyed,
                        v.destroyed, err);
    if (st == JW_OK)
        st = jw_audit_verify(v.sql, published, &(struct jw_audit_watch){&v, on_fault, on_entry}, err);
    if (st == JW_OK)
        st = verify_records(&v, err);
    if (st == JW_OK)
        st = verify_count(&v, err);
    jw_sql_close(v.sql);
    jw_sql_close(v.beside);
    json_decref(v.destroyed);
    jw_arena_free(v.mem);
    *out_entries = v.entries;
    return st;
}
