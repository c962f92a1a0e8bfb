/* daemons/api/ledger.h — the ledgers over HTTP: docs/api.md. Handlers; context is a struct jw_api. What a person
 * may do is lib/desk's business; here are paths, parameters and bodies. */
#pragma once
#include "api.h"

JW_MUST_CHECK jw_status jw_ledger_open(struct jw_api *api, struct jw_error *err);
void jw_ledger_close(struct jw_api *api);
void jw_ledger_reload(
    struct jw_api *api); /* told to the log and the counters; a failure leaves what was in force */

void jw_ledger_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_create(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_get(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_change(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_remove(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_restore(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_history(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_bulk(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_aggregate(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* ledger_files.c */
void jw_ledger_upload(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_download(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* ledger_about.c */
void jw_ledger_all(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_openapi(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_audit(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_ledger_declaration(void *context, struct jw_http_request *request, struct jw_http_response *out);

#define JW_LEDGER_BODY   (1 << 20)
#define JW_LEDGER_BULK   (16 << 20)
#define JW_LEDGER_AT     "/api/v1/ledgers/{ledger}"
#define JW_LEDGER_RECORD JW_LEDGER_AT "/{id}"
/* Rows of the route table: words before numbers, the first that matches serves. */
#define JW_LEDGER_ROUTES                                                                                  \
    {"GET", "/api/v1/openapi.json", 0, jw_ledger_openapi, JW_API_PERSON, false},                          \
        {"GET", "/api/v1/audit", 0, jw_ledger_audit, JW_API_PERSON, false},                               \
        {"GET", JW_LEDGER_AT, 0, jw_ledger_list, JW_API_PERSON, false},                                   \
        {"GET", "/api/v1/ledgers", 0, jw_ledger_all, JW_API_PERSON, false},                               \
        {"GET", JW_LEDGER_AT "/declaration", 0, jw_ledger_declaration, JW_API_PERSON, false},             \
        {"GET", JW_LEDGER_AT "/aggregate", 0, jw_ledger_aggregate, JW_API_PERSON, false},                 \
        {"POST", JW_LEDGER_AT "/bulk", JW_LEDGER_BULK, jw_ledger_bulk, JW_API_PERSON, false},             \
        {"POST", JW_LEDGER_AT, JW_LEDGER_BODY, jw_ledger_create, JW_API_PERSON, false},                   \
        {"POST", JW_LEDGER_AT "/attachments/{field}", 64 << 20, jw_ledger_upload, JW_API_PERSON, false},  \
        {"GET", JW_LEDGER_RECORD "/attachments/{sm3}", 0, jw_ledger_download, JW_API_PERSON, false},      \
        {"GET", JW_LEDGER_RECORD, 0, jw_ledger_get, JW_API_PERSON, false},                                \
        {"PATCH", JW_LEDGER_RECORD, JW_LEDGER_BODY, jw_ledger_change, JW_API_PERSON, false},              \
        {"DELETE", JW_LEDGER_RECORD, JW_LEDGER_BODY, jw_ledger_remove, JW_API_PERSON, false},             \
        {"POST", JW_LEDGER_RECORD "/restore", JW_LEDGER_BODY, jw_ledger_restore, JW_API_PERSON, false}, { \
        "GET", JW_LEDGER_RECORD "/history", 0, jw_ledger_history, JW_API_PERSON, false                    \
    }
