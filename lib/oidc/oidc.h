/* lib/oidc/oidc.h — login through an outside identity provider: OpenID Connect 1.0, authorization code with PKCE
 * (RFC 7636). Who the provider says it is; whose account that is, is the caller's business.
 *
 * Discovery and keys are fetched when they are needed and kept; a signature by a key that is not known fetches the
 * keys again, at most every three seconds (rotation). Endpoints must be https, or http on loopback. Any thread. */
#pragma once
#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

struct jw_oidc_options {
    const char *issuer;    /* exactly as the provider writes it: "https://id.example.gov.cn/realms/city" */
    const char *client;    /* our id there */
    const char *secret;    /* NULL: a public client */
    const char *redirect;  /* where the browser comes back: "https://jinwu…/api/v1/login/oidc/callback" */
    const char *authority; /* PEM file of the certificates to trust; NULL: the system's */
    const char *claim;     /* of the name or employee number; NULL: preferred_username */
};
struct jw_oidc;
/* Fetches nothing. JW_E_SYNTAX: an address is none, or not https. All options are copied. */
JW_MUST_CHECK jw_status jw_oidc_new(const struct jw_oidc_options *options, struct jw_oidc **out,
                                    struct jw_error *err);
void jw_oidc_free(struct jw_oidc *oidc);
JW_DEFINE_AUTO(jw_oidc, jw_oidc_free)
const char *jw_oidc_issuer(const struct jw_oidc *oidc);

/* One login on its way; the caller keeps it where only this browser can bring it back, unread and unchanged. */
#define JW_OIDC_RANDOM 43 /* characters: 256 random bits as base64url */
struct jw_oidc_flow {
    char state[JW_OIDC_RANDOM + 1], nonce[JW_OIDC_RANDOM + 1], verifier[JW_OIDC_RANDOM + 1];
    int64_t began; /* seconds since 1970 */
};
#define JW_OIDC_FLOW_S 600
/* Where to send the browser. JW_E_SYSTEM: the provider does not answer. */
JW_MUST_CHECK jw_status jw_oidc_begin(struct jw_oidc *oidc, struct jw_oidc_flow *out, jw_buffer *out_url,
                                      struct jw_error *err);

struct jw_oidc_person {
    char subject[256], email[256], name[256]; /* name: the claim of the options; empty: not told */
    bool email_verified;
};
/* What the browser brought back. JW_E_DENIED: the state is another one, too old, the provider refused the code, or
 * its token is not good: err says why, for the log. */
JW_MUST_CHECK jw_status jw_oidc_finish(struct jw_oidc *oidc, const struct jw_oidc_flow *flow, jw_text state,
                                       jw_text code, struct jw_oidc_person *out, struct jw_error *err);

/* --- the token alone (id_token.c), pure; for tests and fuzzing
 * ---------------------------------------------------- */
struct jw_oidc_want {
    const char *issuer, *client, *nonce, *claim;
    int64_t now_s;
};
#define JW_OIDC_SKEW_S 60
/* `keys`: a JWK set. JW_AGAIN: signed by a key that is not among them; JW_E_DENIED: not good, and why. */
JW_MUST_CHECK jw_status jw_oidc_token_check(jw_text token, jw_text keys, const struct jw_oidc_want *want,
                                            struct jw_oidc_person *out, struct jw_error *err);
