/* cli/up.c — `jinwu up`: starts every daemon, restarts what dies, stops all in order. */
#include "up.h"
#include "command.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "os/child.h"
#include "os/loop.h"
#include "os/stats.h"

#define ARGUMENTS     128
#define RESTART_LEAST (100 * JW_MS)
#define RESTART_MOST  (5 * JW_SECOND)
#define SERVED_MOST   (1 * JW_SECOND)  /* for one that served before it died: its senders and readers wait */
#define SETTLED       (30 * JW_SECOND) /* alive this long: the next death is a new story, restart at once */
#define WRONG_USE     "exit 2"         /* as lib/daemon says it */
#define STOP_PATIENCE (15 * JW_SECOND) /* then SIGKILL; the spool makes that safe */

struct daemon {
    struct up *up;
    const char *name; /* of the folder under daemons/ */
    char program[4096];
    char *argv[ARGUMENTS];
    struct jw_child child;
    struct jw_watch *process, *ready;
    struct jw_timer *again;
    int64_t started, delay;
    bool is_ready, stopping;
    jw_stat *restarts, *alive;
};

/* In the order of starting; stopped in reverse, so that a sender is gone before the one it hands its events to. */
static const char *const order[] = {"lake", "loader", "detect", "collect", "api"};
#define DAEMONS (sizeof order / sizeof *order)

struct up {
    struct jw_loop *loop;
    struct jw_arena *mem;
    struct jw_stats *stats;
    struct daemon daemons[DAEMONS];
    const struct jw_up_options *options;
    int64_t began;
    size_t stop_next; /* while stopping: how many of the daemons still may run */
    bool told;
    int ready_fd; /* who started us waits here */
};

static void start(void *context);

static void on_ready(void *context, int fd, uint32_t events) {
    struct daemon *daemon = context;
    char byte;
    (void)events;
    bool good = read(fd, &byte, 1) == 1;
    jw_watch_end(daemon->ready);
    daemon->ready = NULL;
    close(fd);
    daemon->child.ready = -1;
    if (!good)
        return; /* it died before; its pidfd tells the rest */
    daemon->is_ready = true;
    struct up *up = daemon->up;
    bool all = true;
    for (size_t i = 0; i < DAEMONS; i++)
        all &= up->daemons[i].is_ready || !*up->daemons[i].program;
    if (all && !up->told) {
        up->told = true;
        jw_up_welcome(up->options, jw_time_steady() - up->began);
        jw_child_tell_ready(up->ready_fd);
    }
}

static void stop_step(struct up *up);

/* Waits longer after each death, so that one that fails at every start does not use up the machine. */
static void start_again(struct daemon *daemon, bool served) {
    int64_t lived = jw_time_steady() - daemon->started, most = served ? SERVED_MOST : RESTART_MOST;
    daemon->delay = lived > SETTLED ? RESTART_LEAST : daemon->delay * 2 > most ? most : daemon->delay * 2;
    jw_stat_add(daemon->restarts, 1);
    jw_log(JW_LOG_ERROR, "jw-%s: starting it again in %.1f s", daemon->name, (double)daemon->delay / JW_SECOND);
    if (jw_loop_timer(daemon->up->loop, daemon->delay, 0, start, daemon, &daemon->again, NULL) != JW_OK)
        jw_log(JW_LOG_ERROR, "jw-%s: no memory to start it again", daemon->name);
}

static void on_exit_of(void *context, int fd, uint32_t events) {
    struct daemon *daemon = context;
    char how[64];
    bool served = daemon->is_ready;
    (void)fd, (void)events;
    jw_watch_end(daemon->process);
    jw_watch_end(daemon->ready);
    daemon->process = daemon->ready = NULL;
    jw_child_reap(&daemon->child, how, sizeof how);
    jw_stat_set(daemon->alive, 0);
    daemon->is_ready = false;
    if (daemon->up->stop_next <= DAEMONS) {
        stop_step(daemon->up);
        return;
    }
    jw_log(JW_LOG_ERROR, "jw-%s ended (%s) after %.1f s", daemon->name, how,
           (double)(jw_time_steady() - daemon->started) / JW_SECOND);
    if (strcmp(how, WRONG_USE) == 0)
        jw_log(JW_LOG_ERROR,
               "jw-%s does not take its options: correct them in %s/jinwu.yaml, then stop jinwu and start it",
               daemon->name, daemon->up->options->data);
    start_again(daemon, served);
}

/* A child that nobody watches would be lost to us: it goes, and comes again like one that died. */
static void give_up(struct daemon *daemon) {
    char how[64];
    jw_watch_end(daemon->process);
    daemon->process = NULL;
    jw_child_signal(&daemon->child, SIGKILL);
    if (daemon->child.pid)
        jw_child_reap(&daemon->child, how, sizeof how);
    start_again(daemon, false);
}

