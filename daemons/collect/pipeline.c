/* daemons/collect/pipeline.c — admits submissions, spreads them over workers, answers them when they are durable.
 */
#include "pipeline.h"
#include "worker.h"

#include <errno.h>

#include "base/time.h"

#define WORKERS_MOST 64
#define FILL_MOST    0.9
#define POLL_NS      (50 * JW_MS) /* how soon a waiter learns that the spool has room again */

struct jw_pipeline {
    struct jw_pipeline_shared shared;
    struct jw_pipeline_options options;
    struct jw_worker *workers[WORKERS_MOST];
    unsigned count;
    struct jw_waiter *waiters, **waiters_tail;
    struct jw_watch *commits;
    struct jw_timer *poll;
    jw_stat *in_flight, *fill;
    bool told, stopped;
};

/* --- admission ------------------------------------------------------------------------------------------------ */

static bool has_room(const struct jw_pipeline *pipeline, size_t cost, bool lossy) {
    uint64_t flying = pipeline->shared.in_flight, most = pipeline->options.in_flight_most;
    if (lossy)
        return flying + cost <= most;
    return (flying == 0 || flying + cost <= most - most / 10) && jw_spool_fill(pipeline->options.spool) < FILL_MOST;
}

bool jw_pipeline_has_room(const struct jw_pipeline *pipeline) {
    /* a little more than nothing, so that one answer does not wake everybody for one message each */
    return has_room(pipeline, pipeline->options.in_flight_most / 16, false);
}

static char *keep(char *at, jw_text s, jw_text *out) {
    if (s.len)
        memcpy(at, s.ptr, s.len);
    *out = (jw_text){s.len ? at : NULL, s.len};
    return at + s.len;
}

static struct jw_item *item_of(const struct jw_submission *ask) {
    jw_text format = ask->format.len ? ask->format : ask->source->format;
    jw_text dataset = ask->dataset.len ? ask->dataset : ask->source->dataset;
    struct jw_item *item = malloc(sizeof *item + format.len + dataset.len + ask->peer.len);
    if (!item)
        return NULL;
    *item = (struct jw_item){.ask = *ask, .received = jw_time_now(), .st = JW_OK};
    item->cost = sizeof *item + jw_lines_cost(ask->lines);
    char *at = keep(item->texts, format, &item->ask.format);
    at = keep(at, dataset, &item->ask.dataset);
    keep(at, ask->peer, &item->ask.peer);
    return item;
}

struct received {
    uint64_t events, bytes, cut, at_ms;
};

/* Before the item is given away: then it may be answered and gone at once. */
static struct received measure(const struct jw_item *item) {
    const struct jw_lines *lines = item->ask.lines;
    struct received received = {lines->count, lines->len, 0, (uint64_t)(item->received / JW_MS)};
    for (uint32_t i = 0; i < lines->count; i++)
        received.cut += lines->list[i].flags & JW_LINE_CUT;
    return received;
}

static void count_received(struct jw_source *source, const struct received *received) {
    if (received->cut)
        jw_stat_add(source->oversize, received->cut);
    jw_stat_add(source->received, received->events);
    jw_stat_add(source->bytes, received->bytes);
    jw_stat_set(source->last_ms, received->at_ms);
}

jw_status jw_submit(struct jw_pipeline *pipeline, const struct jw_submission *ask) {
    size_t cost = sizeof(struct jw_item) + jw_lines_cost(ask->lines);
    if (pipeline->shared.stopping || pipeline->shared.failed)
        return JW_E_SYSTEM;
    if (!ask->lines->count || ask->lines->count > JW_SUBMIT_LINES || ask->lines->len > JW_SUBMIT_BYTES)
        return JW_E_LIMIT;
    if (!has_room(pipeline, cost, ask->lossy))
        return JW_AGAIN;
    struct jw_item *item = item_of(ask);
    if (!item)
        return JW_E_LIMIT;
    atomic_fetch_add(&pipeline->shared.in_flight, item->cost);
    struct received received = measure(item);
    if (!jw_worker_give(pipeline->workers[ask->lane % pipeline->count], item)) {
        atomic_fetch_sub(&pipeline->shared.in_flight, item->cost);
        free(item);
        return JW_E_SYSTEM;
    }
    count_received(ask->source, &received);
    return JW_OK;
}

