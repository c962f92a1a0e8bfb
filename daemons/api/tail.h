/* daemons/api/tail.h — events as they arrive, by server-sent events (WHATWG HTML, section 9.2). Handler; context is
 * a struct jw_api. The stream follows the spool itself: what a slow reader has not taken stays there and costs
 * nothing. */
#pragma once
#include "api.h"

#define JW_TAIL_MOST 32 /* streams at once; each may hold a frame of 64 MiB in the worst case */
#define JW_TAIL_LAG_MOST \
    (16 << 20) /* bytes of spool a reader may be behind; then it is told how many events it missed */

/* GET ?q=QUERY&in=events|alerts: `data: {event}` with its id; `event: dropped`, `event: damaged`, comments every 10
 * s. Ends after half an hour, or when the account's password changes; browsers come again by themselves. */
void jw_tail_follow(void *context, struct jw_http_request *request, struct jw_http_response *out);
