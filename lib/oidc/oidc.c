/* lib/oidc/oidc.c — discovery, the way to the provider and back, the code for a token. */
#include "oidc.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/time.h"
#include "http/http_client.h"

#define ANSWER_MOST  (1 << 20)
#define DISCOVERY_S  3600
#define KEYS_PAUSE_S 3 /* between two fetches of the keys, or two tries of a provider that is away */
#define ADDRESS_MOST 1024
#define CLAIM        "preferred_username"
#define DISCOVERY    "/.well-known/openid-configuration"

struct jw_oidc {
    char issuer[ADDRESS_MOST], client[256], secret[256], redirect[ADDRESS_MOST], authority[ADDRESS_MOST], claim[64];
    pthread_mutex_t lock;                                                         /* of what follows */
    char authorize[ADDRESS_MOST], token[ADDRESS_MOST], key_address[ADDRESS_MOST]; /* empty: not discovered */
    int64_t discovered, failed, keys_at;                                          /* steady; 0: never */
    char *keys;
};

/* --- addresses ---------------------------------------------------------------------------------------------------
 */
/* http is for tests and for a provider on this machine. */
static bool is_address(const char *address) {
    jw_text rest = jw_text_from(address);
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)rest.ptr[i] <= ' ' || (unsigned char)rest.ptr[i] > '~')
            return false;
    if (rest.len >= ADDRESS_MOST)
        return false;
    if (jw_text_drop(&rest, JW_TEXT("https://")))
        return rest.len > 0 && rest.ptr[0] != '/';
    return jw_text_starts(rest, JW_TEXT("http://127.0.0.1:")) || jw_text_starts(rest, JW_TEXT("http://[::1]:")) ||
           jw_text_starts(rest, JW_TEXT("http://localhost:"));
}

static jw_status copy(char *out, size_t room, const char *value, const char *what, struct jw_error *err) {
    if (value && strlen(value) >= room)
        return jw_fail(err, JW_E_SYNTAX, "%s: longer than %zu bytes", what, room - 1);
    snprintf(out, room, "%s", value ? value : "");
    return JW_OK;
}

jw_status jw_oidc_new(const struct jw_oidc_options *options, struct jw_oidc **out, struct jw_error *err) {
    JW_AUTO(jw_oidc_free_p) struct jw_oidc *oidc = calloc(1, sizeof *oidc);
    if (!oidc)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&oidc->lock, NULL);
    if (!is_address(options->issuer))
        return jw_fail(err, JW_E_SYNTAX, "the issuer must be an https address: %.100s", options->issuer);
    if (!is_address(options->redirect))
        return jw_fail(err, JW_E_SYNTAX, "the way back must be an https address: %.100s", options->redirect);
    const struct {
        char *out;
        size_t room;
        const char *value, *what;
    } texts[] = {{oidc->issuer, sizeof oidc->issuer, options->issuer, "issuer"},
                 {oidc->client, sizeof oidc->client, options->client, "client"},
                 {oidc->secret, sizeof oidc->secret, options->secret, "secret"},
                 {oidc->redirect, sizeof oidc->redirect, options->redirect, "redirect"},
                 {oidc->authority, sizeof oidc->authority, options->authority, "authority"},
                 {oidc->claim, sizeof oidc->claim, options->claim ? options->claim : CLAIM, "claim"}};
    jw_status st = JW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == JW_OK; i++)
        st = copy(texts[i].out, texts[i].room, texts[i].value, texts[i].what, err);
    if (st != JW_OK)
        return st;
    *out = oidc;
    oidc = NULL;
    return JW_OK;
}

void jw_oidc_free(struct jw_oidc *oidc) {
    if (!oidc)
        return;
    pthread_mutex_destroy(&oidc->lock);
    explicit_bzero(oidc->secret, sizeof oidc->secret);
    free(oidc->keys);
    free(oidc);
}

