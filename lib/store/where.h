/* lib/store/where.h — the conditions of a list as SQL with parameters (store_where.c). Sticky: one check ends the
 * job. */
#pragma once
#include "store_parts.h"

#define JW_WHERE_VALUES 1024

struct jw_store_where {
    const struct jw_store_query *query;
    const struct jw_store_table *table;
    struct jw_arena *mem;
    bool postgres;
    jw_buffer text; /* " AND …" */
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
void jw_where_scope(struct jw_store_where *where, const struct jw_store_scope *scope);
void jw_where_filter(struct jw_store_where *where, const struct jw_store_filter *filter);
void jw_where_words(struct jw_store_where *where, bool driving);
/* Everything that the query demands, without its order and page. */
void jw_where_all(struct jw_store_where *where);
