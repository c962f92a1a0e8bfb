/* daemons/api/metrics.h — numbers about jinwu itself. Handlers; context is a struct jw_api. */
#pragma once
#include "api.h"

void jw_metrics_prometheus(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_metrics_status(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_metrics_health(void *context, struct jw_http_request *request, struct jw_http_response *out);
