/* daemons/lake/serve.c — one request: its parameters, its settings, the statement, the answer. */
#include "serve.h"
#include "statement.h"

#include <stdlib.h>

#define SETTINGS_MOST 16
#define MEMORY_MOST   (12u << 20) /* of one request, besides its body: the statement, twice */
#define CODE_DENIED   497
#define CODE_SYNTAX   62
#define CODE_LIMIT    202 /* TOO_MANY_SIMULTANEOUS_QUERIES */

struct ask {
    struct jw_statement statement;
    struct jw_engine_parameter parameters[JW_ENGINE_PARAMETERS];
    size_t parameter_count;
    const char *settings[SETTINGS_MOST];
    size_t setting_count;
    const char *format;
    jw_text sql, id;
};

/* A stream on its way to the client. */
struct flow {
    struct jw_serve *serve;
    struct jw_engine_link *link;
    jw_text piece;
    bool dirty, ended; /* dirty: settings were applied */
};

static void refuse(struct jw_serve *serve, struct jw_http_response *out, int code, const char *text) {
    char number[16];
    int len = snprintf(number, sizeof number, "%d", code);
    /* as ClickHouse tells them: 403 for rights, 400 for the sender's mistakes, 404 for what is missing, else 500 */
    out->status = code == CODE_DENIED ? 403 : code == 60 || code == 81 ? 404 : code == 62 || code == 36 ? 400 : 500;
    out->type = "text/plain; charset=UTF-8";
    jw_buffer_clear(&out->body);
    jw_buffer_print(&out->body, "%s%s\n", strncmp(text, "Code:", 5) == 0 ? "" : "DB::Exception: ", text);
    jw_http_response_header(out, "X-ClickHouse-Exception-Code", (jw_text){number, (size_t)len});
    jw_stat_add(serve->failures, 1);
}

static int code_of(jw_status st) {
    return st == JW_E_DENIED ? CODE_DENIED : st == JW_E_LIMIT ? CODE_LIMIT : CODE_SYNTAX;
}

static jw_status take_parameter(struct ask *ask, const jw_http_pair *pair, struct jw_arena *mem,
                                struct jw_error *err) {
    jw_text name = pair->name;
    if (jw_text_drop(&name, JW_TEXT("param_"))) {
        struct jw_engine_parameter *parameter = &ask->parameters[ask->parameter_count++];
        *parameter = (struct jw_engine_parameter){jw_arena_cstr(mem, name), jw_arena_cstr(mem, pair->value)};
        return parameter->name && parameter->value ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    }
    if (jw_text_is(name, JW_TEXT("query")))
        return ask->sql = pair->value, JW_OK;
    if (jw_text_is(name, JW_TEXT("default_format")))
        return (ask->format = jw_arena_cstr(mem, pair->value)) ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    if (jw_text_is(name, JW_TEXT("query_id"))) {
        ask->id = pair->value;
        return jw_statement_is_id(ask->id) ? JW_OK
                                           : jw_fail(err, JW_E_SYNTAX, "query_id: letters, digits, - and _");
    }
    if (jw_text_is(name, JW_TEXT("database")) || jw_text_is(name, JW_TEXT("wait_end_of_query")))
        return JW_OK; /* there is one database; a failure always ends the connection visibly */
    if (!jw_statement_may_set(name, pair->value))
        return jw_fail(err, JW_E_DENIED, "setting " JW_FMT " is not for this door", JW_ARG(name));
    if (ask->setting_count == SETTINGS_MOST)
        return jw_fail(err, JW_E_LIMIT, "at most %d settings", SETTINGS_MOST);
    jw_buffer sql = JW_BUFFER(1024);
    jw_buffer_print(&sql, "%.*s = '%.*s'", (int)name.len, name.ptr, (int)pair->value.len, pair->value.ptr);
    ask->settings[ask->setting_count++] = jw_arena_cstr(mem, jw_buffer_text(&sql));
    jw_buffer_free(&sql);
    return JW_OK;
}

static jw_status read_request(const struct jw_http_request *request, struct jw_arena *mem, struct ask *ask,
                              struct jw_error *err) {
    jw_status st = JW_OK;
    for (size_t i = 0; st == JW_OK && i < request->target.param_count; i++)
        st = take_parameter(ask, &request->target.params[i], mem, err);
    jw_text header = jw_http_request_header(request, "X-ClickHouse-Format");
    if (header.len)
        ask->format = jw_arena_cstr(mem, header);
    if (st == JW_OK && !ask->sql.len)
        ask->sql = request->body;
    if (st == JW_OK)
        st = jw_statement_read(ask->sql, mem, &ask->statement, err);
    if (st == JW_OK && ask->statement.kind != JW_STATEMENT_ROWS && jw_text_is(request->method, JW_TEXT("GET")))
        return jw_fail(err, JW_E_DENIED, "GET only reads");
    if (ask->statement.format)
        ask->format = ask->statement.format;
    if (!ask->format)
        ask->format = "TabSeparated";
    return st;
}

/* SET one by one; jw_engine_settle gives the link back as it was. */
static bool apply(struct flow *flow, const struct ask *ask, struct jw_engine_failure *why) {
    char sql[1100];
    for (size_t i = 0; i < ask->setting_count; i++) {
        struct jw_engine_query query = {.sql = sql, .format = "TSV"};
        flow->dirty = true;
        snprintf(sql, sizeof sql, "SET %s", ask->settings[i]);
        if (!jw_engine_run(flow->link, &query, NULL, why))
            return false;
    }
    return true;
}

static void finish(struct flow *flow) {
    struct jw_error err;
    if (flow->dirty && jw_engine_settle(flow->link, &err) != JW_OK)
        jw_engine_drop(flow->serve->engine, flow->link);
    else
        jw_engine_give(flow->serve->engine, flow->link);
    free(flow);
}

