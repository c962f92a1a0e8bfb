/* daemons/api/search.c — a question becomes statements, rows become an answer. */
#include "search.h"
#include "question.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/time.h"
#include "lake/client.h"
#include "query/ask.h"
#include "spool/spool.h"

#define PAGE_MOST  (48u << 20) /* bytes of events in one answer; the rest is behind the cursor */
#define PATIENCE_S 10

struct jw_api_lake {
    struct jw_lake_client *client;
    sem_t free; /* of JW_SEARCHES_MOST */
};

jw_status jw_search_open(struct jw_api *api, struct jw_error *err) {
    char socket_path[JW_PATH];
    char *const *given = jw_daemon_list(api->run, "node");
    const char *own[] = {jw_daemon_path(api->run, "run/lake.sock", socket_path), NULL};
    const char *level = jw_daemon_text(api->run, "level");
    struct jw_lake_options options = {.nodes = *given ? (const char *const *)given : own,
                                      .cluster = jw_daemon_text(api->run, "cluster"),
                                      .authority = jw_daemon_text(api->run, "authority"),
                                      .level = strcmp(level, "plain") == 0 ? JW_LAKE_PLAIN : JW_LAKE_FULL};
    api->lake = calloc(1, sizeof *api->lake);
    if (!api->lake)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    sem_init(&api->lake->free, 0, JW_SEARCHES_MOST);
    return jw_lake_client_new(&options, &api->lake->client, err);
}

void jw_search_close(struct jw_api *api) {
    if (!api->lake)
        return;
    jw_lake_client_free(api->lake->client);
    sem_destroy(&api->lake->free);
    free(api->lake);
}

static bool enter(struct jw_api *api, struct jw_http_response *out) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    while (sem_timedwait(&api->lake->free, &until) != 0)
        if (errno != EINTR) {
            jw_http_response_error(out, 503, "busy", -1, "%d searches are running; try again", JW_SEARCHES_MOST);
            jw_http_response_header(out, "Retry-After", JW_TEXT("2"));
            return false;
        }
    return true;
}

static void leave(struct jw_api *api) { sem_post(&api->lake->free); }

static void failed(struct jw_api *api, jw_status st, const struct jw_error *err, struct jw_http_response *out) {
    jw_stat_add(jw_stats_get(api->run->stats, "searches_failed_total", (jw_text){0}), 1);
    if (st == JW_E_SYSTEM) {
        jw_http_response_error(out, 503, "lake_away", -1, "the event store does not answer: %s", err->text);
        jw_http_response_header(out, "Retry-After", JW_TEXT("2"));
    } else if (st == JW_E_LIMIT) {
        jw_http_response_error(out, 422, "too_expensive", -1, "narrow the question or its time: %s", err->text);
    } else {
        jw_http_response_error(out, 500, "internal", -1, "%s", err->text);
    }
}

/* --- one search -------------------------------------------------------------------------------------------------
 */

struct asking {
    struct jw_api *api;
    const struct jw_question *question;
    jw_lake_table table;
    struct jw_query_sql_scope scope;
    jw_buffer *body;
    uint32_t rows;
    bool more;
    struct jw_query_sql_cursor last;
    struct jw_query_sql_bars bars;
    uint64_t *counts; /* of bars */
};

/* Only the fields asked for; event.id always, so that a row can be opened. */
static void add_some(const struct jw_question *question, const struct jw_lake_row *row, jw_buffer *out) {
    char id[JW_EVENT_ID_TEXT], written[JW_TIME_TEXT];
    jw_field kept[256];
    struct jw_record some = {.mem = row->rec.mem, .fields = kept, .capacity = 256};
    bool ingested = false;
    for (size_t f = 0; f < question->field_count; f++) {
        if (jw_text_is(question->fields[f], JW_TEXT("@timestamp")))
            some.time = row->rec.time, some.has_time = row->rec.has_time;
        ingested |= jw_text_is(question->fields[f], JW_TEXT("event.ingested"));
        for (uint32_t i = 0; i < row->rec.count && some.count < 256; i++)
            if (jw_text_is(row->rec.fields[i].name, question->fields[f]))
                kept[some.count++] = row->rec.fields[i];
    }
    jw_spool_event_id(row->spool, row->number, id);
    jw_buffer_print(out, "{\"event.id\":\"%s\"", id);
    if (ingested && jw_time_print(row->ingested, written))
        jw_buffer_print(out, ",\"event.ingested\":\"%s\"", written);
    if (some.count || some.has_time) {
        jw_buffer_byte(out, ',');
        jw_record_json(&some, out);
    }
    jw_buffer_byte(out, '}');
}

