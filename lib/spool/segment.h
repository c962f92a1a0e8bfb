/* lib/spool/segment.h — the bytes on disk: one file of frames. For lib/spool alone.
 *
 * Little-endian. A segment is named by the position of its first frame, "%016x.seg":
 *   header 64 bytes · the origin table as it stood at `start` (oldest first, 16 bytes each) · frames
 * A frame is a header of 72 bytes, the body, and zeros up to a multiple of 8. Positions count frames only, so the
 * byte of position p stands at base + (p - start) of its file, and rolling to a new file changes no position.
 *
 * The header's CRC-32C starts from the segment's seed, a random number that never leaves the folder: bytes inside a
 * body cannot pose as a frame when damage makes us search for the next one, whoever sent them. */
#pragma once
#include "base/status.h"
#include "base/text.h"

#define JW_SEGMENT_NAME 24
#define JW_FRAME_ALIGN  8u
#define JW_FRAME_MOST   (64u << 20)         /* bytes of a body */
#define JW_SPOOL_MOST   (UINT64_C(1) << 62) /* no position and no event number lies beyond; sums cannot overflow */

typedef enum jw_frame_kind {
    JW_FRAME_EVENTS = 0,
    JW_FRAME_FORGET = 1, /* no body: `origin` is forgotten; readers do not see it */
} jw_frame_kind;

struct jw_frame_header {
    uint32_t magic, check; /* check: CRC-32C of everything behind it in the header */
    uint32_t body_check, length, events, kind;
    uint64_t start, first_event, origin, origin_at;
    int64_t written;
    uint64_t durable; /* known to be durable when this frame was written: proves that what is missing before it was
                         lost later */
};
_Static_assert(sizeof(struct jw_frame_header) == 72, "the layout on disk");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they are");

static inline uint64_t jw_frame_size(uint32_t length) {
    return (sizeof(struct jw_frame_header) + (uint64_t)length + JW_FRAME_ALIGN - 1) &
           ~(uint64_t)(JW_FRAME_ALIGN - 1);
}
void jw_segment_seal(struct jw_frame_header *header, uint32_t seed); /* magic and check */
/* Is this the header of a frame that begins at `position`? */
bool jw_segment_is_frame(const struct jw_frame_header *header, uint32_t seed, uint64_t position);

struct jw_segment {
    int fd; /* -1: none */
    uint32_t id, seed, origin_count, origin_check;
    uint64_t start, first_event, base;
};
#define JW_SEGMENT_NONE ((struct jw_segment){.fd = -1})

struct jw_origins;
/* Header and origins are on disk and the name stands when it returns. JW_AGAIN: no room on the disk; nothing is
 * left. */
JW_MUST_CHECK jw_status jw_segment_create(int folder, uint32_t id, uint64_t start, uint64_t first_event,
                                          const struct jw_origins *origins, struct jw_segment *out,
                                          struct jw_error *err);
/* JW_AGAIN: no such file. JW_E_SYNTAX: its header is damaged. */
JW_MUST_CHECK jw_status jw_segment_open(int folder, uint64_t start, int flags, struct jw_segment *out,
                                        struct jw_error *err);
void jw_segment_close(struct jw_segment *segment);
/* Replaces `table` by the snapshot. */
JW_MUST_CHECK jw_status jw_segment_origins(const struct jw_segment *segment, struct jw_origins *table,
                                           struct jw_error *err);
/* Position of the end of the file, which may lie inside a torn frame. */
JW_MUST_CHECK jw_status jw_segment_end(const struct jw_segment *segment, uint64_t *out, struct jw_error *err);
/* JW_AGAIN: the file ends before a whole header. JW_E_SYNTAX: no frame begins there. The body is not looked at. */
JW_MUST_CHECK jw_status jw_segment_frame(const struct jw_segment *segment, uint64_t position,
                                         struct jw_frame_header *out, struct jw_error *err);
/* The first frame that begins at `from` or behind it and before `limit`, by its header. */
bool jw_segment_find(const struct jw_segment *segment, uint64_t from, uint64_t limit, uint64_t *out);
static inline int64_t jw_segment_offset(const struct jw_segment *segment, uint64_t position) {
    return (int64_t)(segment->base + (position - segment->start));
}

/* The descriptor of the spool's folder. With `make` it and its parents are created; without, JW_AGAIN: not there
 * yet. */
JW_MUST_CHECK jw_status jw_segment_folder(const char *path, bool make, int *out, struct jw_error *err);
void jw_segment_name(uint64_t start, char out[JW_SEGMENT_NAME]);
struct jw_segment_entry {
    uint64_t start, bytes;
};
/* All segments of the folder by position. The caller frees `*out`. */
JW_MUST_CHECK jw_status jw_segment_list(int folder, struct jw_segment_entry **out, size_t *out_count,
                                        struct jw_error *err);

/* Whole or not at all. JW_AGAIN: the disk, the quota or the file limit is full; other failures are JW_E_SYSTEM. */
JW_MUST_CHECK jw_status jw_segment_write(int fd, const void *data, size_t size, int64_t offset,
                                         struct jw_error *err);
JW_MUST_CHECK jw_status jw_segment_failed(struct jw_error *err, int error, const char *what);
/* Bytes read, less than `size` only at the end of the file; -1 on failure. */
int64_t jw_segment_read(int fd, void *out, size_t size, int64_t offset);
