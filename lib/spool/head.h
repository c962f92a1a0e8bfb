/* lib/spool/head.h — the page that writer and readers share: how far the log is durable, and a bell. For lib/spool
 * alone.
 *
 * It is a mapped file and dies stale: after a crash the segments say what is true, never this page. What it claims
 * was durable when it was stored, so it may lag behind but not run ahead of an honest disk. */
#pragma once
#include <stdatomic.h>

#include "base/status.h"
#include "base/text.h"

struct jw_head {
    uint64_t magic;
    uint32_t version;
    _Atomic uint32_t id;         /* of the spool; 0 while the first writer is at work */
    _Atomic uint64_t durable;    /* position */
    _Atomic uint64_t next_event; /* number of the first event behind `durable` */
    _Atomic uint64_t oldest;     /* position of the first frame still on disk */
    _Atomic uint32_t bell;       /* futex word: changes with every publication */
};

/* JW_AGAIN: there is none yet (readers). A writer makes it, and mends a damaged one in place: readers keep their
 * map. */
JW_MUST_CHECK jw_status jw_head_open(int folder, bool write, struct jw_head **out, struct jw_error *err);
void jw_head_close(struct jw_head *head);
void jw_head_publish(struct jw_head *head, uint64_t durable, uint64_t next_event); /* and wakes every reader */
/* Until the bell is no longer `seen`. JW_AGAIN: the time is over, or a signal came. */
JW_MUST_CHECK jw_status jw_head_wait(const struct jw_head *head, uint32_t seen, int64_t timeout_ns);
