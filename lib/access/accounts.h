/* lib/access/accounts.h — who may log in: STATE/accounts.json, mode 0600.
 *   {"accounts":[{"name":"admin","role":"admin","password":"$argon2id$…","created":"…","change":true}]}
 * Every process that opens it sees changes made by others (by modification time). Any thread. */
#pragma once
#include "base/memory.h"
#include "base/status.h"
#include "password.h"

#define JW_ACCOUNT_NAME   64 /* bytes and a NUL: a name is UTF-8 without control characters */
#define JW_ACCOUNT_ROLE   32
#define JW_FIRST_PASSWORD 21

typedef struct jw_account {
    char name[JW_ACCOUNT_NAME + 1], role[JW_ACCOUNT_ROLE + 1];
    bool change;      /* the password was given by a machine: ask for a new one */
    uint64_t version; /* of the password: changes with it, so that caches and sessions notice */
} jw_account;

/* The first account, "admin" with a random password, when there is no file yet. JW_OK: made, show `out_password` to
 * the operator once; JW_AGAIN: accounts exist. Processes may race: one makes it. */
JW_MUST_CHECK jw_status jw_accounts_ensure_first(const char *state_folder, char out_password[JW_FIRST_PASSWORD],
                                                 struct jw_error *err);

struct jw_accounts;
JW_MUST_CHECK jw_status jw_accounts_open(const char *state_folder, struct jw_accounts **out, struct jw_error *err);
void jw_accounts_close(struct jw_accounts *accounts);
JW_DEFINE_AUTO(jw_accounts, jw_accounts_close)
/* JW_E_DENIED: no such account or not its password, and it does not say which, nor does its time. Slow on purpose.
 */
JW_MUST_CHECK jw_status jw_accounts_login(struct jw_accounts *accounts, jw_text name, jw_text password,
                                          jw_account *out, struct jw_error *err);
bool jw_accounts_find(struct jw_accounts *accounts, jw_text name, jw_account *out); /* is it still there? */
/* Checks the new password (jw_password_check) and writes the file. */
JW_MUST_CHECK jw_status jw_accounts_password(struct jw_accounts *accounts, jw_text name, jw_text password,
                                             struct jw_error *err);
