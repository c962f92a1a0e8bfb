/* lib/http/http_test.c — a real server on a loopback port or a unix socket, real peers. */
#include "http_base64.h"
#include "http_client.h"
#include "http_inflate.h"
#include "http_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <zlib.h>

#include "base/time.h"
#include "test/test.h"

static void echo(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    jw_text id = jw_http_request_value(request, "id"), q = jw_http_request_param(request, "q");
    (void)context;
    jw_buffer_print(&out->body, "%.*s|%.*s|%.*s|", (int)request->method.len, request->method.ptr, (int)id.len,
                    id.ptr, (int)q.len, q.ptr);
    jw_buffer_add(&out->body, request->body);
    out->type = "text/plain";
}

static void inject(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context;
    jw_http_response_header(out, "X-Echo", jw_http_request_param(request, "q"));
}

static size_t pull_counter(void *stream, char *out, size_t room) {
    int *left = stream;
    if (*left == 0)
        return 0;
    (*left)--;
    size_t size = room < 1000 ? room : 1000;
    memset(out, 'x', size);
    return size;
}

static void stream(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context, (void)request;
    out->stream = malloc(sizeof(int));
    *(int *)out->stream = 3000;
    out->pull = pull_counter;
    out->ended = free;
}

static _Atomic int sent_well, sent_badly;

static void after(void *context, bool sent) {
    (void)context;
    *(sent ? &sent_well : &sent_badly) += 1;
}

static void told(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    stream(context, request, out);
    *(int *)out->stream = 100000; /* 100 MB: more than any socket buffer takes */
    if (jw_http_request_param(request, "short").ptr)
        *(int *)out->stream = 1;
    out->after = after;
}

static void late(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    nanosleep(&(struct timespec){.tv_sec = 3}, NULL);
    echo(context, request, out);
}

static bool admit(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context;
    if (!request->route || request->route->right == 0)
        return true;
    jw_http_response_error(out, 401, "unauthenticated", -1, "who are you?");
    return false;
}

static const struct jw_http_route routes[] = {{"GET", "/echo/{id}", 0, echo, 0, false},
                                              {"POST", "/echo/{id}", 100000, echo, 0, false},
                                              {"POST", "/raw/{id}", 100000, echo, 0, true},
                                              {"GET", "/inject", 0, inject, 0, false},
                                              {"GET", "/told", 0, told, 0, false},
                                              {"GET", "/stream", 0, stream, 0, false},
                                              {"POST", "/secret", 100000, echo, 1, false},
                                              {"GET", "/late/{id}", 0, late, 0, false},
                                              {0}};

struct place {
    struct jw_http_server *server;
    struct jw_http_client *client;
};

static bool open_place(struct jw_test *t, struct jw_http_server_options options, struct place *out) {
    char base[64];
    options.routes = routes;
    options.admit = admit;
    options.listen = "127.0.0.1:0";
    *out = (struct place){0};
    JW_CHECK_OK(t, jw_http_server_start(&options, &out->server, &t->err));
    if (!out->server)
        return false;
    snprintf(base, sizeof base, "http://127.0.0.1:%u", jw_http_server_port(out->server));
    JW_CHECK_OK(t, jw_http_client_new(&(struct jw_http_client_options){.base = base, .total_ms = 20000},
                                      &out->client, &t->err));
    return out->client;
}

static void close_place(struct place *place) {
    jw_http_client_free(place->client);
    jw_http_server_stop(place->server);
}

/* Calls and compares status and the beginning of the body. */
static void ask(struct jw_test *t, struct place *place, struct jw_http_call call, unsigned status,
                const char *want) {
    struct jw_http_answer answer = {.body = JW_BUFFER(8 << 20)};
    JW_CHECK_OK(t, jw_http_client_call(place->client, &call, &answer, &t->err));
    JW_CHECK_INT(t, answer.status, status);
    jw_text body = jw_buffer_text(&answer.body), start = {body.ptr, strlen(want)};
    if (body.len < strlen(want))
        start = body;
    JW_CHECK_TEXT(t, start, jw_text_from(want));
    jw_http_client_clear(&answer);
}

