/* lib/formats/format.h — what an input format promises.
 *
 * A format understands an envelope (syslog, CEF, JSON …): who sent it, when, and where the content stands. What the
 * content means is the business of content/parsers. Certain meaning gets ECS names, the rest keeps the sender's
 * names, unread text goes to `message`. `rec` borrows `line` and allocates in rec->mem; its hints `received` and
 * `zone_offset_s` complete timestamps without year or zone. Any thread; a record belongs to one. */
#pragma once
#include "record/record.h"

struct jw_format {
    const char *name, *about;     /* the word in jinwu.toml; one line for --list-formats and the console */
    jw_text sample;               /* a valid line: tests and fuzzing start from it */
    bool (*detect)(jw_text line); /* cheap; must accept every line that parses */
    jw_status (*parse)(jw_text line, struct jw_record *rec, struct jw_error *err); /* `rec` borrows `line` */
};
extern const struct jw_format *const jw_formats[]; /* ends with NULL; the order is that of detection */

const struct jw_format *jw_format_find(jw_text name); /* NULL when there is none of that name */

/* Reads `line` with the first format that detects and parses it, then once more what stands in `message` when that
 * is again a format with an unmistakable beginning (CEF, LEEF or a JSON object inside syslog). `out_format` is the
 * outer one. JW_E_SYNTAX: no format knows the line, `rec` is empty. */
JW_MUST_CHECK jw_status jw_format_read(jw_text line, struct jw_record *rec, const struct jw_format **out_format,
                                       struct jw_error *err);
/* The second half alone, for callers that chose the outer format themselves: true when the message was one. */
bool jw_format_unwrap(struct jw_record *rec);

/* Without a byte order mark in front and NUL, CR, LF behind: what senders leave around a line. */
static inline jw_text jw_format_trim(jw_text line) {
    jw_text_drop(&line, JW_TEXT("\xEF\xBB\xBF"));
    while (line.len &&
           (line.ptr[line.len - 1] == '\0' || line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}
