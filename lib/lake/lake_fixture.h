/* lib/lake/lake_fixture.h — a jw-lake of a test's own: started in the test's folder, stopped by pid. */
#pragma once
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "client.h"
#include "keep.h"
#include "test/test.h"

extern char **environ;

struct fixture {
    pid_t pid;
    char data[256], socket[300];
    struct jw_lake_client *client;
};

static inline bool fixture_start(struct jw_test *t, struct fixture *f) {
    char program[512], data[300];
    const char *build = getenv("JW_BUILD");
    snprintf(program, sizeof program, "%s/daemons/lake/jw-lake", build ? build : ".");
    snprintf(data, sizeof data, "--data=%s", f->data);
    char *argv[] = {program, data, (char *)(uintptr_t) "--content=/", NULL};
    if (posix_spawn(&f->pid, program, NULL, NULL, argv, environ) != 0)
        return false;
    for (int i = 0; i < 400; i++) {
        if (waitpid(f->pid, NULL, WNOHANG) == f->pid)
            return f->pid = 0, false;
        if (jw_lake_client_ping(f->client, 0, &t->err) == JW_OK)
            return true;
        usleep(25000);
    }
    return false;
}

static inline void fixture_kill(struct fixture *f, int sig) {
    if (f->pid > 0) {
        kill(f->pid, sig);
        waitpid(f->pid, NULL, 0);
    }
    f->pid = 0;
}

/* False, and the test is skipped, where there is no engine. */
static inline bool fixture_open(struct jw_test *t, struct fixture *f) {
    char engine[512];
    *f = (struct fixture){0};
    snprintf(engine, sizeof engine, "%s/third_party/chdb/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so",
             jw_test_source());
    if (access(engine, R_OK) != 0)
        return jw_test_skip(t, "no libchdb (npm ci in third_party/chdb)"), false;
    snprintf(f->data, sizeof f->data, "%s", t->folder);
    snprintf(f->socket, sizeof f->socket, "%s/run/lake.sock", t->folder);
    const char *nodes[] = {f->socket, NULL};
    JW_CHECK_OK(t, jw_lake_client_new(&(struct jw_lake_options){.nodes = nodes, .level = JW_LAKE_FULL}, &f->client,
                                      &t->err));
    bool good = f->client && fixture_start(t, f);
    JW_CHECK(t, good);
    if (good)
        JW_CHECK_OK(t, jw_lake_keep_schema(f->client, &t->err));
    return good;
}

static inline void fixture_close(struct fixture *f) {
    fixture_kill(f, SIGTERM);
    jw_lake_client_free(f->client);
}