static size_t flow_pull(void *stream, char *out, size_t room) {
    struct flow *flow = stream;
    struct jw_engine_failure why;
    if (!flow->piece.len && !flow->ended) {
        if (!jw_engine_next(flow->link, &flow->piece, &why)) {
            jw_stat_add(flow->serve->failures, 1);
            return JW_HTTP_BROKEN;
        }
        flow->ended = flow->piece.len == 0;
    }
    size_t len = flow->piece.len < room ? flow->piece.len : room;
    if (len)
        memcpy(out, flow->piece.ptr, len);
    flow->piece.ptr += len;
    flow->piece.len -= len;
    return len;
}

static void flow_ended(void *stream) {
    struct flow *flow = stream;
    jw_engine_end(flow->link);
    finish(flow);
}

static void rows(struct jw_serve *serve, struct flow *flow, const struct jw_engine_query *query,
                 struct jw_http_response *out) {
    struct jw_engine_failure why;
    jw_stat_add(serve->queries, 1);
    bool open = jw_engine_open(flow->link, query, &why);
    bool good = open && jw_engine_next(flow->link, &flow->piece, &why); /* the first piece decides the status */
    if (!good) {
        refuse(serve, out, why.code, why.text);
        if (open)
            jw_engine_end(flow->link);
        finish(flow);
        return;
    }
    flow->ended = flow->piece.len == 0;
    out->type = "application/octet-stream";
    out->stream = flow;
    out->pull = flow_pull;
    out->ended = flow_ended;
}

static void insert(struct jw_serve *serve, struct jw_engine_link *link, const struct ask *ask, jw_text body,
                   struct jw_http_response *out) {
    struct jw_engine_failure why;
    uint64_t count = 0;
    jw_stat_add(serve->inserts, 1);
    out->type = "text/plain; charset=UTF-8";
    if (!body.len)
        refuse(serve, out, CODE_SYNTAX, "an insert wants its rows in the body");
    else if (!jw_engine_insert(link, ask->statement.sql, ask->format, body, &count, &why))
        refuse(serve, out, why.code, why.text);
    else
        jw_stat_add(serve->inserted_rows, count);
}

/* The engine has no ids of ours: a statement carries its id as a comment in front, and killing looks for that. */
static const char *kill_sql(const struct ask *ask, struct jw_arena *mem) {
    jw_text rest = jw_text_from(ask->statement.sql), id;
    char sql[256];
    if (!jw_text_drop(&rest, JW_TEXT("KILL QUERY WHERE query_id = '")) || !jw_text_cut(&rest, '\'', &id) ||
        !jw_statement_is_id(id) || !jw_text_is(rest, JW_TEXT(" ASYNC")))
        return NULL;
    snprintf(sql, sizeof sql, "KILL QUERY WHERE startsWith(query, '/*%.*s*/') ASYNC", (int)id.len, id.ptr);
    return jw_arena_cstr(mem, jw_text_from(sql));
}

static const char *marked_sql(const struct ask *ask, struct jw_arena *mem) {
    if (!ask->id.len)
        return ask->statement.sql;
    jw_buffer sql = JW_BUFFER(strlen(ask->statement.sql) + 128);
    jw_buffer_print(&sql, "/*%.*s*/ %s", (int)ask->id.len, ask->id.ptr, ask->statement.sql);
    const char *text = sql.failed ? NULL : jw_arena_cstr(mem, jw_buffer_text(&sql));
    jw_buffer_free(&sql);
    return text;
}

static void command(struct jw_serve *serve, struct jw_engine_link *link, const struct jw_engine_query *query,
                    struct jw_http_response *out) {
    struct jw_engine_failure why;
    jw_stat_add(serve->queries, 1);
    out->type = "text/plain; charset=UTF-8";
    if (!jw_engine_run(link, query, &out->body, &why))
        refuse(serve, out, why.code, why.text);
}

void jw_serve_query(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_serve *serve = context;
    struct ask ask = {0};
    struct jw_error err = {{0}};
    struct jw_engine_failure why;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(MEMORY_MOST);
    jw_status st = mem ? read_request(request, mem, &ask, &err) : JW_E_LIMIT;
    const char *sql = st != JW_OK                               ? NULL
                      : ask.statement.kind == JW_STATEMENT_KILL ? kill_sql(&ask, mem)
                                                                : marked_sql(&ask, mem);
    if (!sql) {
        refuse(serve, out, code_of(st), err.text[0] ? err.text : "no such statement");
        return;
    }
    struct flow *flow = calloc(1, sizeof *flow);
    st = flow ? jw_engine_take(serve->engine, &flow->link, &err) : JW_E_LIMIT;
    if (st != JW_OK) {
        free(flow);
        refuse(serve, out, CODE_LIMIT, err.text[0] ? err.text : "no memory");
        return;
    }
    flow->serve = serve;
    struct jw_engine_query query = {sql, ask.format, ask.parameters, ask.parameter_count};
    if (!apply(flow, &ask, &why)) {
        refuse(serve, out, why.code, why.text);
    } else if (ask.statement.kind == JW_STATEMENT_ROWS) {
        rows(serve, flow, &query, out);
        return;
    } else if (ask.statement.kind == JW_STATEMENT_INSERT) {
        insert(serve, flow->link, &ask, request->body, out);
    } else {
        command(serve, flow->link, &query, out);
    }
    finish(flow);
}

void jw_serve_ping(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context;
    (void)request;
    jw_http_response_text(out, "text/plain; charset=UTF-8", JW_TEXT("Ok.\n"));
}
