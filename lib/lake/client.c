/* lib/lake/client.c — requests to nodes over lib/http: the address, the answer, what went wrong. */
#include "client.h"
#include "target.h"

#include <stdlib.h>

#include "http/http_client.h"

#define ANSWER_MOST (64u << 20)
#define ROW_MOST    (128u << 20)
#define STORY_MOST  4096
#define DOUBT_MS    2500 /* without a byte of an answer: is the node alive? */
#define PING_MS     2000

struct node {
    struct jw_http_client *http;
    char *shown, *user, *password;
};

struct jw_lake_client {
    struct node nodes[JW_LAKE_NODES];
    size_t count;
    _Atomic size_t last; /* the node that answered last */
    jw_lake_level level;
    char *cluster;
};

/* "http://user:password@host:port" loses what is not to be shown. */
static jw_status split_user(struct node *node, const char *given, char **out_base, struct jw_error *err) {
    jw_text rest = jw_text_from(given), scheme = JW_TEXT("http://"), credentials = {0}, user;
    if (jw_text_starts(rest, JW_TEXT("https://")))
        scheme = JW_TEXT("https://");
    if (!jw_text_drop(&rest, scheme) || !rest.len)
        return jw_fail(err, JW_E_SYNTAX,
                       "lake node %s: wants /path/to/socket or http[s]://[user:password@]host:port", given);
    if (jw_text_cut(&rest, '@', &credentials)) {
        jw_text password = credentials;
        if (!jw_text_cut(&password, ':', &user))
            user = credentials, password = (jw_text){"", 0};
        node->user = strndup(user.ptr, user.len);
        node->password = strndup(password.ptr, password.len);
    }
    size_t size = scheme.len + rest.len + 1;
    *out_base = malloc(size);
    if (!*out_base || (credentials.len && (!node->user || !node->password)))
        return jw_fail(err, JW_E_LIMIT, "no memory");
    snprintf(*out_base, size, "%.*s%.*s", (int)scheme.len, scheme.ptr, (int)rest.len, rest.ptr);
    return JW_OK;
}

static jw_status open_node(struct node *node, const struct jw_lake_options *options, const char *given,
                           struct jw_error *err) {
    struct jw_http_client_options http = {.base = "http://lake",
                                          .unix_socket = given,
                                          .authority = options->authority,
                                          .connect_ms = options->connect_ms,
                                          .total_ms = options->total_ms};
    char *base = NULL;
    if (given[0] != '/') {
        jw_status st = split_user(node, given, &base, err);
        if (st != JW_OK)
            return st;
        http.base = base;
        http.unix_socket = NULL;
    }
    node->shown = strdup(base ? base : given);
    jw_status st = jw_http_client_new(&http, &node->http, err);
    free(base);
    return st == JW_OK && !node->shown ? jw_fail(err, JW_E_LIMIT, "no memory") : st;
}

jw_status jw_lake_client_new(const struct jw_lake_options *options, struct jw_lake_client **out,
                             struct jw_error *err) {
    JW_AUTO(jw_lake_client_free_p) struct jw_lake_client *client = calloc(1, sizeof *client);
    if (!client)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    client->level = options->level;
    if (options->cluster && !(client->cluster = strdup(options->cluster)))
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; options->nodes[i]; i++) {
        if (i == JW_LAKE_NODES)
            return jw_fail(err, JW_E_LIMIT, "at most %d lake nodes", JW_LAKE_NODES);
        client->count = i + 1;
        jw_status st = open_node(&client->nodes[i], options, options->nodes[i], err);
        if (st != JW_OK)
            return st;
    }
    if (!client->count)
        return jw_fail(err, JW_E_SYNTAX, "no lake node is named");
    *out = client;
    client = NULL;
    return JW_OK;
}

void jw_lake_client_free(struct jw_lake_client *client) {
    if (!client)
        return;
    for (size_t i = 0; i < client->count; i++) {
        jw_http_client_free(client->nodes[i].http);
        free(client->nodes[i].shown);
        free(client->nodes[i].user);
        free(client->nodes[i].password);
    }
    free(client->cluster);
    free(client);
}

jw_lake_level jw_lake_client_level(const struct jw_lake_client *client) { return client->level; }
const char *jw_lake_client_cluster(const struct jw_lake_client *client) { return client->cluster; }
size_t jw_lake_client_nodes(const struct jw_lake_client *client) { return client->count; }
const char *jw_lake_client_node(const struct jw_lake_client *client, size_t node) {
    return client->nodes[node].shown;
}

const char *jw_lake_client_table(const struct jw_lake_client *client, jw_lake_table table) {
    static const char *const names[] = {"jw.events", "jw.alerts", "jw.events_all", "jw.alerts_all"};
    return names[(table == JW_LAKE_ALERTS) + (client->cluster ? 2 : 0)];
}

/* --- one call ------------------------------------------------------------------------------------------------- */
struct running {
    jw_lake_piece_fn fn;
    void *context;
    struct node *node;
    bool alive; /* the node was asked meanwhile and said so */
    struct jw_error *err;
    jw_buffer story; /* of a refusal */
    uint64_t taken;  /* bytes given to fn */
};

