/* daemons/api/ledger_ask.h — from a request to an asker, from an answer to a response (ledger_ask.c). */
#pragma once
#include "api.h"
#include "desk/desk.h"

/* Who asks, from where, in which language. */
struct jw_asker jw_ledger_asker(const struct jw_http_request *request);
/* Sends it, logs what only the log may know, and frees it. */
void jw_ledger_send(struct jw_answer *answer, struct jw_http_response *out);
/* 400 with one fault. */
void jw_ledger_refuse(const struct jw_http_request *request, struct jw_http_response *out, const char *field,
                      const char *rule, const char *zh, const char *en);
/* {id} of the path: false after a 404, as for a record that is not there. */
bool jw_ledger_id(const struct jw_http_request *request, struct jw_http_response *out, int64_t *id);
/* A whole number of the query; `preset` when it is missing. False after a 400. */
bool jw_ledger_number(const struct jw_http_request *request, struct jw_http_response *out, const char *name,
                      int64_t preset, int64_t *number);
bool jw_ledger_flag(const struct jw_http_request *request, const char *name); /* 1 or true */

/* {"fields": {…}, "version": 3, "why": "…"}, of which `allowed` (ends with NULL) may be there. NULL after a 400; an
 * empty body is an empty object. New reference. */
json_t *jw_ledger_body(const struct jw_http_request *request, struct jw_http_response *out,
                       const char *const *allowed);
/* `version` of the body, else of If-Match; 0: none. False after a 400. */
bool jw_ledger_version(const struct jw_http_request *request, struct jw_http_response *out, const json_t *body,
                       int64_t *version);
/* What stands in the query of a list. False after a 400. */
bool jw_ledger_query(const struct jw_http_request *request, struct jw_http_response *out,
                     struct jw_desk_query *query);
