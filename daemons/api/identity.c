/* daemons/api/identity.c — admission: before a body is read and before a path is said not to exist. */
#include "identity.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "access/password.h"
#include "account/second.h"
#include "base/hash.h"
#include "base/time.h"

#define VERIFIED     256
#define VERIFIED_S   300
#define WAITING_MOST 8 /* logins waiting for the one that hashes; each costs 150 ms of a core */

struct verified {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int64_t version; /* of the account's password */
    int64_t until;
};

struct jw_verified {
    pthread_mutex_t lock;
    unsigned char secret[32];
    struct verified list[VERIFIED];
    size_t next;
    _Atomic uint32_t waiting;
};

struct jw_verified *jw_identity_cache_new(void) {
    struct jw_verified *verified = calloc(1, sizeof *verified);
    if (verified) {
        pthread_mutex_init(&verified->lock, NULL);
        jw_random(verified->secret, sizeof verified->secret);
    }
    return verified;
}

void jw_identity_cache_free(struct jw_verified *verified) {
    if (verified)
        pthread_mutex_destroy(&verified->lock);
    free(verified);
}

static void digest_of(const struct jw_verified *verified, jw_text name, jw_text password, unsigned char *out) {
    unsigned char joined[32 + SHA256_DIGEST_LENGTH * 2];
    memcpy(joined, verified->secret, 32);
    SHA256((const unsigned char *)name.ptr, name.len, joined + 32);
    SHA256((const unsigned char *)password.ptr, password.len, joined + 32 + SHA256_DIGEST_LENGTH);
    SHA256(joined, sizeof joined, out);
    explicit_bzero(joined, sizeof joined);
}

static bool is_verified(struct jw_api *api, jw_text name, jw_text password, jw_account *out) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    bool good = false;
    if (jw_accounts_find(api->accounts, name, out, NULL, NULL) != JW_OK || out->disabled)
        return false;
    digest_of(api->verified, name, password, digest);
    pthread_mutex_lock(&api->verified->lock);
    for (size_t i = 0; i < VERIFIED; i++) {
        const struct verified *one = &api->verified->list[i];
        good |= one->until > jw_time_steady() && one->version == out->version &&
                jw_password_same(one->digest, digest, sizeof digest);
    }
    pthread_mutex_unlock(&api->verified->lock);
    return good;
}

static void remember(struct jw_api *api, jw_text name, jw_text password, const jw_account *account) {
    struct jw_verified *verified = api->verified;
    pthread_mutex_lock(&verified->lock);
    struct verified *one = &verified->list[verified->next++ % VERIFIED];
    digest_of(verified, name, password, one->digest);
    one->version = account->version;
    one->until = jw_time_steady() + VERIFIED_S * JW_SECOND;
    pthread_mutex_unlock(&verified->lock);
}

void jw_identity_count(struct jw_api *api, const char *how) {
    jw_stat_add(jw_stats_get(api->run->stats, "logins_total", jw_text_from(how)), 1);
}

static bool refuse_for_now(struct jw_api *api, int64_t seconds, struct jw_http_response *out) {
    char text[24];
    jw_identity_count(api, "locked");
    jw_http_response_error(out, 429, "too_many_attempts", -1, "too many failed logins; try again in %lld s",
                           (long long)seconds);
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    jw_http_response_header(out, "Retry-After", jw_text_from(text));
    return false;
}

bool jw_identity_password(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text password,
                          jw_account *out_account, struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_attempt attempt = {.name = name, .password = password, .address = request->address};
    if (atomic_fetch_add(&api->verified->waiting, 1) >= WAITING_MOST) {
        atomic_fetch_sub(&api->verified->waiting, 1);
        return refuse_for_now(api, 1, out);
    }
    jw_status st = jw_accounts_login(api->accounts, &attempt, out_account, &err);
    atomic_fetch_sub(&api->verified->waiting, 1);
    if (st == JW_AGAIN)
        return refuse_for_now(api, attempt.wait_s, out);
    if (st == JW_OK)
        return jw_identity_count(api, "good"), true;
    jw_identity_count(api, "bad");
    if (st == JW_E_DENIED || st == JW_END)
        jw_http_response_error(out, 401, "wrong_login", -1, "the name or the password is wrong");
    else
        jw_http_response_error(out, 503, "unavailable", -1, "%s", err.text);
    return false;
}

