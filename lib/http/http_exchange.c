/* lib/http/http_exchange.c — a request comes in pieces: target, headers (route, admission), body, then the handler.
 */
#include "http_exchange.h"
#include "http_inflate.h"

#include <stdlib.h>

#define ARENA_MOST   (1 << 20)
#define ANSWER_MOST  (64 << 20)
#define INFLATE_STEP 1024
#define DRAIN_MOST \
    (32 << 20) /* bytes of a refused body that are read and thrown away, so that the peer hears why */

struct exchange {
    struct jw_http_request request;
    struct jw_http_response response;
    struct jw_http_shared *shared;
    struct jw_http_link *link;
    jw_buffer body;
    struct jw_http_inflate *inflate;
    size_t held; /* of shared->bodies */
    bool begun, refused;
};

void jw_http_exchange_refused(struct jw_http_shared *shared, const char *why) {
    if (shared->stats)
        jw_stat_add(jw_stats_get(shared->stats, "http_refused_total", jw_text_from(why)), 1);
}

static void enter(struct exchange *x, enum jw_http_stage stage) {
    if (!x->link)
        return;
    pthread_mutex_lock(&x->shared->lock);
    if (x->link->stage != JW_HTTP_ENDED) {
        x->link->stage = stage;
        x->link->since = jw_time_steady();
        x->link->received = 0;
    }
    pthread_mutex_unlock(&x->shared->lock);
}

static void free_exchange(struct exchange *x, bool sent) {
    if (!x)
        return;
    if (x->response.after)
        x->response.after(x->response.after_context, sent);
    if (x->response.pull && x->response.ended)
        x->response.ended(x->response.stream); /* never handed over */
    atomic_fetch_sub(&x->shared->bodies, x->held);
    jw_buffer_free(&x->body);
    jw_buffer_free(&x->response.body);
    jw_http_inflate_free(x->inflate);
    jw_arena_free(x->request.mem);
    free(x);
}

