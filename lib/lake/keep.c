/* lib/lake/keep.c — DDL and DROP PARTITION, nothing else. */
#include "keep.h"

#include <stdlib.h>

#define SQL_MOST (64u << 10)

static jw_status say(struct jw_lake_client *client, size_t node, jw_buffer *sql, jw_buffer *out,
                     struct jw_error *err) {
    struct jw_lake_request request = {.sql = jw_buffer_text(sql), .node = node, .total_ms = 30000};
    return sql->failed ? jw_fail(err, JW_E_LIMIT, "no memory")
                       : jw_lake_client_query(client, &request, out, NULL, err);
}

static bool has_line(jw_text lines, const char *wanted) {
    jw_text line;
    while (jw_text_next(&lines, '\n', &line))
        if (jw_text_is(line, jw_text_from(wanted)))
            return true;
    return false;
}

static jw_status add_columns(struct jw_lake_client *client, size_t node, jw_lake_table table,
                             struct jw_error *err) {
    const struct jw_lake_column *columns;
    size_t count = jw_lake_columns(&columns);
    jw_buffer sql = JW_BUFFER(SQL_MOST), there = JW_BUFFER(SQL_MOST);
    jw_buffer_print(&sql, "SELECT name FROM system.columns WHERE database = 'jw' AND table = '%s'",
                    jw_lake_table_name(table));
    jw_status st = say(client, node, &sql, &there, err);
    for (size_t i = 0; st == JW_OK && i < count; i++) {
        if (has_line(jw_buffer_text(&there), columns[i].name))
            continue;
        jw_buffer_clear(&sql);
        jw_lake_move_extra(table, i, &sql);
        if (sql.len)
            st = say(client, node, &sql, NULL, err);
        jw_buffer_clear(&sql);
        jw_lake_alter(table, jw_lake_client_level(client), i, &sql);
        if (st == JW_OK)
            st = say(client, node, &sql, NULL, err);
    }
    jw_buffer_free(&sql);
    jw_buffer_free(&there);
    return st;
}

static jw_status tune(struct jw_lake_client *client, size_t node, jw_lake_table table, struct jw_error *err) {
    jw_buffer sql = JW_BUFFER(SQL_MOST);
    jw_lake_tune(table, jw_lake_client_level(client), &sql);
    jw_status st = sql.len ? say(client, node, &sql, NULL, err) : JW_OK;
    jw_buffer_free(&sql);
    return st == JW_E_SYNTAX ? JW_OK : st; /* refused: an older server */
}

/* The table over all nodes stores nothing: made anew it has the columns that were added. Only then, because
 * searches find no table while it is away. */
static jw_status make_spread(struct jw_lake_client *client, size_t node, jw_lake_table table,
                             struct jw_error *err) {
    const char *name = jw_lake_table_name(table);
    jw_buffer create = JW_BUFFER(SQL_MOST), sql = JW_BUFFER(SQL_MOST), answer = JW_BUFFER(SQL_MOST);
    jw_lake_create_all(table, jw_lake_client_cluster(client), jw_lake_client_level(client), &create);
    jw_status st = say(client, node, &create, NULL, err);
    jw_buffer_print(&sql,
                    "SELECT count() FROM system.columns WHERE database = 'jw' AND table = '%s' AND name NOT IN "
                    "(SELECT name FROM system.columns WHERE database = 'jw' AND table = '%s_all')",
                    name, name);
    if (st == JW_OK)
        st = say(client, node, &sql, &answer, err);
    if (st == JW_OK && !jw_text_is(jw_text_trim(jw_buffer_text(&answer)), JW_TEXT("0"))) {
        jw_buffer_clear(&sql);
        jw_buffer_print(&sql, "DROP TABLE IF EXISTS jw.%s_all", name);
        st = say(client, node, &sql, NULL, err);
        if (st == JW_OK)
            st = say(client, node, &create, NULL, err);
    }
    jw_buffer_free(&create);
    jw_buffer_free(&sql);
    jw_buffer_free(&answer);
    return st;
}

static jw_status make_table(struct jw_lake_client *client, size_t node, jw_lake_table table, struct jw_error *err) {
    jw_lake_level level = jw_lake_client_level(client);
    jw_buffer sql = JW_BUFFER(SQL_MOST);
    jw_lake_create(table, level, &sql);
    jw_status st = say(client, node, &sql, NULL, err);
    if (st == JW_OK)
        st = add_columns(client, node, table, err);
    if (st == JW_OK)
        st = tune(client, node, table, err);
    if (st == JW_OK && jw_lake_client_cluster(client))
        st = make_spread(client, node, table, err);
    jw_buffer_free(&sql);
    return st;
}

