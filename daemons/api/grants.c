/* daemons/api/grants.c — roles, and who is given them. */
#include "identity.h"
#include "login.h"
#include "people.h"

static json_t *texts(char *const *list) {
    json_t *out = json_array();
    for (; list && *list; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

void jw_grants_roles(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    json_t *roles = json_array(), *conflicts = json_array();
    (void)request;
    for (size_t i = 0; i < jw_roles_count(jw_accounts_roles(api->accounts)); i++) {
        const struct jw_role *role = jw_roles_get(jw_accounts_roles(api->accounts), i);
        json_array_append_new(roles, json_pack("{ss s{ss ss} s{ss ss} so sb sb}", "name", role->name, "title", "zh",
                                               role->title.zh, "en", role->title.en, "about", "zh", role->about.zh,
                                               "en", role->about.en, "powers", texts(role->powers), "everybody",
                                               role->everybody, "read_only", role->read_only));
    }
    for (size_t i = 0; i < jw_roles_conflict_count(jw_accounts_roles(api->accounts)); i++) {
        const struct jw_conflict *conflict = jw_roles_conflict(jw_accounts_roles(api->accounts), i);
        json_array_append_new(conflicts, json_pack("{s{ss ss} so}", "title", "zh", conflict->title.zh, "en",
                                                   conflict->title.en, "roles", texts(conflict->roles)));
    }
    jw_login_send(out, json_pack("{so so}", "roles", roles, "conflicts", conflicts));
}

/* Roles that content no longer knows give nothing and conflict with nothing. */
static size_t add_known(const struct jw_roles *roles, const struct jw_holder *holder, struct jw_grant *out,
                        size_t count) {
    for (size_t i = 0; i < holder->grant_count; i++)
        if (jw_roles_find(roles, jw_text_from(holder->grants[i].role)))
            out[count++] = holder->grants[i];
    return count;
}

bool jw_grants_may_touch(struct jw_api *api, const struct jw_http_request *request, jw_text name,
                         struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    struct jw_error err = {{0}};
    struct jw_holder *holder = jw_arena_alloc(request->mem, sizeof *holder);
    struct jw_grant *both = jw_arena_alloc(request->mem, 2 * JW_RIGHTS_GRANTS * sizeof *both);
    jw_account account;
    if (jw_text_is(name, jw_text_from(caller->account.name))) {
        jw_http_response_error(out, 409, "own_account", -1,
                               "this is the own account: see /api/v1/me and /password");
        return false;
    }
    jw_status st = holder && both ? jw_accounts_find(api->accounts, name, &account, holder, &err) : JW_E_LIMIT;
    if (st != JW_OK) {
        jw_api_refuse(st, &err, "account", out);
        return false;
    }
    size_t count = add_known(jw_accounts_roles(api->accounts), holder, both,
                             add_known(jw_accounts_roles(api->accounts), &caller->holder, both, 0));
    if (jw_roles_check(jw_accounts_roles(api->accounts), both, count, &err) == JW_OK)
        return true;
    jw_http_response_error(out, 403, "conflict", -1,
                           "whoever takes this account over would hold both: %s; on the machine: jinwu account",
                           err.text);
    return false;
}

static void run(struct jw_api *api, struct jw_http_request *request, struct jw_granting *what, jw_text why,
                bool give, struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, why);
    what->name = jw_http_request_value(request, "name");
    what->may_grant = jw_api_may(api, request, "accounts.grant");
    what->may_begin = jw_api_may(api, request, "accounts.manage");
    jw_status st = give ? jw_accounts_grant(api->accounts, what, &by, &err)
                        : jw_accounts_revoke(api->accounts, what, &by, &err);
    json_t *grants = NULL;
    if (st == JW_OK)
        st = jw_accounts_grants(api->accounts, what->name, &grants, &err);
    if (st == JW_OK)
        jw_login_send(out, json_pack("{so}", "grants", grants));
    else
        jw_api_refuse(st, &err, give ? "account" : "grant", out);
}

void jw_grants_give(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    json_t *body = jw_login_body(request, out);
    if (!body)
        return;
    struct jw_granting what = {.role = jw_login_member(body, "role"),
                               .unit = json_integer_value(json_object_get(body, "unit"))};
    if (what.role.ptr)
        run(context, request, &what, jw_login_member(body, "why"), true, out);
    else
        jw_http_response_error(out, 400, "bad_request", -1,
                               "wants {\"role\":…,\"unit\":…}; GET /api/v1/roles shows them");
    json_decref(body);
}

void jw_grants_take(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    jw_text unit = jw_http_request_param(request, "unit");
    struct jw_granting what = {.role = jw_http_request_value(request, "role")};
    if (unit.ptr && !jw_text_i64(unit, &what.unit))
        jw_http_response_error(out, 400, "bad_request", -1, "unit wants the number of a unit");
    else
        run(context, request, &what, JW_TEXT(""), false, out);
}
