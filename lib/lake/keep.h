/* lib/lake/keep.h — the lake's own upkeep: tables at start, retention by age and size, the proof of what is kept.
 */
#pragma once
#include "client.h"

/* Database, tables, columns that the dictionary gained, and with a cluster the Distributed tables; on every node.
 * Harmless when all is there. Nodes that give no answer are left for the next call: JW_AGAIN, `err` names one. */
JW_MUST_CHECK jw_status jw_lake_keep_schema(struct jw_lake_client *client, struct jw_error *err);

struct jw_lake_retention {
    uint32_t days;       /* whole days kept besides today; 0: for ever. The legal minimum is 180 */
    uint64_t most_bytes; /* on disk, of all tables of a node; then the oldest days go; 0: no ceiling */
};

#define JW_LAKE_DAYS 4000
struct jw_lake_day {
    int64_t day; /* since 1970, of event.ingested, UTC */
    uint64_t rows, bytes;
};
struct jw_lake_report {
    uint32_t days; /* in `list`, oldest first; days without events have no row */
    uint64_t rows, bytes;
    uint32_t dropped_age, dropped_size; /* partitions dropped by this call */
    struct jw_lake_day *list;           /* of both tables together; free with jw_lake_report_clear */
};
void jw_lake_report_clear(struct jw_lake_report *report);
/* Drops what is too old, then what is too much, on one node; tells what is left. `now` in nanoseconds. The youngest
 * day is never dropped. */
JW_MUST_CHECK jw_status jw_lake_keep(struct jw_lake_client *client, size_t node,
                                     const struct jw_lake_retention *rules, int64_t now, struct jw_lake_report *out,
                                     struct jw_error *err);
