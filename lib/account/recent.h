/* lib/account/recent.h — what was found in the database a moment ago: so that a request costs no statement, and
 * what another process changed is seen within a second. Bounded; the oldest of eight gives way. Any thread. */
#pragma once
#include <openssl/sha.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define JW_RECENT_FRESH_MS 1000

typedef struct jw_recent_key {
    unsigned char bytes[SHA256_DIGEST_LENGTH];
} jw_recent_key;
struct jw_recent;
struct jw_recent *jw_recent_new(size_t buckets,
                                size_t size); /* of eight values of `size` bytes; NULL without memory */
void jw_recent_free(struct jw_recent *recent);
jw_recent_key jw_recent_key_of(jw_text text);
/* Copies the value out. *fresh: it was put less than a second ago; else it tells what used to be. */
bool jw_recent_get(struct jw_recent *recent, const jw_recent_key *key, void *out, bool *fresh);
/* `renew`: as if it had been found just now; else its age stays. */
void jw_recent_put(struct jw_recent *recent, const jw_recent_key *key, const void *value, bool renew);
void jw_recent_drop(struct jw_recent *recent, const jw_recent_key *key); /* NULL: everything */