static void start(void *context) {
    struct daemon *daemon = context;
    struct jw_error err;
    daemon->again = NULL;
    daemon->started = jw_time_steady();
    jw_status st = jw_child_start(daemon->argv, &daemon->child, &err);
    if (st == JW_OK)
        st = jw_loop_watch(daemon->up->loop, daemon->child.process, EPOLLIN, on_exit_of, daemon, &daemon->process,
                           &err);
    if (st == JW_OK)
        st = jw_loop_watch(daemon->up->loop, daemon->child.ready, EPOLLIN | EPOLLRDHUP, on_ready, daemon,
                           &daemon->ready, &err);
    if (st == JW_OK) {
        jw_stat_set(daemon->alive, 1);
        return;
    }
    jw_log(JW_LOG_ERROR, "jw-%s: %s", daemon->name, err.text);
    give_up(daemon);
}

/* Asks the last one that still runs to end; called again when it has. */
static void stop_step(struct up *up) {
    while (up->stop_next > 0 && up->daemons[up->stop_next - 1].child.pid == 0)
        up->stop_next--;
    if (up->stop_next == 0) {
        jw_loop_stop(up->loop);
        return;
    }
    struct daemon *daemon = &up->daemons[up->stop_next - 1];
    if (!daemon->stopping)
        jw_child_signal(&daemon->child, SIGTERM);
    daemon->stopping = true;
}

static void lose_patience(void *context) {
    struct up *up = context;
    for (size_t i = 0; i < DAEMONS; i++)
        if (up->daemons[i].child.pid) {
            jw_log(JW_LOG_WARNING, "jw-%s does not end; killed", up->daemons[i].name);
            jw_child_signal(&up->daemons[i].child, SIGKILL);
        }
}

static void on_signal(void *context, int fd, uint32_t events) {
    struct up *up = context;
    struct signalfd_siginfo info;
    (void)events;
    if (read(fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGHUP) {
        jw_log(JW_LOG_INFO, "reloading parsers, rules and plans");
        for (size_t i = 0; i < DAEMONS; i++)
            jw_child_signal(&up->daemons[i].child, SIGHUP);
        return;
    }
    if (up->stop_next <= DAEMONS) { /* asked twice */
        lose_patience(up);
        return;
    }
    jw_log(JW_LOG_INFO, "stopping");
    for (size_t i = 0; i < DAEMONS; i++)
        jw_timer_end(up->daemons[i].again);
    up->stop_next = DAEMONS;
    if (jw_loop_timer(up->loop, STOP_PATIENCE, 0, lose_patience, up, NULL, NULL) != JW_OK)
        lose_patience(up);
    stop_step(up);
}

static jw_status prepare(struct up *up, struct daemon *daemon, const char *name, const struct jw_config *config,
                         struct jw_error *err) {
    size_t count = 0;
    *daemon =
        (struct daemon){.up = up, .name = name, .delay = RESTART_LEAST / 2, .child = {.process = -1, .ready = -1}};
    daemon->restarts = jw_stats_get(up->stats, "daemon_restarts_total", jw_text_from(name));
    daemon->alive = jw_stats_get(up->stats, "daemon_up", jw_text_from(name));
    if (!jw_up_program(name, daemon->program))
        return jw_fail(err, JW_E_SYSTEM, "jw-%s is not beside this program nor in /usr/libexec/jinwu", name);
    daemon->argv[count++] = daemon->program;
    jw_status st = jw_up_arguments(up->options, name, up->mem, daemon->argv, &count, ARGUMENTS, err);
    if (st == JW_OK) /* after ours: what the operator wrote wins */
        st = jw_config_options(config, name, up->mem, daemon->argv, &count, ARGUMENTS, err);
    daemon->argv[count] = NULL;
    return st;
}

/* The database of jw-api: the last --db of its arguments; NULL: none. */
static const char *database_of(const struct up *up) {
    const char *db = NULL;
    for (size_t i = 0; i < DAEMONS; i++)
        for (char *const *word = up->daemons[i].argv; strcmp(up->daemons[i].name, "api") == 0 && *word; word++)
            db = strncmp(*word, "--db=", 5) == 0 ? *word + 5 : db;
    return db;
}

static jw_status begin(struct up *up, struct jw_error *err) {
    char path[4096];
    JW_AUTO(jw_config_free_p) struct jw_config *config = NULL;
    const char *known[DAEMONS + 1] = {NULL};
    memcpy(known, order, sizeof order);
    snprintf(path, sizeof path, "%s/jinwu.yaml", up->options->data);
    jw_status st = jw_config_load(path, &config, err);
    if (st == JW_OK)
        st = jw_config_check(config, known, err);
    snprintf(path, sizeof path, "%s/run/up.stats", up->options->data);
    if (st == JW_OK)
        st = jw_stats_open(path, &up->stats, err);
    for (size_t i = 0; i < DAEMONS && st == JW_OK; i++)
        st = prepare(up, &up->daemons[i], order[i], config, err);
    if (st == JW_OK) /* shows the password, which is done once: only when jinwu.yaml is taken */
        st = jw_up_first_start(up->options, database_of(up), err);
    if (st == JW_OK)
        jw_stat_set(jw_stats_get(up->stats, "pid", (jw_text){0}), (uint64_t)getpid());
    for (size_t i = 0; i < DAEMONS && st == JW_OK; i++)
        start(&up->daemons[i]);
    return st;
}

/* One jinwu per data folder. The descriptor stays open, and with it the lock, until this process ends. */
static jw_status lock(const char *data, struct jw_error *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/run/up.lock", data);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return jw_fail(err, JW_E_DENIED, "another jinwu is running on %s; see: jinwu status --data %s", data, data);
    }
    return JW_OK;
}

