/* lib/account/session.h — who is logged in, in the database: several jw-api serve the same sessions, and a restart
 * ends none. Only digests of tokens are kept. Any thread. */
#pragma once
#include "account.h"

#define JW_SESSION_TOKEN 64 /* hexadecimal digits: 256 random bits */
#define JW_SESSION_ID    16 /* characters; names a session to people without opening it */
#define JW_SESSION_AGENT 128

typedef enum jw_session_stage {
    JW_SESSION_OPEN,
    JW_SESSION_HALF, /* the password was right, the second factor is awaited: a ticket, good for five minutes */
} jw_session_stage;

struct jw_session {
    char id[JW_SESSION_ID + 1], account[JW_ACCOUNT_NAME + 1];
    char how[24], origin[JW_ADDRESS_TEXT], agent[JW_SESSION_AGENT];
    int64_t version;       /* of the account when it began */
    int64_t started, used; /* microseconds since 1970; `used` up to a minute old */
    jw_session_stage stage;
};
struct jw_session_start {
    const jw_account *account;
    const char *how; /* "password", "password+totp", "oidc", "certificate" */
    jw_text origin, agent;
    jw_session_stage stage;
};
/* JW_E_LIMIT: as many as the policy allows are open, and it says to refuse one more. */
JW_MUST_CHECK jw_status jw_session_start(struct jw_accounts *accounts, const struct jw_session_start *from,
                                         char out_token[JW_SESSION_TOKEN + 1], struct jw_error *err);
/* JW_END: none, over, or of an account that changed since; counts as use. */
JW_MUST_CHECK jw_status jw_session_find(struct jw_accounts *accounts, jw_text token, struct jw_session *out,
                                        jw_account *account, struct jw_holder *holder, struct jw_error *err);
/* Is the session with this id still open? For streams; costs what a find does. */
bool jw_session_alive(struct jw_accounts *accounts, jw_text token);
/* By its own token: logging out. */
JW_MUST_CHECK jw_status jw_session_end(struct jw_accounts *accounts, jw_text token, const struct jw_actor *by,
                                       struct jw_error *err);
/* Kicks by id; `account` empty: anybody's. JW_END: no such session. */
JW_MUST_CHECK jw_status jw_session_kick(struct jw_accounts *accounts, jw_text id, jw_text account,
                                        const struct jw_actor *by, struct jw_error *err);
/* Open ones, newest first, of `account` or (empty) all, at most 1000. */
JW_MUST_CHECK jw_status jw_session_list(struct jw_accounts *accounts, jw_text account,
                                        void (*each)(void *context, const struct jw_session *session),
                                        void *context, struct jw_error *err);
