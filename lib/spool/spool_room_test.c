/* lib/spool/spool_room_test.c — retention, the ceiling, origins, waiting across processes, threads. */
#include "segment.h"
#include "spool_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/time.h"

/* --- room ----------------------------------------------------------------------------------------------------- */

static int count_segments(const char *folder) {
    struct jw_segment_entry *list;
    size_t count = 0;
    int fd;
    if (jw_segment_folder(folder, false, &fd, NULL) != JW_OK || jw_segment_list(fd, &list, &count, NULL) != JW_OK)
        return -1;
    free(list);
    close(fd);
    return (int)count;
}

/* Retention looks once a second, or at once when somebody wants room. */
static bool soon(struct jw_test *t, int segments) {
    for (int i = 0; i < 300 && count_segments(t->folder) != segments; i++)
        usleep(10000);
    return count_segments(t->folder) == segments;
}

static void segments_go_when_every_reader_has_passed(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    uint64_t end = fixture_fill(t, spool, 0, 20000);
    int all = count_segments(t->folder);
    JW_CHECK(t, all >= 4);
    usleep(1200000); /* nobody is registered: nothing goes */
    JW_CHECK_INT(t, count_segments(t->folder), all);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *fast = fixture_reader(t, t->folder, "fast");
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *slow = fixture_reader(t, t->folder, "slow");
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *nameless = fixture_reader(t, t->folder, NULL);
    struct jw_spool_frame frame;
    JW_CHECK_OK(t, jw_spool_reader_next(nameless, &frame, &t->err)); /* holds the first file open */
    JW_CHECK_INT(t, fixture_drain(t, fast, 0), 20000);
    JW_CHECK_OK(t, jw_spool_reader_commit(fast, end, &t->err));
    usleep(1200000);
    JW_CHECK_INT(t, count_segments(t->folder), all); /* one is still at the beginning */
    JW_CHECK_INT(t, fixture_drain(t, slow, 0), 20000);
    JW_CHECK_OK(t, jw_spool_reader_commit(slow, end, &t->err));
    JW_CHECK(t, soon(t, 1));
    JW_CHECK(t, jw_spool_fill(spool) < 1e-3);
    jw_status st; /* the one without a name finishes its file and goes on with what is left: no damage */
    while ((st = jw_spool_reader_next(nameless, &frame, &t->err)) == JW_OK)
        continue;
    JW_CHECK_INT(t, st, JW_AGAIN);
    fixture_fill(t, spool, 20000, 20010);
    JW_CHECK_INT(t, fixture_drain(t, slow, 20000), 20010);
}

static void a_reader_named_by_the_writer_misses_nothing(struct jw_test *t) {
    static const char *const names[] = {"late", NULL};
    struct jw_spool_options options = {.segment_bytes = 1 << 20, .readers = names};
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    JW_CHECK_OK(t, jw_spool_open(t->folder, &options, &spool, NULL, &t->err));
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *early = fixture_reader(t, t->folder, "early");
    JW_CHECK_OK(t, jw_spool_reader_commit(early, fixture_fill(t, spool, 0, 20000), &t->err));
    usleep(1200000);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *late = fixture_reader(t, t->folder, "late");
    JW_CHECK_INT(t, fixture_drain(t, late, 0), 20000);
}

static void the_ceiling_pushes_back_and_gives_way_when_a_reader_moved(struct jw_test *t) {
    struct jw_spool_options options = {.segment_bytes = 1 << 20, .most_bytes = 3 << 20, .commit_us = 100};
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    JW_CHECK_OK(t, jw_spool_open(t->folder, &options, &spool, NULL, &t->err));
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    uint64_t in = 0, out = 0, position = 0;
    for (int round = 0; round < 5; round++) {
        jw_status st;
        while ((st = fixture_append(spool, in, 0, &position, &t->err)) == JW_OK)
            in++;
        JW_CHECK_INT(t, st, JW_AGAIN);
        JW_CHECK(t, jw_spool_fill(spool) > 0.99);
        JW_CHECK(t, jw_spool_wait_room(spool, 400, 50 * JW_MS, &t->err) == JW_AGAIN);
        JW_CHECK_OK(t, jw_spool_wait(spool, position, JW_SECOND * 20, &t->err));
        out = fixture_drain(t, reader, out);
        JW_CHECK_INT(t, out, in);
        JW_CHECK_OK(t, jw_spool_reader_commit(reader, position, &t->err));
        JW_CHECK_OK(t, jw_spool_wait_room(spool, 100, JW_SECOND * 5, &t->err));
        JW_CHECK(t, jw_spool_fill(spool) < 0.9);
    }
    JW_CHECK(t, in > 40000);
    struct stat st;
    uint64_t bytes = 0;
    struct jw_segment_entry *list;
    size_t count;
    int fd;
    JW_CHECK_OK(t, jw_segment_folder(t->folder, false, &fd, &t->err));
    JW_CHECK_OK(t, jw_segment_list(fd, &list, &count, &t->err));
    for (size_t i = 0; i < count; i++)
        bytes += list[i].bytes;
    JW_CHECK(t, fstat(fd, &st) == 0 && bytes < 3 << 20);
    free(list);
    close(fd);
}

