/* daemons/api/identity.h — who sends a request: a session (cookie or bearer), a password (Basic), a sender's key.
 */
#pragma once
#include "api.h"

/* Basic credentials that were right, for five minutes: argon2id for every request would be 150 ms each. Keyed
 * digests, so that the table holds no password. */
struct jw_verified;
struct jw_verified *jw_identity_cache_new(void); /* NULL without memory */
void jw_identity_cache_free(struct jw_verified *verified);

/* For struct jw_http_server_options.admit; context is a struct jw_api. */
bool jw_identity_admit(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* A password, with lockout and counters. false: `out` says why (401, or 429 with Retry-After). */
bool jw_identity_password(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text password,
                          jw_account *out_account, struct jw_http_response *out);
/* A code of the second factor, with the same lockout and counters. */
bool jw_identity_code(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text code,
                      struct jw_http_response *out);
const char *jw_identity_cookie(const struct jw_api *api);    /* its name */
void jw_identity_count(struct jw_api *api, const char *how); /* logins_total */

/* --- for handlers ------------------------------------------------------------------------------------------------
 */
/* Who asks, for lib/rights; lives as long as the request. */
const struct jw_holder *jw_api_holder(const struct jw_http_request *request);
/* The same for the store and the audit chain: account and address. `why` may be empty. */
struct jw_actor jw_api_actor(const struct jw_http_request *request, jw_text why);
bool jw_api_may(const struct jw_api *api, const struct jw_http_request *request, const char *power);
/* For streams, once a second: may whoever began this one still see it? `began` is the request's caller, copied. */
bool jw_api_alive(const struct jw_api *api, const struct jw_api_caller *began);
/* 404, 409 … for what the libraries say; `what` names the thing that JW_END did not find. */
void jw_api_refuse(jw_status st, const struct jw_error *err, const char *what, struct jw_http_response *out);
