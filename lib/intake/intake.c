/* lib/intake/intake.c — envelope, parser, normalisation, attribution, in that order. */
#include "intake.h"
#include "charset.h"
#include "normalise.h"

#include <limits.h>
#include <stdlib.h>

#include "formats/format.h"
#include "gov/gov.h"
#include "parser/parsers.h"

struct jw_intake {
    struct jw_parsers *parsers;
    struct jw_gov *gov; /* NULL: nothing is attributed */
    int zone_offset_s;
};

struct jw_intake_worker {
    const struct jw_intake *intake;
    struct jw_parsers_worker *parsers;
    struct jw_charset *charset; /* NULL: lines stay as they came */
};

jw_status jw_intake_load(const struct jw_intake_options *options, struct jw_intake **out, struct jw_error *err) {
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = calloc(1, sizeof *intake);
    char folder[PATH_MAX];
    if (!intake)
        return jw_fail(err, JW_E_LIMIT, "intake: no memory");
    intake->zone_offset_s = options->zone_offset_s;
    snprintf(folder, sizeof folder, "%s/parsers", options->content);
    jw_status st = jw_parsers_load(folder, &intake->parsers, err);
    if (st == JW_OK && options->plan)
        st = jw_gov_load(options->plan, &intake->gov, err);
    if (st == JW_OK && intake->gov && options->live)
        jw_gov_join(intake->gov, options->live);
    if (st != JW_OK)
        return st;
    *out = intake;
    intake = NULL;
    return JW_OK;
}

void jw_intake_free(struct jw_intake *intake) {
    if (!intake)
        return;
    jw_parsers_free(intake->parsers);
    jw_gov_free(intake->gov);
    free(intake);
}

const struct jw_parsers *jw_intake_parsers(const struct jw_intake *intake) { return intake->parsers; }
const struct jw_gov *jw_intake_gov(const struct jw_intake *intake) { return intake->gov; }

struct jw_intake_worker *jw_intake_worker_new(const struct jw_intake *intake) {
    struct jw_intake_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->intake = intake;
    worker->parsers = jw_parsers_worker_new(intake->parsers);
    worker->charset = jw_charset_new();
    if (worker->parsers)
        return worker;
    jw_charset_free(worker->charset);
    free(worker);
    return NULL;
}

void jw_intake_worker_free(struct jw_intake_worker *worker) {
    if (!worker)
        return;
    jw_parsers_worker_free(worker->parsers);
    jw_charset_free(worker->charset);
    free(worker);
}

/* A format that takes nearly anything: parsers see the line before it does. */
static bool is_guess(const struct jw_format *format) { return strcmp(format->name, "kv") == 0; }

static bool is_syslog(const struct jw_format *format) { return strncmp(format->name, "syslog", 6) == 0; }

/* The name of a format, or of a family: "syslog" is whichever of the two fits. */
static bool is_asked(const struct jw_format *format, jw_text name) {
    return jw_text_is(jw_text_from(format->name), name) ||
           (jw_text_is(name, JW_TEXT("syslog")) && is_syslog(format));
}

static const struct jw_format *read_format(jw_text line, jw_text asked, bool guesses, struct jw_record *rec) {
    for (size_t i = 0; jw_formats[i]; i++) {
        const struct jw_format *format = jw_formats[i];
        if (asked.len ? !is_asked(format, asked) : is_guess(format) != guesses || !format->detect(line))
            continue;
        if (format->parse(line, rec, NULL) == JW_OK)
            return format;
        if (rec->state != JW_OK)
            return NULL;
        jw_record_clear(rec);
    }
    return NULL;
}

/* From where the message begins, or from where the program stands when a device wrote its own header there. */
static jw_text content_of(jw_text line, jw_text message, jw_text program) {
    const char *end = line.ptr + line.len;
    bool inside =
        message.ptr >= line.ptr && message.ptr <= end && program.ptr >= line.ptr && program.ptr < message.ptr;
    return inside ? (jw_text){program.ptr, (size_t)(message.ptr + message.len - program.ptr)} : message;
}

/* What relays and kernels put before a message, which its program did not write:
 * "message repeated 2 times: [ Failed password …]" (rsyslog), "[ID 800047 auth.info] Failed …" (Solaris). */
static jw_text unfold(jw_text message, struct jw_record *rec) {
    jw_text rest = message, count;
    uint64_t number;
    if (jw_text_drop(&rest, JW_TEXT("[ID ")) && jw_text_cut(&rest, ']', &count) && count.len < 40) {
        jw_text_drop(&rest, JW_TEXT(" "));
        return rest;
    }
    rest = message;
    if (!jw_text_drop(&rest, JW_TEXT("message repeated ")) || !jw_text_cut(&rest, ' ', &count) ||
        !jw_text_u64(count, &number) || !jw_text_drop(&rest, JW_TEXT("times: [")) ||
        !jw_text_ends(rest, JW_TEXT("]")))
        return message;
    jw_record_add_kind(rec, JW_TEXT("log.syslog.repeated"), count, JW_KIND_NUMBER);
    jw_text_drop(&rest, JW_TEXT(" "));
    return (jw_text){rest.ptr, rest.len - 1};
}

