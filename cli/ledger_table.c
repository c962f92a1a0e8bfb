/* cli/ledger_table.c — `jinwu ledger import`, `export` and `template`: tables in and out, on the database itself.
 */
#include "command.h"
#include "ledger.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "exchange/samples.h"
#include "ledger/day.h"
#include "os/file.h"

#define FILTERS 16

/* Whoever has the files of the database has everything: what is written down is the name. */
static const struct jw_holder root = {.account = "root", .root = true};

static void show_progress(void *context, size_t done, size_t all) {
    const char *verb = context;
    if (all)
        fprintf(stderr, "\r%s %zu / %zu", verb, done, all);
    else
        fprintf(stderr, "\r%s %zu", verb, done);
}

static jw_status prepare(void *context, struct jw_change *change, struct jw_error *err) {
    const struct ledger_tables *t = context;
    (void)err;
    jw_workflow_prepare(t->workflow, &root, change, t->with);
    return JW_OK;
}

static struct jw_exchange exchange_of(const struct ledger_tables *t, const char *verb, char folder[PATH_MAX]) {
    const char *login = getlogin();
    snprintf(folder, PATH_MAX, "%s/ledger", t->data);
    mkdir(t->data, 0750);
    mkdir(folder, 0700);
    snprintf(folder, PATH_MAX, "%s/ledger/imports", t->data);
    return (struct jw_exchange){
        .store = t->store,
        .ledgers = t->ledgers,
        .ledger = t->ledger,
        .holder = &root,
        .actor = {jw_text_from(login ? login : "root"), JW_TEXT("cli"), jw_text_from(t->why ? t->why : "")},
        .folder = folder,
        .prepare = prepare,
        .context = (void *)(uintptr_t)t,
        .progress = isatty(2) ? show_progress : NULL,
        .progress_context = (void *)(uintptr_t)verb};
}

static void end_progress(const struct jw_exchange *exchange) {
    if (exchange->progress)
        fputs("\r\033[K", stderr);
}

static void print_json(json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    puts(text ? text : "null");
    free(text);
}

static long long number_of(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}
static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* --- import --- */
static void print_errors(const json_t *report) {
    const json_t *error, *note;
    size_t i;
    json_array_foreach(json_object_get(report, "notes"), i, note) fprintf(
        stderr, "%s%s%s\n", text_of(note, "cell"), *text_of(note, "cell") ? ": " : "", text_of(note, "text"));
    json_array_foreach(json_object_get(report, "errors"), i, error) {
        const char *cell = text_of(error, "cell");
        if (*cell)
            fprintf(stderr, "%s: %s\n", cell, text_of(error, "text"));
        else
            fprintf(stderr, "row %lld: %s\n", number_of(error, "row"), text_of(error, "text"));
    }
    if (number_of(report, "errors_left_out"))
        fprintf(stderr, "… and %lld more\n", number_of(report, "errors_left_out"));
}

