/* daemons/api/flows.h — workflows, tasks and notices over HTTP: docs/workflows.md. Handlers; context is a struct
 * jw_api. What a person may do is lib/desk's business; here are paths, parameters and bodies, and the thread that
 * does what has fallen due. */
#pragma once
#include "api.h"
#include "ledger.h"

/* A thread that looks every few seconds for timers that have fallen due. */
JW_MUST_CHECK jw_status jw_flows_start(struct jw_api *api, struct jw_error *err);
void jw_flows_stop(struct jw_api *api); /* before the ledgers are closed */

/* flows.c */
void jw_flows_show(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_step(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_withdraw(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_urge(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_delegate(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_extend(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_flows_draw(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* tasks.c */
void jw_tasks_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_tasks_notices(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_tasks_read(void *context, struct jw_http_request *request, struct jw_http_response *out);

/* Rows of the route table. */
#define JW_FLOWS_ROUTES                                                                                  \
    {"GET", JW_LEDGER_RECORD "/flow", 0, jw_flows_show, JW_API_PERSON, false},                           \
        {"POST", JW_LEDGER_RECORD "/transitions", JW_LEDGER_BODY, jw_flows_step, JW_API_PERSON, false},  \
        {"POST", JW_LEDGER_RECORD "/withdraw", JW_LEDGER_BODY, jw_flows_withdraw, JW_API_PERSON, false}, \
        {"POST", JW_LEDGER_RECORD "/urge", JW_LEDGER_BODY, jw_flows_urge, JW_API_PERSON, false},         \
        {"POST", JW_LEDGER_RECORD "/delegate", JW_LEDGER_BODY, jw_flows_delegate, JW_API_PERSON, false}, \
        {"POST", JW_LEDGER_RECORD "/extend", JW_LEDGER_BODY, jw_flows_extend, JW_API_PERSON, false},     \
        {"GET", "/api/v1/tasks", 0, jw_tasks_list, JW_API_PERSON, false},                                \
        {"GET", "/api/v1/notices", 0, jw_tasks_notices, JW_API_PERSON, false},                           \
        {"POST", "/api/v1/notices/read", JW_LEDGER_BODY, jw_tasks_read, JW_API_PERSON, false},           \
        {"GET", "/api/v1/workflows", 0, jw_flows_list, JW_API_PERSON, false}, {                          \
        "GET", "/api/v1/workflows/{name}", 0, jw_flows_draw, JW_API_PERSON, false                        \
    }
