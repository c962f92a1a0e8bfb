/* lib/store/store_aggregate.c — how many, how much, over groups of records. */
#include "where.h"

struct counting {
    struct jw_store_where where;
    int by;
    const struct jw_store_figure *figures;
    size_t count;
    json_t *groups;
};

static json_t *number_of(const jw_sql_value *value) {
    return value->kind == JW_SQL_INTEGER ? json_integer(value->integer)
           : value->kind == JW_SQL_REAL  ? json_real(value->real)
                                         : json_null();
}

/* The least and the most are values of the field; a sum and a count are numbers. */
static json_t *figure_of(const struct counting *c, const struct jw_store_figure *figure,
                         const jw_sql_value *value) {
    bool of_field = (figure->what == JW_FIGURE_LEAST || figure->what == JW_FIGURE_MOST) && figure->field >= 0;
    return of_field ? jw_column_decode(&c->where.table->ledger->fields[figure->field], value) : number_of(value);
}

static jw_status add_group(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct counting *c = context;
    const struct jw_ledger *ledger = c->where.table->ledger;
    (void)columns;
    json_t *by = c->by == JW_COLUMN_STATE ? json_stringn(row[0].text.ptr, row[0].text.len)
                 : c->by < 0              ? json_null()
                                          : jw_column_decode(&ledger->fields[c->by], &row[0]);
    json_t *figures = json_array();
    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(figures, figure_of(c, &c->figures[i], &row[i + 2]));
    json_t *group = json_pack("{so so}", "by", by, "figures", figures);
    return group && json_array_append_new(c->groups, group) == 0
               ? JW_OK
               : jw_fail(err, JW_E_SYSTEM, "%s: a value is damaged", ledger->name);
}

static void add_figure(struct counting *c, jw_buffer *text, const struct jw_store_figure *figure) {
    static const char *const calls[] = {"count(*)", "sum", "min", "max"};
    struct jw_store_where *w = &c->where;
    const struct jw_ledger_field *field = figure->field >= 0 ? &w->table->ledger->fields[figure->field] : NULL;
    char name[JW_COLUMN];
    if (figure->what == JW_FIGURE_COUNT) {
        jw_buffer_print(text, ", count(*)");
        return;
    }
    jw_sql_kind kind = field ? jw_column_kind(field) : JW_SQL_INTEGER;
    const char *column = jw_where_column(w, figure->field, name);
    if (kind == JW_SQL_NULL || (kind == JW_SQL_TEXT && figure->what == JW_FIGURE_SUM) ||
        figure->field == JW_COLUMN_STATE)
        jw_where_fail(w, JW_E_SYNTAX, "sums are of numbers; least and most of stored fields");
    else if (figure->what == JW_FIGURE_SUM && kind == JW_SQL_INTEGER)
        jw_buffer_print(text, ", CAST(sum(%s) AS bigint)", column); /* PostgreSQL makes it numeric */
    else
        jw_buffer_print(text, ", %s(%s)", calls[figure->what], column);
}

static jw_status ask(struct counting *c, struct jw_sql *sql, struct jw_error *err) {
    struct jw_store_where *w = &c->where;
    jw_buffer text = JW_BUFFER(512 << 10);
    char name[JW_COLUMN];
    bool whole = c->by == JW_COLUMN_ID;
    jw_where_all(w, JW_BY_ANY, true);
    jw_buffer_print(&text, "SELECT %s, count(*)", whole ? "NULL" : jw_where_column(w, c->by, name));
    for (size_t i = 0; i < c->count; i++)
        add_figure(c, &text, &c->figures[i]);
    jw_buffer_print(&text, " FROM l_%s WHERE removed = %d", w->table->ledger->name, w->query->removed);
    jw_buffer_add(&text, jw_buffer_text(&w->text));
    if (!whole)
        jw_buffer_print(&text, " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", JW_STORE_GROUPS);
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed      ? jw_fail(err, JW_E_LIMIT, "no memory")
                   : w->st != JW_OK ? w->st
                                    : jw_sql_run(sql, text.ptr, w->values, w->count, add_group, c, err);
    jw_buffer_free(&text);
    return st;
}

jw_status jw_store_aggregate(struct jw_store *store, const struct jw_store_query *query, int by,
                             const struct jw_store_figure *figures, size_t count, json_t **out,
                             struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(JW_STORE_MEM);
    struct counting *c = mem ? jw_arena_alloc(mem, sizeof *c) : NULL;
    struct jw_sql *sql = NULL;
    if (!c)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *c = (struct counting){.where = {.query = query, .mem = mem, .text = JW_BUFFER(256 << 10), .err = err},
                           .by = by,
                           .figures = figures,
                           .count = count};
    c->where.table = jw_store_table_of(store, query->ledger);
    if (!c->where.table)
        return jw_fail(err, JW_E_SYSTEM, "%s: not of this store", query->ledger->name);
    if (by >= 0 && !jw_column_has(&query->ledger->fields[by]))
        return jw_fail(err, JW_E_SYNTAX, "a computed field makes no groups");
    if (count > JW_STORE_FIGURES)
        return jw_fail(err, JW_E_LIMIT, "at most %d figures", JW_STORE_FIGURES);
    c->groups = json_array();
    jw_status st = jw_store_take(store, &sql, err);
    if (st == JW_OK) {
        c->where.postgres = jw_sql_is_postgres(sql);
        st = ask(c, sql, err);
        jw_store_give(store, sql, st < 0 && st != JW_E_SYNTAX);
    }
    jw_buffer_free(&c->where.text);
    if (st == JW_OK)
        *out = c->groups;
    else
        json_decref(c->groups);
    return st;
}