void *jw_http_exchange_begin(void *context, const char *target, struct MHD_Connection *connection) {
    struct exchange *x = calloc(1, sizeof *x);
    struct jw_arena *mem = x ? jw_arena_new(ARENA_MOST) : NULL;
    if (!mem) {
        free(x);
        return NULL;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->shared = context;
    x->link = info ? info->socket_context : NULL;
    x->response = (struct jw_http_response){
        .status = 200, .type = "application/json", .body = JW_BUFFER(ANSWER_MOST), .mem = mem};
    x->request.mem = mem;
    x->request.connection = connection;
    x->request.server = x->shared->server;
    x->request.tls = x->shared->tls;
    x->request.body = jw_arena_copy(mem, jw_text_from(target)); /* until `begin` parses it: the raw target */
    enter(x, JW_HTTP_HEAD);
    return x;
}

static void refuse(struct exchange *x, unsigned status, const char *code, const char *message) {
    jw_http_response_error(&x->response, status, code, -1, "%s", message);
    jw_http_exchange_refused(x->shared, code);
    x->refused = true;
}

/* HEAD is served by what serves GET. */
static bool serves(const struct jw_http_route *route, jw_text method) {
    jw_text want = jw_text_from(route->method);
    return want.ptr[0] == '*' || jw_text_is(want, method) ||
           (jw_text_is(method, JW_TEXT("HEAD")) && jw_text_is(want, JW_TEXT("GET")));
}

/* The route, or NULL with the methods that would have been good in `allow`. */
static const struct jw_http_route *find_route(struct exchange *x, jw_buffer *allow) {
    for (const struct jw_http_route *route = x->shared->routes; route->method; route++) {
        if (!jw_http_target_match(route->pattern, &x->request.target, x->request.values, &x->request.value_count))
            continue;
        if (serves(route, x->request.method))
            return route;
        if (allow->len)
            jw_buffer_add(allow, JW_TEXT(", "));
        jw_buffer_add(allow, jw_text_from(route->method));
    }
    x->request.value_count = 0;
    return NULL;
}

static void check_body(struct exchange *x) {
    jw_text length = jw_http_request_header(&x->request, "Content-Length");
    jw_http_coding coding;
    uint64_t bytes;
    if (!jw_http_inflate_coding(jw_http_request_header(&x->request, "Content-Encoding"), &coding)) {
        refuse(x, 415, "unsupported_encoding", "Content-Encoding may be gzip or deflate");
    } else if (length.ptr && jw_text_u64(length, &bytes) && bytes > x->request.route->most_body) {
        refuse(x, 413, "body_too_large", "the body is larger than this path takes");
    } else {
        x->body = JW_BUFFER(x->request.route->most_body + 1); /* the one more shows that it is too large */
        if (coding != JW_HTTP_PLAIN && !x->request.route->raw && !(x->inflate = jw_http_inflate_new(coding)))
            refuse(x, 503, "no_memory", "no memory");
    }
}

static void begin(struct exchange *x, const char *method) {
    struct jw_http_request *request = &x->request;
    struct jw_error err = {{0}};
    jw_buffer allow = JW_BUFFER(256);
    request->method = jw_text_from(method);
    if (x->link && !x->shared->local) {
        request->address = x->link->address;
        jw_address_print(&request->address, request->peer);
    }
    jw_text raw = request->body;
    request->body = (jw_text){0};
    jw_status st = jw_http_target_parse(raw, request->mem, &request->target, &err);
    if (atomic_load(&x->shared->stopping))
        refuse(x, 503, "stopping", "the service is stopping");
    else if (st == JW_E_LIMIT)
        refuse(x, 414, "target_too_long", err.text);
    else if (st != JW_OK)
        refuse(x, 400, "bad_target", err.text);
    if (x->refused)
        return;
    request->route = find_route(x, &allow);
    if (x->shared->admit && !x->shared->admit(x->shared->context, request, &x->response)) {
        x->refused = true;
    } else if (!request->route && allow.len) {
        refuse(x, 405, "method_not_allowed", "this path does not serve that method");
        jw_http_response_header(&x->response, "Allow", jw_buffer_text(&allow));
    } else if (!request->route) {
        refuse(x, 404, "not_found", "there is nothing at this path");
    } else {
        check_body(x);
    }
    jw_buffer_free(&allow);
}

/* Deflate unfolds a byte into up to 1032: in small steps, so that many bodies at once cannot grow far beyond what
 * all may hold before any of them is counted. */
static jw_status unfold(struct exchange *x, jw_text *piece, struct jw_error *err) {
    jw_text step = {piece->ptr, piece->len < INFLATE_STEP ? piece->len : INFLATE_STEP};
    piece->ptr += step.len;
    piece->len -= step.len;
    return jw_http_inflate_add(x->inflate, step, &x->body, err);
}

/* Counts what the body holds in memory against what all bodies together may. */
static void hold(struct exchange *x) {
    size_t more = x->body.capacity - x->held;
    size_t all = atomic_fetch_add(&x->shared->bodies, more) + more;
    x->held += more;
    if (all <= x->shared->bodies_most)
        return;
    refuse(x, 429, "busy", "too many requests are being read at once; try again");
    jw_http_response_header(&x->response, "Retry-After", JW_TEXT("1"));
}

static void forget_body(struct exchange *x) {
    atomic_fetch_sub(&x->shared->bodies, x->held);
    x->held = 0;
    jw_buffer_free(&x->body);
}

/* Adds to the body, or refuses it. */
static void add(struct exchange *x, jw_text piece) {
    struct jw_error err = {{0}};
    jw_status st = JW_OK;
    while (piece.len && !x->refused) {
        if (x->inflate)
            st = unfold(x, &piece, &err);
        else
            jw_buffer_add(&x->body, piece), piece.len = 0;
        if (st == JW_E_SYNTAX)
            refuse(x, 400, "bad_compression", err.text);
        else if (st != JW_OK || x->body.failed || x->body.len > x->request.route->most_body)
            refuse(x, 413, "body_too_large", "the body is larger than this path takes");
        else if (x->body.capacity > x->held)
            hold(x);
    }
    if (x->refused)
        forget_body(x);
}

static bool take(struct exchange *x, jw_text piece) {
    x->request.wire_size += piece.len;
    if (x->link) {
        pthread_mutex_lock(&x->shared->lock);
        x->link->received += piece.len;
        pthread_mutex_unlock(&x->shared->lock);
    }
    if (x->refused)
        return x->request.wire_size < x->request.route->most_body + DRAIN_MOST;
    add(x, piece);
    return true;
}

static ssize_t pull(void *context, uint64_t at, char *out, size_t room) {
    struct jw_http_response *response = context;
    (void)at;
    size_t len = response->pull(response->stream, out, room);
    return len ? (ssize_t)len : MHD_CONTENT_READER_END_OF_STREAM;
}

static void pull_ended(void *context) {
    struct jw_http_response *response = context;
    if (response->ended)
        response->ended(response->stream);
    free(response);
}

/* A stream lives with libmicrohttpd's response, which may outlive the exchange. */
static struct MHD_Response *stream_response(struct jw_http_response *from) {
    struct jw_http_response *own = malloc(sizeof *own);
    if (!own)
        return NULL;
    *own = *from;
    struct MHD_Response *made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, pull, own, pull_ended);
    if (made)
        from->pull = NULL; /* moved */
    else
        free(own);
    return made;
}

