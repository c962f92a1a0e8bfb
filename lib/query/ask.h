/* lib/query/ask.h — a statement of sql.h as a request of lake/client.h. */
#pragma once
#include "lake/client.h"
#include "sql.h"

/* Fills sql, parameters; the rest of `out` is zero. Everything is borrowed from `sql` and its arena. */
JW_MUST_CHECK jw_status jw_ask_request(const struct jw_query_sql *sql, struct jw_lake_request *out,
                                       struct jw_error *err);
