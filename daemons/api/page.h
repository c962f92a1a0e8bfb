/* daemons/api/page.h — the console: one page and its assets, as console/ was built. Handlers; context is a struct
 * jw_api. Nothing in them is secret: whoever is not logged in gets them too, and data only by /api/v1. */
#pragma once
#include "api.h"

/* Reads the built console into memory: --console, else beside the program, else /usr/share/jinwu/console. Without
 * one, jw-api serves all the rest and the page says what is missing. */
JW_MUST_CHECK jw_status jw_page_open(struct jw_api *api, struct jw_error *err);
void jw_page_close(struct jw_api *api);

/* "/": the Elasticsearch greeting for senders, the console for everybody else. */
void jw_page_root(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* /console/…: the page; what stands behind is read by the page itself. */
void jw_page_app(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* /assets/{name}: names carry a digest of what is in them, so browsers keep them for good. */
void jw_page_asset(void *context, struct jw_http_request *request, struct jw_http_response *out);
