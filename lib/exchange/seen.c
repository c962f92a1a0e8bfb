/* lib/exchange/seen.c — texts of a file by hash: what is double in it, and who is who. Two texts with the same 64
 * bits under a key of this process are taken for the same; the database has the last word. */
#include "parts.h"

#include <stdlib.h>

#include "base/hash.h"

struct slot {
    uint64_t hash;
    uint32_t row;
};
struct jw_seen {
    struct slot *slots;
    size_t mask, count, most;
};

struct jw_seen *jw_seen_new(size_t most) {
    struct jw_seen *seen = calloc(1, sizeof *seen);
    size_t room = 64;
    while (room < most * 2)
        room *= 2;
    if (!seen)
        return NULL;
    seen->mask = room - 1;
    seen->most = most;
    seen->slots = calloc(room, sizeof *seen->slots);
    if (seen->slots)
        return seen;
    free(seen);
    return NULL;
}

void jw_seen_free(struct jw_seen *seen) {
    if (seen)
        free(seen->slots);
    free(seen);
}

static struct slot *find(const struct jw_seen *seen, int what, jw_text text, uint64_t *out_hash) {
    uint64_t hash = (jw_hash(text) ^ (uint64_t)what * 0x9E3779B97F4A7C15u) | 1; /* 0: a free slot */
    size_t at = (hash >> 8) & seen->mask;
    while (seen->slots[at].hash && seen->slots[at].hash != hash)
        at = (at + 1) & seen->mask;
    *out_hash = hash;
    return &seen->slots[at];
}

uint32_t jw_seen_find(const struct jw_seen *seen, int what, jw_text text) {
    uint64_t hash;
    return find(seen, what, text, &hash)->row;
}

uint32_t jw_seen_put(struct jw_seen *seen, int what, jw_text text, uint32_t row, bool twice) {
    uint64_t hash;
    struct slot *slot = find(seen, what, text, &hash);
    uint32_t before = slot->row;
    if (!slot->hash && seen->count == seen->most)
        return 0; /* full: the database will say */
    seen->count += !slot->hash;
    slot->hash = hash;
    slot->row = before && twice ? JW_SEEN_TWICE : row;
    return before;
}
