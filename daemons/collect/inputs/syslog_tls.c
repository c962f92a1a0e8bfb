/* daemons/collect/inputs/syslog_tls.c — syslog over TLS, RFC 5425. The certificate lies in DATA/tls (cert.pem,
 * key.pem); while it is not there, connections are refused and the files are looked for again. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../framed.h"
#include "../input.h"
#include "base/log.h"
#include "base/time.h"

#define LOOK_NS (5 * JW_SECOND)

struct tls {
    struct jw_collect *collect;
    struct jw_stream_server *server;
    struct jw_timer *timer;
    SSL_CTX *context;
};

static const struct jw_stream_protocol protocol = {.name = "syslog-tls", .tls = true, JW_FRAMED};

static jw_status fail_tls(struct jw_error *err, const char *what) {
    unsigned long code = ERR_get_error();
    const char *why = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return jw_fail(err, JW_E_SYSTEM, "syslog-tls: %s: %s", what, why ? why : "cannot be read");
}

static jw_status load(const struct jw_collect *collect, SSL_CTX **out, struct jw_error *err) {
    char cert[JW_PATH], key[JW_PATH];
    const char *clients = jw_daemon_text(collect->run, "tls-client-ca");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    jw_status st = JW_OK;
    if (!context)
        return fail_tls(err, "OpenSSL");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"jw-collect", 10);
    jw_daemon_path(collect->run, "tls/cert.pem", cert);
    jw_daemon_path(collect->run, "tls/key.pem", key);
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        st = fail_tls(err, cert);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        st = fail_tls(err, key);
    else if (clients && *clients && SSL_CTX_load_verify_locations(context, clients, NULL) != 1)
        st = fail_tls(err, clients);
    if (st != JW_OK) {
        SSL_CTX_free(context);
        return st;
    }
    if (clients && *clients) {
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(clients));
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    *out = context;
    return JW_OK;
}

static void use(struct tls *tls, SSL_CTX *context) {
    SSL_CTX_free(tls->context); /* connections hold on to theirs */
    tls->context = context;
    jw_stream_server_tls(tls->server, context);
    jw_timer_end(tls->timer);
    tls->timer = NULL;
}

static void look_again(void *state) {
    struct tls *tls = state;
    struct jw_error err;
    SSL_CTX *context;
    if (load(tls->collect, &context, &err) != JW_OK)
        return;
    use(tls, context);
    jw_log(JW_LOG_INFO, "syslog-tls: the certificate is there");
}

static void reload(void *state) {
    struct tls *tls = state;
    struct jw_error err = {{0}};
    SSL_CTX *context;
    if (load(tls->collect, &context, &err) == JW_OK)
        use(tls, context);
    else
        jw_log(JW_LOG_ERROR, "%s; the certificate in use stays", err.text);
}

static void close_input(void *state) {
    struct tls *tls = state;
    jw_timer_end(tls->timer);
    jw_stream_server_close(tls->server);
    SSL_CTX_free(tls->context);
    free(tls);
}

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    const char *listen = jw_daemon_text(collect->run, "syslog-tls");
    struct jw_error why = {{0}};
    SSL_CTX *context = NULL;
    if (!*listen)
        return JW_OK;
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    tls->collect = collect;
    struct jw_stream_server_options options = jw_stream_server_common(collect, &protocol, listen);
    jw_status st = jw_stream_server_open(collect, &options, &tls->server, err);
    if (st == JW_OK && load(collect, &context, &why) == JW_OK) {
        use(tls, context);
    } else if (st == JW_OK) {
        jw_log(JW_LOG_WARNING, "%s; refusing connections until it is there", why.text);
        st = jw_loop_timer(collect->run->loop, LOOK_NS, LOOK_NS, look_again, tls, &tls->timer, err);
    }
    if (st != JW_OK) {
        close_input(tls);
        return st;
    }
    *out_state = tls;
    return JW_OK;
}

static const struct jw_option options[] = {
    {.name = "syslog-tls",
     .value = "ADDR:PORT",
     .preset = "127.0.0.1:6514",
     .about = "syslog over TLS, with DATA/tls/cert.pem and key.pem; empty: none"},
    {.name = "tls-client-ca",
     .value = "FILE",
     .about = "PEM file: only senders with a certificate of these authorities; default: any sender"},
    {0},
};

const struct jw_input jw_input_syslog_tls = {
    .name = "syslog-tls",
    .about = "syslog over TLS (RFC 5425)",
    .options = options,
    .open = open_input,
    .reload = reload,
    .close = close_input,
};
