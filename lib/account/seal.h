/* lib/account/seal.h — secrets at rest: AES-256-GCM under STATE/seal.key. Whoever has the database alone has
 * nothing. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_SEAL_KEY 32
/* Reads the key (32 bytes, mode 0600), or makes it. Processes may race: one makes it. */
JW_MUST_CHECK jw_status jw_seal_open(const char *state_folder, unsigned char out_key[JW_SEAL_KEY],
                                     struct jw_error *err);
/* Hexadecimal digits of nonce, ciphertext and tag, and a NUL: 2 * (len + 28) + 1 bytes. `bound`: whose it is; it
 * opens for nobody else. JW_E_LIMIT: `out` is too small. */
JW_MUST_CHECK jw_status jw_seal_close(const unsigned char key[JW_SEAL_KEY], jw_text bound, jw_text secret,
                                      char *out, size_t room, struct jw_error *err);
/* *len: in the room, out the size. JW_E_DENIED: another key, another owner, or damaged. */
JW_MUST_CHECK jw_status jw_seal_read(const unsigned char key[JW_SEAL_KEY], jw_text bound, jw_text sealed,
                                     unsigned char *out, size_t *len, struct jw_error *err);
