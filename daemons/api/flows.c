/* daemons/api/flows.c — the workflow of a record: where it is, and what people do with it. */
#include "flows.h"
#include "ledger_ask.h"

static jw_text text_of(const json_t *body, const char *name) {
    const json_t *value = json_object_get(body, name);
    return (jw_text){json_string_value(value), json_string_length(value)};
}

void jw_flows_show(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t id;
    if (!jw_ledger_id(request, out, &id))
        return;
    jw_desk_flow(api->desk, &asker, jw_http_request_value(request, "ledger"), id, &answer);
    jw_ledger_send(&answer, out);
}

/* Everything that is done: a body of these words, then the desk. */
static void act(void *context, struct jw_http_request *request, struct jw_http_response *out,
                struct jw_flow_asked asked, const char *const *allowed) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    if (!jw_ledger_id(request, out, &asked.id))
        return;
    json_t *body = jw_ledger_body(request, out, allowed);
    if (body && jw_ledger_version(request, out, body, &asked.version)) {
        jw_text decision = text_of(body, "decision");
        asked.step = text_of(body, "transition");
        asked.reason = text_of(body, "reason");
        asked.until = text_of(body, "until");
        asked.fields = json_object_get(body, "fields");
        asked.person = json_integer_value(json_object_get(body, "person"));
        if (jw_text_is(decision, JW_TEXT("grant")))
            asked.deed = JW_FLOW_GRANT;
        else if (jw_text_is(decision, JW_TEXT("refuse")))
            asked.deed = JW_FLOW_REFUSE;
        if (asked.deed == JW_FLOW_STEP && !asked.step.len) {
            jw_ledger_refuse(request, out, "transition", "body", "缺少 transition：要办理哪一步",
                             "transition is missing: which step is to be taken?");
        } else if (asked.deed == JW_FLOW_DELEGATE && asked.person < 1) {
            jw_ledger_refuse(request, out, "person", "body", "缺少 person：委托给谁（人员编号）",
                             "person is missing: the number of a person");
        } else if (asked.fields && !json_is_object(asked.fields)) {
            jw_ledger_refuse(request, out, "fields", "body", "fields 应为 {字段: 值}", "fields is {field: value}");
        } else {
            jw_desk_act(api->desk, &asker, jw_http_request_value(request, "ledger"), &asked, &answer);
            jw_ledger_send(&answer, out);
        }
    }
    json_decref(body);
}

void jw_flows_step(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    act(context, request, out, (struct jw_flow_asked){.deed = JW_FLOW_STEP},
        (const char *const[]){"transition", "version", "fields", "reason", NULL});
}

void jw_flows_withdraw(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    act(context, request, out, (struct jw_flow_asked){.deed = JW_FLOW_WITHDRAW},
        (const char *const[]){"version", "reason", NULL});
}

void jw_flows_urge(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    act(context, request, out, (struct jw_flow_asked){.deed = JW_FLOW_URGE}, (const char *const[]){"reason", NULL});
}

void jw_flows_delegate(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    act(context, request, out, (struct jw_flow_asked){.deed = JW_FLOW_DELEGATE},
        (const char *const[]){"person", "reason", NULL});
}

void jw_flows_extend(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    act(context, request, out, (struct jw_flow_asked){.deed = JW_FLOW_EXTEND},
        (const char *const[]){"until", "decision", "reason", NULL});
}

/* --- the flows themselves
 * ------------------------------------------------------------------------------------------- */
void jw_flows_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    jw_desk_flows(api->desk, &asker, &answer);
    jw_ledger_send(&answer, out);
}

/* /api/v1/workflows/NAME.svg */
void jw_flows_draw(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_error err = {{0}};
    jw_buffer svg = JW_BUFFER(1 << 20);
    jw_text name = jw_http_request_value(request, "name");
    jw_status st = JW_END;
    if (jw_text_ends(name, JW_TEXT(".svg"))) {
        name.len -= strlen(".svg");
        st = jw_desk_draw(api->desk, &asker, name, jw_http_request_param(request, "state"), &svg, &err);
    }
    if (st == JW_OK)
        jw_http_response_text(out, "image/svg+xml; charset=utf-8", jw_buffer_text(&svg));
    else
        jw_http_response_error(out, st == JW_END ? 404 : 503, st == JW_END ? "not_found" : "busy", -1, "%s",
                               st == JW_END ? "there is no such workflow" : err.text);
    jw_buffer_free(&svg);
}
