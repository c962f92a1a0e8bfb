/* lib/spool/spool.h — the durable log between processes.
 *
 * One folder is one spool: one writer process, any number of readers. The writer appends frames; a frame is durable
 * when its position is at or below jw_spool_durable, and only then may its sender be told. Frames hold a batch of
 * records (record/codec.h) and carry, besides a CRC-32C over everything, where they came from:
 *   origin      identity of one stream of a sender (a followed file, a send session, a bulk body); 0: none
 *   origin_at   how far into that stream this frame reaches (a byte offset, a counter), so that a producer that
 * starts again asks jw_spool_origin and goes on exactly there: appended once, whatever died. Every event has a
 * number, counted from 1 over the life of the spool and never used again: first_event + its index in the frame.
 * With the spool's id it is the event's identity (jw_spool_event_id).
 *
 * A torn tail (power loss) is cut at open; nothing before the last durable frame is touched. Frames that were
 * written but never reported durable are kept when they are whole. Segments that every registered reader has passed
 * are deleted; while nobody is registered everything stays. The writer is thread-safe; a reader belongs to one
 * thread. Neither may be used in a child after fork. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

struct jw_spool_options {
    uint64_t segment_bytes; /* 1 MiB..1 GiB; 0: 64 MiB */
    uint64_t most_bytes;    /* ceiling of the folder; 0: 8 GiB */
    uint32_t commit_us;     /* how long an append may wait for company before fsync; 0: 2000 */
    /* NULL, or a NULL-ended list of reader names that must see everything from the first frame on, even if they
     * open long after the writer: their cursors are registered at open. */
    const char *const *readers;
};

struct jw_spool_frame {
    uint64_t position;    /* of the end of this frame in the log: ever growing, never reused; what cursors hold */
    uint64_t start;       /* of its beginning: the end of the frame before it */
    uint64_t first_event; /* number of the first event */
    uint32_t events;
    uint64_t origin, origin_at;
    int64_t written; /* time of the append: event.ingested of its events */
    jw_text body;    /* borrowed until the next call on the reader */
};

/* --- writer --------------------------------------------------------------------------------------------------- */
struct jw_spool;
/* Creates the folder if it is missing. JW_E_DENIED: another process is writing. `out_cut` (may be NULL) gets the
 * bytes removed from a torn tail. */
JW_MUST_CHECK jw_status jw_spool_open(const char *folder, const struct jw_spool_options *options,
                                      struct jw_spool **out, uint64_t *out_cut, struct jw_error *err);
void jw_spool_close(struct jw_spool *spool); /* commits what was appended */
JW_DEFINE_AUTO(jw_spool, jw_spool_close)

/* Copies `frame->body` (with events, origin, origin_at; the rest is set here) and returns its position; durable
 * later. Never waits for the disk. JW_AGAIN: push back and try again later, see jw_spool_wait_room: the ceiling is
 * reached, or 16 MiB wait for a slow disk, or the disk is full (what was appended is kept and written as soon as
 * there is room). JW_E_LIMIT: body over 64 MiB or half the ceiling. JW_E_SYSTEM: the disk failed; every later
 * append fails too. */
JW_MUST_CHECK jw_status jw_spool_append(struct jw_spool *spool, const struct jw_spool_frame *frame,
                                        uint64_t *out_position, struct jw_error *err);
uint64_t jw_spool_durable(const struct jw_spool *spool);
/* Waits until `position` is durable. JW_AGAIN: the time is over. Negative: for ever. JW_E_SYSTEM: the disk failed.
 */
JW_MUST_CHECK jw_status jw_spool_wait(struct jw_spool *spool, uint64_t position, int64_t timeout_ns,
                                      struct jw_error *err);
uint64_t jw_spool_appended(struct jw_spool *spool); /* position of the newest append, durable or not */
/* Waits until an append of a body of that size has a chance. JW_AGAIN: the time is over. Negative: for ever. */
JW_MUST_CHECK jw_status jw_spool_wait_room(struct jw_spool *spool, size_t body, int64_t timeout_ns,
                                           struct jw_error *err);