static jw_status make_node(struct jw_lake_client *client, size_t node, struct jw_error *err) {
    struct jw_lake_request request = {
        .sql = JW_TEXT("CREATE DATABASE IF NOT EXISTS jw"), .node = node, .total_ms = 30000};
    jw_status st = jw_lake_client_query(client, &request, NULL, NULL, err);
    for (int table = 0; st == JW_OK && table < JW_LAKE_TABLES; table++)
        st = make_table(client, node, (jw_lake_table)table, err);
    return st;
}

jw_status jw_lake_keep_schema(struct jw_lake_client *client, struct jw_error *err) {
    jw_status all = JW_OK;
    for (size_t node = 0; node < jw_lake_client_nodes(client); node++) {
        jw_status st = make_node(client, node, err);
        if (st == JW_E_SYSTEM || st == JW_E_LIMIT)
            all = JW_AGAIN;
        else if (st != JW_OK)
            return st;
    }
    return all;
}

void jw_lake_report_clear(struct jw_lake_report *report) {
    free(report->list);
    *report = (struct jw_lake_report){0};
}

static jw_status add_day(void *context, jw_text line, struct jw_error *err) {
    struct jw_lake_report *report = context;
    struct jw_lake_day *day = &report->list[report->days];
    jw_text part, rows;
    if (report->days == JW_LAKE_DAYS)
        return jw_fail(err, JW_E_LIMIT, "lake: more than %d days", JW_LAKE_DAYS);
    if (!jw_text_cut(&line, '\t', &part) || !jw_text_cut(&line, '\t', &rows) || !jw_text_i64(part, &day->day) ||
        !jw_text_u64(rows, &day->rows) || !jw_text_u64(line, &day->bytes))
        return jw_fail(err, JW_E_SYNTAX, "lake: the list of partitions is none");
    report->rows += day->rows;
    report->bytes += day->bytes;
    report->days++;
    return JW_OK;
}

static jw_status list_days(struct jw_lake_client *client, size_t node, struct jw_lake_report *out,
                           struct jw_error *err) {
    struct jw_lake_request request = {
        .sql = JW_TEXT("SELECT toInt64(partition) AS day, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE "
                       "database = 'jw' AND active AND table IN ('events', 'alerts') GROUP BY day ORDER BY day"),
        .node = node,
        .total_ms = 30000};
    out->list = calloc(JW_LAKE_DAYS + 1, sizeof *out->list);
    if (!out->list)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    return jw_lake_client_lines(client, &request, add_day, out, err);
}

static jw_status drop(struct jw_lake_client *client, size_t node, int64_t day, struct jw_error *err) {
    jw_status st = JW_OK;
    for (int table = 0; st == JW_OK && table < JW_LAKE_TABLES; table++) {
        jw_buffer sql = JW_BUFFER(SQL_MOST);
        jw_buffer_print(&sql, "ALTER TABLE jw.%s DROP PARTITION %lld", jw_lake_table_name((jw_lake_table)table),
                        (long long)day);
        st = say(client, node, &sql, NULL, err);
        jw_buffer_free(&sql);
    }
    return st;
}

jw_status jw_lake_keep(struct jw_lake_client *client, size_t node, const struct jw_lake_retention *rules,
                       int64_t now, struct jw_lake_report *out, struct jw_error *err) {
    *out = (struct jw_lake_report){0};
    jw_status st = list_days(client, node, out, err);
    int64_t today = now / 1000 / JW_LAKE_DAY_US;
    uint32_t gone = 0;
    while (st == JW_OK && gone + 1 < out->days) {
        const struct jw_lake_day *oldest = &out->list[gone];
        bool old = rules->days && oldest->day < today - (int64_t)rules->days;
        if (!old && !(rules->most_bytes && out->bytes > rules->most_bytes))
            break;
        st = drop(client, node, oldest->day, err);
        if (st != JW_OK)
            break;
        out->bytes -= oldest->bytes;
        out->rows -= oldest->rows;
        out->dropped_age += old;
        out->dropped_size += !old;
        gone++;
    }
    if (gone)
        memmove(out->list, out->list + gone, (out->days - gone) * sizeof *out->list);
    out->days -= gone;
    if (st != JW_OK)
        jw_lake_report_clear(out);
    return st;
}
