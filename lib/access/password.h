/* lib/access/password.h — argon2id hashes (RFC 9106) and random secrets. */
#pragma once
#include "base/status.h"
#include "base/text.h"

#define JW_PASSWORD_HASH  256
#define JW_PASSWORD_LEAST 10  /* characters of a new password (bytes would let one CJK letter count for three) */
#define JW_PASSWORD_MOST  256 /* bytes */

/* 64 MiB, 3 passes: about 150 ms of one core. One at a time in a process, so that a flood of guesses cannot take
 * the memory; others wait. */
JW_MUST_CHECK jw_status jw_password_hash(jw_text password, char out[JW_PASSWORD_HASH], struct jw_error *err);
/* hash NULL: takes the same time and says no, so that nobody learns which accounts exist. */
bool jw_password_is(const char *hash, jw_text password);
/* JW_E_DENIED with a reason people can read: too short, too long, one repeated character, not UTF-8. */
JW_MUST_CHECK jw_status jw_password_check(jw_text password, struct jw_error *err);
/* `len` characters of an alphabet without look-alikes (5.8 bits each) and a NUL. */
void jw_password_random(char *out, size_t len);
/* Equal, in a time that does not depend on where they differ. */
bool jw_password_same(const void *a, const void *b, size_t size);
