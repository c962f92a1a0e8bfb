/* cli/detect.c — `jinwu detect`: rules over files, without a server. */
#include "detect.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPINGS, PLACEHOLDERS, DATASET, FORMAT, LOGSOURCE, THREADS, ALL, JSON, OPTIONS };
static const struct jw_command_option options[] = {[MAPPINGS] = {"mappings", false},
                                                   [PLACEHOLDERS] = {"placeholders", false},
                                                   [DATASET] = {"dataset", false},
                                                   [FORMAT] = {"format", false},
                                                   [LOGSOURCE] = {"logsource", false},
                                                   [THREADS] = {"threads", false},
                                                   [ALL] = {"all", true},
                                                   [JSON] = {"json", true},
                                                   {0}};

#define FOLDERS_MOST 64
#define THREADS_MOST 64

/* The files of every argument, in the order in which they are read. */
struct paths {
    char **list;
    uint32_t count, room;
};

static int add_path(void *context, const char *path) {
    struct paths *paths = context;
    if (paths->count == paths->room) {
        uint32_t room = paths->room ? paths->room * 2 : 64;
        char **grown = realloc(paths->list, room * sizeof *grown);
        if (!grown)
            return jw_command_failed("detect", "no memory");
        paths->list = grown;
        paths->room = room;
    }
    char *copy = strdup(path);
    if (!copy)
        return jw_command_failed("detect", "no memory");
    paths->list[paths->count++] = copy;
    return 0;
}

static void drop_paths(struct paths *paths) {
    for (uint32_t i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
}

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    (void)context;
    fprintf(stderr, "rule left out: %s: %s\n", refusal->file, refusal->reason);
}

