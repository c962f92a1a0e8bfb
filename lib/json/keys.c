/* lib/json/keys.c — remembering names and their order. */
#include "json.h"

#include "keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

struct jw_json_keys *jw_json_keys_new(void) {
    static _Atomic uint64_t serial;
    struct jw_json_keys *keys = calloc(1, sizeof *keys);
    if (keys)
        keys->serial = atomic_fetch_add(&serial, 1) + 1;
    return keys;
}

void jw_json_keys_free(struct jw_json_keys *keys) { free(keys); }

static uint16_t find_or_add(struct jw_json_keys *keys, jw_text name) {
    uint64_t hash = jw_hash_ends(name);
    for (uint32_t probe = 0; probe < KEY_PROBES; probe++) {
        uint16_t *slot = &keys->slots[(hash + probe) % KEY_SLOTS];
        if (*slot && jw_text_is(keys->known[*slot].name, name))
            return *slot;
        if (*slot)
            continue;
        if (keys->count == KEYS_MOST || name.len + 3 > KEY_BYTES)
            return 0;
        struct known_key *known = &keys->known[++keys->count];
        known->quoted[0] = '"';
        memcpy(known->quoted + 1, name.ptr, name.len);
        memcpy(known->quoted + 1 + name.len, "\":", 2);
        known->size = (uint32_t)name.len + 3;
        known->name = (jw_text){known->quoted + 1, name.len};
        return *slot = (uint16_t)keys->count;
    }
    return 0;
}

uint16_t jw_json_key_learn(struct jw_json_keys *keys, uint16_t before, jw_text name) {
    uint16_t key = name.len ? find_or_add(keys, name) : 0, *next = keys->known[before].next;
    if (key && next[0] != key) {
        next[1] = next[0];
        next[0] = key;
    }
    return key;
}
