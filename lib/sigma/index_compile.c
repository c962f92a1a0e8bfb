/* lib/sigma/index_compile.c — vectorscan compiles the needles of all columns: half of the time that a start takes,
 * and the columns have nothing to do with each other, so that every core takes some. */
#include "index_parts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 8

/* One find is enough where every user of the needle is satisfied by its presence, or verifies by itself. */
static bool single(const struct jw_index *index, uint32_t needle) {
    for (uint32_t i = index->needle_first[needle]; i; i = index->alternatives[i - 1].next) {
        const struct jw_alternative *a = &index->alternatives[i - 1];
        if (!a->needs_match && a->value->pattern.shape != JW_SHAPE_CONTAINS)
            return false;
    }
    return true;
}

static jw_status compile_needles(struct jw_index *index, struct jw_error *err) {
    uint32_t n = index->needle_count >= JW_NEEDLES_LEAST ? index->needle_count : 0;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(SIZE_MAX / 4);
    const char **texts = mem ? jw_arena_alloc(mem, (n + 1) * sizeof *texts) : NULL;
    unsigned *flags = mem ? jw_arena_alloc(mem, (n + 1) * sizeof *flags) : NULL;
    unsigned *ids = mem ? jw_arena_alloc(mem, (n + 1) * sizeof *ids) : NULL;
    size_t *lengths = mem ? jw_arena_alloc(mem, (n + 1) * sizeof *lengths) : NULL;
    hs_compile_error_t *why = NULL;
    if (!texts || !flags || !ids || !lengths)
        return jw_fail(err, JW_E_LIMIT, "index: no memory");
    for (uint32_t i = 0; i < n; i++) {
        texts[i] = index->needle_texts[i].ptr;
        lengths[i] = index->needle_texts[i].len;
        flags[i] = single(index, i) ? HS_FLAG_SINGLEMATCH : 0;
        ids[i] = i;
    }
    if (n && hs_compile_lit_multi(texts, flags, ids, lengths, n, HS_MODE_BLOCK, NULL, &index->needles, &why) !=
                 HS_SUCCESS) {
        jw_status st = jw_fail(err, JW_E_SYSTEM, "index: vectorscan: %s", why ? why->message : "failed");
        hs_free_compile_error(why);
        return st;
    }
    return JW_OK;
}

struct compiling {
    struct jw_index **indexes; /* the largest first: it takes longest, and nobody should wait for it at the end */
    uint32_t count;
    _Atomic uint32_t next;
};
struct compiler {
    struct compiling *all;
    pthread_t thread;
    bool started;
    jw_status st;
    struct jw_error err;
};

static void *compile_some(void *context) {
    struct compiler *one = context;
    while (one->st == JW_OK) {
        uint32_t at = atomic_fetch_add(&one->all->next, 1);
        if (at >= one->all->count)
            break;
        one->st = compile_needles(one->all->indexes[at], &one->err);
    }
    return NULL;
}

static int by_needles(const void *a, const void *b) {
    uint32_t x = (*(struct jw_index *const *)a)->needle_count, y = (*(struct jw_index *const *)b)->needle_count;
    return (x < y) - (x > y);
}

jw_status jw_index_compile(struct jw_index **indexes, uint32_t count, struct jw_error *err) {
    struct compiling all = {.indexes = indexes, .count = count};
    struct compiler compilers[THREADS] = {{0}};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = cores < 1 ? 1 : cores > THREADS ? THREADS : (int)cores;
    jw_status st = JW_OK;
    qsort(indexes, count, sizeof *indexes, by_needles);
    for (int i = 0; i < threads; i++)
        compilers[i].all = &all;
    for (int i = 1; i < threads; i++) /* where threads are not to be had the others do it */
        compilers[i].started = pthread_create(&compilers[i].thread, NULL, compile_some, &compilers[i]) == 0;
    compile_some(&compilers[0]);
    for (int i = 0; i < threads; i++) {
        if (compilers[i].started)
            pthread_join(compilers[i].thread, NULL);
        if (st == JW_OK && compilers[i].st != JW_OK) {
            st = jw_fail(err, compilers[i].st, "%s", compilers[i].err.text);
        }
    }
    return st;
}
