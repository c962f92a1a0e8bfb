/* lib/account/parts.h — what the files of this folder share. */
#pragma once
#include "access/password.h"
#include "account.h"
#include "recent.h"
#include "session.h"

#define JW_ACCOUNT_SEALED 256

/* The values of the caches. */
struct jw_account_known {
    jw_account account;
    struct jw_holder holder;
};
struct jw_session_known {
    struct jw_session session;
    int64_t stored; /* `used` as the database has it */
};

struct jw_accounts {
    struct jw_store *store;
    const struct jw_roles *_Atomic roles;
    const struct jw_policy *_Atomic policy;
    unsigned char seal[32];
    struct jw_recent *known, *open, *tokens; /* accounts by name, sessions and tokens by secret */
};

/* One account as its row is. */
struct jw_account_row {
    jw_account account; /* must_change: as it was set, whatever the age of the password */
    char hash[JW_PASSWORD_HASH];
    char second[JW_ACCOUNT_SEALED]; /* sealed; empty: none */
    int64_t second_step;
};
/* JW_END: none. */
JW_MUST_CHECK jw_status jw_account_row(struct jw_sql *sql, jw_text name, struct jw_account_row *out,
                                       struct jw_error *err);
void jw_account_decode(const jw_sql_value *row, struct jw_account_row *out); /* of JW_ACCOUNT_COLUMNS */
#define JW_ACCOUNT_COLUMNS                                                                                  \
    "name, person, password, password_at, must_change, version, disabled, second, second_on, second_step, " \
    "subject, certificate, created, created_by, last_login, last_origin"

/* An entry in the audit chain: object "user/NAME". Takes `detail` (may be NULL), adds `why` to it. */
JW_MUST_CHECK jw_status jw_account_note(struct jw_sql *sql, int64_t now, const struct jw_actor *by,
                                        const char *action, jw_text name, json_t *detail, struct jw_error *err);
void jw_account_forget(struct jw_accounts *accounts, jw_text name); /* the caches of this process */
void jw_account_copy(char *out, size_t room, jw_text text);         /* cut at `room`, with a NUL */
bool jw_account_is_name(jw_text name);
/* SHA-256 as 64 hexadecimal digits and a NUL. */
void jw_account_digest(jw_text secret, char out[2 * SHA256_DIGEST_LENGTH + 1]);
JW_MUST_CHECK jw_status jw_account_tables(struct jw_sql *sql, struct jw_error *err); /* tables.c */
/* Ends every session of an account. */
JW_MUST_CHECK jw_status jw_account_end_sessions(struct jw_sql *sql, jw_text name, struct jw_error *err);

/* What `tell` makes of the rows of a statement about one name: it appends to its context, the array *out. */
JW_MUST_CHECK jw_status jw_account_list(struct jw_accounts *accounts, const char *statement, jw_text name,
                                        jw_sql_each tell, json_t **out, struct jw_error *err);
/* One statement without rows. */
static inline jw_status jw_account_run(struct jw_sql *sql, const char *text, const jw_sql_value *values,
                                       size_t count, struct jw_error *err) {
    return jw_sql_run(sql, text, values, count, NULL, NULL, err);
}
