/* daemons/api/login.c — sessions begin and end here. */
#include "login.h"
#include "identity.h"

#include <stdlib.h>

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

static json_t *names_of(const struct jw_api *api, const struct jw_holder *holder, bool powers) {
    json_t *out = json_array();
    for (size_t i = 0; !powers && i < holder->grant_count; i++)
        json_array_append_new(out, json_string(holder->grants[i].role));
    for (size_t i = 0; powers && jw_powers[i].name; i++)
        if (jw_rights_has_power(jw_accounts_roles(api->accounts), holder, jw_text_from(jw_powers[i].name)))
            json_array_append_new(out, json_string(jw_powers[i].name));
    return out;
}

/* New reference; NULL without memory. */
static json_t *describe(const struct jw_api *api, const jw_account *account, const struct jw_holder *holder) {
    return json_pack("{ss so so sI ss sb sb sb}", "user", account->name, "roles", names_of(api, holder, false),
                     "powers", names_of(api, holder, true), "person", (json_int_t)account->person, "place",
                     holder->place, "change_password", account->must_change, "second_factor", account->second,
                     "wants_second_factor", jw_accounts_wants_second(api->accounts, account, holder));
}

void jw_login_send(struct jw_http_response *out, json_t *body) {
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (text) {
        jw_buffer_clear(&out->body);
        jw_buffer_add(&out->body, jw_text_from(text));
        jw_buffer_byte(&out->body, '\n');
    } else {
        jw_http_response_error(out, 503, "no_memory", -1, "no memory");
    }
    free(text);
    json_decref(body);
}

static void set_cookie(const struct jw_api *api, const char *token, struct jw_http_response *out) {
    char text[256];
    snprintf(text, sizeof text, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", jw_identity_cookie(api), token,
             api->tls ? "; Secure" : "", token[0] ? "" : "; Max-Age=0");
    jw_http_response_header(out, "Set-Cookie", jw_text_from(text));
}

void jw_login_begin(struct jw_api *api, struct jw_http_request *request, const jw_account *account, const char *how,
                    bool bearer, struct jw_http_response *out) {
    char token[JW_SESSION_TOKEN + 1];
    struct jw_error err = {{0}};
    const struct jw_policy *policy = jw_accounts_policy(api->accounts);
    struct jw_holder *holder = jw_arena_alloc(request->mem, sizeof *holder);
    jw_account now = {.version = 0};
    struct jw_session_start from = {.account = account,
                                    .how = how,
                                    .origin = jw_text_from(request->peer),
                                    .agent = jw_http_request_header(request, "User-Agent")};
    jw_status st = holder ? jw_session_start(api->accounts, &from, token, &err) : JW_E_SYSTEM;
    if (st == JW_OK)
        st = jw_accounts_find(api->accounts, jw_text_from(account->name), &now, holder, &err);
    if (st == JW_E_LIMIT) {
        jw_http_response_error(out, 409, "too_many_sessions", -1, "%s", err.text);
        return;
    }
    if (st != JW_OK) {
        jw_api_refuse(st, &err, "account", out);
        return;
    }
    set_cookie(api, token, out);
    json_t *body = describe(api, &now, holder);
    if (body && bearer)
        json_object_set_new(body, "token", json_string(token));
    json_object_set_new(body, "idle_s", json_integer(policy->idle_s));
    json_object_set_new(body, "longest_s", json_integer(policy->longest_s));
    jw_login_send(out, body);
}

/* A ticket opens nothing but the second step. */
bool jw_login_ticket(struct jw_api *api, struct jw_http_request *request, const jw_account *account,
                     const char *how, char out_ticket[JW_SESSION_TOKEN + 1], struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_session_start from = {.account = account,
                                    .how = how,
                                    .origin = jw_text_from(request->peer),
                                    .agent = JW_TEXT(""),
                                    .stage = JW_SESSION_HALF};
    jw_status st = jw_session_start(api->accounts, &from, out_ticket, &err);
    if (st != JW_OK)
        jw_api_refuse(st, &err, "account", out);
    return st == JW_OK;
}