const char *jw_oidc_issuer(const struct jw_oidc *oidc) { return oidc->issuer; }

/* --- calling -----------------------------------------------------------------------------------------------------
 */
/* 200 and a JSON object, else JW_E_SYSTEM. `form` empty: GET. Free the object with json_decref. */
static jw_status call(const struct jw_oidc *oidc, const char *address, jw_text form, json_t **out, unsigned *status,
                      struct jw_error *err) {
    char base[ADDRESS_MOST];
    const char *path = strchr(strstr(address, "://") + 3, '/');
    snprintf(base, sizeof base, "%.*s", path ? (int)(path - address) : (int)strlen(address), address);
    struct jw_http_client_options options = {.base = base,
                                             .authority = oidc->authority[0] ? oidc->authority : NULL,
                                             .connect_ms = 5000,
                                             .total_ms = 10000};
    JW_AUTO(jw_http_client_free_p) struct jw_http_client *client = NULL;
    jw_http_pair headers[] = {{JW_TEXT("Accept"), JW_TEXT("application/json")},
                              {JW_TEXT("Content-Type"), JW_TEXT("application/x-www-form-urlencoded")}};
    struct jw_http_call request = {.method = form.len ? "POST" : "GET",
                                   .target = path ? path : "/",
                                   .body = form,
                                   .headers = headers,
                                   .header_count = form.len ? 2 : 1};
    struct jw_http_answer answer = {.body = JW_BUFFER(ANSWER_MOST)};
    jw_status st = jw_http_client_new(&options, &client, err);
    if (st == JW_OK)
        st = jw_http_client_call(client, &request, &answer, err);
    *status = st == JW_OK ? answer.status : 0;
    json_t *body =
        st == JW_OK ? json_loadb(answer.body.len ? answer.body.ptr : "", answer.body.len, 0, NULL) : NULL;
    if (st == JW_OK && (answer.status != 200 || !json_is_object(body)))
        st = jw_fail(err, JW_E_SYSTEM, "%.120s answers %u%s", address, answer.status,
                     answer.status == 200 ? " without JSON" : "");
    jw_http_client_clear(&answer);
    if (st == JW_OK)
        *out = body;
    else
        json_decref(body);
    return st == JW_OK ? JW_OK : JW_E_SYSTEM;
}

/* Under the lock. */
static jw_status take_address(const json_t *found, const char *name, char out[ADDRESS_MOST], struct jw_error *err) {
    const char *value = json_string_value(json_object_get(found, name));
    if (!value || !is_address(value))
        return jw_fail(err, JW_E_SYSTEM, "the provider's %s is no https address", name);
    snprintf(out, ADDRESS_MOST, "%s", value);
    return JW_OK;
}

/* Under the lock. The issuer must call itself as we do, or it is not the one that was configured (mix-up). */
static jw_status discover(struct jw_oidc *oidc, struct jw_error *err) {
    char address[ADDRESS_MOST + sizeof DISCOVERY];
    unsigned status;
    json_t *found = NULL;
    if (oidc->discovered && jw_time_steady() - oidc->discovered < DISCOVERY_S * JW_SECOND)
        return JW_OK;
    if (oidc->failed && jw_time_steady() - oidc->failed < KEYS_PAUSE_S * JW_SECOND)
        return jw_fail(err, JW_E_SYSTEM, "the provider did not answer a moment ago");
    size_t len = strlen(oidc->issuer);
    snprintf(address, sizeof address, "%.*s%s", (int)(oidc->issuer[len - 1] == '/' ? len - 1 : len), oidc->issuer,
             DISCOVERY);
    jw_status st = call(oidc, address, JW_TEXT(""), &found, &status, err);
    const char *issuer = json_string_value(json_object_get(found, "issuer"));
    if (st == JW_OK && (!issuer || strcmp(issuer, oidc->issuer) != 0))
        st = jw_fail(err, JW_E_SYSTEM, "the provider calls itself %.100s, not %.100s", issuer ? issuer : "nothing",
                     oidc->issuer);
    if (st == JW_OK)
        st = take_address(found, "authorization_endpoint", oidc->authorize, err);
    if (st == JW_OK)
        st = take_address(found, "token_endpoint", oidc->token, err);
    if (st == JW_OK)
        st = take_address(found, "jwks_uri", oidc->key_address, err);
    oidc->discovered = st == JW_OK ? jw_time_steady() : 0;
    oidc->failed = st == JW_OK ? 0 : jw_time_steady();
    json_decref(found);
    return st;
}

