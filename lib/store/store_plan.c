/* lib/store/store_plan.c — the tables that are there against the ledgers that are declared. Nothing is ever
 * dropped: a field that is no longer declared keeps its column, and gets it back when it is declared again. */
#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/rules.h"

#define TEXT_MOST (64u << 10)

/* A column as ledger_fields has it. */
struct known {
    char field[JW_LEDGER_NAME], type[JW_LEDGER_NAME];
    int64_t kind;
    bool unique;
};

struct planning {
    struct jw_store *store;
    struct jw_sql *sql;
    jw_store_told told;
    void *context;
    bool act, refused;
    struct known known[JW_LEDGER_FIELDS * 2];
    size_t known_count;
};

JW_PRINTF(5, 6)
static void tell(struct planning *p, const struct jw_ledger *ledger, const char *field, int what, const char *fmt,
                 ...) {
    struct jw_store_step step = {ledger->name, field, what, {0}};
    va_list args;
    va_start(args, fmt);
    vsnprintf(step.text, sizeof step.text, fmt, args);
    va_end(args);
    p->refused |= what == JW_STEP_REFUSED;
    if (p->told)
        p->told(p->context, &step);
}

JW_PRINTF(3, 4)
static jw_status script(struct planning *p, struct jw_error *err, const char *fmt, ...) {
    char *text = NULL;
    va_list args;
    if (!p->act)
        return JW_OK;
    va_start(args, fmt);
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    jw_status st = len < 0 ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_sql_script(p->sql, text, err);
    free(text);
    return st;
}

static jw_status take_known(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct planning *p = context;
    (void)columns;
    if (p->known_count == sizeof p->known / sizeof *p->known)
        return jw_fail(err, JW_E_LIMIT, "a ledger has had more than %zu fields", p->known_count);
    struct known *known = &p->known[p->known_count++];
    snprintf(known->field, sizeof known->field, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    snprintf(known->type, sizeof known->type, "%.*s", (int)row[1].text.len, row[1].text.ptr);
    known->kind = row[2].integer;
    known->unique = row[3].integer;
    return JW_OK;
}

static struct known *find_known(struct planning *p, const char *field) {
    for (size_t i = 0; i < p->known_count; i++)
        if (strcmp(p->known[i].field, field) == 0)
            return &p->known[i];
    return NULL;
}

static jw_status note(struct planning *p, const struct jw_ledger *ledger, const struct jw_ledger_field *field,
                      struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(ledger->name)), JW_SQL_STR(jw_text_from(field->name)),
                             JW_SQL_STR(jw_text_from(field->type->name)), JW_SQL_INT(jw_column_kind(field)),
                             JW_SQL_INT(field->unique)};
    return !p->act
               ? JW_OK
               : jw_sql_run(
                     p->sql,
                     "INSERT INTO ledger_fields VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ledger, field) DO UPDATE "
                     "SET type = $3, kind = $4, one_of_a_kind = $5",
                     values, 5, NULL, NULL, err);
}

/* All columns at once: SQLite reads its whole schema again after every ALTER TABLE. */
static jw_status make_columns(struct planning *p, const struct jw_ledger *ledger, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(TEXT_MOST);
    char column[JW_COLUMN];
    const char *whole = jw_sql_type(p->sql, JW_SQL_INTEGER), *words = jw_sql_type(p->sql, JW_SQL_TEXT);
    jw_buffer_print(
        &text,
        "CREATE TABLE l_%s (id %s, version %s NOT NULL, removed %s NOT NULL, place %s NOT NULL, "
        "state %s NOT NULL, made_at %s NOT NULL, made_by %s NOT NULL, changed_at %s NOT NULL, changed_by %s "
        "NOT NULL",
        ledger->name, jw_sql_key(p->sql), whole, whole, words, words, whole, words, whole, words);
    for (size_t i = 0; i < ledger->field_count; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        if (!jw_column_has(field))
            continue;
        jw_column_name(field, column);
        jw_buffer_print(&text, ", %s %s", column, jw_sql_type(p->sql, jw_column_kind(field)));
    }
    jw_buffer_byte(&text, ')');
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : script(p, err, "%s", text.ptr);
    jw_buffer_free(&text);
    return st;
}

