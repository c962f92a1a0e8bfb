/* lib/spool/recover.c — what a crash left becomes a writer's state: only the last segment is read, as a rule.
 *
 * The hard question is a frame that is not whole. Power loss may keep later pages of an unfinished commit and lose
 * earlier ones, so a good frame behind the bad one proves nothing by itself; but a commit begins only when the one
 * before it is durable, and each frame says how far that was. If anything proves that the bad frame had been
 * durable, it is damage: it stays where it is for readers to report. Otherwise it was never acknowledged, and it is
 * cut away with everything behind it: a frame kept behind a lost one would make its origin's producer skip what was
 * lost. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"

#define CHUNK ((size_t)1 << 20)

struct state {
    uint64_t durable;    /* the highest position known to have been durable */
    uint64_t next_event; /* the first number not used by any frame seen */
    uint64_t end;        /* position behind the last frame that stays */
    uint64_t cut;
    bool sealed; /* the last segment cannot be appended to */
};

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Header and body. JW_AGAIN: the file ends here or inside the frame. */
static jw_status check_frame(const struct jw_segment *segment, uint64_t position, struct jw_frame_header *out,
                             jw_buffer *body, struct jw_error *err) {
    jw_status st = jw_segment_frame(segment, position, out, err);
    if (st != JW_OK)
        return st;
    jw_buffer_clear(body);
    if (!jw_buffer_reserve(body, out->length + (size_t)1))
        return jw_fail(err, JW_E_SYSTEM, "no memory");
    int64_t got = jw_segment_read(segment->fd, body->ptr, out->length,
                                  jw_segment_offset(segment, position) + (int64_t)sizeof *out);
    if (got < 0)
        return jw_fail(err, JW_E_SYSTEM, "segment: %s", strerror(errno));
    if (got < (int64_t)out->length)
        return JW_AGAIN;
    return jw_crc32c(0, body->ptr, out->length) == out->body_check ? JW_OK : JW_E_SYNTAX;
}

/* What do the frames behind `from` know about how far the log was durable? */
static uint64_t proven(const struct jw_segment *segment, uint64_t from, uint64_t limit) {
    struct jw_frame_header header;
    uint64_t durable = 0;
    while (from < limit) {
        if (jw_segment_frame(segment, from, &header, NULL) == JW_OK) {
            durable = larger(durable, header.durable);
            from += jw_frame_size(header.length);
        } else if (!jw_segment_find(segment, from, limit, &from)) {
            break;
        }
    }
    return durable;
}

static void take_frame(struct jw_spool *spool, const struct jw_frame_header *header, struct state *state) {
    if (header->kind == JW_FRAME_FORGET)
        jw_origins_remove(spool->settled, header->origin);
    else
        jw_origins_set(spool->settled, header->origin, header->origin_at);
    state->durable = larger(state->durable, header->durable);
    state->next_event = larger(state->next_event, header->first_event + header->events);
}

static jw_status replay(struct jw_spool *spool, const struct jw_segment *segment, bool last, struct state *state,
                        struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer body = JW_BUFFER(JW_FRAME_MOST + (size_t)1);
    struct jw_frame_header header;
    uint64_t position = segment->start, file_end;
    jw_status st = jw_segment_end(segment, &file_end, err);
    state->next_event = larger(state->next_event, segment->first_event);
    while (st == JW_OK && position < file_end) {
        st = check_frame(segment, position, &header, &body, err);
        if (st == JW_E_SYSTEM)
            return st;
        if (st == JW_OK && position + jw_frame_size(header.length) <= file_end) {
            take_frame(spool, &header, state);
            position += jw_frame_size(header.length);
            continue;
        }
        st = JW_OK;
        if (last && position >= state->durable)
            state->durable = larger(state->durable, proven(segment, position + 1, file_end));
        if (last && position >= state->durable) {
            state->cut = file_end - position;
            break;
        }
        if (!jw_segment_find(segment, position + 1, file_end, &position)) {
            state->sealed = true;
            position = file_end;
        }
    }
    state->end = position;
    return st;
}

/* Nobody can read what is in it, but its events have numbers, and they must not come again. An event takes more
 * than 8 bytes. */
static void step_over(const struct jw_segment_entry *entry, struct state *state) {
    state->next_event += entry->bytes / 8;
    state->end = larger(state->end, entry->start + entry->bytes);
    state->sealed = true;
}

/* Written again, not only synced: after a failed fsync the page cache may call clean what never reached the disk.
 */
static jw_status rewrite(const struct jw_segment *segment, uint64_t from, uint64_t to, struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(CHUNK);
    if (!jw_buffer_reserve(&bytes, CHUNK))
        return jw_fail(err, JW_E_SYSTEM, "no memory");
    from = larger(from, segment->start);
    while (from < to) {
        size_t size = to - from < CHUNK ? to - from : CHUNK;
        int64_t offset = jw_segment_offset(segment, from);
        if (jw_segment_read(segment->fd, bytes.ptr, size, offset) != (int64_t)size)
            return jw_fail(err, JW_E_SYSTEM, "segment: cannot be read");
        jw_status st = jw_segment_write(segment->fd, bytes.ptr, size, offset, err);
        if (st != JW_OK)
            return st;
        from += size;
    }
    return fsync(segment->fd) == 0 ? JW_OK : jw_fail(err, JW_E_SYSTEM, "fsync: %s", strerror(errno));
}

