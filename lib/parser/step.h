/* lib/parser/step.h — what a kind of step promises: one key of a block, one file, one line in the table of block.c.
 */
#pragma once
#include "worker.h"

struct jw_step_kind {
    const char *key;   /* in a block */
    bool needs_source; /* reads the block's text: its `field`, or the message */
    bool clean;        /* a failing run changes nothing */
    /* `node` is the key's value, `block` the mapping it stands in. NULL after a complaint. */
    const void *(*compile)(struct jw_compile *compile, struct fy_node *node, struct fy_node *block);
    bool (*run)(const void *data, struct jw_run *run, jw_text source); /* false: does not fit */
};

extern const struct jw_step_kind jw_step_pattern, jw_step_any, jw_step_kv, jw_step_csv, jw_step_read, jw_step_split,
    jw_step_join, jw_step_extract, jw_step_rename, jw_step_copy, jw_step_map, jw_step_set, jw_step_types,
    jw_step_time, jw_step_drop, jw_step_under;