static void routes_values_and_parameters_arrive_decoded(struct jw_test *t) {
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    ask(t, &place, (struct jw_http_call){"GET", "/echo/a%2Fb?q=1%2B1+%3d", .body = {0}}, 200, "GET|a/b|1+1 =|");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", JW_TEXT("hello")}, 200, "POST|x||hello");
    ask(t, &place, (struct jw_http_call){"DELETE", "/echo/x", .body = {0}}, 405,
        "{\"error\":{\"code\":\"method_not");
    ask(t, &place, (struct jw_http_call){"GET", "/nowhere", .body = {0}}, 404,
        "{\"error\":{\"code\":\"not_found\"");
    ask(t, &place, (struct jw_http_call){"HEAD", "/echo/x", .body = {0}}, 200, "");
    close_place(&place);
}

static void paths_cannot_climb_and_broken_escapes_are_refused(struct jw_test *t) {
    static const char *const bad[] = {"/echo/../secret", "/echo/%2e%2e", "/echo//x", "/echo/%zz",
                                      "/echo/%00",       "/echo/a?q=%",  "/./echo/x"};
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ask(t, &place, (struct jw_http_call){"GET", bad[i], .body = {0}}, 400,
            "{\"error\":{\"code\":\"bad_target\"");
    close_place(&place);
}

static void headers_cannot_be_injected(struct jw_test *t) {
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    ask(t, &place, (struct jw_http_call){"GET", "/inject?q=fine", .body = {0}}, 200, "");
    ask(t, &place, (struct jw_http_call){"GET", "/inject?q=a%0d%0aSet-Cookie:%20x=1", .body = {0}}, 500,
        "{\"error\":{\"code\":\"internal\"");
    close_place(&place);
}

static void bodies_over_the_ceiling_get_413_and_the_service_goes_on(struct jw_test *t) {
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    char *big = jw_arena_alloc(t->mem, 100001);
    memset(big, 'b', 100001);
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {big, 100000}}, 200, "POST|x||bbb");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {big, 100001}}, 413, "{\"error\":{\"code\":\"body_too");
    jw_http_pair chunked = {JW_TEXT("Transfer-Encoding"), JW_TEXT("chunked")};
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {big, 100001}, &chunked, 1}, 413,
        "{\"error\":{\"code\":\"body_too");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {big, 10}}, 200, "POST|x||bbb");
    close_place(&place);
}

static size_t deflated(jw_text plain, int window, char *out, size_t room) {
    z_stream z = {0};
    deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)(uintptr_t)plain.ptr, z.avail_in = (uInt)plain.len;
    z.next_out = (Bytef *)out, z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void compressed_bodies_are_inflated_up_to_the_ceiling(struct jw_test *t) {
    struct place place;
    char small[4096];
    jw_http_pair gzip = {JW_TEXT("Content-Encoding"), JW_TEXT("gzip")},
                 deflate_coding = {gzip.name, JW_TEXT("deflate")}, brotli = {gzip.name, JW_TEXT("br")};
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    size_t len = deflated(JW_TEXT("hello gzip"), 31, small, sizeof small);
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {small, len}, &gzip, 1}, 200, "POST|x||hello gzip");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {small, len - 1}, &gzip, 1}, 400,
        "{\"error\":{\"code\":\"bad_comp");
    ask(t, &place, (struct jw_http_call){"POST", "/raw/x", {small, len}, &gzip, 1}, 200, "POST|x||\x1f\x8b");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", JW_TEXT("not gzip"), &gzip, 1}, 400,
        "{\"error\":{\"code\":\"bad_comp");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {small, len}, &brotli, 1}, 415, "{\"error\"");
    len = deflated(JW_TEXT("hello zlib"), 15, small, sizeof small);
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {small, len}, &deflate_coding, 1}, 200,
        "POST|x||hello zlib");
    char *zeros = jw_arena_alloc(t->mem, 16 << 20), *bomb = jw_arena_alloc(t->mem, 100000);
    memset(zeros, 0, 16 << 20);
    len = deflated((jw_text){zeros, 16 << 20}, 31, bomb, 100000);
    JW_CHECK(t, len < 100000);
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {bomb, len}, &gzip, 1}, 413,
        "{\"error\":{\"code\":\"body_too");
    close_place(&place);
}

static void nobody_unadmitted_makes_us_read_a_body(struct jw_test *t) {
    struct place place;
    char *big = jw_arena_alloc(t->mem, 100000);
    memset(big, 'b', 100000);
    if (!open_place(t, (struct jw_http_server_options){.bodies = 1}, &place))
        return;
    ask(t, &place, (struct jw_http_call){"POST", "/secret", {big, 10}}, 401, "{\"error\":{\"code\":\"unauth");
    ask(t, &place, (struct jw_http_call){"POST", "/echo/x", {big, 100000}}, 429, "{\"error\":{\"code\":\"busy\"");
    close_place(&place);
}

