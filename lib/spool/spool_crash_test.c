/* lib/spool/spool_crash_test.c — torn tails, damaged bytes, full disks, SIGKILL, and power loss as far as a file
 * can show it: sectors that were not durable hold anything. */
#include "head.h"
#include "segment.h"
#include "spool_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/time.h"

/* A closed spool with `frames` frames in its first segment; returns where the last one begins in the file. */
static int64_t make(struct jw_test *t, const char *folder, uint64_t frames, int64_t *out_size) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, folder, NULL);
    uint64_t before = fixture_fill(t, spool, 0, frames - 1);
    uint64_t end = fixture_fill(t, spool, frames - 1, frames);
    *out_size = FIRST_BASE + (int64_t)end;
    return FIRST_BASE + (int64_t)before;
}

static void place(struct jw_test *t, const char *folder, jw_text segment) {
    char path[4200];
    mkdir(folder, 0750);
    snprintf(path, sizeof path, "%s/head", folder);
    unlink(path); /* what a power loss may leave of it */
    snprintf(path, sizeof path, "%s/" FIRST_SEGMENT, folder);
    fixture_write(t, path, segment);
}

static void a_torn_tail_is_cut_at_every_byte(struct jw_test *t) {
    int64_t size, last = make(t, fixture_path(t, "from"), 6, &size);
    jw_text whole = jw_test_read(t, fixture_path(t, "from/" FIRST_SEGMENT));
    JW_CHECK_INT(t, whole.len, size);
    const char *folder = fixture_path(t, "torn");
    for (int64_t at = last; at < size && !t->failures; at++) {
        uint64_t cut = 0;
        place(t, folder, (jw_text){whole.ptr, (size_t)at});
        struct jw_spool *spool = fixture_writer(t, folder, &cut);
        JW_CHECK_INT(t, cut, at - last);
        JW_CHECK_INT(t, jw_spool_durable(spool), last - FIRST_BASE);
        fixture_fill(t, spool, 5, 8); /* its number and its place are free again: nobody had seen them */
        JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, folder, NULL);
        JW_CHECK_INT(t, fixture_drain(t, reader, 0), 8);
        jw_spool_close(spool);
    }
}

static void a_tail_of_zeros_or_rubbish_is_cut(struct jw_test *t) {
    int64_t size;
    make(t, fixture_path(t, "from"), 6, &size);
    jw_text whole = jw_test_read(t, fixture_path(t, "from/" FIRST_SEGMENT));
    char *longer = jw_arena_alloc(t->mem, whole.len + 5000);
    for (int kind = 0; kind < 3; kind++) {
        uint64_t cut = 0;
        memcpy(longer, whole.ptr, whole.len);
        memset(longer + whole.len, kind ? 0xA5 : 0, 5000);
        if (kind == 2) /* an old frame, whole, but of another place */
            memcpy(longer + whole.len, whole.ptr + FIRST_BASE, 400);
        place(t, fixture_path(t, "torn"), (jw_text){longer, whole.len + 5000});
        JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, fixture_path(t, "torn"), &cut);
        JW_CHECK_INT(t, cut, 5000);
        fixture_fill(t, spool, 6, 7);
        JW_AUTO(jw_spool_reader_close_p)
        struct jw_spool_reader *reader = fixture_reader(t, fixture_path(t, "torn"), NULL);
        JW_CHECK_INT(t, fixture_drain(t, reader, 0), 7);
    }
}

/* Reads everything, counts frames and complaints; every frame given must be one of ours, in order. */
static void survey(struct jw_test *t, const char *folder, const char *name, int *out_frames, int *out_damaged) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, folder, name);
    struct jw_spool_frame frame;
    uint64_t event = 0;
    jw_status st;
    *out_frames = *out_damaged = 0;
    while ((st = jw_spool_reader_next(reader, &frame, &t->err)) == JW_OK || st == JW_E_SYNTAX) {
        if (st == JW_E_SYNTAX && ++*out_damaged < 100)
            continue;
        JW_CHECK(t, *out_damaged < 100);
        JW_CHECK(t, fixture_number(&frame) != UINT64_MAX && frame.first_event > event);
        event = frame.first_event;
        ++*out_frames;
    }
    JW_CHECK_INT(t, st, JW_AGAIN);
}

