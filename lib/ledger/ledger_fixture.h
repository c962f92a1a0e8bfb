/* lib/ledger/ledger_fixture.h — ledger files of a test, and what became of them. */
#pragma once
#include "ledger.h"

#include <stdio.h>
#include <sys/stat.h>

#include "test/test.h"

/* The complaints of one load. */
struct heard {
    int count, line, column;
    char file[256], reason[512]; /* of the first */
    char all[8192];
};

static inline void hear(void *context, const char *file, int line, int column, const char *reason) {
    struct heard *heard = context;
    if (heard->count++ == 0) {
        heard->line = line;
        heard->column = column;
        snprintf(heard->file, sizeof heard->file, "%s", file);
        snprintf(heard->reason, sizeof heard->reason, "%s", reason);
    }
    size_t len = strlen(heard->all);
    snprintf(heard->all + len, sizeof heard->all - len, "%s:%d:%d: %s\n", file, line, column, reason);
}

static inline void put_file(struct jw_test *t, const char *name, const char *text, size_t len) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *file = fopen(path, "we");
    JW_CHECK(t, file && fwrite(text, 1, len, file) == len);
    if (file)
        fclose(file);
}
static inline void put(struct jw_test *t, const char *name, const char *text) {
    put_file(t, name, text, strlen(text));
}

static inline struct jw_ledgers *load(struct jw_test *t, const struct jw_ledgers *before, struct heard *heard) {
    struct jw_ledgers *set = NULL;
    *heard = (struct heard){0};
    JW_CHECK_OK(t, jw_ledgers_load(t->folder, before, hear, heard, &set, &t->err));
    return set;
}

/* The same where nothing may be refused. */
static inline struct jw_ledgers *load_all(struct jw_test *t) {
    struct heard heard;
    struct jw_ledgers *set = load(t, NULL, &heard);
    if (heard.count)
        jw_test_failed(t, __FILE__, __LINE__, heard.all);
    return set;
}

static inline const struct jw_ledger *ledger(const struct jw_ledgers *set, const char *name) {
    return jw_ledgers_find(set, jw_text_from(name));
}
