/* daemons/collect/worker.c — takes items from its queue, turns their lines into records, packs records into frames.
 * Items of one origin (or of none) share frames, and no item is torn: what a frame says about its origin is all
 * true. */
#include "worker.h"

#include "base/time.h"
#include "record/codec.h"

#define ARENA_MOST   ((size_t)64 << 20) /* one record's scratch */
#define FRAME_MOST   ((size_t)48 << 20) /* the spool takes 64 MiB */
#define FRAME_WANTED ((size_t)1 << 20)  /* then it is worth an append of its own */
#define RETRY_NS     (5 * JW_MS)

struct jw_worker {
    struct jw_pipeline_shared *shared;
    pthread_t thread;
    pthread_mutex_t lock; /* of queue, answers, done, last */
    pthread_cond_t some;
    struct jw_item_list queue, answers; /* answers: appended, not yet taken */
    bool done;
    uint64_t last;
    /* the thread's own */
    struct jw_knowledge *knowledge;
    unsigned edition;
    struct jw_intake_worker *intake;
    struct jw_arena *mem;
    struct jw_batch_writer *batch;
    struct jw_item_list open; /* items with records in `batch` */
    uint32_t events;          /* records in `batch` */
};

static void push(struct jw_item_list *list, struct jw_item *item) {
    item->next = NULL;
    *list->tail = item;
    list->tail = &item->next;
}

static struct jw_item *pop(struct jw_item_list *list) {
    struct jw_item *item = list->head;
    if (item && !(list->head = item->next))
        list->tail = &list->head;
    return item;
}

void jw_knowledge_drop(struct jw_knowledge *knowledge) {
    if (knowledge && atomic_fetch_sub(&knowledge->users, 1) == 1) {
        jw_intake_free(knowledge->intake);
        free(knowledge);
    }
}

static void wake_loop(struct jw_pipeline_shared *shared) {
    if (!atomic_exchange(&shared->woken, true) &&
        jw_loop_post(shared->loop, shared->wake, shared->context) != JW_OK)
        shared->woken = false; /* the loop has 65,536 calls waiting: it is awake, and the next answer tries again */
}

/* --- appending ------------------------------------------------------------------------------------------------ */

/* Hands the open items over for answering. */
static void answer(struct jw_worker *worker, jw_status st, uint64_t position) {
    pthread_mutex_lock(&worker->lock);
    for (struct jw_item *item; (item = pop(&worker->open));) {
        item->st = st;
        item->position = position;
        push(&worker->answers, item);
    }
    if (st == JW_OK)
        worker->last = position;
    pthread_mutex_unlock(&worker->lock);
    /* the commit may have come before the answer was there to be seen */
    if (st != JW_OK || jw_spool_durable(worker->shared->spool) >= position)
        wake_loop(worker->shared);
}

void jw_worker_fail(struct jw_pipeline_shared *shared, const struct jw_error *err) {
    pthread_mutex_lock(&shared->lock);
    if (!shared->failed)
        shared->failure = *err;
    shared->failed = true; /* after the story, which the loop's thread reads without the lock */
    pthread_mutex_unlock(&shared->lock);
}