static jw_status make_table(struct planning *p, const struct jw_ledger *ledger, struct jw_error *err) {
    const char *name = ledger->name;
    tell(p, ledger, "", JW_STEP_TABLE, "new ledger with %zu fields", ledger->field_count);
    jw_status st = make_columns(p, ledger, err);
    if (st == JW_OK)
        st = script(p, err,
                    "CREATE INDEX \"l_%s.place\" ON l_%s (place, id) WHERE removed = 0;"
                    "CREATE INDEX \"l_%s.changed_at\" ON l_%s (changed_at, id, place) WHERE removed = 0;"
                    "CREATE INDEX \"l_%s.removed\" ON l_%s (id) WHERE removed = 1",
                    name, name, name, name, name, name);
    if (st == JW_OK && *ledger->workflow)
        st = script(p, err, "CREATE INDEX \"l_%s.state\" ON l_%s (state, id, place) WHERE removed = 0", name, name);
    if (st != JW_OK)
        return st;
    if (jw_sql_is_postgres(p->sql))
        return script(p, err,
                      "CREATE TABLE w_%s (record bigint PRIMARY KEY, words text[] NOT NULL);"
                      "CREATE INDEX \"w_%s.words\" ON w_%s USING gin (words)",
                      name, name, name);
    return script(
        p, err,
        "CREATE VIRTUAL TABLE w_%s USING fts5(words, content = '', tokenize = \"unicode61 remove_diacritics 0 "
        "tokenchars '_'\")",
        name);
}

/* Lists are sorted and asked by what they show and by choices; deadlines are looked for by their days; records that
 * point to another one are counted, and looked for when that one goes. */
bool jw_store_has_index(const struct jw_ledger *ledger, int field) {
    static const char *const types[] = {"choice", "tree", "reference", "person", "unit", NULL};
    if (field < 0)
        return field == JW_COLUMN_ID || field == JW_COLUMN_CHANGED ||
               (field == JW_COLUMN_STATE && *ledger->workflow);
    const struct jw_ledger_field *of = &ledger->fields[field];
    bool good = of->unique || of->due || field == ledger->owner || field == ledger->called;
    for (const int *listed = ledger->listed; listed && *listed >= 0; listed++)
        good |= *listed == field;
    for (const char *const *type = types; *type; type++)
        good |= strcmp(of->type->name, *type) == 0;
    return good && jw_column_has(of);
}

static jw_status add_unique(struct planning *p, const struct jw_ledger *ledger, const struct jw_ledger_field *field,
                            struct jw_error *err) {
    return script(p, err, "CREATE UNIQUE INDEX \"l_%s.f_%s\" ON l_%s (f_%s) WHERE removed = 0", ledger->name,
                  field->name, ledger->name, field->name);
}

static jw_status add_column(struct planning *p, const struct jw_ledger *ledger, size_t i, bool table_is_new,
                            struct jw_error *err) {
    const struct jw_ledger_field *field = &ledger->fields[i];
    if (!table_is_new)
        tell(p, ledger, field->name, JW_STEP_COLUMN, "new field of type %s; empty in the records that are there",
             field->type->name);
    jw_status st = table_is_new ? JW_OK
                                : script(p, err, "ALTER TABLE l_%s ADD COLUMN f_%s %s", ledger->name, field->name,
                                         jw_sql_type(p->sql, jw_column_kind(field)));
    if (st == JW_OK && field->unique)
        st = add_unique(p, ledger, field, err);
    return st == JW_OK ? note(p, ledger, field, err) : st;
}

/* --- values that are there under a declaration that changed ------------------------------------------------------
 */
struct trial {
    const struct jw_ledger_field *field;
    uint64_t unfit;
    int64_t first;
    char why[160];
};

static jw_status try_value(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct trial *trial = context;
    struct jw_error why = {{0}};
    json_t *canonical = NULL, *value = jw_column_decode(trial->field, &row[1]);
    (void)columns, (void)err;
    if (!value || trial->field->type->check(trial->field, value, &canonical, &why) != JW_OK) {
        if (!trial->unfit++) {
            trial->first = row[0].integer;
            snprintf(trial->why, sizeof trial->why, "%.150s", why.text);
        }
    }
    json_decref(value);
    json_decref(canonical);
    return JW_OK;
}

static jw_status retype(struct planning *p, const struct jw_ledger *ledger, const struct jw_ledger_field *field,
                        const struct known *known, struct jw_error *err) {
    char text[256];
    struct trial trial = {.field = field};
    if (known->kind != (int64_t)jw_column_kind(field)) {
        tell(p, ledger, field->name, JW_STEP_REFUSED,
             "is stored as %s and cannot become %s: declare a new field beside it, move the values by export and "
             "import",
             known->type, field->type->name);
        return JW_OK;
    }
    snprintf(text, sizeof text, "SELECT id, f_%s FROM l_%s WHERE f_%s IS NOT NULL", field->name, ledger->name,
             field->name);
    jw_status st = jw_sql_run(p->sql, text, NULL, 0, try_value, &trial, err);
    if (st != JW_OK)
        return st;
    if (trial.unfit) {
        tell(p, ledger, field->name, JW_STEP_REFUSED, "%llu values are no %s, the first in record %lld: %s",
             (unsigned long long)trial.unfit, field->type->name, (long long)trial.first, trial.why);
        return JW_OK;
    }
    tell(p, ledger, field->name, JW_STEP_COLUMN, "type %s becomes %s; all values fit", known->type,
         field->type->name);
    return note(p, ledger, field, err);
}

