/* lib/store/store_list.c — a page of records in order.
 *
 * A list is a few runs, one behind the other: the records without a value and those with one, or those of each
 * choice in the order of its declaration. Each run is a range of one index, so that a page costs what it shows. */
#include "where.h"

#include <string.h>

#include "ledger/rules.h"

#define PROBE 5000 /* records that may be looked up and sorted for one page */

struct listing {
    struct jw_store_where where; /* the conditions; a run adds its own behind them */
    struct jw_sql *sql;
    size_t length, values; /* of the conditions without a run's */
    int by;                /* the part that an index answers */
    bool by_words;         /* the words lead: the index of words is walked in order of numbers */
    bool ordered;          /* the order is an index's, and walked */
    jw_buffer text;
    json_t *rows;
    int64_t left, skip; /* records still wanted, and to pass over before */
    json_t *after;      /* the record the page comes behind; NULL: none */
    struct jw_error *err;
};

/* Some of the records, in order of the column and their number, or of their number alone. */
struct run {
    enum { RUN_ALL, RUN_EMPTY, RUN_FILLED, RUN_EQUAL } what;
    jw_sql_value value; /* of RUN_EQUAL, and of the record before the page */
    bool behind;        /* the page begins in this run, behind query->after */
    bool last;
};

static bool goes_by_column(const struct listing *l, const struct run *run) {
    int sort = l->where.query->sort; /* records get their numbers as they are made */
    return (run->what == RUN_ALL || run->what == RUN_FILLED) && sort != JW_COLUMN_ID && sort != JW_COLUMN_MADE;
}

static jw_status add_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct listing *l = context;
    (void)columns;
    json_t *record = jw_store_record(l->where.table, row);
    l->left--;
    return record && json_array_append_new(l->rows, record) == 0
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "%s/%lld: the row is damaged", l->where.table->ledger->name,
                         (long long)row[0].integer);
}

/* The table, or the index of words and the table. */
static void add_from(const struct listing *l, jw_buffer *out) {
    const char *name = l->where.table->ledger->name;
    if (l->by_words)
        jw_buffer_print(out, " FROM w_%s CROSS JOIN l_%s ON id = w_%s.rowid", name, name, name);
    else
        jw_buffer_print(out, " FROM l_%s", name);
}

static void begin(struct listing *l, jw_text head) {
    jw_buffer_clear(&l->text);
    jw_buffer_add(&l->text, head);
    add_from(l, &l->text);
    jw_buffer_print(&l->text, " WHERE removed = %d", l->where.query->removed);
    jw_buffer_add(&l->text, jw_buffer_text(&l->where.text));
}

/* How many fit the conditions as they stand now, at most `most`; 0: all of them. */
static jw_status count_run(struct listing *l, int64_t most, int64_t *out, struct jw_error *err) {
    jw_sql_value found = {0};
    begin(l, most ? JW_TEXT("SELECT count(*) FROM (SELECT 1") : JW_TEXT("SELECT count(*)"));
    if (most)
        jw_buffer_print(&l->text, " LIMIT %lld) AS found", (long long)most);
    jw_buffer_byte(&l->text, '\0');
    jw_status st = l->text.failed         ? jw_fail(err, JW_E_LIMIT, "no memory")
                   : l->where.st != JW_OK ? l->where.st
                                          : jw_sql_one(l->sql, l->text.ptr, l->where.values, l->where.count,
                                                       l->where.mem, &found, err);
    *out = found.integer;
    return st;
}

static const char *key_of(const struct listing *l, char out[JW_LEDGER_NAME + 16]) {
    if (l->by_words)
        snprintf(out, JW_LEDGER_NAME + 16, "w_%s.rowid", l->where.table->ledger->name);
    else
        snprintf(out, JW_LEDGER_NAME + 16, "%sid", l->ordered ? "" : "+");
    return out;
}

static jw_status read_run(struct listing *l, const struct run *run, const char *column, struct jw_error *err) {
    const char *direction = l->where.query->descending ? "DESC" : "ASC", *plus = l->ordered ? "" : "+";
    jw_text head = jw_text_from(l->where.table->select);
    char key[JW_LEDGER_NAME + 16];
    size_t at;
    if (jw_text_find(head, JW_TEXT(" FROM l_"), &at))
        head.len = at;
    begin(l, head);
    if (goes_by_column(l, run))
        jw_buffer_print(&l->text, " ORDER BY %s%s %s, ", plus, column, direction);
    else
        jw_buffer_print(&l->text, " ORDER BY ");
    jw_buffer_print(&l->text, "%s %s", key_of(l, key), direction);
    size_t limit = jw_where_bind(&l->where, JW_SQL_INT(l->left));
    size_t offset = jw_where_bind(&l->where, JW_SQL_INT(l->skip));
    jw_buffer_print(&l->text, " LIMIT $%zu OFFSET $%zu", limit, offset);
    jw_buffer_byte(&l->text, '\0');
    if (l->text.failed)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    return l->where.st != JW_OK ? l->where.st
                                : jw_sql_run(l->sql, l->text.ptr, l->where.values, l->where.count, add_row, l, err);
}

