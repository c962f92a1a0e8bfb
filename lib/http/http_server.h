/* lib/http/http_server.h — a small HTTP/1.1 server: a table of routes over libmicrohttpd, one thread per
 * connection.
 *
 * Handlers run in the connection's thread and may block. What bounds it: `connections` threads (more wait in the
 * listen backlog), `per_address` of one peer, 32 KiB of headers, the route's largest body, `bodies` bytes of bodies
 * in memory over all connections (then 429 with Retry-After), and a reaper that ends connections whose request does
 * not come: no headers within head_s, a body slower than 1 KiB/s after head_s, silence for idle_s. */
#pragma once
#include "base/address.h"
#include "base/buffer.h"
#include "http_target.h"
#include "os/stats.h"

struct jw_http_response;
struct jw_http_request {
    jw_text method;
    jw_http_target target;
    jw_http_pair values[JW_HTTP_SEGMENTS]; /* of the pattern's {name}s */
    size_t value_count;
    jw_text body;               /* inflated, unless the route is `raw` */
    size_t wire_size;           /* of the body as it came */
    jw_address address;         /* of the peer; all zeros on a unix socket */
    char peer[JW_ADDRESS_TEXT]; /* the same as text; empty on a unix socket */
    bool tls;
    void *user;           /* what `admit` found out about the sender; lives in mem */
    struct jw_arena *mem; /* dies with the request; ceiling 1 MiB */
    void *connection;     /* libmicrohttpd's */
    struct jw_http_server *server;
    const struct jw_http_route *route;
};

struct jw_http_route {
    const char *method;  /* "GET" serves HEAD as well; "*" any; NULL ends the table */
    const char *pattern; /* http_target.h */
    size_t most_body;    /* bytes, as sent and inflated alike; 0: no body */
    void (*handle)(void *context, struct jw_http_request *request, struct jw_http_response *out);
    uint32_t right;    /* what `admit` demands; its meaning is the daemon's */
    bool raw;          /* the body stays compressed as it came: for forwarding */
    const char *power; /* a word for `admit`, the daemon's as well; NULL: none */
};

struct jw_http_server_options {
    const char *listen;            /* "127.0.0.1:8443", "[::1]:0" (0: the kernel chooses), or "/a/unix/socket" */
    const char *certificate, *key; /* PEM files; NULL: no TLS */
    const char *authorities; /* PEM file: clients are asked for a certificate, may show none; NULL: not asked */
    const struct jw_http_route
        *routes; /* the first that matches serves; 404 and 405 (with Allow) come by themselves */
    void *context;
    /* Called when the headers are in, before any body is read or a 404 is told (route NULL): false refuses with
     * what it wrote to `out`. NULL admits everybody. Threads as handlers. */
    bool (*admit)(void *context, struct jw_http_request *request, struct jw_http_response *out);
    const char *const *headers; /* name, value, … NULL: on every response */
    struct jw_stats *stats;     /* NULL: none. http_requests_total, http_refused_total (source: why), gauges */
    uint32_t connections, per_address; /* 0: 512, 64 */
    uint32_t idle_s, head_s;           /* 0: 60, 15 */
    size_t bodies;                     /* 0: 256 MiB */
    size_t stack;                      /* of a connection's thread; 0: 512 KiB */
};

struct jw_http_server;
/* Listens and serves when it returns. A unix socket that nobody serves is replaced; it gets mode 0660. */
JW_MUST_CHECK jw_status jw_http_server_start(const struct jw_http_server_options *options,
                                             struct jw_http_server **out, struct jw_error *err);
void jw_http_server_stop(
    struct jw_http_server *server); /* waits for the handlers; streams must look at _stopping */
JW_DEFINE_AUTO(jw_http_server, jw_http_server_stop)
bool jw_http_server_stopping(const struct jw_http_server *server);
uint16_t jw_http_server_port(const struct jw_http_server *server); /* 0 on a unix socket */
/* From here on new requests are refused with 503: an order to the streams before jw_http_server_stop. */
void jw_http_server_drain(struct jw_http_server *server);

/* --- request helpers (http_request.c); {NULL, 0} when missing ---------------------------------------------------
 */
jw_text jw_http_request_header(const struct jw_http_request *request, const char *name); /* first of that name */
jw_text jw_http_request_cookie(const struct jw_http_request *request, const char *name);
jw_text jw_http_request_param(const struct jw_http_request *request, const char *name);
jw_text jw_http_request_value(const struct jw_http_request *request, const char *name); /* of {name} */
/* Authorization of that scheme ("Bearer", "Basic", "ApiKey"), without it and blanks. */
jw_text jw_http_request_authorization(const struct jw_http_request *request, const char *scheme);
/* Base64 "name:secret" of Basic and ApiKey, in request->mem. */
bool jw_http_request_credentials(const struct jw_http_request *request, const char *scheme, jw_text *out_name,
                                 jw_text *out_secret);

/* The chain that the client showed, its own first, as DER borrowed from the connection. TLS proved that it holds
 * the key; whether the chain is trusted is for the caller to verify. Gives how many, 0: none. */
size_t jw_http_request_certificates(const struct jw_http_request *request, jw_text *out_der, size_t most);

/* --- response helpers (http_response.c) -------------------------------------------------------------------------
 */
#define JW_HTTP_HEADERS 16
#define JW_HTTP_BROKEN  ((size_t)-2) /* from `pull`: the answer cannot be completed, the peer must see that */
struct jw_http_response {
    unsigned status;  /* preset 200 */
    const char *type; /* preset application/json; static text */
    jw_buffer body;   /* ceiling 64 MiB; a failed buffer becomes a 500 */
    jw_http_pair headers[JW_HTTP_HEADERS];
    size_t header_count;
    struct jw_arena *mem; /* the request's */
    /* A stream, when `pull` is set: fills `out` with 1..room bytes, blocking as long as it wants but looking at
     * jw_http_server_stopping once a second; 0 ends the stream. It is asked only when the peer took what was sent.
     */
    size_t (*pull)(void *stream, char *out, size_t room);
    void (*ended)(void *stream); /* always called once */
    void *stream;
    /* Called once when the exchange is over, if set: `sent` is false when the peer went before all of it was handed
     * to the kernel. Connection's thread. */
    void (*after)(void *after_context, bool sent);
    void *after_context;
};
/* Copied; a value with control characters is refused and the response becomes a 500 (header injection). */
void jw_http_response_header(struct jw_http_response *out, const char *name, jw_text value);
/* {"error":{"code":…,"message":…,"at":…}}; at < 0: none. Replaces the body. */
JW_PRINTF(5, 6)
void jw_http_response_error(struct jw_http_response *out, unsigned status, const char *code, long at,
                            const char *fmt, ...);
void jw_http_response_text(struct jw_http_response *out, const char *type, jw_text body); /* copies */