static void damage_costs_the_frame_it_is_in(struct jw_test *t) {
    int64_t size;
    make(t, t->folder, 10, &size);
    const char *path = fixture_path(t, FIRST_SEGMENT);
    struct jw_frame_header header;
    for (int64_t at = FIRST_BASE, frame = 0; frame < 3; frame++) {
        int fd = open(path, O_RDONLY);
        JW_CHECK(t, pread(fd, &header, sizeof header, at) == sizeof header);
        close(fd);
        for (size_t byte = 0; byte < sizeof header + header.length && !t->failures; byte++) {
            int frames, damaged;
            fixture_flip(t, path, at + (int64_t)byte);
            survey(t, t->folder, NULL, &frames, &damaged);
            JW_CHECK(t, frames == 9 && damaged == 1);
            if (byte % 16 == 3) { /* and a writer that opens it leaves it as it is */
                uint64_t cut = 1;
                jw_spool_close(fixture_writer(t, t->folder, &cut));
                JW_CHECK_INT(t, cut, 0);
                survey(t, t->folder, NULL, &frames, &damaged);
                JW_CHECK(t, frames == 9 && damaged == 1);
            }
            fixture_flip(t, path, at + (int64_t)byte);
        }
        at += (int64_t)jw_frame_size(header.length);
    }
}

static void damage_at_the_end_of_what_was_durable_is_no_torn_tail(struct jw_test *t) {
    int64_t size, last = make(t, t->folder, 10, &size);
    fixture_flip(t, fixture_path(t, FIRST_SEGMENT), last + 80);
    uint64_t cut = 1;
    int frames, damaged;
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, &cut);
    JW_CHECK_INT(t, cut, 0);
    JW_CHECK_INT(t, jw_spool_durable(spool), size - FIRST_BASE);
    fixture_fill(t, spool, 10, 12); /* with new positions and new numbers */
    survey(t, t->folder, "one", &frames, &damaged);
    JW_CHECK(t, frames == 11 && damaged == 1);
}

/* Frames of one commit prove nothing about each other: pages reach the disk in any order. */
static void a_hole_in_an_unfinished_commit_cuts_what_is_behind_it(struct jw_test *t) {
    struct jw_spool_options options = {.commit_us = 300000};
    struct jw_spool *spool = NULL;
    JW_CHECK_OK(t, jw_spool_open(t->folder, &options, &spool, NULL, &t->err));
    uint64_t ends[10];
    for (uint64_t n = 0; n < 10; n++)
        JW_CHECK_OK(t, fixture_append(spool, n, 1, &ends[n], &t->err));
    jw_spool_close(spool);
    jw_text whole = jw_test_read(t, fixture_path(t, FIRST_SEGMENT));
    ((char *)(uintptr_t)whole.ptr)[FIRST_BASE + ends[4] + 90] ^= 1;
    place(t, fixture_path(t, "torn"), whole);
    uint64_t cut = 0, at = 0;
    spool = fixture_writer(t, fixture_path(t, "torn"), &cut);
    JW_CHECK_INT(t, cut, ends[9] - ends[4]);
    JW_CHECK(t, jw_spool_origin(spool, 1, &at) && at == 4); /* its producer sends the rest again */
    fixture_fill(t, spool, 5, 20);
    jw_spool_close(spool);
    JW_AUTO(jw_spool_reader_close_p)
    struct jw_spool_reader *reader = fixture_reader(t, fixture_path(t, "torn"), NULL);
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 20);
}

static void a_hole_before_a_later_commit_is_damage(struct jw_test *t) {
    int64_t size;
    make(t, fixture_path(t, "from"), 10, &size); /* the last frame is a commit of its own */
    jw_text whole = jw_test_read(t, fixture_path(t, "from/" FIRST_SEGMENT));
    ((char *)(uintptr_t)whole.ptr)[FIRST_BASE + 90] ^= 1;
    place(t, fixture_path(t, "torn"), whole);
    uint64_t cut = 1;
    int frames, damaged;
    jw_spool_close(fixture_writer(t, fixture_path(t, "torn"), &cut));
    survey(t, fixture_path(t, "torn"), NULL, &frames, &damaged);
    JW_CHECK_INT(t, cut, 0);
    JW_CHECK(t, frames == 9 && damaged == 1);
}

