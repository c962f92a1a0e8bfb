/* lib/query/statement.c — whole statements: a page of events, a count, the most frequent values, a histogram. */
#include "sql_part.h"

#include <inttypes.h>

/* Times in the lake are microseconds, so both ends of a scope move down and up to whole ones. */
static int64_t us_down(int64_t ns) { return ns / 1000 - (ns % 1000 < 0); }
static int64_t us_up(int64_t ns) { return ns / 1000 + (ns % 1000 > 0); }

static void add(struct jw_query_sql *sql, const char *text) { jw_buffer_add(&sql->text, jw_text_from(text)); }

/* Time first: the tables are ordered by it. */
static void where(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope, const struct jw_query *query) {
    add(sql, "WHERE ");
    if (scope->from != INT64_MIN)
        jw_buffer_print(&sql->text, "time >= %" PRId64 " AND ", us_down(scope->from));
    if (scope->to != INT64_MAX)
        jw_buffer_print(&sql->text, "time < %" PRId64 " AND ", us_up(scope->to));
    jw_query_sql_condition(sql, query);
}

static void from_where(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                       const struct jw_query *query) {
    jw_buffer_print(&sql->text, " FROM %s ", scope->table);
    where(sql, scope, query);
}

void jw_query_sql_page(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                       const struct jw_query *query, uint32_t limit, const struct jw_query_sql_cursor *after) {
    where(sql, scope, query);
    if (after) /* the bound on time alone comes first: the primary key serves it */
        jw_buffer_print(&sql->text,
                        " AND time <= %" PRId64 " AND (time < %" PRId64 " OR spool < %" PRIu32
                        " OR (spool = %" PRIu32 " AND number < %" PRIu64 "))",
                        after->time_us, after->time_us, after->spool, after->spool, after->number);
    jw_buffer_print(&sql->text, " ORDER BY time DESC, spool DESC, number DESC LIMIT %" PRIu32, limit);
}

void jw_query_sql_count(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                        const struct jw_query *query) {
    add(sql, "SELECT count() AS count");
    from_where(sql, scope, query);
}

void jw_query_sql_value(struct jw_query_sql *sql, jw_text field) {
    char name[64];
    jw_field_id id = jw_field_find(field);
    const char *column = jw_query_sql_part_column(id, name);
    if (id == JW_F_EVENT_ID) {
        add(sql, "concat(lower(leftPad(hex(spool), 8, '0')), '-', lower(leftPad(hex(number), 16, '0')))");
        return;
    }
    if (!column) {
        add(sql, "arrayJoin(arrayFilter((v, n) -> n = ");
        jw_query_sql_part_text(sql, id == JW_F_NONE ? field : jw_field_get(id)->name);
        add(sql, ", extra_value, extra_name))");
        return;
    }
    switch (jw_field_get(id)->type) {
    case JW_TYPE_TEXT:
    case JW_TYPE_KEYWORD:
        jw_buffer_print(&sql->text, "toString(%s)", column);
        break;
    case JW_TYPE_LONG:
        jw_buffer_print(&sql->text, "if(%s = toInt64(-9223372036854775808), '', toString(%s))", column, column);
        break;
    case JW_TYPE_DATE:
        jw_buffer_print(&sql->text, "toString(%s)", column);
        break;
    case JW_TYPE_BOOL:
        jw_buffer_print(&sql->text, "multiIf(%s = 0, 'false', %s = 1, 'true', '')", column, column);
        break;
    case JW_TYPE_IP: /* IPv4 is kept mapped and shown as people write it */
        jw_buffer_print(&sql->text,
                        "if(%s = toFixedString('', 16), '', replaceRegexpOne(IPv6NumToString(%s), "
                        "'^::ffff:([0-9]+[.])', '\\\\1'))",
                        column, column);
        break;
    }
}

void jw_query_sql_top(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                      const struct jw_query *query, const jw_text *fields, size_t field_count, uint32_t limit) {
    if (field_count == 0 || field_count > JW_QUERY_SQL_FIELDS) {
        sql->failed = true;
        return;
    }
    add(sql, "SELECT ");
    for (size_t i = 0; i < field_count; i++)
        jw_buffer_print(&sql->text, "f%zu, ", i);
    add(sql, "count() AS count FROM (SELECT ");
    for (size_t i = 0; i < field_count; i++) {
        jw_query_sql_value(sql, fields[i]);
        jw_buffer_print(&sql->text, " AS f%zu%s", i, i + 1 < field_count ? ", " : "");
    }
    from_where(sql, scope, query);
    add(sql, ") WHERE ");
    for (size_t i = 0; i < field_count; i++)
        jw_buffer_print(&sql->text, "%sf%zu != ''", i ? " AND " : "", i);
    add(sql, " GROUP BY ");
    for (size_t i = 0; i < field_count; i++)
        jw_buffer_print(&sql->text, "%sf%zu", i ? ", " : "", i);
    add(sql, " ORDER BY count DESC");
    for (size_t i = 0; i < field_count; i++)
        jw_buffer_print(&sql->text, ", f%zu", i);
    jw_buffer_print(&sql->text, " LIMIT %" PRIu32, limit);
}

struct jw_query_sql_bars jw_query_sql_bars(const struct jw_query_sql_scope *scope, uint32_t most, int offset_s) {
    static const int32_t seconds[] = {1,   2,    5,    10,   15,    30,    60,    120,   300,    600,
                                      900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800};
    int64_t from = us_down(scope->from), to = us_up(scope->to), week = INT64_C(604800000000);
    int64_t shift = offset_s * INT64_C(1000000) + 3 * INT64_C(86400000000); /* Monday, in the zone */
    uint32_t room = most < 2 ? 2 : most;
    if (to <= from)
        to = from + 1;
    for (size_t i = 0;; i++) {
        size_t known = sizeof seconds / sizeof *seconds;
        int64_t width = i < known ? seconds[i] * INT64_C(1000000) : week << (i - known + 1);
        int64_t start = from + shift - (((from + shift) % width) + width) % width - shift;
        uint64_t count = ((uint64_t)to - (uint64_t)start - 1) / (uint64_t)width + 1;
        if (count <= room || i > known + 20)
            return (struct jw_query_sql_bars){start, width, (uint32_t)count};
    }
}

void jw_query_sql_histogram(struct jw_query_sql *sql, const struct jw_query_sql_scope *scope,
                            const struct jw_query *query, const struct jw_query_sql_bars *bars) {
    jw_buffer_print(&sql->text, "SELECT intDiv(time - %" PRId64 ", %" PRId64 ") AS bar, count() AS count",
                    bars->start_us, bars->width_us);
    from_where(sql, scope, query);
    add(sql, " GROUP BY bar ORDER BY bar");
}
