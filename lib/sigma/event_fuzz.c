/* lib/sigma/event_fuzz.c — any bytes as values of an event against a set of rules that uses every kind of
 * comparison: never a crash, and the same answer as the plain evaluator. Input: fields as "name\0value\0" in turn.
 */
#include "plain.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "test/fuzz.h"

static const char rules[] =
    "title: a\nid: a\nlogsource: {}\ndetection:\n  a: {f|contains: [abc, 'x*y', 'z?z'], g|endswith: [.exe, "
    "'-end']}\n"
    "  b: {f|startswith: [Pre, '/'], h: ['', null, 'who?le*']}\n  c: {f|contains|windash: ' -e '}\n"
    "  condition: 1 of them\n---\n"
    "title: b\nid: b\nlogsource: {}\ndetection:\n  a: {f|re: '(ab|cd)+x?$', g|re|i: '^q.*[0-9]{2}'}\n"
    "  b: {f|cidr: [10.0.0.0/8, 'fe80::/10']}\n  c: {f|lt: 10, g|gte: -1.5}\n  condition: a or b or c\n---\n"
    "title: c\nid: c\nlogsource: {}\ndetection:\n  a: {f|fieldref: g}\n  b: {g|exists: true, h|cased|contains: "
    "Case}\n"
    "  k: [keyword, 'other*word']\n  condition: 2 of them or (k and not a)\n---\n"
    "title: d\nid: d\nlogsource: {}\ndetection:\n  a: {f|wide|base64offset|contains: ping, g|neq: x}\n"
    "  b: {f|contains|all: [a, b, c]}\n  n: {h: é}\n  condition: (a or b) and not n\n---\n"
    "title: e\nid: e\nlogsource: {}\ndetection:\n  a: {f|hour|gte: 22, g|week: [1, 53]}\n  b: {h|year|neq: 2026}\n"
    "  condition: a or not b\n---\n"
    "title: quiet\nlogsource: {}\nfilter: {rules: [e], s: {g|startswith: adm}, condition: not s}\n";

static struct jw_sigma *sigma;
static struct jw_sigma_worker *worker;
static struct jw_plain *plain;

static void load(void) {
    char path[64];
    int fd = memfd_create("rules", MFD_CLOEXEC);
    bool good = fd >= 0 && write(fd, rules, sizeof rules - 1) == (ssize_t)sizeof rules - 1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {.folders = folders};
    if (!good || jw_sigma_load(&options, &sigma, NULL) != JW_OK)
        abort();
    close(fd);
    worker = jw_sigma_worker_new(sigma);
    plain = jw_plain_new(sigma);
    struct jw_sigma_counts counts;
    jw_sigma_counts(sigma, &counts);
    assert(worker && plain && counts.rules == 5 && counts.filters == 1 && counts.refused == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!sigma)
        load();
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    struct jw_record rec = {.mem = mem};
    jw_text rest = {(const char *)data, size}, name, value;
    const struct jw_sigma_rule *const *hits, *const *others;
    if (size > 2048) /* the plain evaluator takes exponential time on wildcards */
        return 0;
    while (jw_text_cut(&rest, '\0', &name) && jw_text_next(&rest, '\0', &value))
        jw_record_add_kind(&rec, name, value,
                           value.len      ? JW_KIND_TEXT
                           : name.len % 2 ? JW_KIND_NULL
                                          : JW_KIND_TEXT);
    size_t count = jw_sigma_match(worker, &rec, NULL, &hits);
    size_t other = jw_plain_match(plain, &rec, NULL, &others);
    assert(count == other);
    for (size_t i = 0; i < count; i++) {
        JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 16);
        assert(hits[i] == others[i]);
        jw_sigma_reason(worker, hits[i], &out);
    }
    count = jw_sigma_match(worker, &rec, NULL, &hits); /* from the cache */
    assert(count == other);
    return 0;
}
