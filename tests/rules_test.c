/* tests/rules_test.c — every rule of content/rules against the events beside it: NAME.yml has NAME.events, one JSON
 * object a line: {"alert": true or false, "event": {…}} or {"alert": …, "line": "a raw log line", "dataset": "…"}.
 * The lines run in order through reading, matching and correlation; `alert` says whether a rule of that file speaks
 * at that line. */
#include <fts.h>
#include <jansson.h>

#include "intake/intake.h"
#include "sigma/sigma.h"
#include "test/test.h"

static struct jw_sigma *sigma;
static struct jw_sigma_worker *worker;
static struct jw_intake *intake;
static struct jw_intake_worker *reader;

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    struct jw_test *t = context;
    printf("  %s: %s\n", refusal->file, refusal->reason);
    jw_test_failed(t, __FILE__, __LINE__, "every rule of content/rules loads");
}

static bool load(struct jw_test *t) {
    char rules[4096], mappings[4096], content[4096];
    if (worker)
        return true;
    snprintf(rules, sizeof rules, "%s/content/rules", jw_test_source());
    snprintf(mappings, sizeof mappings, "%s/content/mappings", jw_test_source());
    snprintf(content, sizeof content, "%s/content", jw_test_source());
    const char *folders[] = {rules, NULL};
    const struct jw_sigma_options options = {mappings, folders, on_refusal, t};
    const struct jw_intake_options reading = {.content = content};
    JW_CHECK_OK(t, jw_sigma_load(&options, &sigma, &t->err));
    JW_CHECK_OK(t, jw_intake_load(&reading, &intake, &t->err));
    worker = sigma ? jw_sigma_worker_new(sigma) : NULL;
    reader = intake ? jw_intake_worker_new(intake) : NULL;
    JW_CHECK(t, worker && reader);
    return worker && reader;
}

static void free_all(void) {
    jw_sigma_worker_free(worker);
    jw_sigma_free(sigma);
    jw_intake_worker_free(reader);
    jw_intake_free(intake);
}

static bool from_file(const struct jw_sigma_rule *rule, const char *events) {
    jw_text file = jw_sigma_rule_info(rule)->file, name = jw_text_from(events);
    return name.len > 7 && jw_text_starts(file, (jw_text){name.ptr, name.len - 6}) && file.len == name.len - 3;
}

static bool speaks(const char *path, struct jw_correlator *correlator, const struct jw_record *rec,
                   uint64_t number) {
    const struct jw_sigma_rule *const *rules;
    const struct jw_correlation_hit *hits;
    size_t count = jw_sigma_match(worker, rec, NULL, &rules);
    bool said = false;
    for (size_t i = 0; i < count; i++)
        said |= jw_sigma_rule_alerts(rules[i]) && from_file(rules[i], path);
    count = jw_correlator_take(correlator, rec, number, 0, rules, count, &hits);
    for (size_t i = 0; i < count; i++)
        said |= from_file(hits[i].rule, path);
    return said;
}

static void one_line(struct jw_test *t, const char *path, struct jw_correlator *correlator, jw_text line,
                     unsigned number) {
    json_t *root = json_loadb(line.ptr, line.len, 0, NULL), *event = json_object_get(root, "event");
    struct jw_arena *mem = jw_arena_new(16 << 20);
    struct jw_record rec = {.mem = mem};
    char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    const char *given = text ? text : json_string_value(json_object_get(root, "line"));
    const struct jw_intake_from from = {.source = JW_TEXT("test"),
                                        .format = event ? JW_TEXT("json") : JW_TEXT(""),
                                        .dataset =
                                            jw_text_from(json_string_value(json_object_get(root, "dataset")))};
    JW_CHECK(t, given != NULL);
    if (given && jw_intake_line(reader, &from, jw_text_from(given), &rec, &t->err) >= 0) {
        bool want = json_is_true(json_object_get(root, "alert"));
        if (speaks(path, correlator, &rec, number) != want) {
            printf("  %s:%u: %s\n", path, number, want ? "no alert" : "an alert too many");
            jw_test_failed(t, __FILE__, __LINE__, "the rule says what its events say");
        }
    } else {
        jw_test_failed(t, __FILE__, __LINE__, "the event can be read");
    }
    free(text);
    jw_arena_free(mem);
    json_decref(root);
}

static void one_file(struct jw_test *t, const char *path, unsigned *hits, unsigned *misses) {
    struct jw_correlator *correlator = jw_correlator_new(sigma, 0);
    jw_text all = jw_test_read(t, path), line;
    unsigned number = 0;
    while (jw_text_next(&all, '\n', &line))
        if (line.len) {
            one_line(t, path, correlator, line, ++number);
            *(jw_text_find(line, JW_TEXT("\"alert\": true"), NULL) ? hits : misses) += 1;
        }
    JW_CHECK(t, number > 0);
    jw_correlator_free(correlator);
}

static void every_rule_says_what_its_events_say(struct jw_test *t) {
    char folder[4096];
    unsigned files = 0;
    if (!load(t))
        return;
    snprintf(folder, sizeof folder, "%s/content/rules", jw_test_source());
    char *roots[] = {folder, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; walk && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F && jw_text_ends(jw_text_from(entry->fts_name), JW_TEXT(".events"))) {
            unsigned hits = 0, misses = 0;
            one_file(t, entry->fts_path, &hits, &misses);
            if (!hits || !misses) {
                printf("  %s: %u that fire, %u that do not\n", entry->fts_path, hits, misses);
                jw_test_failed(t, __FILE__, __LINE__, "a rule has events that fire and near misses");
            }
            files++;
        }
    fts_close(walk);
    JW_CHECK(t, files >= 30);
    printf("  %u rules\n", files);
}

/* Without events a rule is a guess. */
static void every_rule_has_events_and_names_in_both_languages(struct jw_test *t) {
    struct jw_sigma_counts counts;
    if (!load(t))
        return;
    jw_sigma_counts(sigma, &counts);
    for (uint32_t i = 0; i < counts.rules + counts.correlations; i++) {
        const struct jw_sigma_rule *rule = jw_sigma_rule_at(sigma, i);
        const struct jw_sigma_info *info = jw_sigma_rule_info(rule);
        char path[4096];
        snprintf(path, sizeof path, "%.*sevents", (int)(info->file.len - 3), info->file.ptr);
        FILE *events = fopen(path, "re");
        bool good =
            events && info->title_zh.len && info->id.len && jw_sigma_rule_is_routed(sigma, rule) &&
            (!jw_sigma_rule_alerts(rule) || (info->tag_count && info->level.len && info->description_zh.len));
        if (!good) {
            printf("  %.*s\n", (int)info->file.len, info->file.ptr);
            jw_test_failed(t, __FILE__, __LINE__,
                           "events, title_zh, description_zh, id, level, tags, a known logsource");
        }
        if (events)
            fclose(events);
    }
}

int main(void) {
    int result =
        jw_test_run((const struct jw_test_case[]){JW_CASE(every_rule_says_what_its_events_say),
                                                  JW_CASE(every_rule_has_events_and_names_in_both_languages),
                                                  {0}});
    free_all();
    return result;
}
