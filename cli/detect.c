/* cli/detect.c — `jinwu detect`: rules over files, without a server. */
#include "command.h"

#include <string.h>

#include "intake/intake.h"
#include "sigma/sigma.h"

enum { OPT_RULES, OPT_MAPPINGS, OPT_DATASET, OPT_ALL, OPT_JSON };
static const struct jw_command_option options[] = {{"rules", false}, {"mappings", false}, {"dataset", false},
                                                   {"all", true},    {"json", true},      {0}};

#define FOLDERS_MOST 64

struct work {
    struct jw_sigma *sigma;
    struct jw_sigma_worker *match;
    struct jw_correlator *correlator;
    struct jw_intake_worker *reader;
    struct jw_intake_from from;
    jw_buffer out, reason;
    const char *path;
    bool json, all;
    uint64_t events, matches, files, failed, unparsed, damaged, number;
};

static void text(jw_buffer *out, const char *key, jw_text value) {
    if (!value.len)
        return;
    jw_buffer_print(out, "\"%s\":", key);
    jw_buffer_json(out, value);
    jw_buffer_byte(out, ',');
}

static void head(struct work *w, uint64_t record, const struct jw_sigma_info *info) {
    jw_buffer *out = &w->out;
    jw_buffer_clear(out);
    jw_buffer_add(out, JW_TEXT("{\"file\":"));
    jw_buffer_json(out, jw_text_from(w->path));
    jw_buffer_print(out, ",\"record\":%llu,", (unsigned long long)record);
    text(out, "rule.id", info->id);
    text(out, "rule.name", info->title);
    text(out, "rule.name_zh", info->title_zh);
    text(out, "rule.level", info->level);
    text(out, "rule.author", info->author);
    text(out, "rule.reference", info->reference);
    text(out, "event.reason", jw_buffer_text(&w->reason));
}

static void show(struct work *w, uint64_t record, const struct jw_sigma_info *info, const struct jw_record *rec) {
    char when[JW_TIME_TEXT];
    int len = rec->has_time ? (int)jw_time_print(rec->time, when) : 0;
    w->matches++;
    if (!w->json) {
        jw_text title = info->title_zh.len ? info->title_zh : info->title;
        printf("%-13.*s %.*s  %s:%llu  %.*s  [%.*s]\n", (int)info->level.len, info->level.ptr, len, when, w->path,
               (unsigned long long)record, (int)title.len, title.ptr, (int)w->reason.len,
               w->reason.ptr ? w->reason.ptr : "");
        return;
    }
    head(w, record, info);
    jw_record_json(rec, &w->out);
    jw_buffer_add(&w->out, JW_TEXT("}\n"));
    fwrite(w->out.ptr, 1, w->out.len, stdout);
}

static void correlate(struct work *w, uint64_t record, const struct jw_record *rec,
                      const struct jw_sigma_rule *const *rules, size_t count) {
    const struct jw_correlation_hit *hits;
    size_t found = jw_correlator_take(w->correlator, rec, w->number, w->from.received, rules, count, &hits);
    for (size_t i = 0; i < found; i++) {
        jw_buffer_clear(&w->reason);
        jw_buffer_print(&w->reason, "%llu in the window, %.*s", (unsigned long long)hits[i].count,
                        (int)hits[i].group.len, hits[i].group.ptr);
        show(w, record, jw_sigma_rule_info(hits[i].rule), rec);
    }
}

static jw_status each(void *context, uint64_t record, struct jw_record *rec, struct jw_error *err) {
    struct work *w = context;
    const struct jw_sigma_rule *const *rules;
    size_t count = jw_sigma_match(w->match, rec, NULL, &rules);
    w->events++;
    w->number++;
    for (size_t i = 0; i < count; i++) {
        if (!w->all && !jw_sigma_rule_alerts(rules[i]))
            continue;
        jw_buffer_clear(&w->reason);
        jw_sigma_reason(w->match, rules[i], &w->reason);
        show(w, record, jw_sigma_rule_info(rules[i]), rec);
    }
    if (count)
        correlate(w, record, rec, rules, count);
    return ferror(stdout) ? jw_fail(err, JW_E_SYSTEM, "stdout: cannot write") : JW_OK;
}

static int one_file(void *context, const char *path) {
    struct work *w = context;
    struct jw_error err = {{0}};
    struct jw_intake_counts counts = {0};
    w->path = path;
    w->files++;
    if (jw_intake_file(w->reader, &w->from, path, each, w, &counts, &err) < 0) {
        w->failed++;
        (void)jw_command_failed("detect", "%s", err.text);
    }
    w->unparsed += counts.unparsed;
    w->damaged += counts.damaged;
    return ferror(stdout) ? JW_EXIT_FAILED : 0;
}

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    fprintf(stderr, "rule left out: %s: %s\n", refusal->file, refusal->reason);
}

