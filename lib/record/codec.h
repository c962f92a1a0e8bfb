/* lib/record/codec.h — a batch of records as bytes: what a spool frame carries.
 *
 * Layout (little-endian; "v" is LEB128, at most 10 bytes, shortest form):
 *   v version (1) · v count of names · names (v length, bytes) · v count of records · records
 *   record: v length of what follows · 8 bytes time (INT64_MIN: none) · v length of the line, its bytes · v count
 * of fields · fields field:  v (name number << 3 | in the line << 2 | kind) · v offset in the line, if it is there
 * · v length of the value · its bytes, if it is not in the line The line is the value of event.original. Parsers
 * cut values out of it without copying, so that most values of an event are a place in its line, and cost three
 * bytes; read again, they point into the line once more. Names stand once per batch, so ids may change between
 * versions and old spools stay readable. */
#pragma once
#include "record.h"

#define JW_BATCH_RECORDS 65536 /* most records in one batch */
#define JW_BATCH_NAMES   65536 /* most distinct names in one batch */

struct jw_batch_writer;
struct jw_batch_writer *jw_batch_writer_new(size_t ceiling); /* bytes of one batch; NULL without memory */
void jw_batch_writer_free(struct jw_batch_writer *batch);
JW_DEFINE_AUTO(jw_batch_writer, jw_batch_writer_free)
/* JW_E_LIMIT when the record does not fit any more: then the batch is unchanged and should be finished first. */
JW_MUST_CHECK jw_status jw_batch_writer_add(struct jw_batch_writer *batch, const struct jw_record *rec);
uint32_t jw_batch_writer_count(const struct jw_batch_writer *batch);
size_t jw_batch_writer_size(const struct jw_batch_writer *batch); /* bytes that finishing now would give, about */
/* The bytes, valid until the next call on `batch`; then it is empty again. {NULL, 0} without memory. */
jw_text jw_batch_writer_finish(struct jw_batch_writer *batch);

/* Whether the bytes of `value` are a part of those of `line`: the same memory, not merely equal text. */
bool jw_batch_in_line(jw_text line, jw_text value);

/* Reading borrows `bytes` and allocates the name table in `mem`. Sticky: a broken batch ends with JW_E_SYNTAX. */
struct jw_batch_reader {
    jw_text rest;
    jw_field *names; /* name and id of each, values unused */
    uint32_t name_count, left;
};
JW_MUST_CHECK jw_status jw_batch_reader_open(struct jw_batch_reader *reader, jw_text bytes, struct jw_arena *mem,
                                             struct jw_error *err);
/* JW_OK and one record (cleared first), or JW_END, or a failure. */
JW_MUST_CHECK jw_status jw_batch_reader_next(struct jw_batch_reader *reader, struct jw_record *rec,
                                             struct jw_error *err);
