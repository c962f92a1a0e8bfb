/* lib/oidc/id_token.c — an ID token is believed when all of OpenID Connect Core 3.1.3.7 holds. */
#include "oidc.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <jansson.h>

#define TOKEN_MOST 16384
#define KEYS_MOST  64

/* Signatures by public keys alone: never "none", never a secret that we might share with others. */
static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                         "PS512", "ES256", "ES384", "ES512"};

static bool is_allowed(const char *algorithm) {
    for (size_t i = 0; algorithm && i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(algorithm, algorithms[i]) == 0)
            return true;
    return false;
}

/* --- the key -----------------------------------------------------------------------------------------------------
 */
static bool fits(const json_t *key, const char *kid, const char *algorithm) {
    const char *kind = json_string_value(json_object_get(key, "kty")), *use, *id;
    use = json_string_value(json_object_get(key, "use"));
    id = json_string_value(json_object_get(key, "kid"));
    if (!kind || strcmp(kind, algorithm[0] == 'E' ? "EC" : "RSA") != 0 || (use && strcmp(use, "sig") != 0))
        return false;
    return !kid || (id && strcmp(id, kid) == 0);
}

/* JW_AGAIN: no key fits. Without an id in the token each that fits is tried. */
static jw_status verify(cjose_jws_t *jws, jw_text keys, const char *kid, const char *algorithm,
                        struct jw_error *err) {
    json_t *set = json_loadb(keys.len ? keys.ptr : "", keys.len, 0, NULL), *key;
    bool tried = false, good = false;
    size_t i;
    json_array_foreach(json_object_get(set, "keys"), i, key) {
        char *text = i < KEYS_MOST && !good && fits(key, kid, algorithm) ? json_dumps(key, JSON_COMPACT) : NULL;
        cjose_jwk_t *jwk = text ? cjose_jwk_import(text, strlen(text), NULL) : NULL;
        tried |= jwk != NULL;
        good |= jwk && cjose_jws_verify(jws, jwk, NULL);
        cjose_jwk_release(jwk);
        free(text);
    }
    json_decref(set);
    if (good)
        return JW_OK;
    return tried ? jw_fail(err, JW_E_DENIED, "the signature is wrong")
                 : jw_fail(err, JW_AGAIN, "signed by a key that the provider does not publish");
}

/* --- what it says ------------------------------------------------------------------------------------------------
 */
static bool is_for_us(const json_t *claims, const char *client) {
    const json_t *audience = json_object_get(claims, "aud"), *one;
    const char *party = json_string_value(json_object_get(claims, "azp"));
    size_t i;
    bool found = json_is_string(audience) && strcmp(json_string_value(audience), client) == 0;
    json_array_foreach(audience, i, one) found |=
        json_is_string(one) && strcmp(json_string_value(one), client) == 0;
    if (party && strcmp(party, client) != 0)
        return false;
    return found && (json_array_size(audience) <= 1 || party);
}

static bool is_text(const json_t *claims, const char *name, const char *want) {
    const char *value = json_string_value(json_object_get(claims, name));
    return value && strcmp(value, want) == 0;
}

static jw_status check_claims(const json_t *claims, const struct jw_oidc_want *want, struct jw_error *err) {
    const json_t *expires = json_object_get(claims, "exp"), *issued = json_object_get(claims, "iat"),
                 *from = json_object_get(claims, "nbf");
    if (!is_text(claims, "iss", want->issuer))
        return jw_fail(err, JW_E_DENIED, "the token is of another issuer");
    if (!is_for_us(claims, want->client))
        return jw_fail(err, JW_E_DENIED, "the token is for somebody else");
    if (!is_text(claims, "nonce", want->nonce))
        return jw_fail(err, JW_E_DENIED, "the token belongs to another login (nonce)");
    if (!json_is_number(expires) || json_number_value(expires) + JW_OIDC_SKEW_S <= (double)want->now_s)
        return jw_fail(err, JW_E_DENIED, "the token has expired");
    if (!json_is_number(issued) || json_number_value(issued) > (double)(want->now_s + JW_OIDC_SKEW_S) ||
        json_number_value(issued) < (double)(want->now_s - JW_OIDC_FLOW_S - JW_OIDC_SKEW_S))
        return jw_fail(err, JW_E_DENIED, "the token was issued at another time; are the clocks right?");
    if (json_is_number(from) && json_number_value(from) > (double)(want->now_s + JW_OIDC_SKEW_S))
        return jw_fail(err, JW_E_DENIED, "the token is not valid yet");
    return JW_OK;
}

static bool copy_claim(const json_t *claims, const char *name, char out[256]) {
    const json_t *value = json_object_get(claims, name);
    out[0] = '\0';
    if (json_is_integer(value)) /* employee numbers */
        snprintf(out, 256, "%lld", (long long)json_integer_value(value));
    if (!json_is_string(value))
        return true;
    if (json_string_length(value) >= 256 || strlen(json_string_value(value)) != json_string_length(value))
        return false;
    snprintf(out, 256, "%s", json_string_value(value));
    return true;
}

static jw_status take(cjose_jws_t *jws, const struct jw_oidc_want *want, struct jw_oidc_person *out,
                      struct jw_error *err) {
    uint8_t *text;
    size_t len;
    if (!cjose_jws_get_plaintext(jws, &text, &len, NULL))
        return jw_fail(err, JW_E_DENIED, "the token is empty");
    json_t *claims = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
    jw_status st = json_is_object(claims) ? check_claims(claims, want, err)
                                          : jw_fail(err, JW_E_DENIED, "the token holds no JSON object");
    struct jw_oidc_person person = {.email_verified = json_is_true(json_object_get(claims, "email_verified"))};
    if (st == JW_OK && (!copy_claim(claims, "sub", person.subject) || !copy_claim(claims, "email", person.email) ||
                        !copy_claim(claims, want->claim, person.name) || !person.subject[0]))
        st = jw_fail(err, JW_E_DENIED, "the token names nobody, or too long a name");
    json_decref(claims);
    if (st == JW_OK)
        *out = person;
    return st;
}

jw_status jw_oidc_token_check(jw_text token, jw_text keys, const struct jw_oidc_want *want,
                              struct jw_oidc_person *out, struct jw_error *err) {
    if (!token.len || token.len > TOKEN_MOST)
        return jw_fail(err, JW_E_DENIED, "the token has %zu bytes; at most %d", token.len, TOKEN_MOST);
    cjose_jws_t *jws = cjose_jws_import(token.ptr, token.len, NULL);
    if (!jws)
        return jw_fail(err, JW_E_DENIED, "the token is no JWS");
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *algorithm = header ? cjose_header_get(header, "alg", NULL) : NULL;
    const char *kid = header ? cjose_header_get(header, "kid", NULL) : NULL;
    jw_status st = is_allowed(algorithm) ? verify(jws, keys, kid, algorithm, err)
                                         : jw_fail(err, JW_E_DENIED, "the algorithm %.20s is not believed",
                                                   algorithm ? algorithm : "?");
    if (st == JW_OK)
        st = take(jws, want, out, err);
    cjose_jws_release(jws);
    return st;
}
