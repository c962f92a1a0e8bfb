/* daemons/collect/pipeline.h — from raw messages to durable events: inputs submit, worker threads parse and append
 * to the spool, and each submission is answered once in the loop's thread: durable, or not.
 *
 * What bounds it: bytes in flight (submitted, not yet answered), over all inputs. Submissions that can wait are
 * refused with JW_AGAIN at nine tenths of that, or when the spool is nine tenths full: the input stops reading and
 * is called back. Lossy ones (UDP cannot be asked to wait) may use the rest, then are dropped and counted. */
#pragma once
#include "lines.h"
#include "os/loop.h"
#include "source.h"
#include "spool/spool.h"

struct jw_pipeline;
struct jw_pipeline_options {
    struct jw_loop *loop;
    struct jw_stats *stats;
    struct jw_spool *spool; /* borrowed */
    uint64_t in_flight_most;
    unsigned workers; /* 1..64 */
    void (*failed)(void *context,
                   const char *why); /* loop's thread: the disk failed, nothing can be kept any more */
    void *context;
};
JW_MUST_CHECK jw_status jw_pipeline_new(const struct jw_pipeline_options *options, struct jw_pipeline **out,
                                        struct jw_error *err);
/* How lines are understood: takes `intake` over; the one before is freed when no worker uses it. Any thread. The
 * first call must come before the first submission. */
struct jw_intake;
JW_MUST_CHECK jw_status jw_pipeline_learn(struct jw_pipeline *pipeline, struct jw_intake *intake,
                                          struct jw_error *err);
/* Loop's thread, after the loop: finishes what was submitted and answers it; later submissions get JW_E_SYSTEM. */
void jw_pipeline_stop(struct jw_pipeline *pipeline);
void jw_pipeline_free(struct jw_pipeline *pipeline);
JW_DEFINE_AUTO(jw_pipeline, jw_pipeline_free)

/* st: JW_OK durable; JW_E_LIMIT dropped and counted (lossy, or larger than half the spool); JW_E_SYSTEM the disk
 * failed or we are stopping. Loop's thread. Answers to one lane come in the order of submission. */
typedef void (*jw_submit_done)(void *context, jw_status st, uint32_t events);

struct jw_submission {
    struct jw_lines *lines; /* 1..JW_SUBMIT_LINES, at most JW_SUBMIT_BYTES; taken over when accepted */
    struct jw_source *source;
    jw_text format, dataset, peer; /* copied; empty: the source's, or find out */
    uint64_t origin, origin_at;    /* of the spool frame (spool.h) that will hold all of it; 0: none */
    uint64_t lane;                 /* order is kept within a lane */
    bool lossy;
    jw_submit_done done; /* may be NULL */
    void *context;
};
#define JW_SUBMIT_LINES 16384
#define JW_SUBMIT_BYTES (4u << 20)

/* Any thread. JW_OK: taken, `done` will be called. JW_AGAIN: no room now. JW_E_LIMIT: no memory, or too much at
 * once. JW_E_SYSTEM: stopping or failed. Only JW_OK takes `lines` over. Counts events_received_total and the like
 * for what it takes. */
JW_MUST_CHECK jw_status jw_submit(struct jw_pipeline *pipeline, const struct jw_submission *submission);
/* The same for a thread that may block: waits for room and for the answer, and gives it; `lines` is always taken
 * over, `done` must be NULL. JW_AGAIN: no room within the time, nothing was taken in. Not from the loop's thread.
 */
JW_MUST_CHECK jw_status jw_submit_wait(struct jw_pipeline *pipeline, const struct jw_submission *submission,
                                       int64_t timeout_ns);

/* After JW_AGAIN an input asks to be called once there is room. Loop's thread; unlinked before the call. */
struct jw_waiter {
    void (*fn)(void *context);
    void *context;
    struct jw_waiter *next, **prev; /* the pipeline's */
};
void jw_pipeline_await(struct jw_pipeline *pipeline, struct jw_waiter *waiter);
void jw_pipeline_forget(struct jw_pipeline *pipeline, struct jw_waiter *waiter); /* no matter whether it waits */
bool jw_pipeline_has_room(const struct jw_pipeline *pipeline);
