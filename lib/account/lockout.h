/* lib/account/lockout.h — failures counted per account and address (so that nobody can lock others out of their
 * account from elsewhere), and per address over all accounts; IPv6 by /64. In the database: several processes count
 * together, a restart forgets nothing, and administrators see it. Within the caller's transaction or reader. */
#pragma once
#include "account.h"

/* How a failed name is kept: its own when there is such an account, else a digest, as people type passwords there.
 */
#define JW_LOCKOUT_NAME (JW_ACCOUNT_NAME + 1)
void jw_lockout_name(jw_text name, bool known, char out[JW_LOCKOUT_NAME]);
void jw_lockout_address(const jw_address *address, char out[JW_ADDRESS_TEXT]);
/* Microseconds until the sender may try again; 0: now. */
JW_MUST_CHECK jw_status jw_lockout_wait(struct jw_sql *sql, const char *name, const char *address, int64_t now,
                                        int64_t *out_wait, struct jw_error *err);
/* *out_locked: this failure locked the pair. */
JW_MUST_CHECK jw_status jw_lockout_failed(struct jw_sql *sql, const struct jw_policy *policy, const char *name,
                                          const char *address, int64_t now, bool *out_locked, struct jw_error *err);
JW_MUST_CHECK jw_status jw_lockout_passed(struct jw_sql *sql, const char *name, const char *address,
                                          struct jw_error *err);
