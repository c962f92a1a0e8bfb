/* daemons/api/certificate.c — coming in by a certificate: shown in our own TLS, or in that of a proxy on this
 * machine. */
#include "identity.h"
#include "login.h"
#include "outside.h"

#include "base/log.h"
#include "tls/client.h"

bool jw_certificate_is_asked(const struct jw_api *api) {
    return jw_daemon_text(api->run, "client-authority") != NULL;
}

/* A header is believed from a proxy alone: over the unix socket, or from this machine where TLS is the proxy's. */
static bool is_proxy(const struct jw_api *api, const struct jw_http_request *request) {
    static const jw_address nobody;
    jw_text peer = jw_text_from(request->peer);
    return !api->tls && (memcmp(&request->address, &nobody, sizeof nobody) == 0 ||
                         jw_text_is(peer, JW_TEXT("127.0.0.1")) || jw_text_is(peer, JW_TEXT("::1")));
}

/* How many certificates came, its own first; 0: none. */
static size_t shown(const struct jw_api *api, const struct jw_http_request *request, jw_text *out) {
    const char *header = jw_daemon_text(api->run, "client-certificate-header");
    jw_text escaped =
        header && is_proxy(api, request) ? jw_http_request_header(request, header) : (jw_text){NULL, 0};
    if (escaped.len)
        return jw_client_decode(escaped, request->mem, &out[0], NULL) == JW_OK ? 1 : 0;
    return jw_http_request_certificates(request, out, JW_CLIENT_CHAIN);
}

static jw_status find(struct jw_api *api, const struct jw_http_request *request, jw_account *out,
                      struct jw_error *err) {
    jw_text chain[JW_CLIENT_CHAIN];
    char fingerprint[JW_CLIENT_FINGERPRINT];
    size_t count = shown(api, request, chain);
    if (!count)
        return jw_fail(err, JW_E_DENIED, "no certificate was shown");
    jw_status st = jw_client_verify(jw_daemon_text(api->run, "client-authority"), chain, count, fingerprint, err);
    if (st == JW_OK)
        st = jw_accounts_find_certificate(api->accounts, jw_text_from(fingerprint), out, err);
    if (st == JW_END)
        return jw_fail(err, JW_E_DENIED, "the certificate %s is bound to no account", fingerprint);
    return st == JW_OK && out->disabled ? jw_fail(err, JW_E_DENIED, "%s is disabled", out->name) : st;
}

void jw_certificate_enter(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    char ticket[JW_SESSION_TOKEN + 1];
    struct jw_error err = {{0}};
    jw_account account;
    if (!jw_certificate_is_asked(api)) {
        jw_http_response_error(out, 404, "not_found", -1, "certificates are not configured: --client-authority");
        return;
    }
    json_t *body = jw_login_body(request, out); /* what another site's form cannot send */
    if (!body)
        return;
    bool bearer = !json_is_false(json_object_get(body, "bearer"));
    json_decref(body);
    jw_status st = find(api, request, &account, &err);
    if (st != JW_OK) {
        struct jw_attempt attempt = {.name = JW_TEXT("certificate"), .address = request->address};
        (void)!jw_accounts_tried(api->accounts, &attempt, false, "certificate", NULL); /* in the audit chain */
        jw_identity_count(api, "bad");
        jw_log(JW_LOG_WARNING, "certificate: %s", err.text);
        jw_http_response_error(out, st == JW_E_DENIED ? 401 : 503, "wrong_certificate", -1,
                               "no certificate that is trusted and bound to an account");
        return;
    }
    jw_identity_count(api, "good");
    if (!account.second)
        jw_login_begin(api, request, &account, "certificate", bearer, out);
    else if (jw_login_ticket(api, request, &account, "certificate", ticket, out))
        jw_login_send(out, json_pack("{ss ss}", "second", "totp", "ticket", ticket));
}
