/* lib/sigma/score_test.c — SigmaHQ's rules against events nobody here wrote: how many answers are right. Prints the
 * score; fails when it falls below what was reached. Skips where ../shared/corpora is absent. */
#include "json_record.h"
#include "plain.h"
#include "sigma.h"
#include "why.h"

#include <dirent.h>
#include <fts.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/hash.h"
#include "intake/intake.h"
#include "test/test.h"

static struct jw_sigma *sigma;
static struct jw_sigma_worker *worker;
static struct jw_plain *plain;
static unsigned compared, unlike;

static bool load(struct jw_test *t) {
    char rules[3][4096], mappings[4096];
    if (!jw_test_corpora()) {
        jw_test_skip(t, "no ../shared/corpora");
        return false;
    }
    if (sigma)
        return true;
    snprintf(rules[0], sizeof rules[0], "%s/sigma/rules/rules", jw_test_corpora());
    snprintf(rules[1], sizeof rules[1], "%s/sigma/rules/rules-emerging-threats", jw_test_corpora());
    snprintf(rules[2], sizeof rules[2], "%s/sigma/rules/rules-threat-hunting", jw_test_corpora());
    snprintf(mappings, sizeof mappings, "%s/content/mappings", jw_test_source());
    const char *folders[] = {rules[0], rules[1], rules[2], NULL};
    const struct jw_sigma_options options = {.mappings = mappings, .folders = folders};
    JW_CHECK_OK(t, jw_sigma_load(&options, &sigma, &t->err));
    if (sigma)
        worker = jw_sigma_worker_new(sigma), plain = jw_plain_new(sigma);
    return worker != NULL;
}

/* The engine's answer, and every `rare`-th time the plain evaluator's as well: they must be the same rules. */
static size_t match(const struct jw_record *rec, const struct jw_sigma_source *source, unsigned rare,
                    const struct jw_sigma_rule *const **out) {
    static unsigned turn;
    const struct jw_sigma_rule *const *others;
    size_t count = jw_sigma_match(worker, rec, source, out);
    if (turn++ % rare)
        return count;
    size_t other = jw_plain_match(plain, rec, source, &others);
    bool same = count == other;
    for (size_t i = 0; same && i < count; i++)
        same = (*out)[i] == others[i];
    compared++;
    unlike += !same;
    return count;
}

/* The explanation comes to the same answer, and says something. */
static bool explains(const struct jw_record *rec, const struct jw_sigma_source *source, jw_text id, bool matched) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
    const struct jw_sigma_rule *rule = jw_sigma_rule_find(sigma, id);
    struct jw_sigma_why why;
    return rule && jw_sigma_why(sigma, rule, rec, source, mem, &why, NULL) == JW_OK && why.matches == matched &&
           why.because.len > 0;
}

static void every_dev_case_is_answered_as_labelled(struct jw_test *t) {
    char path[4096];
    if (!load(t))
        return;
    snprintf(path, sizeof path, "%s/sigma/cases-dev.ndjson", jw_test_corpora());
    jw_text all = jw_test_read(t, path), line;
    unsigned total = 0, right = 0, shown = 0, explained = 0;
    while (jw_text_next(&all, '\n', &line) && line.len) {
        json_t *root = json_loadb(line.ptr, line.len, 0, NULL);
        json_t *source = json_object_get(root, "_logsource");
        struct jw_arena *mem = jw_arena_new(16 << 20);
        struct jw_record rec = {.mem = mem};
        const char *rule = json_string_value(json_object_get(root, "_rule"));
        bool want = json_integer_value(json_object_get(root, "_label")), got = false;
        const struct jw_sigma_rule *const *hits;
        const struct jw_sigma_source given = {jw_text_from(json_string_value(json_object_get(source, "product"))),
                                              jw_text_from(json_string_value(json_object_get(source, "category"))),
                                              jw_text_from(json_string_value(json_object_get(source, "service")))};
        jw_json_flatten(&rec, (jw_text){0}, json_object_get(root, "event"));
        size_t count = match(&rec, &given, 11, &hits);
        for (size_t i = 0; i < count; i++)
            got |= jw_text_is(jw_sigma_rule_info(hits[i])->id, jw_text_from(rule));
        explained += explains(&rec, &given, jw_text_from(rule), got);
        total++;
        right += got == want;
        if (got != want && shown++ < 10)
            printf("  wrong: %.*s\n", (int)(line.len < 400 ? line.len : 400), line.ptr);
        jw_arena_free(mem);
        json_decref(root);
    }
    printf("  cases-dev: %u of %u right, %u explained\n", right, total, explained);
    JW_CHECK(t, total > 20000 && right == total && explained == total);
}