static int run_files(struct work *w, int count, char **paths) {
    int64_t start = jw_time_steady();
    int stopped = jw_command_files("detect", count, paths, one_file, w);
    double seconds = (double)(jw_time_steady() - start) / JW_SECOND;
    fflush(stdout);
    fprintf(stderr,
            "%llu files, %llu events (%llu not understood, %llu damaged), %llu matches; %.2f s, %.0f events/s\n",
            (unsigned long long)w->files, (unsigned long long)w->events, (unsigned long long)w->unparsed,
            (unsigned long long)w->damaged, (unsigned long long)w->matches, seconds,
            seconds > 0 ? (double)w->events / seconds : 0);
    return stopped ? stopped : w->matches || w->failed ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

/* --rules DIR may stand several times, and takes every DIR up to the next option. */
static int take_rules(int *argc, char **argv, const char **folders) {
    int kept = 1, count = 0;
    for (int i = 1; i < *argc; i++) {
        bool joined = strncmp(argv[i], "--rules=", 8) == 0;
        if (!joined && strcmp(argv[i], "--rules") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (count == FOLDERS_MOST || (!joined && i + 1 >= *argc))
            return jw_command_usage("detect", "--rules wants a folder, at most %d times", FOLDERS_MOST);
        folders[count++] = joined ? argv[i] + 8 : argv[++i];
    }
    folders[count] = NULL;
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

static int run(int argc, char **argv) {
    const char *values[5] = {NULL}, *folders[FOLDERS_MOST + 2];
    char mappings[4096], placeholders[4096], rules[4096];
    struct jw_error err = {{0}};
    int bad = take_rules(&argc, argv, folders);
    if (!bad)
        bad = jw_command_options("detect", options, &argc, argv, values);
    if (bad)
        return bad;
    if (argc < 2)
        return jw_command_usage("detect", "which files?");
    snprintf(mappings, sizeof mappings, "%s/mappings", jw_command_content());
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", jw_command_content());
    snprintf(rules, sizeof rules, "%s/rules", jw_command_content());
    if (!folders[0])
        folders[0] = rules, folders[1] = NULL;
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    const struct jw_sigma_options load = {.mappings = values[OPT_MAPPINGS] ? values[OPT_MAPPINGS] : mappings,
                                          .placeholders = placeholders,
                                          .folders = folders,
                                          .on_refusal = on_refusal};
    const struct jw_intake_options reading = {.content = jw_command_content()};
    if (jw_sigma_load(&load, &sigma, &err) != JW_OK || jw_intake_load(&reading, &intake, &err) != JW_OK)
        return jw_command_failed("detect", "%s", err.text);
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *match = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *correlator = jw_correlator_new(sigma, 0);
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *reader = jw_intake_worker_new(intake);
    if (!match || !correlator || !reader)
        return jw_command_failed("detect", "no memory");
    struct work w = {.sigma = sigma,
                     .match = match,
                     .correlator = correlator,
                     .reader = reader,
                     .json = jw_command_json(values[OPT_JSON] != NULL),
                     .all = values[OPT_ALL] != NULL,
                     .out = JW_BUFFER(64 << 20),
                     .reason = JW_BUFFER(1 << 20)};
    w.from.received = jw_time_now();
    w.from.dataset = jw_text_from(values[OPT_DATASET]);
    int result = run_files(&w, argc - 1, argv + 1);
    jw_buffer_free(&w.out);
    jw_buffer_free(&w.reason);
    return result;
}

const struct jw_command jw_command_detect = {
    .name = "detect",
    .about = "match Sigma rules against files, without a server",
    .help = "Use: jinwu detect [--rules DIR]… [--mappings DIR] [--dataset NAME] [--all] [--json] FILE…\n\n"
            "Reads every supported input (EVTX, JSON lines, syslog and other logs, gzip of these; a folder means "
            "every\n"
            "file in it), parses and normalises it as jw-collect does, and prints one line per match: JSON when "
            "stdout is\n"
            "no terminal or with --json, with file, record, rule.id, rule.name, rule.level, rule.author and the "
            "event.\n"
            "The summary is on stderr.\n\n"
            "  --rules DIR     rules, may be given more than once (default: content/rules)\n"
            "  --mappings DIR  logsources and field names (default: content/mappings)\n"
            "  --dataset NAME  what the files are, when it cannot be seen (event.dataset)\n"
            "  --all           also rules that only serve a correlation\n\n"
            "Exit: 0 nothing matched, 1 something matched or failed, 2 wrong use.\n\n"
            "Example: jinwu detect --rules content/rules /var/log/auth.log\n",
    .run = run,
};
