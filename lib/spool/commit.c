/* lib/spool/commit.c — group commit: one thread writes what has gathered, syncs it, and tells everybody. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"

#define ENOUGH      ((size_t)1 << 20) /* bytes worth a commit before the window is over */
#define RUN_MOST    ((size_t)4 << 20) /* bytes of one write */
#define FULL_WAIT   (100 * JW_MS)     /* between two tries on a full disk */
#define ASKED_WAIT  (20 * JW_MS)      /* between two looks at the cursors while somebody wants room */
#define IDLE_WAIT   JW_SECOND
#define KEEP_BUFFER ((size_t)4 << 20) /* a larger one is given back when there is nothing to do */

void jw_commit_wake(struct jw_spool *spool) {
    uint64_t one = 1;
    pthread_cond_broadcast(&spool->progress);
    if (write(spool->event, &one, sizeof one) < 0)
        return; /* full means it is readable already */
}

static jw_status note_segment(struct jw_spool *spool, const struct jw_segment *segment, struct jw_error *err) {
    if (spool->segment_count == spool->segment_capacity) {
        size_t capacity = spool->segment_capacity ? spool->segment_capacity * 2 : 64;
        struct jw_segment_entry *more = realloc(spool->segments, capacity * sizeof *more);
        if (!more)
            return jw_fail(err, JW_E_SYSTEM, "new segment: no memory");
        spool->segments = more;
        spool->segment_capacity = capacity;
    }
    if (spool->segment_count)
        spool->segments[spool->segment_count - 1].bytes = spool->active_bytes;
    spool->segments[spool->segment_count++] = (struct jw_segment_entry){segment->start, segment->base};
    return JW_OK;
}

jw_status jw_commit_roll(struct jw_spool *spool, uint64_t start, struct jw_error *err) {
    struct jw_segment next = JW_SEGMENT_NONE;
    jw_status st =
        jw_segment_create(spool->folder, spool->id, start, spool->settled_event, spool->settled, &next, err);
    if (st == JW_OK)
        st = note_segment(spool, &next, err);
    if (st != JW_OK) {
        jw_segment_close(&next);
        return st;
    }
    jw_segment_close(&spool->active);
    spool->active = next;
    spool->active_bytes = next.base;
    pthread_mutex_lock(&spool->lock);
    spool->disk_bytes += next.base;
    pthread_mutex_unlock(&spool->lock);
    return JW_OK;
}

/* What the synced frames say about origins and event numbers now holds. */
static void settle(struct jw_spool *spool) {
    while (spool->synced < spool->written) {
        const struct jw_frame_header *header = jw_frame_at(&spool->writing, spool->synced);
        if (header->kind == JW_FRAME_FORGET)
            jw_origins_remove(spool->settled, header->origin);
        else
            jw_origins_set(spool->settled, header->origin, header->origin_at);
        spool->settled_event = header->first_event + header->events;
        spool->synced += jw_frame_size(header->length);
    }
}

static jw_status sync_active(struct jw_spool *spool, struct jw_error *err) {
    if (spool->synced == spool->written)
        return JW_OK;
    if (fdatasync(spool->active.fd) != 0) {
        jw_status st = jw_segment_failed(err, errno, "fdatasync");
        /* The kernel may have dropped the pages it could not write; we still have the bytes and write them again.
         */
        spool->active_bytes -= spool->written - spool->synced;
        spool->written = spool->synced;
        return st;
    }
    settle(spool);
    return JW_OK;
}

/* Seals frames from `written` on for the active segment and returns their bytes; 0: the next one wants a new
 * segment. */
static size_t prepare(struct jw_spool *spool) {
    size_t run = 0, left = spool->writing.len - spool->written;
    while (run < left && run < RUN_MOST) {
        struct jw_frame_header *header =
            (struct jw_frame_header *)(void *)(spool->writing.ptr + spool->written + run);
        size_t size = jw_frame_size(header->length);
        uint64_t bytes = spool->active_bytes + run;
        if (bytes > spool->active.base && bytes + size > spool->options.segment_bytes)
            break;
        header->durable = atomic_load(&spool->durable);
        jw_segment_seal(header, spool->active.seed);
        run += size;
    }
    return run;
}

