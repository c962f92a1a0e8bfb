/* lib/account/second.h — the second factor: a code by time (TOTP, RFC 6238: SHA-1, 30 s, six digits, which every
 * authenticator knows) and recovery codes for the day the telephone is lost. Any thread. */
#pragma once
#include "account.h"

#define JW_SECOND_SECRET   33 /* base32 of 20 random bytes, with NUL */
#define JW_SECOND_URI      512
#define JW_SECOND_CODES    10
#define JW_SECOND_RECOVERY 20 /* "ABCD-EFGH-JKLM-NPQR" and NUL: 80 random bits */

/* A new secret that is not yet in force; a former one that was not confirmed is forgotten. JW_E_DENIED: one is in
 * force. `uri` is what authenticators read from a QR code. */
JW_MUST_CHECK jw_status jw_second_begin(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                                        char out_secret[JW_SECOND_SECRET], char out_uri[JW_SECOND_URI],
                                        struct jw_error *err);
/* Puts it in force by a code of it, and gives recovery codes to be shown once. JW_E_DENIED: not its code. */
JW_MUST_CHECK jw_status jw_second_confirm(struct jw_accounts *accounts, jw_text name, jw_text code,
                                          const struct jw_actor *by,
                                          char out_codes[JW_SECOND_CODES][JW_SECOND_RECOVERY],
                                          struct jw_error *err);
/* A code of now, of 30 s before or after, or a recovery code: each good once. JW_E_DENIED: none of these. */
JW_MUST_CHECK jw_status jw_second_check(struct jw_accounts *accounts, jw_text name, jw_text code,
                                        const struct jw_actor *by, struct jw_error *err);
/* Takes it off, with its recovery codes, and ends the account's sessions. JW_END: no such account. */
JW_MUST_CHECK jw_status jw_second_off(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                                      struct jw_error *err);
