/* daemons/collect/elastic.h — what the parts of the Elasticsearch-compatible input share (inputs/elastic.c).
 * Threads: the connections' (lib/http); the pipeline answers in the loop's. */
#pragma once
#include <pthread.h>

#include "access/keys.h"
#include "collect.h"
#include "http/http_server.h"

struct jw_elastic_pending; /* a bulk body that is being worked on */

struct jw_elastic {
    struct jw_collect *collect;
    struct jw_keys *keys;
    struct jw_http_server *servers[3]; /* unix socket, TLS, plain */
    pthread_mutex_t lock;              /* of pending */
    pthread_cond_t changed;
    struct jw_elastic_pending *pending;
    const char *version; /* that we say we are */
    jw_stat *again, *refused;
};

/* --- bulk (elastic_bulk.c) --------------------------------------------------------------------------------------
 */
#define JW_ELASTIC_BODY  (100u << 20) /* Elasticsearch's http.max_content_length */
#define JW_ELASTIC_ITEMS 131072       /* of one body; more is a 413 */
void jw_elastic_bulk_run(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* POST /{index}/_doc and its like: one document is the whole body. */
void jw_elastic_bulk_one(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* POST /_jinwu/answered/{origin}: jw-api tells that the answer to that body reached its sender. */
void jw_elastic_bulk_answered(void *context, struct jw_http_request *request, struct jw_http_response *out);

/* --- what shippers ask before they send (elastic_hello.c) -------------------------------------------------------
 */
void jw_elastic_hello_root(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_elastic_hello_license(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_elastic_hello_xpack(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_elastic_hello_nodes(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_elastic_hello_health(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_elastic_hello_cat(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* GET, HEAD: it exists; PUT, POST: acknowledged, and nothing happens: the lake's schema is ours. */
void jw_elastic_hello_thing(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* {"error":{"type","reason"},"status"}: the shape that Elasticsearch's clients read. */
JW_PRINTF(4, 5)
void jw_elastic_hello_error(struct jw_http_response *out, unsigned status, const char *type, const char *fmt, ...);
