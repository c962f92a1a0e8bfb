/* lib/daemon/daemon.h — the life every daemon shares: options, log, counters, signals, readiness, a loop.
 *
 * Options come as --name=value (or --name value); `jinwu up` writes them from jinwu.yaml, so an option exists once.
 * SIGTERM and SIGINT stop in order, SIGHUP reloads. When `start` returned, the daemon tells its parent that it is
 * ready (one byte on the descriptor in JW_READY_FD). A daemon dies with its parent (PR_SET_PDEATHSIG). */
#pragma once
#include "os/loop.h"
#include "os/stats.h"

struct jw_option {
    const char *name;   /* without dashes; NULL ends the table */
    const char *value;  /* what the value is, for --help: "ADDR:PORT" */
    const char *preset; /* NULL: none */
    const char *about;
    int64_t least, most; /* for numbers, checked at start; both 0: not a number */
    bool many;           /* may be given more than once */
};

struct jw_daemon_run;
struct jw_daemon {
    const char *name, *about;
    const struct jw_option *options; /* besides the common ones: data, content, log */
    jw_status (*start)(struct jw_daemon_run *run, struct jw_error *err);
    void (*reload)(struct jw_daemon_run *run); /* may be NULL */
    void (*stop)(struct jw_daemon_run *run);   /* loop has ended; may be NULL */
    /* Before `start` the process gives up what it does not need (os/sandbox.h): it writes below the data folder
     * only. */
    bool no_network;  /* and opens no sockets but unix ones */
    bool own_sandbox; /* it confines itself in `start`, tighter than that */
};

struct jw_daemon_run {
    const struct jw_daemon *daemon;
    struct jw_loop *loop;
    struct jw_stats *stats; /* DATA/run/NAME.stats */
    const char *data;       /* the data folder; exists */
    const char *content;    /* the content folder */
    void *state;            /* the daemon's own */
    char **values[64];      /* per row of `options`: a NULL-ended list, or NULL */
};

/* main() of a daemon: never returns before the process is done. */
int jw_daemon_main(const struct jw_daemon *daemon, int argc, char **argv);

/* The last value given, else the preset, else NULL. The name must be in the table. */
const char *jw_daemon_text(const struct jw_daemon_run *run, const char *name);
int64_t jw_daemon_number(const struct jw_daemon_run *run, const char *name);
char *const *jw_daemon_list(const struct jw_daemon_run *run, const char *name); /* NULL-ended, never NULL */
/* "DATA/sub" in `out`; the ceiling is PATH_MAX, checked for the data folder at start. */
#define JW_PATH 4096
const char *jw_daemon_path(const struct jw_daemon_run *run, const char *sub, char out[JW_PATH]);
