/* daemons/api/outside.h — coming in by what others vouch for: the identity provider (OIDC). Handlers; context is a
 * struct jw_api. */
#pragma once
#include "api.h"

/* Rows of jw-api's options. */
#define JW_OUTSIDE_OPTIONS                                                                                           \
    {"client-authority",                                                                                             \
     "FILE",                                                                                                         \
     NULL,                                                                                                           \
     "whose certificates people may log in with, PEM; may hold revocation lists",                                    \
     0,                                                                                                              \
     0,                                                                                                              \
     false},                                                                                                         \
        {"client-certificate-header",                                                                                \
         "NAME",                                                                                                     \
         NULL,                                                                                                       \
         "header with the certificate a proxy on this machine saw; with --tls=off",                                  \
         0,                                                                                                          \
         0,                                                                                                          \
         false},                                                                                                     \
        {"oidc-issuer", "URL", NULL, "outside identity provider (OpenID Connect), as it calls itself", 0, 0, false}, \
        {"oidc-client", "ID", "jinwu", "our id there", 0, 0, false},                                                 \
        {"oidc-secret-file", "FILE", NULL, "our secret there, in a file; without: a public client", 0, 0, false},    \
        {"oidc-redirect",                                                                                            \
         "URL",                                                                                                      \
         NULL,                                                                                                       \
         "where browsers come back: https://HOST/api/v1/login/oidc/callback",                                        \
         0,                                                                                                          \
         0,                                                                                                          \
         false},                                                                                                     \
        {"oidc-authority", "FILE", NULL, "certificates to trust with it, PEM (default: the system's)", 0, 0, false}, \
        {"oidc-match",                                                                                               \
         "subject|email|name",                                                                                       \
         "subject",                                                                                                  \
         "how people are known who were not bound before: not at all, by verified address, by name",                 \
         0,                                                                                                          \
         0,                                                                                                          \
         false},                                                                                                     \
    {                                                                                                                \
        "oidc-claim", "NAME", "preferred_username", "the claim that --oidc-match=name compares with accounts", 0,    \
            0, false                                                                                                 \
    }

JW_MUST_CHECK jw_status jw_outside_open(struct jw_api *api, struct jw_error *err);
void jw_outside_close(struct jw_api *api);
void jw_outside_ways(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_outside_start(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_outside_callback(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* certificate.c */
bool jw_certificate_is_asked(const struct jw_api *api);
void jw_certificate_enter(void *context, struct jw_http_request *request, struct jw_http_response *out);
