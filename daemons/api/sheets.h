/* daemons/api/sheets.h — ledgers as tables over HTTP: docs/api.md. Handlers; context is a struct jw_api. */
#pragma once
#include "api.h"

void jw_sheets_template(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sheets_export(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sheets_import(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sheets_accept(void *context, struct jw_http_request *request, struct jw_http_response *out);

#define JW_SHEETS_FILE (64 << 20)
#define JW_SHEETS_AT   "/api/v1/ledgers/{ledger}"
/* Rows of the route table; before those of records, whose {id} would take the words for numbers. */
#define JW_SHEETS_ROUTES                                                                                    \
    {"GET", JW_SHEETS_AT "/template.xlsx", 0, jw_sheets_template, JW_API_PERSON, false, NULL},              \
        {"GET", JW_SHEETS_AT "/export", 0, jw_sheets_export, JW_API_PERSON, false, NULL},                   \
        {"POST", JW_SHEETS_AT "/import", JW_SHEETS_FILE, jw_sheets_import, JW_API_PERSON, false, NULL}, {   \
        "POST", JW_SHEETS_AT "/import/{import}/accept", 65536, jw_sheets_accept, JW_API_PERSON, false, NULL \
    }
