/* cli/cases.c — events that name their own logsource: how rules are tested without any log. */
#include "detect.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "json/json.h"

#define LINE_MAX_BYTES (16u << 20)
#define ARENA          (64u << 20)

struct reading {
    gzFile file;
    jw_buffer line;
    struct jw_arena *mem;
};

static void close_reading(struct reading *reading) {
    if (reading->file)
        gzclose(reading->file);
    jw_buffer_free(&reading->line);
    jw_arena_free(reading->mem);
}

/* One line without its end; false at the end of the file. A line past the ceiling is `failed` and skipped. */
static bool next_line(struct reading *reading) {
    char piece[16384];
    bool any = false;
    jw_buffer_clear(&reading->line);
    while (gzgets(reading->file, piece, sizeof piece)) {
        size_t len = strlen(piece);
        any = true;
        if (len && piece[len - 1] == '\n') {
            jw_buffer_add(&reading->line, (jw_text){piece, len - 1});
            break;
        }
        jw_buffer_add(&reading->line, (jw_text){piece, len});
    }
    return any;
}

static jw_text text_of(const struct jw_record *rec, const char *name) {
    const jw_field *field = jw_record_find(rec, jw_text_from(name));
    return field ? field->value : (jw_text){0};
}

/* The line's members are read as one flat record; those of the event become a record of their own. */
static jw_status read_case(jw_text line, struct jw_arena *mem, struct jw_record *event, struct jw_case *out,
                           struct jw_error *err) {
    struct jw_record whole = {.mem = mem};
    bool any = false;
    jw_status st = jw_json_flatten(line, &whole, err);
    if (st != JW_OK)
        return st;
    *event = (struct jw_record){.mem = mem};
    for (uint32_t i = 0; i < whole.count; i++) {
        jw_text name = whole.fields[i].name;
        if (jw_text_is(name, JW_TEXT("event")))
            any = true; /* an event without members */
        if (!jw_text_drop(&name, JW_TEXT("event.")))
            continue;
        any = true;
        jw_record_add_kind(event, name, whole.fields[i].value, (jw_kind)whole.fields[i].kind);
    }
    *out =
        (struct jw_case){.rec = event,
                         .source = {text_of(&whole, "_logsource.product"), text_of(&whole, "_logsource.category"),
                                    text_of(&whole, "_logsource.service")},
                         .rule = text_of(&whole, "_rule"),
                         .label = jw_text_is(text_of(&whole, "_label"), JW_TEXT("1")) ||
                                  jw_text_is(text_of(&whole, "_label"), JW_TEXT("true"))};
    if (!any)
        return jw_fail(err, JW_E_SYNTAX, "no member \"event\"");
    return jw_record_check(event, err);
}

jw_status jw_cases_read(const char *path, jw_case_each each, void *context, uint64_t *out_damaged,
                        struct jw_error *err) {
    JW_AUTO(close_reading) struct reading reading = {.line = JW_BUFFER(LINE_MAX_BYTES)};
    struct jw_record event;
    uint64_t number = 0;
    *out_damaged = 0;
    reading.mem = jw_arena_new(ARENA);
    reading.file = gzopen(path, "rbe");
    if (!reading.file || !reading.mem)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, reading.mem ? strerror(errno) : "no memory");
    while (next_line(&reading)) {
        jw_text line = jw_text_trim(jw_buffer_text(&reading.line));
        struct jw_case one;
        if (!line.len && !reading.line.failed)
            continue;
        number++;
        if (reading.line.failed || read_case(line, reading.mem, &event, &one, NULL) != JW_OK) {
            ++*out_damaged;
        } else {
            jw_status st = each(context, number, &one, err);
            if (st != JW_OK)
                return st;
        }
        jw_arena_reset(reading.mem);
    }
    return JW_OK;
}

bool jw_cases_logsource(jw_text text, struct jw_sigma_source *out) {
    jw_text part, key;
    *out = (struct jw_sigma_source){0};
    while (jw_text_next(&text, ',', &part)) {
        if (!jw_text_cut(&part, '=', &key) || !part.len)
            return false;
        if (jw_text_is(key, JW_TEXT("product")))
            out->product = part;
        else if (jw_text_is(key, JW_TEXT("category")))
            out->category = part;
        else if (jw_text_is(key, JW_TEXT("service")))
            out->service = part;
        else
            return false;
    }
    return out->product.len || out->category.len || out->service.len;
}
