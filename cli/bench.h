/* cli/bench.h — what a benchmark of `jinwu bench NAME` promises: it measures beside a peer or a baseline in the
 * same run, because machines are noisy, and prints what it measured and what it aimed at. */
#pragma once
#include "base/buffer.h"
#include "base/status.h"
#include "base/text.h"

struct jw_bench {
    const char *name, *about;
    const char *help;                  /* options of its own */
    int (*run)(int argc, char **argv); /* as a command's */
};
extern const struct jw_bench *const jw_benches[]; /* ends with NULL */

/* --- the stream (bench_feed.c) -------------------------------------------------------------------------------- */
/* Log lines as a city's firewalls, servers and web sites send them: RFC 3164 with PRI, newline-framed, about 70 %
 * packet filter, 20 % sshd, 10 % web access; addresses, ports, users and times vary, always in the same order. */
struct jw_feed {
    char *bytes;
    size_t *starts; /* `lines` + 1 offsets */
    size_t lines;
};
JW_MUST_CHECK jw_status jw_feed_new(size_t lines, struct jw_feed *out, struct jw_error *err);
void jw_feed_free(struct jw_feed *feed);

/* Connects to 127.0.0.1:port and sends lines [from, to), round and round modulo feed->lines; `rate` lines a second,
 * 0: as fast as they are taken. Returns when the kernel has them all. */
JW_MUST_CHECK jw_status jw_feed_send(const struct jw_feed *feed, int port, uint64_t from, uint64_t to, double rate,
                                     struct jw_error *err);
int jw_bench_port(void); /* a free TCP port of the loopback */

/* --- lanes (bench_lane.c) ------------------------------------------------------------------------------------- */
#define JW_LANE_BYTES ((size_t)1 << 30)
struct jw_lane { /* begin with {.bytes = JW_BUFFER(JW_LANE_BYTES)} */
    char name[64];
    jw_buffer bytes; /* lines */
    size_t *starts;  /* count + 1 */
    size_t count, room;
};
int jw_lane_read(void *lane, const char *path); /* adds a file, gzip or not; for jw_command_files */
/* Adds Sysmon's process creations whose three long values are all new, `size` bytes each. */
JW_MUST_CHECK jw_status jw_lane_hostile(struct jw_lane *lane, size_t events, size_t size, struct jw_error *err);
jw_text jw_lane_line(const struct jw_lane *lane, size_t at);
void jw_lane_clear(struct jw_lane *lane);

/* --- processes under measurement (bench_watch.c) ---------------------------------------------------------------
 */
struct jw_usage {
    double cpu_s; /* user and system since its start */
    uint64_t rss_mb, peak_mb;
};
bool jw_bench_usage_of(int pid, struct jw_usage *out);
/* Sum of a counter over its sources in DATA/run/DAEMON.stats; 0 while it is not there. */
uint64_t jw_bench_counter(const char *data, const char *daemon, const char *name);
/* Events that became durable in DATA/spool/NAME since the first call: it leaves a cursor there that keeps them. */
uint64_t jw_bench_durable(const char *data, const char *name);
bool jw_bench_answers(int port, int64_t timeout_ns); /* somebody accepts connections on 127.0.0.1:port */
void jw_bench_row(const char *what, const char *fmt, ...) JW_PRINTF(2, 3); /* one aligned line on stdout */
