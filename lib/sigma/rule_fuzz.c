/* lib/sigma/rule_fuzz.c — a rule file from anybody, its condition included: loaded or refused with a reason, and
 * what loads can be compiled and matched, with the same answer from the plain evaluator. */
#include "plain.h"
#include "why.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "test/fuzz.h"

static unsigned refused;
static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    assert(refusal->reason && refusal->reason[0]);
    refused++;
}

/* A file of lists, made once: rules with |expand would all be refused otherwise. */
static const char *placeholders(void) {
    static const char lists[] = "Admins: [root, 'adm_*']\nWords: [cmd, who, '?']\nEmpty: []\n";
    static char path[64];
    int fd = path[0] ? -1 : memfd_create("lists", MFD_CLOEXEC);
    if (!path[0] && (fd < 0 || write(fd, lists, sizeof lists - 1) != (ssize_t)sizeof lists - 1))
        abort();
    if (!path[0])
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* An explanation of every rule comes to the answer of the engine. */
static void explain(const struct jw_sigma *sigma, const struct jw_record *rec, const struct jw_sigma_source *source,
                    const struct jw_sigma_rule *const *hits, size_t count, struct jw_arena *mem) {
    struct jw_sigma_counts counts;
    jw_sigma_counts(sigma, &counts);
    for (uint32_t i = 0; i < counts.rules + counts.correlations && i < 64; i++) {
        const struct jw_sigma_rule *rule = jw_sigma_rule_at(sigma, i);
        struct jw_sigma_why why;
        bool matched = false;
        for (size_t h = 0; h < count; h++)
            matched |= hits[h] == rule;
        if (jw_sigma_why(sigma, rule, rec, source, mem, &why, NULL) == JW_OK)
            assert(why.matches == matched);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    char path[64];
    int fd = memfd_create("rule", MFD_CLOEXEC);
    if (fd < 0 || size > 65536 || write(fd, data, size) != (ssize_t)size) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {
        .folders = folders, .on_refusal = on_refusal, .placeholders = placeholders()};
    jw_status st = jw_sigma_load(&options, &sigma, NULL);
    close(fd);
    if (st != JW_OK)
        return 0;
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_plain_free_p) struct jw_plain *plain = jw_plain_new(sigma);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(16 << 20);
    struct jw_record rec = {.mem = mem};
    const struct jw_sigma_source source = {JW_TEXT("windows"), JW_TEXT("process_creation"), JW_TEXT("")};
    const struct jw_sigma_rule *const *hits, *const *others;
    jw_record_set(&rec, JW_TEXT("CommandLine"), JW_TEXT("cmd.exe /c whoami \xe4\xb8\xad"));
    jw_record_set(&rec, JW_TEXT("Image"), JW_TEXT("C:\\Windows\\cmd.exe"));
    jw_record_set(&rec, JW_TEXT("f"), JW_TEXT(""));
    jw_record_set(&rec, JW_TEXT("UtcTime"), JW_TEXT("2026-11-20 03:00:01.5"));
    jw_record_set(&rec, JW_TEXT("User"), JW_TEXT("adm_li"));
    if (!worker || !plain)
        return 0;
    size_t count = jw_sigma_match(worker, &rec, &source, &hits);
    size_t other = jw_plain_match(plain, &rec, &source, &others);
    assert(count == other);
    explain(sigma, &rec, &source, hits, count, mem);
    return 0;
}
