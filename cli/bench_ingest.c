/* cli/bench_ingest.c — `jinwu bench ingest`: one stream of syslog over TCP into rsyslog writing a file, then into
 * the collector and the detector, then into the whole platform, then paced while the age of what is searchable is
 * watched. */
#include "bench.h"
#include "command.h"
#include "up.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "os/child.h"

#define SENDERS  2
#define PATIENCE (300 * JW_SECOND)
#define SAMPLES  200000

static const char rsyslogd[] = "/usr/sbin/rsyslogd";

struct ingest {
    char folder[64], data[80];
    struct jw_feed feed;
    uint64_t events;
    double pace, pace_s;
    int port;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}
static void empty(const char *folder) { nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static void end(struct jw_child *child) {
    char how[64];
    if (child->pid <= 0)
        return;
    jw_child_signal(child, SIGTERM);
    jw_child_reap(child, how, sizeof how);
}

static jw_status write_file(const char *path, const char *text, struct jw_error *err) {
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    return JW_OK;
}

/* --- sending from threads, so that the feed is not the bottleneck
 * ------------------------------------------------- */
struct sender {
    const struct ingest *ingest;
    uint64_t from, to;
    double rate;
    pthread_t thread;
    jw_status st;
    struct jw_error err;
};

static void *send_part(void *context) {
    struct sender *s = context;
    s->st = jw_feed_send(&s->ingest->feed, s->ingest->port, s->from, s->to, s->rate, &s->err);
    return NULL;
}

static void send_begin(const struct ingest *ingest, struct sender senders[SENDERS], uint64_t events, double rate) {
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){
            ingest, events * i / SENDERS, events * (i + 1) / SENDERS, rate / SENDERS, 0, JW_OK, {{0}}};
        if (pthread_create(&senders[i].thread, NULL, send_part, &senders[i]) != 0)
            abort();
    }
}

static jw_status send_end(struct sender senders[SENDERS], struct jw_error *err) {
    jw_status st = JW_OK;
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        if (senders[i].st < 0) {
            st = senders[i].st;
            *err = senders[i].err;
        }
    }
    return st;
}

/* --- waiting for a number
 * ------------------------------------------------------------------------------------------ */
typedef uint64_t (*measure)(const struct ingest *ingest);

static uint64_t peer_bytes(const struct ingest *ingest) {
    struct stat st;
    char path[128];
    snprintf(path, sizeof path, "%s/peer.log", ingest->folder);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}
static uint64_t durable(const struct ingest *ingest) { return jw_bench_durable(ingest->data, "events"); }
static uint64_t matched(const struct ingest *ingest) {
    return jw_bench_counter(ingest->data, "jw-detect", "events_matched_total");
}
static uint64_t loaded(const struct ingest *ingest) {
    return jw_bench_counter(ingest->data, "jw-loader", "rows_loaded_total");
}

/* When `what` reaches `target`, in seconds from `start`; negative when it never does. */
static double wait_until(const struct ingest *ingest, measure what, uint64_t target, int64_t start) {
    int64_t shown = start;
    for (int64_t now = start; now < start + PATIENCE; now = jw_time_steady()) {
        uint64_t got = what(ingest);
        if (got >= target)
            return (double)(now - start) / JW_SECOND;
        if (now - shown > JW_SECOND && isatty(STDERR_FILENO)) {
            fprintf(stderr, "\r  %llu of %llu ", (unsigned long long)got, (unsigned long long)target);
            shown = now;
        }
        usleep(2000);
    }
    return -1;
}

static void clear_progress(void) {
    if (isatty(STDERR_FILENO))
        fputs("\r                                        \r", stderr);
}

static void row_rate(const char *what, double seconds, uint64_t events, const char *goal) {
    if (seconds < 0)
        jw_bench_row(what, "never reached within %d s", (int)(PATIENCE / JW_SECOND));
    else
        jw_bench_row(what, "%10.0f events/s   (%.2f s)%s", (double)events / seconds, seconds, goal);
}

static void row_usage(const char *name, int pid, uint64_t events) {
    struct jw_usage usage;
    if (pid > 0 && jw_bench_usage_of(pid, &usage))
        jw_bench_row(name, "%10.2f CPU s per million events, %llu MB resident, %llu MB at most",
                     usage.cpu_s * 1e6 / (double)events, (unsigned long long)usage.rss_mb,
                     (unsigned long long)usage.peak_mb);
}

