/* lib/test/test.c — runs cases, prints a line for each. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void jw_test_failed(struct jw_test *t, const char *file, int line, const char *what) {
    t->failures++;
    printf("  %s:%d: %s\n", file, line, what);
}

void jw_test_same_text(struct jw_test *t, const char *file, int line, const char *what, jw_text got, jw_text want) {
    if (jw_text_is(got, want))
        return;
    t->failures++;
    printf("  %s:%d: %s\n    got  \"%.*s\"\n    want \"%.*s\"\n", file, line, what, (int)got.len, got.ptr,
           (int)want.len, want.ptr);
}

void jw_test_same_int(struct jw_test *t, const char *file, int line, const char *what, long long got,
                      long long want) {
    if (got == want)
        return;
    t->failures++;
    printf("  %s:%d: %s: got %lld, want %lld\n", file, line, what, got, want);
}

void jw_test_ok(struct jw_test *t, const char *file, int line, const char *what, jw_status got) {
    if (got == JW_OK)
        return;
    t->failures++;
    printf("  %s:%d: %s: status %d: %s\n", file, line, what, (int)got, t->err.text);
}

void jw_test_skip(struct jw_test *t, const char *reason) { t->skipped = reason; }

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

static bool run_case(const struct jw_test_case *one) {
    char folder[] = "/tmp/jw_test.XXXXXX";
    struct jw_test t = {.mem = jw_arena_new(64 << 20), .folder = mkdtemp(folder)};
    if (!t.mem || !t.folder) {
        printf("FAIL %s: %s\n", one->name, strerror(errno));
        return false;
    }
    one->run(&t);
    printf("%s %s%s%s\n",
           t.failures  ? "FAIL"
           : t.skipped ? "skip"
                       : "ok",
           one->name, t.skipped ? ": " : "", t.skipped ? t.skipped : "");
    fflush(stdout);
    jw_arena_free(t.mem);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return t.failures == 0;
}

int jw_test_run(const struct jw_test_case *cases) {
    bool all = true;
    const char *only = getenv("JW_TEST_ONLY"); /* one case's name, for a developer at work */
    for (; cases->name; cases++)
        if (!only || strcmp(only, cases->name) == 0)
            all &= run_case(cases);
    return all ? 0 : 1;
}

const char *jw_test_source(void) {
    const char *given = getenv("JW_SOURCE");
    return given ? given : ".";
}

const char *jw_test_corpora(void) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/../shared/corpora", jw_test_source());
    return access(path, R_OK) == 0 ? path : NULL;
}

jw_text jw_test_read(struct jw_test *t, const char *path) {
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0) {
        jw_test_failed(t, path, 0, strerror(errno));
        if (file)
            fclose(file);
        return (jw_text){0};
    }
    char *bytes = jw_arena_alloc(t->mem, (size_t)st.st_size + 1);
    size_t got = bytes ? fread(bytes, 1, (size_t)st.st_size, file) : 0;
    fclose(file);
    if (!bytes)
        return (jw_text){0};
    bytes[got] = '\0';
    return (jw_text){bytes, got};
}