static void give_ticket(struct jw_api *api, struct jw_http_request *request, const jw_account *account,
                        struct jw_http_response *out) {
    char ticket[JW_SESSION_TOKEN + 1];
    if (jw_login_ticket(api, request, account, "password", ticket, out))
        jw_login_send(out, json_pack("{ss ss}", "second", "totp", "ticket", ticket));
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
    else if (jw_identity_password(api, request, name, password, &account, out)) {
        if (account.second)
            give_ticket(api, request, &account, out);
        else
            jw_login_begin(api, request, &account, "password", bearer, out);
    }
    json_decref(body);
}

void jw_login_code(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_holder *holder = jw_arena_alloc(request->mem, sizeof *holder);
    struct jw_session half;
    jw_account account;
    json_t *body = holder ? jw_login_body(request, out) : NULL;
    if (!body)
        return;
    jw_text ticket = jw_login_member(body, "ticket"), code = jw_login_member(body, "code");
    bool bearer = !json_is_false(json_object_get(body, "bearer"));
    if (!ticket.ptr || !code.ptr)
        jw_http_response_error(out, 400, "bad_login", -1, "wants {\"ticket\":…,\"code\":…}");
    else if (jw_session_find(api->accounts, ticket, &half, &account, holder, NULL) != JW_OK ||
             half.stage != JW_SESSION_HALF)
        jw_http_response_error(out, 401, "wrong_ticket", -1, "the ticket is over; log in again");
    else if (jw_identity_code(api, request, jw_text_from(account.name), code, out)) {
        struct jw_actor by = {jw_text_from(account.name), jw_text_from(request->peer), JW_TEXT("")};
        (void)!jw_session_end(api->accounts, ticket, &by, NULL); /* it is over in minutes anyhow */
        char how[sizeof half.how];
        snprintf(how, sizeof how, "%.16s+totp", half.how);
        jw_login_begin(api, request, &account, how, bearer, out);
    }
    json_decref(body);
}

void jw_login_leave(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    struct jw_error err = {{0}};
    jw_status st = caller->token.len ? jw_session_end(api->accounts, caller->token, &by, &err) : JW_OK;
    set_cookie(api, "", out);
    if (st < 0)
        jw_api_refuse(st, &err, "session", out);
    else
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
}

void jw_login_me(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    jw_login_send(out, describe(context, &caller->account, &caller->holder));
}

static void change_password(struct jw_api *api, struct jw_http_request *request, jw_text fresh, bool bearer,
                            struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    jw_text name = jw_text_from(caller->account.name);
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    struct jw_error err = {{0}};
    jw_account account;
    jw_status st = jw_accounts_password(api->accounts, name, fresh, &by, &err);
    if (st == JW_OK)
        st = jw_accounts_find(api->accounts, name, &account, NULL, &err);
    if (st == JW_OK) /* whoever else had the old password is out */
        jw_login_begin(api, request, &account, caller->session.how[0] ? caller->session.how : "password", bearer,
                       out);
    else if (st == JW_E_DENIED)
        jw_http_response_error(out, 400, "weak_password", -1, "%s", err.text);
    else
        jw_api_refuse(st, &err, "account", out);
}

void jw_login_password(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    const struct jw_api_caller *caller = request->user;
    jw_account account;
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text name = jw_text_from(caller->account.name), fresh = jw_login_member(body, "new");
    jw_text old = jw_login_member(body, "old");
    bool bearer = caller->token.len && !json_is_false(json_object_get(body, "bearer"));
    if (!fresh.ptr || !old.ptr)
        jw_http_response_error(out, 400, "bad_request", -1, "wants {\"old\":…,\"new\":…}");
    else if (jw_identity_password(api, request, name, old, &account, out))
        change_password(api, request, fresh, bearer, out);
    json_decref(body);
}
