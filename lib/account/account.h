/* lib/account/account.h — people's accounts in the database of the ledgers: who may log in, with what, as whom.
 *
 * Tables: accounts, grants, lockouts, sessions, recovery_codes, tokens, password_history. Whatever changes one of
 * them appends to the audit chain in the same transaction; so do logins and failures. Passwords are kept as
 * argon2id, tokens and recovery codes as SHA-256 (they are random), secrets of second factors sealed by
 * STATE/seal.key.
 *
 * Any thread. What is found is at most a second old, so that a request costs no statement and a revocation is seen
 * within two. */
#pragma once
#include "base/address.h"
#include "policy.h"
#include "rights/rights.h"
#include "store/store.h"

#define JW_ACCOUNT_NAME   64 /* bytes: UTF-8 without blanks, control characters and '/' */
#define JW_FIRST_PASSWORD 21
#define JW_ACCOUNT_LONG   256 /* bytes of an outside subject, with NUL */
#define JW_FINGERPRINT    65  /* SHA-256 of a certificate, hexadecimal digits and NUL */

typedef struct jw_account {
    char name[JW_ACCOUNT_NAME + 1];
    int64_t person; /* in ledger person; 0: none */
    bool disabled, has_password, must_change;
    bool second;     /* a second factor is in force */
    int64_t version; /* counts what ends sessions: a new password, disabling, taking the second factor off */
    int64_t created, password_at, last_login; /* microseconds since 1970; 0: never */
    char created_by[JW_ACCOUNT_NAME + 1], last_origin[JW_ADDRESS_TEXT];
    char subject[JW_ACCOUNT_LONG]; /* of the outside identity provider; empty: none */
    char certificate[JW_FINGERPRINT];
} jw_account;

struct jw_accounts;
struct jw_accounts_options {
    struct jw_store *store;
    const struct jw_roles *roles;   /* NULL: nothing can be granted */
    const struct jw_policy *policy; /* all borrowed until close, or until jw_accounts_use gives others */
    const char *state_folder;       /* of seal.key, made when it is missing */
};
/* Makes the tables. */
JW_MUST_CHECK jw_status jw_accounts_open(const struct jw_accounts_options *options, struct jw_accounts **out,
                                         struct jw_error *err);
void jw_accounts_close(struct jw_accounts *accounts);
JW_DEFINE_AUTO(jw_accounts, jw_accounts_close)
/* After a reload of content; the former must live until the requests that began before are over. */
void jw_accounts_use(struct jw_accounts *accounts, const struct jw_roles *roles, const struct jw_policy *policy);
const struct jw_policy *jw_accounts_policy(const struct jw_accounts *accounts);
const struct jw_roles *jw_accounts_roles(const struct jw_accounts *accounts);

/* The first account, "admin" with the role system_admin and a random password that must be changed, when there is
 * no account yet. JW_OK: made, show `out_password` to the operator once; JW_AGAIN: accounts exist. Processes may
 * race. */
JW_MUST_CHECK jw_status jw_accounts_ensure_first(struct jw_accounts *accounts, char out_password[JW_FIRST_PASSWORD],
                                                 struct jw_error *err);

/* A secret of a login on its way, for the browser to carry: seal.h under the key of these accounts. */
JW_MUST_CHECK jw_status jw_accounts_seal(const struct jw_accounts *accounts, jw_text secret, char *out, size_t room,
                                         struct jw_error *err);
JW_MUST_CHECK jw_status jw_accounts_unseal(const struct jw_accounts *accounts, jw_text sealed, void *out,
                                           size_t *len, struct jw_error *err);

/* --- finding (find.c) -------------------------------------------------------------------------------------------
 */
/* JW_END: none. `holder` (may be NULL): what the account holds, with the places of its grants and its person; units
 * and persons that are gone give nothing. must_change is also true of a password past the policy's age. */
JW_MUST_CHECK jw_status jw_accounts_find(struct jw_accounts *accounts, jw_text name, jw_account *out,
                                         struct jw_holder *holder, struct jw_error *err);
/* By an outside subject, or the fingerprint of a certificate. JW_END: bound to nobody. */
JW_MUST_CHECK jw_status jw_accounts_find_subject(struct jw_accounts *accounts, jw_text subject, jw_account *out,
                                                 struct jw_error *err);
JW_MUST_CHECK jw_status jw_accounts_find_certificate(struct jw_accounts *accounts, jw_text fingerprint,
                                                     jw_account *out, struct jw_error *err);
/* By the address of the account's person in ledger person. JW_END: nobody's, or several have it. */
JW_MUST_CHECK jw_status jw_accounts_find_email(struct jw_accounts *accounts, jw_text email, jw_account *out,
                                               struct jw_error *err);
/* Each in the order of names, straight from the database. Behind `after`, at most `limit`. */
JW_MUST_CHECK jw_status jw_accounts_list(struct jw_accounts *accounts, jw_text after, int64_t limit,
                                         void (*each)(void *context, const jw_account *account), void *context,
                                         struct jw_error *err);
