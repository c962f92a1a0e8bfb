/* daemons/api/outside.c — to the identity provider and back. The login on its way lies sealed in a cookie of this
 * browser: any jw-api can end what another began, and nobody else can. */
#include "outside.h"
#include "identity.h"
#include "login.h"

#include <stdlib.h>

#include "base/log.h"
#include "oidc/oidc.h"
#include "os/file.h"

#define SEALED_MOST 512
#define LINE_MOST   256
#define COOKIE      "jinwu-oidc"

/* --- opening -----------------------------------------------------------------------------------------------------
 */
static jw_status read_secret(const char *path, char out[LINE_MOST], struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(LINE_MOST - 1);
    if (!path)
        return JW_OK;
    jw_status st = jw_file_read(path, &bytes, err);
    if (st == JW_AGAIN)
        return jw_fail(err, JW_E_SYSTEM, "--oidc-secret-file %s: there is none", path);
    jw_text text = jw_text_trim(jw_buffer_text(&bytes));
    snprintf(out, LINE_MOST, "%.*s", (int)text.len, text.len ? text.ptr : "");
    return st;
}

jw_status jw_outside_open(struct jw_api *api, struct jw_error *err) {
    char secret[LINE_MOST] = "";
    const char *match = jw_daemon_text(api->run, "oidc-match");
    struct jw_oidc_options options = {.issuer = jw_daemon_text(api->run, "oidc-issuer"),
                                      .client = jw_daemon_text(api->run, "oidc-client"),
                                      .secret = secret,
                                      .redirect = jw_daemon_text(api->run, "oidc-redirect"),
                                      .authority = jw_daemon_text(api->run, "oidc-authority"),
                                      .claim = jw_daemon_text(api->run, "oidc-claim")};
    if (!options.issuer)
        return JW_OK;
    if (!options.redirect)
        return jw_fail(err, JW_E_SYNTAX, "--oidc-issuer wants --oidc-redirect as well");
    if (strcmp(match, "subject") != 0 && strcmp(match, "email") != 0 && strcmp(match, "name") != 0)
        return jw_fail(err, JW_E_SYNTAX, "--oidc-match: subject, email or name, not %.40s", match);
    jw_status st = read_secret(jw_daemon_text(api->run, "oidc-secret-file"), secret, err);
    if (st == JW_OK)
        st = jw_oidc_new(&options, &api->oidc, err);
    explicit_bzero(secret, sizeof secret);
    return st == JW_OK ? st : jw_wrap(err, st, "OIDC");
}

void jw_outside_close(struct jw_api *api) { jw_oidc_free(api->oidc); }

void jw_outside_ways(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api *api = context;
    (void)request;
    jw_buffer_print(&out->body, "{\"password\":true,\"oidc\":%s,\"certificate\":%s}\n",
                    api->oidc ? "true" : "false", jw_certificate_is_asked(api) ? "true" : "false");
}

/* --- there -------------------------------------------------------------------------------------------------------
 */
static void set_cookie(const struct jw_api *api, const char *value, struct jw_http_response *out) {
    char text[SEALED_MOST + 128];
    /* Lax: the provider's page sends the browser back, which is another site's doing */
    snprintf(text, sizeof text, "%s" COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
             api->tls ? "__Host-" : "", value, value[0] ? JW_OIDC_FLOW_S : 0, api->tls ? "; Secure" : "");
    jw_http_response_header(out, "Set-Cookie", jw_text_from(text));
}

/* A page of ours that goes on by itself: our session's cookie is not sent where another site's page led. */
static void go_on(struct jw_http_response *out, const char *where) {
    out->type = "text/html; charset=utf-8";
    jw_buffer_clear(&out->body);
    jw_buffer_print(&out->body,
                    "<!doctype html><html><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" "
                    "content=\"0;url=%s\"></head><body><a href=\"%s\">继续 · go on</a></body></html>\n",
                    where, where);
}

void jw_outside_start(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_oidc_flow flow = {.began = 0};
    struct jw_error err = {{0}};
    char sealed[SEALED_MOST];
    JW_AUTO(jw_buffer_free) jw_buffer url = JW_BUFFER(8192);
    (void)request;
    if (!api->oidc) {
        jw_http_response_error(out, 404, "not_found", -1, "no outside identity provider is configured");
        return;
    }
    jw_status st = jw_oidc_begin(api->oidc, &flow, &url, &err);
    if (st == JW_OK)
        st = jw_accounts_seal(api->accounts, (jw_text){(const char *)&flow, sizeof flow}, sealed, sizeof sealed,
                              &err);
    explicit_bzero(&flow, sizeof flow);
    if (st != JW_OK) {
        jw_log(JW_LOG_WARNING, "OIDC: %s", err.text);
        go_on(out, "/#outside-down");
        return;
    }
    out->status = 302;
    set_cookie(api, sealed, out);
    jw_http_response_header(out, "Location", jw_buffer_text(&url));
}

