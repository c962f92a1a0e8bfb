/* daemons/loader/loader.h — what the threads of jw-loader share. */
#pragma once
#include <pthread.h>

#include "daemon/daemon.h"
#include "lake/insert.h"
#include "lake/keep.h"
#include "spool/spool.h"

#define JW_LOADER_BLOCK (48u << 20) /* bytes of one load; jw-lake takes 96 MiB */

struct jw_loader {
    struct jw_daemon_run *run;
    struct jw_lake_client *lake;
    struct jw_lake_retention retention;
    uint32_t rows;   /* of one batch */
    int64_t wait_ns; /* how long a batch waits for company */
    atomic_bool stop, schema_ready;
    pthread_mutex_t lock;      /* of `rejected` */
    struct jw_spool *rejected; /* DATA/spool-rejected, opened with the first row that the lake refuses */
};

/* follow.c: a thread that takes one spool to its table until `stop`. */
struct jw_follow;
JW_MUST_CHECK jw_status jw_follow_start(struct jw_loader *loader, const char *name, jw_lake_table table,
                                        struct jw_follow **out, struct jw_error *err);
void jw_follow_stop(struct jw_follow *follow); /* after loader->stop was set; waits some seconds, then gives up */

/* reject.c: keeps a record the lake refuses, with its reason; durable when it returns. Any thread. */
JW_MUST_CHECK jw_status jw_reject_keep(struct jw_loader *loader, struct jw_record *rec, const char *reason,
                                       struct jw_error *err);

/* upkeep.c: the tables at start and when they are missing, retention once a minute; a thread's main function. */
void *jw_upkeep_run(void *loader);