/* [{"role", "unit", "given_at", "given_by"}], new reference. */
JW_MUST_CHECK jw_status jw_accounts_grants(struct jw_accounts *accounts, jw_text name, json_t **out,
                                           struct jw_error *err);
/* Must this account get itself a second factor before it does anything else? */
bool jw_accounts_wants_second(const struct jw_accounts *accounts, const jw_account *account,
                              const struct jw_holder *holder);

/* --- logging in (login.c, lockout.c) ----------------------------------------------------------------------------
 */
struct jw_attempt {
    jw_text name, password;
    jw_address address; /* IPv6 is counted by /64 */
    int64_t wait_s;     /* out, with JW_AGAIN */
};
/*   JW_OK        it is the password; `out` says of whom. Nothing is open yet: see jw_session_start
 *   JW_AGAIN     too many failures of this account from this address, or of the address: attempt->wait_s
 *   JW_E_DENIED  no such account, disabled, or not its password; neither the answer nor its time says which
 * Slow on purpose. */
JW_MUST_CHECK jw_status jw_accounts_login(struct jw_accounts *accounts, struct jw_attempt *attempt, jw_account *out,
                                          struct jw_error *err);
/* The lock alone, for the other ways in (a code, a ticket): JW_OK, JW_AGAIN; then what came of it. */
JW_MUST_CHECK jw_status jw_accounts_may_try(struct jw_accounts *accounts, struct jw_attempt *attempt,
                                            struct jw_error *err);
JW_MUST_CHECK jw_status jw_accounts_tried(struct jw_accounts *accounts, const struct jw_attempt *attempt, bool good,
                                          const char *how, struct jw_error *err);
/* Somebody came in without a session (Basic): last_login and the audit chain. */
JW_MUST_CHECK jw_status jw_accounts_entered(struct jw_accounts *accounts, const jw_account *account,
                                            const char *how, jw_text origin, struct jw_error *err);
/* [{"address", "failures", "last", "until"}] of an account; new reference. */
JW_MUST_CHECK jw_status jw_accounts_lockouts(struct jw_accounts *accounts, jw_text name, json_t **out,
                                             struct jw_error *err);

/* --- changing (change.c, grant.c); JW_END: no such account ------------------------------------------------------
 */
/* JW_E_SYNTAX: not a name; JW_E_DENIED: taken. The password must be changed at the first login. `password` NULL:
 * the account has none (an outside subject or a certificate is bound later). */
JW_MUST_CHECK jw_status jw_accounts_create(struct jw_accounts *accounts, jw_text name, int64_t person,
                                           char out_password[JW_FIRST_PASSWORD], const struct jw_actor *by,
                                           struct jw_error *err);
/* By its owner: JW_E_DENIED says what the policy misses. Ends every session of the account. */
JW_MUST_CHECK jw_status jw_accounts_password(struct jw_accounts *accounts, jw_text name, jw_text password,
                                             const struct jw_actor *by, struct jw_error *err);
/* A random one that must be changed; ends sessions and tokens. */
JW_MUST_CHECK jw_status jw_accounts_reset(struct jw_accounts *accounts, jw_text name,
                                          char out_password[JW_FIRST_PASSWORD], const struct jw_actor *by,
                                          struct jw_error *err);
JW_MUST_CHECK jw_status jw_accounts_disable(struct jw_accounts *accounts, jw_text name, bool disabled,
                                            const struct jw_actor *by, struct jw_error *err);
JW_MUST_CHECK jw_status jw_accounts_unlock(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                                           struct jw_error *err);
/* What an account is bound to; NULL: as it is, empty: nothing. JW_E_DENIED: bound to another account. */
struct jw_binding {
    const char *subject, *certificate;
    int64_t person; /* -1: as it is */
};
JW_MUST_CHECK jw_status jw_accounts_bind(struct jw_accounts *accounts, jw_text name,
                                         const struct jw_binding *binding, const struct jw_actor *by,
                                         struct jw_error *err);
/* `unit`: number in ledger organisation; 0: the person's own. JW_E_DENIED: breaks a conflict, unknown role, unknown
 * unit, to oneself, or the actor may not: `may_grant` says that the actor holds the power to; without it only
 * `may_begin` (who may manage accounts) counts, until somebody is security_admin. `by` of the command line has
 * both and may grant to anybody. Granting what is granted changes nothing. */
struct jw_granting {
    jw_text name, role;
    int64_t unit;
    bool may_grant, may_begin;
};
JW_MUST_CHECK jw_status jw_accounts_grant(struct jw_accounts *accounts, const struct jw_granting *what,
                                          const struct jw_actor *by, struct jw_error *err);
/* JW_END: no such grant. The last holder of a role that manages accounts or grants keeps it: JW_E_DENIED. */
JW_MUST_CHECK jw_status jw_accounts_revoke(struct jw_accounts *accounts, const struct jw_granting *what,
                                           const struct jw_actor *by, struct jw_error *err);
