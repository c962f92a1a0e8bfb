/* daemons/api/session.h — who is logged in. In memory: a restart of jw-api asks people to log in again. Any thread.
 */
#pragma once
#include "access/accounts.h"

#define JW_SESSION_TOKEN     64 /* hexadecimal digits: 256 random bits */
#define JW_SESSIONS_MOST     1024
#define JW_SESSION_IDLE_S    1800
#define JW_SESSION_LONGEST_S 43200

struct jw_sessions;
struct jw_sessions *jw_session_table_new(void); /* NULL without memory */
void jw_session_table_free(struct jw_sessions *sessions);
/* When the table is full the one unused longest ends. */
void jw_session_start(struct jw_sessions *sessions, const jw_account *account,
                      char out_token[JW_SESSION_TOKEN + 1]);
/* Its account as it was at login; counts as use. The caller compares `version` with the account's now. */
bool jw_session_find(struct jw_sessions *sessions, jw_text token, jw_account *out);
void jw_session_end(struct jw_sessions *sessions, jw_text token);
void jw_session_end_all(struct jw_sessions *sessions, jw_text account);