static int64_t us_of(int64_t ns) { return ns / 1000 - (ns % 1000 < 0); }

static jw_status on_row(void *context, struct jw_lake_row *row, struct jw_error *err) {
    struct asking *asking = context;
    (void)err;
    size_t before = asking->body->len;
    if (asking->rows == asking->question->limit || (asking->rows && before > PAGE_MOST)) {
        asking->more = true;
        return JW_END;
    }
    if (asking->rows)
        jw_buffer_add(asking->body, JW_TEXT(",\n"));
    if (asking->question->field_count)
        add_some(asking->question, row, asking->body);
    else
        jw_lake_row_json(row, asking->body);
    asking->rows++;
    asking->last = (struct jw_query_sql_cursor){.time_us = us_of(row->rec.has_time ? row->rec.time : row->ingested),
                                                .number = row->number,
                                                .spool = row->spool};
    return JW_OK;
}

static jw_status ask_events(struct asking *asking, struct jw_query_sql *sql, struct jw_error *err) {
    const struct jw_question *question = asking->question;
    struct jw_lake_request request;
    jw_buffer_add(asking->body, JW_TEXT(",\"events\":["));
    jw_query_sql_page(sql, &asking->scope, question->query, question->limit + 1,
                      question->has_cursor ? &question->cursor : NULL);
    jw_status st = jw_ask_request(sql, &request, err);
    if (st == JW_OK)
        st = jw_lake_client_rows(asking->api->lake->client, asking->table, &request, on_row, asking, err);
    jw_buffer_byte(asking->body, ']');
    if (asking->more)
        jw_buffer_print(asking->body, ",\"cursor\":\"%" PRId64 ".%" PRIu32 ".%" PRIu64 "\"", asking->last.time_us,
                        asking->last.spool, asking->last.number);
    return st == JW_END ? JW_OK : st;
}

static jw_status ask_count(struct asking *asking, struct jw_query_sql *sql, struct jw_error *err) {
    struct jw_lake_request request;
    JW_AUTO(jw_buffer_free) jw_buffer answer = JW_BUFFER(4096);
    uint64_t count;
    jw_query_sql_count(sql, &asking->scope, asking->question->query);
    jw_status st = jw_ask_request(sql, &request, err);
    if (st == JW_OK)
        st = jw_lake_client_query(asking->api->lake->client, &request, &answer, NULL, err);
    if (st != JW_OK)
        return st;
    if (!jw_text_u64(jw_text_trim(jw_buffer_text(&answer)), &count))
        return jw_fail(err, JW_E_SYNTAX, "the event store counted nothing");
    jw_buffer_print(asking->body, ",\"total\":%" PRIu64, count);
    return JW_OK;
}

/* ClickHouse escapes tabs, newlines and backslashes in TabSeparated. */
static jw_text unescape(jw_text s, struct jw_arena *mem) {
    static const char from[] = "tnrbf0'\\", into[] = "\t\n\r\b\f\0'\\";
    char *to = memchr(s.ptr, '\\', s.len) ? jw_arena_alloc(mem, s.len) : NULL;
    size_t len = 0;
    for (size_t i = 0; to && i < s.len; i++) {
        const char *at = s.ptr[i] == '\\' && i + 1 < s.len ? memchr(from, s.ptr[i + 1], sizeof from - 1) : NULL;
        to[len++] = at ? into[at - from] : s.ptr[i];
        i += at != NULL;
    }
    return to ? (jw_text){to, len} : s;
}