/* --- origins -------------------------------------------------------------------------------------------------- */

static void origins_survive_in_order_of_age(struct jw_test *t) {
    uint64_t at = 0, most = 65536;
    struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    for (uint64_t n = 0; n < most + 10; n++) /* the first ten are pushed out */
        while (fixture_append(spool, n, n + 1, NULL, &t->err) == JW_AGAIN)
            JW_CHECK_OK(t, jw_spool_wait_room(spool, 300, JW_SECOND * 20, &t->err));
    JW_CHECK(t, !jw_spool_origin(spool, 10, &at) && jw_spool_origin(spool, 11, &at) && at == 10);
    JW_CHECK_OK(t, fixture_append(spool, 777, 11, NULL, &t->err)); /* 11 is the newest now */
    jw_spool_forget(spool, 500);
    JW_CHECK(t, !jw_spool_origin(spool, 500, &at));
    for (int round = 0; round < 2; round++) {
        jw_spool_close(spool);
        spool = fixture_writer(t, t->folder, NULL);
        JW_CHECK(t, jw_spool_origin(spool, 11, &at) && at == 777);
        JW_CHECK(t, jw_spool_origin(spool, most + 10, &at) && at == most + 9);
        JW_CHECK(t, !jw_spool_origin(spool, 10, &at) && !jw_spool_origin(spool, 500, &at));
        JW_CHECK(t, !jw_spool_origin(spool, 0, &at));
    }
    JW_CHECK_OK(t, fixture_append(spool, 1, 1000001, NULL, &t->err)); /* the place of 500 */
    JW_CHECK(t, jw_spool_origin(spool, 12, &at));
    JW_CHECK_OK(t, fixture_append(spool, 1, 1000002, NULL, &t->err));
    JW_CHECK(t, !jw_spool_origin(spool, 12, &at) && jw_spool_origin(spool, 11, &at) &&
                    jw_spool_origin(spool, 13, &at));
    jw_spool_close(spool);
}

static void forgetting_is_not_seen_by_readers(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    struct jw_spool_lag lag;
    uint64_t position;
    for (uint64_t n = 0; n < 10; n++) {
        JW_CHECK_OK(t, fixture_append(spool, n, 1, &position, &t->err));
        jw_spool_forget(spool, 1);
    }
    JW_CHECK_OK(t, jw_spool_wait(spool, jw_spool_appended(spool), JW_SECOND * 20, &t->err));
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 10);
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, position, &t->err));
    JW_CHECK_OK(t, jw_spool_reader_lag(reader, &lag, &t->err));
    JW_CHECK(t, lag.bytes == 0 && lag.events == 0 && lag.oldest == 0);
}

/* --- waiting -------------------------------------------------------------------------------------------------- */

static void a_reader_in_another_process_wakes_on_append(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    int times[2];
    JW_CHECK(t, pipe(times) == 0);
    pid_t child = fork(); /* before the writer has a thread */
    if (child == 0) {
        JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "child");
        struct jw_spool_frame frame;
        for (int got = 0; got < 50;) {
            jw_status st = jw_spool_reader_next(reader, &frame, NULL);
            int64_t now = jw_time_now();
            if (st == JW_AGAIN && jw_spool_reader_wait(reader, JW_SECOND * 10) != JW_OK)
                _exit(1);
            if (st == JW_OK && (got++, write(times[1], &now, sizeof now) != sizeof now))
                _exit(1);
        }
        _exit(0);
    }
    spool = fixture_writer(t, t->folder, NULL);
    int64_t worst = 0, sum = 0;
    for (uint64_t n = 0; n < 50; n++) {
        usleep(2000); /* it sleeps by now */
        fixture_fill(t, spool, n, n + 1);
        int64_t durable = jw_time_now(), seen;
        JW_CHECK(t, read(times[0], &seen, sizeof seen) == sizeof seen);
        int64_t late = n && seen > durable ? seen - durable : 0; /* before the first it looked for a writer */
        worst = late > worst ? late : worst;
        sum += late;
    }
    int status;
    JW_CHECK(t, waitpid(child, &status, 0) == child && status == 0);
    printf("  durable to read in another process: mean %lld us, worst %lld us\n", (long long)(sum / 50000),
           (long long)(worst / 1000));
    JW_CHECK(t, sum / 50 < 100 * JW_MS); /* a poll or a timeout would be far above, a busy machine below */
    close(times[0]), close(times[1]);
}

