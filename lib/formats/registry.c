/* lib/formats/registry.c — the table of formats; the one list of names is in meson.build. */
#include "format.h"
#include "format_list.h"

#define DECLARE(name) extern const struct jw_format jw_format_##name;
#define ENTRY(name)   &jw_format_##name,
JW_FORMATS(DECLARE)
const struct jw_format *const jw_formats[] = {JW_FORMATS(ENTRY) NULL};

const struct jw_format *jw_format_find(jw_text name) {
    for (size_t i = 0; jw_formats[i]; i++)
        if (jw_text_is(jw_text_from(jw_formats[i]->name), name))
            return jw_formats[i];
    return NULL;
}

/* Key=value and bare syslog begin like anything: inside a message they would be guesses, and are a parser's choice.
 */
static bool unmistakable(jw_text line) {
    return line.len > 1 &&
           (*line.ptr == '{' || jw_text_starts(line, JW_TEXT("CEF:")) || jw_text_starts(line, JW_TEXT("LEEF:")));
}

/* What the inner format read stands for more than what the envelope said. */
static void merge(struct jw_record *rec, const struct jw_record *inner) {
    uint32_t outer = rec->count, kept = 0;
    for (uint32_t i = 0; i < outer; i++) {
        bool replaced = rec->fields[i].id == JW_F_MESSAGE;
        for (uint32_t k = 0; k < inner->count && !replaced; k++)
            replaced =
                inner->fields[k].id == rec->fields[i].id && jw_text_is(inner->fields[k].name, rec->fields[i].name);
        if (!replaced)
            rec->fields[kept++] = rec->fields[i];
    }
    rec->count = kept;
    for (uint32_t k = 0; k < inner->count; k++)
        jw_record_append(rec, inner->fields[k]);
    rec->cut |= inner->cut;
    if (inner->has_time)
        jw_record_set_time(rec, inner->time);
}

bool jw_format_unwrap(struct jw_record *rec) {
    jw_text message = jw_record_text(rec, JW_F_MESSAGE);
    if (rec->state != JW_OK || !unmistakable(message))
        return false;
    for (size_t i = 0; jw_formats[i]; i++) {
        struct jw_record inner = {.mem = rec->mem, .received = rec->received, .zone_offset_s = rec->zone_offset_s};
        if (jw_formats[i]->detect(message) && jw_formats[i]->parse(message, &inner, NULL) == JW_OK) {
            merge(rec, &inner);
            return true;
        }
    }
    return false;
}

jw_status jw_format_read(jw_text line, struct jw_record *rec, const struct jw_format **out_format,
                         struct jw_error *err) {
    for (size_t i = 0; jw_formats[i]; i++) {
        if (!jw_formats[i]->detect(line))
            continue;
        jw_status status = jw_formats[i]->parse(line, rec, err);
        if (status == JW_OK) {
            *out_format = jw_formats[i];
            jw_format_unwrap(rec);
            return jw_record_check(rec, err);
        }
        if (rec->state != JW_OK)
            return status;
        jw_record_clear(rec);
    }
    return jw_fail(err, JW_E_SYNTAX, "no known format: " JW_FMT, JW_ARG(line));
}
