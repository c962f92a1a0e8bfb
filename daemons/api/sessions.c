/* daemons/api/sessions.c — who is logged in. */
#include "identity.h"
#include "login.h"
#include "people.h"

struct listing {
    json_t *out;
    const char *own; /* id of the session that asks */
};

static void add_session(void *context, const struct jw_session *session) {
    struct listing *listing = context;
    json_array_append_new(listing->out,
                          json_pack("{ss ss ss ss ss sI sI sb}", "id", session->id, "account", session->account,
                                    "how", session->how, "origin", session->origin, "agent", session->agent,
                                    "started", (json_int_t)session->started, "used", (json_int_t)session->used,
                                    "current", strcmp(session->id, listing->own) == 0));
}

static void list(struct jw_api *api, struct jw_http_request *request, jw_text account,
                 struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    struct jw_error err = {{0}};
    struct listing listing = {json_array(), caller->session.id};
    jw_status st = jw_session_list(api->accounts, account, add_session, &listing, &err);
    if (st == JW_OK) {
        jw_login_send(out, json_pack("{so}", "sessions", listing.out));
        return;
    }
    json_decref(listing.out);
    jw_api_refuse(st, &err, "session", out);
}

static void kick(struct jw_api *api, struct jw_http_request *request, jw_text account,
                 struct jw_http_response *out) {
    struct jw_error err = {{0}};
    struct jw_actor by = jw_api_actor(request, JW_TEXT(""));
    jw_status st = jw_session_kick(api->accounts, jw_http_request_value(request, "id"), account, &by, &err);
    if (st == JW_OK)
        jw_buffer_add(&out->body, JW_TEXT("{}\n"));
    else
        jw_api_refuse(st, &err, "session", out);
}

void jw_sessions_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    jw_text account = jw_http_request_param(request, "account");
    list(context, request, account.ptr && jw_text_is_utf8(account) ? account : JW_TEXT(""), out);
}

void jw_sessions_kick(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    kick(context, request, JW_TEXT(""), out);
}

void jw_sessions_own(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    list(context, request, jw_text_from(jw_api_holder(request)->account), out);
}

void jw_sessions_end_own(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    kick(context, request, jw_text_from(jw_api_holder(request)->account), out);
}