static void the_eventfd_tells_of_commits(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    struct pollfd poll_one = {.fd = jw_spool_eventfd(spool), .events = POLLIN};
    uint64_t position, count;
    JW_CHECK_OK(t, fixture_append(spool, 0, 0, &position, &t->err));
    JW_CHECK(t, poll(&poll_one, 1, 20000) == 1);
    JW_CHECK(t, read(poll_one.fd, &count, sizeof count) == sizeof count);
    JW_CHECK(t, jw_spool_durable(spool) >= position);
    JW_CHECK(t, poll(&poll_one, 1, 0) == 0);
}

static void waiting_ends_when_the_time_is_over(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    int64_t before = jw_time_steady();
    JW_CHECK(t, jw_spool_wait(spool, 1, 30 * JW_MS, &t->err) == JW_AGAIN);
    struct jw_spool_frame frame;
    JW_CHECK(t, jw_spool_reader_next(reader, &frame, NULL) == JW_AGAIN);
    JW_CHECK(t, jw_spool_reader_wait(reader, 30 * JW_MS) == JW_AGAIN);
    int64_t took = jw_time_steady() - before;
    JW_CHECK(t, took >= 60 * JW_MS && took < JW_SECOND * 5);
}

/* --- threads -------------------------------------------------------------------------------------------------- */

#define THREADS    4
#define PER_THREAD 3000

struct crowd {
    struct jw_spool *spool;
    uint64_t origin;
    bool failed;
};

static void *append_many(void *context) {
    struct crowd *one = context;
    for (uint64_t n = 0; n < PER_THREAD && !one->failed; n++) {
        uint64_t position;
        jw_status st;
        while ((st = fixture_append(one->spool, n, one->origin, &position, NULL)) == JW_AGAIN)
            one->failed |= jw_spool_wait_room(one->spool, 300, JW_SECOND * 20, NULL) != JW_OK;
        one->failed |= st != JW_OK;
        if (n % 500 == 0)
            one->failed |= jw_spool_wait(one->spool, position, JW_SECOND * 20, NULL) != JW_OK;
    }
    return NULL;
}

static void many_threads_append_and_each_keeps_its_order(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.spool = spool, .origin = i + 1};
        JW_CHECK(t, pthread_create(&threads[i], NULL, append_many, &crowd[i]) == 0);
    }
    uint64_t next[THREADS] = {0}, event = 1, got = 0;
    struct jw_spool_frame frame;
    for (jw_status st = JW_OK; got < THREADS * PER_THREAD && (st == JW_OK || st == JW_AGAIN);) {
        st = jw_spool_reader_next(reader, &frame, &t->err);
        if (st == JW_AGAIN && jw_spool_reader_wait(reader, JW_SECOND * 20) != JW_OK)
            break;
        if (st != JW_OK)
            continue;
        JW_CHECK(t, frame.origin >= 1 && frame.origin <= THREADS && frame.first_event == event);
        JW_CHECK_INT(t, frame.origin_at, next[frame.origin - 1]++);
        JW_CHECK_INT(t, fixture_number(&frame), frame.origin_at);
        event += frame.events;
        if (++got % 1000 == 0)
            JW_CHECK_OK(t, jw_spool_reader_commit(reader, frame.position, &t->err));
    }
    JW_CHECK_INT(t, got, THREADS * PER_THREAD);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        JW_CHECK(t, !crowd[i].failed);
    }
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(segments_go_when_every_reader_has_passed),
                                      JW_CASE(a_reader_named_by_the_writer_misses_nothing),
                                      JW_CASE(the_ceiling_pushes_back_and_gives_way_when_a_reader_moved),
                                      JW_CASE(origins_survive_in_order_of_age),
                                      JW_CASE(forgetting_is_not_seen_by_readers),
                                      JW_CASE(a_reader_in_another_process_wakes_on_append),
                                      JW_CASE(the_eventfd_tells_of_commits),
                                      JW_CASE(waiting_ends_when_the_time_is_over),
                                      JW_CASE(many_threads_append_and_each_keeps_its_order),
                                      {0}});
}