static struct MHD_Response *buffer_response(struct jw_http_response *from) {
    struct MHD_Response *made;
    if (from->body.failed)
        jw_http_response_error(from, 500, "answer_too_large", -1, "the answer is larger than can be sent");
    made = from->body.len ? MHD_create_response_from_buffer(from->body.len, from->body.ptr, MHD_RESPMEM_MUST_FREE)
                          : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (made && from->body.len)
        from->body = JW_BUFFER(ANSWER_MOST); /* moved */
    return made;
}

static enum MHD_Result answer(struct exchange *x, struct MHD_Connection *connection) {
    struct jw_http_response *response = &x->response;
    struct MHD_Response *made = response->pull ? stream_response(response) : buffer_response(response);
    if (!made)
        return MHD_NO;
    if (response->type)
        MHD_add_response_header(made, "Content-Type", response->type);
    for (const char *const *pair = x->shared->headers; pair && pair[0]; pair += 2)
        MHD_add_response_header(made, pair[0], pair[1]);
    for (size_t i = 0; i < response->header_count; i++) {
        const char *common = MHD_get_response_header(made, response->headers[i].name.ptr);
        if (common) /* what the handler says replaces what every response says */
            MHD_del_response_header(made, response->headers[i].name.ptr, common);
        MHD_add_response_header(made, response->headers[i].name.ptr, response->headers[i].value.ptr);
    }
    enum MHD_Result queued = MHD_queue_response(connection, response->status, made);
    MHD_destroy_response(made);
    return queued;
}

static enum MHD_Result finish(struct exchange *x, struct MHD_Connection *connection) {
    enter(x, JW_HTTP_SERVING);
    if (!x->refused && x->inflate && x->request.wire_size && !jw_http_inflate_done(x->inflate))
        refuse(x, 400, "bad_compression", "the compressed body ends too early");
    x->request.body = jw_buffer_text(&x->body);
    if (!x->refused)
        x->request.route->handle(x->shared->context, &x->request, &x->response);
    return answer(x, connection);
}

enum MHD_Result jw_http_exchange_serve(void *context, struct MHD_Connection *connection, const char *url,
                                       const char *method, const char *version, const char *piece, size_t *size,
                                       void **exchange) {
    struct exchange *x = *exchange;
    (void)context, (void)url, (void)version;
    if (!x)
        return MHD_NO; /* no memory */
    if (!x->begun) {
        x->begun = true;
        if (x->shared->stats)
            jw_stat_add(jw_stats_get(x->shared->stats, "http_requests_total", (jw_text){0}), 1);
        begin(x, method);
        if (x->refused)
            return enter(x, JW_HTTP_SERVING), answer(x, connection);
        enter(x, JW_HTTP_BODY);
        return MHD_YES;
    }
    if (*size == 0)
        return finish(x, connection);
    jw_text given = {piece, *size};
    *size = 0;
    return take(x, given) ? MHD_YES : MHD_NO;
}

void jw_http_exchange_end(void *context, struct MHD_Connection *connection, void **exchange,
                          enum MHD_RequestTerminationCode why) {
    struct exchange *x = *exchange;
    (void)context, (void)connection;
    if (x)
        enter(x, JW_HTTP_IDLE);
    free_exchange(x, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *exchange = NULL;
}