static void a_disk_that_lost_what_it_promised_reuses_no_number(struct jw_test *t) {
    int64_t size, last = make(t, t->folder, 10, &size);
    JW_CHECK(t, truncate(fixture_path(t, FIRST_SEGMENT), last) == 0); /* head still knows better */
    int frames, damaged;
    struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_CHECK_INT(t, jw_spool_durable(spool), size - FIRST_BASE);
    fixture_fill(t, spool, 10, 12);
    survey(t, t->folder, NULL, &frames, &damaged);
    JW_CHECK(t, frames == 11 && damaged == 1);
    jw_spool_close(spool);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    struct jw_spool_frame frame = {0};
    for (int i = 0; i < 9; i++)
        JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK(t, jw_spool_reader_next(reader, &frame, &t->err) == JW_E_SYNTAX);
    JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK_INT(t, frame.first_event, 1 + 10 * EVENTS_PER_FRAME);
}

static void a_damaged_segment_header_costs_that_segment(struct jw_test *t) {
    jw_spool_close(fixture_writer(t, t->folder, NULL));
    struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    fixture_fill(t, spool, 0, 20000);
    uint32_t id = jw_spool_id(spool);
    jw_spool_close(spool);
    struct jw_segment_entry *list;
    size_t count;
    int fd, frames, damaged;
    char name[JW_SEGMENT_NAME];
    JW_CHECK_OK(t, jw_segment_folder(t->folder, false, &fd, &t->err));
    JW_CHECK_OK(t, jw_segment_list(fd, &list, &count, &t->err));
    JW_CHECK(t, count >= 4);
    jw_segment_name(list[1].start, name);
    fixture_flip(t, fixture_path(t, name), 30);
    survey(t, t->folder, NULL, &frames, &damaged);
    JW_CHECK(t, damaged == 1 && frames > 9000 && frames < 19000);
    jw_segment_name(list[count - 1].start, name); /* the last one as well: and nobody remembers the head */
    fixture_flip(t, fixture_path(t, name), 30);
    unlink(fixture_path(t, "head"));
    spool = fixture_writer(t, t->folder, NULL);
    JW_CHECK_INT(t, jw_spool_id(spool), id);
    fixture_fill(t, spool, 20000, 20010);
    survey(t, t->folder, NULL, &frames, &damaged); /* survey checks that event numbers only grow */
    JW_CHECK_INT(t, damaged, 2);
    jw_spool_close(spool);
    free(list);
    close(fd);
}

/* --- a full disk ---------------------------------------------------------------------------------------------- */

/* Appends until the disk is full, then until it is not. `grow` makes room. */
static void fill_and_recover(struct jw_test *t, const char *folder, void (*grow)(struct jw_test *t)) {
    struct jw_spool_options options = {.segment_bytes = 4 << 20, .commit_us = 100};
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    JW_CHECK_OK(t, jw_spool_open(folder, &options, &spool, NULL, &t->err));
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, folder, "one");
    uint64_t in = 0, position = 0, out = 0;
    jw_status st = JW_OK;
    while (st == JW_OK && in < 200000) {
        st = fixture_append(spool, in, 0, &position, &t->err);
        if (st == JW_OK && ++in % 64 == 0)
            st = jw_spool_wait(spool, position, JW_SECOND / 2, &t->err);
    }
    JW_CHECK_INT(t, st, JW_AGAIN);
    JW_CHECK(t, jw_spool_fill(spool) == 1.0);
    JW_CHECK(t, jw_spool_durable(spool) < position);
    out = fixture_drain(t, reader, 0);
    JW_CHECK(t, out < in && out > 1000);
    JW_CHECK_OK(t,
                jw_spool_reader_commit(reader, jw_spool_durable(spool), &t->err)); /* no room is needed for that */
    grow(t);
    JW_CHECK_OK(t, jw_spool_wait(spool, position, JW_SECOND * 10, &t->err)); /* nothing that was taken is lost */
    JW_CHECK_INT(t, fixture_drain(t, reader, out), in);
    fixture_fill(t, spool, in, in + 100);
    JW_CHECK_INT(t, fixture_drain(t, reader, in), in + 100);
}

