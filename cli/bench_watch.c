/* cli/bench_watch.c — what the processes under measurement did: processor time, memory, counters. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "os/stats.h"
#include "spool/spool.h"

bool jw_bench_usage_of(int pid, struct jw_usage *out) {
    char path[64], line[1024];
    unsigned long long user = 0, kernel = 0, kib;
    *out = (struct jw_usage){0};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    const char *rest = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL; /* the name may hold anything */
    fclose(file);
    if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel) != 2)
        return false;
    out->cpu_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmRSS: %llu", &kib) == 1)
            out->rss_mb = kib / 1024;
        if (sscanf(line, "VmHWM: %llu", &kib) == 1)
            out->peak_mb = kib / 1024;
    }
    if (file)
        fclose(file);
    return true;
}

struct sum {
    const char *name;
    uint64_t value;
};

static void add(void *context, const char *name, const char *source, uint64_t value) {
    struct sum *sum = context;
    (void)source;
    if (strcmp(sum->name, name) == 0)
        sum->value += value;
}

uint64_t jw_bench_counter(const char *data, const char *daemon, const char *name) {
    char path[4096];
    struct sum sum = {.name = name};
    snprintf(path, sizeof path, "%s/run/%s.stats", data, daemon);
    if (jw_stats_read(path, add, &sum, NULL) != JW_OK)
        return 0;
    return sum.value;
}

uint64_t jw_bench_durable(const char *data, const char *name) {
    char path[4096];
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    struct jw_spool_lag lag = {0};
    snprintf(path, sizeof path, "%s/spool/%s", data, name);
    if (jw_spool_reader_open(path, "bench", &reader, NULL) != JW_OK ||
        jw_spool_reader_lag(reader, &lag, NULL) != JW_OK)
        return 0;
    return lag.events;
}

bool jw_bench_answers(int port, int64_t timeout_ns) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int64_t end = jw_time_steady() + timeout_ns; jw_time_steady() < end; usleep(20000)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool good = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
        if (fd >= 0)
            close(fd);
        if (good)
            return true;
    }
    return false;
}

void jw_bench_row(const char *what, const char *fmt, ...) {
    va_list args;
    printf("  %-46s ", what);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}