static void add_run(struct listing *l, const struct run *run, const char *column) {
    struct jw_store_where *w = &l->where;
    const char *sign = w->query->descending ? "<" : ">", *plus = l->ordered ? "" : "+";
    char key[JW_LEDGER_NAME + 16];
    key_of(l, key);
    w->text.len = l->length;
    w->count = l->values;
    if (run->what == RUN_EMPTY || run->what == RUN_FILLED)
        jw_buffer_print(&w->text, " AND %s%s IS %sNULL", plus, column, run->what == RUN_EMPTY ? "" : "NOT ");
    if (run->what == RUN_EQUAL)
        jw_buffer_print(&w->text, " AND %s%s = $%zu", plus, column, jw_where_bind(w, run->value));
    if (run->behind && goes_by_column(l, run)) {
        size_t at = jw_where_bind(w, run->value), id = jw_where_bind(w, JW_SQL_INT(w->query->after));
        jw_buffer_print(&w->text, " AND (%s%s, %s) %s ($%zu, $%zu)", plus, column, key, sign, at, id);
    } else if (run->behind) {
        jw_buffer_print(&w->text, " AND %s %s $%zu", key, sign, jw_where_bind(w, JW_SQL_INT(w->query->after)));
    }
}

static jw_status take_run(struct listing *l, struct run run, struct jw_error *err) {
    char name[JW_COLUMN];
    const char *column = jw_where_column(&l->where, l->where.query->sort, name);
    int64_t before = l->left, passed = 0;
    add_run(l, &run, column);
    size_t values = l->where.count;
    jw_status st = read_run(l, &run, column, err);
    if (before != l->left)
        l->skip = 0;
    if (st != JW_OK || run.last || !l->skip)
        return st;
    l->where.count = values; /* nothing came: the page begins in a later run */
    st = count_run(l, 0, &passed, err);
    l->skip = l->skip > passed ? l->skip - passed : 0;
    return st;
}

/* What the record before the page has in the column of the order. */
static jw_status find_after(struct listing *l, jw_sql_value *out, struct jw_error *err) {
    const struct jw_store_query *query = l->where.query;
    jw_status st = jw_store_read_row(l->sql, l->where.table, query->after, &l->after, NULL, 0, err);
    *out = JW_SQL_NOTHING;
    if (st != JW_OK)
        return st;
    if (query->sort == JW_COLUMN_STATE)
        *out = JW_SQL_STR(jw_text_from(json_string_value(json_object_get(l->after, "state"))));
    else if (query->sort < 0)
        *out = JW_SQL_INT(json_integer_value(
            json_object_get(l->after, query->sort == JW_COLUMN_CHANGED ? "changed_at" : "made_at")));
    else {
        const struct jw_ledger_field *field = &query->ledger->fields[query->sort];
        st = jw_column_encode(field, json_object_get(json_object_get(l->after, "fields"), field->name),
                              l->where.mem, out, err);
    }
    return st;
}

/* The empty ones before all others. What is no longer declared is not found by its order. */
static jw_status list_choices(struct listing *l, const jw_text *words, size_t count, const jw_sql_value *after,
                              struct jw_error *err) {
    bool begun = !l->where.query->after;
    jw_status st = JW_OK;
    for (size_t i = 0; i <= count && st == JW_OK && l->left; i++) {
        size_t at = l->where.query->descending ? count - i : i;
        jw_sql_value value = at ? JW_SQL_STR(words[at - 1]) : JW_SQL_NOTHING;
        bool behind = !begun && value.kind == after->kind && jw_text_is(value.text, after->text);
        begun |= behind;
        if (begun)
            st = take_run(l, (struct run){at ? RUN_EQUAL : RUN_EMPTY, value, behind, i == count}, err);
    }
    return st;
}

