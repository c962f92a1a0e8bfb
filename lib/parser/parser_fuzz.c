/* lib/parser/parser_fuzz.c — a declaration of any bytes: loaded or refused with a story, and what loads does not
 * misbehave on a line. The input is one YAML file; the words and tables come from it as well. */
#include "parsers.h"

#include <fcntl.h>
#include <unistd.h>

#include "test/fuzz.h"

/* libfyaml 0.7.12 loses a token's buffer on some broken documents; that is its fault and bounded by a reload. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfyaml"; }

static char folder[] = "/tmp/jw_parser_fuzz.XXXXXX";

static void leave(void) {
    char path[64];
    snprintf(path, sizeof path, "%s/a.yaml", folder);
    unlink(path);
    rmdir(folder);
}

static const char *place(void) {
    static bool made;
    if (!made) {
        assert(mkdtemp(folder));
        atexit(leave);
        made = true;
    }
    return folder;
}

static void show(const struct jw_parsers *set, struct jw_arena *mem) {
    static const jw_text lines[] = {JW_TEXT("Failed password for root from 192.0.2.1 port 22 ssh2"),
                                    JW_TEXT("a=1 b=\"2 3\" c=, d:4;e/5|!x|!{\"f\":[1,2]}"), JW_TEXT("")};
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = jw_parsers_worker_new(set);
    for (size_t i = 0; worker && i < sizeof lines / sizeof *lines; i++) {
        struct jw_record rec = {.mem = mem};
        struct jw_parsers_input in = {.program = JW_TEXT("sshd"), .text = lines[i], .content = lines[i]};
        jw_record_put(&rec, JW_F_MESSAGE, lines[i]);
        uint32_t before = rec.count;
        if (!jw_parsers_run(worker, &in, &rec))
            assert(rec.count == before || rec.state != JW_OK); /* nobody fitted: nothing changed */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%s/a.yaml", place());
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(8 << 20);
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = NULL;
    struct jw_error err;
    if (!mem || jw_parsers_load(place(), &set, &err) != JW_OK)
        return 0;
    assert(jw_parsers_count(set) + (jw_parsers_refused(set, 0).ptr != NULL) <= 2);
    show(set, mem);
    return 0;
}