/* The newest segment whose header and origin table are whole: what came before it need not be read. */
static jw_status find_base(struct jw_spool *spool, size_t *out, struct jw_error *err) {
    for (size_t at = spool->segment_count; at-- > 0;) {
        struct jw_segment segment;
        jw_status st = jw_segment_open(spool->folder, spool->segments[at].start, O_RDONLY, &segment, err);
        if (st == JW_OK) {
            if (!spool->id)
                spool->id = segment.id;
            st = jw_segment_origins(&segment, spool->settled, err);
            jw_segment_close(&segment);
        }
        if (st == JW_E_SYSTEM)
            return st;
        if (st == JW_OK) {
            *out = at;
            return JW_OK;
        }
    }
    *out = 0;
    return JW_OK;
}

static jw_status replay_all(struct jw_spool *spool, size_t from, struct state *state, struct jw_error *err) {
    for (size_t at = from; at < spool->segment_count; at++) {
        bool last = at + 1 == spool->segment_count;
        struct jw_segment segment;
        jw_status st = jw_segment_open(spool->folder, spool->segments[at].start, O_RDWR, &segment, err);
        if (st == JW_E_SYNTAX) {
            step_over(&spool->segments[at], state);
            continue;
        }
        if (st != JW_OK)
            return st;
        state->sealed = false;
        st = replay(spool, &segment, last, state, err);
        if (!last || st != JW_OK) {
            jw_segment_close(&segment);
            if (st != JW_OK)
                return st;
            continue;
        }
        spool->active = segment;
    }
    return JW_OK;
}

static void take_cursor(void *context, const struct jw_cursor *cursor) {
    struct jw_spool *spool = context;
    /* Readers commit only what was durable. `appended` serves as scratch until it is set below. */
    if (cursor->id && cursor->id == spool->id)
        spool->appended = larger(spool->appended, cursor->position);
}

static jw_status settle_tail(struct jw_spool *spool, const struct state *state, uint64_t synced,
                             struct jw_error *err) {
    if (state->cut && ftruncate(spool->active.fd, jw_segment_offset(&spool->active, state->end)) != 0)
        return jw_fail(err, JW_E_SYSTEM, "cut of the torn tail: %s", strerror(errno));
    jw_status st = rewrite(&spool->active, synced, state->end, err);
    spool->active_bytes = (uint64_t)jw_segment_offset(&spool->active, state->end);
    spool->segments[spool->segment_count - 1].bytes = spool->active_bytes;
    return st;
}

/* The log goes on at `end`: in the last segment if it is sound, else in a new one. */
static jw_status go_on(struct jw_spool *spool, const struct state *state, struct jw_error *err) {
    uint64_t end = (larger(state->end, state->durable) + JW_FRAME_ALIGN - 1) & ~(uint64_t)(JW_FRAME_ALIGN - 1);
    if (end >= JW_SPOOL_MOST || state->next_event >= JW_SPOOL_MOST)
        return jw_fail(err, JW_E_SYNTAX, "positions beyond every bound");
    spool->settled_event = spool->next_event = state->next_event;
    spool->appended = end;
    spool->disk_bytes = 0;
    for (size_t i = 0; i < spool->segment_count; i++)
        spool->disk_bytes += spool->segments[i].bytes;
    if (spool->active.fd < 0 || state->sealed || end != state->end) {
        jw_status st = jw_commit_roll(spool, end, err);
        if (st != JW_OK)
            return st;
    }
    JW_AUTO(jw_buffer_free) jw_buffer copy = JW_BUFFER(JW_ORIGINS * sizeof(struct jw_origin));
    if (!jw_buffer_reserve(&copy, JW_ORIGINS * sizeof(struct jw_origin)))
        return jw_fail(err, JW_E_SYSTEM, "no memory");
    struct jw_origin *list = (struct jw_origin *)(void *)copy.ptr;
    jw_origins_print(spool->settled, list);
    for (uint32_t i = 0; i < jw_origins_count(spool->settled); i++)
        jw_origins_set(spool->origins, list[i].origin, list[i].at);
    return JW_OK;
}

jw_status jw_recover(struct jw_spool *spool, uint64_t *out_cut, struct jw_error *err) {
    size_t base;
    unlinkat(spool->folder, "segment.new", 0);
    jw_status st = jw_segment_list(spool->folder, &spool->segments, &spool->segment_count, err);
    spool->segment_capacity = spool->segment_count;
    if (st == JW_OK)
        st = find_base(spool, &base, err);
    if (st != JW_OK)
        return st;
    uint32_t head_id = atomic_load(&spool->head->id);
    bool sane = spool->head->durable < JW_SPOOL_MOST && spool->head->next_event < JW_SPOOL_MOST;
    if (!spool->id)
        spool->id = head_id;
    while (!spool->id)
        jw_random(&spool->id, sizeof spool->id);
    struct state state = {.next_event = 1};
    uint64_t synced = 0;
    if (head_id == spool->id && sane) {
        state.durable = synced = atomic_load(&spool->head->durable);
        state.next_event = larger(1, atomic_load(&spool->head->next_event));
    }
    st = jw_cursor_list(spool->folder, take_cursor, spool, err);
    state.durable = larger(state.durable, spool->appended);
    if (st == JW_OK)
        st = replay_all(spool, base, &state, err);
    if (st == JW_OK && spool->active.fd >= 0)
        st = settle_tail(spool, &state, synced, err);
    if (st == JW_OK)
        st = go_on(spool, &state, err);
    if (st == JW_OK && fsync(spool->folder) != 0)
        st = jw_fail(err, JW_E_SYSTEM, "fsync of the folder: %s", strerror(errno));
    if (st != JW_OK)
        return st;
    *out_cut = state.cut;
    atomic_store(&spool->durable, spool->appended);
    atomic_store(&spool->head->id, spool->id);
    atomic_store(&spool->head->oldest, spool->segments[0].start);
    jw_head_publish(spool->head, spool->appended, spool->next_event);
    return JW_OK;
}