/* For event loops: readable after each commit and when room was made; owned by the spool, the user reads it empty.
 */
int jw_spool_eventfd(struct jw_spool *spool);
/* How far the origin got; false when it is unknown (never seen, or forgotten: the newest 65,536 are kept). The
 * answer counts frames that are not durable yet: a sender may be told once jw_spool_appended, asked afterwards, is
 * durable. */
bool jw_spool_origin(struct jw_spool *spool, uint64_t origin, uint64_t *out_at);
void jw_spool_forget(struct jw_spool *spool, uint64_t origin); /* it ended; durable like an append */
/* 0..1 of the ceiling in use. Inputs that can wait stop at 0.9, so that the last tenth is for those that cannot. */
double jw_spool_fill(const struct jw_spool *spool);

/* --- reader --------------------------------------------------------------------------------------------------- */
struct jw_spool_reader;
/* `name` (1..63 of a-z 0-9 - _) is the cursor: a reader that opens with the same name goes on where it committed
 * last. Segments are kept for every name that ever opened (until its file NAME.cursor is deleted). It makes the
 * folder if it comes before the writer. NULL: no cursor, from the oldest frame, holds nothing back, changes nothing
 * on disk. Until the writer was there, next gives JW_AGAIN. JW_E_DENIED: another reader has that name now. */
JW_MUST_CHECK jw_status jw_spool_reader_open(const char *folder, const char *name, struct jw_spool_reader **out,
                                             struct jw_error *err);
void jw_spool_reader_close(struct jw_spool_reader *reader); /* does not commit */
JW_DEFINE_AUTO(jw_spool_reader, jw_spool_reader_close)
/* JW_OK and the next durable frame; JW_AGAIN: none yet; JW_E_SYNTAX: something is damaged, told once (the next call
 * goes on behind it; `err` says how many bytes are lost, or that the cursor was and the oldest frame comes again).
 */
JW_MUST_CHECK jw_status jw_spool_reader_next(struct jw_spool_reader *reader, struct jw_spool_frame *out,
                                             struct jw_error *err);
/* Waits for a new frame, across processes. JW_AGAIN: the time is over, or a signal came. Negative: for ever. */
JW_MUST_CHECK jw_status jw_spool_reader_wait(struct jw_spool_reader *reader, int64_t timeout_ns);
/* Everything up to `position` is done with; durable when it returns. Never goes back: a lower one changes nothing.
 * Works on a full disk. JW_E_LIMIT: `position` is not durable. */
JW_MUST_CHECK jw_status jw_spool_reader_commit(struct jw_spool_reader *reader, uint64_t position,
                                               struct jw_error *err);
/* The next frame given will be the first one that ends behind `position`. */
JW_MUST_CHECK jw_status jw_spool_reader_seek(struct jw_spool_reader *reader, uint64_t position,
                                             struct jw_error *err);
uint64_t jw_spool_reader_committed(const struct jw_spool_reader *reader);

struct jw_spool_lag {
    uint64_t bytes, events;
    int64_t oldest; /* when the oldest frame not yet committed was written; 0: none waits */
};
JW_MUST_CHECK jw_status jw_spool_reader_lag(struct jw_spool_reader *reader, struct jw_spool_lag *out,
                                            struct jw_error *err);

/* --- both ----------------------------------------------------------------------------------------------------- */
uint32_t jw_spool_id(const struct jw_spool *spool);                /* drawn at random when the folder is created */
uint32_t jw_spool_reader_id(const struct jw_spool_reader *reader); /* 0 while the folder does not exist */
#define JW_EVENT_ID_TEXT 32
/* "1f00c0de-000000000012d687": spool id and event number in hexadecimal. Returns the length (25). */
size_t jw_spool_event_id(uint32_t id, uint64_t number, char out[JW_EVENT_ID_TEXT]);
bool jw_spool_event_parse(jw_text s, uint32_t *out_id, uint64_t *out_number);
