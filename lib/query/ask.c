/* lib/query/ask.c — a statement as a request: its parameters get their names. */
#include "ask.h"

#define NAME_MOST 16

jw_status jw_ask_request(const struct jw_query_sql *sql, struct jw_lake_request *out, struct jw_error *err) {
    jw_status st = jw_query_sql_check(sql, err);
    if (st != JW_OK)
        return st;
    struct jw_lake_parameter *list = jw_arena_alloc(sql->mem, (sql->count + 1) * sizeof *list);
    char *names = jw_arena_alloc(sql->mem, (sql->count + 1) * NAME_MOST);
    if (!list || !names)
        return jw_fail(err, JW_E_LIMIT, "the query needs too much memory");
    for (size_t i = 0; i < sql->count; i++) {
        snprintf(names + i * NAME_MOST, NAME_MOST, "p%zu", i);
        list[i] = (struct jw_lake_parameter){names + i * NAME_MOST, sql->params[i]};
    }
    *out = (struct jw_lake_request){.sql = jw_buffer_text(&sql->text),
                                    .parameters = list,
                                    .parameter_count = sql->count,
                                    .node = JW_LAKE_ANY_NODE};
    return JW_OK;
}
