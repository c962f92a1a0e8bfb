/* lib/spool/spool_bench.c — durable MB/s and events/s, beside a plain write+fdatasync loop over the same bytes.
 * spool_bench [FOLDER] [MiB per run]; FOLDER is created and must be on the disk to measure. Not a test. */
#include "segment.h"
#include "spool.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"

#define EVENT_BYTES 500 /* about what a parsed firewall line takes in a batch */
#define MIB         ((size_t)1 << 20)

static double cpu_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void print(const char *name, size_t frame, uint64_t bytes, int64_t took_ns, double cpu) {
    double seconds = (double)took_ns / 1e9, mb = (double)bytes / 1e6;
    printf("%-34s %5zu KiB  %8.1f MB/s  %9.0f events/s  %5.2f CPU-s/GB\n", name, frame >> 10, mb / seconds,
           (double)bytes / EVENT_BYTES / seconds, cpu / mb * 1000);
    fflush(stdout);
}

static void give_up(const struct jw_error *err) {
    fprintf(stderr, "spool_bench: %s\n", err->text);
    exit(1);
}

/* What a program without group commit does: each frame is durable before the next one is taken. */
static void baseline(int folder, const char *body, size_t frame, uint64_t total, const char *name, int sync_every) {
    int fd = openat(folder, "baseline", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct jw_error err = {0};
    double cpu = cpu_seconds();
    int64_t start = jw_time_steady();
    uint64_t done = 0;
    for (int n = 1; done < total; n++, done += frame)
        if (fd < 0 || jw_segment_write(fd, body, frame, (int64_t)done, &err) != JW_OK ||
            (n % sync_every == 0 && fdatasync(fd) != 0))
            give_up(&err);
    if (fdatasync(fd) != 0)
        give_up(&err);
    print(name, frame, total, jw_time_steady() - start, cpu_seconds() - cpu);
    close(fd);
    unlinkat(folder, "baseline", 0);
}

struct work {
    struct jw_spool *spool;
    const char *body;
    size_t frame;
    uint64_t total;
    bool wait_each;
};

static void *append_all(void *context) {
    const struct work *work = context;
    struct jw_error err = {0};
    uint64_t position = 0;
    struct jw_spool_frame frame = {.events = (uint32_t)(work->frame / EVENT_BYTES + 1),
                                   .body = {work->body, work->frame}};
    for (uint64_t done = 0; done < work->total; done += work->frame) {
        jw_status st;
        while ((st = jw_spool_append(work->spool, &frame, &position, &err)) == JW_AGAIN)
            if (jw_spool_wait_room(work->spool, work->frame, -1, &err) != JW_OK)
                give_up(&err);
        if (st != JW_OK || (work->wait_each && jw_spool_wait(work->spool, position, -1, &err) != JW_OK))
            give_up(&err);
    }
    if (jw_spool_wait(work->spool, position, -1, &err) != JW_OK)
        give_up(&err);
    return NULL;
}

static void appenders(struct work work, int threads, const char *name) {
    pthread_t thread[64];
    double cpu = cpu_seconds();
    int64_t start = jw_time_steady();
    work.total /= (uint64_t)threads;
    for (int i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, append_all, &work);
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    print(name, work.frame, work.total * (uint64_t)threads, jw_time_steady() - start, cpu_seconds() - cpu);
}

static void latency(struct jw_spool *spool, const char *body) {
    int64_t sum = 0, worst = 0;
    struct jw_error err = {0};
    for (int i = 0; i < 300; i++) {
        uint64_t position;
        struct jw_spool_frame frame = {.events = 1, .body = {body, 1000}};
        int64_t start = jw_time_steady();
        if (jw_spool_append(spool, &frame, &position, &err) != JW_OK ||
            jw_spool_wait(spool, position, -1, &err) != JW_OK)
            give_up(&err);
        int64_t took = jw_time_steady() - start;
        sum += took;
        worst = took > worst ? took : worst;
    }
    printf("one sender, one event at a time:    append to durable mean %.2f ms, worst %.2f ms\n",
           (double)sum / 300e6, (double)worst / 1e6);
}

static void reading(const char *folder) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    struct jw_error err = {0};
    struct jw_spool_frame frame = {0};
    if (jw_spool_reader_open(folder, "bench", &reader, &err) != JW_OK)
        give_up(&err);
    uint64_t bytes = 0;
    double cpu = cpu_seconds();
    int64_t start = jw_time_steady();
    while (jw_spool_reader_next(reader, &frame, &err) == JW_OK)
        bytes += frame.body.len;
    print("reading all of it (page cache)", 0, bytes, jw_time_steady() - start, cpu_seconds() - cpu);
    enum { COMMITS = 200 };
    cpu = cpu_seconds();
    start = jw_time_steady();
    for (uint64_t i = COMMITS; i > 0; i--)
        if (jw_spool_reader_commit(reader, frame.position - i + 1, &err) != JW_OK)
            give_up(&err);
    printf("cursor commit:                      %.2f ms each, %.3f ms CPU\n",
           (double)(jw_time_steady() - start) / 1e6 / COMMITS, (cpu_seconds() - cpu) * 1000 / COMMITS);
}

int main(int argc, char **argv) {
    char preset[] = "./spool_bench.XXXXXX";
    const char *path = argc > 1 ? argv[1] : mkdtemp(preset);
    uint64_t mib = 256;
    int folder;
    struct jw_error err = {0};
    if ((argc > 2 && !jw_text_u64(jw_text_from(argv[2]), &mib)) || !path)
        return 2;
    if (jw_segment_folder(path, true, &folder, &err) != JW_OK)
        give_up(&err);
    char *body = malloc(MIB);
    for (size_t i = 0; body && i < MIB; i++)
        body[i] = (char)(i * 31 >> 3);
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = NULL;
    if (!body || jw_spool_open(path, &(struct jw_spool_options){0}, &spool, NULL, &err) != JW_OK)
        give_up(&err);
    uint64_t total = mib * MIB;
    baseline(folder, body, 64 << 10, total, "plain write, fdatasync each", 1);
    baseline(folder, body, 64 << 10, total, "plain write, fdatasync each 16th", 16);
    struct work work = {.spool = spool, .body = body, .frame = 64 << 10, .total = total};
    appenders(work, 1, "spool, 1 thread");
    appenders(work, 4, "spool, 4 threads");
    work.wait_each = true;
    work.total /= 4;
    appenders(work, 1, "spool, 1 thread waits for each");
    appenders(work, 16, "spool, 16 threads wait for each");
    work.wait_each = false;
    work.frame = 1 << 20;
    work.total = total;
    appenders(work, 1, "spool, 1 thread");
    work.frame = 2 << 10;
    work.total /= 8;
    appenders(work, 1, "spool, 1 thread");
    latency(spool, body);
    reading(path);
    free(body);
    close(folder);
    printf("left in %s\n", path);
    return 0;
}
