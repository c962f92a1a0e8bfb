/* daemons/api/login.c — sessions begin and end here. */
#include "login.h"
#include "identity.h"

json_t *jw_login_body(const struct jw_http_request *request, struct jw_http_response *out) {
    json_error_t why;
    jw_text type = jw_http_request_header(request, "Content-Type"), word = type;
    jw_text_cut(&type, ';', &word);
    /* also what makes another site's form unable to log a browser in here */
    if (!jw_text_is_nocase(jw_text_trim(word), JW_TEXT("application/json"))) {
        jw_http_response_error(out, 415, "not_json", -1, "the body must be application/json");
        return NULL;
    }
    json_t *body =
        json_loadb(request->body.len ? request->body.ptr : "", request->body.len, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(body))
        return body;
    jw_http_response_error(out, 400, "bad_json", body ? 0 : why.position, "the body is not a JSON object: %s",
                           body ? "another kind of value" : why.text);
    json_decref(body);
    return NULL;
}

jw_text jw_login_member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (jw_text){json_string_value(value), json_string_length(value)}
                                 : (jw_text){NULL, 0};
}

static void describe(const jw_account *account, jw_buffer *out) {
    jw_buffer_add(out, JW_TEXT("{\"user\":"));
    jw_buffer_json(out, jw_text_from(account->name));
    jw_buffer_add(out, JW_TEXT(",\"role\":"));
    jw_buffer_json(out, jw_text_from(account->role));
    jw_buffer_print(out, ",\"change_password\":%s", account->change ? "true" : "false");
}

static void set_cookie(const struct jw_api *api, const char *token, struct jw_http_response *out) {
    char text[256];
    snprintf(text, sizeof text, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", jw_identity_cookie(api), token,
             api->tls ? "; Secure" : "", token[0] ? "" : "; Max-Age=0");
    jw_http_response_header(out, "Set-Cookie", jw_text_from(text));
}

static void begin_session(struct jw_api *api, const jw_account *account, bool bearer,
                          struct jw_http_response *out) {
    char token[JW_SESSION_TOKEN + 1];
    jw_session_start(api->sessions, account, token);
    set_cookie(api, token, out);
    describe(account, &out->body);
    if (bearer)
        jw_buffer_print(&out->body, ",\"token\":\"%s\"", token);
    jw_buffer_print(&out->body, ",\"idle_s\":%d,\"longest_s\":%d}\n", JW_SESSION_IDLE_S, JW_SESSION_LONGEST_S);
}

void jw_login_enter(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    jw_account account;
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text name = jw_login_member(body, "user"), password = jw_login_member(body, "password");
    /* our page keeps the cookie alone: a script that got into it finds no token to carry away */
    bool bearer = !json_is_false(json_object_get(body, "bearer"));
    if (!name.ptr || !password.ptr || name.len > JW_ACCOUNT_NAME)
        jw_http_response_error(out, 400, "bad_login", -1, "wants {\"user\":…,\"password\":…}");
    else if (jw_identity_password(api, request, name, password, &account, out))
        begin_session(api, &account, bearer, out);
    json_decref(body);
}

void jw_login_leave(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    jw_session_end(api->sessions, caller->token);
    set_cookie(api, "", out);
    jw_buffer_add(&out->body, JW_TEXT("{}\n"));
}

void jw_login_me(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    (void)context;
    describe(&caller->account, &out->body);
    jw_buffer_add(&out->body, JW_TEXT("}\n"));
}

void jw_login_password(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    struct jw_error err = {{0}};
    jw_account account;
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text name = jw_text_from(caller->account.name), fresh = jw_login_member(body, "new");
    jw_text old = jw_login_member(body, "old");
    if (!fresh.ptr || !old.ptr)
        jw_http_response_error(out, 400, "bad_request", -1, "wants {\"old\":…,\"new\":…}");
    else if (jw_text_is(old, fresh))
        jw_http_response_error(out, 400, "weak_password", -1, "the new password is the old one");
    else if (jw_identity_password(api, request, name, old, &account, out)) {
        jw_status st = jw_accounts_password(api->accounts, name, fresh, &err);
        if (st == JW_OK && jw_accounts_find(api->accounts, name, &account)) {
            jw_session_end_all(api->sessions, name); /* whoever else had the old password is out */
            begin_session(api, &account, caller->token.len && !json_is_false(json_object_get(body, "bearer")), out);
        } else {
            jw_http_response_error(out, st == JW_E_DENIED ? 400 : 500,
                                   st == JW_E_DENIED ? "weak_password" : "internal", -1, "%s", err.text);
        }
    }
    json_decref(body);
}