/* A value of `by` as the events show it: the lake counts times in microseconds. */
static void top_value(jw_buffer *body, jw_text field, jw_text value, struct jw_arena *mem) {
    char time[JW_TIME_TEXT];
    int64_t us;
    jw_field_id id = jw_field_find(field);
    bool is_time = id != JW_F_NONE && jw_field_get(id)->type == JW_TYPE_DATE && jw_text_i64(value, &us) &&
                   us <= INT64_MAX / 1000 && us >= INT64_MIN / 1000;
    if (is_time)
        jw_buffer_json(body, (jw_text){time, jw_time_print(us * 1000, time)});
    else
        jw_buffer_json(body, value.len ? unescape(value, mem) : value);
}

static jw_status on_top(void *context, jw_text line, struct jw_error *err) {
    struct asking *asking = context;
    const struct jw_question *question = asking->question;
    jw_buffer_add(asking->body, asking->rows++ ? JW_TEXT(",\n{") : JW_TEXT("{"));
    for (size_t i = 0; i < question->by_count; i++) {
        jw_text piece;
        if (!jw_text_cut(&line, '\t', &piece))
            return jw_fail(err, JW_E_SYNTAX, "the event store gave an answer with too few columns");
        jw_buffer_json(asking->body, question->by[i]);
        jw_buffer_byte(asking->body, ':');
        top_value(asking->body, question->by[i], piece, question->mem);
        jw_buffer_byte(asking->body, ',');
    }
    jw_buffer_print(asking->body, "\"count\":%.*s}", (int)line.len, line.ptr);
    return JW_OK;
}

static jw_status ask_top(struct asking *asking, struct jw_query_sql *sql, struct jw_error *err) {
    const struct jw_question *question = asking->question;
    struct jw_lake_request request;
    jw_query_sql_top(sql, &asking->scope, question->query, question->by, question->by_count, question->limit);
    jw_status st = jw_ask_request(sql, &request, err);
    jw_buffer_add(asking->body, JW_TEXT(",\"by\":["));
    if (st == JW_OK)
        st = jw_lake_client_lines(asking->api->lake->client, &request, on_top, asking, err);
    jw_buffer_byte(asking->body, ']');
    return st;
}

static jw_status on_bar(void *context, jw_text line, struct jw_error *err) {
    struct asking *asking = context;
    jw_text bar;
    uint64_t at, count;
    if (!jw_text_cut(&line, '\t', &bar) || !jw_text_u64(bar, &at) || !jw_text_u64(line, &count) ||
        at >= asking->bars.count)
        return jw_fail(err, JW_E_SYNTAX, "the event store gave a bar that was not asked for");
    asking->counts[at] = count;
    return JW_OK;
}

/* Bars without events are told as well: whoever draws needs them. */
static jw_status ask_histogram(struct asking *asking, struct jw_query_sql *sql, struct jw_error *err) {
    struct jw_lake_request request;
    asking->bars = jw_query_sql_bars(&asking->scope, asking->question->bars, 0);
    asking->counts = jw_arena_alloc(asking->question->mem, asking->bars.count * sizeof *asking->counts);
    if (!asking->counts)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    memset(asking->counts, 0, asking->bars.count * sizeof *asking->counts);
    jw_query_sql_histogram(sql, &asking->scope, asking->question->query, &asking->bars);
    jw_status st = jw_ask_request(sql, &request, err);
    if (st == JW_OK)
        st = jw_lake_client_lines(asking->api->lake->client, &request, on_bar, asking, err);
    jw_buffer_add(asking->body, JW_TEXT(",\"histogram\":["));
    for (uint32_t i = 0; st == JW_OK && i < asking->bars.count; i++) {
        char time[JW_TIME_TEXT];
        jw_time_print((asking->bars.start_us + asking->bars.width_us * i) * 1000, time);
        jw_buffer_print(asking->body, "%s{\"time\":\"%s\",\"seconds\":%" PRId64 ",\"count\":%" PRIu64 "}",
                        i ? "," : "", time, asking->bars.width_us / 1000000, asking->counts[i]);
    }
    jw_buffer_byte(asking->body, ']');
    return st;
}

typedef jw_status (*ask_fn)(struct asking *asking, struct jw_query_sql *sql, struct jw_error *err);

