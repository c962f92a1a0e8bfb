/* cli/bench_sigma.c — `jinwu bench sigma`: events a second and core from JSON bytes to matches, with the plain
 * evaluator (every rule of the event's logsource, no index) beside it on the same events.
 *
 * Time is each thread's own processor time, so that other processes do not count. Every lane runs as a new stream
 * (nothing remembered of its values) and again from the start until the time is over. */
#include "bench.h"
#include "command.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/time.h"
#include "sigma/plain.h"
#include "json/json.h"

#define RECORD_BYTES ((size_t)16 << 20) /* of values decoded; a line of a lane is far shorter */
#define CORES        2

struct bench {
    const char *rules, *mappings, *lanes, *events, *only;
    double seconds;
    uint64_t plain;
    struct jw_sigma *sigma;
    size_t most_bytes; /* of the largest lane */
    bool unlike, slow;
};

/* --- one thread over one lane ----------------------------------------------------------------------------------
 */
struct runner {
    const struct bench *bench;
    const struct jw_lane *lane;
    struct jw_sigma_worker *worker;
    struct jw_json_keys *keys;
    struct jw_arena *mem;
    pthread_t thread;
    bool sourced; /* the events name their own logsource */
    uint64_t hits;
    double first_ns, again_ns; /* an event, of the first pass and of the fastest later one: what else runs on the
                                  machine takes its caches too, and only ever adds */
};

static int64_t spent(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * JW_SECOND + now.tv_nsec;
}

/* Lanes name the logsource of an event in its members product, category and service. */
static const struct jw_sigma_source *source_of(const struct jw_record *rec, struct jw_sigma_source *out) {
    *out = (struct jw_sigma_source){{0}};
    for (uint32_t i = 0; i < rec->count; i++) {
        const jw_field *field = &rec->fields[i];
        if (field->kind != JW_KIND_TEXT)
            continue;
        if (jw_text_is(field->name, JW_TEXT("product")))
            out->product = field->value;
        else if (jw_text_is(field->name, JW_TEXT("category")))
            out->category = field->value;
        else if (jw_text_is(field->name, JW_TEXT("service")))
            out->service = field->value;
    }
    return out->product.len || out->category.len || out->service.len ? out : NULL;
}

static void pass(struct runner *run) {
    const struct jw_sigma_rule *const *rules;
    struct jw_sigma_source source;
    struct jw_record rec = {.mem = run->mem};
    run->hits = 0;
    for (size_t i = 0; i < run->lane->count; i++) {
        jw_record_clear(&rec);
        if (jw_arena_used(run->mem) > RECORD_BYTES / 2) {
            jw_arena_reset(run->mem);
            rec = (struct jw_record){.mem = run->mem};
        }
        if (jw_json_flatten_lazy(jw_lane_line(run->lane, i), run->keys, &rec, NULL) == JW_OK)
            run->hits += jw_sigma_match(run->worker, &rec, run->sourced ? source_of(&rec, &source) : NULL, &rules);
    }
}

static void *run_lane(void *context) {
    struct runner *run = context;
    double events = (double)run->lane->count;
    int64_t start = spent();
    pass(run);
    run->first_ns = (double)(spent() - start) / events;
    for (int64_t left = (int64_t)(run->bench->seconds * JW_SECOND), time; left > 0; left -= time) {
        start = spent();
        pass(run);
        time = spent() - start;
        if (!run->again_ns || (double)time / events < run->again_ns)
            run->again_ns = (double)time / events;
    }
    return NULL;
}

static jw_status run_cores(struct runner *runs, int cores, struct jw_error *err) {
    for (int i = 0; i < cores; i++) {
        runs[i].worker = jw_sigma_worker_new(runs[i].bench->sigma);
        runs[i].mem = jw_arena_new(RECORD_BYTES);
        runs[i].keys = jw_json_keys_new();
        if (!runs[i].worker || !runs[i].mem || pthread_create(&runs[i].thread, NULL, run_lane, &runs[i]) != 0)
            return jw_fail(err, JW_E_LIMIT, "no memory for %d threads", cores);
    }
    for (int i = 0; i < cores; i++) {
        pthread_join(runs[i].thread, NULL);
        jw_sigma_worker_free(runs[i].worker);
        jw_arena_free(runs[i].mem);
        jw_json_keys_free(runs[i].keys);
    }
    return JW_OK;
}

/* --- beside it
 * ---------------------------------------------------------------------------------------------------- */
/* Events spread over the lane, through the plain evaluator and through the engine: time of the first, and whether
 * both say the same. */