static int accept(const struct ledger_tables *t, const struct jw_exchange *exchange, const json_t *report) {
    struct jw_error err = {{0}};
    json_t *done = NULL;
    jw_status st = jw_exchange_accept(exchange, jw_text_from(text_of(report, "id")), t->accept_good, &done, &err);
    end_progress(exchange);
    if (done && t->json)
        print_json(done);
    else if (st == JW_OK)
        printf("%lld written, %lld left out\n", number_of(done, "written"), number_of(done, "left_out"));
    else
        print_errors(done);
    bool left_out = number_of(done, "left_out") > 0;
    json_decref(done);
    if (st != JW_OK)
        return jw_command_failed("ledger", "%s; nothing was written", err.text);
    return left_out ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

int jw_ledger_import(const struct ledger_tables *t, int argc, char **argv) {
    char folder[PATH_MAX];
    struct jw_error err = {{0}};
    jw_buffer file = JW_BUFFER(JW_SHEET_FILE);
    json_t *report = NULL;
    if (argc != 1)
        return jw_command_usage("ledger", "import wants a file: CSV or XLSX");
    struct jw_exchange exchange = exchange_of(t, "import", folder);
    jw_status st = jw_file_read(argv[0], &file, &err);
    if (st == JW_AGAIN)
        st = jw_fail(&err, JW_E_SYSTEM, "there is no such file");
    const struct jw_import import = {jw_buffer_text(&file), argv[0], jw_text_from(t->sheet ? t->sheet : "")};
    if (st == JW_OK)
        st = jw_exchange_preview(&exchange, &import, &report, &err);
    end_progress(&exchange);
    jw_buffer_free(&file);
    if (st != JW_OK)
        return jw_command_failed("ledger", "%s: %s", argv[0], err.text);
    if (t->json)
        print_json(report);
    else
        print_errors(report);
    fprintf(stderr, "%lld rows: %lld new, %lld changed, %lld same, %lld wrong\n", number_of(report, "rows"),
            number_of(report, "new"), number_of(report, "changed"), number_of(report, "same"),
            number_of(report, "wrong"));
    bool wrong = number_of(report, "wrong") > 0;
    int result = wrong ? JW_EXIT_FAILED : JW_EXIT_DONE;
    if (wrong && !t->accept_good && !t->preview)
        result = jw_command_failed("ledger", "nothing was written; mend the rows, or use --accept-good");
    else if (!t->preview)
        result = accept(t, &exchange, report);
    json_decref(report);
    return result;
}

/* --- export --- */
static int read_filters(const struct ledger_tables *t, int argc, char **argv, struct jw_store_filter *filters,
                        json_t **values) {
    struct jw_error err = {{0}};
    for (int i = 0; i < argc; i++) {
        jw_text value = jw_text_from(argv[i]), name;
        int at = jw_text_cut(&value, '=', &name) ? jw_ledger_field_find(t->ledger, name) : -1;
        const struct jw_ledger_field *field = at < 0 ? NULL : &t->ledger->fields[at];
        if (!field || i == FILTERS)
            return jw_command_usage("ledger", "%s: wants FIELD=VALUE; jinwu ledger fields %s shows them", argv[i],
                                    t->ledger->name);
        json_t *read = NULL;
        jw_status st = JW_OK;
        filters[i] = (struct jw_store_filter){.field = at, .op = value.len ? JW_OP_EQ : JW_OP_EMPTY};
        if (value.len && field->type->read)
            st = field->type->read(field, value, &read, &err);
        else if (value.len)
            read = json_stringn(value.ptr, value.len);
        if (st == JW_OK && value.len)
            st = field->type->check(field, read, &values[i], &err);
        json_decref(st == JW_OK || field->type->read == NULL ? read : NULL);
        if (st != JW_OK)
            return jw_command_usage("ledger", "%s: %s", argv[i], err.text);
        filters[i].value = values[i];
    }
    return 0;
}

static int copy_out(const char *path) {
    char piece[65536];
    FILE *file = fopen(path, "re");
    bool good = file != NULL;
    for (size_t got; good && (got = fread(piece, 1, sizeof piece, file)) > 0;)
        good = fwrite(piece, 1, got, stdout) == got;
    good = good && fflush(stdout) == 0;
    if (file)
        fclose(file);
    return good ? JW_EXIT_DONE : jw_command_failed("ledger", "the file cannot be written: %s", strerror(errno));
}

/* Beside the previews: a file of its own that goes when it was copied. */
static const char *target_of(const struct ledger_tables *t, const char *folder, char path[PATH_MAX]) {
    if (t->out)
        return t->out;
    mkdir(folder, 0700);
    snprintf(path, PATH_MAX, "%.4000s/export-%ld", folder, (long)getpid());
    return path;
}

int jw_ledger_export(const struct ledger_tables *t, int argc, char **argv) {
    char folder[PATH_MAX], path[PATH_MAX];
    struct jw_error err = {{0}};
    struct jw_store_filter filters[FILTERS];
    json_t *values[FILTERS] = {NULL};
    struct jw_store_query query = {.words = jw_text_from(t->words ? t->words : ""), .sort = JW_COLUMN_ID};
    struct jw_export how = {.format = JW_EXCHANGE_CSV, .query = &query, .unmask = true};
    int64_t rows = 0;
    struct jw_exchange exchange = exchange_of(t, "export", folder);
    if (t->format && !jw_exchange_format_find(jw_text_from(t->format), &how.format))
        return jw_command_usage("ledger", "--format wants csv, xlsx or json");
    if (how.format == JW_EXCHANGE_XLSX && !t->out && isatty(1))
        return jw_command_usage("ledger", "an XLSX is nothing for a terminal; use --out FILE");
    const char *target = target_of(t, folder, path);
    int result = argc > FILTERS ? jw_command_usage("ledger", "at most %d conditions", FILTERS)
                                : read_filters(t, argc, argv, filters, values);
    query.filters = filters;
    query.filter_count = (size_t)argc;
    if (!result) {
        jw_status st = jw_exchange_export(&exchange, &how, target, &rows, &err);
        end_progress(&exchange);
        result = st != JW_OK ? jw_command_failed("ledger", "%s", err.text) : t->out ? JW_EXIT_DONE : copy_out(path);
        if (st == JW_OK)
            fprintf(stderr, "%lld records\n", (long long)rows);
        if (!t->out)
            unlink(path);
    }
    for (size_t i = 0; i < FILTERS; i++)
        json_decref(values[i]);
    return result;
}

int jw_ledger_template(const struct ledger_tables *t, int argc, char **argv) {
    char folder[PATH_MAX], name[PATH_MAX];
    struct jw_error err = {{0}};
    (void)argv;
    struct jw_exchange exchange = exchange_of(t, "template", folder);
    if (argc != 0)
        return jw_command_usage("ledger", "template wants nothing but the ledger");
    snprintf(name, sizeof name, "%s.xlsx", t->ledger->name);
    const char *path = t->out ? t->out : name;
    if (jw_exchange_template(&exchange, path, &err) != JW_OK)
        return jw_command_failed("ledger", "%s", err.text);
    printf("%s\n", path);
    return JW_EXIT_DONE;
}

/* --- samples --- */
int jw_ledger_load_samples(const struct ledger_tables *t, const char *content) {
    char folder[PATH_MAX], samples[PATH_MAX];
    struct jw_error err = {{0}};
    size_t records = 0;
    struct jw_exchange exchange = exchange_of(t, "samples", folder);
    exchange.progress = NULL;
    snprintf(samples, sizeof samples, "%s/samples", content);
    int64_t today = (jw_time_now() / JW_SECOND + JW_DAY_ZONE) / 86400;
    if (jw_samples_load(&exchange, samples, today, &records, &err) != JW_OK)
        return jw_command_failed("ledger", "%s", err.text);
    fprintf(stderr, "%zu sample records\n", records);
    return JW_EXIT_DONE;
}

int jw_ledger_remove_samples(const struct ledger_tables *t) {
    struct jw_error err = {{0}};
    size_t removed = 0, kept = 0;
    if (jw_samples_remove(t->store, t->ledgers, &removed, &kept, &err) != JW_OK)
        return jw_command_failed("ledger", "%s", err.text);
    fprintf(stderr, "%zu sample records removed, %zu kept: somebody changed them, or needs them\n", removed, kept);
    return kept ? JW_EXIT_FAILED : JW_EXIT_DONE;
}
