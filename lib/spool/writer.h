/* lib/spool/writer.h — the inside of a writer, shared by spool.c, commit.c, recover.c and retention.c. */
#pragma once
#include "cursor.h"
#include "head.h"
#include "origins.h"
#include "segment.h"
#include "spool.h"

#include <pthread.h>

#include "base/buffer.h"

#define JW_COMMIT_MOST ((size_t)16 << 20) /* bytes waiting for the disk before append pushes back */

/* Appenders fill one buffer while the commit thread writes the other. Positions are given at append; which segment
 * a frame lands in is decided when it is written. */
struct jw_spool {
    char *path;
    struct jw_spool_options options; /* with the presets filled in */
    int folder, owner, event;        /* descriptors: the folder, its lock, the eventfd */
    struct jw_head *head;
    uint32_t id;
    pthread_t thread;
    bool running;
    _Atomic uint64_t durable;

    pthread_mutex_t lock;
    pthread_cond_t work;     /* for the commit thread */
    pthread_cond_t progress; /* for everybody else */
    /* under the lock */
    jw_buffer filling;
    int64_t first_append; /* when the oldest frame in `filling` came (steady) */
    uint64_t appended, next_event;
    struct jw_origins *origins; /* as of the last append */
    uint64_t disk_bytes, writing_bytes;
    uint64_t asked_bytes; /* what the last append that was refused had wanted; 0: nobody was */
    bool disk_full, stop;
    jw_status failure;
    struct jw_error story;

    /* of the commit thread (and of open, before it starts) */
    jw_buffer writing;
    size_t written, synced;     /* how far into `writing` */
    struct jw_origins *settled; /* as of `synced` */
    uint64_t settled_event;     /* number of the first event behind it */
    struct jw_segment active;
    uint64_t active_bytes;             /* size of its file */
    struct jw_segment_entry *segments; /* by position; `bytes` of the last one is not kept up to date */
    size_t segment_count, segment_capacity;
};

/* --- recover.c: from what a crash left to a writer's state */
JW_MUST_CHECK jw_status jw_recover(struct jw_spool *spool, uint64_t *out_cut, struct jw_error *err);

/* --- commit.c: the thread that makes things durable */
void *jw_commit_thread(void *spool);
/* Ends the active segment, which must be synced, and begins the next one at `start`. JW_AGAIN: no room on the disk.
 */
JW_MUST_CHECK jw_status jw_commit_roll(struct jw_spool *spool, uint64_t start, struct jw_error *err);
void jw_commit_wake(struct jw_spool *spool); /* waiters in this process: threads and event loops */

/* --- retention.c: deletes what every reader has passed. Commit thread, without the lock. True: something went. */
bool jw_retention_run(struct jw_spool *spool);

static inline const struct jw_frame_header *jw_frame_at(const jw_buffer *buf, size_t at) {
    return (const struct jw_frame_header *)(const void *)(buf->ptr + at); /* frames are multiples of 8 */
}
