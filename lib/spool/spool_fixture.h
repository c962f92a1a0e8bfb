/* lib/spool/spool_fixture.h — what the tests of the spool share: frames whose body says which one they are. */
#pragma once
#include "spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/test.h"

#define EVENTS_PER_FRAME 3

/* Body number `n`: its number, then a pattern that depends on it. Sizes vary, multiples of 8 and not. */
static inline size_t fixture_body(uint64_t n, char *out, size_t capacity) {
    size_t size = 16 + n * 37 % (capacity - 16);
    int len = snprintf(out, capacity, "%015llu", (unsigned long long)n);
    for (size_t i = (size_t)len + 1; i < size; i++)
        out[i] = (char)(n + i * 7);
    return size;
}

static inline jw_status fixture_append(struct jw_spool *spool, uint64_t n, uint64_t origin, uint64_t *out_position,
                                       struct jw_error *err) {
    char body[300];
    struct jw_spool_frame frame = {.events = EVENTS_PER_FRAME, .origin = origin, .origin_at = n};
    frame.body = (jw_text){body, fixture_body(n, body, sizeof body)};
    return jw_spool_append(spool, &frame, out_position, err);
}

/* Appends bodies from..to-1 and waits until they are durable; returns the last position. */
static inline uint64_t fixture_fill(struct jw_test *t, struct jw_spool *spool, uint64_t from, uint64_t to) {
    uint64_t position = 0;
    for (uint64_t n = from; n < to; n++)
        JW_CHECK_OK(t, fixture_append(spool, n, 0, &position, &t->err));
    JW_CHECK_OK(t, jw_spool_wait(spool, position, INT64_C(20000000000), &t->err));
    return position;
}

/* Which body is it? UINT64_MAX: none of ours. */
static inline uint64_t fixture_number(const struct jw_spool_frame *frame) {
    char body[300];
    uint64_t n;
    if (frame->body.len < 16 || !jw_text_u64((jw_text){frame->body.ptr, 15}, &n))
        return UINT64_MAX;
    size_t size = fixture_body(n, body, sizeof body);
    return jw_text_is(frame->body, (jw_text){body, size}) ? n : UINT64_MAX;
}

/* Reads until nothing is left: bodies in sequence from `from`; event numbers too, when no frame is missing. Returns
 * the number behind the last one. */
static inline uint64_t fixture_drain(struct jw_test *t, struct jw_spool_reader *reader, uint64_t from) {
    struct jw_spool_frame frame;
    jw_status st;
    while ((st = jw_spool_reader_next(reader, &frame, &t->err)) == JW_OK) {
        JW_CHECK_INT(t, fixture_number(&frame), from);
        JW_CHECK_INT(t, frame.first_event, 1 + from * EVENTS_PER_FRAME);
        JW_CHECK_INT(t, frame.events, EVENTS_PER_FRAME);
        JW_CHECK(t, frame.start < frame.position);
        from++;
    }
    JW_CHECK_INT(t, st, JW_AGAIN);
    return from;
}

static inline struct jw_spool *fixture_writer(struct jw_test *t, const char *folder, uint64_t *out_cut) {
    struct jw_spool *spool = NULL;
    struct jw_spool_options options = {.segment_bytes = 1 << 20, .commit_us = 100};
    JW_CHECK_OK(t, jw_spool_open(folder, &options, &spool, out_cut, &t->err));
    return spool;
}

static inline struct jw_spool_reader *fixture_reader(struct jw_test *t, const char *folder, const char *name) {
    struct jw_spool_reader *reader = NULL;
    JW_CHECK_OK(t, jw_spool_reader_open(folder, name, &reader, &t->err));
    return reader;
}

static inline const char *fixture_path(struct jw_test *t, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    return jw_arena_cstr(t->mem, jw_text_from(path));
}

static inline void fixture_write(struct jw_test *t, const char *path, jw_text bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    JW_CHECK(t, fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

static inline void fixture_flip(struct jw_test *t, const char *path, int64_t at) {
    char byte = 0;
    int fd = open(path, O_RDWR);
    JW_CHECK(t, fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte = (char)~byte;
    JW_CHECK(t, pwrite(fd, &byte, 1, at) == 1);
    close(fd);
}

#define FIRST_SEGMENT "0000000000000000.seg"
#define FIRST_BASE    64 /* where the frames of a segment without origins begin */