bool jw_identity_code(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text code,
                      struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_attempt attempt = {.name = name, .address = request->address};
    struct jw_actor by = {name, jw_text_from(request->peer), JW_TEXT("")};
    jw_status st = jw_accounts_may_try(api->accounts, &attempt, &err);
    if (st == JW_AGAIN)
        return refuse_for_now(api, attempt.wait_s, out);
    if (st == JW_OK)
        st = jw_second_check(api->accounts, name, code.ptr ? code : JW_TEXT(""), &by, &err);
    if (st == JW_OK || st == JW_E_DENIED)
        (void)!jw_accounts_tried(api->accounts, &attempt, st == JW_OK, "code", NULL);
    if (st == JW_OK)
        return true;
    jw_identity_count(api, "bad");
    if (st == JW_E_DENIED)
        jw_http_response_error(out, 401, "wrong_code", -1, "%s", err.text);
    else
        jw_api_refuse(st, &err, "account", out);
    return false;
}

/* Locked out are also those whose password was verified a moment ago: a guess does not help them. */
static bool by_basic(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text password,
                     struct jw_api_caller *caller, struct jw_http_response *out) {
    struct jw_attempt attempt = {.name = name, .address = request->address};
    bool known = is_verified(api, name, password, &caller->account);
    if (known && jw_accounts_may_try(api->accounts, &attempt, NULL) == JW_AGAIN)
        return refuse_for_now(api, attempt.wait_s, out);
    if (!known && !jw_identity_password(api, request, name, password, &caller->account, out))
        return false;
    if (caller->account.second) {
        jw_http_response_error(out, 401, "second_factor", -1,
                               "this account logs in with a second factor; programs use an API token");
        return false;
    }
    if (!known) {
        (void)!jw_accounts_entered(api->accounts, &caller->account, "basic", jw_text_from(request->peer), NULL);
        remember(api, name, password, &caller->account);
    }
    return jw_accounts_find(api->accounts, name, &caller->account, &caller->holder, NULL) == JW_OK;
}

const char *jw_identity_cookie(const struct jw_api *api) { return api->tls ? "__Host-jinwu" : "jinwu"; }

static bool by_session(struct jw_api *api, jw_text token, struct jw_api_caller *caller) {
    if (jw_session_find(api->accounts, token, &caller->session, &caller->account, &caller->holder, NULL) != JW_OK ||
        caller->session.stage != JW_SESSION_OPEN)
        return false;
    caller->token = token;
    return true;
}

static bool by_token(struct jw_api *api, struct jw_http_request *request, jw_text secret,
                     struct jw_api_caller *caller) {
    struct jw_token *api_token = jw_token_is(secret) ? jw_arena_alloc(request->mem, sizeof *api_token) : NULL;
    if (!api_token ||
        jw_token_find(api->accounts, secret, api_token, &caller->account, &caller->holder, NULL) != JW_OK)
        return false;
    caller->api_token = api_token;
    return true;
}

static bool is_safe(jw_text method) {
    return jw_text_is(method, JW_TEXT("GET")) || jw_text_is(method, JW_TEXT("HEAD"));
}

/* A cookie comes with whatever page caused the request. Another site's page cannot set this header without asking
 * us first (CORS preflight), which we never allow; browsers also say where a request was made. */
static bool is_own_page(const struct jw_http_request *request) {
    jw_text site = jw_http_request_header(request, "Sec-Fetch-Site");
    return jw_http_request_header(request, "X-Jinwu").len > 0 &&
           (site.len == 0 || jw_text_is(site, JW_TEXT("same-origin")));
}