static jw_status on_piece(void *context, unsigned status, jw_text piece) {
    struct running *run = context;
    if (status == 200) {
        run->taken += piece.len;
        return run->fn ? run->fn(run->context, piece, run->err) : JW_OK;
    }
    if (run->story.len + piece.len > run->story.ceiling)
        piece.len = run->story.ceiling - run->story.len;
    jw_buffer_add(&run->story, piece);
    return JW_OK;
}

/* The numbers that pass by themselves: limits of memory, time and concurrency, read-only, network between nodes. */
static bool passes(int code) {
    static const int codes[] = {0,   159, 160, 164, 202, 203, 209, 210, 225, 241,
                                242, 243, 252, 279, 319, 364, 394, 425, 999};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static int code_of(const struct jw_http_answer *answer, jw_text story) {
    jw_text number = jw_http_client_header(answer, "X-ClickHouse-Exception-Code");
    uint64_t code = 0;
    size_t at;
    if (!number.len && jw_text_find(story, JW_TEXT("Code: "), &at)) { /* 18.16 has no such header */
        number.ptr = story.ptr + at + 6;
        while (number.ptr + number.len < story.ptr + story.len && number.ptr[number.len] >= '0' &&
               number.ptr[number.len] <= '9')
            number.len++;
    }
    return jw_text_u64(number, &code) && code < 100000 ? (int)code : 0;
}

static jw_status judge(const struct node *node, const struct jw_http_answer *answer, const struct running *run,
                       struct jw_lake_failure *failure, struct jw_error *err) {
    jw_text story = jw_text_trim(jw_buffer_text(&run->story));
    failure->status = answer->status;
    failure->code = code_of(answer, story);
    int len = (int)(story.len < 180 ? story.len : 180);
    jw_status st = failure->code == 497 || answer->status == 401 || answer->status == 403 ? JW_E_DENIED
                   : passes(failure->code)                                                ? JW_E_LIMIT
                                                                                          : JW_E_SYNTAX;
    return jw_fail(err, st, "%s answers %u: %.*s", node->shown, answer->status, len, story.len ? story.ptr : "");
}

/* Whatever it answers, it does answer: /ping costs a node nothing, however many statements it has. */
static bool is_alive(void *context) {
    struct running *run = context;
    struct jw_http_call call = {.method = "GET", .target = "/ping", .total_ms = PING_MS};
    struct jw_http_answer answer = {.body = JW_BUFFER(STORY_MOST)};
    run->alive = jw_http_client_call(run->node->http, &call, &answer, NULL) != JW_E_SYSTEM;
    jw_http_client_clear(&answer);
    return run->alive;
}

static jw_status ask(struct jw_lake_client *client, size_t number, const struct jw_lake_request *request,
                     struct running *run, struct jw_lake_failure *failure, struct jw_error *err) {
    struct node *node = &client->nodes[number];
    jw_buffer target = JW_BUFFER(JW_LAKE_TARGET + 64), body = JW_BUFFER(8u << 20);
    jw_http_pair headers[2] = {{JW_TEXT("X-ClickHouse-User"), jw_text_from(node->user)},
                               {JW_TEXT("X-ClickHouse-Key"), jw_text_from(node->password)}};
    struct jw_http_answer answer = {.body = JW_BUFFER(STORY_MOST)};
    *failure = (struct jw_lake_failure){0};
    run->story = JW_BUFFER(STORY_MOST);
    run->err = err;
    run->node = node;
    run->alive = false;
    jw_status st = jw_lake_target(request, client->level, &target, &body, err);
    if (st == JW_OK) {
        struct jw_http_call call = {.method = "POST",
                                    .target = target.ptr,
                                    .body = request->body.len ? request->body : jw_buffer_text(&body),
                                    .headers = headers,
                                    .header_count = node->user ? 2 : 0,
                                    .total_ms = request->total_ms,
                                    .each = on_piece,
                                    .context = run,
                                    .is_alive = request->body.len ? NULL : is_alive, /* rows may take long */
                                    .doubt_ms = DOUBT_MS};
        st = jw_http_client_call(node->http, &call, &answer, err);
        if (st == JW_E_SYSTEM && answer.timed_out && run->alive)
            st = jw_fail(err, JW_E_LIMIT, "%s: the statement ran longer than it may", node->shown);
        if (st == JW_OK && answer.status != 200)
            st = judge(node, &answer, run, failure, err);
    }
    jw_http_client_clear(&answer);
    jw_buffer_free(&run->story);
    jw_buffer_free(&target);
    jw_buffer_free(&body);
    return st;
}

/* A read goes to the next node when one gave no answer at all; what was half given cannot be taken back. */
jw_status jw_lake_client_stream(struct jw_lake_client *client, const struct jw_lake_request *request,
                                jw_lake_piece_fn fn, void *context, struct jw_lake_failure *failure,
                                struct jw_error *err) {
    struct jw_lake_failure own;
    struct jw_error ignored;
    struct running run = {.fn = fn, .context = context};
    bool any = request->node == JW_LAKE_ANY_NODE;
    size_t first = any ? client->last : request->node, tries = any && !request->body.len ? client->count : 1;
    jw_status st = JW_E_SYSTEM;
    for (size_t i = 0; i < tries; i++) {
        size_t number = (first + i) % client->count;
        st = ask(client, number, request, &run, failure ? failure : &own, err ? err : &ignored);
        if (st != JW_E_SYSTEM && any)
            client->last = number;
        if (st != JW_E_SYSTEM || run.taken)
            return st;
    }
    return st;
}

static jw_status collect(void *context, jw_text piece, struct jw_error *err) {
    jw_buffer *out = context;
    jw_buffer_add(out, piece);
    return out->failed ? jw_fail(err, JW_E_LIMIT, "the answer is larger than %zu bytes", out->ceiling) : JW_OK;
}

jw_status jw_lake_client_query(struct jw_lake_client *client, const struct jw_lake_request *request, jw_buffer *out,
                               struct jw_lake_failure *failure, struct jw_error *err) {
    return jw_lake_client_stream(client, request, out ? collect : NULL, out, failure, err);
}

struct lines {
    jw_buffer rest;
    jw_lake_piece_fn fn;
    void *context;
};

static jw_status cut_lines(void *context, jw_text piece, struct jw_error *err) {
    struct lines *lines = context;
    const char *end;
    while (piece.len && (end = memchr(piece.ptr, '\n', piece.len))) {
        jw_text line = {piece.ptr, (size_t)(end - piece.ptr)};
        piece.len -= line.len + 1;
        piece.ptr = end + 1;
        if (lines->rest.len) {
            jw_buffer_add(&lines->rest, line);
            line = jw_buffer_text(&lines->rest);
        }
        if (lines->rest.failed)
            break;
        jw_status st = lines->fn(lines->context, line, err);
        jw_buffer_clear(&lines->rest);
        if (st != JW_OK)
            return st;
    }
    jw_buffer_add(&lines->rest, piece);
    return lines->rest.failed ? jw_fail(err, JW_E_LIMIT, "lake: a line of over %u bytes", ANSWER_MOST) : JW_OK;
}

jw_status jw_lake_client_lines(struct jw_lake_client *client, const struct jw_lake_request *request,
                               jw_lake_piece_fn fn, void *context, struct jw_error *err) {
    struct lines lines = {JW_BUFFER(ANSWER_MOST), fn, context};
    jw_status st = jw_lake_client_stream(client, request, cut_lines, &lines, NULL, err);
    if (st == JW_OK && lines.rest.len)
        st = fn(context, jw_buffer_text(&lines.rest), err);
    jw_buffer_free(&lines.rest);
    return st;
}

static jw_status feed(void *context, jw_text piece, struct jw_error *err) {
    return jw_lake_rows_feed(context, piece, err);
}

jw_status jw_lake_client_rows(struct jw_lake_client *client, jw_lake_table table,
                              const struct jw_lake_request *request, jw_lake_row_fn fn, void *context,
                              struct jw_error *err) {
    JW_AUTO(jw_lake_rows_free_p) struct jw_lake_rows *rows = jw_lake_rows_new(ROW_MOST, fn, context);
    if (!rows)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_buffer sql = JW_BUFFER(4u << 20);
    jw_buffer_add(&sql, JW_TEXT("SELECT "));
    jw_lake_column_list(&sql);
    jw_buffer_print(&sql, " FROM %s ", jw_lake_client_table(client, table));
    jw_buffer_add(&sql, request->sql);
    struct jw_lake_request whole = *request;
    whole.sql = jw_buffer_text(&sql);
    whole.format = "RowBinary";
    jw_status st = sql.failed ? jw_fail(err, JW_E_LIMIT, "the statement is too long")
                              : jw_lake_client_stream(client, &whole, feed, rows, NULL, err);
    jw_buffer_free(&sql);
    return st == JW_OK ? jw_lake_rows_end(rows, err) : st;
}

jw_status jw_lake_client_kill(struct jw_lake_client *client, const char *id, struct jw_error *err) {
    char sql[160];
    if (!jw_lake_is_id(id))
        return jw_fail(err, JW_E_SYNTAX, "not the id of a statement");
    int len = snprintf(sql, sizeof sql, "KILL QUERY WHERE query_id = '%s' ASYNC", id);
    jw_status st = JW_OK;
    for (size_t i = 0; i < client->count; i++) {
        struct jw_lake_request request = {.sql = {sql, (size_t)len}, .node = i, .total_ms = 5000};
        jw_status one = jw_lake_client_query(client, &request, NULL, NULL, err);
        st = one == JW_OK ? st : one;
    }
    return st;
}

jw_status jw_lake_client_ping(struct jw_lake_client *client, size_t node, struct jw_error *err) {
    struct jw_lake_request request = {.sql = JW_TEXT("SELECT 1"), .node = node, .total_ms = 5000};
    return jw_lake_client_query(client, &request, NULL, NULL, err);
}
