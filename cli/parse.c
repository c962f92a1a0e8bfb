/* cli/parse.c — any supported input as events: what jw-collect would make of it, without a server. */
#include "command.h"

#include <limits.h>
#include <string.h>

#include "gov/gov.h"
#include "intake/intake.h"
#include "intake/samples.h"
#include "parser/parsers.h"

enum { FORMAT, DATASET, SOURCE, ZONE, PLAN, CONTENT, SAMPLES, OPTIONS };
static const struct jw_command_option options[] = {[FORMAT] = {"format", false},  [DATASET] = {"dataset", false},
                                                   [SOURCE] = {"source", false},  [ZONE] = {"zone", false},
                                                   [PLAN] = {"plan", false},      [CONTENT] = {"content", false},
                                                   [SAMPLES] = {"samples", true}, {0}};

struct work {
    struct jw_intake_worker *worker;
    struct jw_intake_from from;
    struct jw_intake_counts total;
    const char *path;
    uint64_t files, failed;
    jw_buffer out;
};

static jw_status print(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct work *work = context;
    jw_buffer *out = &work->out;
    jw_buffer_clear(out);
    jw_buffer_add(out, JW_TEXT("{\"file\":"));
    jw_buffer_json(out, jw_text_from(work->path));
    jw_buffer_add(out, JW_TEXT(",\"record\":"));
    jw_buffer_u64(out, number);
    jw_buffer_byte(out, ',');
    jw_record_json(rec, out);
    jw_buffer_add(out, JW_TEXT("}\n"));
    if (out->failed)
        return jw_fail(err, JW_E_LIMIT, "%s: record %llu is too large", work->path, (unsigned long long)number);
    if (fwrite(out->ptr, 1, out->len, stdout) != out->len)
        return jw_fail(err, JW_E_SYSTEM, "cannot write");
    return JW_OK;
}

static int one_file(void *context, const char *path) {
    struct work *work = context;
    struct jw_intake_counts counts = {0};
    struct jw_error err = {{0}};
    work->path = path;
    work->from.received = jw_time_now();
    jw_status st = jw_intake_file(work->worker, &work->from, path, print, work, &counts, &err);
    work->files++;
    work->total.events += counts.events;
    work->total.unparsed += counts.unparsed;
    work->total.damaged += counts.damaged;
    if (st == JW_OK)
        return 0;
    work->failed++;
    jw_command_failed("parse", "%s", err.text);
    return ferror(stdout) ? JW_EXIT_FAILED : 0; /* the other files may still be good */
}

/* "+08:00", "-0330", "Z" -> seconds east of UTC. */
static bool read_zone(const char *text, int *out) {
    char probe[64];
    int64_t utc, local;
    snprintf(probe, sizeof probe, "2000-01-01T12:00:00%s", text);
    if (!jw_time_parse(JW_TEXT("2000-01-01T12:00:00Z"), 0, &utc) || !*text ||
        !jw_time_parse(jw_text_from(probe), 0, &local))
        return false;
    *out = (int)((utc - local) / JW_SECOND);
    return true;
}

static void tell_refused(const struct jw_intake *intake) {
    jw_text story;
    for (size_t i = 0; (story = jw_parsers_refused(jw_intake_parsers(intake), i)).ptr; i++)
        fprintf(stderr, "jinwu parse: refused %.*s\n", (int)story.len, story.ptr);
    for (size_t i = 0; jw_intake_gov(intake) && (story = jw_gov_refused(jw_intake_gov(intake), i)).ptr; i++)
        fprintf(stderr, "jinwu parse: refused %.*s\n", (int)story.len, story.ptr);
}

struct samples {
    uint64_t good, bad;
};

static jw_status one_sample(void *context, const struct jw_sample_result *result) {
    struct samples *samples = context;
    samples->good += result->good;
    samples->bad += !result->good;
    if (!result->good)
        printf("%s: sample %u: %.*s\n%.*s  it gives:\n    expect:\n%.*s", result->file, result->number,
               (int)result->line.len, result->line.ptr, (int)result->story.len, result->story.ptr,
               (int)result->expect.len, result->expect.ptr);
    return JW_OK;
}

