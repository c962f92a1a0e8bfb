/* lib/sigma/try.h — tests in one line: does this rule match this event? The engine and the plain evaluator must say
 * the same. For the tests of this folder. */
#pragma once
#include <stdlib.h>

#include "json_record.h"
#include "plain.h"
#include "test/test.h"

/* One rule (its `detection:` as YAML flow or block text) against one event as JSON. -1: the rule does not load. */
struct bench {
    struct jw_sigma *sigma;
    char reason[512]; /* of the last refusal */
    unsigned refused;
};

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    struct bench *b = context;
    snprintf(b->reason, sizeof b->reason, "%s", refusal->reason);
    b->refused++;
}

static void put_file(struct jw_test *t, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *file = fopen(path, "we");
    JW_CHECK(t, file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static struct bench load_text(struct jw_test *t, const char *text) {
    struct bench b = {0};
    char path[4096], placeholders[4096];
    put_file(t, "rule.yml", text);
    snprintf(path, sizeof path, "%s/rule.yml", t->folder);
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", t->folder);
    const char *folders[] = {path, NULL};
    const struct jw_sigma_options options = {
        .folders = folders, .placeholders = placeholders, .on_refusal = on_refusal, .context = &b};
    JW_CHECK_OK(t, jw_sigma_load(&options, &b.sigma, &t->err));
    return b;
}

static inline struct bench load(struct jw_test *t, const char *detection) {
    char text[8192];
    snprintf(text, sizeof text, "title: t\nid: the-rule\nlogsource: {}\ndetection:\n%s\n", detection);
    return load_text(t, text);
}

static inline int match(struct jw_test *t, const char *detection, const char *event) {
    struct bench b = load(t, detection);
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *hits;
    int result = -1;
    JW_CHECK(t, jw_json_record(event, &rec, NULL));
    if (b.sigma && !b.reason[0]) {
        struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
        struct jw_plain *plain = jw_plain_new(b.sigma);
        result = (int)jw_sigma_match(worker, &rec, NULL, &hits);
        JW_CHECK_INT(t, jw_plain_match(plain, &rec, NULL, &hits), result);
        JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), result); /* from the cache */
        jw_plain_free(plain);
        jw_sigma_worker_free(worker);
    }
    jw_sigma_free(b.sigma);
    return result;
}

#define YES(detection, event) JW_CHECK_INT(t, match(t, detection, event), 1)
#define NO(detection, event)  JW_CHECK_INT(t, match(t, detection, event), 0)
#define BAD(detection)        JW_CHECK_INT(t, match(t, detection, "{}"), -1)
