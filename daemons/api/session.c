/* daemons/api/session.c — a table of digests: whoever reads our memory's dump finds no token in it. */
#include "session.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "base/hash.h"
#include "base/time.h"

struct session {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    jw_account account;
    int64_t started, used; /* steady; started 0: free */
};

struct jw_sessions {
    pthread_mutex_t lock;
    struct session list[JW_SESSIONS_MOST];
};

struct jw_sessions *jw_session_table_new(void) {
    struct jw_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions)
        pthread_mutex_init(&sessions->lock, NULL);
    return sessions;
}

void jw_session_table_free(struct jw_sessions *sessions) {
    if (sessions)
        pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

static bool is_over(const struct session *session, int64_t now) {
    return session->started == 0 || now - session->used > JW_SESSION_IDLE_S * JW_SECOND ||
           now - session->started > JW_SESSION_LONGEST_S * JW_SECOND;
}

/* Under the lock. A free place, or the one unused longest. */
static struct session *place(struct jw_sessions *sessions, int64_t now) {
    struct session *oldest = &sessions->list[0];
    for (size_t i = 0; i < JW_SESSIONS_MOST; i++) {
        if (is_over(&sessions->list[i], now))
            return &sessions->list[i];
        if (sessions->list[i].used < oldest->used)
            oldest = &sessions->list[i];
    }
    return oldest;
}

void jw_session_start(struct jw_sessions *sessions, const jw_account *account,
                      char out_token[JW_SESSION_TOKEN + 1]) {
    unsigned char random[JW_SESSION_TOKEN / 2];
    int64_t now = jw_time_steady();
    jw_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(out_token + 2 * i, 3, "%02x", random[i]);
    pthread_mutex_lock(&sessions->lock);
    struct session *session = place(sessions, now);
    *session = (struct session){.account = *account, .started = now, .used = now};
    SHA256((const unsigned char *)out_token, JW_SESSION_TOKEN, session->digest);
    pthread_mutex_unlock(&sessions->lock);
}

/* Under the lock. Comparing digests of 256 random bits gives nothing to measure. */
static struct session *find(struct jw_sessions *sessions, jw_text token) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int64_t now = jw_time_steady();
    if (token.len != JW_SESSION_TOKEN)
        return NULL;
    SHA256((const unsigned char *)token.ptr, token.len, digest);
    for (size_t i = 0; i < JW_SESSIONS_MOST; i++)
        if (!is_over(&sessions->list[i], now) && memcmp(sessions->list[i].digest, digest, sizeof digest) == 0)
            return &sessions->list[i];
    return NULL;
}

bool jw_session_find(struct jw_sessions *sessions, jw_text token, jw_account *out) {
    pthread_mutex_lock(&sessions->lock);
    struct session *session = find(sessions, token);
    if (session) {
        session->used = jw_time_steady();
        *out = session->account;
    }
    pthread_mutex_unlock(&sessions->lock);
    return session;
}

void jw_session_end(struct jw_sessions *sessions, jw_text token) {
    pthread_mutex_lock(&sessions->lock);
    struct session *session = find(sessions, token);
    if (session)
        *session = (struct session){0};
    pthread_mutex_unlock(&sessions->lock);
}

void jw_session_end_all(struct jw_sessions *sessions, jw_text account) {
    pthread_mutex_lock(&sessions->lock);
    for (size_t i = 0; i < JW_SESSIONS_MOST; i++)
        if (jw_text_is(jw_text_from(sessions->list[i].account.name), account))
            sessions->list[i] = (struct session){0};
    pthread_mutex_unlock(&sessions->lock);
}
