/* daemons/api/people.h — accounts, what they are granted, and who is logged in, for administrators; and the own
 * sessions. Handlers; context is a struct jw_api. docs/access.md tells of each path. */
#pragma once
#include "api.h"

/* people_open.c: opens the accounts in the database of the ledgers, and makes the first one when there is none,
 * with its password on stdout. Reload: roles as they are in force, and the policy; a broken one leaves the former.
 */
JW_MUST_CHECK jw_status jw_people_open(struct jw_api *api, struct jw_error *err);
void jw_people_reload(struct jw_api *api);
void jw_people_close(struct jw_api *api);

void jw_people_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_get(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_create(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_change(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_disable(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_reset(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_people_unlock(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* grants.c */
void jw_grants_roles(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_grants_give(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_grants_take(void *context, struct jw_http_request *request, struct jw_http_response *out);
/* Whoever could take over an account whose roles conflict with the own ones would hold both: false, and `out` says
 * so. Also for the own account, which has ways of its own. */
bool jw_grants_may_touch(struct jw_api *api, const struct jw_http_request *request, jw_text name,
                         struct jw_http_response *out);
/* sessions.c */
void jw_sessions_list(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sessions_kick(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sessions_own(void *context, struct jw_http_request *request, struct jw_http_response *out);
void jw_sessions_end_own(void *context, struct jw_http_request *request, struct jw_http_response *out);