/* Under the lock. */
static jw_status fetch_keys(struct jw_oidc *oidc, struct jw_error *err) {
    json_t *found = NULL;
    unsigned status;
    if (oidc->keys_at && jw_time_steady() - oidc->keys_at < KEYS_PAUSE_S * JW_SECOND)
        return JW_OK;
    oidc->keys_at = jw_time_steady();
    jw_status st = call(oidc, oidc->key_address, JW_TEXT(""), &found, &status, err);
    char *text = st == JW_OK ? json_dumps(found, JSON_COMPACT) : NULL;
    json_decref(found);
    if (!text)
        return st == JW_OK ? jw_fail(err, JW_E_LIMIT, "no memory") : st;
    free(oidc->keys);
    oidc->keys = text;
    return JW_OK;
}

/* --- there -------------------------------------------------------------------------------------------------------
 */
static void base64url(const unsigned char *bytes, size_t size, char out[JW_OIDC_RANDOM + 1]) {
    unsigned char text[64];
    int len = EVP_EncodeBlock(text, bytes, (int)size);
    size_t at = 0;
    for (int i = 0; i < len && text[i] != '=' && at < JW_OIDC_RANDOM; i++)
        out[at++] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i];
    out[at] = '\0';
}

static void make_random(char out[JW_OIDC_RANDOM + 1]) {
    unsigned char bytes[32];
    jw_random(bytes, sizeof bytes);
    base64url(bytes, sizeof bytes, out);
}

static void add_escaped(jw_buffer *out, const char *name, jw_text value) {
    jw_buffer_print(out, "%s%s=", out->len && out->ptr[out->len - 1] != '?' ? "&" : "", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            jw_buffer_byte(out, (char)c);
        else
            jw_buffer_print(out, "%%%02X", c);
    }
}

jw_status jw_oidc_begin(struct jw_oidc *oidc, struct jw_oidc_flow *out, jw_buffer *out_url, struct jw_error *err) {
    unsigned char digest[32];
    char challenge[JW_OIDC_RANDOM + 1];
    pthread_mutex_lock(&oidc->lock);
    jw_status st = discover(oidc, err);
    if (st == JW_OK)
        jw_buffer_print(out_url, "%s%s", oidc->authorize, strchr(oidc->authorize, '?') ? "" : "?");
    pthread_mutex_unlock(&oidc->lock);
    if (st != JW_OK)
        return st;
    make_random(out->state);
    make_random(out->nonce);
    make_random(out->verifier);
    out->began = jw_time_now() / JW_SECOND;
    if (EVP_Digest(out->verifier, JW_OIDC_RANDOM, digest, NULL, EVP_sha256(), NULL) != 1)
        return jw_fail(err, JW_E_SYSTEM, "OpenSSL has no SHA-256");
    base64url(digest, sizeof digest, challenge);
    add_escaped(out_url, "response_type", JW_TEXT("code"));
    add_escaped(out_url, "client_id", jw_text_from(oidc->client));
    add_escaped(out_url, "redirect_uri", jw_text_from(oidc->redirect));
    add_escaped(out_url, "scope", JW_TEXT("openid profile email"));
    add_escaped(out_url, "state", jw_text_from(out->state));
    add_escaped(out_url, "nonce", jw_text_from(out->nonce));
    add_escaped(out_url, "code_challenge", jw_text_from(challenge));
    add_escaped(out_url, "code_challenge_method", JW_TEXT("S256"));
    return out_url->failed ? jw_fail(err, JW_E_LIMIT, "no memory") : JW_OK;
}

