/* lib/record/record.h — the event every part speaks: an ordered list of named values.
 *
 * Names are ECS names flattened with dots (DESIGN section 5). A name that stands more than once is a multi-valued
 * field, in order. Values keep the bytes they came with; `kind` says how JSON would write them. Names and values
 * are borrowed: they point into the input line, the arena, or static text, and die with the batch. One record
 * belongs to one thread. */
#pragma once
#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/time.h"
#include "fields.h"

typedef enum jw_kind {
    JW_KIND_TEXT,
    JW_KIND_NUMBER, /* the value is a number as JSON writes it */
    JW_KIND_BOOL,   /* "true" or "false" */
    JW_KIND_NULL,   /* the value is empty */
} jw_kind;

typedef struct jw_field {
    jw_text name, value;
    jw_field_id id; /* JW_F_NONE: a name the dictionary does not know */
    uint8_t kind;   /* jw_kind */
    uint16_t key;   /* of a record read lazily (json/json.h): the number of its name; 0: none */
} jw_field;

#define JW_RECORD_FIELDS \
    4096 /* a ceiling a peer can reach, not a size: then the record keeps what it has and `cut` says so */

struct jw_record {
    struct jw_arena *mem;
    jw_field *fields;
    uint32_t count, capacity;
    int64_t received;      /* hint of the caller: when the line arrived, for stamps without a year; 0: now */
    int32_t zone_offset_s; /* hint of the caller: seconds east of UTC for stamps without a zone */
    int64_t time;          /* @timestamp, when has_time */
    bool has_time;
    bool cut;        /* fields were left out at JW_RECORD_FIELDS */
    jw_status state; /* sticky: JW_OK until the arena is full */
    uint64_t keys;   /* what numbers the names in jw_field.key; 0: nothing does */
};

/* Makes it empty again, keeping the arena, the field array and the two hints. After jw_arena_reset start from
 * {.mem = mem} instead: the field array lives in the arena. */
void jw_record_clear(struct jw_record *rec);

/* `set` replaces every value of that name, `add` appends one more. The plain forms store text. Names that the
 * dictionary knows get its id and its static name. Sticky: failures show in jw_record_check. */
void jw_record_set(struct jw_record *rec, jw_text name, jw_text value);
void jw_record_add(struct jw_record *rec, jw_text name, jw_text value);
void jw_record_add_kind(struct jw_record *rec, jw_text name, jw_text value, jw_kind kind);
void jw_record_put(struct jw_record *rec, jw_field_id id, jw_text value); /* set, by id */
void jw_record_put_kind(struct jw_record *rec, jw_field_id id, jw_text value, jw_kind kind);
void jw_record_append(struct jw_record *rec, jw_field field); /* add, everything given */
void jw_record_put_u64(struct jw_record *rec, jw_field_id id, uint64_t value);
void jw_record_set_time(struct jw_record *rec, int64_t time);
void jw_record_remove(struct jw_record *rec, jw_text name);
void jw_record_rename(struct jw_record *rec, jw_text from, jw_text to);

/* First value of that name; NULL when it is missing. */
const jw_field *jw_record_find(const struct jw_record *rec, jw_text name);
const jw_field *jw_record_find_id(const struct jw_record *rec, jw_field_id id);
jw_text jw_record_text(const struct jw_record *rec, jw_field_id id); /* {NULL, 0} when missing */

/* JW_OK, or the first failure since jw_record_clear. */
JW_MUST_CHECK jw_status jw_record_check(const struct jw_record *rec, struct jw_error *err);

/* The record as members of one JSON object, without its braces: "@timestamp" first, then fields in order; values of
 * one name gathered into an array at the first. Dotted names stay dotted. */
void jw_record_json(const struct jw_record *rec, jw_buffer *out);
