/* lib/sigma/rule_fuzz.c — a rule file from anybody, its condition included: loaded or refused with a reason, and
 * what loads can be compiled and matched, with the same answer from the plain evaluator. */
#include "plain.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "test/fuzz.h"

static unsigned refused;
static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    assert(refusal->reason && refusal->reason[0]);
    refused++;
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
    const struct jw_sigma_options options = {.folders = folders, .on_refusal = on_refusal};
    jw_status st = jw_sigma_load(&options, &sigma, NULL);
    close(fd);
    if (st != JW_OK)
        return 0;
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_plain_free_p) struct jw_plain *plain = jw_plain_new(sigma);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    struct jw_record rec = {.mem = mem};
    const struct jw_sigma_source source = {JW_TEXT("windows"), JW_TEXT("process_creation"), JW_TEXT("")};
    const struct jw_sigma_rule *const *hits, *const *others;
    jw_record_set(&rec, JW_TEXT("CommandLine"), JW_TEXT("cmd.exe /c whoami \xe4\xb8\xad"));
    jw_record_set(&rec, JW_TEXT("Image"), JW_TEXT("C:\\Windows\\cmd.exe"));
    jw_record_set(&rec, JW_TEXT("f"), JW_TEXT(""));
    if (!worker || !plain)
        return 0;
    size_t count = jw_sigma_match(worker, &rec, &source, &hits);
    size_t other = jw_plain_match(plain, &rec, &source, &others);
    assert(count == other);
    return 0;
}
