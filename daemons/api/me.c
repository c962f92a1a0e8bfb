/* daemons/api/me.c — a second factor is got in two steps: the secret, then a code of it. */
#include "me.h"
#include "identity.h"
#include "login.h"
#include "people.h"

#include "account/second.h"
#include "account/token.h"

/* --- the second factor -------------------------------------------------------------------------------------------
 */
static void begin(struct jw_api *api, const struct jw_http_request *request, struct jw_http_response *out) {
    char secret[JW_SECOND_SECRET], uri[JW_SECOND_URI];
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    jw_status st = jw_second_begin(api->accounts, by.who, &by, secret, uri, &err);
    if (st == JW_OK)
        jw_login_send(out, json_pack("{ss ss}", "secret", secret, "uri", uri));
    else
        jw_api_refuse(st, &err, "account", out);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(uri, sizeof uri);
}

static void confirm(struct jw_api *api, struct jw_http_request *request, jw_text code,
                    struct jw_http_response *out) {
    char codes[JW_SECOND_CODES][JW_SECOND_RECOVERY];
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    jw_status st = jw_second_confirm(api->accounts, by.who, code, &by, codes, &err);
    if (st == JW_E_DENIED) {
        jw_http_response_error(out, 400, "wrong_code", -1, "%s", err.text);
    } else if (st != JW_OK) {
        jw_api_refuse(st, &err, "account", out);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < JW_SECOND_CODES; i++)
            json_array_append_new(list, json_string(codes[i]));
        jw_login_send(out, json_pack("{so}", "recovery_codes", list));
    }
    explicit_bzero(codes, sizeof codes);
}

void jw_me_second(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text code = jw_login_member(body, "code");
    if (code.ptr)
        confirm(context, request, code, out);
    else
        begin(context, request, out);
    json_decref(body);
}

static void take_off(struct jw_api *api, const struct jw_http_request *request, jw_text name,
                     struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    jw_status st = jw_second_off(api->accounts, name, &by, &err);
    if (st == JW_OK)
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
    else
        jw_api_refuse(st, &err, "account", out);
}

void jw_me_second_off(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    json_t *body = jw_login_body(request, out);
    jw_account without = caller->account;
    without.second = false;
    if (!body)
        return;
    if (jw_accounts_wants_second(api->accounts, &without, &caller->holder))
        jw_http_response_error(out, 409, "refused", -1, "one of your roles must have a second factor");
    else if (jw_identity_code(api, request, jw_text_from(caller->account.name), jw_login_member(body, "code"), out))
        take_off(api, request, jw_text_from(caller->account.name), out);
    json_decref(body);
}

void jw_me_second_off_other(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    jw_text name = jw_http_request_value(request, "name");
    if (jw_grants_may_touch(context, request, name, out))
        take_off(context, request, name, out);
}

/* --- tokens ------------------------------------------------------------------------------------------------------
 */
static void add_token(void *context, const struct jw_token *token) {
    json_array_append_new(context, json_pack("{ss ss ss sI sI sI}", "id", token->id, "label", token->label, "scope",
                                             token->scope, "expires", (json_int_t)token->expires, "created",
                                             (json_int_t)token->created, "used", (json_int_t)token->used));
}

void jw_me_tokens(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    json_t *list = json_array();
    jw_status st =
        jw_token_list(api->accounts, jw_text_from(jw_api_holder(request)->account), add_token, list, &err);
    if (st == JW_OK) {
        jw_login_send(out, json_pack("{so}", "tokens", list));
        return;
    }
    json_decref(list);
    jw_api_refuse(st, &err, "token", out);
}

void jw_me_token_make(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    char secret[JW_TOKEN_SECRET + 1] = "";
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text scope = jw_login_member(body, "scope"), label = jw_login_member(body, "label");
    jw_status st =
        jw_token_make(api->accounts, by.who, label.ptr ? label : JW_TEXT(""), scope.ptr ? scope : JW_TEXT(""),
                      json_integer_value(json_object_get(body, "days")), &by, secret, &err);
    if (st == JW_OK) {
        out->status = 201;
        jw_login_send(out, json_pack("{ss}", "token", secret));
    } else if (st == JW_E_LIMIT) {
        jw_http_response_error(out, 409, "too_many_tokens", -1, "%s", err.text);
    } else {
        jw_api_refuse(st, &err, "account", out);
    }
    explicit_bzero(secret, sizeof secret);
    json_decref(body);
}

void jw_me_token_revoke(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    jw_status st = jw_token_revoke(api->accounts, by.who, jw_http_request_value(request, "id"), &by, &err);
    if (st == JW_OK)
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
    else
        jw_api_refuse(st, &err, "token", out);
}