static void lift_limit(struct jw_test *t) {
    struct rlimit limit;
    JW_CHECK(t, getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    JW_CHECK(t, setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void a_file_limit_is_a_pause(struct jw_test *t) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    JW_CHECK(t, getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = 1500000;
    JW_CHECK(t, setrlimit(RLIMIT_FSIZE, &limit) == 0);
    fill_and_recover(t, t->folder, lift_limit);
    lift_limit(t);
}

static void remove_ballast(struct jw_test *t) { JW_CHECK(t, unlink(fixture_path(t, "disk/ballast")) == 0); }

static void a_full_disk_is_a_pause(struct jw_test *t) {
    const char *disk = fixture_path(t, "disk");
    mkdir(disk, 0750);
    if (mount("jwtest", disk, "tmpfs", 0, "size=8m") != 0) {
        jw_test_skip(t, "needs the right to mount a tmpfs");
        return;
    }
    char *ballast = calloc(1, 3 << 20);
    fixture_write(t, fixture_path(t, "disk/ballast"), (jw_text){ballast, 3 << 20});
    free(ballast);
    fill_and_recover(t, fixture_path(t, "disk/spool"), remove_ballast);
    JW_CHECK(t, umount2(disk, MNT_DETACH) == 0);
}

/* --- death at any moment ---------------------------------------------------------------------------------------*/

struct told {
    uint64_t next, position; /* bodies below `next` are durable up to `position` */
};

/* Goes on where origin 1 ended, and reports what is durable until it is killed. */
static void child_writes(const char *folder, int report) {
    struct jw_spool_options options = {.segment_bytes = 1 << 20, .commit_us = 200};
    struct jw_spool *spool = NULL;
    struct told told = {0};
    uint64_t at, position;
    if (jw_spool_open(folder, &options, &spool, NULL, NULL) != JW_OK)
        _exit(1);
    uint64_t n = jw_spool_origin(spool, 1, &at) ? at + 1 : 0;
    told = (struct told){n, jw_spool_durable(spool)};
    if (write(report, &told, sizeof told) != sizeof told)
        _exit(1);
    for (;; n++) {
        jw_status st;
        while ((st = fixture_append(spool, n, 1, &position, NULL)) == JW_AGAIN)
            if (jw_spool_wait_room(spool, 300, JW_SECOND, NULL) != JW_OK)
                _exit(2);
        if (st != JW_OK)
            _exit(3);
        if (n % 7 && jw_spool_wait(spool, position, n % 3 ? 0 : JW_SECOND, NULL) == JW_OK) {
            told = (struct told){n + 1, position};
            if (write(report, &told, sizeof told) != sizeof told)
                _exit(4);
        }
    }
}

static struct told last_told(struct jw_test *t, int fd, struct told before) {
    struct told told;
    bool first = true;
    while (read(fd, &told, sizeof told) == sizeof told) {
        if (first) /* what it found at its start: nothing that was told before may be missing */
            JW_CHECK(t, told.next >= before.next && told.position >= before.position);
        first = false;
        before = told;
    }
    return before;
}

/* Sectors of the last segment that were never durable may hold anything; the head may be of any age. */
static uint64_t lose_power(struct jw_test *t, uint64_t durable) {
    struct jw_head *head = NULL;
    struct jw_segment_entry *list = NULL;
    struct jw_segment last;
    size_t count = 0;
    int folder;
    JW_CHECK_OK(t, jw_segment_folder(t->folder, false, &folder, &t->err));
    if (jw_head_open(folder, false, &head, &t->err) != JW_OK ||
        jw_segment_list(folder, &list, &count, &t->err) != JW_OK || !count ||
        jw_segment_open(folder, list[count - 1].start, O_RDWR, &last, &t->err) != JW_OK) {
        jw_head_close(head);
        free(list);
        close(folder);
        return durable; /* killed before there was anything */
    }
    static const char zeros[512];
    uint64_t end, published = atomic_load(&head->durable);
    durable = published > durable ? published : durable; /* a new head is at 0 until its writer has recovered */
    JW_CHECK_OK(t, jw_segment_end(&last, &end, &t->err));
    int64_t from = jw_segment_offset(&last, durable > last.start ? durable : last.start);
    int64_t to = jw_segment_offset(&last, end);
    for (int64_t at = (from + 511) / 512 * 512; at < to; at += 512)
        if (rand() % 4 == 0)
            JW_CHECK(t, pwrite(last.fd, zeros, at + 512 < to ? 512 : (size_t)(to - at), at) > 0);
    if (from < to && rand() % 3 == 0)
        JW_CHECK(t, ftruncate(last.fd, from + rand() % (to - from)) == 0);
    if (rand() % 2)
        unlinkat(folder, "head", 0);
    jw_segment_close(&last);
    jw_head_close(head);
    free(list);
    close(folder);
    return durable;
}

static void kill_many_times(struct jw_test *t, int rounds, bool power) {
    struct told told = {0};
    uint64_t read_to = 0, durable = 0;
    srand(20260801);
    for (int round = 0; round < rounds && !t->failures; round++) {
        int report[2], status;
        JW_CHECK(t, pipe(report) == 0);
        pid_t child = fork();
        if (child == 0) {
            close(report[0]);
            child_writes(t->folder, report[1]);
        }
        close(report[1]);
        fcntl(report[0], F_SETPIPE_SZ, 1 << 20); /* the child must not stand still on a full pipe */
        usleep((useconds_t)(rand() % 30000));
        if (round % 3 == 0) { /* while the writer is alive */
            JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *live = fixture_reader(t, t->folder, "live");
            struct jw_spool_frame frame = {0};
            jw_status st;
            while ((st = jw_spool_reader_next(live, &frame, &t->err)) == JW_OK && rand() % 5000)
                JW_CHECK_INT(t, fixture_number(&frame), read_to++);
            JW_CHECK(t, st == JW_OK || st == JW_AGAIN);
            if (st == JW_OK) /* the last one read was not counted */
                JW_CHECK_INT(t, fixture_number(&frame), read_to++);
            if (frame.position)
                JW_CHECK_OK(t, jw_spool_reader_commit(live, frame.position, &t->err));
        }
        kill(child, SIGKILL);
        JW_CHECK(t, waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        told = last_told(t, report[0], told);
        close(report[0]);
        if (power)
            durable = lose_power(t, durable);
    }
    jw_spool_close(fixture_writer(t, t->folder, NULL));
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *all = fixture_reader(t, t->folder, "live");
    JW_CHECK(t, fixture_drain(t, all, read_to) >= told.next); /* each once, in order, numbers without a gap */
    printf("  %d deaths, %llu frames told durable\n", rounds, (unsigned long long)told.next);
    JW_CHECK(t, told.next > (uint64_t)rounds);
}

static void nothing_told_durable_is_lost_to_sigkill(struct jw_test *t) { kill_many_times(t, 150, false); }
static void nothing_told_durable_is_lost_to_power_failure(struct jw_test *t) { kill_many_times(t, 150, true); }

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(a_torn_tail_is_cut_at_every_byte),
                                                     JW_CASE(a_tail_of_zeros_or_rubbish_is_cut),
                                                     JW_CASE(damage_costs_the_frame_it_is_in),
                                                     JW_CASE(damage_at_the_end_of_what_was_durable_is_no_torn_tail),
                                                     JW_CASE(a_hole_in_an_unfinished_commit_cuts_what_is_behind_it),
                                                     JW_CASE(a_hole_before_a_later_commit_is_damage),
                                                     JW_CASE(a_disk_that_lost_what_it_promised_reuses_no_number),
                                                     JW_CASE(a_damaged_segment_header_costs_that_segment),
                                                     JW_CASE(a_file_limit_is_a_pause),
                                                     JW_CASE(a_full_disk_is_a_pause),
                                                     JW_CASE(nothing_told_durable_is_lost_to_sigkill),
                                                     JW_CASE(nothing_told_durable_is_lost_to_power_failure),
                                                     {0}});
}
