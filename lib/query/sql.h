/* lib/query/sql.h — a query as SQL over the lake's tables (lib/lake/schema.h).
 *
 * No byte of the user ever stands in the SQL: texts are parameters at the level "full", hexadecimal digits at the
 * level "plain" (ClickHouse 18.16 has no parameters); numbers, times and addresses are printed from parsed values.
 * One jw_query_sql belongs to one thread. Sticky: after a failure nothing is added, jw_query_sql_check says why. */
#pragma once
#include "base/buffer.h"
#include "lake/schema.h"
#include "query.h"

#define JW_QUERY_SQL_BYTES 256000 /* longest statement: below ClickHouse's default max_query_size */

struct jw_query_sql {
    bool plain;           /* set these two first */
    struct jw_arena *mem; /* for parameters */
    jw_buffer text;
    jw_text *params; /* parameter i is {p<i>:String} in `text`; raw bytes, escaping is the sender's business */
    size_t count;
    bool failed;
};
#define JW_QUERY_SQL(arena, is_plain) \
    ((struct jw_query_sql){.plain = (is_plain), .mem = (arena), .text = JW_BUFFER(JW_QUERY_SQL_BYTES)})
void jw_query_sql_free(struct jw_query_sql *sql); /* leaves it empty for the next statement; usable with JW_AUTO */
JW_MUST_CHECK jw_status jw_query_sql_check(const struct jw_query_sql *sql, struct jw_error *err);

struct jw_query_sql_scope {
    const char *table; /* "events" or "alerts"; ours, never the user's */
    int64_t from, to;  /* ns, `to` outside; INT64_MIN and INT64_MAX: no bound */
};

/* A condition, in parentheses. */
void jw_query_sql_condition(struct jw_query_sql *sql, const struct jw_query *query);
/* The value of a field as text: what `top` groups by. Several values of a field without a column: one row for each.
 */
void jw_query_sql_value(struct jw_query_sql *sql, jw_text field);

/* The place of the last event of a page. */
struct jw_query_sql_cursor {
    int64_t time_us;
    uint64_t number;
    uint32_t spool;
};

/* What stands behind the table's name to get whole events (jw_lake_client_rows): "WHERE … ORDER BY … LIMIT …".
 * Newest first; ties by spool and number, so that the order is total. `after` NULL: the first page. */
void jw_query_sql_page(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                       const struct jw_query *query, uint32_t limit, const struct jw_query_sql_cursor *after);
/* One row: count. */
void jw_query_sql_count(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                        const struct jw_query *query);
#define JW_QUERY_SQL_FIELDS 8
/* Rows: the fields' values as text in columns f0, f1 …, then count; most frequent first, ties by value. Events that
 * lack one of the fields are not counted. `fields` 1..JW_QUERY_SQL_FIELDS. */
void jw_query_sql_top(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                      const struct jw_query *query, const jw_text *fields, size_t field_count, uint32_t limit);

struct jw_query_sql_bars {
    int64_t start_us, width_us; /* of the first bar, since 1970; of each */
    uint32_t count;
};
/* Round widths (1 s … 1 week, then whole multiples of a week) so that scope->from..to, which must be given, needs
 * at most `most` (>= 2) bars, whose edges are round on the clock of the zone. */
struct jw_query_sql_bars jw_query_sql_bars(const struct jw_query_sql_scope *scope, uint32_t most, int offset_s);
/* Rows: bar (0..count-1), count; bars without events are left out. */
void jw_query_sql_histogram(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                            const struct jw_query *query, const struct jw_query_sql_bars *bars);
