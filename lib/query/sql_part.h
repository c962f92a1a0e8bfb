/* lib/query/sql_part.h — what sql.c lends to condition.c and statement.c. */
#pragma once
#include "sql.h"

/* A text of the user, as a parameter or in hexadecimal. Kept by pointer until the statement is sent. */
void jw_query_sql_part_text(struct jw_query_sql *sql, jw_text value);
/* The field's column, in `out` or static; NULL when it has none. */
const char *jw_query_sql_part_column(jw_field_id id, char out[64]);
/* The test of a term: on what the field is kept in itself (its column; for event.id the two of the event's place),
 * on the values in the arrays more_* or extra_* (`which`: "more", "extra"), on the line of the event (free text),
 * on a time every event has. */
void jw_query_sql_part_own(struct jw_query_sql *sql, const struct jw_query_term *term);
void jw_query_sql_part_array(struct jw_query_sql *sql, const struct jw_query_term *term, const char *which);
void jw_query_sql_part_line(struct jw_query_sql *sql, const struct jw_query_term *term);
void jw_query_sql_part_time(struct jw_query_sql *sql, const struct jw_query_term *term, const char *column);