/* JW_OK: the caller is a person; JW_AGAIN: nothing was presented; JW_E_DENIED: `out` says why. */
static jw_status find_person(struct jw_api *api, struct jw_http_request *request, struct jw_api_caller *caller,
                             struct jw_http_response *out) {
    jw_text bearer = jw_http_request_authorization(request, "Bearer"), name, password;
    jw_text cookie = jw_http_request_cookie(request, jw_identity_cookie(api));
    if (bearer.ptr && (by_session(api, bearer, caller) || by_token(api, request, bearer, caller)))
        return JW_OK;
    if (jw_http_request_credentials(request, "Basic", &name, &password))
        return by_basic(api, request, name, password, caller, out) ? JW_OK : JW_E_DENIED;
    if (bearer.ptr || !cookie.ptr || !by_session(api, cookie, caller))
        return JW_AGAIN;
    if (is_safe(request->method) || is_own_page(request))
        return JW_OK;
    jw_http_response_error(out, 403, "cross_site", -1, "this request did not come from our own page");
    return JW_E_DENIED;
}

static bool find_sender(struct jw_api *api, struct jw_http_request *request, struct jw_api_caller *caller) {
    jw_text id, secret;
    return (jw_http_request_credentials(request, "ApiKey", &id, &secret) ||
            jw_http_request_credentials(request, "Basic", &id, &secret)) &&
           jw_keys_check(api->keys, id, secret, &caller->key);
}

/* The answer that Elasticsearch's clients understand. */
static bool refuse_sender(struct jw_api *api, struct jw_http_response *out) {
    jw_stat_add(jw_stats_get(api->run->stats, "senders_refused_total", (jw_text){0}), 1);
    out->status = 401;
    jw_http_response_header(out, "X-Elastic-Product", JW_TEXT("Elasticsearch"));
    jw_http_response_header(out, "WWW-Authenticate", JW_TEXT("ApiKey"));
    jw_http_response_text(
        out, "application/json",
        JW_TEXT("{\"error\":{\"type\":\"security_exception\",\"reason\":\"missing or wrong API key; "
                "make one with: jinwu keys add NAME\"},\"status\":401}\n"));
    return false;
}

/* A token reaches what its scope names and nothing else: not the own account, not what a later version adds. */
static bool token_may(const struct jw_token *token, const struct jw_http_request *request) {
    static const char ledgers[] = "/api/v1/ledgers/{ledger}";
    const struct jw_http_route *route = request->route;
    jw_text ledger = jw_http_request_value(request, "ledger");
    bool reads = is_safe(request->method);
    if (route && strncmp(route->pattern, ledgers, sizeof ledgers - 1) == 0)
        return ledger.ptr && jw_token_may_ledger(token, ledger, !reads);
    if (!route || !route->power || !jw_token_may(token, jw_text_from(route->power)))
        return false;
    return reads || jw_text_starts(jw_text_from(token->scope), JW_TEXT("write ")) ||
           strcmp(route->pattern, "/api/v1/search") == 0; /* a question that is too long for a URL */
}

/* First what the account owes, then what its roles give. */
static bool may_do(struct jw_api *api, struct jw_http_request *request, struct jw_api_caller *caller,
                   uint32_t right, struct jw_http_response *out) {
    const char *power = request->route ? request->route->power : NULL;
    if (right != JW_API_SELF && caller->account.must_change) {
        jw_http_response_error(out, 403, "change_password", -1,
                               "this password must be changed first: POST /api/v1/password");
        return false;
    }
    if (right != JW_API_SELF && caller->wants_second) {
        jw_http_response_error(out, 403, "wants_second_factor", -1,
                               "this role logs in with a second factor; get one first: POST /api/v1/me/totp");
        return false;
    }
    if (caller->api_token && !token_may(caller->api_token, request)) {
        jw_http_response_error(out, 403, "scope", -1, "the scope of this token does not reach here");
        return false;
    }
    if (!power || jw_rights_has_power(jw_accounts_roles(api->accounts), &caller->holder, jw_text_from(power)))
        return true;
    jw_http_response_error(out, 403, "forbidden", -1, "none of your roles has the power %s", power);
    return false;
}