/* --- the tables in sigma/expected ---------------------------------------------------------------------------- */
struct wanted {
    uint64_t *hashes; /* of file, record, rule; sorted; bit of `seen` by place */
    bool *seen;
    jw_text *lines;
    size_t count, extra, shown;
};

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct wanted read_wanted(struct jw_test *t, const char *name) {
    char path[4096];
    struct wanted w = {0};
    snprintf(path, sizeof path, "%s/sigma/expected/%s", jw_test_corpora(), name);
    jw_text all = jw_test_read(t, path), line;
    w.hashes = jw_arena_alloc(t->mem, all.len / 8 * sizeof *w.hashes);
    while (jw_text_next(&all, '\n', &line))
        if (line.len)
            w.hashes[w.count++] = jw_hash_stable(line);
    qsort(w.hashes, w.count, sizeof *w.hashes, by_value);
    w.seen = jw_arena_alloc(t->mem, w.count + 1);
    memset(w.seen, 0, w.count + 1);
    return w;
}

static void got_one(struct wanted *w, const char *file, uint64_t record, jw_text id) {
    char line[4096];
    int len = snprintf(line, sizeof line, "%s\t%llu\t%.*s", file, (unsigned long long)record, (int)id.len, id.ptr);
    uint64_t hash = jw_hash_stable((jw_text){line, (size_t)len});
    uint64_t *at = bsearch(&hash, w->hashes, w->count, sizeof hash, by_value);
    if (at) {
        w->seen[at - w->hashes] = true;
        return;
    }
    w->extra++;
    if (w->shown++ < 10)
        printf("  not expected: %s\n", line);
}

static void match_windows(struct wanted *w, const char *file, uint64_t number, json_t *root) {
    struct jw_arena *mem = jw_arena_new(64 << 20);
    struct jw_record rec = {.mem = mem};
    const struct jw_sigma_rule *const *hits;
    jw_json_flatten(&rec, (jw_text){0}, root);
    size_t count = match(&rec, NULL, 61, &hits);
    for (size_t i = 0; i < count; i++)
        got_one(w, file, number, jw_sigma_rule_info(hits[i])->id);
    jw_arena_free(mem);
}

static size_t tell(const struct wanted *w, const char *name) {
    size_t seen = 0;
    for (size_t i = 0; i < w->count; i++)
        seen += w->seen[i];
    printf("  %s: %zu of %zu found, %zu not expected\n", name, seen, w->count, w->extra);
    return seen;
}

static void otrf_file(struct jw_test *t, struct wanted *w, const char *name) {
    static char line[4 << 20];
    char path[8192], file[4096];
    uint64_t number = 0;
    snprintf(path, sizeof path, "%s/otrf/%s", jw_test_corpora(), name);
    snprintf(file, sizeof file, "%.*s", (int)(strlen(name) - 3), name);
    gzFile in = gzopen(path, "rb");
    JW_CHECK(t, in != NULL);
    while (in && gzgets(in, line, sizeof line)) {
        json_t *root = json_loads(line, JSON_DECODE_ANY, NULL);
        if (json_object_get(root, "Channel") || json_object_get(json_object_get(root, "winlog"), "channel") ||
            json_object_get(root, "log_name"))
            match_windows(w, file, ++number, root);
        json_decref(root);
    }
    if (in)
        gzclose(in);
}

