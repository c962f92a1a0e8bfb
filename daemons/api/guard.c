/* daemons/api/guard.c — counts of failures in a small table of buckets. */
#include "guard.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

#define BUCKETS 512
#define DEPTH   8
#define FIRST_S 30
#define MOST_S  900

struct count {
    uint64_t key;
    uint32_t failures;
    int64_t last, until;
};

struct jw_guard {
    pthread_mutex_t lock;
    struct count counts[BUCKETS][DEPTH];
};

struct jw_guard *jw_guard_new(void) {
    struct jw_guard *guard = calloc(1, sizeof *guard);
    if (guard)
        pthread_mutex_init(&guard->lock, NULL);
    return guard;
}

void jw_guard_free(struct jw_guard *guard) {
    if (guard)
        pthread_mutex_destroy(&guard->lock);
    free(guard);
}

/* An IPv6 subscriber has a /64 to choose addresses from. */
static uint64_t key_of_address(const jw_address *address) {
    return jw_hash((jw_text){(const char *)address->bytes, jw_address_is_v4(address) ? 16 : 8}) | 1;
}

static uint64_t key_of_pair(jw_text account, const jw_address *address) {
    return (jw_hash(account) * 31 + key_of_address(address)) | 1;
}

/* Under the lock. NULL when there is none and `make` is false. */
static struct count *find(struct jw_guard *guard, uint64_t key, int64_t now, bool make) {
    struct count *bucket = guard->counts[key / 2 % BUCKETS], *oldest = bucket;
    for (size_t i = 0; i < DEPTH; i++) {
        if (bucket[i].key == key && now - bucket[i].last < JW_GUARD_FORGET_S * JW_SECOND)
            return &bucket[i];
        if (bucket[i].key == key)
            bucket[i] = (struct count){0};
        if (bucket[i].last < oldest->last)
            oldest = &bucket[i];
    }
    if (make)
        *oldest = (struct count){.key = key};
    return make ? oldest : NULL;
}

static int64_t left(struct jw_guard *guard, uint64_t key, int64_t now) {
    const struct count *count = find(guard, key, now, false);
    return count && count->until > now ? (count->until - now + JW_SECOND - 1) / JW_SECOND : 0;
}

int64_t jw_guard_wait(struct jw_guard *guard, jw_text account, const jw_address *address, int64_t now) {
    pthread_mutex_lock(&guard->lock);
    int64_t pair = left(guard, key_of_pair(account, address), now), all = left(guard, key_of_address(address), now);
    pthread_mutex_unlock(&guard->lock);
    return pair > all ? pair : all;
}

static void count_failure(struct jw_guard *guard, uint64_t key, uint32_t free_tries, int64_t now) {
    struct count *count = find(guard, key, now, true);
    count->failures++;
    count->last = now;
    if (count->failures < free_tries)
        return;
    uint32_t doublings = count->failures - free_tries;
    int64_t wait_s = doublings > 5 ? MOST_S : FIRST_S << doublings;
    count->until = now + (wait_s < MOST_S ? wait_s : MOST_S) * JW_SECOND;
}

void jw_guard_failed(struct jw_guard *guard, jw_text account, const jw_address *address, int64_t now) {
    pthread_mutex_lock(&guard->lock);
    count_failure(guard, key_of_pair(account, address), JW_GUARD_PAIR, now);
    count_failure(guard, key_of_address(address), JW_GUARD_ADDRESS, now);
    pthread_mutex_unlock(&guard->lock);
}

void jw_guard_passed(struct jw_guard *guard, jw_text account, const jw_address *address) {
    pthread_mutex_lock(&guard->lock);
    struct count *count = find(guard, key_of_pair(account, address), INT64_MIN / 2, false);
    if (count)
        *count = (struct count){0};
    pthread_mutex_unlock(&guard->lock);
}