static jw_status run_plain(struct bench *bench, const struct jw_lane *lane, double *out_ns, struct jw_error *err) {
    JW_AUTO(jw_plain_free_p) struct jw_plain *plain = jw_plain_new(bench->sigma);
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(bench->sigma);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(RECORD_BYTES);
    JW_AUTO(jw_json_keys_free_p) struct jw_json_keys *keys = jw_json_keys_new();
    size_t step = lane->count / bench->plain + 1, done = 0;
    int64_t time = 0;
    if (!plain || !worker || !mem)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < lane->count; i += step) {
        const struct jw_sigma_rule *const *rules, *const *others;
        struct jw_sigma_source source;
        jw_arena_reset(mem);
        struct jw_record rec = {.mem = mem};
        if (jw_json_flatten_lazy(jw_lane_line(lane, i), keys, &rec, NULL) != JW_OK)
            continue;
        size_t count = jw_sigma_match(worker, &rec, source_of(&rec, &source), &rules);
        if (jw_json_settle(&rec, err) != JW_OK)
            return JW_E_LIMIT;
        int64_t start = spent();
        size_t other = jw_plain_match(plain, &rec, source_of(&rec, &source), &others);
        time += spent() - start;
        done++;
        if (count != other || (count && memcmp(rules, others, count * sizeof(const void *)) != 0))
            bench->unlike = true;
    }
    *out_ns = done ? (double)time / (double)done : 0;
    return JW_OK;
}

/* The plain evaluator takes very long over an event of a hostile lane: there it is left out. */
static jw_status run_one(struct bench *bench, const struct jw_lane *lane, double goal, bool beside,
                         struct jw_error *err) {
    if (bench->only && !strstr(lane->name, bench->only))
        return JW_OK;
    bool sourced = jw_text_find(jw_lane_line(lane, 0), JW_TEXT("\"product\""), NULL);
    struct runner one = {.bench = bench, .lane = lane, .sourced = sourced}, both[CORES];
    double plain_ns = 0, together = 0;
    for (int i = 0; i < CORES; i++)
        both[i] = one;
    jw_status st = run_cores(&one, 1, err);
    if (st == JW_OK)
        st = run_cores(both, CORES, err);
    if (st == JW_OK && beside)
        st = run_plain(bench, lane, &plain_ns, err);
    if (st != JW_OK)
        return st;
    for (int i = 0; i < CORES; i++)
        together += 1e9 / both[i].again_ns;
    if (lane->bytes.len > bench->most_bytes)
        bench->most_bytes = lane->bytes.len;
    char plain[32] = "", times[32] = "";
    if (beside) {
        snprintf(plain, sizeof plain, "%.0f", plain_ns);
        snprintf(times, sizeof times, "%.0fx", plain_ns / one.again_ns);
    }
    printf("%-20s %6zu %6zu %9.0f %9.0f %9.0f %10s %9s %8llu", lane->name, lane->count,
           lane->bytes.len / lane->count, 1e9 / one.first_ns, 1e9 / one.again_ns, together, plain, times,
           (unsigned long long)one.hits);
    if (goal > 0)
        printf("  goal %.0f: %s", goal, 1e9 / one.again_ns >= goal ? "reached" : "missed");
    bench->slow |= 1e9 / one.again_ns < goal;
    putchar('\n');
    fflush(stdout);
    return JW_OK;
}

/* --- the whole
 * ---------------------------------------------------------------------------------------------------- */
struct all {
    struct bench *bench;
    struct jw_error *err;
};

static int each_lane(void *context, const char *path) {
    struct all *all = context;
    struct jw_lane lane = {.bytes = JW_BUFFER(JW_LANE_BYTES)};
    const char *slash = strrchr(path, '/');
    snprintf(lane.name, sizeof lane.name, "%.*s", (int)strcspn(slash ? slash + 1 : path, "."),
             slash ? slash + 1 : path);
    int stop = jw_lane_read(&lane, path);
    /* process creation with many matches is the heaviest that one event can be */
    double goal = strcmp(lane.name, "match_heavy") == 0 ? 150000 : 0;
    if (!stop && lane.count && run_one(all->bench, &lane, goal, true, all->err) != JW_OK)
        stop = jw_command_failed("bench", "%s", all->err->text);
    jw_lane_clear(&lane);
    return stop;
}

static int run_events(struct bench *bench, struct jw_error *err) {
    struct jw_lane lane = {.name = "otrf", .bytes = JW_BUFFER(JW_LANE_BYTES)};
    char *paths[] = {(char *)(uintptr_t)bench->events, NULL};
    int stop = jw_command_files("bench", 1, paths, jw_lane_read, &lane);
    if (!stop && lane.count && run_one(bench, &lane, 500000, true, err) != JW_OK)
        stop = jw_command_failed("bench", "%s", err->text);
    jw_lane_clear(&lane);
    return stop;
}

/* What an attacker would send: no value comes twice, short ones to fill the memory of values, long ones to be
 * searched. */
