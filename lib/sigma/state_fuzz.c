/* lib/sigma/state_fuzz.c — a file of correlation windows from anybody, its checksum set right: refused whole, or
 * restored so that it counts on, and saved again says the same. */
#include "sigma.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "test/fuzz.h"

#define HEAD 20 /* magic, checksum, length */

static const char rules[] =
    "title: c0\nid: c0\ncorrelation: {type: event_count, rules: [a], group-by: [ip], timespan: 1m, condition: "
    "{gte: 3}}\n"
    "---\ntitle: c1\nid: c1\ncorrelation:\n  {type: value_count, rules: [a], group-by: [ip], timespan: 1m,"
    " condition: {gte: 3, field: v}}\n"
    "---\ntitle: c2\nid: c2\ncorrelation: {type: temporal, rules: [a, b], timespan: 1m}\n"
    "---\ntitle: c3\nid: c3\ncorrelation: {type: temporal_ordered, rules: [a, b, c1], timespan: 1m}\n"
    "---\ntitle: c4\nid: c4\ncorrelation: {type: value_sum, rules: [a], timespan: 1m, condition: {gt: 9, field: "
    "v}}\n"
    "---\ntitle: c5\nid: c5\ncorrelation: {type: value_avg, rules: [a], timespan: 1m, condition: {lt: 9, field: "
    "v}}\n"
    "---\ntitle: c6\nid: c6\ncorrelation:\n  {type: value_percentile, rules: [a], timespan: 1m,"
    " condition: {gte: 9, field: v, percentile: 50}}\n"
    "---\ntitle: c7\nid: c7\ncorrelation: {type: value_percentile, rules: [a], timespan: 1m, condition: {lte: 9, "
    "field: v}}\n"
    "---\ntitle: a\nid: a\nlogsource: {}\ndetection: {a: {a: 1}, condition: a}\n"
    "---\ntitle: b\nid: b\nlogsource: {}\ndetection: {a: {b: 1}, condition: a}\n";

static struct jw_sigma *load(void) {
    struct jw_sigma *sigma = NULL;
    char path[64];
    int fd = memfd_create("rules", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {.folders = folders};
    bool written = fd >= 0 && write(fd, rules, sizeof rules - 1) == (ssize_t)sizeof rules - 1;
    jw_status st = written ? jw_sigma_load(&options, &sigma, NULL) : JW_E_SYSTEM;
    assert(st == JW_OK);
    if (fd >= 0)
        close(fd);
    return st == JW_OK ? sigma : NULL;
}

/* In order, late and too late, of the groups the seeds know. */
static void count_on(const struct jw_sigma *sigma, struct jw_correlator *c) {
    static const int64_t seconds[] = {1000, 1001, 1061, 1030, 900, 2000, 1999};
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    const struct jw_sigma_rule *both[] = {jw_sigma_rule_find(sigma, JW_TEXT("a")),
                                          jw_sigma_rule_find(sigma, JW_TEXT("b"))};
    const struct jw_correlation_hit *hits;
    for (size_t i = 0; mem && i < sizeof seconds / sizeof *seconds; i++) {
        struct jw_record rec = {.mem = mem};
        jw_record_set(&rec, JW_TEXT("ip"), JW_TEXT("x"));
        jw_record_set(&rec, JW_TEXT("v"), i % 2 ? JW_TEXT("7") : JW_TEXT("12"));
        jw_record_set_time(&rec, seconds[i] * JW_SECOND);
        size_t count = jw_correlator_take(c, &rec, 1000 + i, 0, both, 2, &hits);
        for (size_t h = 0; h < count; h++)
            assert(hits[h].rule && hits[h].number_count && hits[h].group.len < JW_CORRELATION_TEXT);
    }
}

static void set_head(char *state, size_t size) {
    uint64_t length = size - HEAD;
    uint32_t crc = jw_crc32c(0, state + HEAD, length);
    memcpy(state, "jwcorr\0\1", 8);
    memcpy(state + 8, &crc, sizeof crc);
    memcpy(state + 12, &length, sizeof length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct jw_sigma *sigma;
    static char state[1 << 16];
    struct jw_correlator_restored restored, again;
    if (!sigma)
        sigma = load();
    if (size < HEAD || size > sizeof state)
        return 0;
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 20);
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *c = jw_correlator_new(sigma, 64);
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *copy = jw_correlator_new(sigma, 64);
    memcpy(state, data, size);
    (void)!jw_correlator_restore(c, (jw_text){state, size}, &restored, NULL); /* as it came */
    jw_correlator_empty(c);
    set_head(state, size);
    if (jw_correlator_restore(c, (jw_text){state, size}, &restored, NULL) == JW_OK) {
        jw_status saved = jw_correlator_save(c, restored.spool, restored.position, &out, NULL);
        assert(saved == JW_OK);
        saved = jw_correlator_restore(copy, jw_buffer_text(&out), &again, NULL);
        assert(saved == JW_OK && again.groups == restored.groups && again.position == restored.position);
    }
    count_on(sigma, c); /* refused: from nothing */
    return 0;
}
