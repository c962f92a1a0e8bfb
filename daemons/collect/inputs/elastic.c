/* daemons/collect/inputs/elastic.c — what speaks to Elasticsearch speaks to us: _bulk and the handshakes before it.
 * Always on DATA/run/elastic.sock for jw-api, which has the public listener; on TCP when asked for. */
#include <stdlib.h>
#include <sys/stat.h>

#include "../elastic.h"
#include "../input.h"

#define SMALL (64u << 10)
#define SETUP (8u << 20) /* index templates of Beats are hundreds of KiB */

static const struct jw_http_route routes[] = {
    {"GET", "/", SMALL, jw_elastic_hello_root, 0, false},
    {"POST", "/_bulk", JW_ELASTIC_BODY, jw_elastic_bulk_run, 0, false},
    {"PUT", "/_bulk", JW_ELASTIC_BODY, jw_elastic_bulk_run, 0, false},
    {"GET", "/_license", SMALL, jw_elastic_hello_license, 0, false},
    {"GET", "/_xpack/*", SMALL, jw_elastic_hello_xpack, 0, false},
    {"GET", "/_nodes/*", SMALL, jw_elastic_hello_nodes, 0, false},
    {"GET", "/_cluster/*", SMALL, jw_elastic_hello_health, 0, false},
    {"GET", "/_cat/*", SMALL, jw_elastic_hello_cat, 0, false},
    {"POST", "/_jinwu/answered/{origin}", 0, jw_elastic_bulk_answered, 1, false},
    {"*", "/_index_template/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_template/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_component_template/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_ilm/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_data_stream/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_ingest/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"*", "/_alias/*", SETUP, jw_elastic_hello_thing, 0, false},
    {"POST", "/{index}/_bulk", JW_ELASTIC_BODY, jw_elastic_bulk_run, 0, false},
    {"PUT", "/{index}/_bulk", JW_ELASTIC_BODY, jw_elastic_bulk_run, 0, false},
    {"POST", "/{index}/_doc", JW_ELASTIC_BODY, jw_elastic_bulk_one, 0, false},
    {"PUT", "/{index}/_doc/{id}", JW_ELASTIC_BODY, jw_elastic_bulk_one, 0, false},
    {"POST", "/{index}/_doc/{id}", JW_ELASTIC_BODY, jw_elastic_bulk_one, 0, false},
    {"PUT", "/{index}/_create/{id}", JW_ELASTIC_BODY, jw_elastic_bulk_one, 0, false},
    {"POST", "/{index}/_create/{id}", JW_ELASTIC_BODY, jw_elastic_bulk_one, 0, false},
    {"HEAD", "/{index}", SMALL, jw_elastic_hello_thing, 0, false},
    {"PUT", "/{index}", SETUP, jw_elastic_hello_thing, 0, false},
    {0}};

/* Clients check this one; the official ones refuse to go on without it. */
static const char *const headers[] = {"X-Elastic-Product", "Elasticsearch", NULL};

static bool admit(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_elastic *elastic = context;
    jw_key *key = jw_arena_alloc(request->mem, sizeof *key);
    jw_text id, secret;
    /* `answered` is jw-api's alone: it has the key to our unix socket, which is the file system's rights */
    if (request->route && request->route->right == 1 && request->peer[0] == '\0')
        return true;
    if (key &&
        (jw_http_request_credentials(request, "ApiKey", &id, &secret) ||
         jw_http_request_credentials(request, "Basic", &id, &secret)) &&
        jw_keys_check(elastic->keys, id, secret, key)) {
        request->user = key;
        if (jw_text_find(jw_http_request_header(request, "Accept"), JW_TEXT("vnd.elasticsearch+json"), NULL))
            out->type = "application/vnd.elasticsearch+json;compatible-with=8";
        return true;
    }
    jw_stat_add(jw_stats_get(elastic->collect->run->stats, "senders_refused_total", JW_TEXT("elastic")), 1);
    jw_elastic_hello_error(out, 401, "security_exception",
                           "missing or wrong API key; make one with: jinwu keys add NAME");
    jw_http_response_header(out, "WWW-Authenticate", JW_TEXT("ApiKey"));
    return false;
}

static jw_status serve(struct jw_elastic *elastic, size_t i, const char *listen_at, bool tls,
                       struct jw_error *err) {
    char certificate[JW_PATH], key[JW_PATH];
    struct jw_http_server_options options = {
        .listen = listen_at,
        .routes = routes,
        .context = elastic,
        .admit = admit,
        .headers = headers,
        .stats = elastic->collect->run->stats,
        .per_address = 256,
    };
    if (tls) {
        options.certificate = jw_daemon_path(elastic->collect->run, "tls/cert.pem", certificate);
        options.key = jw_daemon_path(elastic->collect->run, "tls/key.pem", key);
    }
    return jw_http_server_start(&options, &elastic->servers[i], err);
}

static void close_input(void *state) {
    struct jw_elastic *elastic = state;
    for (size_t i = 0; i < 3; i++)
        jw_http_server_stop(elastic->servers[i]);
    jw_keys_close(elastic->keys);
    pthread_cond_destroy(&elastic->changed);
    pthread_mutex_destroy(&elastic->lock);
    free(elastic);
}

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    char path[JW_PATH];
    const char *tls = jw_daemon_text(collect->run, "elastic"),
               *plain = jw_daemon_text(collect->run, "elastic-http");
    struct jw_elastic *elastic = calloc(1, sizeof *elastic);
    if (!elastic)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&elastic->lock, NULL);
    pthread_cond_init(&elastic->changed, NULL);
    elastic->collect = collect;
    elastic->version = jw_daemon_text(collect->run, "elastic-version");
    elastic->again = jw_stats_get(collect->run->stats, "bulk_resent_total", (jw_text){0});
    elastic->refused = jw_stats_get(collect->run->stats, "bulk_pushed_back_total", (jw_text){0});
    mkdir(jw_daemon_path(collect->run, "state", path), 0750);
    jw_status st = jw_keys_open(path, &elastic->keys, err);
    if (st == JW_OK)
        st = serve(elastic, 0, jw_daemon_path(collect->run, "run/elastic.sock", path), false, err);
    if (st == JW_OK && *tls)
        st = serve(elastic, 1, tls, true, err);
    if (st == JW_OK && *plain)
        st = serve(elastic, 2, plain, false, err);
    if (st == JW_OK)
        *out_state = elastic;
    else
        close_input(elastic);
    return st;
}

static const struct jw_option options[] = {
    {.name = "elastic",
     .value = "ADDR:PORT",
     .preset = "",
     .about = "the Elasticsearch-compatible interface on a TLS listener of its own; always on jw-api's"},
    {.name = "elastic-http",
     .value = "ADDR:PORT",
     .preset = "",
     .about = "the same without TLS: keys are readable"},
    {.name = "elastic-version",
     .value = "X.Y.Z",
     .preset = "8.19.0",
     .about = "the version that shippers are told"},
    {0},
};

const struct jw_input jw_input_elastic = {
    .name = "elastic",
    .about = "Elasticsearch's _bulk: Beats, Fluent Bit, Vector, Logstash, omelasticsearch",
    .options = options,
    .open = open_input,
    .close = close_input,
};