/* --- and back ----------------------------------------------------------------------------------------------------
 */
static jw_status exchange(struct jw_oidc *oidc, const struct jw_oidc_flow *flow, jw_text code, json_t **out,
                          struct jw_error *err) {
    char address[ADDRESS_MOST];
    unsigned status = 0;
    JW_AUTO(jw_buffer_free) jw_buffer form = JW_BUFFER(16384);
    pthread_mutex_lock(&oidc->lock);
    jw_status st = discover(oidc, err);
    memcpy(address, oidc->token, sizeof address);
    pthread_mutex_unlock(&oidc->lock);
    add_escaped(&form, "grant_type", JW_TEXT("authorization_code"));
    add_escaped(&form, "code", code);
    add_escaped(&form, "redirect_uri", jw_text_from(oidc->redirect));
    add_escaped(&form, "client_id", jw_text_from(oidc->client));
    add_escaped(&form, "code_verifier", jw_text_from(flow->verifier));
    if (oidc->secret[0])
        add_escaped(&form, "client_secret", jw_text_from(oidc->secret));
    if (st == JW_OK && form.failed)
        st = jw_fail(err, JW_E_DENIED, "the code is too long");
    if (st == JW_OK)
        st = call(oidc, address, jw_buffer_text(&form), out, &status, err);
    if (form.ptr)
        explicit_bzero(form.ptr, form.len);
    return st == JW_E_SYSTEM && status >= 400 && status < 500 ? JW_E_DENIED : st;
}

static jw_status believe(struct jw_oidc *oidc, const struct jw_oidc_flow *flow, jw_text token,
                         struct jw_oidc_person *out, struct jw_error *err) {
    struct jw_oidc_want want = {oidc->issuer, oidc->client, flow->nonce, oidc->claim, jw_time_now() / JW_SECOND};
    pthread_mutex_lock(&oidc->lock);
    jw_status st = oidc->keys ? JW_OK : fetch_keys(oidc, err);
    if (st == JW_OK)
        st = jw_oidc_token_check(token, jw_text_from(oidc->keys), &want, out, err);
    if (st == JW_AGAIN) { /* the keys may have been changed */
        st = fetch_keys(oidc, err);
        if (st == JW_OK)
            st = jw_oidc_token_check(token, jw_text_from(oidc->keys), &want, out, err);
    }
    pthread_mutex_unlock(&oidc->lock);
    return st == JW_AGAIN ? JW_E_DENIED : st;
}

jw_status jw_oidc_finish(struct jw_oidc *oidc, const struct jw_oidc_flow *flow, jw_text state, jw_text code,
                         struct jw_oidc_person *out, struct jw_error *err) {
    json_t *answer = NULL;
    int64_t age = jw_time_now() / JW_SECOND - flow->began;
    if (!flow->state[0] || !jw_text_is(state, jw_text_from(flow->state)))
        return jw_fail(err, JW_E_DENIED, "the answer belongs to another login (state)");
    if (age < 0 || age > JW_OIDC_FLOW_S)
        return jw_fail(err, JW_E_DENIED, "the login took longer than %d s", JW_OIDC_FLOW_S);
    if (!code.len)
        return jw_fail(err, JW_E_DENIED, "the provider gave no code");
    jw_status st = exchange(oidc, flow, code, &answer, err);
    if (st != JW_OK)
        return st;
    const json_t *token = json_object_get(answer, "id_token");
    st = json_is_string(token)
             ? believe(oidc, flow, (jw_text){json_string_value(token), json_string_length(token)}, out, err)
             : jw_fail(err, JW_E_DENIED, "the provider gave no ID token");
    json_decref(answer);
    return st;
}
