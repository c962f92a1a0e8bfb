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
/* A password login with lockout and counters. false: `out` says why (401, or 429 with Retry-After). */
bool jw_identity_password(struct jw_api *api, struct jw_http_request *request, jw_text name, jw_text password,
                          jw_account *out_account, struct jw_http_response *out);
const char *jw_identity_cookie(const struct jw_api *api); /* its name */

/* What the sender of this request may do with records; never NULL behind `admit`. */
const struct jw_holder *jw_api_holder(const struct jw_http_request *request);
