/* lib/formats/formats_bench.c — how fast, per CPU-second: MB/s of JSON flattened, lines/s of each format's sample,
 * records/s of EVTX. formats_bench [FILE.evtx | FILE.ndjson]…   Build with --buildtype=release; not a test, nothing
 * waits for it. */
#include "format.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "evtx/evtx.h"
#include "json/json.h"

#define LEAST (JW_SECOND / 2)

static struct jw_arena *mem;

/* Time of this process alone: others share the machine. */
static int64_t cpu_now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * JW_SECOND + ts.tv_nsec;
}

static void each_sample(void) {
    for (size_t i = 0; jw_formats[i]; i++) {
        int64_t start = cpu_now(), spent = 0;
        uint64_t lines = 0, failed = 0;
        for (; spent < LEAST; spent = cpu_now() - start)
            for (int k = 0; k < 1000; k++, lines++) {
                struct jw_record rec = {.mem = mem, .received = 1795140000 * JW_SECOND};
                failed += jw_formats[i]->parse(jw_formats[i]->sample, &rec, NULL) != JW_OK;
                jw_arena_reset(mem);
            }
        printf("%-12s %9.0f lines/s %s\n", jw_formats[i]->name, (double)lines * 1e9 / (double)spent,
               failed ? "FAILED" : "");
    }
}

static void json_lines(const char *path, jw_text all) {
    int64_t start = cpu_now(), spent = 0;
    uint64_t events = 0, bytes = 0, fields = 0, failed = 0;
    for (; spent < LEAST; spent = cpu_now() - start) {
        jw_text rest = all, line;
        while (jw_text_next(&rest, '\n', &line)) {
            struct jw_record rec = {.mem = mem};
            failed += jw_json_flatten(line, &rec, NULL) != JW_OK;
            fields += rec.count;
            bytes += line.len;
            events++;
            jw_arena_reset(mem);
        }
    }
    printf("%s: %.0f MB/s, %.0f events/s of %llu bytes and %llu fields, %llu refused\n", path,
           (double)bytes * 1e3 / (double)spent, (double)events * 1e9 / (double)spent,
           (unsigned long long)(bytes / events), (unsigned long long)(fields / events), (unsigned long long)failed);
}

static void event_log(const char *path, jw_text all) {
    int64_t start = cpu_now(), spent = 0;
    uint64_t records = 0, bytes = 0, fields = 0, id;
    for (; spent < LEAST; spent = cpu_now() - start) {
        JW_AUTO(jw_evtx_close_p) struct jw_evtx *evtx = NULL;
        struct jw_record rec = {.mem = mem};
        if (jw_evtx_open(all, &evtx, NULL) != JW_OK)
            return;
        while (jw_evtx_next(evtx, &id, &rec, NULL) != JW_END) {
            records++;
            fields += rec.count;
            jw_arena_reset(mem);
            rec = (struct jw_record){.mem = mem};
        }
        bytes += all.len;
    }
    printf("%s: %.0f records/s, %.0f MB/s, %llu fields a record\n", path, (double)records * 1e9 / (double)spent,
           (double)bytes * 1e3 / (double)spent, (unsigned long long)(fields / (records ? records : 1)));
}

int main(int argc, char **argv) {
    mem = jw_arena_new(64 << 20);
    if (!mem)
        return 1;
    if (argc == 1)
        each_sample();
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
            perror(argv[i]);
            return 1;
        }
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        close(fd);
        if (at == MAP_FAILED)
            return 1;
        jw_text all = {at, (size_t)st.st_size};
        if (jw_evtx_detect(all))
            event_log(argv[i], all);
        else
            json_lines(argv[i], all);
        munmap(at, all.len);
    }
    jw_arena_free(mem);
    return 0;
}