static jw_status ask(struct asking *asking, ask_fn fn, struct jw_error *err) {
    bool plain = jw_lake_client_level(asking->api->lake->client) == JW_LAKE_PLAIN;
    JW_AUTO(jw_query_sql_free) struct jw_query_sql sql = JW_QUERY_SQL(asking->question->mem, plain);
    asking->rows = 0;
    return fn(asking, &sql, err);
}

static jw_status ask_all(struct asking *asking, struct jw_error *err) {
    const struct jw_question *question = asking->question;
    jw_status st = question->has_cursor ? JW_OK : ask(asking, ask_count, err); /* the first page told it */
    if (st == JW_OK && question->by_count)
        st = ask(asking, ask_top, err);
    if (st == JW_OK && question->bars)
        st = ask(asking, ask_histogram, err);
    if (st == JW_OK && !question->count_only && !question->by_count)
        st = ask(asking, ask_events, err);
    return st;
}

static struct asking asking_of(struct jw_api *api, const struct jw_question *question, jw_buffer *body) {
    struct asking asking = {.api = api, .question = question, .body = body, .scope = question->scope};
    asking.table = strcmp(question->in, "alerts") == 0 ? JW_LAKE_ALERTS : JW_LAKE_EVENTS;
    asking.scope.table = jw_lake_client_table(api->lake->client, asking.table);
    return asking;
}

void jw_search_run(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    struct jw_question question;
    int64_t begun = jw_time_steady();
    if (jw_question_read(&question, request, out) && enter(api, out)) {
        jw_buffer rest = JW_BUFFER(60u << 20);
        struct asking asking = asking_of(api, &question, &rest);
        jw_stat_add(jw_stats_get(api->run->stats, "searches_total", (jw_text){0}), 1);
        jw_status st = ask_all(&asking, &err);
        leave(api);
        if (st == JW_OK && !rest.failed) {
            jw_buffer_print(&out->body, "{\"took_ms\":%" PRId64, (jw_time_steady() - begun) / JW_MS);
            jw_buffer_add(&out->body, jw_buffer_text(&rest));
            jw_buffer_add(&out->body, JW_TEXT("}\n"));
        } else {
            failed(api, st == JW_OK ? JW_E_LIMIT : st, &err, out);
        }
        jw_buffer_free(&rest);
    }
    json_decref(question.body);
}

/* --- one event --------------------------------------------------------------------------------------------------
 */

static void find(struct jw_api *api, const char *in, struct jw_http_request *request,
                 struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_question question = {
        .mem = request->mem, .in = in, .limit = 1, .scope = {NULL, INT64_MIN, INT64_MAX}};
    jw_text id = jw_http_request_value(request, "id");
    uint32_t spool;
    uint64_t number;
    char text[64 + JW_EVENT_ID_TEXT];
    if (!jw_spool_event_parse(id, &spool, &number)) {
        jw_http_response_error(out, 400, "bad_id", -1, "an id looks like 1f00c0de-000000000012d687");
        return;
    }
    int len = snprintf(text, sizeof text, "event.id:\"%.*s\"", (int)id.len, id.ptr);
    if (!jw_question_parse((jw_text){text, (size_t)len}, request->mem, &question.query, out) || !enter(api, out))
        return;
    jw_buffer rest = JW_BUFFER(60u << 20);
    struct asking asking = asking_of(api, &question, &rest);
    jw_status st = ask(&asking, ask_events, &err);
    leave(api);
    if (st != JW_OK || rest.failed)
        failed(api, st == JW_OK ? JW_E_LIMIT : st, &err, out);
    else if (asking.rows == 0)
        jw_http_response_error(out, 404, "not_found", -1, "there is no such event (any more)");
    else /* {"events":[X] without its frame */
        jw_buffer_add(&out->body,
                      (jw_text){rest.ptr + strlen(",\"events\":["), rest.len - strlen(",\"events\":[") - 1});
    jw_buffer_free(&rest);
}

void jw_search_event(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    find(context, "events", request, out);
}

void jw_search_alert(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    find(context, "alerts", request, out);
}
