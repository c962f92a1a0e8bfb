/* daemons/api/search.h — questions to the lake. Handlers; context is a struct jw_api. docs/api.md is for users. */
#pragma once
#include "api.h"

#define JW_SEARCHES_MOST 8 /* in the lake at once; more wait up to ten seconds, then get a 503 */

/* run/lake.sock, or the nodes that are configured. */
JW_MUST_CHECK jw_status jw_search_open(struct jw_api *api, struct jw_error *err);
void jw_search_close(struct jw_api *api);
/* GET or POST /api/v1/search: q, from, to, in, limit, fields, count, by, histogram, cursor.
 * {"took_ms","total","events","by","histogram","cursor"}: only what was asked for, and `cursor` when there is more.
 */
void jw_search_run(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* GET /api/v1/events/{id}, /api/v1/alerts/{id} */
void jw_search_event(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_search_alert(void *context, struct jw_http_request *request, struct jw_http_response *out);