static int run_hostile(struct bench *bench, size_t events, size_t size, struct jw_error *err) {
    struct jw_lane lane = {.bytes = JW_BUFFER(JW_LANE_BYTES)};
    snprintf(lane.name, sizeof lane.name, "hostile, %zu bytes", size);
    jw_status st = jw_lane_hostile(&lane, events, size, err);
    if (st == JW_OK)
        st = run_one(bench, &lane, 0, false, err);
    jw_lane_clear(&lane);
    return st == JW_OK ? 0 : jw_command_failed("bench", "%s", err->text);
}

static long peak_mb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static jw_status load(struct bench *bench, struct jw_error *err) {
    const char *folders[] = {bench->rules, NULL};
    const struct jw_sigma_options options = {.mappings = bench->mappings, .folders = folders};
    struct jw_sigma_counts counts;
    int64_t start = spent();
    jw_status st = jw_sigma_load(&options, &bench->sigma, err);
    if (st != JW_OK)
        return st;
    jw_sigma_counts(bench->sigma, &counts);
    printf("%u rules loaded in %.2f s of processor time, %u left out; %u predicates over %u columns; %ld MB\n\n",
           counts.rules, (double)(spent() - start) / JW_SECOND, counts.refused, counts.predicates, counts.columns,
           peak_mb());
    return JW_OK;
}

static int measure(struct bench *bench) {
    struct jw_error err = {{0}};
    struct all all = {bench, &err};
    char *lanes[] = {(char *)(uintptr_t)bench->lanes, NULL};
    if (load(bench, &err) != JW_OK)
        return jw_command_failed("bench", "%s", err.text);
    printf("%-20s %6s %6s %9s %9s %9s %10s %9s %8s\n", "", "", "bytes", "new", "again", "2 cores", "plain",
           "plain/", "");
    printf("%-20s %6s %6s %9s %9s %9s %10s %9s %8s\n", "lane", "events", "each", "events/s", "events/s", "events/s",
           "ns/event", "again", "matches");
    int stop = jw_command_files("bench", 1, lanes, each_lane, &all);
    if (!stop)
        stop = run_events(bench, &err);
    if (!stop)
        stop = run_hostile(bench, 50000, 64, &err);
    if (!stop)
        stop = run_hostile(bench, 300, 64 << 10, &err);
    if (stop)
        return stop;
    long engine = peak_mb() - (long)(bench->most_bytes >> 20);
    printf("\nmemory: at most %ld MB resident without the events, with %d workers; goal 250\n", engine, CORES);
    if (bench->unlike)
        return jw_command_failed("bench", "the engine and the plain evaluator do not agree");
    return JW_EXIT_DONE;
}

static int run(int argc, char **argv) {
    static const struct jw_command_option table[] = {
        {.name = "rules"}, {.name = "mappings"}, {.name = "lanes"}, {.name = "events"},
        {.name = "plain"}, {.name = "seconds"},  {.name = "only"},  {0}};
    const char *values[7] = {"../shared/corpora/sigma/rules",
                             NULL,
                             "../shared/corpora/bench/rsigma_lanes",
                             "../shared/corpora/otrf",
                             "200",
                             "2",
                             NULL};
    char mappings[4096];
    uint64_t seconds;
    struct bench bench = {0};
    int usage = jw_command_options("bench", table, &argc, argv, values);
    if (usage)
        return usage;
    if (!jw_text_u64(jw_text_from(values[4]), &bench.plain) || bench.plain == 0)
        return jw_command_usage("bench", "--plain=%s: wants a whole number from 1", values[4]);
    if (!jw_text_u64(jw_text_from(values[5]), &seconds) || seconds == 0)
        return jw_command_usage("bench", "--seconds=%s: wants a whole number from 1", values[5]);
    snprintf(mappings, sizeof mappings, "%s/mappings", jw_command_content());
    bench.rules = values[0];
    bench.mappings = values[1] ? values[1] : mappings;
    bench.lanes = values[2];
    bench.events = values[3];
    bench.only = values[6];
    bench.seconds = (double)seconds;
    int result = measure(&bench);
    jw_sigma_free(bench.sigma);
    return result;
}

const struct jw_bench jw_bench_sigma = {
    .name = "sigma",
    .about = "events/s and core from JSON to Sigma matches; the plain evaluator beside it",
    .help = "             --rules=DIR  Sigma rules (default ../shared/corpora/sigma/rules; else\n"
            "                          git clone https://github.com/SigmaHQ/sigma)\n"
            "             --lanes=DIR  *.ndjson[.gz], each a lane (default ../shared/corpora/bench/rsigma_lanes; "
            "else the\n"
            "                          lanes of rsigma's benchmark)\n"
            "             --events=DIR JSON lines, one lane together (default ../shared/corpora/otrf; else\n"
            "                          https://github.com/OTRF/Security-Datasets)\n"
            "             --mappings=DIR (default content/mappings), --seconds=N a lane (2),\n"
            "             --plain=N    events of each lane for the plain evaluator (200)\n"
            "             --only=WORD  lanes whose name has it\n",
    .run = run,
};
