/* lib/spool/retention.c — whole segments go when every registered reader has passed them. */
#include "writer.h"

#include <errno.h>
#include <unistd.h>

struct least {
    uint32_t id;
    uint64_t position;
    bool any;
};

static void take(void *context, const struct jw_cursor *cursor) {
    struct least *least = context;
    /* A cursor of another spool says nothing about this one: its reader will begin at the oldest frame. */
    uint64_t position = cursor->id == least->id ? cursor->position : 0;
    if (!least->any || position < least->position)
        least->position = position;
    least->any = true;
}

static void drop_oldest(struct jw_spool *spool) {
    char name[JW_SEGMENT_NAME];
    jw_segment_name(spool->segments[0].start, name);
    unlinkat(spool->folder, name, 0); /* what cannot be deleted is tried again at the next start */
    pthread_mutex_lock(&spool->lock);
    uint64_t bytes = spool->segments[0].bytes;
    spool->disk_bytes -= bytes < spool->disk_bytes ? bytes : spool->disk_bytes;
    pthread_mutex_unlock(&spool->lock);
    spool->segment_count--;
    memmove(spool->segments, spool->segments + 1, spool->segment_count * sizeof *spool->segments);
    atomic_store(&spool->head->oldest, spool->segments[0].start);
}

bool jw_retention_run(struct jw_spool *spool) {
    struct least least = {.id = spool->id};
    /* Without any reader everything stays: the first one will want it. */
    if (jw_cursor_list(spool->folder, take, &least, NULL) != JW_OK || !least.any)
        return false;
    pthread_mutex_lock(&spool->lock);
    bool asked = spool->asked_bytes != 0;
    pthread_mutex_unlock(&spool->lock);
    /* At the ceiling with everything read, the active segment itself is what is in the way. */
    uint64_t end = spool->active.start + (spool->active_bytes - spool->active.base);
    if (asked && spool->written == spool->writing.len && end > spool->active.start && least.position >= end &&
        jw_commit_roll(spool, end, NULL) != JW_OK)
        return false;
    bool any = false;
    while (spool->segment_count > 1 && spool->segments[1].start <= least.position) {
        drop_oldest(spool);
        any = true;
    }
    return any;
}