static jw_status change_unique(struct planning *p, const struct jw_ledger *ledger,
                               const struct jw_ledger_field *field, struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(4096);
    jw_sql_value twice = {0};
    char text[320];
    if (!mem)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    if (!field->unique) {
        tell(p, ledger, field->name, JW_STEP_NOT_UNIQUE, "may hold equal values from now on");
        jw_status st = script(p, err, "DROP INDEX \"l_%s.f_%s\"", ledger->name, field->name);
        return st == JW_OK ? note(p, ledger, field, err) : st;
    }
    snprintf(text, sizeof text,
             "SELECT count(*) FROM (SELECT 1 FROM l_%s WHERE removed = 0 AND f_%s IS NOT NULL GROUP BY f_%s HAVING "
             "count(*) > "
             "1) AS twice",
             ledger->name, field->name, field->name);
    jw_status st = jw_sql_one(p->sql, text, NULL, 0, mem, &twice, err);
    if (st == JW_OK && twice.integer) {
        tell(p, ledger, field->name, JW_STEP_REFUSED, "%lld values stand in more than one record; mend these first",
             (long long)twice.integer);
        return JW_OK;
    }
    tell(p, ledger, field->name, JW_STEP_UNIQUE, "equal values will be refused");
    if (st == JW_OK)
        st = add_unique(p, ledger, field, err);
    return st == JW_OK ? note(p, ledger, field, err) : st;
}

static jw_status plan_ledger(struct planning *p, const struct jw_ledger *ledger, struct jw_error *err) {
    jw_sql_value name = JW_SQL_STR(jw_text_from(ledger->name));
    p->known_count = 0;
    jw_status st =
        jw_sql_run(p->sql, "SELECT field, type, kind, one_of_a_kind FROM ledger_fields WHERE ledger = $1", &name, 1,
                   take_known, p, err);
    bool table_is_new = p->known_count == 0;
    if (st == JW_OK && table_is_new)
        st = make_table(p, ledger, err);
    for (size_t i = 0; i < ledger->field_count && st == JW_OK; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        const struct known *known = find_known(p, field->name);
        if (!jw_column_has(field))
            continue;
        if (!known)
            st = add_column(p, ledger, i, table_is_new, err);
        else if (strcmp(known->type, field->type->name) != 0)
            st = retype(p, ledger, field, known, err);
        if (st == JW_OK && known && known->unique != field->unique)
            st = change_unique(p, ledger, field, err);
        if (st == JW_OK &&
            jw_store_has_index(ledger, (int)i)) /* no step to tell: it changes nothing but the time it takes */
            st = script(p, err,
                        "CREATE INDEX IF NOT EXISTS \"i_%s.f_%s\" ON l_%s (f_%s, id, place) WHERE removed = 0",
                        ledger->name, field->name, ledger->name, field->name);
    }
    for (size_t i = 0; i < p->known_count; i++)
        if (jw_ledger_field_find(ledger, jw_text_from(p->known[i].field)) < 0)
            tell(p, ledger, p->known[i].field, JW_STEP_GONE, "is no longer declared; its values are kept, unseen");
    return st;
}

jw_status jw_store_follow(struct jw_store *store, const struct jw_ledgers *ledgers, bool act, jw_store_told told,
                          void *context, struct jw_error *err) {
    struct planning *p = calloc(1, sizeof *p);
    if (!p)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *p = (struct planning){.store = store, .told = told, .context = context, .act = act};
    jw_status st = jw_sql_open(store->where, &p->sql, err);
    if (st == JW_OK)
        st = jw_sql_begin(p->sql, true, err);
    if (st == JW_OK) {
        for (size_t i = 0; i < jw_ledgers_count(ledgers) && st == JW_OK; i++)
            st = plan_ledger(p, jw_ledgers_get(ledgers, i), err);
        if (st == JW_OK && p->refused && act)
            st = jw_fail(err, JW_E_DENIED, "the tables cannot follow the declarations; nothing was changed");
        st = jw_sql_end(p->sql, st, err);
    }
    jw_sql_close(p->sql);
    free(p);
    return st;
}

jw_status jw_store_plan(struct jw_store *store, jw_store_told told, void *context, struct jw_error *err) {
    return jw_store_follow(store, store->sets->ledgers, false, told, context, err);
}

jw_status jw_store_migrate(struct jw_store *store, jw_store_told told, void *context, struct jw_error *err) {
    return jw_store_follow(store, store->sets->ledgers, true, told, context, err);
}
