/* cli/bench_correlate.c — `jinwu bench correlate`: events a second and core through correlation rules of every
 * type, each event counted by at least one of them. Beside it, on the same events: matching alone.
 *
 * Time is this thread's own processor time. Events are made in batches outside of it. Their times are such that
 * with
 * --groups groups a window holds EACH events of one, so that any number of events can be measured. */
#include "bench.h"
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "sigma/sigma.h"

#define BATCH     1000
#define EACH      16  /* events of a group within its timespan */
#define SPAN      600 /* seconds */
#define GOAL      500000
#define RULE_MOST 1000

struct lane {
    const char *name, *about;
    uint64_t each; /* groups of each rule; 0: as --groups says */
    unsigned late; /* so many percent are up to half a timespan late */
    bool fresh;    /* every event is of a group of its own */
};

struct bench {
    uint64_t events, groups, rules;
    struct jw_sigma *sigma;
    struct jw_sigma_worker *worker;
    struct jw_correlator *correlator;
    struct jw_arena *mem;
    uint64_t random, made;
    int64_t time, step; /* event time, ns */
    int64_t match_ns, correlate_ns;
    uint64_t hits;
};

static int64_t spent(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * JW_SECOND + now.tv_nsec;
}

static uint64_t draw(struct bench *b, uint64_t below) {
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return (b->random >> 20) % below;
}

/* --- rules ------------------------------------------------------------------------------------------------------
 */
static void write_rules(uint64_t rules, jw_buffer *out) {
    static const struct {
        const char *type, *condition;
        bool pair;
    } kinds[] = {{"event_count", "{gte: 1000}", false},
                 {"value_count", "{gte: 12, field: user.name}", false},
                 {"temporal", NULL, true},
                 {"temporal_ordered", NULL, true},
                 {"value_sum", "{gt: 100000, field: network.bytes}", false},
                 {"value_avg", "{gt: 1400, field: network.bytes}", false},
                 {"value_percentile", "{gt: 1490, field: network.bytes, percentile: 95}", false}};
    for (uint64_t i = 0; i < rules; i++) {
        uint64_t kind = i % (sizeof kinds / sizeof *kinds), next = (i + 1) % rules;
        jw_buffer_print(out, "title: c%" PRIu64 "\nid: c%" PRIu64 "\ncorrelation:\n  type: %s\n  rules: [b%" PRIu64,
                        i, i, kinds[kind].type, i);
        if (kinds[kind].pair && next != i)
            jw_buffer_print(out, ", b%" PRIu64, next);
        jw_buffer_print(out, "]\n  group-by: [source.ip]\n  timespan: %ds\n", SPAN);
        if (kinds[kind].condition)
            jw_buffer_print(out, "  condition: %s\n", kinds[kind].condition);
        jw_buffer_print(out,
                        "---\ntitle: b%" PRIu64 "\nid: b%" PRIu64
                        "\nlogsource: {product: bench}\ndetection: {a: {event.code: %" PRIu64
                        "}, condition: a}\n---\n",
                        i, i, i);
    }
}

static jw_status load(struct bench *b, struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(4 << 20);
    char path[64];
    write_rules(b->rules, &text);
    int fd = memfd_create("rules", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || text.failed || write(fd, text.ptr, text.len - 4) != (ssize_t)(text.len - 4)) {
        if (fd >= 0)
            close(fd);
        return jw_fail(err, JW_E_SYSTEM, "the rules cannot be written to memory");
    }
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {.folders = folders};
    jw_status st = jw_sigma_load(&options, &b->sigma, err);
    close(fd);
    return st;
}

/* --- events ------------------------------------------------------------------------------------------------------
 */
static jw_text number(struct bench *b, const char *format, uint64_t value) {
    char digits[48];
    int len = snprintf(digits, sizeof digits, format, value);
    return jw_arena_copy(b->mem, (jw_text){digits, (size_t)len});
}

