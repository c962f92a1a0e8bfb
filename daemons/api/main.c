/* daemons/api/main.c — jw-api: the door for people and programs. */
#include "api.h"
#include "flows.h"
#include "forward.h"
#include "identity.h"
#include "keyring.h"
#include "ledger.h"
#include "login.h"
#include "me.h"
#include "metrics.h"
#include "outside.h"
#include "page.h"
#include "people.h"
#include "search.h"
#include "sheets.h"
#include "tail.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/time.h"
#include "tls/certificate.h"

#define FORM (64 << 10)
#define BULK (100 << 20) /* Elasticsearch's own http.max_content_length */

#define ELASTIC(method, pattern, most) \
    { method, pattern, most, jw_forward_elastic, JW_API_SENDER, true, NULL }

/* Method, path, largest body, handler, right, raw body, power. The first that matches serves. */
static const struct jw_http_route routes[] = {
    {"GET", "/", 0, jw_page_root, JW_API_ROOT, false, NULL},
    {"GET", "/console/*", 0, jw_page_app, JW_API_OPEN, false, NULL},
    {"GET", "/assets/{name}", 0, jw_page_asset, JW_API_OPEN, false, NULL},
    {"GET", "/healthz", 0, jw_metrics_health, JW_API_OPEN, false, NULL},
    {"GET", "/metrics", 0, jw_metrics_prometheus, JW_API_PERSON, false, "status.read"},
    {"POST", "/api/v1/login", FORM, jw_login_enter, JW_API_OPEN, false, NULL},
    {"POST", "/api/v1/logout", FORM, jw_login_leave, JW_API_SELF, false, NULL},
    {"GET", "/api/v1/me", 0, jw_login_me, JW_API_SELF, false, NULL},
    {"POST", "/api/v1/password", FORM, jw_login_password, JW_API_SELF, false, NULL},
    {"GET", "/api/v1/login", 0, jw_outside_ways, JW_API_OPEN, false, NULL},
    {"GET", "/api/v1/login/oidc/start", 0, jw_outside_start, JW_API_OPEN, false, NULL},
    {"GET", "/api/v1/login/oidc/callback", 0, jw_outside_callback, JW_API_OPEN, false, NULL},
    {"POST", "/api/v1/login/certificate", FORM, jw_certificate_enter, JW_API_OPEN, false, NULL},
    {"POST", "/api/v1/login/totp", FORM, jw_login_code, JW_API_OPEN, false, NULL},
    {"POST", "/api/v1/me/totp", FORM, jw_me_second, JW_API_SELF, false, NULL},
    {"DELETE", "/api/v1/me/totp", FORM, jw_me_second_off, JW_API_PERSON, false, NULL},
    {"GET", "/api/v1/me/tokens", 0, jw_me_tokens, JW_API_PERSON, false, NULL},
    {"POST", "/api/v1/me/tokens", FORM, jw_me_token_make, JW_API_PERSON, false, "tokens.make"},
    {"DELETE", "/api/v1/me/tokens/{id}", FORM, jw_me_token_revoke, JW_API_PERSON, false, NULL},
    {"DELETE", "/api/v1/accounts/{name}/totp", FORM, jw_me_second_off_other, JW_API_PERSON, false,
     "accounts.manage"},
    {"GET", "/api/v1/me/sessions", 0, jw_sessions_own, JW_API_PERSON, false, NULL},
    {"DELETE", "/api/v1/me/sessions/{id}", FORM, jw_sessions_end_own, JW_API_PERSON, false, NULL},
    {"GET", "/api/v1/sessions", 0, jw_sessions_list, JW_API_PERSON, false, "sessions.read"},
    {"DELETE", "/api/v1/sessions/{id}", FORM, jw_sessions_kick, JW_API_PERSON, false, "sessions.kick"},
    {"GET", "/api/v1/roles", 0, jw_grants_roles, JW_API_PERSON, false, NULL},
    {"GET", "/api/v1/accounts", 0, jw_people_list, JW_API_PERSON, false, "accounts.read"},
    {"POST", "/api/v1/accounts", FORM, jw_people_create, JW_API_PERSON, false, "accounts.manage"},
    {"GET", "/api/v1/accounts/{name}", 0, jw_people_get, JW_API_PERSON, false, "accounts.read"},
    {"PATCH", "/api/v1/accounts/{name}", FORM, jw_people_change, JW_API_PERSON, false, "accounts.manage"},
    {"DELETE", "/api/v1/accounts/{name}", FORM, jw_people_disable, JW_API_PERSON, false, "accounts.manage"},
    {"POST", "/api/v1/accounts/{name}/reset", FORM, jw_people_reset, JW_API_PERSON, false, "accounts.manage"},
    {"POST", "/api/v1/accounts/{name}/unlock", FORM, jw_people_unlock, JW_API_PERSON, false, "accounts.manage"},
    {"POST", "/api/v1/accounts/{name}/grants", FORM, jw_grants_give, JW_API_PERSON, false,
     NULL}, /* who may: grant.c */
    {"DELETE", "/api/v1/accounts/{name}/grants/{role}", FORM, jw_grants_take, JW_API_PERSON, false, NULL},
    {"GET", "/api/v1/status", 0, jw_metrics_status, JW_API_PERSON, false, "status.read"},
    {"GET", "/api/v1/search", 0, jw_search_run, JW_API_PERSON, false, "events.search"},
    {"POST", "/api/v1/search", FORM, jw_search_run, JW_API_PERSON, false, "events.search"},
    {"GET", "/api/v1/events/{id}", 0, jw_search_event, JW_API_PERSON, false, "events.search"},
    {"GET", "/api/v1/alerts/{id}", 0, jw_search_alert, JW_API_PERSON, false, "alerts.read"},
    {"GET", "/api/v1/tail", 0, jw_tail_follow, JW_API_PERSON, false, "events.search"},
    {"GET", "/api/v1/keys", 0, jw_keyring_list, JW_API_PERSON, false, "keys.manage"},
    {"POST", "/api/v1/keys", FORM, jw_keyring_add, JW_API_PERSON, false, "keys.manage"},
    {"DELETE", "/api/v1/keys/{name}", FORM, jw_keyring_revoke, JW_API_PERSON, false, "keys.manage"},
    JW_SHEETS_ROUTES,
    JW_FLOWS_ROUTES,
    JW_LEDGER_ROUTES,
    /* what shippers ask of Elasticsearch */
    ELASTIC("POST", "/_bulk", BULK),
    ELASTIC("PUT", "/_bulk", BULK),
    ELASTIC("POST", "/{index}/_bulk", BULK),
    ELASTIC("PUT", "/{index}/_bulk", BULK),
    ELASTIC("POST", "/{index}/_doc", BULK),
    ELASTIC("*", "/{index}/_doc/{id}", BULK),
    ELASTIC("*", "/{index}/_create/{id}", BULK),
    ELASTIC("*", "/_license", FORM),
    ELASTIC("GET", "/_xpack/*", FORM),
    ELASTIC("GET", "/_nodes/*", FORM),
    ELASTIC("GET", "/_cluster/*", FORM),
    ELASTIC("GET", "/_cat/*", FORM),
    ELASTIC("*", "/_index_template/*", 8 << 20),
    ELASTIC("*", "/_template/*", 8 << 20),
    ELASTIC("*", "/_component_template/*", 8 << 20),
    ELASTIC("*", "/_ilm/*", 1 << 20),
    ELASTIC("*", "/_data_stream/*", 1 << 20),
    ELASTIC("*", "/_ingest/*", 8 << 20),
    ELASTIC("*", "/_alias/*", 1 << 20),
    ELASTIC("HEAD", "/{index}", FORM),
    ELASTIC("PUT", "/{index}", 8 << 20),
    {0}};

