/* lib/test/test.h — checks for unit tests. A test is a function named after the promise it keeps; each runs in this
 * process with a fresh arena. Output is one line per test; the exit status says whether all passed. */
#pragma once
#include <stdio.h>

#include "base/memory.h"
#include "base/status.h"

struct jw_test {
    struct jw_arena *mem; /* 64 MiB, empty at the start of each test */
    struct jw_error err;
    const char *folder;  /* an empty directory of this test alone, removed afterwards */
    const char *skipped; /* the reason, when the test cannot run here */
    int failures;
};

struct jw_test_case {
    const char *name;
    void (*run)(struct jw_test *t);
};

#define JW_CASE(fn) \
    { #fn, fn }

/* A failed check is printed and counted; the test goes on. */
#define JW_CHECK(t, condition) ((condition) ? (void)0 : jw_test_failed((t), __FILE__, __LINE__, #condition))
/* The same, and shows both texts. */
#define JW_CHECK_TEXT(t, got, want) jw_test_same_text((t), __FILE__, __LINE__, #got, (got), (want))
#define JW_CHECK_INT(t, got, want) \
    jw_test_same_int((t), __FILE__, __LINE__, #got, (long long)(got), (long long)(want))
/* Status checks also print t->err, so pass &t->err to the call. */
#define JW_CHECK_OK(t, call) jw_test_ok((t), __FILE__, __LINE__, #call, (call))

void jw_test_failed(struct jw_test *t, const char *file, int line, const char *what);
void jw_test_same_text(struct jw_test *t, const char *file, int line, const char *what, jw_text got, jw_text want);
void jw_test_same_int(struct jw_test *t, const char *file, int line, const char *what, long long got,
                      long long want);
void jw_test_ok(struct jw_test *t, const char *file, int line, const char *what, jw_status got);
void jw_test_skip(struct jw_test *t, const char *reason); /* then return from the test */

/* Runs the cases up to the one without a name. Lines "ok NAME", "FAIL NAME", "skip NAME: reason". Returns main's
 * result. */
int jw_test_run(const struct jw_test_case *cases);

/* ../shared/corpora seen from the source folder, or NULL where it is absent: then skip. */
const char *jw_test_corpora(void);
/* The source folder, for content/ and other files of the repository. */
const char *jw_test_source(void);
/* Whole file into t->mem with a closing NUL; {NULL, 0} and a failure when it cannot be read. */
jw_text jw_test_read(struct jw_test *t, const char *path);
