/* daemons/api/forward.c — from our listener to jw-collect's socket. */
#include "forward.h"

#include <stdlib.h>

/* What jw-collect needs to know; everything else (cookies, hop-by-hop headers) stays here. */
static const char *const passed[] = {
    "Authorization", "Content-Type", "Content-Encoding", "Accept", "X-Elastic-Product-Origin", "User-Agent"};
static const char *const returned[] = {"X-Elastic-Product", "WWW-Authenticate", "Retry-After", "Warning"};
#define PASSED   (sizeof passed / sizeof *passed)
#define RETURNED (sizeof returned / sizeof *returned)

static const char *type_of(const struct jw_http_answer *answer) {
    static const char *const known[] = {"application/vnd.elasticsearch+json;compatible-with=8", "text/plain",
                                        "application/json"};
    jw_text type = jw_http_client_header(answer, "Content-Type");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (jw_text_starts(type, jw_text_from(known[i])))
            return known[i];
    return "application/json";
}

/* The sender has its answer: jw-collect may forget how to recognise that body. If this never arrives, a body that
 * is sent again is recognised and not stored twice. */
struct answered {
    struct jw_api *api;
    char target[64];
};

static void after(void *context, bool sent) {
    struct answered *answered = context;
    struct jw_http_answer answer = {.body = JW_BUFFER(65536)};
    struct jw_http_call call = {.method = "POST", .target = answered->target, .total_ms = 5000};
    if (sent && jw_http_client_call(answered->api->collect, &call, &answer, NULL) != JW_OK)
        jw_stat_add(jw_stats_get(answered->api->run->stats, "forward_failed_total", JW_TEXT("answered")), 1);
    jw_http_client_clear(&answer);
    free(answered);
}

static void watch_answer(struct jw_api *api, jw_text origin, struct jw_http_response *out) {
    struct answered *answered = origin.len == 16 ? malloc(sizeof *answered) : NULL;
    if (!answered)
        return;
    answered->api = api;
    snprintf(answered->target, sizeof answered->target, "/_jinwu/answered/%.*s", (int)origin.len, origin.ptr);
    out->after = after;
    out->after_context = answered;
}

static void unavailable(struct jw_api *api, struct jw_http_response *out, const char *why) {
    jw_stat_add(jw_stats_get(api->run->stats, "forward_failed_total", (jw_text){0}), 1);
    jw_http_response_error(out, 503, "collect_away", -1, "%s", why);
    jw_http_response_header(out, "Retry-After", JW_TEXT("2"));
    jw_http_response_header(out, "X-Elastic-Product", JW_TEXT("Elasticsearch"));
}

void jw_forward_elastic(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_http_pair headers[PASSED + 3];
    size_t count = 0;
    for (size_t i = 0; i < PASSED; i++) {
        jw_text value = jw_http_request_header(request, passed[i]);
        if (value.ptr)
            headers[count++] = (jw_http_pair){jw_text_from(passed[i]), value};
    }
    headers[count++] = (jw_http_pair){JW_TEXT("X-Forwarded-For"), jw_text_from(request->peer)};
    headers[count++] = (jw_http_pair){JW_TEXT("X-Jinwu-Forwarded"), JW_TEXT("1")};
    jw_text host = jw_http_request_header(request, "Host");
    if (host.ptr)
        headers[count++] = (jw_http_pair){JW_TEXT("X-Forwarded-Host"), host};
    jw_buffer target = JW_BUFFER(JW_HTTP_TARGET + 2);
    jw_buffer_add(&target, request->target.path);
    if (request->target.query.len)
        jw_buffer_byte(&target, '?');
    jw_buffer_add(&target, request->target.query);
    jw_buffer_byte(&target, '\0');
    char *method = jw_arena_cstr(request->mem, request->method);
    struct jw_http_answer answer = {.body = JW_BUFFER(64 << 20)};
    struct jw_http_call call = {
        .method = method, .target = target.ptr, .body = request->body, .headers = headers, .header_count = count};
    jw_status st = method && !target.failed ? jw_http_client_call(api->collect, &call, &answer, &err) : JW_E_LIMIT;
    if (st != JW_OK) {
        unavailable(api, out, "the collector cannot be reached; keep the events and try again");
    } else {
        out->status = answer.status;
        out->type = type_of(&answer);
        for (size_t i = 0; i < RETURNED; i++) {
            jw_text value = jw_http_client_header(&answer, returned[i]);
            if (value.ptr)
                jw_http_response_header(out, returned[i], value);
        }
        watch_answer(api, jw_http_client_header(&answer, "X-Jinwu-Origin"), out);
        jw_buffer_free(&out->body);
        out->body = answer.body; /* moved */
        answer.body = JW_BUFFER(0);
    }
    jw_buffer_free(&target);
    jw_http_client_clear(&answer);
}
