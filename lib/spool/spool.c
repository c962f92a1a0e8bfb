/* lib/spool/spool.c — the writer as its users see it. What happens behind append is in commit.c. */
#include "spool.h"
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"

#define SEGMENT_PRESET (UINT64_C(64) << 20)
#define SEGMENT_LEAST  (UINT64_C(1) << 20)
#define SEGMENT_MOST   (UINT64_C(1) << 30)
#define FOLDER_PRESET  (UINT64_C(8) << 30)
#define COMMIT_PRESET  2000

static jw_status options_check(struct jw_spool_options *options, struct jw_error *err) {
    if (!options->segment_bytes)
        options->segment_bytes = SEGMENT_PRESET;
    if (!options->most_bytes)
        options->most_bytes = FOLDER_PRESET;
    if (!options->commit_us)
        options->commit_us = COMMIT_PRESET;
    if (options->segment_bytes < SEGMENT_LEAST || options->segment_bytes > SEGMENT_MOST)
        return jw_fail(err, JW_E_LIMIT, "spool: segments have 1 MiB to 1 GiB");
    /* Room is made by whole segments: with few of them the ceiling would be felt as long pauses. */
    uint64_t share = options->most_bytes / 8;
    if (options->segment_bytes > share)
        options->segment_bytes = share > SEGMENT_LEAST ? share : SEGMENT_LEAST;
    return JW_OK;
}

static jw_status own(struct jw_spool *spool, struct jw_error *err) {
    jw_status st = jw_segment_folder(spool->path, true, &spool->folder, err);
    if (st != JW_OK)
        return st;
    spool->owner = openat(spool->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (spool->owner < 0)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: lock: %s", spool->path, strerror(errno));
    if (flock(spool->owner, LOCK_EX | LOCK_NB) == 0)
        return JW_OK;
    return errno == EWOULDBLOCK ? jw_fail(err, JW_E_DENIED, "spool %s: another process is writing", spool->path)
                                : jw_fail(err, JW_E_SYSTEM, "spool %s: lock: %s", spool->path, strerror(errno));
}

static jw_status init_waiting(struct jw_spool *spool, struct jw_error *err) {
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&spool->lock, NULL);
    pthread_cond_init(&spool->work, &steady);
    pthread_cond_init(&spool->progress, &steady);
    pthread_condattr_destroy(&steady);
    spool->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    spool->origins = jw_origins_new();
    spool->settled = jw_origins_new();
    size_t room = JW_COMMIT_MOST + 2 * (size_t)JW_FRAME_MOST;
    spool->filling = spool->writing = JW_BUFFER(room);
    if (spool->event < 0 || !spool->origins || !spool->settled)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: %s", spool->path, strerror(errno));
    return JW_OK;
}

/* Signals belong to the threads of the daemon, not to ours. */
static jw_status start(struct jw_spool *spool, struct jw_error *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&spool->thread, NULL, jw_commit_thread, spool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: thread: %s", spool->path, strerror(failed));
    spool->running = true;
    return JW_OK;
}

jw_status jw_spool_open(const char *folder, const struct jw_spool_options *options, struct jw_spool **out,
                        uint64_t *out_cut, struct jw_error *err) {
    struct jw_spool *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: no memory", folder);
    fresh->folder = fresh->owner = fresh->event = -1;
    fresh->active = JW_SEGMENT_NONE;
    fresh->options = options ? *options : (struct jw_spool_options){0};
    fresh->path = strdup(folder);
    jw_status st = init_waiting(fresh, err);
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fresh;
    if (st == JW_OK && !spool->path)
        st = jw_fail(err, JW_E_SYSTEM, "spool %s: no memory", folder);
    if (st == JW_OK)
        st = options_check(&spool->options, err);
    if (st == JW_OK)
        st = own(spool, err);
    if (st == JW_OK)
        st = jw_head_open(spool->folder, true, &spool->head, err);
    uint64_t cut = 0;
    if (st == JW_OK && (st = jw_recover(spool, &cut, err)) != JW_OK)
        st = jw_wrap(err, st == JW_AGAIN ? JW_E_SYSTEM : st, "spool %s", folder);
    for (const char *const *name = spool->options.readers; st == JW_OK && name && *name; name++)
        st = jw_cursor_is_name(*name) ? jw_cursor_register(spool->folder, *name, err)
                                      : jw_fail(err, JW_E_SYNTAX, "spool: reader name %s", *name);
    if (st == JW_OK)
        st = start(spool, err);
    if (st != JW_OK)
        return st;
    if (out_cut)
        *out_cut = cut;
    *out = spool;
    spool = NULL;
    return JW_OK;
}

