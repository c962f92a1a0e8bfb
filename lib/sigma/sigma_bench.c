/* lib/sigma/sigma_bench.c — events a second from records to matches, the plain evaluator beside it in the same run.
 * Use: sigma_bench MAPPINGS EVENTS.ndjson[.gz] RULES-DIR… ; not a test. Reading is not measured: records are made
 * first. Each pass runs over all events; the first pass (nothing remembered) and the third are shown. */
#include "json_record.h"
#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zlib.h>

#include "base/time.h"

#define EVENTS_MOST 100000

static struct jw_record *events;
static size_t event_count;

static void read_events(const char *path, struct jw_arena *mem) {
    static char line[8 << 20];
    gzFile in = gzopen(path, "rb");
    events = calloc(EVENTS_MOST, sizeof *events);
    while (in && events && event_count < EVENTS_MOST && gzgets(in, line, sizeof line)) {
        events[event_count] = (struct jw_record){.mem = mem};
        if (jw_json_record(line, &events[event_count], NULL))
            event_count++;
    }
    if (in)
        gzclose(in);
}

/* Processor time of this thread: other processes' share of the machine does not count. */
static int64_t spent(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * JW_SECOND + now.tv_nsec;
}

static double pass(struct jw_sigma_worker *worker, uint64_t *out_hits) {
    const struct jw_sigma_rule *const *hits;
    int64_t start = spent();
    *out_hits = 0;
    for (size_t i = 0; i < event_count; i++) {
        jw_text product = {0}, category = {0};
        const jw_field *field = jw_record_find(&events[i], JW_TEXT("product"));
        if (field)
            product = field->value;
        if ((field = jw_record_find(&events[i], JW_TEXT("category"))))
            category = field->value;
        const struct jw_sigma_source source = {product, category, {0}};
        *out_hits += jw_sigma_match(worker, &events[i], product.len || category.len ? &source : NULL, &hits);
    }
    return (double)(spent() - start) / (double)event_count;
}

static double plain_pass(struct jw_plain *plain, size_t most, uint64_t *out_hits) {
    const struct jw_sigma_rule *const *hits;
    int64_t start = spent();
    *out_hits = 0;
    for (size_t i = 0; i < most; i++) {
        const jw_field *product = jw_record_find(&events[i], JW_TEXT("product"));
        const jw_field *category = jw_record_find(&events[i], JW_TEXT("category"));
        const struct jw_sigma_source source = {
            product ? product->value : (jw_text){0}, category ? category->value : (jw_text){0}, {0}};
        *out_hits += jw_plain_match(plain, &events[i], product || category ? &source : NULL, &hits);
    }
    return (double)(spent() - start) / (double)most;
}

int main(int argc, char **argv) {
    struct jw_error err = {{0}};
    if (argc < 4)
        return fprintf(stderr, "use: sigma_bench MAPPINGS EVENTS.ndjson[.gz] RULES-DIR...\n"), 2;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new((size_t)2 << 30);
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    const struct jw_sigma_options options = {.mappings = argv[1], .folders = (const char *const *)argv + 3};
    int64_t start = spent();
    if (jw_sigma_load(&options, &sigma, &err) != JW_OK)
        return fprintf(stderr, "%s\n", err.text), 1;
    double loading = (double)(spent() - start) / JW_SECOND;
    struct jw_sigma_counts counts;
    jw_sigma_counts(sigma, &counts);
    struct rusage before_events;
    getrusage(RUSAGE_SELF, &before_events);
    read_events(argv[2], mem);
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_plain_free_p) struct jw_plain *plain = jw_plain_new(sigma);
    if (!event_count || !worker || !plain)
        return fprintf(stderr, "no events\n"), 1;
    uint64_t hits, plain_hits;
    double cold = pass(worker, &hits);
    (void)pass(worker, &hits);
    double warm = pass(worker, &hits);
    size_t most = event_count < 2000 ? event_count : 2000;
    double slow = plain_pass(plain, most, &plain_hits);
    printf("%-28s %5zu events %5u rules: cold %7.0f ns (%8.0f/s) warm %7.0f ns (%8.0f/s) plain %9.0f ns; %llu "
           "matches; "
           "rules %.2f s, %ld MB\n",
           strrchr(argv[2], '/') ? strrchr(argv[2], '/') + 1 : argv[2], event_count, counts.rules, cold, 1e9 / cold,
           warm, 1e9 / warm, slow, (unsigned long long)hits, loading, before_events.ru_maxrss / 1024);
    free(events);
    return 0;
}
