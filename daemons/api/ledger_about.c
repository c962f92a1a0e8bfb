/* daemons/api/ledger_about.c — which ledgers there are, what their forms and programs need to know. */
#include "ledger.h"
#include "ledger_ask.h"

void jw_ledger_all(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    jw_desk_ledgers(api->desk, &asker, &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_declaration(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    jw_desk_declaration(api->desk, &asker, jw_http_request_value(request, "ledger"), &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_openapi(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    jw_desk_openapi(api->desk, &asker, &answer);
    jw_ledger_send(&answer, out);
}

void jw_ledger_audit(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_desk_entries asked = {.who = jw_http_request_param(request, "who"),
                                    .action = jw_http_request_param(request, "action"),
                                    .object = jw_http_request_param(request, "object")};
    struct jw_answer answer = {0};
    if (!jw_ledger_number(request, out, "before", 0, &asked.before) ||
        !jw_ledger_number(request, out, "limit", 50, &asked.limit))
        return;
    jw_desk_entries(api->desk, &asker, &asked, &answer);
    jw_ledger_send(&answer, out);
}