static jw_status list_values(struct listing *l, const jw_sql_value *after, struct jw_error *err) {
    const struct jw_store_query *query = l->where.query;
    bool down = query->descending, from_empty = query->after && after->kind == JW_SQL_NULL;
    bool from_filled = query->after && !from_empty;
    jw_status st = JW_OK;
    if (query->sort < 0)
        return take_run(l, (struct run){RUN_ALL, *after, query->after > 0, true}, err);
    if (!down && !from_filled)
        st = take_run(l, (struct run){RUN_EMPTY, JW_SQL_NOTHING, from_empty, false}, err);
    if (st == JW_OK && l->left && !(down && from_empty))
        st = take_run(l, (struct run){RUN_FILLED, *after, from_filled, !down}, err);
    if (st == JW_OK && l->left && down)
        st = take_run(l, (struct run){RUN_EMPTY, JW_SQL_NOTHING, from_empty, true}, err);
    return st;
}

/* --- the way in ------------------------------------------------------------------------------------------------
 */
static jw_status probe(struct listing *l, int by, int64_t *least, struct jw_error *err) {
    int64_t found = 0;
    jw_where_part(&l->where, by);
    jw_status st = count_run(l, PROBE + 1, &found, err);
    l->where.text.len = 0;
    l->where.count = 0;
    if (st == JW_OK && found < *least) {
        *least = found;
        l->by = by;
    }
    return st;
}

/* As far as `most`. */
static jw_status count_scope(struct listing *l, int64_t most, int64_t *out, struct jw_error *err) {
    struct jw_store_where *w = &l->where;
    jw_sql_value found = {0};
    w->text.len = 0;
    w->count = 0;
    jw_buffer_print(&w->text, "SELECT count(*) FROM (");
    jw_where_records(w);
    jw_buffer_print(&w->text, " LIMIT %lld)", (long long)most);
    jw_buffer_byte(&w->text, '\0');
    jw_status st = w->st != JW_OK   ? w->st
                   : w->text.failed ? jw_fail(err, JW_E_LIMIT, "no memory")
                                    : jw_sql_one(l->sql, w->text.ptr, w->values, w->count, w->mem, &found, err);
    w->text.len = 0;
    w->count = 0;
    *out = found.integer;
    return st;
}

static jw_status probe_scope(struct listing *l, int64_t *least, struct jw_error *err) {
    int64_t found = 0;
    jw_status st = count_scope(l, PROBE + 1, &found, err);
    if (st == JW_OK && found < *least) {
        *least = found;
        l->by = JW_BY_SCOPE;
    }
    return st;
}

/* The index of words alone: a set of what it finds would have to be whole. */
static jw_status probe_words(struct listing *l, int64_t *least, struct jw_error *err) {
    struct jw_store_where *w = &l->where;
    const char *name = w->table->ledger->name;
    jw_sql_value found = {0};
    size_t at = jw_where_match(w);
    jw_buffer_clear(&l->text);
    jw_buffer_print(&l->text, "SELECT count(*) FROM (SELECT 1 FROM w_%s WHERE w_%s MATCH $%zu LIMIT %d)", name,
                    name, at, PROBE + 1);
    jw_buffer_byte(&l->text, '\0');
    jw_status st =
        w->st != JW_OK ? w->st : jw_sql_one(l->sql, l->text.ptr, w->values, w->count, w->mem, &found, err);
    w->count = 0;
    if (st == JW_OK && found.integer < *least) {
        *least = found.integer;
        l->by = JW_BY_WORDS;
    }
    return st;
}

/* A part that few records answer is looked up and its records are sorted. When all parts are answered by many,
 * records that fit are dense in any order: the index of the order is walked, and parts are looked at on the way.
 * Which is which SQLite cannot know, so each part is counted as far as it would still be few. */
static jw_status find_way(struct listing *l, struct jw_error *err) {
    const struct jw_store_query *query = l->where.query;
    int64_t least = PROBE + 1;
    jw_status st = JW_OK;
    l->by = JW_BY_ANY;
    l->ordered = true;
    if (l->where.postgres)
        return JW_OK;
    l->by = JW_BY_ORDER;
    if (query->scope)
        st = probe_scope(l, &least, err);
    if (st == JW_OK && query->words.len && !query->within)
        st = probe_words(l, &least, err);
    for (size_t i = 0; i < query->filter_count && st == JW_OK; i++)
        if (query->filters[i].op != JW_OP_CONTAINS && query->filters[i].op != JW_OP_NE &&
            jw_store_has_index(query->ledger, query->filters[i].field))
            st = probe(l, JW_BY_FILTER + (int)i, &least, err);
    if (st == JW_OK && l->by == JW_BY_ORDER && query->sort != JW_COLUMN_MADE &&
        !jw_store_has_index(query->ledger, query->sort))
        l->by = JW_BY_ANY; /* no index has this order: everything is sorted in any case */
    l->ordered = l->by == JW_BY_ORDER;
    l->by_words = l->ordered && query->words.len && !query->within &&
                  (query->sort == JW_COLUMN_ID || query->sort == JW_COLUMN_MADE);
    return st;
}