void jw_spool_close(struct jw_spool *spool) {
    if (!spool)
        return;
    if (spool->running) {
        pthread_mutex_lock(&spool->lock);
        spool->stop = true;
        pthread_cond_broadcast(&spool->work);
        pthread_mutex_unlock(&spool->lock);
        pthread_join(spool->thread, NULL);
    }
    jw_segment_close(&spool->active);
    jw_head_close(spool->head);
    for (const int *fd = (int[]){spool->event, spool->owner, spool->folder, -2}; *fd != -2; fd++)
        if (*fd >= 0)
            close(*fd);
    jw_origins_free(spool->origins);
    jw_origins_free(spool->settled);
    jw_buffer_free(&spool->filling);
    jw_buffer_free(&spool->writing);
    pthread_cond_destroy(&spool->work);
    pthread_cond_destroy(&spool->progress);
    pthread_mutex_destroy(&spool->lock);
    free(spool->segments);
    free(spool->path);
    free(spool);
}

/* Under the lock. */
static jw_status room(struct jw_spool *spool, uint64_t size, struct jw_error *err) {
    if (spool->failure != JW_OK)
        return jw_fail(err, spool->failure, "%s", spool->story.text);
    if (spool->disk_full)
        return jw_fail(err, JW_AGAIN, "spool %s: the disk is full", spool->path);
    if (spool->filling.len && spool->filling.len + size > JW_COMMIT_MOST)
        return jw_fail(err, JW_AGAIN, "spool %s: the disk is slower than the senders", spool->path);
    if (spool->disk_bytes + spool->writing_bytes + spool->filling.len + size > spool->options.most_bytes) {
        if (!spool->asked_bytes)
            pthread_cond_signal(&spool->work);
        spool->asked_bytes = size;
        return jw_fail(err, JW_AGAIN, "spool %s: the ceiling is reached", spool->path);
    }
    return JW_OK;
}

/* Under the lock: a frame joins the next commit. */
static jw_status put(struct jw_spool *spool, const struct jw_frame_header *given, const char *body,
                     struct jw_error *err) {
    uint64_t size = jw_frame_size(given->length);
    if (!jw_buffer_reserve(&spool->filling, size)) {
        spool->filling.failed = false; /* not sticky: memory may come back */
        return jw_fail(err, JW_AGAIN, "spool %s: no memory", spool->path);
    }
    struct jw_frame_header header = *given;
    header.start = spool->appended;
    header.first_event = spool->next_event;
    header.written = jw_time_now();
    char *at = spool->filling.ptr + spool->filling.len;
    memcpy(at, &header, sizeof header);
    if (header.length)
        memcpy(at + sizeof header, body, header.length);
    memset(at + sizeof header + header.length, 0, size - sizeof header - header.length);
    if (!spool->filling.len || spool->filling.len + size >= (size_t)1 << 20)
        pthread_cond_signal(&spool->work);
    if (!spool->filling.len)
        spool->first_append = jw_time_steady();
    spool->filling.len += size;
    spool->appended += size;
    spool->next_event += header.events;
    return JW_OK;
}

jw_status jw_spool_append(struct jw_spool *spool, const struct jw_spool_frame *frame, uint64_t *out_position,
                          struct jw_error *err) {
    if (frame->body.len > JW_FRAME_MOST)
        return jw_fail(err, JW_E_LIMIT, "spool %s: a frame of %zu bytes", spool->path, frame->body.len);
    struct jw_frame_header header = {.length = (uint32_t)frame->body.len,
                                     .events = frame->events,
                                     .kind = JW_FRAME_EVENTS,
                                     .origin = frame->origin,
                                     .origin_at = frame->origin_at};
    uint64_t size = jw_frame_size(header.length);
    if (size >
        spool->options.most_bytes / 2) /* the ceiling counts headers as well, and must be reachable from below */
        return jw_fail(err, JW_E_LIMIT, "spool %s: a frame of %zu bytes, more than half the ceiling", spool->path,
                       frame->body.len);
    header.body_check = jw_crc32c(0, frame->body.ptr, frame->body.len);
    pthread_mutex_lock(&spool->lock);
    jw_status st = room(spool, size, err);
    if (st == JW_OK)
        st = put(spool, &header, frame->body.ptr, err);
    if (st == JW_OK) {
        spool->asked_bytes = 0;
        jw_origins_set(spool->origins, frame->origin, frame->origin_at);
        if (out_position)
            *out_position = spool->appended;
    }
    pthread_mutex_unlock(&spool->lock);
    return st;
}

