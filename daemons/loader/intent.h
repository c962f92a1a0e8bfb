/* daemons/loader/intent.h — what the loader is about to send, on disk before it is sent: after any crash the same
 * frames go again, as the same loads, to the same node. One file per spool, written in place: a torn write fails
 * its check sum, and then nothing had been sent. */
#pragma once
#include <stdint.h>

#include "base/status.h"

struct jw_intent {
    uint64_t from,
        to; /* positions in the spool: the batch is the frames that begin at `from` or later and end by `to` */
    uint64_t node;  /* jw_hash_stable of the node's address */
    uint32_t spool; /* the spool's id */
};

JW_MUST_CHECK jw_status jw_intent_open(const char *path, int *out_fd, struct jw_error *err);
/* JW_END: there is none. */
JW_MUST_CHECK jw_status jw_intent_read(int fd, struct jw_intent *out, struct jw_error *err);
/* Durable when it returns. */
JW_MUST_CHECK jw_status jw_intent_write(int fd, const struct jw_intent *intent, struct jw_error *err);
