/* lib/daemon/daemon.c — options, signals, readiness; then the loop. */
#include "daemon.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "os/child.h"
#include "os/sandbox.h"

#define DATA_MOST (JW_PATH - 256)

/* The row of a name, or -1. */
static int row_of(const struct jw_daemon *daemon, jw_text name) {
    for (int i = 0; daemon->options && daemon->options[i].name; i++)
        if (jw_text_is(jw_text_from(daemon->options[i].name), name))
            return i;
    return -1;
}

static void help(const struct jw_daemon *daemon) {
    printf("%s: %s\n\nStarted by `jinwu up`; its options stand in jinwu.yaml under its name.\n\n", daemon->name,
           daemon->about);
    printf("  --data=DIR        the data folder\n  --content=DIR     parsers, rules and other knowledge\n"
           "  --log=LEVEL       error, warning, info (default), debug\n");
    for (const struct jw_option *o = daemon->options; o && o->name; o++)
        printf("  --%s=%s\n        %s%s%s%s\n", o->name, o->value, o->about, o->preset ? " (default " : "",
               o->preset ? o->preset : "", o->preset ? ")" : "");
}

static jw_status check_number(const struct jw_option *option, const char *value, struct jw_error *err) {
    int64_t number;
    if (option->least == 0 && option->most == 0)
        return JW_OK;
    if (!jw_text_i64(jw_text_from(value), &number) || number < option->least || number > option->most)
        return jw_fail(err, JW_E_SYNTAX, "--%s=%s: wants a whole number from %lld to %lld", option->name, value,
                       (long long)option->least, (long long)option->most);
    return JW_OK;
}

static jw_status keep(struct jw_daemon_run *run, int row, const char *value, struct jw_error *err) {
    const struct jw_option *option = &run->daemon->options[row];
    size_t count = 0;
    while (run->values[row] && run->values[row][count])
        count++;
    if (!option->many && count)
        count = 0; /* the last one counts */
    char **values = realloc(run->values[row], (count + 2) * sizeof *values);
    if (!values)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    run->values[row] = values;
    values[count] = (char *)(uintptr_t)value;
    values[count + 1] = NULL;
    return check_number(option, value, err);
}

static jw_status set(struct jw_daemon_run *run, jw_text name, const char *value, jw_level *level,
                     struct jw_error *err) {
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    int row = row_of(run->daemon, name);
    if (jw_text_is(name, JW_TEXT("data"))) {
        run->data = value;
    } else if (jw_text_is(name, JW_TEXT("content"))) {
        run->content = value;
    } else if (jw_text_is(name, JW_TEXT("log"))) {
        for (int i = 0; i < 4; i++)
            if (strcmp(levels[i], value) == 0)
                return *level = (jw_level)i, JW_OK;
        return jw_fail(err, JW_E_SYNTAX, "--log=%s: one of error, warning, info, debug", value);
    } else if (row < 0) {
        return jw_fail(err, JW_E_SYNTAX, "unknown option --" JW_FMT "; see --help", JW_ARG(name));
    } else {
        return keep(run, row, value, err);
    }
    return JW_OK;
}

static jw_status read_options(struct jw_daemon_run *run, int argc, char **argv, jw_level *level,
                              struct jw_error *err) {
    for (int i = 1; i < argc; i++) {
        jw_text rest = jw_text_from(argv[i]), name;
        const char *value = NULL;
        if (!jw_text_drop(&rest, JW_TEXT("--")))
            return jw_fail(err, JW_E_SYNTAX, "%s: options begin with --; see --help", argv[i]);
        if (jw_text_cut(&rest, '=', &name))
            value = rest.ptr;
        else
            name = rest;
        if (!value && !(value = argv[++i]))
            return jw_fail(err, JW_E_SYNTAX, "--" JW_FMT " wants a value", JW_ARG(name));
        jw_status st = set(run, name, value, level, err);
        if (st < 0)
            return st;
    }
    if (!run->data || strlen(run->data) > DATA_MOST)
        return jw_fail(err, JW_E_SYNTAX, "--data=DIR is needed, at most %d bytes", DATA_MOST);
    if (!run->content)
        return jw_fail(err, JW_E_SYNTAX, "--content=DIR is needed");
    return JW_OK;
}