/* --- the peer
 * ------------------------------------------------------------------------------------------------------ */
static jw_status peer(struct ingest *ingest, struct jw_error *err) {
    char config[128], pid_file[128], text[1024];
    struct sender senders[SENDERS];
    struct jw_child child = {.process = -1, .ready = -1};
    printf("\nrsyslog, the same stream to a file\n");
    if (access(rsyslogd, X_OK) != 0) {
        jw_bench_row("skipped", "%s is not installed (Debian package rsyslog)", rsyslogd);
        return JW_OK;
    }
    ingest->port = jw_bench_port();
    snprintf(config, sizeof config, "%s/peer.conf", ingest->folder);
    snprintf(pid_file, sizeof pid_file, "%s/peer.pid", ingest->folder);
    snprintf(text, sizeof text,
             "module(load=\"imtcp\")\nglobal(workDirectory=\"%s\")\ntemplate(name=\"raw\" type=\"string\" "
             "string=\"%%rawmsg%%\\n\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"%d\")\n"
             "action(type=\"omfile\" file=\"%s/peer.log\" template=\"raw\")\n",
             ingest->folder, ingest->port, ingest->folder);
    jw_status st = write_file(config, text, err);
    char *argv[] = {(char *)(uintptr_t)rsyslogd, "-n", "-f", config, "-i", pid_file, NULL};
    if (st == JW_OK)
        st = jw_child_start(argv, &child, err);
    if (st != JW_OK)
        return st;
    if (!jw_bench_answers(ingest->port, 10 * JW_SECOND))
        st = jw_fail(err, JW_E_SYSTEM, "rsyslogd does not answer");
    if (st == JW_OK) {
        uint64_t bytes = (uint64_t)ingest->feed.starts[ingest->feed.lines] * (ingest->events / ingest->feed.lines);
        int64_t start = jw_time_steady();
        send_begin(ingest, senders, ingest->events, 0);
        double seconds = wait_until(ingest, peer_bytes, bytes, start);
        clear_progress();
        st = send_end(senders, err);
        row_rate("into the file (no fsync, not parsed)", seconds, ingest->events, "");
        row_usage("rsyslogd", child.pid, ingest->events);
    }
    end(&child);
    return st;
}

/* --- jinwu
 * ---------------------------------------------------------------------------------------------------------- */
static jw_status daemon_start(const struct ingest *ingest, const char *name, const char *option,
                              struct jw_child *out, struct jw_error *err) {
    char program[4096], data[128], content[4200], value[128];
    if (!jw_up_program(name, program))
        return jw_fail(err, JW_E_SYSTEM, "jw-%s is not built", name);
    snprintf(data, sizeof data, "--data=%s", ingest->data);
    snprintf(content, sizeof content, "--content=%s", jw_command_content());
    snprintf(value, sizeof value, "--%s=127.0.0.1:%d", option ? option : "", ingest->port);
    char *argv[] = {program, data, content, "--log=warning", option ? value : NULL, NULL};
    return jw_child_start(argv, out, err);
}

/* The collector and the detector alone: what a burst meets while the lake waits. */
static jw_status collect_and_match(struct ingest *ingest, struct jw_error *err) {
    struct jw_child collect = {.process = -1, .ready = -1}, detect = collect;
    struct sender senders[SENDERS];
    printf("\njinwu, collector and detector\n");
    empty(ingest->data);
    mkdir(ingest->data, 0750);
    ingest->port = jw_bench_port();
    char spool[128];
    snprintf(spool, sizeof spool, "%s/spool", ingest->data);
    mkdir(spool, 0750);
    jw_status st = daemon_start(ingest, "detect", NULL, &detect, err);
    if (st == JW_OK)
        st = daemon_start(ingest, "collect", "syslog-tcp", &collect, err);
    if (st == JW_OK && !jw_bench_answers(ingest->port, 20 * JW_SECOND))
        st = jw_fail(err, JW_E_SYSTEM, "jw-collect does not answer");
    if (st == JW_OK) {
        durable(ingest);
        int64_t start = jw_time_steady();
        send_begin(ingest, senders, ingest->events, 0);
        double stored = wait_until(ingest, durable, ingest->events, start);
        double seen = wait_until(ingest, matched, ingest->events, start);
        clear_progress();
        st = send_end(senders, err);
        row_rate("parsed, attributed and durable", stored, ingest->events, "");
        row_rate("and matched", seen, ingest->events, "   goal 100,000");
        row_usage("jw-collect", collect.pid, ingest->events);
        row_usage("jw-detect", detect.pid, ingest->events);
    }
    end(&collect);
    end(&detect);
    return st;
}