/* Named as parsers name them, with what else such an event has. */
static void make(struct bench *b, const struct lane *lane, struct jw_record *rec) {
    uint64_t each = lane->each ? lane->each : b->groups / b->rules;
    uint64_t group = lane->fresh ? b->made : draw(b, each ? each : 1);
    *rec = (struct jw_record){.mem = b->mem};
    jw_record_put(rec, JW_F_EVENT_DATASET, JW_TEXT("bench"));
    jw_record_put(rec, JW_F_HOST_NAME, JW_TEXT("web-17"));
    jw_record_put(rec, JW_F_EVENT_CODE, number(b, "%" PRIu64, draw(b, b->rules)));
    jw_record_put(rec, JW_F_SOURCE_IP, number(b, "10.%" PRIu64 ".7.9", group));
    jw_record_put(rec, JW_F_USER_NAME, number(b, "user-%" PRIu64, draw(b, 40)));
    jw_record_set(rec, JW_TEXT("network.bytes"), number(b, "%" PRIu64, draw(b, 1500)));
    b->made++;
    b->time += b->step;
    bool late = lane->late && draw(b, 100) < lane->late;
    jw_record_set_time(rec, b->time - (late ? (int64_t)draw(b, SPAN / 2) * JW_SECOND : 0));
}

static jw_status run_batch(struct bench *b, const struct lane *lane, struct jw_error *err) {
    static struct jw_record records[BATCH];
    static const struct jw_sigma_rule *rules[BATCH][4];
    static const struct jw_sigma_source source = {JW_TEXT("bench"), {0}, {0}};
    const struct jw_sigma_rule *const *matched;
    const struct jw_correlation_hit *hits;
    size_t counts[BATCH];
    jw_arena_reset(b->mem);
    for (size_t i = 0; i < BATCH; i++) {
        make(b, lane, &records[i]);
        if (jw_record_check(&records[i], err) != JW_OK)
            return JW_E_LIMIT;
    }
    int64_t start = spent();
    for (size_t i = 0; i < BATCH; i++) {
        counts[i] = jw_sigma_match(b->worker, &records[i], &source, &matched);
        for (size_t k = 0; k < counts[i] && k < 4; k++)
            rules[i][k] = matched[k];
    }
    int64_t between = spent();
    for (size_t i = 0; i < BATCH; i++)
        b->hits += jw_correlator_take(b->correlator, &records[i], b->made + i, b->time, rules[i], counts[i], &hits);
    b->match_ns += between - start;
    b->correlate_ns += spent() - between;
    for (size_t i = 0; i < BATCH; i++)
        if (counts[i] != 1)
            return jw_fail(err, JW_E_SYNTAX, "an event matched %zu rules, not one", counts[i]);
    return JW_OK;
}

static jw_status run_lane(struct bench *b, const struct lane *lane, bool *out_slow, struct jw_error *err) {
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *correlator = jw_correlator_new(b->sigma, 0);
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER((size_t)1 << 30);
    struct jw_correlator_counts counts;
    bool goal = lane->each == 0 && !lane->late && !lane->fresh;
    if (!correlator)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    b->correlator = correlator;
    b->random = UINT64_C(0x2545F4914F6CDD1D);
    b->made = b->hits = 0;
    b->time = INT64_C(1800000000) * JW_SECOND;
    b->step = SPAN * JW_SECOND / (int64_t)(b->groups * EACH) + 1;
    jw_status st = JW_OK;
    while (st == JW_OK && b->made < 2 * b->groups) /* until its groups are there */
        st = run_batch(b, lane, err);
    b->match_ns = b->correlate_ns = 0;
    for (uint64_t done = 0; st == JW_OK && done < b->events; done += BATCH)
        st = run_batch(b, lane, err);
    int64_t start = spent();
    if (st == JW_OK)
        st = jw_correlator_save(correlator, 1, 1, &state, err);
    if (st != JW_OK)
        return st;
    double save_ms = (double)(spent() - start) / 1e6, events = (double)b->events;
    jw_correlator_counts(correlator, &counts);
    double together = events * 1e9 / (double)(b->match_ns + b->correlate_ns);
    printf("%-8s %10.0f %10.0f %10.0f %8u %6zu %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %6.0f %6zu  %s", lane->name,
           events * 1e9 / (double)b->match_ns, events * 1e9 / (double)b->correlate_ns, together, counts.groups,
           counts.bytes >> 20, counts.evictions, counts.condensed, b->hits, save_ms, state.len >> 20, lane->about);
    if (goal)
        printf("; goal %d: %s", GOAL, together >= GOAL ? "reached" : "missed");
    *out_slow |= goal && together < GOAL;
    putchar('\n');
    fflush(stdout);
    return JW_OK;
}

