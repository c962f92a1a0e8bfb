/* daemons/api/login.h — logging in and out, the own account, the own password. Handlers; context is a struct
 * jw_api. */
#pragma once
#include "api.h"

void jw_login_enter(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_login_code(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_login_leave(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_login_me(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_login_password(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* The body as a JSON object; NULL: `out` says what is wrong and where. Free with json_decref. */
json_t *jw_login_body(const struct jw_http_request *request, struct jw_http_response *out);
/* A text member, or {NULL, 0}. */
jw_text jw_login_member(const json_t *object, const char *name);
/* As the body; NULL is told as lack of memory. Takes the reference. */
void jw_login_send(struct jw_http_response *out, json_t *body);
/* A session with its cookie (and token, when `bearer`), and who the person is. */
void jw_login_begin(struct jw_api *api, struct jw_http_request *request, const jw_account *account, const char *how,
                    bool bearer, struct jw_http_response *out);
/* Half of a login: a ticket for /login/totp. False: `out` says why not. */
bool jw_login_ticket(struct jw_api *api, struct jw_http_request *request, const jw_account *account,
                     const char *how, char out_ticket[JW_SESSION_TOKEN + 1], struct jw_http_response *out);