static jw_status platform_start(struct ingest *ingest, struct jw_child *out, struct jw_error *err) {
    char self[4096], path[128], text[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return jw_fail(err, JW_E_SYSTEM, "/proc/self/exe: %s", strerror(errno));
    self[len] = '\0';
    empty(ingest->data);
    mkdir(ingest->data, 0750);
    ingest->port = jw_bench_port();
    snprintf(path, sizeof path, "%s/jinwu.yaml", ingest->data);
    snprintf(text, sizeof text,
             "collect:\n  syslog-tcp: 127.0.0.1:%d\n  syslog-udp: 127.0.0.1:%d\n  syslog-tls: 127.0.0.1:%d\n  "
             "relp: 127.0.0.1:%d\n",
             ingest->port, jw_bench_port(), jw_bench_port(), jw_bench_port());
    jw_status st = write_file(path, text, err);
    snprintf(text, sizeof text, "127.0.0.1:%d", jw_bench_port());
    char *argv[] = {self, "up", "--data", ingest->data, "--listen", text, NULL};
    if (st == JW_OK)
        st = jw_child_start(argv, out, err);
    char byte;
    if (st == JW_OK && read(out->ready, &byte, 1) != 1)
        st = jw_fail(err, JW_E_SYSTEM, "jinwu up did not become ready");
    return st;
}

static const char *const daemons[] = {"jw-collect", "jw-detect", "jw-loader", "jw-lake", "jw-api"};

static void usage_rows(const struct ingest *ingest, uint64_t events) {
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
        row_usage(daemons[i], (int)jw_bench_counter(ingest->data, daemons[i], "pid"), events);
}

static jw_status into_the_lake(struct ingest *ingest, struct jw_error *err) {
    struct sender senders[SENDERS];
    durable(ingest);
    int64_t start = jw_time_steady();
    send_begin(ingest, senders, ingest->events, 0);
    double stored = wait_until(ingest, durable, ingest->events, start);
    double searchable = wait_until(ingest, loaded, ingest->events, start);
    clear_progress();
    jw_status st = send_end(senders, err);
    row_rate("parsed, attributed and durable", stored, ingest->events, "");
    row_rate("in the lake", searchable, ingest->events, "   goal 50,000");
    usage_rows(ingest, ingest->events);
    return st;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The age of the newest searchable event, sampled every few milliseconds: event k was sent at k / pace, and a row
 * counts as searchable when the lake has acknowledged it. */
static jw_status paced(struct ingest *ingest, struct jw_error *err) {
    struct sender senders[SENDERS];
    uint64_t total = (uint64_t)(ingest->pace * ingest->pace_s), before = loaded(ingest), seen = 0;
    double *ages = malloc(SAMPLES * sizeof *ages);
    size_t count = 0;
    if (!ages)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    int64_t start = jw_time_steady();
    send_begin(ingest, senders, total, ingest->pace);
    while (seen < total && count < SAMPLES && jw_time_steady() < start + PATIENCE) {
        uint64_t now = loaded(ingest) - before;
        double at = (double)(jw_time_steady() - start) / JW_SECOND;
        if (now > seen) /* the oldest of those that just became searchable waited longest */
            ages[count++] = at - (double)seen / ingest->pace;
        seen = now;
        usleep(3000);
    }
    jw_status st = send_end(senders, err);
    qsort(ages, count, sizeof *ages, by_value);
    if (count)
        jw_bench_row("event to searchable, batch by batch",
                     "p50 %.0f ms, p99 %.0f ms, most %.0f ms   goal p99 2000", ages[count / 2] * 1e3,
                     ages[count * 99 / 100] * 1e3, ages[count - 1] * 1e3);
    free(ages);
    return st;
}

/* What the loader last heard of the lake's live parts; those that were merged away leave the disk minutes later. */
static uint64_t lake_rows(struct ingest *ingest) {
    uint64_t rows = 0;
    for (int i = 0; i < 300 && (rows = jw_bench_counter(ingest->data, "jw-loader", "lake_rows")) < loaded(ingest);
         i++)
        usleep(100000);
    return rows;
}

static jw_status whole_platform(struct ingest *ingest, struct jw_error *err) {
    struct jw_child up = {.process = -1, .ready = -1};
    printf("\njinwu, the whole platform\n");
    int64_t start = jw_time_steady();
    jw_status st = platform_start(ingest, &up, err);
    if (st == JW_OK) {
        jw_bench_row("start to ready", "%10.2f s", (double)(jw_time_steady() - start) / JW_SECOND);
        usleep(2000000);
        uint64_t idle = 0;
        struct jw_usage usage;
        for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
            if (jw_bench_usage_of((int)jw_bench_counter(ingest->data, daemons[i], "pid"), &usage))
                idle += usage.rss_mb;
        jw_bench_row("idle memory of all daemons", "%10llu MB   goal 600", (unsigned long long)idle);
        st = into_the_lake(ingest, err);
    }
    if (st == JW_OK) {
        printf("\njinwu, paced at %.0f events/s for %.0f s\n", ingest->pace, ingest->pace_s);
        st = paced(ingest, err);
    }
    if (st == JW_OK) {
        uint64_t rows = lake_rows(ingest), bytes = jw_bench_counter(ingest->data, "jw-loader", "lake_bytes");
        if (rows)
            jw_bench_row("on disk in the lake", "%10.1f bytes an event (lines of %.0f)   goal 100",
                         (double)bytes / (double)rows,
                         (double)ingest->feed.starts[ingest->feed.lines] / (double)ingest->feed.lines);
    }
    end(&up);
    return st;
}

static int run(int argc, char **argv) {
    static const struct jw_command_option table[] = {
        {.name = "events"}, {.name = "pace"}, {.name = "seconds"}, {.name = "lines"}, {0}};
    const char *values[4] = {"1000000", "30000", "20", "200000"};
    uint64_t number[4];
    struct jw_error err;
    int usage = jw_command_options("bench", table, &argc, argv, values);
    if (usage)
        return usage;
    for (int i = 0; i < 4; i++)
        if (!jw_text_u64(jw_text_from(values[i]), &number[i]) || number[i] == 0 || number[i] > 1000000000)
            return jw_command_usage("bench", "--%s=%s: wants a whole number from 1", table[i].name, values[i]);
    struct ingest ingest = {
        .folder = "/tmp/jwbench.XXXXXX", .pace = (double)number[1], .pace_s = (double)number[2]};
    ingest.events =
        (number[0] + number[3] - 1) / number[3] * number[3]; /* whole rounds: the peer is counted in bytes */
    if (!mkdtemp(ingest.folder))
        return jw_command_failed("bench", "%s: %s", ingest.folder, strerror(errno));
    snprintf(ingest.data, sizeof ingest.data, "%s/data", ingest.folder);
    signal(SIGPIPE, SIG_IGN);
    jw_status st = jw_feed_new(number[3], &ingest.feed, &err);
    if (st == JW_OK) {
        printf("%llu events of %.0f bytes over %d TCP connections\n", (unsigned long long)ingest.events,
               (double)ingest.feed.starts[ingest.feed.lines] / (double)ingest.feed.lines, SENDERS);
        st = peer(&ingest, &err);
    }
    if (st == JW_OK)
        st = collect_and_match(&ingest, &err);
    if (st == JW_OK)
        st = whole_platform(&ingest, &err);
    jw_feed_free(&ingest.feed);
    empty(ingest.folder);
    return st == JW_OK ? JW_EXIT_DONE : jw_command_failed("bench", "%s", err.text);
}

const struct jw_bench jw_bench_ingest = {
    .name = "ingest",
    .about = "events/s from TCP syslog to durable, matched, searchable; rsyslog beside it",
    .help =
        "             --events=N   of the unpaced streams (default 1000000)\n"
        "             --pace=N     events a second of the paced stream (default 30000), --seconds=N of it (20)\n"
        "             --lines=N    distinct lines (default 200000)\n",
    .run = run,
};