const char *jw_daemon_text(const struct jw_daemon_run *run, const char *name) {
    char *const *values = jw_daemon_list(run, name);
    const char *last = run->daemon->options[row_of(run->daemon, jw_text_from(name))].preset;
    for (; *values; values++)
        last = *values;
    return last;
}

int64_t jw_daemon_number(const struct jw_daemon_run *run, const char *name) {
    int64_t number = 0;
    const char *text = jw_daemon_text(run, name);
    bool good = text && jw_text_i64(jw_text_from(text), &number);
    assert(good); /* checked at start, and presets are ours */
    (void)good;
    return number;
}

char *const *jw_daemon_list(const struct jw_daemon_run *run, const char *name) {
    static char *const none[] = {NULL};
    int row = row_of(run->daemon, jw_text_from(name));
    assert(row >= 0);
    return run->values[row] ? run->values[row] : none;
}

const char *jw_daemon_path(const struct jw_daemon_run *run, const char *sub, char out[JW_PATH]) {
    snprintf(out, JW_PATH, "%s/%s", run->data, sub);
    return out;
}

static void on_signal(void *context, int fd, uint32_t events) {
    struct jw_daemon_run *run = context;
    struct signalfd_siginfo info;
    (void)events;
    if (read(fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo != SIGHUP)
        jw_loop_stop(run->loop);
    else if (run->daemon->reload)
        run->daemon->reload(run);
}

static jw_status confine(const struct jw_daemon_run *run, struct jw_error *err) {
    const char *write[] = {run->data, NULL};
    if (run->daemon->own_sandbox)
        return JW_OK;
    jw_status st =
        jw_sandbox_enter(&(struct jw_sandbox){.write = write, .no_network = run->daemon->no_network}, err);
    if (st == JW_AGAIN)
        jw_log(JW_LOG_WARNING, "%s", err->text);
    return st < 0 ? st : JW_OK;
}

static jw_status live(struct jw_daemon_run *run, struct jw_error *err) {
    int ready_fd = jw_child_ready_fd();
    char path[JW_PATH], file[80];
    snprintf(file, sizeof file, "run/%s.stats", run->daemon->name);
    mkdir(run->data, 0750);
    mkdir(jw_daemon_path(run, "run", path), 0750);
    signal(SIGPIPE, SIG_IGN);
    jw_status st = jw_stats_open(jw_daemon_path(run, file, path), &run->stats, err);
    if (st == JW_OK)
        st = jw_loop_new(&run->loop, err);
    if (st == JW_OK)
        st = jw_loop_signals(run->loop, on_signal, run, err);
    if (st != JW_OK)
        return st;
    jw_stat_add(jw_stats_get(run->stats, "starts_total", (jw_text){0}), 1);
    jw_stat_set(jw_stats_get(run->stats, "pid", (jw_text){0}), (uint64_t)getpid());
    st = confine(run, err);
    if (st == JW_OK)
        st = run->daemon->start(run, err);
    if (st != JW_OK)
        return st;
    jw_child_tell_ready(ready_fd);
    jw_log(JW_LOG_INFO, "ready");
    return jw_loop_run(run->loop, err);
}

int jw_daemon_main(const struct jw_daemon *daemon, int argc, char **argv) {
    struct jw_daemon_run run = {.daemon = daemon};
    struct jw_error err = {{0}};
    jw_level level = JW_LOG_INFO;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return help(daemon), 0;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    jw_log_start(daemon->name, level);
    jw_status st = read_options(&run, argc, argv, &level, &err);
    if (st != JW_OK) {
        jw_log(JW_LOG_ERROR, "%s", err.text);
        return 2;
    }
    jw_log_start(daemon->name, level);
    st = live(&run, &err);
    if (st < 0)
        jw_log(JW_LOG_ERROR, "%s", err.text);
    if (run.daemon->stop && run.state)
        run.daemon->stop(&run);
    jw_loop_free(run.loop);
    jw_stats_close(run.stats);
    for (size_t i = 0; i < sizeof run.values / sizeof *run.values; i++)
        free(run.values[i]);
    return st < 0 ? 1 : 0;
}