static const struct jw_parser_info *run_parsers(struct jw_intake_worker *worker, const struct jw_intake_from *from,
                                                const struct jw_format *format, jw_text line,
                                                struct jw_record *rec) {
    jw_text message = jw_record_text(rec, JW_F_MESSAGE), program = jw_record_text(rec, JW_F_PROCESS_NAME);
    jw_text dataset = from->dataset.len ? from->dataset : jw_record_text(rec, JW_F_EVENT_DATASET);
    jw_text whole = message;
    if (message.len && (*message.ptr == 'm' || *message.ptr == '['))
        message = unfold(message, rec);
    while (message.len && (message.ptr[message.len - 1] == ' ' || message.ptr[message.len - 1] == '\t'))
        message.len--; /* old daemons end their lines with a blank */
    struct jw_parsers_input in = {
        .format = format ? jw_text_from(format->name) : (jw_text){0},
        .program = program,
        .dataset = dataset,
        .text = message,
        .content = content_of(line, whole, program),
        .received = from->received,
        .zone_offset_s = worker->intake->zone_offset_s,
    };
    return jw_parsers_run(worker->parsers, &in, rec);
}

/* A shipper's document around a line of another kind (Filebeat: the file's line is in `message`). */
static const struct jw_format *read_inner(struct jw_record *rec, jw_text message) {
    struct jw_record inner = {.mem = rec->mem, .received = rec->received, .zone_offset_s = rec->zone_offset_s};
    const struct jw_format *format = message.len ? read_format(message, (jw_text){0}, false, &inner) : NULL;
    if (!format || !is_syslog(format))
        return NULL;
    for (uint32_t i = 0; i < inner.count; i++) {
        const jw_field *field = &inner.fields[i];
        if (field->id == JW_F_MESSAGE)
            jw_record_put(rec, JW_F_MESSAGE, field->value);
        else if (!jw_record_find(rec, field->name)) /* the shipper knows its host better */
            jw_record_append(rec, *field);
    }
    if (inner.has_time)
        jw_record_set_time(rec, inner.time);
    return format;
}

/* Who understood it, from the surest to the last guess. */
static void understand(struct jw_intake_worker *worker, const struct jw_intake_from *from, jw_text line,
                       struct jw_record *rec, struct jw_normalise_facts *facts) {
    facts->line = line;
    const struct jw_format *format = read_format(line, from->format, false, rec);
    if (format)
        jw_format_unwrap(rec);
    else
        jw_record_put(rec, JW_F_MESSAGE, line);
    const struct jw_parser_info *parser = run_parsers(worker, from, format, line, rec);
    jw_text message = jw_record_text(rec, JW_F_MESSAGE);
    if (!parser && format && !is_syslog(format) && message.len) {
        jw_text before = message;
        if (read_inner(rec, message) || !jw_text_is(message, line))
            parser = run_parsers(worker, from, NULL, before, rec);
    }
    if (parser) {
        facts->parser = parser->name;
        facts->dataset = from->dataset.len ? from->dataset : parser->dataset;
        facts->parsed = true;
        return;
    }
    if (!format && !from->format.len && rec->state == JW_OK) {
        struct jw_record guess = {.mem = rec->mem, .received = rec->received, .zone_offset_s = rec->zone_offset_s};
        format = read_format(line, (jw_text){0}, true, &guess);
        for (uint32_t i = 0; format && i < guess.count; i++)
            jw_record_append(rec, guess.fields[i]);
        if (format && guess.has_time)
            jw_record_set_time(rec, guess.time);
    }
    jw_text name = !format ? (jw_text){0} : is_syslog(format) ? JW_TEXT("syslog") : jw_text_from(format->name);
    facts->parser = name;
    facts->dataset = from->dataset.len ? from->dataset : name;
    facts->parsed = format != NULL;
}

jw_status jw_intake_record(struct jw_intake_worker *worker, const struct jw_intake_from *from,
                           struct jw_record *rec, struct jw_error *err) {
    const struct jw_parser_info *parser = run_parsers(worker, from, NULL, (jw_text){0}, rec);
    struct jw_normalise_facts facts = {.parser = parser ? parser->name : JW_TEXT("evtx"), .parsed = true};
    facts.dataset = from->dataset.len ? from->dataset : parser ? parser->dataset : JW_TEXT("evtx");
    jw_normalise_record(rec, from, &facts);
    if (worker->intake->gov)
        jw_gov_attribute(worker->intake->gov, rec);
    return jw_record_check(rec, err);
}

jw_status jw_intake_line(struct jw_intake_worker *worker, const struct jw_intake_from *from, jw_text line,
                         struct jw_record *rec, struct jw_error *err) {
    struct jw_normalise_facts facts = {0};
    jw_record_clear(rec);
    rec->received = from->received;
    rec->zone_offset_s = worker->intake->zone_offset_s;
    line = jw_format_trim(line);
    facts.gb18030 = worker->charset && jw_charset_read(worker->charset, line, rec->mem, &line);
    understand(worker, from, line, rec, &facts);
    jw_normalise_record(rec, from, &facts);
    if (worker->intake->gov)
        jw_gov_attribute(worker->intake->gov, rec);
    jw_status st = jw_record_check(rec, err);
    return st != JW_OK ? st : facts.parsed ? JW_OK : JW_AGAIN;
}