static void streams_send_everything_and_end(struct jw_test *t) {
    struct place place;
    struct jw_http_answer answer = {.body = JW_BUFFER(8 << 20)};
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    struct jw_http_call call = {.method = "GET", .target = "/stream"};
    JW_CHECK_OK(t, jw_http_client_call(place.client, &call, &answer, &t->err));
    JW_CHECK_INT(t, answer.body.len, 3000000);
    jw_http_client_clear(&answer);
    answer.body = JW_BUFFER(1000);
    JW_CHECK_INT(t, jw_http_client_call(place.client, &call, &answer, &t->err), JW_E_LIMIT);
    jw_http_client_clear(&answer);
    close_place(&place);
}

static int raw_peer(const struct place *place) {
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(jw_http_server_port(place->server)),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connect(fd, (struct sockaddr *)&name, sizeof name) == 0 ? fd : -1;
}

static void a_handler_hears_whether_its_answer_was_sent(struct jw_test *t) {
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    ask(t, &place, (struct jw_http_call){"GET", "/told?short", .body = {0}}, 200, "xxx");
    int fd = raw_peer(&place);
    char some[1000];
    JW_CHECK(t, send(fd, "GET /told HTTP/1.1\r\nHost: a\r\n\r\n", 31, MSG_NOSIGNAL) == 31 &&
                    recv(fd, some, 1000, 0) > 0);
    close(fd);
    for (int i = 0; i < 200 && !(sent_badly && sent_well); i++)
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    close_place(&place);
    JW_CHECK_INT(t, sent_well, 1);
    JW_CHECK_INT(t, sent_badly, 1);
}

/* Sends `head`, then a byte every 100 ms; gives how many ms it took the server to hang up. */
static int64_t drip(const struct place *place, const char *head) {
    int64_t begun = jw_time_steady();
    int fd = raw_peer(place);
    char byte;
    if (send(fd, head, strlen(head), MSG_NOSIGNAL) < 0)
        return -1;
    while (send(fd, "a", 1, MSG_NOSIGNAL) == 1 && jw_time_steady() - begun < 10 * JW_SECOND) {
        nanosleep(&(struct timespec){0, 100000000}, NULL);
        if (recv(fd, &byte, 1, MSG_DONTWAIT) == 0)
            break;
    }
    close(fd);
    return (jw_time_steady() - begun) / JW_MS;
}

static void slow_peers_are_ended(struct jw_test *t) {
    struct place place;
    if (!open_place(t, (struct jw_http_server_options){.head_s = 1, .idle_s = 2}, &place))
        return;
    JW_CHECK(t, drip(&place, "GET /echo/x HTTP/1.1\r\nX-Slow: ") < 4000);
    JW_CHECK(t, drip(&place, "POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n") < 4000);
    ask(t, &place, (struct jw_http_call){"GET", "/echo/x", .body = {0}}, 200, "GET|x|");
    close_place(&place);
}

static void one_address_cannot_take_all_connections(struct jw_test *t) {
    struct place place;
    char byte;
    if (!open_place(t, (struct jw_http_server_options){.per_address = 3}, &place))
        return;
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = raw_peer(&place);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    JW_CHECK(t, recv(fds[0], &byte, 1, MSG_DONTWAIT) < 0); /* open and silent */
    JW_CHECK(t, recv(fds[3], &byte, 1, 0) <= 0);           /* hung up on */
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close_place(&place);
}

static void unix_sockets_are_served_and_dead_ones_replaced(struct jw_test *t) {
    char path[4096];
    snprintf(path, sizeof path, "%s/http.sock", t->folder);
    for (int round = 0; round < 2; round++) {
        struct jw_http_server *server = NULL, *second = NULL;
        struct jw_http_client *client = NULL;
        struct jw_http_server_options options = {.listen = path, .routes = routes};
        JW_CHECK_OK(t, jw_http_server_start(&options, &server, &t->err));
        JW_CHECK_INT(t, jw_http_server_start(&options, &second, &t->err), JW_E_DENIED);
        JW_CHECK_OK(t, jw_http_client_new(&(struct jw_http_client_options){.base = "http://x", .unix_socket = path},
                                          &client, &t->err));
        struct place place = {server, client};
        ask(t, &place, (struct jw_http_call){"POST", "/echo/u", JW_TEXT("b")}, 200, "POST|u||b");
        close_place(&place);
    }
}

