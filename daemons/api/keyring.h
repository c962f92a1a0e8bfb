/* daemons/api/keyring.h — senders' keys over HTTP. Handlers; context is a struct jw_api. */
#pragma once
#include "api.h"

void jw_keyring_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_keyring_add(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_keyring_revoke(void *context, struct jw_http_request *request, struct jw_http_response *out);
