/* daemons/api/me.h — the own second factor and the own API tokens. Handlers; context is a struct jw_api. */
#pragma once
#include "api.h"

void jw_me_second(void *context, struct jw_http_request *request, struct jw_http_response *out); /* get, confirm */
void jw_me_second_off(void *context, struct jw_http_request *request,
                      struct jw_http_response *out); /* with a code */
void jw_me_tokens(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_me_token_make(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_me_token_revoke(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* An administrator takes off somebody else's. */
void jw_me_second_off_other(void *context, struct jw_http_request *request, struct jw_http_response *out);