static jw_status write_all(struct jw_spool *spool, struct jw_error *err) {
    jw_status st = JW_OK;
    while (st == JW_OK && spool->written < spool->writing.len) {
        size_t run = prepare(spool);
        if (run) {
            st = jw_segment_write(spool->active.fd, spool->writing.ptr + spool->written, run,
                                  (int64_t)spool->active_bytes, err);
            if (st == JW_OK) {
                spool->active_bytes += run;
                spool->written += run;
            }
            continue;
        }
        st = sync_active(spool, err);
        if (st == JW_OK)
            st = jw_commit_roll(spool, spool->active.start + (spool->active_bytes - spool->active.base), err);
    }
    return st == JW_OK ? sync_active(spool, err) : st;
}

static void wait_until(struct jw_spool *spool, int64_t until) {
    struct timespec time = {.tv_sec = until / JW_SECOND, .tv_nsec = until % JW_SECOND};
    pthread_cond_timedwait(&spool->work, &spool->lock, &time);
}

/* Under the lock. Writes what is in `writing`, for as long as a full disk may take; false: it did not get durable.
 */
static bool commit(struct jw_spool *spool) {
    struct jw_error err = {0};
    while (true) {
        pthread_mutex_unlock(&spool->lock);
        jw_status st = write_all(spool, &err);
        if (st == JW_AGAIN)
            jw_retention_run(spool);
        pthread_mutex_lock(&spool->lock);
        spool->disk_full = st == JW_AGAIN;
        if (st == JW_OK)
            return true;
        if (st != JW_AGAIN) {
            spool->failure = st;
            jw_fail(&spool->story, st, "spool %s: %s", spool->path, err.text);
        }
        jw_commit_wake(spool);
        if (st != JW_AGAIN || spool->stop)
            return false;
        wait_until(spool, jw_time_steady() + FULL_WAIT);
    }
}

/* Under the lock. */
static void publish(struct jw_spool *spool) {
    uint64_t durable = spool->durable + spool->writing.len;
    spool->disk_bytes += spool->writing.len;
    spool->writing_bytes = 0;
    atomic_store(&spool->durable, durable);
    jw_head_publish(spool->head, durable, spool->settled_event);
    jw_commit_wake(spool);
    jw_buffer_clear(&spool->writing);
    spool->written = spool->synced = 0;
}

/* Under the lock: until there is something to commit (true), or time to look at the cursors, or to stop (false). */
static bool gather(struct jw_spool *spool, int64_t look) {
    while (!spool->stop) {
        int64_t now = jw_time_steady(), until = look;
        if (spool->filling.len) {
            int64_t due = spool->first_append + (int64_t)spool->options.commit_us * 1000;
            if (spool->filling.len >= ENOUGH || now >= due)
                return true;
            until = due;
        } else if (now >= look) {
            return false;
        }
        if (spool->asked_bytes && until > now + ASKED_WAIT)
            until = now + ASKED_WAIT;
        wait_until(spool, until);
        if (spool->asked_bytes && !spool->filling.len)
            return false;
    }
    return spool->filling.len != 0;
}

/* Under the lock. */
static void look_at_cursors(struct jw_spool *spool) {
    pthread_mutex_unlock(&spool->lock);
    bool room = jw_retention_run(spool);
    pthread_mutex_lock(&spool->lock);
    if (room) {
        spool->asked_bytes = 0;
        jw_commit_wake(spool);
    }
}

static void give_back(jw_buffer *buf) {
    if (buf->len == 0 && buf->capacity > KEEP_BUFFER)
        jw_buffer_free(buf);
}

void *jw_commit_thread(void *context) {
    struct jw_spool *spool = context;
    pthread_mutex_lock(&spool->lock);
    int64_t look = jw_time_steady() + IDLE_WAIT;
    while (true) {
        if (gather(spool, look)) {
            jw_buffer free = spool->writing;
            spool->writing = spool->filling;
            spool->filling = free;
            spool->writing_bytes = spool->writing.len;
            if (!commit(spool))
                break;
            publish(spool);
        } else if (spool->stop) {
            break;
        }
        int64_t now = jw_time_steady();
        if (now >= look || spool->asked_bytes) {
            look_at_cursors(spool);
            look = now + IDLE_WAIT;
            if (!spool->filling.len)
                give_back(&spool->writing), give_back(&spool->filling);
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return NULL;
}
