/* lib/account/recent.c — a table of buckets under one lock. */
#include "recent.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"

#define DEPTH 8

struct slot {
    jw_recent_key key;
    int64_t put; /* steady; 0: free */
};

struct jw_recent {
    pthread_mutex_t lock;
    size_t buckets, size;
    struct slot *slots;
    char *values;
};

struct jw_recent *jw_recent_new(size_t buckets, size_t size) {
    struct jw_recent *recent = calloc(1, sizeof *recent);
    if (!recent)
        return NULL;
    pthread_mutex_init(&recent->lock, NULL);
    recent->buckets = buckets;
    recent->size = size;
    recent->slots = calloc(buckets * DEPTH, sizeof *recent->slots);
    recent->values = calloc(buckets * DEPTH, size);
    if (recent->slots && recent->values)
        return recent;
    jw_recent_free(recent);
    return NULL;
}

void jw_recent_free(struct jw_recent *recent) {
    if (!recent)
        return;
    pthread_mutex_destroy(&recent->lock);
    free(recent->slots);
    free(recent->values);
    free(recent);
}

jw_recent_key jw_recent_key_of(jw_text text) {
    jw_recent_key key;
    SHA256((const unsigned char *)(text.len ? text.ptr : ""), text.len, key.bytes);
    return key;
}

/* Under the lock: the place of a key, or the oldest of its bucket when `make`. */
static struct slot *find(struct jw_recent *recent, const jw_recent_key *key, bool make) {
    size_t number;
    memcpy(&number, key->bytes, sizeof number);
    struct slot *bucket = &recent->slots[number % recent->buckets * DEPTH], *oldest = bucket;
    for (size_t i = 0; i < DEPTH; i++) {
        if (bucket[i].put && memcmp(&bucket[i].key, key, sizeof *key) == 0)
            return &bucket[i];
        if (bucket[i].put < oldest->put)
            oldest = &bucket[i];
    }
    if (make)
        *oldest = (struct slot){.key = *key};
    return make ? oldest : NULL;
}

static char *value_of(struct jw_recent *recent, const struct slot *slot) {
    return recent->values + (size_t)(slot - recent->slots) * recent->size;
}

bool jw_recent_get(struct jw_recent *recent, const jw_recent_key *key, void *out, bool *fresh) {
    pthread_mutex_lock(&recent->lock);
    const struct slot *slot = find(recent, key, false);
    if (slot) {
        memcpy(out, value_of(recent, slot), recent->size);
        *fresh = jw_time_steady() - slot->put < JW_RECENT_FRESH_MS * JW_MS;
    }
    pthread_mutex_unlock(&recent->lock);
    return slot;
}

void jw_recent_put(struct jw_recent *recent, const jw_recent_key *key, const void *value, bool renew) {
    pthread_mutex_lock(&recent->lock);
    struct slot *slot = find(recent, key, renew);
    if (slot) { /* dropped meanwhile and not renewed: it stays away */
        memcpy(value_of(recent, slot), value, recent->size);
        if (renew)
            slot->put = jw_time_steady();
    }
    pthread_mutex_unlock(&recent->lock);
}

void jw_recent_drop(struct jw_recent *recent, const jw_recent_key *key) {
    pthread_mutex_lock(&recent->lock);
    struct slot *slot = key ? find(recent, key, false) : NULL;
    if (slot)
        *slot = (struct slot){0};
    if (!key)
        memset(recent->slots, 0, recent->buckets * DEPTH * sizeof *recent->slots);
    pthread_mutex_unlock(&recent->lock);
}
