/* lib/http/http_client.h — calls to other HTTP servers over libcurl: TCP, TLS or a unix socket, kept alive.
 * A client may be used by any number of threads; each call takes one of its idle connections or makes one. */
#pragma once
#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"
#include "http_target.h"

struct jw_http_client_options {
    const char *base;             /* "http://127.0.0.1:8123", "https://…"; no closing '/' */
    const char *unix_socket;      /* connect here instead; NULL: by `base` */
    const char *authority;        /* PEM file of the certificates to trust; NULL: the system's */
    int64_t connect_ms, total_ms; /* 0: 2000, 60000 */
};
struct jw_http_client;
JW_MUST_CHECK jw_status jw_http_client_new(const struct jw_http_client_options *options,
                                           struct jw_http_client **out, struct jw_error *err);
void jw_http_client_free(struct jw_http_client *client); /* no call may be running */
JW_DEFINE_AUTO(jw_http_client, jw_http_client_free)

struct jw_http_call {
    const char *method, *target; /* target: path and query, already encoded */
    jw_text body;
    const jw_http_pair *headers; /* a value with control characters fails the call */
    size_t header_count;
    int64_t total_ms; /* 0: the client's */
    /* Called with each piece of the answer instead of collecting it, when set; not JW_OK ends the call. */
    jw_status (*each)(void *context, unsigned status, jw_text piece);
    void *context;
    /* When set, asked each time that `doubt_ms` pass without a byte of the answer: false ends the call. It may make
     * a call of its own. A peer that works long is told apart from one that hangs. */
    bool (*is_alive)(void *context);
    int64_t doubt_ms;
};
struct jw_http_answer {
    unsigned status;
    bool timed_out;          /* `total_ms` passed, and is_alive, if any, never said no */
    jw_buffer body, headers; /* the caller sets the body's ceiling and frees both with _clear */
};
/* JW_OK: an answer came, whatever its status. JW_E_SYSTEM: no connection, timeout, cut off; JW_E_LIMIT: the answer
 * is larger than answer->body.ceiling. */
JW_MUST_CHECK jw_status jw_http_client_call(struct jw_http_client *client, const struct jw_http_call *call,
                                            struct jw_http_answer *answer, struct jw_error *err);
void jw_http_client_clear(struct jw_http_answer *answer);
jw_text jw_http_client_header(const struct jw_http_answer *answer, const char *name); /* {NULL, 0}: missing */