static bool admit_person(struct jw_api *api, struct jw_http_request *request, struct jw_api_caller *caller,
                         uint32_t right, struct jw_http_response *out) {
    jw_status st = find_person(api, request, caller, out);
    if (st == JW_E_DENIED)
        return false;
    if (st != JW_OK) {
        jw_http_response_error(out, 401, "unauthenticated", -1, "log in first: POST /api/v1/login, or HTTP Basic");
        if (!jw_http_request_header(request, "Sec-Fetch-Mode").ptr) /* browsers would show their own dialog */
            jw_http_response_header(out, "WWW-Authenticate", JW_TEXT("Basic realm=\"jinwu\""));
        return false;
    }
    caller->is = JW_API_PERSON;
    caller->wants_second = jw_accounts_wants_second(api->accounts, &caller->account, &caller->holder);
    return may_do(api, request, caller, right, out);
}

/* "/" gives everybody something: the greeting, or the console, which asks for the rest itself. */
static void admit_root(struct jw_api *api, struct jw_http_request *request, struct jw_api_caller *caller) {
    caller->is = find_sender(api, request, caller) ? JW_API_SENDER : JW_API_OPEN;
}

bool jw_identity_admit(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    uint32_t right = request->route ? request->route->right : JW_API_PERSON;
    struct jw_api_caller *caller = jw_arena_alloc(request->mem, sizeof *caller);
    if (!caller) {
        jw_http_response_error(out, 503, "no_memory", -1, "no memory");
        return false;
    }
    *caller = (struct jw_api_caller){.is = JW_API_OPEN};
    request->user = caller;
    if (right == JW_API_OPEN)
        return true;
    if (right == JW_API_ROOT)
        return admit_root(api, request, caller), true;
    if (right != JW_API_SENDER && !(request->route == NULL && find_sender(api, request, caller)))
        return admit_person(api, request, caller, right, out);
    caller->is = JW_API_SENDER;
    return find_sender(api, request, caller) || refuse_sender(api, out);
}

/* --- for handlers ------------------------------------------------------------------------------------------------
 */
const struct jw_holder *jw_api_holder(const struct jw_http_request *request) {
    const struct jw_api_caller *caller = request->user;
    return &caller->holder;
}

struct jw_actor jw_api_actor(const struct jw_http_request *request, jw_text why) {
    const struct jw_api_caller *caller = request->user;
    return (struct jw_actor){jw_text_from(caller->account.name), jw_text_from(request->peer), why};
}

bool jw_api_may(const struct jw_api *api, const struct jw_http_request *request, const char *power) {
    return jw_rights_has_power(jw_accounts_roles(api->accounts), jw_api_holder(request), jw_text_from(power));
}

bool jw_api_alive(const struct jw_api *api, const struct jw_api_caller *began) {
    jw_account now;
    if (began->token.len && !jw_session_alive(api->accounts, began->token))
        return false;
    if (began->api_token && !jw_token_is_alive(api->accounts, began->api_token))
        return false;
    return jw_accounts_find(api->accounts, jw_text_from(began->account.name), &now, NULL, NULL) == JW_OK &&
           !now.disabled && now.version == began->account.version;
}

void jw_api_refuse(jw_status st, const struct jw_error *err, const char *what, struct jw_http_response *out) {
    switch (st) {
    case JW_END:
        jw_http_response_error(out, 404, "not_found", -1, "there is no such %s", what);
        break;
    case JW_E_SYNTAX:
        jw_http_response_error(out, 400, "bad_request", -1, "%s", err->text);
        break;
    case JW_E_DENIED:
        jw_http_response_error(out, 409, "refused", -1, "%s", err->text);
        break;
    default:
        jw_http_response_error(out, 503, "unavailable", -1, "%s", err->text);
        break;
    }
}