static bool lives(void *context) { return *(bool *)context; }

static void a_peer_that_hangs_is_told_from_one_that_works_long(struct jw_test *t) {
    struct place place;
    bool alive = true;
    struct jw_http_call call = {
        .method = "GET", .target = "/late/x", .context = &alive, .is_alive = lives, .doubt_ms = 500};
    if (!open_place(t, (struct jw_http_server_options){0}, &place))
        return;
    ask(t, &place, call, 200, "GET|x|");
    struct jw_http_answer answer = {.body = JW_BUFFER(1000)};
    call.total_ms = 1500;
    JW_CHECK_INT(t, jw_http_client_call(place.client, &call, &answer, &t->err), JW_E_SYSTEM);
    JW_CHECK(t, answer.timed_out);
    call.total_ms = 0;
    alive = false;
    JW_CHECK_INT(t, jw_http_client_call(place.client, &call, &answer, &t->err), JW_E_SYSTEM);
    JW_CHECK(t, !answer.timed_out && jw_text_find(jw_text_from(t->err.text), JW_TEXT("no sign of life"), NULL));
    jw_http_client_clear(&answer);
    close_place(&place);
}

static void a_socket_nobody_serves_is_called_by_its_path(struct jw_test *t) {
    char path[256];
    struct jw_http_client *client = NULL;
    struct jw_http_call call = {.method = "GET", .target = "/"};
    struct jw_http_answer answer = {.body = JW_BUFFER(1000)};
    snprintf(path, sizeof path, "%.200s/none.sock", t->folder);
    JW_CHECK_OK(t, jw_http_client_new(&(struct jw_http_client_options){.base = "http://x", .unix_socket = path},
                                      &client, &t->err));
    JW_CHECK_INT(t, jw_http_client_call(client, &call, &answer, &t->err), JW_E_SYSTEM);
    JW_CHECK(t, jw_text_find(jw_text_from(t->err.text), JW_TEXT("none.sock: No such file"), NULL));
    JW_CHECK(t, !jw_text_find(jw_text_from(t->err.text), JW_TEXT("port"), NULL));
    jw_http_client_clear(&answer);
    jw_http_client_free(client);
}

static void base64_refuses_what_is_not(struct jw_test *t) {
    jw_text out;
    JW_CHECK(t, jw_http_base64_decode(JW_TEXT("aWQ6c2VjcmV0"), t->mem, &out));
    JW_CHECK_TEXT(t, out, JW_TEXT("id:secret"));
    JW_CHECK(t, jw_http_base64_decode(JW_TEXT("YQ=="), t->mem, &out) &&
                    jw_http_base64_decode(JW_TEXT("YQ"), t->mem, &out));
    JW_CHECK(t, !jw_http_base64_decode(JW_TEXT("YR=="), t->mem, &out) &&
                    !jw_http_base64_decode(JW_TEXT("Y"), t->mem, &out));
    JW_CHECK(t, !jw_http_base64_decode(JW_TEXT("Y Q="), t->mem, &out));
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(routes_values_and_parameters_arrive_decoded),
                                      JW_CASE(paths_cannot_climb_and_broken_escapes_are_refused),
                                      JW_CASE(headers_cannot_be_injected),
                                      JW_CASE(bodies_over_the_ceiling_get_413_and_the_service_goes_on),
                                      JW_CASE(compressed_bodies_are_inflated_up_to_the_ceiling),
                                      JW_CASE(nobody_unadmitted_makes_us_read_a_body),
                                      JW_CASE(streams_send_everything_and_end),
                                      JW_CASE(a_handler_hears_whether_its_answer_was_sent),
                                      JW_CASE(slow_peers_are_ended),
                                      JW_CASE(one_address_cannot_take_all_connections),
                                      JW_CASE(unix_sockets_are_served_and_dead_ones_replaced),
                                      JW_CASE(a_peer_that_hangs_is_told_from_one_that_works_long),
                                      JW_CASE(a_socket_nobody_serves_is_called_by_its_path),
                                      JW_CASE(base64_refuses_what_is_not),
                                      {0}});
}