static void otrf_recordings_match_as_the_reference(struct jw_test *t) {
    char path[4096];
    if (!load(t))
        return;
    struct wanted w = read_wanted(t, "otrf.tsv");
    snprintf(path, sizeof path, "%s/otrf", jw_test_corpora());
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".json.gz")))
            otrf_file(t, &w, entry->d_name);
    if (folder)
        closedir(folder);
    size_t seen = tell(&w, "otrf");
    JW_CHECK(t, seen == w.count && w.extra == 0);
}

/* --- EVTX, through the product's own reading ---------------------------------------------------------------------
 */
struct reading {
    struct wanted *wanted;
    const char *file;
};

static jw_status on_event(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct reading *reading = context;
    const struct jw_sigma_rule *const *hits;
    (void)err;
    size_t count = match(rec, NULL, 61, &hits);
    for (size_t i = 0; i < count; i++)
        got_one(reading->wanted, reading->file, number, jw_sigma_rule_info(hits[i])->id);
    return JW_OK;
}

static void evtx_folder(struct jw_test *t, const char *folder, const char *table) {
    static struct jw_intake *intake;
    char content[4096], root[4096];
    if (!load(t))
        return;
    snprintf(content, sizeof content, "%s/content", jw_test_source());
    snprintf(root, sizeof root, "%s/%s", jw_test_corpora(), folder);
    const struct jw_intake_options options = {.content = content};
    JW_CHECK_OK(t, jw_intake_load(&options, &intake, &t->err));
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *reader = intake ? jw_intake_worker_new(intake) : NULL;
    struct wanted w = read_wanted(t, table);
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; reader && walk && (entry = fts_read(walk));) {
        struct reading reading = {&w, entry->fts_path + strlen(root) + 1};
        const struct jw_intake_from from = {.source = JW_TEXT("test")};
        struct jw_intake_counts counts;
        if (entry->fts_info == FTS_F && jw_text_ends(jw_text_from(entry->fts_name), JW_TEXT(".evtx")))
            JW_CHECK_OK(t, jw_intake_file(reader, &from, entry->fts_path, on_event, &reading, &counts, &t->err));
    }
    if (walk)
        fts_close(walk);
    size_t seen = tell(&w, folder);
    JW_CHECK(t, seen == w.count && w.extra == 0);
    jw_intake_worker_free(reader);
    reader = NULL;
    jw_intake_free(intake);
    intake = NULL;
}

static void evtx_deepblue_matches_as_the_reference(struct jw_test *t) {
    evtx_folder(t, "evtx/DeepBlueCLI", "evtx-DeepBlueCLI.tsv");
}
static void evtx_yamato_matches_as_the_reference(struct jw_test *t) {
    evtx_folder(t, "evtx/YamatoSecurity", "evtx-YamatoSecurity.tsv");
}
static void the_regression_cases_match_as_the_reference(struct jw_test *t) {
    evtx_folder(t, "sigma/regression", "regression.tsv");
}

static void the_plain_evaluator_agrees(struct jw_test *t) {
    if (!load(t))
        return;
    printf("  %u events compared, %u unlike\n", compared, unlike);
    JW_CHECK(t, compared > 2000);
    JW_CHECK_INT(t, unlike, 0);
}

int main(void) {
    int result = jw_test_run((const struct jw_test_case[]){
        JW_CASE(every_dev_case_is_answered_as_labelled),
        JW_CASE(otrf_recordings_match_as_the_reference),
        JW_CASE(evtx_deepblue_matches_as_the_reference),
        JW_CASE(evtx_yamato_matches_as_the_reference),
        JW_CASE(the_regression_cases_match_as_the_reference),
        JW_CASE(the_plain_evaluator_agrees),
        {0},
    });
    jw_plain_free(plain);
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
    return result;
}