static const char *const headers_tls[] = {"Strict-Transport-Security",
                                          "max-age=31536000",
                                          "X-Content-Type-Options",
                                          "nosniff",
                                          "X-Frame-Options",
                                          "DENY",
                                          "Referrer-Policy",
                                          "no-referrer",
                                          "Cache-Control",
                                          "no-store",
                                          "Cross-Origin-Resource-Policy",
                                          "same-origin",
                                          "Content-Security-Policy",
                                          "default-src 'none'; frame-ancestors 'none'",
                                          NULL};
/* The same without the first pair: plain HTTP promises no TLS. */
#define HEADERS_PLAIN (headers_tls + 2)

static void sample(void *context) {
    struct jw_api *api = context;
    jw_counters_sample(api->counters);
}

static jw_status open_parts(struct jw_api *api, struct jw_error *err) {
    char path[JW_PATH];
    jw_status st = jw_ledger_open(api, err);
    if (st == JW_OK)
        st = jw_people_open(api, err);
    if (st == JW_OK)
        st = jw_outside_open(api, err);
    if (st == JW_OK)
        st = jw_keys_open(jw_daemon_path(api->run, "state", path), &api->keys, err);
    struct jw_http_client_options collect = {.base = "http://collect",
                                             .unix_socket = jw_daemon_path(api->run, "run/elastic.sock", path),
                                             .total_ms = 120000};
    if (st == JW_OK)
        st = jw_http_client_new(&collect, &api->collect, err);
    if (st == JW_OK)
        st = jw_search_open(api, err);
    if (st == JW_OK)
        st = jw_page_open(api, err);
    api->verified = jw_identity_cache_new();
    api->counters = jw_counters_new(jw_daemon_path(api->run, "run", path));
    if (st == JW_OK && (!api->verified || !api->counters))
        st = jw_fail(err, JW_E_LIMIT, "no memory");
    return st;
}