/* Appends until there is room; what may be lost is dropped instead of waited for. */
static jw_status append(struct jw_worker *worker, const struct jw_spool_frame *frame, bool lossy,
                        uint64_t *position) {
    struct jw_pipeline_shared *shared = worker->shared;
    struct jw_error err = {{0}};
    for (;;) {
        jw_status st = jw_spool_append(shared->spool, frame, position, &err);
        if (st == JW_OK)
            return st;
        if (st == JW_E_LIMIT) /* larger than half a small spool: it will never fit */
            return st;
        if (st < 0) {
            jw_worker_fail(shared, &err);
            return JW_E_SYSTEM;
        }
        if (lossy)
            return JW_E_LIMIT;
        jw_stat_add(shared->stalls, 1);
        if (shared->stopping)
            return JW_E_SYSTEM; /* never acknowledged: the sender keeps it */
        nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
}

static void count_dropped(struct jw_worker *worker) {
    for (struct jw_item *item = worker->open.head; item; item = item->next)
        jw_stat_add(item->ask.source->dropped, item->events);
}

static void flush(struct jw_worker *worker) {
    struct jw_item *first = worker->open.head;
    uint64_t position = 0;
    if (!first)
        return;
    struct jw_spool_frame frame = {.events = worker->events, .origin = first->ask.origin};
    for (struct jw_item *item = first; item; item = item->next)
        frame.origin_at = item->ask.origin_at;
    frame.body = jw_batch_writer_finish(worker->batch);
    worker->events = 0;
    jw_status st = JW_E_SYSTEM;
    if (frame.body.ptr && !worker->shared->failed)
        st = append(worker, &frame, first->ask.lossy, &position);
    if (st == JW_E_LIMIT)
        count_dropped(worker);
    answer(worker, st, position);
}

/* --- parsing -------------------------------------------------------------------------------------------------- */

static void refresh(struct jw_worker *worker) {
    struct jw_pipeline_shared *shared = worker->shared;
    if (worker->knowledge && worker->edition == shared->edition)
        return;
    pthread_mutex_lock(&shared->lock);
    struct jw_knowledge *knowledge = shared->knowledge;
    atomic_fetch_add(&knowledge->users, 1);
    worker->edition = shared->edition;
    pthread_mutex_unlock(&shared->lock);
    struct jw_intake_worker *intake = jw_intake_worker_new(knowledge->intake);
    if (!intake && worker->intake) { /* no memory now: the old edition serves on */
        jw_knowledge_drop(knowledge);
        return;
    }
    jw_intake_worker_free(worker->intake);
    jw_knowledge_drop(worker->knowledge);
    worker->intake = intake;
    worker->knowledge = knowledge;
}

/* The line as it came, when nothing better can be made of it. */
static void raw_record(const struct jw_intake_from *from, jw_text line, struct jw_record *rec) {
    jw_record_set_time(rec, from->received);
    jw_record_put(rec, JW_F_EVENT_ORIGINAL, line);
    jw_record_put(rec, JW_F_GOV_SOURCE, from->source);
    jw_record_put_kind(rec, JW_F_GOV_PARSED, JW_TEXT("false"), JW_KIND_BOOL);
}

static bool parse(struct jw_worker *worker, const struct jw_intake_from *from, jw_text line, unsigned flags,
                  struct jw_record *rec) {
    jw_arena_reset(worker->mem);
    *rec = (struct jw_record){.mem = worker->mem};
    jw_status st = worker->intake ? jw_intake_line(worker->intake, from, line, rec, NULL) : JW_E_LIMIT;
    if (st < 0 || jw_record_check(rec, NULL) != JW_OK) {
        jw_arena_reset(worker->mem);
        *rec = (struct jw_record){.mem = worker->mem};
        raw_record(from, line, rec);
        st = JW_AGAIN;
    }
    if (flags & JW_LINE_CUT)
        jw_record_add(rec, JW_TEXT("tags"), JW_TEXT("cut"));
    return st == JW_OK;
}

/* An item is never torn into two frames, so a record too large for the rest becomes a raw one. */
static void pack(struct jw_worker *worker, struct jw_item *item, const struct jw_intake_from *from, uint32_t i,
                 struct jw_record *rec) {
    if (jw_batch_writer_add(worker->batch, rec) == JW_OK) {
        worker->events++;
        item->events++;
        return;
    }
    jw_arena_reset(worker->mem);
    *rec = (struct jw_record){.mem = worker->mem};
    raw_record(from, jw_lines_get(item->ask.lines, i), rec);
    if (jw_batch_writer_add(worker->batch, rec) == JW_OK) {
        worker->events++;
        item->events++;
    } else {
        jw_stat_add(item->ask.source->dropped, 1); /* cannot be: submissions are bounded well below a frame */
    }
}

static bool belongs(const struct jw_worker *worker, const struct jw_item *item) {
    const struct jw_item *first = worker->open.head;
    return !first || (first->ask.origin == item->ask.origin && first->ask.lossy == item->ask.lossy &&
                      jw_batch_writer_size(worker->batch) < FRAME_WANTED &&
                      worker->events + item->ask.lines->count <= JW_BATCH_RECORDS);
}

static void process(struct jw_worker *worker, struct jw_item *item) {
    uint64_t unparsed = 0;
    struct jw_source *source = item->ask.source;
    const struct jw_intake_from from = {.source = jw_text_from(source->name),
                                        .format = item->ask.format,
                                        .dataset = item->ask.dataset,
                                        .peer = item->ask.peer,
                                        .received = item->received};
    refresh(worker);
    if (!belongs(worker, item))
        flush(worker);
    push(&worker->open, item);
    for (uint32_t i = 0; i < item->ask.lines->count; i++) {
        struct jw_record rec;
        unparsed += !parse(worker, &from, jw_lines_get(item->ask.lines, i), item->ask.lines->list[i].flags, &rec);
        pack(worker, item, &from, i, &rec);
    }
    if (unparsed)
        jw_stat_add(source->unparsed, unparsed);
}

static bool is_idle(struct jw_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool idle = worker->queue.head == NULL;
    pthread_mutex_unlock(&worker->lock);
    return idle;
}

static struct jw_item *next_item(struct jw_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    while (!worker->queue.head && !worker->done)
        pthread_cond_wait(&worker->some, &worker->lock);
    struct jw_item *item = pop(&worker->queue);
    pthread_mutex_unlock(&worker->lock);
    return item;
}

static void *run(void *context) {
    struct jw_worker *worker = context;
    for (struct jw_item *item; (item = next_item(worker));) {
        process(worker, item);
        if (is_idle(worker) || jw_batch_writer_size(worker->batch) >= FRAME_WANTED)
            flush(worker);
    }
    flush(worker);
    return NULL;
}

/* --- life ----------------------------------------------------------------------------------------------------- */

jw_status jw_worker_start(struct jw_pipeline_shared *shared, struct jw_worker **out, struct jw_error *err) {
    struct jw_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    worker->shared = shared;
    worker->queue.tail = &worker->queue.head;
    worker->answers.tail = &worker->answers.head;
    worker->open.tail = &worker->open.head;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->some, NULL);
    worker->mem = jw_arena_new(ARENA_MOST);
    worker->batch = jw_batch_writer_new(FRAME_MOST);
    if (!worker->mem || !worker->batch || pthread_create(&worker->thread, NULL, run, worker) != 0) {
        jw_worker_free(worker);
        return jw_fail(err, JW_E_LIMIT, "no memory for a worker thread");
    }
    *out = worker;
    return JW_OK;
}

