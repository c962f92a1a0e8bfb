/* daemons/collect/sessions.c — a short list; sessions come and go with commands people type. */
#include "sessions.h"

struct jw_session *jw_sessions_enter(struct jw_sessions *sessions, struct jw_spool *spool, uint64_t id) {
    for (struct jw_session *session = sessions->list; session; session = session->next)
        if (session->id == id)
            return session->users++, session;
    struct jw_session *session = sessions->count < JW_SESSIONS_OPEN ? calloc(1, sizeof *session) : NULL;
    if (!session)
        return NULL;
    uint64_t done = 0;
    if (!jw_spool_origin(spool, id, &done))
        done = 0;
    *session = (struct jw_session){.next = sessions->list, .id = id, .taken = done, .done = done, .users = 1};
    sessions->list = session;
    sessions->count++;
    return session;
}

void jw_sessions_leave(struct jw_sessions *sessions, struct jw_session *session) {
    if (!session || --session->users)
        return;
    struct jw_session **at = &sessions->list;
    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
    sessions->count--;
    free(session);
}

void jw_sessions_clear(struct jw_sessions *sessions) {
    for (struct jw_session *session = sessions->list, *next; session; session = next) {
        next = session->next;
        free(session);
    }
    *sessions = (struct jw_sessions){0};
}
