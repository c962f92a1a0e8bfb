/* daemons/collect/collect.h — what every input of jw-collect shares. */
#pragma once
#include "daemon/daemon.h"
#include "pipeline.h"

struct jw_collect {
    struct jw_daemon_run *run; /* options, loop, counters */
    struct jw_spool *spool;    /* for jw_spool_origin; appending goes through the pipeline */
    struct jw_pipeline *pipeline;
    struct jw_sources *sources;
    size_t message_most; /* bytes of one message; what is longer is cut there */
    void **inputs;       /* states, in the order of jw_inputs */
};

#define JW_COLLECT_READ (256u << 10)
/* A buffer for one read call, shared by all inputs: valid until the callback returns. Loop's thread. */
char *jw_collect_scratch(void);
