/* daemons/api/forward.h — what shippers ask of Elasticsearch goes to jw-collect, which owns the spool. */
#pragma once
#include "api.h"

/* The request as it came (body still compressed) to run/elastic.sock, the answer back. 503 with Retry-After while
 * jw-collect is away: every shipper keeps its events and tries again. */
void jw_forward_elastic(void *context, struct jw_http_request *request, struct jw_http_response *out);
