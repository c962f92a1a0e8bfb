/* lib/access/keys.h — API keys of senders: STATE/keys.json, mode 0600. A key has a name (the source its events
 * carry), an id, and a secret that is shown once and kept as SHA-256: it is random, so a slow hash would protect
 * nothing. Every process that opens it sees changes made by others. Any thread. */
#pragma once
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

#define JW_KEY_NAME   64
#define JW_KEY_ID     20 /* characters */
#define JW_KEY_SECRET 32 /* characters: 185 bits */
#define JW_KEYS_MOST  4096

typedef struct jw_key {
    char name[JW_KEY_NAME + 1], id[JW_KEY_ID + 1], secret[JW_KEY_SECRET + 1]; /* secret: only when just made */
    char created[32];
} jw_key;

struct jw_keys;
JW_MUST_CHECK jw_status jw_keys_open(const char *state_folder, struct jw_keys **out, struct jw_error *err);
void jw_keys_close(struct jw_keys *keys);
JW_DEFINE_AUTO(jw_keys, jw_keys_close)
/* Names are letters, digits, '.', '_', '-', at most 64. JW_E_SYNTAX: not a name; JW_E_DENIED: taken; JW_E_LIMIT. */
JW_MUST_CHECK jw_status jw_keys_add(struct jw_keys *keys, jw_text name, jw_key *out, struct jw_error *err);
JW_MUST_CHECK jw_status jw_keys_revoke(struct jw_keys *keys, jw_text name,
                                       struct jw_error *err); /* JW_AGAIN: none */
/* Whose key it is; false: unknown or wrong. Costs a hash (about a microsecond). */
bool jw_keys_check(struct jw_keys *keys, jw_text id, jw_text secret, jw_key *out);
/* Each key in the order they were made; `each` must not call back into `keys`. */
void jw_keys_list(struct jw_keys *keys, void (*each)(void *context, const jw_key *key), void *context);
