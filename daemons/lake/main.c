/* daemons/lake/main.c — jw-lake: the embedded event store, alone in its process, behind a unix socket. */
#include "serve.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "os/sandbox.h"

#define BODY_MOST   (96u << 20)
#define BODIES_MOST (192u << 20)
#define STACK       (8u << 20) /* the engine parses and plans on the caller's stack */

struct lake {
    struct jw_serve serve;
    struct jw_http_server *server;
    bool ready;
};

static const struct jw_option options[] = {
    {"engine", "FILE", NULL, "libchdb.so; without it: beside jw-lake, /usr/lib/jinwu, the source tree", 0, 0,
     false},
    {"memory-mib", "MIB", "1536", "memory of the engine, at most", 256, 1 << 20, false},
    {"threads", "NUMBER", "2", "threads of one query", 1, 256, false},
    {"connections", "NUMBER", "32", "requests at a time", 4, 36, false},
    {0},
};

static const struct jw_http_route routes[] = {
    {.method = "GET", .pattern = "/ping", .handle = jw_serve_ping},
    {.method = "GET", .pattern = "/", .handle = jw_serve_query},
    {.method = "POST", .pattern = "/", .most_body = BODY_MOST, .handle = jw_serve_query},
    {0},
};

/* Where the library is: the first that exists. */
static const char *find_engine(const char *given, char out[JW_PATH]) {
    static const char *const places[] = {"/usr/lib/jinwu/libchdb.so", JW_ENGINE, NULL};
    if (given)
        return given;
    ssize_t len = readlink("/proc/self/exe", out, JW_PATH - 32);
    while (len > 0 && out[len - 1] != '/')
        len--;
    snprintf(out + (len > 0 ? len : 0), 32, "libchdb.so");
    for (size_t i = 0; access(out, R_OK) != 0 && places[i]; i++)
        snprintf(out, JW_PATH, "%s", places[i]);
    return out;
}

/* The engine sees its own folder and the folder of the socket; of the rest it may read what it asks at start. */
static jw_status confine(const char *folder, const char *run_folder, struct jw_error *err) {
    const char *const write[] = {folder, run_folder, NULL};
    static const char *const asked[] = {"/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup"};
    const char *read[sizeof asked / sizeof *asked + 1] = {NULL};
    for (size_t i = 0, n = 0; i < sizeof asked / sizeof *asked; i++)
        if (access(asked[i], R_OK) == 0)
            read[n++] = asked[i];
    jw_status st = jw_sandbox_enter(&(struct jw_sandbox){.write = write, .read = read, .no_network = true}, err);
    if (st == JW_AGAIN)
        jw_log(JW_LOG_WARNING, "%s", err->text);
    return st < 0 ? st : JW_OK;
}

static jw_status listen_on(struct jw_daemon_run *run, struct lake *lake, struct jw_error *err) {
    char path[JW_PATH];
    struct jw_http_server_options server = {
        .listen = jw_daemon_path(run, "run/lake.sock", path),
        .routes = routes,
        .context = &lake->serve,
        .stats = run->stats,
        .connections = (uint32_t)jw_daemon_number(run, "connections"),
        .bodies = BODIES_MOST,
        .idle_s = 600,
        .stack = STACK,
    };
    mode_t mask = umask(0177); /* never open to others, not for the moment between bind and chmod either */
    jw_status st = jw_http_server_start(&server, &lake->server, err);
    umask(mask);
    if (st == JW_OK && chmod(path, 0600) != 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: its mode cannot be set", path);
    return st;
}

static jw_status lake_start(struct jw_daemon_run *run, struct jw_error *err) {
    char folder[JW_PATH], run_folder[JW_PATH], library[JW_PATH];
    struct lake *lake = calloc(1, sizeof *lake);
    if (!lake)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    run->state = lake;
    mkdir(jw_daemon_path(run, "lake", folder), 0700);
    jw_daemon_path(run, "run", run_folder);
    lake->serve.queries = jw_stats_get(run->stats, "queries_total", (jw_text){0});
    lake->serve.inserts = jw_stats_get(run->stats, "inserts_total", (jw_text){0});
    lake->serve.inserted_rows = jw_stats_get(run->stats, "inserted_rows_total", (jw_text){0});
    lake->serve.failures = jw_stats_get(run->stats, "failed_statements_total", (jw_text){0});
    struct jw_engine_options engine = {.folder = folder,
                                       .memory_bytes = jw_daemon_number(run, "memory-mib") << 20,
                                       .threads = (int)jw_daemon_number(run, "threads")};
    jw_status st = jw_engine_load(find_engine(jw_daemon_text(run, "engine"), library), &lake->serve.engine, err);
    if (st == JW_OK)
        st = confine(folder, run_folder, err);
    if (st == JW_OK)
        st = jw_engine_start(lake->serve.engine, &engine, err);
    if (st == JW_OK)
        st = listen_on(run, lake, err);
    lake->ready = st == JW_OK;
    return st;
}

/* Ends the process here: the library's destructors are not made for running threads. */
static void lake_stop(struct jw_daemon_run *run) {
    struct lake *lake = run->state;
    jw_http_server_stop(lake->server);
    jw_engine_close(lake->serve.engine);
    _exit(lake->ready ? 0 : 1);
}

static const struct jw_daemon lake_daemon = {
    .name = "jw-lake",
    .about = "the embedded event store, alone in its process",
    .options = options,
    .start = lake_start,
    .stop = lake_stop,
};

int main(int argc, char **argv) { return jw_daemon_main(&lake_daemon, argc, argv); }