static int run_files(struct jw_detect *d) {
    struct jw_error err = {{0}};
    struct jw_correlator_counts counts;
    int64_t start = jw_time_steady();
    bool good = jw_detect_run(d, &err);
    double seconds = (double)(jw_time_steady() - start) / JW_SECOND;
    unsigned long long files = atomic_load(&d->files), events = atomic_load(&d->events),
                       matches = atomic_load(&d->matches);
    fflush(stdout);
    if (!good)
        (void)jw_command_failed("detect", "%s", err.text);
    fprintf(stderr,
            "%llu files, %llu events (%llu not understood, %llu damaged), %llu matches; %.2f s, %.0f events/s\n",
            files, events, (unsigned long long)d->unparsed, (unsigned long long)d->damaged, matches, seconds,
            seconds > 0 ? (double)events / seconds : 0);
    jw_correlator_counts(d->correlator, &counts);
    if (counts.late || counts.unfit || counts.condensed || counts.evictions || counts.no_memory)
        fprintf(stderr,
                "correlations: %llu events too late, %llu without a field they group or count by; %llu condensed "
                "in full "
                "groups, %llu groups evicted, %llu without memory\n",
                (unsigned long long)counts.late, (unsigned long long)counts.unfit,
                (unsigned long long)counts.condensed, (unsigned long long)counts.evictions,
                (unsigned long long)counts.no_memory);
    if (d->given_up)
        fprintf(stderr, "%llu times a regular expression needed too many steps and counted as not matching\n",
                (unsigned long long)d->given_up);
    if (d->labelled)
        fprintf(stderr, "%llu of %llu cases are answered as they are labelled\n", (unsigned long long)d->right,
                (unsigned long long)d->labelled);
    return !good || matches || d->failed || d->damaged ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static int take_values(struct jw_detect *d, const char *const *values) {
    uint64_t threads = 0;
    cpu_set_t cpus;
    d->json = jw_command_json(values[JSON] != NULL);
    d->all = values[ALL] != NULL;
    d->cases = values[FORMAT] && strcmp(values[FORMAT], "cases") == 0;
    d->from.received = jw_time_now();
    d->from.dataset = jw_text_from(values[DATASET]);
    if (!d->cases)
        d->from.format = jw_text_from(values[FORMAT]);
    if (values[LOGSOURCE] && !jw_cases_logsource(jw_text_from(values[LOGSOURCE]), &d->source))
        return jw_command_usage("detect", "--logsource wants product=…,category=…,service=…, not %s",
                                values[LOGSOURCE]);
    if (values[THREADS] &&
        (!jw_text_u64(jw_text_from(values[THREADS]), &threads) || threads < 1 || threads > THREADS_MOST))
        return jw_command_usage("detect", "--threads is a number from 1 to %d, not %s", THREADS_MOST,
                                values[THREADS]);
    if (!threads)
        threads = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (uint64_t)CPU_COUNT(&cpus) : 1;
    d->threads = (unsigned)(threads < THREADS_MOST ? threads : THREADS_MOST);
    return 0;
}

static int load_and_run(struct jw_detect *d, const char *const *values, const char **folders) {
    char mappings[4096], placeholders[4096], rules[4096];
    struct jw_error err = {{0}};
    snprintf(mappings, sizeof mappings, "%s/mappings", jw_command_content());
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", jw_command_content());
    snprintf(rules, sizeof rules, "%s/rules", jw_command_content());
    if (!folders[0])
        folders[0] = rules, folders[1] = NULL;
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    const struct jw_sigma_options load = {.mappings = values[MAPPINGS] ? values[MAPPINGS] : mappings,
                                          .placeholders =
                                              values[PLACEHOLDERS] ? values[PLACEHOLDERS] : placeholders,
                                          .folders = folders,
                                          .on_refusal = on_refusal};
    const struct jw_intake_options reading = {.content = jw_command_content()};
    if (jw_sigma_load(&load, &sigma, &err) != JW_OK || jw_intake_load(&reading, &intake, &err) != JW_OK)
        return jw_command_failed("detect", "%s", err.text);
    JW_AUTO(jw_correlator_free_p) struct jw_correlator *correlator = jw_correlator_new(sigma, 0);
    if (!correlator)
        return jw_command_failed("detect", "no memory");
    d->sigma = sigma;
    d->intake = intake;
    d->correlator = correlator;
    d->correlates = jw_sigma_longest_span(sigma) > 0;
    return run_files(d);
}

static int run(int argc, char **argv) {
    const char *values[OPTIONS] = {NULL}, *folders[FOLDERS_MOST + 2];
    JW_AUTO(drop_paths) struct paths paths = {0};
    struct jw_detect d = {0};
    int bad = jw_command_repeated("detect", "rules", &argc, argv, folders, FOLDERS_MOST);
    if (!bad)
        bad = jw_command_options("detect", options, &argc, argv, values);
    if (!bad)
        bad = take_values(&d, values);
    if (bad)
        return bad;
    if (argc < 2)
        return jw_command_usage("detect", "which files?");
    bad = jw_command_files("detect", argc - 1, argv + 1, add_path, &paths);
    if (bad && !paths.count)
        return bad;
    d.failed = bad != 0; /* told; the others are read */
    d.paths = paths.list;
    d.count = paths.count;
    if (d.threads > d.count && d.count)
        d.threads = d.count;
    return load_and_run(&d, values, folders);
}

const struct jw_command jw_command_detect = {
    .name = "detect",
    .about = "match Sigma rules against files, without a server",
    .help = "Use: jinwu detect [--rules DIR]… [OPTIONS] FILE…\n\n"
            "Reads every supported input (EVTX, JSON lines, syslog and other logs, gzip of these; a folder means "
            "every\n"
            "file in it), parses and normalises it as jw-collect does, and prints one line per match: JSON when "
            "stdout is\n"
            "no terminal or with --json, with file, record, rule.id, rule.name, rule.level, rule.author and the "
            "event.\n"
            "Matches stand in the order of files and events, whatever the number of threads. Progress and the "
            "summary are\n"
            "on stderr.\n\n"
            "  --rules DIR         rules, may be given more than once (default: content/rules)\n"
            "  --mappings DIR      logsources and field names (default: content/mappings)\n"
            "  --placeholders DIR  lists for |expand (default: content/placeholders)\n"
            "  --dataset NAME      what the files are, when it cannot be seen (event.dataset)\n"
            "  --format NAME       how the files are written, when it cannot be seen: json, syslog, … (jinwu "
            "parse); or\n"
            "                      cases: lines {\"_logsource\": {\"product\": …}, \"event\": {…}} under the "
            "rules' own field\n"
            "                      names; with \"_rule\" and \"_label\" (0, 1) the answers are compared with them\n"
            "  --logsource LIST    what every event is: product=windows,category=process_creation\n"
            "  --threads N         files read at the same time (default: one per processor)\n"
            "  --all               also rules that only serve a correlation\n\n"
            "Exit: 0 nothing matched, 1 something matched or failed, 2 wrong use.\n\n"
            "Example: jinwu detect --rules content/rules /var/log/auth.log\n",
    .run = run,
};