static jw_status serve(struct jw_api *api, struct jw_error *err) {
    char folder[JW_PATH], certificate[JW_PATH], key[JW_PATH];
    const char *listen_at = jw_daemon_text(api->run, "listen");
    struct jw_http_server_options options = {
        .listen = listen_at,
        .routes = routes,
        .context = api,
        .admit = jw_identity_admit,
        .headers = api->tls ? headers_tls : HEADERS_PLAIN,
        .stats = api->run->stats,
        .connections = (uint32_t)jw_daemon_number(api->run, "connections"),
        .per_address = (uint32_t)jw_daemon_number(api->run, "connections-per-address"),
    };
    if (api->tls) {
        jw_status st = jw_certificate_ensure(jw_daemon_path(api->run, "tls", folder), listen_at, err);
        if (st < 0)
            return st;
        options.certificate = jw_daemon_path(api->run, "tls/cert.pem", certificate);
        options.authorities = jw_daemon_text(api->run, "client-authority");
        options.key = jw_daemon_path(api->run, "tls/key.pem", key);
    }
    return jw_http_server_start(&options, &api->server, err);
}

/* `jinwu up` made the folders; a jw-api started by hand finds its own way. */
static void make_folders(struct jw_daemon_run *run) {
    char path[JW_PATH];
    mkdir(jw_daemon_path(run, "tls", path), 0750);
    mkdir(jw_daemon_path(run, "state", path), 0750);
}

static jw_status start(struct jw_daemon_run *run, struct jw_error *err) {
    struct jw_api *api = calloc(1, sizeof *api);
    if (!api)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    run->state = api;
    api->run = run;
    api->tls = strcmp(jw_daemon_text(run, "tls"), "off") != 0;
    make_folders(run);
    jw_status st = open_parts(api, err);
    if (st == JW_OK)
        st = jw_loop_timer(run->loop, 0, 5 * JW_SECOND, sample, api, &api->sampler, err);
    if (st == JW_OK)
        st = jw_flows_start(api, err);
    if (st == JW_OK)
        st = serve(api, err);
    if (st == JW_OK)
        jw_log(JW_LOG_INFO, "serving %s://%s", api->tls ? "https" : "http", jw_daemon_text(run, "listen"));
    return st;
}

static void stop(struct jw_daemon_run *run) {
    struct jw_api *api = run->state;
    jw_http_server_stop(api->server);
    jw_flows_stop(api);
    jw_search_close(api);
    jw_page_close(api);
    jw_http_client_free(api->collect);
    jw_counters_free(api->counters);
    jw_identity_cache_free(api->verified);
    jw_keys_close(api->keys);
    jw_outside_close(api);
    jw_people_close(api);
    jw_ledger_close(api);
    free(api);
}

static void reload(struct jw_daemon_run *run) {
    struct jw_api *api = run->state;
    jw_ledger_reload(api);
    jw_people_reload(api);
}

static const struct jw_option options[] = {
    {"listen", "ADDR:PORT", "127.0.0.1:8443", "where people and programs come in", 0, 0, false},
    {"tls", "on|off", "on", "off: plain HTTP, for a proxy in front that does TLS", 0, 0, false},
    {"connections", "NUMBER", "512", "open at once; each is a thread", 8, 8192, false},
    {"connections-per-address", "NUMBER", "128", "of one peer", 1, 8192, false},
    {"node", "ADDRESS", NULL, "socket or http[s]://[user:password@]host:port of a lake (default: jw-lake's socket)",
     0, 0, true},
    {"console", "DIR", NULL, "the built console (default: the one that came with jinwu)", 0, 0, false},
    {"level", "full|plain", "full", "plain: ClickHouse servers before 22.8", 0, 0, false},
    {"cluster", "NAME", NULL, "the nodes' name for themselves in remote_servers, for reading over all of them", 0,
     0, false},
    JW_OUTSIDE_OPTIONS,
    {"db", "WHERE", NULL,
     "where ledgers and accounts lie: a file or postgresql://… (default: DATA/ledger/ledger.db)", 0, 0, false},
    {"authority", "FILE", NULL, "certificates to trust with https nodes, PEM", 0, 0, false},
    {0}};

static const struct jw_daemon api = {
    .name = "jw-api",
    .about = "serves the console, the REST interface and the Elasticsearch-compatible paths",
    .options = options,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) { return jw_daemon_main(&api, argc, argv); }