static int measure(struct bench *b) {
    static const struct lane lanes[] = {{"steady", "in order, random groups", 0, 0, false},
                                        {"late", "30 % up to half a timespan late", 0, 30, false},
                                        {"fresh", "every event of a new group: all are evicted", 0, 0, true},
                                        {"flood", "all into one group of each rule", 1, 0, false},
                                        {"hostile", "the same, half of them late", 1, 50, false}};
    struct jw_error err = {{0}};
    struct rusage usage;
    bool slow = false;
    jw_status st = load(b, &err);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
    JW_AUTO(jw_sigma_worker_free_p)
    struct jw_sigma_worker *worker = st == JW_OK ? jw_sigma_worker_new(b->sigma) : NULL;
    if (st == JW_OK && (!mem || !worker))
        st = jw_fail(&err, JW_E_LIMIT, "no memory");
    b->mem = mem;
    b->worker = worker;
    if (st == JW_OK) {
        printf("%" PRIu64 " correlations of all seven types, %" PRIu64
               " events a lane; a window holds %d of a group\n\n",
               b->rules, b->events, EACH);
        printf("%-8s %10s %10s %10s %8s %6s %10s %10s %8s %6s %6s\n", "", "match", "correlate", "both", "", "", "",
               "", "", "save", "save");
        printf("%-8s %10s %10s %10s %8s %6s %10s %10s %8s %6s %6s\n", "lane", "events/s", "events/s", "events/s",
               "groups", "MB", "evicted", "condensed", "alerts", "ms", "MB");
    }
    for (size_t i = 0; st == JW_OK && i < sizeof lanes / sizeof *lanes; i++)
        st = run_lane(b, &lanes[i], &slow, &err);
    if (st != JW_OK)
        return jw_command_failed("bench", "%s", err.text);
    getrusage(RUSAGE_SELF, &usage);
    printf("\nmemory: at most %ld MB resident\n", usage.ru_maxrss / 1024);
    return slow ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static int run(int argc, char **argv) {
    static const struct jw_command_option table[] = {
        {.name = "events"}, {.name = "groups"}, {.name = "rules"}, {0}};
    const char *values[3] = {"4000000", "100000", "50"};
    struct bench bench = {0};
    int usage = jw_command_options("bench", table, &argc, argv, values);
    if (usage)
        return usage;
    if (!jw_text_u64(jw_text_from(values[0]), &bench.events) || bench.events < BATCH)
        return jw_command_usage("bench", "--events=%s: wants a whole number from %d", values[0], BATCH);
    if (!jw_text_u64(jw_text_from(values[2]), &bench.rules) || bench.rules < 2 || bench.rules > RULE_MOST)
        return jw_command_usage("bench", "--rules=%s: wants a whole number from 2 to %d", values[2], RULE_MOST);
    if (!jw_text_u64(jw_text_from(values[1]), &bench.groups) || bench.groups < bench.rules ||
        bench.groups > JW_CORRELATOR_GROUPS)
        return jw_command_usage("bench", "--groups=%s: wants a whole number from --rules to %d", values[1],
                                JW_CORRELATOR_GROUPS);
    int result = measure(&bench);
    jw_sigma_free(bench.sigma);
    return result;
}

const struct jw_bench jw_bench_correlate = {
    .name = "correlate",
    .about = "events/s and core through 50 correlations and 100,000 groups; matching alone beside it",
    .help = "             --rules=N    correlations, of all seven types in turn (50)\n"
            "             --groups=N   live groups over all of them (100000)\n"
            "             --events=N   measured of each lane (4000000)\n",
    .run = run,
};
