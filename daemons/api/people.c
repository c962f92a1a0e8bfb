/* daemons/api/people.c — accounts over HTTP. */
#include "people.h"
#include "identity.h"
#include "login.h"

#include "oidc/oidc.h"

#define PAGE 1000

static json_t *describe(const jw_account *account) {
    return json_pack("{ss sI sb sb sb sb ss ss sI ss sI sI ss}", "name", account->name, "person",
                     (json_int_t)account->person, "disabled", account->disabled, "has_password",
                     account->has_password, "change_password", account->must_change, "second_factor",
                     account->second, "subject", account->subject, "certificate", account->certificate, "created",
                     (json_int_t)account->created, "created_by", account->created_by, "password_at",
                     (json_int_t)account->password_at, "last_login", (json_int_t)account->last_login, "last_origin",
                     account->last_origin);
}

static void add_account(void *context, const jw_account *account) {
    json_array_append_new(context, describe(account));
}

void jw_people_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_text given = jw_http_request_param(request, "limit"), after = jw_http_request_param(request, "after");
    int64_t limit = 100;
    if (given.ptr && (!jw_text_i64(given, &limit) || limit < 1 || limit > PAGE)) {
        jw_http_response_error(out, 400, "bad_request", -1, "limit: 1 to %d", PAGE);
        return;
    }
    json_t *list = json_array();
    jw_status st = jw_accounts_list(api->accounts, after.ptr && jw_text_is_utf8(after) ? after : JW_TEXT(""), limit,
                                    add_account, list, &err);
    if (st == JW_OK) {
        jw_login_send(out, json_pack("{so}", "accounts", list));
        return;
    }
    json_decref(list);
    jw_api_refuse(st, &err, "account", out);
}

void jw_people_get(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_text name = jw_http_request_value(request, "name");
    json_t *grants = NULL, *locks = NULL;
    jw_account account;
    jw_status st = jw_accounts_find(api->accounts, name, &account, NULL, &err);
    if (st == JW_OK)
        st = jw_accounts_grants(api->accounts, name, &grants, &err);
    if (st == JW_OK)
        st = jw_accounts_lockouts(api->accounts, name, &locks, &err);
    json_t *body = st == JW_OK ? describe(&account) : NULL;
    if (body) {
        json_object_set(body, "grants", grants);
        json_object_set(body, "lockouts", locks);
        jw_login_send(out, body);
    } else {
        jw_api_refuse(st, &err, "account", out);
    }
    json_decref(grants);
    json_decref(locks);
}

static void send_password(struct jw_http_response *out, unsigned status, jw_text name, char *password) {
    out->status = status;
    jw_login_send(out, json_pack("{ss% ss}", "name", name.ptr, name.len, "password", password));
    explicit_bzero(password, strlen(password));
}

void jw_people_create(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    char password[JW_FIRST_PASSWORD] = "";
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    jw_text name = jw_login_member(body, "name");
    struct jw_actor by = jw_api_actor(request, jw_login_member(body, "why"));
    /* "password": false for those who come by an outside identity provider or a certificate alone */
    bool with = !json_is_false(json_object_get(body, "password"));
    int64_t person = json_integer_value(json_object_get(body, "person"));
    jw_status st = jw_accounts_create(api->accounts, name, 0, with ? password : NULL, &by, &err);
    if (st == JW_OK && person) {
        struct jw_binding binding = {.person = person};
        st = jw_accounts_bind(api->accounts, name, &binding, &by, &err);
    }
    if (st == JW_OK)
        send_password(out, 201, name, password);
    else
        jw_api_refuse(st, &err, "account", out);
    json_decref(body);
}

static bool is_texts(const json_t *body, const char *const *names, struct jw_http_response *out) {
    for (; *names; names++) {
        const json_t *value = json_object_get(body, *names);
        if (value && !json_is_string(value)) {
            jw_http_response_error(out, 400, "bad_request", -1, "%s wants a text", *names);
            return false;
        }
    }
    return true;
}

/* A subject is somebody's at one issuer; people give it alone. */
static const char *full_subject(const struct jw_api *api, const char *given, char out[JW_ACCOUNT_LONG]) {
    if (!given || !given[0] || strchr(given, ' ') || !api->oidc)
        return given;
    snprintf(out, JW_ACCOUNT_LONG, "%.120s %.130s", jw_oidc_issuer(api->oidc), given);
    return out;
}

void jw_people_change(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    static const char *const texts[] = {"subject", "certificate", "why", NULL};
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_text name = jw_http_request_value(request, "name");
    json_t *body = jw_grants_may_touch(api, request, name, out) ? jw_login_body(request, out) : NULL;
    if (!body)
        return;
    if (is_texts(body, texts, out)) {
        struct jw_actor by = jw_api_actor(request, jw_login_member(body, "why"));
        const json_t *person = json_object_get(body, "person"), *disabled = json_object_get(body, "disabled");
        char full[JW_ACCOUNT_LONG];
        struct jw_binding binding = {full_subject(api, json_string_value(json_object_get(body, "subject")), full),
                                     json_string_value(json_object_get(body, "certificate")),
                                     json_is_integer(person) ? json_integer_value(person) : -1};
        jw_status st = JW_OK;
        if (binding.subject || binding.certificate || binding.person >= 0)
            st = jw_accounts_bind(api->accounts, name, &binding, &by, &err);
        if (st == JW_OK && json_is_boolean(disabled))
            st = jw_accounts_disable(api->accounts, name, json_is_true(disabled), &by, &err);
        if (st == JW_OK)
            jw_people_get(context, request, out);
        else
            jw_api_refuse(st, &err, "account", out);
    }
    json_decref(body);
}

static void answer(jw_status st, const struct jw_error *err, struct jw_http_response *out) {
    if (st == JW_OK)
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
    else
        jw_api_refuse(st, err, "account", out);
}

/* Accounts stay for the audit trail; a deleted one is one that is disabled. */
void jw_people_disable(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    jw_text name = jw_http_request_value(request, "name");
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    if (jw_grants_may_touch(api, request, name, out))
        answer(jw_accounts_disable(api->accounts, name, true, &by, &err), &err, out);
}

void jw_people_reset(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    char password[JW_FIRST_PASSWORD] = "";
    jw_text name = jw_http_request_value(request, "name");
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    if (!jw_grants_may_touch(api, request, name, out))
        return;
    jw_status st = jw_accounts_reset(api->accounts, name, password, &by, &err);
    if (st == JW_OK)
        send_password(out, 200, name, password);
    else
        jw_api_refuse(st, &err, "account", out);
}

void jw_people_unlock(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    answer(jw_accounts_unlock(api->accounts, jw_http_request_value(request, "name"), &by, &err), &err, out);
}