/* --- and back ----------------------------------------------------------------------------------------------------
 */
/* Who keeps the platform, grants or audits must have been bound by somebody: no address makes an administrator. */
static bool is_administrator(struct jw_api *api, const struct jw_http_request *request, const char *name) {
    static const char *const roles[] = {"system_admin", "security_admin", "audit_admin"};
    struct jw_holder *holder = jw_arena_alloc(request->mem, sizeof *holder);
    if (!holder || jw_accounts_find(api->accounts, jw_text_from(name), NULL, holder, NULL) != JW_OK)
        return true;
    for (size_t i = 0; i < holder->grant_count; i++)
        for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
            if (strcmp(holder->grants[i].role, roles[r]) == 0)
                return true;
    return false;
}

static jw_status match(struct jw_api *api, const struct jw_oidc_person *person, jw_account *out,
                       struct jw_error *err) {
    const char *how = jw_daemon_text(api->run, "oidc-match");
    if (strcmp(how, "email") == 0 && person->email_verified && person->email[0])
        return jw_accounts_find_email(api->accounts, jw_text_from(person->email), out, err);
    if (strcmp(how, "name") == 0 && person->name[0])
        return jw_accounts_find(api->accounts, jw_text_from(person->name), out, NULL, err);
    return JW_END;
}

/* JW_E_DENIED: nobody here, and why. */
static jw_status find_account(struct jw_api *api, const struct jw_http_request *request,
                              const struct jw_oidc_person *person, jw_account *out, struct jw_error *err) {
    char subject[JW_ACCOUNT_LONG];
    int len = snprintf(subject, sizeof subject, "%s %s", jw_oidc_issuer(api->oidc), person->subject);
    if (len >= (int)sizeof subject)
        return jw_fail(err, JW_E_DENIED, "issuer and subject are longer than %d bytes", JW_ACCOUNT_LONG - 1);
    jw_status st = jw_accounts_find_subject(api->accounts, jw_text_from(subject), out, err);
    if (st != JW_END)
        return st == JW_OK && out->disabled ? jw_fail(err, JW_E_DENIED, "%s is disabled", out->name) : st;
    st = match(api, person, out, err);
    if (st != JW_OK)
        return st == JW_END ? jw_fail(err, JW_E_DENIED, "no account is bound to %.200s", subject) : st;
    if (out->disabled || out->subject[0] || is_administrator(api, request, out->name))
        return jw_fail(err, JW_E_DENIED, "%s is disabled, bound to somebody else, or an administrator's",
                       out->name);
    struct jw_actor by = {jw_text_from(out->name), jw_text_from(request->peer), JW_TEXT("oidc")};
    struct jw_binding binding = {.subject = subject, .person = -1};
    return jw_accounts_bind(api->accounts, jw_text_from(out->name), &binding, &by, err);
}

static void come_in(struct jw_api *api, struct jw_http_request *request, const jw_account *account,
                    struct jw_http_response *out) {
    char ticket[JW_SESSION_TOKEN + 1], where[JW_SESSION_TOKEN + 32] = "/";
    if (!account->second) {
        jw_login_begin(api, request, account, "oidc", false, out);
    } else if (jw_login_ticket(api, request, account, "oidc", ticket, out)) {
        snprintf(where, sizeof where, "/#ticket=%s", ticket); /* behind '#': in no log */
    }
    if (out->status == 200)
        go_on(out, where);
}

void jw_outside_callback(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_oidc_flow flow = {.began = 0};
    struct jw_oidc_person person;
    struct jw_error err = {{0}};
    jw_account account;
    size_t len = sizeof flow;
    jw_text sealed = jw_http_request_cookie(request, api->tls ? "__Host-" COOKIE : COOKIE);
    jw_text code = jw_http_request_param(request, "code"), state = jw_http_request_param(request, "state");
    set_cookie(api, "", out);
    jw_status st = api->oidc ? jw_accounts_unseal(api->accounts, sealed, &flow, &len, &err) : JW_E_DENIED;
    if (st == JW_OK && len != sizeof flow)
        st = JW_E_DENIED;
    if (st == JW_OK)
        st = jw_oidc_finish(api->oidc, &flow, state, code, &person, &err);
    explicit_bzero(&flow, sizeof flow);
    if (st == JW_OK)
        st = find_account(api, request, &person, &account, &err);
    if (st == JW_OK) {
        jw_identity_count(api, "good");
        come_in(api, request, &account, out);
        return;
    }
    struct jw_attempt attempt = {.name = JW_TEXT("oidc"), .address = request->address};
    (void)!jw_accounts_tried(api->accounts, &attempt, false, "oidc", NULL); /* in the audit chain */
    jw_identity_count(api, "bad");
    jw_log(JW_LOG_WARNING, "OIDC: %s", err.text);
    go_on(out, st == JW_E_DENIED ? "/#outside-denied" : "/#outside-down");
}
