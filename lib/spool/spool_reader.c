/* lib/spool/spool_reader.c — one reader: reads what is durable through a buffer of its own. Not mapped: a file that
 * was cut or a disk that fails then gives an error, not a signal; the one copy is what the CRC pays anyway. */
#include "cursor.h"
#include "head.h"
#include "segment.h"
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/time.h"

#define AHEAD       ((size_t)256 << 10)
#define ABSENT_WAIT (20 * JW_MS) /* between two looks for a writer that never was */

struct jw_spool_reader {
    char *path;
    char name[JW_CURSOR_NAME]; /* "": none */
    int folder, owner;
    struct jw_head *head;
    struct jw_segment segment;
    uint64_t at;      /* where the next frame begins */
    uint64_t skip_to; /* frames that end here or before are not given */
    uint64_t committed;
    uint64_t durable; /* as of the last look */
    uint32_t bell;
    bool fresh;       /* nothing was read since open or seek: what is missing before the first frame is no damage */
    bool cursor_lost; /* to be told once */
    uint64_t stuck_at; /* damage up to the end of the log was told for this position; UINT64_MAX: none */
    jw_buffer bytes;   /* of the file, from `bytes_from` on */
    int64_t bytes_from;
};

uint64_t jw_spool_reader_committed(const struct jw_spool_reader *reader) { return reader->committed; }
uint32_t jw_spool_reader_id(const struct jw_spool_reader *reader) {
    return reader->head ? atomic_load(&reader->head->id) : 0;
}

static void leave_segment(struct jw_spool_reader *reader) {
    jw_segment_close(&reader->segment);
    jw_buffer_clear(&reader->bytes);
}

/* --- where to begin ------------------------------------------------------------------------------------------- */

/* The last segment that begins at `position` or before it; none: the first. JW_AGAIN: there is no segment. */
static jw_status choose(int folder, uint64_t position, uint64_t *out, struct jw_error *err) {
    struct jw_segment_entry *list;
    size_t count;
    jw_status st = jw_segment_list(folder, &list, &count, err);
    if (st != JW_OK)
        return st;
    for (size_t i = 0; i < count && (i == 0 || list[i].start <= position); i++)
        *out = list[i].start;
    free(list);
    return count ? JW_OK : JW_AGAIN;
}

/* The first segment that begins behind `position`. JW_AGAIN: none. */
static jw_status choose_behind(int folder, uint64_t position, uint64_t *out, struct jw_error *err) {
    struct jw_segment_entry *list;
    size_t count, at = 0;
    jw_status st = jw_segment_list(folder, &list, &count, err);
    if (st != JW_OK)
        return st;
    while (at < count && list[at].start <= position)
        at++;
    st = at < count ? JW_OK : JW_AGAIN;
    if (st == JW_OK)
        *out = list[at].start;
    free(list);
    return st;
}

jw_status jw_spool_reader_seek(struct jw_spool_reader *reader, uint64_t position, struct jw_error *err) {
    if (position >= JW_SPOOL_MOST)
        return jw_fail(err, JW_E_LIMIT, "spool %s: no such position", reader->path);
    leave_segment(reader);
    reader->at = reader->skip_to = position;
    reader->fresh = true;
    reader->stuck_at = UINT64_MAX;
    return JW_OK;
}

/* Opens the segment that holds `at`, and steps back to its first frame when no frame begins at `at`. */
static jw_status enter(struct jw_spool_reader *reader, struct jw_error *err) {
    struct jw_frame_header header;
    uint64_t start = 0, end = 0;
    jw_status st = choose(reader->folder, reader->at, &start, err);
    if (st != JW_OK)
        return st;
    st = jw_segment_open(reader->folder, start, O_RDONLY, &reader->segment, err);
    if (st == JW_OK && start >= reader->at)
        reader->at = start;
    if (st != JW_OK || start == reader->at)
        return st;
    st = jw_segment_end(&reader->segment, &end, err);
    if (st == JW_OK && reader->at < end && jw_segment_frame(&reader->segment, reader->at, &header, err) != JW_OK)
        reader->at = start;
    return st;
}

/* --- open and close ------------------------------------------------------------------------------------------- */

