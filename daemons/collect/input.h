/* daemons/collect/input.h — what an input promises. One file per input in inputs/; the list of names is in
 * meson.build.
 *
 * An input lives in the loop's thread (it may keep threads of its own; jw_submit takes calls from any). It reads
 * only while the pipeline takes what it submits: after JW_AGAIN it stops reading and waits (jw_pipeline_await),
 * unless its senders cannot wait; then it counts what it drops (jw_source_drop). */
#pragma once
#include "collect.h"

struct jw_input {
    const char *name, *about;
    const struct jw_option
        *options; /* its rows for --help and jinwu.yaml, ends with {0}; names unlike all others */
    /* `out_state` stays NULL when the configuration does not want this input. */
    jw_status (*open)(struct jw_collect *collect, void **out_state, struct jw_error *err);
    void (*reload)(void *state); /* SIGHUP: certificates, patterns; may be NULL */
    void (*close)(void *state);  /* after the pipeline answered everything; gets what `open` gave */
};
extern const struct jw_input *const jw_inputs[]; /* ends with NULL */