uint64_t jw_spool_durable(const struct jw_spool *spool) { return atomic_load(&spool->durable); }

uint64_t jw_spool_appended(struct jw_spool *spool) {
    pthread_mutex_lock(&spool->lock);
    uint64_t appended = spool->appended;
    pthread_mutex_unlock(&spool->lock);
    return appended;
}

static bool pause_until(struct jw_spool *spool, int64_t until) {
    struct timespec time = {.tv_sec = until / JW_SECOND, .tv_nsec = until % JW_SECOND};
    return pthread_cond_timedwait(&spool->progress, &spool->lock, &time) != ETIMEDOUT;
}

static int64_t deadline(int64_t timeout_ns) {
    int64_t now = jw_time_steady();
    return timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

jw_status jw_spool_wait(struct jw_spool *spool, uint64_t position, int64_t timeout_ns, struct jw_error *err) {
    if (atomic_load(&spool->durable) >= position)
        return JW_OK;
    int64_t until = deadline(timeout_ns);
    jw_status st = JW_OK;
    pthread_mutex_lock(&spool->lock);
    while (st == JW_OK && spool->durable < position) {
        if (spool->failure != JW_OK)
            st = jw_fail(err, spool->failure, "%s", spool->story.text);
        else if (!pause_until(spool, until) && spool->durable < position)
            st = spool->failure != JW_OK ? jw_fail(err, spool->failure, "%s", spool->story.text) : JW_AGAIN;
    }
    pthread_mutex_unlock(&spool->lock);
    return st;
}

jw_status jw_spool_wait_room(struct jw_spool *spool, size_t body, int64_t timeout_ns, struct jw_error *err) {
    int64_t until = deadline(timeout_ns);
    uint64_t size = jw_frame_size((uint32_t)(body < JW_FRAME_MOST ? body : JW_FRAME_MOST));
    pthread_mutex_lock(&spool->lock);
    jw_status st = room(spool, size, err);
    while (st == JW_AGAIN && pause_until(spool, until))
        st = room(spool, size, err);
    pthread_mutex_unlock(&spool->lock);
    return st;
}

int jw_spool_eventfd(struct jw_spool *spool) { return spool->event; }

bool jw_spool_origin(struct jw_spool *spool, uint64_t origin, uint64_t *out_at) {
    pthread_mutex_lock(&spool->lock);
    bool found = jw_origins_find(spool->origins, origin, out_at);
    pthread_mutex_unlock(&spool->lock);
    return found;
}

/* Written down like an event: a file system may give the same identity to the next file, which must begin at 0.
 * These frames pass every ceiling, because there are at most as many as known origins. */
void jw_spool_forget(struct jw_spool *spool, uint64_t origin) {
    struct jw_frame_header header = {.kind = JW_FRAME_FORGET, .origin = origin};
    uint64_t at;
    pthread_mutex_lock(&spool->lock);
    if (jw_origins_find(spool->origins, origin, &at) && spool->failure == JW_OK &&
        put(spool, &header, NULL, NULL) == JW_OK)
        jw_origins_remove(spool->origins, origin);
    pthread_mutex_unlock(&spool->lock);
}

double jw_spool_fill(const struct jw_spool *spool) {
    struct jw_spool *mutable = (struct jw_spool *)(uintptr_t)spool; /* for the lock alone */
    pthread_mutex_lock(&mutable->lock);
    uint64_t used = spool->disk_bytes + spool->writing_bytes + spool->filling.len;
    bool full = spool->disk_full || spool->failure != JW_OK;
    pthread_mutex_unlock(&mutable->lock);
    return full || used >= spool->options.most_bytes ? 1.0 : (double)used / (double)spool->options.most_bytes;
}

uint32_t jw_spool_id(const struct jw_spool *spool) { return spool->id; }