static jw_status take_cursor(struct jw_spool_reader *reader, struct jw_error *err) {
    char lock[JW_CURSOR_NAME + 8];
    snprintf(lock, sizeof lock, "%s.lock", reader->name);
    reader->owner = openat(reader->folder, lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (reader->owner < 0)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: %s: %s", reader->path, lock, strerror(errno));
    if (flock(reader->owner, LOCK_EX | LOCK_NB) != 0)
        return jw_fail(err, errno == EWOULDBLOCK ? JW_E_DENIED : JW_E_SYSTEM, "spool %s: reader %s: %s",
                       reader->path, reader->name, errno == EWOULDBLOCK ? "the name is in use" : strerror(errno));
    jw_status st = jw_cursor_register(reader->folder, reader->name, err);
    return st;
}

/* The cursor is believed only for the spool it was made for. */
static jw_status begin(struct jw_spool_reader *reader, struct jw_error *err) {
    struct jw_cursor cursor = {0};
    if (!reader->name[0])
        return JW_OK;
    jw_status st = jw_cursor_read(reader->folder, reader->name, &cursor, err);
    if (st == JW_E_SYSTEM)
        return st;
    uint32_t id = jw_spool_reader_id(reader);
    reader->cursor_lost = st == JW_E_SYNTAX || (cursor.id && cursor.id != id);
    if (reader->cursor_lost)
        cursor.position = 0;
    cursor.id = id;
    reader->committed = cursor.position;
    /* Written even when nothing changed: from now on both files exist that a commit on a full disk needs. */
    if (jw_cursor_write(reader->folder, reader->name, &cursor, err) != JW_OK && reader->cursor_lost)
        return JW_E_SYSTEM;
    return jw_spool_reader_seek(reader, cursor.position, err);
}

/* JW_AGAIN: the writer was not there yet. */
static jw_status attach(struct jw_spool_reader *reader, struct jw_error *err) {
    if (reader->head)
        return JW_OK;
    jw_status st = reader->folder < 0 ? jw_segment_folder(reader->path, false, &reader->folder, err) : JW_OK;
    if (st == JW_OK)
        st = jw_head_open(reader->folder, false, &reader->head, err);
    if (st == JW_OK && atomic_load(&reader->head->id) == 0)
        st = JW_AGAIN; /* the first writer is just making it */
    if (st == JW_OK)
        st = begin(reader, err);
    if (st != JW_OK) {
        jw_head_close(reader->head);
        reader->head = NULL;
    }
    return st;
}

jw_status jw_spool_reader_open(const char *folder, const char *name, struct jw_spool_reader **out,
                               struct jw_error *err) {
    if (name && !jw_cursor_is_name(name))
        return jw_fail(err, JW_E_SYNTAX, "spool %s: reader name %s", folder, name);
    struct jw_spool_reader *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: no memory", folder);
    fresh->folder = fresh->owner = -1;
    fresh->segment = JW_SEGMENT_NONE;
    fresh->bytes = JW_BUFFER(jw_frame_size(JW_FRAME_MOST) + AHEAD);
    fresh->fresh = true;
    fresh->stuck_at = UINT64_MAX;
    fresh->path = strdup(folder);
    snprintf(fresh->name, sizeof fresh->name, "%s", name ? name : "");
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fresh;
    if (!reader->path)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: no memory", folder);
    jw_status st = name ? jw_segment_folder(folder, true, &reader->folder, err) : JW_OK;
    if (st == JW_OK && name)
        st = take_cursor(reader, err);
    if (st == JW_OK)
        st = attach(reader, err);
    if (st < 0)
        return st;
    *out = reader;
    reader = NULL;
    return JW_OK;
}

void jw_spool_reader_close(struct jw_spool_reader *reader) {
    if (!reader)
        return;
    jw_segment_close(&reader->segment);
    jw_head_close(reader->head);
    if (reader->owner >= 0)
        close(reader->owner);
    if (reader->folder >= 0)
        close(reader->folder);
    jw_buffer_free(&reader->bytes);
    free(reader->path);
    free(reader);
}

/* --- reading -------------------------------------------------------------------------------------------------- */

/* `size` bytes at `at` in `*out`, borrowed until the next call. JW_AGAIN: the file ends before. What is durable
 * never changes, so what was read ahead stays true. */
static jw_status fetch(struct jw_spool_reader *reader, size_t size, const char **out, struct jw_error *err) {
    int64_t offset = jw_segment_offset(&reader->segment, reader->at);
    jw_buffer *bytes = &reader->bytes;
    int64_t skip = offset - reader->bytes_from;
    if (bytes->len && skip >= 0 && (uint64_t)skip + size <= bytes->len) {
        *out = bytes->ptr + skip;
        return JW_OK;
    }
    uint64_t limit = reader->durable - reader->at;
    size_t want = size > AHEAD ? size : AHEAD;
    if (want > limit)
        want = limit > size ? limit : size;
    jw_buffer_clear(bytes);
    if (!jw_buffer_reserve(bytes, want))
        return jw_fail(err, JW_E_SYSTEM, "spool %s: no memory", reader->path);
    int64_t got = jw_segment_read(reader->segment.fd, bytes->ptr, want, offset);
    if (got < 0)
        return jw_fail(err, JW_E_SYSTEM, "spool %s: %s", reader->path, strerror(errno));
    bytes->len = (size_t)got;
    reader->bytes_from = offset;
    *out = bytes->ptr;
    return bytes->len >= size ? JW_OK : JW_AGAIN;
}

/* What lay between here and `to` is gone. It is told unless nobody asked for it. */
static jw_status jump(struct jw_spool_reader *reader, uint64_t to, struct jw_error *err) {
    uint64_t from = reader->at;
    bool silent = reader->fresh || to <= reader->skip_to;
    reader->at = to;
    if (silent)
        return JW_OK;
    return jw_fail(err, JW_E_SYNTAX, "spool %s: %llu bytes at %llu are damaged", reader->path,
                   (unsigned long long)(to - from), (unsigned long long)from);
}

/* No frame begins at `at` in this segment any more: on to the next. JW_AGAIN: there is none. */
static jw_status next_segment(struct jw_spool_reader *reader, struct jw_error *err) {
    uint64_t start = reader->at;
    bool empty =
        reader->segment.fd >= 0 && reader->segment.start == start; /* the name we look for is the one we leave */
    leave_segment(reader);
    jw_status st = empty ? JW_AGAIN : jw_segment_open(reader->folder, start, O_RDONLY, &reader->segment, err);
    if (st == JW_OK || st == JW_E_SYSTEM)
        return st;
    bool damaged = st == JW_E_SYNTAX;
    st = choose_behind(reader->folder, reader->at, &start, err);
    if (st == JW_OK) {
        reader->stuck_at = UINT64_MAX;
        /* A reader without a name holds nothing back: what was deleted before it came is not damage. */
        reader->fresh |= !damaged && !reader->name[0] && reader->at < atomic_load(&reader->head->oldest);
        return jump(reader, start, err);
    }
    if (st != JW_AGAIN || reader->stuck_at == reader->at)
        return st;
    reader->stuck_at = reader->at;
    return jw_fail(err, JW_E_SYNTAX, "spool %s: nothing can be read from %llu to %llu", reader->path,
                   (unsigned long long)reader->at, (unsigned long long)reader->durable);
}

/* The frame at `at` is damaged: to the next good one in this segment, or to the next segment. */
static jw_status step_over(struct jw_spool_reader *reader, struct jw_error *err) {
    uint64_t to;
    if (jw_segment_find(&reader->segment, reader->at + 1, reader->durable, &to)) {
        reader->fresh = false; /* this was there once */
        return jump(reader, to, err);
    }
    return next_segment(reader, err);
}

static jw_status give(struct jw_spool_reader *reader, const struct jw_frame_header *header,
                      struct jw_spool_frame *out, bool *out_given, struct jw_error *err) {
    const char *bytes;
    jw_status st = fetch(reader, sizeof *header + header->length, &bytes, err);
    if (st == JW_AGAIN)
        return step_over(reader, err);
    if (st != JW_OK)
        return st;
    uint64_t start = reader->at, end = start + jw_frame_size(header->length);
    reader->at = end;
    reader->fresh = false;
    jw_text body = {bytes + sizeof *header, header->length};
    if (jw_crc32c(0, body.ptr, body.len) != header->body_check)
        return jw_fail(err, JW_E_SYNTAX, "spool %s: %llu bytes at %llu are damaged, events %llu to %llu",
                       reader->path, (unsigned long long)(end - start), (unsigned long long)start,
                       (unsigned long long)header->first_event,
                       (unsigned long long)(header->first_event + header->events - 1));
    *out = (struct jw_spool_frame){.position = end,
                                   .start = start,
                                   .first_event = header->first_event,
                                   .events = header->events,
                                   .origin = header->origin,
                                   .origin_at = header->origin_at,
                                   .written = header->written,
                                   .body = body};
    *out_given = true;
    return JW_OK;
}

/* One step: JW_OK with `*out_given`, or JW_OK and somewhere else, or what is told to the caller. */
static jw_status step(struct jw_spool_reader *reader, struct jw_spool_frame *out, bool *out_given,
                      struct jw_error *err) {
    struct jw_frame_header header;
    const char *bytes;
    if (reader->at >= reader->durable)
        return JW_AGAIN;
    if (reader->segment.fd < 0) {
        jw_status st = enter(reader, err);
        if (st != JW_E_SYNTAX)
            return st;
        reader->fresh = false; /* a damaged segment header: everything in it was there once, and is lost */
        return next_segment(reader, err);
    }
    jw_status st = fetch(reader, sizeof header, &bytes, err);
    if (st == JW_AGAIN)
        return next_segment(reader, err);
    if (st != JW_OK)
        return st;
    memcpy(&header, bytes, sizeof header);
    if (!jw_segment_is_frame(&header, reader->segment.seed, reader->at))
        return step_over(reader, err);
    uint64_t end = reader->at + jw_frame_size(header.length);
    if (end > reader->durable) /* commits end with a frame: only a head gone mad says so */
        return step_over(reader, err);
    if (end <= reader->skip_to || header.kind != JW_FRAME_EVENTS) {
        reader->at = end;
        return JW_OK;
    }
    return give(reader, &header, out, out_given, err);
}

jw_status jw_spool_reader_next(struct jw_spool_reader *reader, struct jw_spool_frame *out, struct jw_error *err) {
    bool given = false;
    jw_status st = attach(reader, err);
    if (st == JW_OK && reader->cursor_lost) {
        reader->cursor_lost = false;
        return jw_fail(err, JW_E_SYNTAX,
                       "spool %s: cursor %s is damaged or of another spool: from the oldest frame", reader->path,
                       reader->name);
    }
    if (st != JW_OK)
        return st;
    reader->bell = atomic_load(&reader->head->bell); /* before `durable`: a commit in between rings again */
    reader->durable = atomic_load(&reader->head->durable);
    while (st == JW_OK && !given)
        st = step(reader, out, &given, err);
    return st;
}

jw_status jw_spool_reader_wait(struct jw_spool_reader *reader, int64_t timeout_ns) {
    int64_t now = jw_time_steady();
    int64_t until = timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
    while (!reader->head) {
        if (attach(reader, NULL) == JW_OK)
            return JW_OK;
        int64_t left = until - jw_time_steady();
        struct timespec pause = {.tv_nsec = left < ABSENT_WAIT ? left : ABSENT_WAIT};
        if (left <= 0 || nanosleep(&pause, NULL) != 0)
            return JW_AGAIN;
    }
    if (reader->at < reader->durable && reader->stuck_at != reader->at)
        return JW_OK; /* there is more of what was seen last */
    return jw_head_wait(reader->head, reader->bell, timeout_ns);
}

/* --- the cursor ----------------------------------------------------------------------------------------------- */

jw_status jw_spool_reader_commit(struct jw_spool_reader *reader, uint64_t position, struct jw_error *err) {
    if (position <= reader->committed)
        return JW_OK;
    if (!reader->head || position > atomic_load(&reader->head->durable))
        return jw_fail(err, JW_E_LIMIT, "spool %s: position %llu is not durable", reader->path,
                       (unsigned long long)position);
    jw_status st = JW_OK;
    if (reader->name[0])
        st = jw_cursor_write(reader->folder, reader->name,
                             &(struct jw_cursor){.id = jw_spool_reader_id(reader), .position = position}, err);
    if (st == JW_OK)
        reader->committed = position;
    return st;
}

/* The first frame behind the cursor, by its header; the reader itself does not move. */
static jw_status peek(struct jw_spool_reader *reader, struct jw_frame_header *out, struct jw_error *err) {
    struct jw_segment segment;
    uint64_t start = 0, at = reader->committed;
    jw_status st = choose(reader->folder, at, &start, err);
    if (st == JW_OK)
        st = jw_segment_open(reader->folder, start, O_RDONLY, &segment, err);
    if (st != JW_OK)
        return st;
    if (at < start)
        at = start;
    st = jw_segment_frame(&segment, at, out, err);
    if (st == JW_E_SYNTAX && jw_segment_find(&segment, at + 1, UINT64_MAX, &at))
        st = jw_segment_frame(&segment, at, out, err);
    jw_segment_close(&segment);
    return st;
}

jw_status jw_spool_reader_lag(struct jw_spool_reader *reader, struct jw_spool_lag *out, struct jw_error *err) {
    struct jw_frame_header header;
    *out = (struct jw_spool_lag){0};
    jw_status st = attach(reader, err);
    if (st != JW_OK)
        return st == JW_AGAIN ? JW_OK : st;
    uint64_t durable = atomic_load(&reader->head->durable), next_event = atomic_load(&reader->head->next_event);
    uint64_t oldest = atomic_load(&reader->head->oldest);
    uint64_t from = reader->committed > oldest ? reader->committed : oldest;
    if (from >= durable)
        return JW_OK;
    st = peek(reader, &header, err);
    if (st == JW_E_SYSTEM)
        return st;
    if (st != JW_OK) { /* it cannot be read: the bytes are all we know */
        out->bytes = durable - from;
        return JW_OK;
    }
    if (next_event > header.first_event)
        *out = (struct jw_spool_lag){
            .bytes = durable - from, .events = next_event - header.first_event, .oldest = header.written};
    return JW_OK;
}
