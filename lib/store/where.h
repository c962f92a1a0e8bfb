/* lib/store/where.h — the conditions of a list as SQL with parameters (store_where.c). Sticky: one check ends the
 * job. */
#pragma once
#include "store_parts.h"

#define JW_WHERE_VALUES 1024

/* Which part of a question an index answers; the others are looked at row by row. SQLite does not know how many
 * rows a part has, so lists find out (store_list.c); PostgreSQL does and chooses for itself. */
enum {
    JW_BY_FILTERS = -3,
    JW_BY_ANY = -2,
    JW_BY_ORDER = -1,
    JW_BY_SCOPE = 0,
    JW_BY_WORDS = 1,
    JW_BY_FILTER = 2 /* + its number */
};

struct jw_store_where {
    const struct jw_store_query *query;
    const struct jw_store_table *table;
    struct jw_arena *mem;
    bool postgres;
    const char *plus; /* before a column whose index is not to be used: "+" */
    jw_buffer text;   /* " AND …" */
    jw_sql_value values[JW_WHERE_VALUES];
    size_t count;
    struct jw_error *err;
    jw_status st;
};

void jw_where_fail(struct jw_store_where *where, jw_status st, const char *text);
/* The number of a parameter with this value. */
size_t jw_where_bind(struct jw_store_where *where, jw_sql_value value);
/* "f_NAME", "id" …; static or in `out`. */
const char *jw_where_column(const struct jw_store_where *where, int field, char out[JW_COLUMN]);
/* Relation `i` of a scope, without AND; false: it has no more. */
bool jw_where_relation(struct jw_store_where *where, const struct jw_store_scope *scope, size_t i);
/* SELECT of the numbers of the records of the query's scope, each once: a relation by its index behind the other.
 * For SQLite. */
void jw_where_records(struct jw_store_where *where);
void jw_where_scope(struct jw_store_where *where, const struct jw_store_scope *scope);
void jw_where_filter(struct jw_store_where *where, const struct jw_store_filter *filter);
/* `driving`: the way in; else each record is looked up among those that have them. */
void jw_where_words(struct jw_store_where *where, bool driving);
/* The words as FTS5 takes them, for a statement that begins with w_NAME; 0: there are none. */
size_t jw_where_match(struct jw_store_where *where);
/* Everything that the query demands, without its order and page, and without `words` when they are left out. */
void jw_where_all(struct jw_store_where *where, int by, bool with_words);
void jw_where_part(struct jw_store_where *where, int by); /* that part alone */