void jw_worker_stop(struct jw_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    worker->done = true;
    pthread_cond_signal(&worker->some);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
}

void jw_worker_free(struct jw_worker *worker) {
    if (!worker)
        return;
    jw_batch_writer_free(worker->batch);
    jw_arena_free(worker->mem);
    jw_intake_worker_free(worker->intake);
    jw_knowledge_drop(worker->knowledge);
    pthread_cond_destroy(&worker->some);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

bool jw_worker_give(struct jw_worker *worker, struct jw_item *item) {
    pthread_mutex_lock(&worker->lock);
    bool open = !worker->done;
    if (open && !worker->queue.head)
        pthread_cond_signal(&worker->some);
    if (open)
        push(&worker->queue, item);
    pthread_mutex_unlock(&worker->lock);
    return open;
}

void jw_worker_take(struct jw_worker *worker, uint64_t durable, struct jw_item_list *out) {
    pthread_mutex_lock(&worker->lock);
    while (worker->answers.head && (worker->answers.head->st != JW_OK || worker->answers.head->position <= durable))
        push(out, pop(&worker->answers));
    pthread_mutex_unlock(&worker->lock);
}

uint64_t jw_worker_last(struct jw_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    uint64_t last = worker->last;
    pthread_mutex_unlock(&worker->lock);
    return last;
}