/* The samples of every declaration: what `expect` asks, and what the line gives. */
static int run_samples(const struct jw_intake *intake, const char *content) {
    char folder[PATH_MAX];
    struct samples samples = {0};
    struct jw_error err;
    snprintf(folder, sizeof folder, "%s/parsers", content);
    if (jw_samples_run(intake, folder, one_sample, &samples, &err) != JW_OK)
        return jw_command_failed("parse", "%s", err.text);
    fprintf(stderr, "%llu samples right, %llu wrong, %zu parsers\n", (unsigned long long)samples.good,
            (unsigned long long)samples.bad, jw_parsers_count(jw_intake_parsers(intake)));
    return samples.bad || jw_parsers_refused(jw_intake_parsers(intake), 0).ptr ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static void free_buffer(jw_buffer *buf) { jw_buffer_free(buf); }

static int run(int argc, char **argv) {
    const char *values[OPTIONS] = {0};
    struct jw_error err = {{0}};
    int usage = jw_command_options("parse", options, &argc, argv, values), zone = 0;
    if (usage)
        return usage;
    if (argc < 2 && !values[SAMPLES])
        return jw_command_usage("parse", "wants at least one FILE");
    if (values[ZONE] && !read_zone(values[ZONE], &zone))
        return jw_command_usage("parse", "--zone wants +08:00 or Z");
    const char *content = values[CONTENT] ? values[CONTENT] : jw_command_content();
    struct jw_intake_options what = {.content = content, .plan = values[PLAN], .zone_offset_s = zone};
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    if (jw_intake_load(&what, &intake, &err) != JW_OK)
        return jw_command_failed("parse", "%s", err.text);
    tell_refused(intake);
    if (values[SAMPLES])
        return run_samples(intake, content);
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *worker = jw_intake_worker_new(intake);
    if (!worker)
        return jw_command_failed("parse", "no memory");
    struct work work = {.worker = worker, .out = JW_BUFFER(256u << 20)};
    work.from = (struct jw_intake_from){.source = jw_text_from(values[SOURCE]),
                                        .format = jw_text_from(values[FORMAT]),
                                        .dataset = jw_text_from(values[DATASET])};
    int result = jw_command_files("parse", argc - 1, argv + 1, one_file, &work);
    free_buffer(&work.out);
    if (fflush(stdout) != 0)
        result = JW_EXIT_FAILED;
    fprintf(stderr, "%llu events from %llu files, %llu not understood, %llu damaged, %llu files failed\n",
            (unsigned long long)work.total.events, (unsigned long long)work.files,
            (unsigned long long)work.total.unparsed, (unsigned long long)work.total.damaged,
            (unsigned long long)work.failed);
    return result ? result : work.failed || work.total.damaged ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

const struct jw_command jw_command_parse = {
    .name = "parse",
    .about = "show what jinwu makes of log files: one event a line",
    .help =
        "Use: jinwu parse [OPTIONS] FILE...\n\n"
        "Reads files of any supported kind (text lines, JSON, EVTX, and gzip of these) and prints every event as "
        "one\n"
        "JSON line: file, record, then its fields. A folder means every file in it. Nothing is stored or sent.\n\n"
        "  --format NAME    syslog, json, cef ...; without it the format is found line by line\n"
        "  --dataset NAME   what the lines are (nginx.access ...), when they do not say it themselves\n"
        "  --source NAME    gov.source of the events\n"
        "  --zone +08:00    zone of timestamps that name none; UTC without it\n"
        "  --plan FOLDER    address plan and asset list: attribute events to their unit and owner\n"
        "  --content FOLDER where parsers/ is, instead of the one that came with the program\n"
        "  --samples        run the samples of every parser instead of files; show what those give that are "
        "wrong\n\n"
        "Example: jinwu parse /var/log/auth.log | head\n"
        "Exit: 0 done, 1 a file could not be read whole, 2 usage.\n",
    .run = run,
};
