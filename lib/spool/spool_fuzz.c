/* lib/spool/spool_fuzz.c — any bytes as a segment file: a writer opens the folder and goes on, a reader reads it,
 * both without harm, and what is appended afterwards comes out again.
 *
 * The checksums would stop the fuzzer at the first byte. So with the first byte odd, the rest is taken as a program
 * that writes frames: lengths, events, kinds and origins from the input, sealed correctly, with damage where it
 * says so. */
#include "head.h"
#include "origins.h"
#include "segment.h"
#include "spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "test/fuzz.h"

static char folder[64];

static void remove_folder(void) {
    static const char *const names[] = {"head", "lock", "segment.new", "one.cursor", "one.cursor.new", "one.lock"};
    char path[128];
    int fd;
    struct jw_segment_entry *list = NULL;
    size_t count = 0;
    if (jw_segment_folder(folder, false, &fd, NULL) != JW_OK)
        return;
    if (jw_segment_list(fd, &list, &count, NULL) == JW_OK)
        for (size_t i = 0; i < count; i++) {
            jw_segment_name(list[i].start, path);
            unlinkat(fd, path, 0);
        }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(fd, names[i], 0);
    free(list);
    close(fd);
}

static void make_folder(void) {
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/jw_spool_fuzz.%d", memory ? "/dev/shm" : "/tmp", (int)getpid());
    if (mkdir(folder, 0700) != 0)
        abort();
}

static void at_exit(void) {
    remove_folder();
    rmdir(folder);
}

static void raw(int dir, const uint8_t *data, size_t size) {
    int fd = openat(dir, "0000000000000000.seg", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* Instructions of 8 bytes: what, length, events, origin, origin_at, durable, damage at, damage by. */
static void program(int dir, const uint8_t *data, size_t size) {
    struct jw_origins *origins = jw_origins_new();
    struct jw_segment segment;
    if (!origins || jw_segment_create(dir, 7, 0, 1, origins, &segment, NULL) != JW_OK)
        abort();
    uint64_t position = 0, event = 1;
    for (; size >= 8; data += 8, size -= 8) {
        static const char body[256 * 9];
        struct jw_frame_header header = {
            .start = data[0] & 1 ? position : position + data[1],
            .length = data[1] * 9u,
            .events = data[2],
            .kind = data[0] >> 1 & 3,
            .first_event = data[0] & 8 ? event : data[2] * UINT64_C(0x0100000000000001),
            .origin = data[3],
            .origin_at = data[4],
            .durable = data[0] & 16 ? position : data[5] * UINT64_C(0x0010000000000001)};
        header.body_check = jw_crc32c(0, body, header.length);
        jw_segment_seal(&header, segment.seed);
        if (data[0] & 32)
            ((uint8_t *)&header)[data[6] % sizeof header] ^= data[7];
        int64_t offset = jw_segment_offset(&segment, position);
        if (pwrite(segment.fd, &header, sizeof header, offset) < 0 ||
            pwrite(segment.fd, body, data[0] & 64 ? data[1] * 9u / 2 : jw_frame_size(data[1] * 9u) - sizeof header,
                   offset + (int64_t)sizeof header) < 0)
            abort();
        position += jw_frame_size(data[1] * 9u);
        event += data[2];
    }
    jw_segment_close(&segment);
    jw_origins_free(origins);
}

/* A head that claims anything: readers meet it before a writer came. */
static void claim(int dir, const uint8_t *data, size_t size) {
    struct jw_head *head;
    if (jw_head_open(dir, true, &head, NULL) != JW_OK)
        abort();
    uint64_t durable = size;
    if (size >= 8)
        memcpy(&durable, data, sizeof durable);
    atomic_store(&head->id, 7);
    jw_head_publish(head, durable % (size * 300 + 1), durable);
    jw_head_close(head);
}

static void read_all(const char *name, uint32_t *out_found) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    struct jw_spool_frame frame;
    struct jw_spool_lag lag;
    if (jw_spool_reader_open(folder, name, &reader, NULL) != JW_OK)
        return;
    jw_status st = JW_OK;
    for (int steps = 0; st == JW_OK || st == JW_E_SYNTAX; steps++) {
        assert(steps < 1 << 20); /* it ends */
        st = jw_spool_reader_next(reader, &frame, NULL);
        if (st == JW_OK && jw_text_is(frame.body, JW_TEXT("appended afterwards")))
            ++*out_found;
    }
    assert(jw_spool_reader_lag(reader, &lag, NULL) == JW_OK);
    assert(jw_spool_reader_seek(reader, 100, NULL) == JW_OK);
    st = jw_spool_reader_next(reader, &frame, NULL);
    assert(st != JW_OK || frame.position > 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder[0]) {
        make_folder();
        atexit(at_exit);
    }
    remove_folder();
    int dir;
    if (size == 0 || jw_segment_folder(folder, false, &dir, NULL) != JW_OK)
        return 0;
    if (data[0] & 1)
        program(dir, data + 1, size - 1);
    else
        raw(dir, data + 1, size - 1);
    uint32_t found = 0;
    if (data[0] & 2) {
        claim(dir, data + 1, size - 1);
        read_all(NULL, &found);
    }
    close(dir);
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    struct jw_spool_options options = {.commit_us = 1, .segment_bytes = 1 << 20};
    if (jw_spool_open(folder, &options, &spool, NULL, NULL) != JW_OK)
        return 0;
    uint64_t position;
    struct jw_spool_frame frame = {.events = 1, .body = JW_TEXT("appended afterwards")};
    if (jw_spool_append(spool, &frame, &position, NULL) != JW_OK ||
        jw_spool_wait(spool, position, -1, NULL) != JW_OK)
        abort();
    found = 0;
    read_all("one", &found);
    assert(found == 1);
    return 0;
}
