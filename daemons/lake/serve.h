/* daemons/lake/serve.h — the part of ClickHouse's HTTP interface that jinwu uses. */
#pragma once
#include "engine.h"

#include "http/http_server.h"

struct jw_serve {
    struct jw_engine *engine;
    jw_stat *queries, *inserts, *inserted_rows, *failures;
};
/* Handlers of the route table; the context is a struct jw_serve. */
void jw_serve_query(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_serve_ping(void *context, struct jw_http_request *request, struct jw_http_response *out);
