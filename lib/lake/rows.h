/* lib/lake/rows.h — rows of the lake into records again: the other half of native.h.
 *
 * The rows come as RowBinary (ClickHouse documentation "RowBinary") with every column in table order, as
 * `SELECT <jw_lake_column_list> … FORMAT RowBinary` gives them, in pieces of any size. */
#pragma once
#include "schema.h"

#include "record/record.h"

struct jw_lake_row {
    struct jw_record rec; /* as it went in, without event.id and event.ingested; borrowed until the next row */
    uint32_t spool;
    uint64_t number;
    int64_t ingested; /* nanoseconds, whole microseconds */
};

struct jw_lake_rows;
/* JW_OK goes on; anything else ends the reading and is passed up. */
typedef jw_status (*jw_lake_row_fn)(void *context, struct jw_lake_row *row, struct jw_error *err);
/* `row_most`: bytes of one row, and of the memory for its record; NULL without memory. */
struct jw_lake_rows *jw_lake_rows_new(size_t row_most, jw_lake_row_fn fn, void *context);
void jw_lake_rows_free(struct jw_lake_rows *rows);
JW_DEFINE_AUTO(jw_lake_rows, jw_lake_rows_free)
/* Calls fn for each row that is complete. Sticky after a failure: JW_E_SYNTAX for bytes that are no rows. */
JW_MUST_CHECK jw_status jw_lake_rows_feed(struct jw_lake_rows *rows, jw_text bytes, struct jw_error *err);
/* Nothing more comes: JW_E_SYNTAX when a row was cut. */
JW_MUST_CHECK jw_status jw_lake_rows_end(struct jw_lake_rows *rows, struct jw_error *err);

/* The event as one JSON object: event.id, event.ingested, then the record with @timestamp first. */
void jw_lake_row_json(const struct jw_lake_row *row, jw_buffer *out);
