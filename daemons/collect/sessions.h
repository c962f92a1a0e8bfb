/* daemons/collect/sessions.h — sessions of `jinwu send`: which chunk was taken in and which is durable, so that a
 * chunk sent twice is kept once. What is durable comes from the spool (origin = session), what is on its way is
 * remembered here. */
#pragma once
#include "base/status.h"
#include "spool/spool.h"

#define JW_SESSIONS_OPEN 1024 /* with something on its way or a connection */

struct jw_session {
    struct jw_session *next;
    uint64_t id, taken, done; /* chunk numbers */
    unsigned users;           /* connections and chunks on their way */
    void *listener;           /* the newest connection: who is told; NULL: none */
};

struct jw_sessions {
    struct jw_session *list;
    unsigned count;
};

/* The session `id`, made when it is new, with one user more; NULL at the ceiling. */
struct jw_session *jw_sessions_enter(struct jw_sessions *sessions, struct jw_spool *spool, uint64_t id);
/* One user less; the last one ends it: the spool knows the rest. */
void jw_sessions_leave(struct jw_sessions *sessions, struct jw_session *session);
void jw_sessions_clear(struct jw_sessions *sessions);
