/* lib/lake/insert.h — a block of rows into the lake exactly once, whatever dies in between.
 *
 * The caller writes down durably which rows a load covers before it sends it, and after any failure without an
 * answer sends precisely the same load again with `again` set. Level full: the load's name is an insert token, and
 * the table remembers the last 1,000. Level plain has no tokens: the load goes to one node, and before it is sent
 * again that node is asked whether it still runs there, then whether its rows are there. A load holds rows of one
 * day of `ingested`, so it is one part: there whole or not at all. */
#pragma once
#include "client.h"

struct jw_lake_load {
    jw_lake_table table;
    size_t node;
    uint32_t spool, rows;
    uint64_t first, last; /* event numbers; nothing else in this range may be loaded from this spool */
    int64_t ingested_first, ingested_last; /* ns; the same day */
    jw_text block;                         /* jw_lake_block_finish */
    bool again;                            /* it may be there already */
};

typedef enum jw_lake_outcome {
    JW_LAKE_LOADED,
    JW_LAKE_WAS_THERE, /* only level plain can tell */
} jw_lake_outcome;

/* JW_OK: the rows are there, once. JW_E_SYNTAX: refused for what it holds. JW_AGAIN, JW_E_LIMIT, JW_E_SYSTEM,
 * JW_E_DENIED: try again later, with `again`. */
JW_MUST_CHECK jw_status jw_lake_insert(struct jw_lake_client *client, const struct jw_lake_load *load,
                                       jw_lake_outcome *out_outcome, struct jw_error *err);
/* The microsecond day an event of this time is kept under. */
int64_t jw_lake_insert_day(int64_t ingested);
