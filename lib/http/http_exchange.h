/* lib/http/http_exchange.h — one request and its answer, between libmicrohttpd and the handlers (inside lib/http).
 */
#pragma once
#include <microhttpd.h>
#include <pthread.h>

#include "base/time.h"
#include "http_server.h"

enum jw_http_stage { JW_HTTP_FIRST, JW_HTTP_IDLE, JW_HTTP_HEAD, JW_HTTP_BODY, JW_HTTP_SERVING, JW_HTTP_ENDED };

/* One connection, as the reaper sees it; under jw_http_shared.lock. */
struct jw_http_link {
    struct jw_http_link *next;
    int fd;
    jw_address address;
    enum jw_http_stage stage;
    int64_t since;     /* steady time of entering the stage */
    uint64_t received; /* bytes of the body so far */
};

/* What every connection of a server shares. */
struct jw_http_shared {
    pthread_mutex_t lock;
    struct jw_http_server *server;
    const struct jw_http_route *routes;
    void *context;
    bool (*admit)(void *context, struct jw_http_request *request, struct jw_http_response *out);
    const char *const *headers;
    struct jw_stats *stats;
    _Atomic size_t bodies; /* bytes held now */
    size_t bodies_most;
    atomic_bool stopping;
    bool tls, local; /* local: a unix socket */
};

/* Callbacks of libmicrohttpd; `context` is a struct jw_http_shared. */
void *jw_http_exchange_begin(void *context, const char *target, struct MHD_Connection *connection);
enum MHD_Result jw_http_exchange_serve(void *context, struct MHD_Connection *connection, const char *url,
                                       const char *method, const char *version, const char *piece, size_t *size,
                                       void **exchange);
void jw_http_exchange_end(void *context, struct MHD_Connection *connection, void **exchange,
                          enum MHD_RequestTerminationCode why);
void jw_http_exchange_refused(struct jw_http_shared *shared, const char *why); /* counts */
