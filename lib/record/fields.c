/* lib/record/fields.c — the dictionary's table and its index by name. */
#include "fields.h"

#include <pthread.h>

#include "base/hash.h"

static const struct jw_field_info fields[JW_F_COUNT] = {
#define JW_FIELD(id, field, kind, in_lake) [JW_F_##id] = {JW_TEXT(field), JW_TYPE_##kind, in_lake},
#include "fields.def"
#undef JW_FIELD
};

/* Open addressing, at most a quarter full, so that a miss ends at the first or second probe. */
#define SLOTS 1024
_Static_assert(JW_F_COUNT < SLOTS / 4, "grow SLOTS with the dictionary");
static struct slot { uint16_t id, tag; /* the tag is more of the hash: a miss compares no text */ } slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* jw_hash_ends tells ECS names apart well; a peer that collides names only slows its own record by a probe. */
static inline size_t slot_of(uint64_t hash) { return (size_t)(hash >> 54) & (SLOTS - 1); }
static inline uint16_t tag_of(uint64_t hash) { return (uint16_t)(hash >> 32); }

static void fill(void) {
    for (unsigned id = 1; id < JW_F_COUNT; id++) {
        uint64_t hash = jw_hash_ends(fields[id].name);
        size_t at = slot_of(hash);
        while (slots[at].id)
            at = (at + 1) & (SLOTS - 1);
        slots[at] = (struct slot){(uint16_t)id, tag_of(hash)};
    }
}

const struct jw_field_info *jw_field_get(jw_field_id id) { return &fields[id]; }

jw_field_id jw_field_find(jw_text name) {
    if (name.len == 0)
        return JW_F_NONE;
    pthread_once(&once, fill);
    uint64_t hash = jw_hash_ends(name);
    for (size_t at = slot_of(hash); slots[at].id; at = (at + 1) & (SLOTS - 1))
        if (slots[at].tag == tag_of(hash) && jw_text_is(fields[slots[at].id].name, name))
            return (jw_field_id)slots[at].id;
    return JW_F_NONE;
}
