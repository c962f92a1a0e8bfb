/* daemons/loader/main.c — jw-loader: takes events and alerts from their spools into the lake, exactly once. */
#include "loader.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "os/sandbox.h"

static const struct jw_option options[] = {
    {"node", "ADDRESS", NULL, "socket or http[s]://[user:password@]host:port of a lake (default: jw-lake's socket)",
     0, 0, true},
    {"level", "full|plain", "full", "plain: ClickHouse servers before 22.8", 0, 0, false},
    {"cluster", "NAME", NULL, "the nodes' name for themselves in remote_servers, for reading over all of them", 0,
     0, false},
    {"authority", "FILE", NULL, "certificates to trust with https nodes, PEM", 0, 0, false},
    {"rows", "NUMBER", "30000", "rows of one batch, about", 1, 200000, false},
    {"wait-ms", "MS", "200", "how long a batch waits for more rows", 1, 60000, false},
    {"keep-days", "DAYS", "180", "whole days kept besides today (the law asks for 180); 0: for ever", 0, 3650,
     false},
    {"most-gib", "GIB", "0", "on disk at most, on each node; then the oldest days go; 0: no ceiling", 0, 1 << 20,
     false},
    {0},
};

struct state {
    struct jw_loader loader;
    struct jw_follow *follows[2];
    pthread_t upkeep;
    bool has_upkeep;
};

static jw_status open_lake(struct jw_daemon_run *run, struct jw_loader *loader, struct jw_error *err) {
    char socket[JW_PATH];
    const char *own[] = {jw_daemon_path(run, "run/lake.sock", socket), NULL};
    char *const *given = jw_daemon_list(run, "node");
    const char *level = jw_daemon_text(run, "level");
    bool plain = strcmp(level, "plain") == 0;
    if (!plain && strcmp(level, "full") != 0)
        return jw_fail(err, JW_E_SYNTAX, "--level=%s: full or plain", level);
    struct jw_lake_options lake = {.nodes = given[0] ? (const char *const *)given : own,
                                   .authority = jw_daemon_text(run, "authority"),
                                   .cluster = jw_daemon_text(run, "cluster"),
                                   .level = plain ? JW_LAKE_PLAIN : JW_LAKE_FULL};
    return jw_lake_client_new(&lake, &loader->lake, err);
}

static jw_status confine(struct jw_daemon_run *run, struct jw_error *err) {
    const char *const write[] = {run->data, NULL};
    jw_status st = jw_sandbox_enter(&(struct jw_sandbox){.write = write}, err);
    if (st == JW_AGAIN)
        jw_log(JW_LOG_WARNING, "%s", err->text);
    return st < 0 ? st : JW_OK;
}

static jw_status loader_start(struct jw_daemon_run *run, struct jw_error *err) {
    struct state *state = calloc(1, sizeof *state);
    if (!state)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    run->state = state;
    struct jw_loader *loader = &state->loader;
    char path[JW_PATH];
    loader->run = run;
    loader->rows = (uint32_t)jw_daemon_number(run, "rows");
    loader->wait_ns = jw_daemon_number(run, "wait-ms") * JW_MS;
    loader->retention.days = (uint32_t)jw_daemon_number(run, "keep-days");
    loader->retention.most_bytes = (uint64_t)jw_daemon_number(run, "most-gib") << 30;
    pthread_mutex_init(&loader->lock, NULL);
    mkdir(jw_daemon_path(run, "spool", path), 0750);
    jw_status st = open_lake(run, loader, err);
    if (st == JW_OK)
        st = confine(run, err);
    if (st == JW_OK && pthread_create(&state->upkeep, NULL, jw_upkeep_run, loader) != 0)
        st = jw_fail(err, JW_E_SYSTEM, "no thread");
    state->has_upkeep = st == JW_OK;
    if (st == JW_OK)
        st = jw_follow_start(loader, "events", JW_LAKE_EVENTS, &state->follows[0], err);
    if (st == JW_OK)
        st = jw_follow_start(loader, "alerts", JW_LAKE_ALERTS, &state->follows[1], err);
    return st;
}

static void loader_stop(struct jw_daemon_run *run) {
    struct state *state = run->state;
    struct jw_loader *loader = &state->loader;
    atomic_store(&loader->stop, true);
    jw_follow_stop(state->follows[0]);
    jw_follow_stop(state->follows[1]);
    if (state->has_upkeep)
        pthread_join(state->upkeep, NULL);
    jw_spool_close(loader->rejected);
    jw_lake_client_free(loader->lake);
    pthread_mutex_destroy(&loader->lock);
    free(state);
}

static const struct jw_daemon loader_daemon = {
    .name = "jw-loader",
    .about = "takes events and alerts from their spools into the lake, exactly once",
    .options = options,
    .start = loader_start,
    .stop = loader_stop,
};

int main(int argc, char **argv) { return jw_daemon_main(&loader_daemon, argc, argv); }
