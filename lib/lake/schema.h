/* lib/lake/schema.h — the tables of the event store: the one truth about their columns.
 *
 * `events` and `alerts` have equal columns in database `jw`:
 *   time      Int64   @timestamp, microseconds since 1970 (ingested, when the event has none)
 *   ingested  Int64   event.ingested, microseconds
 *   spool     UInt32  with `number` the event's identity (spool/spool.h, event.id)
 *   number    UInt64
 *   message_at, message_len   UInt32
 *                     where in event_original the message stands, in bytes; length 0: column message holds it.
 *                     Most messages are the tail of their line and would be kept twice (JW_LAKE_MESSAGE)
 *   one column per dictionary field with `column` set (record/fields.def), except @timestamp and event.ingested;
 *                     its name is the field's with dots replaced: source.ip -> source_ip
 *   more_name, more_value, more_kind
 *                     parallel arrays, nearly always empty: what answers about a field with a column and does not
 *                     stand in it: further values, values that do not fit, other spellings, an event.id from
 *                     outside. Every condition on such a field asks them too; being empty they cost next to nothing
 *   extra_name, extra_value, extra_kind
 *                     parallel arrays: fields without a column, and what no condition asks about: JW_EXTRA_TIME,
 *                     and the kind of a value that its column prints as it was written (text "443")
 *
 *   field type   full                    plain          missing
 *   KEYWORD      LowCardinality(String)  String         ''
 *   TEXT         String                  String         ''
 *   LONG, DATE   Int64 (DATE: us)        Int64          INT64_MIN
 *   IP           FixedString(16)         FixedString(16) 16 zero bytes (IPv4 is mapped: base/address.h)
 *   BOOL         UInt8                   UInt8          2
 *
 * Only the first value of a name may stand in its column; further values, and a first value that does not fit (text
 * in a number field, an empty text), are in more_*, in order. A value that fits but is spelled differently than the
 * column prints it stands in both, marked JW_EXTRA_SPELLING. So an event comes back exactly as it went in.
 *
 * Partitions are days of `ingested`: what arrived on one day is kept and dropped together, whatever time a sender
 * claims. Rows are ordered by time, so ranges over `time` use the primary key in every part.
 *
 * Level full: libchdb and current ClickHouse (codecs, insert tokens, an n-gram index over JW_LAKE_LINE, which
 * serves `JW_LAKE_LINE LIKE '%needle in lower case%'`, not ILIKE; Bloom filters over two addresses and two names,
 * and the range of numbers, for needles in these). Level plain: what ClickHouse 18.16 has. Any thread. */
#pragma once
#include "base/buffer.h"
#include "base/status.h"
#include "record/fields.h"

typedef enum jw_lake_level { JW_LAKE_FULL, JW_LAKE_PLAIN } jw_lake_level;
typedef enum jw_lake_table { JW_LAKE_EVENTS, JW_LAKE_ALERTS, JW_LAKE_TABLES } jw_lake_table;

#define JW_LAKE_DATABASE     "jw"
#define JW_LAKE_LONG_MISSING INT64_MIN
#define JW_LAKE_BOOL_MISSING 2
#define JW_LAKE_DAY_US       INT64_C(86400000000)

/* What free text is looked for in (lib/query searches exactly this expression). empty(), because the engine
 * rewrites a comparison with '' into it and then finds no index over the comparison. */
#define JW_LAKE_LINE "lower(if(empty(event_original), message, event_original))"

/* The message of a row, wherever it stands. */
#define JW_LAKE_MESSAGE "if(message_len = 0, message, substring(event_original, message_at + 1, message_len))"

/* more_kind and extra_kind: jw_kind, and for these rows a mark. */
#define JW_EXTRA_SPELLING 4 /* | kind: the column's value as it was written */
#define JW_EXTRA_TIME     8 /* no field: the exact @timestamp in nanoseconds, decimal; empty: there was none */

#define JW_LAKE_COLUMN_NAME 64
#define JW_LAKE_FIXED       6 /* time, ingested, spool, number, message_at, message_len */
#define JW_LAKE_ARRAYS      6 /* more_*, extra_* */
/* The columns in table order: the fixed ones, then dictionary fields, then the arrays. */
struct jw_lake_column {
    char name[JW_LAKE_COLUMN_NAME];
    const char *type[2]; /* by level */
    const char *codec;   /* level full */
    jw_field_id field;   /* JW_F_NONE for the fixed ones */
};
size_t jw_lake_columns(const struct jw_lake_column **out); /* how many; static, never NULL */
/* The column of a dictionary field: "time" for @timestamp, "ingested" for event.ingested; NULL when it has none. */
const char *jw_lake_column_of(jw_field_id field);
const char *jw_lake_table_name(jw_lake_table table); /* "events" or "alerts", in database jw */

/* CREATE TABLE IF NOT EXISTS jw.TABLE…; one statement. */
void jw_lake_create(jw_lake_table table, jw_lake_level level, jw_buffer *sql);
/* ALTER TABLE jw.TABLE MODIFY SETTING…: what makes merging cheap; empty at level plain. A server that does not know
 * one of the settings refuses it and works as well, only slower. */
void jw_lake_tune(jw_lake_table table, jw_lake_level level, jw_buffer *sql);
/* ALTER TABLE jw.TABLE ADD COLUMN IF NOT EXISTS… for every column; harmless when all are there. Level full only
 * adds indexes at creation. */
void jw_lake_alter(jw_lake_table table, jw_lake_level level, size_t column, jw_buffer *sql);
/* What must go before jw_lake_alter, because the rows of before have the field's values in extra_*: moves them to
 * more_*. The server does it in the background; until then a condition on the field misses those rows. Again it
 * changes nothing. Empty for columns that belong to no field. */
void jw_lake_move_extra(jw_lake_table table, size_t column, jw_buffer *sql);
/* CREATE TABLE IF NOT EXISTS jw.TABLE_all: the same rows over every node of `cluster`, for reading. */
void jw_lake_create_all(jw_lake_table table, const char *cluster, jw_lake_level level, jw_buffer *sql);
/* "time, ingested, …": every column in table order. */
void jw_lake_column_list(jw_buffer *sql);