/* --- waiting threads ------------------------------------------------------------------------------------------ */

struct patient {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    jw_status st;
};

static void on_answer(void *context, jw_status st, uint32_t events) {
    struct patient *patient = context;
    (void)events;
    pthread_mutex_lock(&patient->lock);
    patient->done = true;
    patient->st = st;
    pthread_cond_signal(&patient->answered);
    pthread_mutex_unlock(&patient->lock);
}

jw_status jw_submit_wait(struct jw_pipeline *pipeline, const struct jw_submission *submission, int64_t timeout_ns) {
    struct patient patient = {.lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER};
    struct jw_submission ask = *submission;
    int64_t until = jw_time_steady() + timeout_ns;
    ask.done = on_answer;
    ask.context = &patient;
    jw_status st;
    while ((st = jw_submit(pipeline, &ask)) == JW_AGAIN && jw_time_steady() < until)
        nanosleep(&(struct timespec){.tv_nsec = 10 * JW_MS}, NULL);
    if (st != JW_OK) {
        jw_lines_free(ask.lines);
        return st;
    }
    pthread_mutex_lock(&patient.lock);
    while (!patient.done)
        pthread_cond_wait(&patient.answered, &patient.lock);
    pthread_mutex_unlock(&patient.lock);
    return patient.st;
}

/* --- answers -------------------------------------------------------------------------------------------------- */

void jw_pipeline_await(struct jw_pipeline *pipeline, struct jw_waiter *waiter) {
    if (waiter->prev)
        return;
    waiter->next = NULL;
    waiter->prev = pipeline->waiters_tail;
    *pipeline->waiters_tail = waiter;
    pipeline->waiters_tail = &waiter->next;
}

static void unlink_waiter(struct jw_pipeline *pipeline, struct jw_waiter *waiter) {
    *waiter->prev = waiter->next;
    if (waiter->next)
        waiter->next->prev = waiter->prev;
    else
        pipeline->waiters_tail = waiter->prev;
    waiter->prev = NULL;
    waiter->next = NULL;
}

void jw_pipeline_forget(struct jw_pipeline *pipeline, struct jw_waiter *waiter) {
    if (waiter->prev)
        unlink_waiter(pipeline, waiter);
}

/* First come, first served, and only while there is room. Who finds none again stands at the end of the queue. */
static void wake_waiters(struct jw_pipeline *pipeline) {
    struct jw_waiter *last = pipeline->waiters;
    for (struct jw_waiter *waiter = last; waiter; waiter = waiter->next)
        last = waiter;
    while (pipeline->waiters && jw_pipeline_has_room(pipeline)) {
        struct jw_waiter *waiter = pipeline->waiters;
        unlink_waiter(pipeline, waiter);
        waiter->fn(waiter->context);
        if (waiter == last)
            break;
    }
}

/* `last`: what is not durable by now is answered as lost to us; its sender keeps it. */
static void answer_all(struct jw_pipeline *pipeline, bool last) {
    struct jw_item_list ready = {.head = NULL};
    ready.tail = &ready.head;
    uint64_t durable = jw_spool_durable(pipeline->options.spool);
    pipeline->shared.woken = false;
    for (unsigned i = 0; i < pipeline->count; i++)
        jw_worker_take(pipeline->workers[i], last ? UINT64_MAX : durable, &ready);
    for (struct jw_item *item = ready.head, *next; item; item = next) {
        next = item->next;
        atomic_fetch_sub(&pipeline->shared.in_flight, item->cost);
        uint32_t events = item->ask.lines->count;
        jw_lines_free(item->ask.lines);
        jw_status st = item->st == JW_OK && item->position > durable ? JW_E_SYSTEM : item->st;
        if (item->ask.done)
            item->ask.done(item->ask.context, st, events);
        free(item);
    }
    if (pipeline->shared.failed && !pipeline->told) {
        pipeline->told = true;
        pipeline->options.failed(pipeline->options.context, pipeline->shared.failure.text);
    }
}

static void on_wake(void *context) {
    struct jw_pipeline *pipeline = context;
    answer_all(pipeline, false);
    if (!pipeline->stopped)
        wake_waiters(pipeline);
}

static void on_commit(void *context, int fd, uint32_t events) {
    uint64_t count;
    (void)events;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    on_wake(context);
}