static void add_all(struct listing *l) {
    struct jw_store_where *w = &l->where;
    jw_where_all(w, l->by, !l->by_words);
    if (l->by_words)
        jw_buffer_print(&w->text, " AND w_%s MATCH $%zu", w->table->ledger->name, jw_where_match(w));
    l->length = w->text.len;
    l->values = w->count;
}

/* As far as people read: a million would have to be looked at for a number that nobody needs to the last digit. */
static jw_status count_all(struct listing *l, int64_t *total, struct jw_error *err) {
    const struct jw_store_query *query = l->where.query;
    int64_t most = JW_STORE_COUNTED + 1;
    if (l->by != JW_BY_ORDER || l->by_words)
        return count_run(l, most, total, err);
    bool alone = query->scope && !query->filter_count && !query->words.len && !query->sort_scope;
    l->where.text.len = 0;
    l->where.count = 0;
    if (!alone)
        jw_where_all(&l->where, JW_BY_FILTERS, true);
    jw_status st = alone ? count_scope(l, most, total, err) : count_run(l, most, total, err);
    l->where.text.len = 0;
    l->where.count = 0;
    jw_where_all(&l->where, l->by, true);
    return st;
}

static jw_status list_runs(struct listing *l, int64_t *total, struct jw_error *err) {
    const struct jw_store_query *query = l->where.query;
    const struct jw_ledger_field *field = query->sort >= 0 ? &query->ledger->fields[query->sort] : NULL;
    jw_text words[JW_RULE_WORDS];
    jw_sql_value after = JW_SQL_NOTHING;
    jw_status st = find_way(l, err);
    if (st != JW_OK)
        return st;
    add_all(l);
    l->left = query->limit;
    l->skip = query->offset;
    st = l->where.st;
    if (st == JW_OK && query->count)
        st = count_all(l, total, err);
    if (st == JW_OK && query->after)
        st = find_after(l, &after, err);
    if (st != JW_OK)
        return st;
    size_t count = field && !field->type->many ? jw_rule_choices(field, words, JW_RULE_WORDS) : 0;
    return count ? list_choices(l, words, count, &after, err) : list_values(l, &after, err);
}

static jw_status list_all(struct listing *l, int64_t *total, struct jw_error *err) {
    jw_status st = list_runs(l, total, err);
    return st == JW_OK ? jw_store_compute(l->where.table, l->sql, l->rows, err) : st;
}

jw_status jw_store_list(struct jw_store *store, const struct jw_store_query *query, json_t **rows, int64_t *total,
                        struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(JW_STORE_MEM);
    struct listing *l = mem ? jw_arena_alloc(mem, sizeof *l) : NULL;
    if (!l)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *l = (struct listing){.where = {.query = query, .mem = mem, .text = JW_BUFFER(256 << 10), .err = err},
                          .text = JW_BUFFER(512 << 10)};
    l->where.table = jw_store_table_of(store, query->ledger);
    if (!l->where.table)
        return jw_fail(err, JW_E_SYSTEM, "%s: not of this store", query->ledger->name);
    if (query->limit < 1 || query->limit > JW_STORE_PAGE || query->offset < 0)
        return jw_fail(err, JW_E_SYNTAX, "a page has 1 to %d records", JW_STORE_PAGE);
    if (query->sort >= 0 && !jw_column_has(&query->ledger->fields[query->sort]))
        return jw_fail(err, JW_E_SYNTAX, "a computed field is no order");
    l->rows = json_array();
    jw_status st = jw_store_take(store, &l->sql, err);
    if (st == JW_OK) {
        l->where.postgres = jw_sql_is_postgres(l->sql);
        st = jw_sql_begin(l->sql, false, err); /* the rows and their number of one moment */
        if (st == JW_OK)
            st = jw_sql_end(l->sql, list_all(l, total, err), err);
        jw_store_give(store, l->sql, st < 0 && st != JW_E_SYNTAX);
    }
    jw_buffer_free(&l->where.text);
    jw_buffer_free(&l->text);
    json_decref(l->after);
    if (st == JW_OK)
        *rows = l->rows;
    else
        json_decref(l->rows);
    return st;
}
