/* daemons/api/page.h — the two pages of the spine: login and search. Handler; context is a struct jw_api. */
#pragma once
#include "api.h"

/* "/": the Elasticsearch greeting for senders, the search page for people, the login page for the others. */
void jw_page_root(void *context, struct jw_http_request *request, struct jw_http_response *out);