static jw_status live(struct up *up, struct jw_error *err) {
    jw_status st = jw_up_folders(up->options, err);
    if (st == JW_OK)
        st = lock(up->options->data, err);
    if (st == JW_OK)
        st = jw_loop_new(&up->loop, err);
    if (st == JW_OK)
        st = jw_loop_signals(up->loop, on_signal, up, err);
    if (st == JW_OK)
        st = begin(up, err);
    return st == JW_OK ? jw_loop_run(up->loop, err) : st;
}

static int run(int argc, char **argv) {
    static const struct jw_command_option table[] = {{.name = "data"},
                                                     {.name = "listen"},
                                                     {.name = "content"},
                                                     {.name = "insecure-http", .flag = true},
                                                     {.name = "demo", .flag = true},
                                                     {0}};
    const char *values[5] = {NULL};
    struct jw_error err;
    int usage = jw_command_options("up", table, &argc, argv, values);
    if (usage)
        return usage;
    if (argc > 1)
        return jw_command_usage("up", "takes no file, got %s", argv[1]);
    if (values[1] && !jw_up_is_listen(values[1]))
        return jw_command_usage("up", "--listen %s: wants ADDRESS:PORT, for one 127.0.0.1:8443 or [::]:8443",
                                values[1]);
    char data[4096], content[4096];
    struct jw_up_options options = {.data = jw_up_absolute(jw_command_data(values[0]), data),
                                    .listen = values[1]   ? values[1]
                                              : values[3] ? "127.0.0.1:8080"
                                                          : "127.0.0.1:8443",
                                    .content =
                                        jw_up_absolute(values[2] ? values[2] : jw_command_content(), content),
                                    .insecure_http = values[3] != NULL,
                                    .demo = values[4] != NULL};
    struct up up = {
        .options = &options, .began = jw_time_steady(), .stop_next = DAEMONS + 1, .ready_fd = jw_child_ready_fd()};
    jw_log_start("jinwu", JW_LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    up.mem = jw_arena_new(1 << 20);
    jw_status st = up.mem ? live(&up, &err) : jw_fail(&err, JW_E_LIMIT, "no memory");
    if (st < 0)
        jw_command_failed("up", "%s", err.text);
    jw_loop_free(up.loop);
    jw_stats_close(up.stats);
    jw_arena_free(up.mem);
    return st < 0 ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

const struct jw_command jw_command_up = {
    .name = "up",
    .about = "start the whole platform on this machine, in the foreground",
    .help =
        "Use: jinwu up [--data DIR] [--listen ADDR:PORT] [--insecure-http] [--content DIR] [--demo]\n\n"
        "Starts every part of jinwu, watches over it, and prints where the console is. The first start makes the\n"
        "data folder, a certificate, and the account admin with a password that is printed once.\n\n"
        "  --data DIR          where everything is kept (default: $JINWU_DATA, else ./data beside the source,\n"
        "                      else /var/lib/jinwu)\n"
        "  --listen ADDR:PORT  console and HTTP API (default 127.0.0.1:8443; 127.0.0.1:8080 with --insecure-http)\n"
        "  --insecure-http     no TLS; only behind a proxy that has it, or to try things out\n"
        "  --content DIR       parsers, rules and other knowledge (default: the folder that came with jinwu)\n"
        "  --demo              with a sample city: address plan and records, marked as sample (样例)\n\n"
        "Ports, ceilings, followed files and more stand in DATA/jinwu.yaml, a map from daemon to option:\n"
        "  collect:\n    syslog-udp: 0.0.0.0:514\n    follow: [/var/log/nginx/*.log]\n"
        "Every option: /usr/libexec/jinwu/jw-collect --help, and likewise jw-detect, jw-loader, jw-lake, "
        "jw-api.\n\n"
        "Signals: SIGTERM or Ctrl-C stops in order; SIGHUP reloads parsers, rules and plans.\n",
    .run = run,
};