/* The disk may fail after the last append: nobody would append again and be told, and no answer would ever come. */
static void look_at_spool(struct jw_pipeline *pipeline) {
    struct jw_spool *spool = pipeline->options.spool;
    struct jw_error err;
    if (jw_spool_wait(spool, jw_spool_appended(spool), 0, &err) < 0)
        jw_worker_fail(&pipeline->shared, &err);
}

static void on_poll(void *context) {
    struct jw_pipeline *pipeline = context;
    look_at_spool(pipeline);
    jw_stat_set(pipeline->in_flight, pipeline->shared.in_flight);
    jw_stat_set(pipeline->fill, (uint64_t)(jw_spool_fill(pipeline->options.spool) * 1000));
    on_wake(pipeline);
}

/* --- life ----------------------------------------------------------------------------------------------------- */

jw_status jw_pipeline_new(const struct jw_pipeline_options *options, struct jw_pipeline **out,
                          struct jw_error *err) {
    JW_AUTO(jw_pipeline_free_p) struct jw_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pipeline->options = *options;
    pipeline->waiters_tail = &pipeline->waiters;
    pthread_mutex_init(&pipeline->shared.lock, NULL);
    pipeline->shared.spool = options->spool;
    pipeline->shared.loop = options->loop;
    pipeline->shared.in_flight_most = options->in_flight_most;
    pipeline->shared.wake = on_wake;
    pipeline->shared.context = pipeline;
    pipeline->shared.stalls = jw_stats_get(options->stats, "spool_full_waits_total", (jw_text){0});
    pipeline->in_flight = jw_stats_get(options->stats, "in_flight_bytes", (jw_text){0});
    pipeline->fill = jw_stats_get(options->stats, "spool_fill_permille", (jw_text){0});
    jw_status st = jw_loop_watch(options->loop, jw_spool_eventfd(options->spool), EPOLLIN, on_commit, pipeline,
                                 &pipeline->commits, err);
    if (st == JW_OK)
        st = jw_loop_timer(options->loop, POLL_NS, POLL_NS, on_poll, pipeline, &pipeline->poll, err);
    for (; st == JW_OK && pipeline->count < options->workers && pipeline->count < WORKERS_MOST; pipeline->count++)
        if ((st = jw_worker_start(&pipeline->shared, &pipeline->workers[pipeline->count], err)) != JW_OK)
            break;
    if (st != JW_OK)
        return st;
    *out = pipeline;
    pipeline = NULL;
    return JW_OK;
}

jw_status jw_pipeline_learn(struct jw_pipeline *pipeline, struct jw_intake *intake, struct jw_error *err) {
    struct jw_knowledge *knowledge = malloc(sizeof *knowledge), *before;
    if (!knowledge) {
        jw_intake_free(intake);
        return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    *knowledge = (struct jw_knowledge){.users = 1, .intake = intake};
    pthread_mutex_lock(&pipeline->shared.lock);
    before = pipeline->shared.knowledge;
    pipeline->shared.knowledge = knowledge;
    atomic_fetch_add(&pipeline->shared.edition, 1);
    pthread_mutex_unlock(&pipeline->shared.lock);
    jw_knowledge_drop(before);
    return JW_OK;
}

void jw_pipeline_stop(struct jw_pipeline *pipeline) {
    struct jw_error err;
    if (!pipeline || pipeline->stopped)
        return;
    pipeline->stopped = true;
    pipeline->shared.stopping = true;
    for (unsigned i = 0; i < pipeline->count; i++) {
        jw_worker_stop(pipeline->workers[i]);
        uint64_t last = jw_worker_last(pipeline->workers[i]);
        if (last && jw_spool_wait(pipeline->options.spool, last, 5 * JW_SECOND, &err) < 0)
            continue; /* the disk failed: nobody is told that it is durable */
    }
    answer_all(pipeline, true);
}

void jw_pipeline_free(struct jw_pipeline *pipeline) {
    if (!pipeline)
        return;
    jw_pipeline_stop(pipeline);
    jw_watch_end(pipeline->commits);
    jw_timer_end(pipeline->poll);
    for (unsigned i = 0; i < pipeline->count; i++)
        jw_worker_free(pipeline->workers[i]);
    jw_knowledge_drop(pipeline->shared.knowledge);
    pthread_mutex_destroy(&pipeline->shared.lock);
    free(pipeline);
}
