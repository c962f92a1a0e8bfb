/* daemons/collect/worker.h — a thread of the pipeline: parses, packs frames, appends. Used by pipeline.c only. */
#pragma once
#include <pthread.h>

#include "intake/intake.h"
#include "pipeline.h"

/* A submission while it is ours. */
struct jw_item {
    struct jw_item *next;
    struct jw_submission ask;
    int64_t received;
    size_t cost;
    uint64_t position; /* its events are durable when the spool is here */
    uint32_t events;
    jw_status st;
    char texts[]; /* format, dataset, peer */
};

struct jw_item_list {
    struct jw_item *head, **tail;
};

/* What lines are understood with; shared by workers, freed by the last. */
struct jw_knowledge {
    atomic_uint users;
    struct jw_intake *intake;
};

struct jw_pipeline_shared {
    struct jw_spool *spool;
    struct jw_loop *loop;
    _Atomic uint64_t in_flight;
    uint64_t in_flight_most;
    pthread_mutex_t lock; /* of knowledge and failure */
    struct jw_knowledge *knowledge;
    atomic_uint edition; /* of knowledge */
    atomic_bool stopping, failed, woken;
    void (*wake)(void *context); /* posted to the loop when an answer may be ready */
    void *context;
    struct jw_error failure;
    jw_stat *stalls;
};

struct jw_worker;
JW_MUST_CHECK jw_status jw_worker_start(struct jw_pipeline_shared *shared, struct jw_worker **out,
                                        struct jw_error *err);
void jw_worker_stop(
    struct jw_worker *worker); /* finishes its queue; joined when it returns; answers stay takeable */
void jw_worker_free(struct jw_worker *worker);
bool jw_worker_give(struct jw_worker *worker,
                    struct jw_item *item); /* false: it has been stopped; item stays ours */
/* Appends to `out` what is answered by now, in order. */
void jw_worker_take(struct jw_worker *worker, uint64_t durable, struct jw_item_list *out);
uint64_t jw_worker_last(struct jw_worker *worker); /* position of the last append */
void jw_worker_fail(struct jw_pipeline_shared *shared, const struct jw_error *err); /* the disk did; any thread */
void jw_knowledge_drop(struct jw_knowledge *knowledge);
