/* lib/gov/live.c — the locks around a table. */
#include "live.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#define STRIPES 16

struct stripe {
    alignas(64) pthread_mutex_t lock;
};

struct jw_gov_live {
    struct stripe stripes[STRIPES];
    struct jw_gov_table *table;
};

static unsigned own_stripe(void) {
    static atomic_uint threads;
    static _Thread_local unsigned mine;
    if (!mine)
        mine = 1 + atomic_fetch_add(&threads, 1) % STRIPES;
    return mine - 1;
}

struct jw_gov_live *jw_gov_live_new(void) {
    struct jw_gov_live *live = aligned_alloc(64, sizeof *live);
    if (!live)
        return NULL;
    live->table = NULL;
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_init(&live->stripes[i].lock, NULL);
    return live;
}

void jw_gov_live_free(struct jw_gov_live *live) {
    if (!live)
        return;
    jw_gov_table_free(live->table);
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&live->stripes[i].lock);
    free(live);
}

struct jw_gov_table *jw_gov_live_edit(struct jw_gov_live *live) {
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&live->stripes[i].lock);
    return live->table;
}

void jw_gov_live_done(struct jw_gov_live *live) {
    for (int i = STRIPES; i-- > 0;)
        pthread_mutex_unlock(&live->stripes[i].lock);
}

void jw_gov_live_swap(struct jw_gov_live *live, struct jw_gov_table *table) {
    struct jw_gov_table *before = jw_gov_live_edit(live);
    live->table = table;
    jw_gov_live_done(live);
    jw_gov_table_free(before); /* a million frees: nobody waits for them */
}

const struct jw_gov_table *jw_gov_live_enter(struct jw_gov_live *live) {
    pthread_mutex_lock(&live->stripes[own_stripe()].lock);
    return live->table;
}

void jw_gov_live_leave(struct jw_gov_live *live) { pthread_mutex_unlock(&live->stripes[own_stripe()].lock); }
