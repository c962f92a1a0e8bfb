/* daemons/collect/main.c — jw-collect: takes messages from the network and from files, hands events to the spool.
 */
#include "input.h"
#include "ledgers.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "gov/gov.h"
#include "gov/live.h"
#include "intake/intake.h"

#define INPUTS_MOST 32

struct state {
    struct jw_collect collect;
    struct jw_daemon_run *run;
    void *inputs[INPUTS_MOST];
    atomic_bool loading; /* a thread compiles parsers and plan */
    bool again;          /* asked for while it did */
    pthread_t loader;
    bool joinable, failed;
    jw_stat *reloads;
    struct jw_gov_live *live; /* what the ledgers say */
    struct jw_ledgers_watch *watch;
};

char *jw_collect_scratch(void) {
    static char bytes[JW_COLLECT_READ];
    return bytes;
}

/* --- knowledge: parsers and plan ------------------------------------------------------------------------------ */

/* "+08:00", "-0330", "Z", or "local": what the machine keeps. */
static jw_status read_zone(const char *text, int *out, struct jw_error *err) {
    char stamp[64];
    int64_t t;
    time_t now = time(NULL);
    struct tm local;
    if (strcmp(text, "local") == 0 && localtime_r(&now, &local)) {
        *out = (int)local.tm_gmtoff;
        return JW_OK;
    }
    snprintf(stamp, sizeof stamp, "1970-01-02T00:00:00%s", text);
    if (!*text || !jw_time_parse(jw_text_from(stamp), 0, &t))
        return jw_fail(err, JW_E_SYNTAX, "--zone=%s: wants local, Z or an offset like +08:00", text);
    *out = (int)(86400 - t / JW_SECOND);
    return JW_OK;
}

static const char *plan_folder(const struct jw_daemon_run *run, char out[JW_PATH]) {
    const char *given = jw_daemon_text(run, "plan");
    return given && *given ? given : jw_daemon_path(run, "plan", out);
}

static void tell_plan(const struct jw_gov *gov) {
    if (!gov)
        return;
    struct jw_gov_counts counts = jw_gov_count(gov);
    for (size_t i = 0; i < 10 && jw_gov_refused(gov, i).ptr; i++)
        jw_log(JW_LOG_WARNING, "plan: " JW_FMT, JW_ARG(jw_gov_refused(gov, i)));
    jw_log(JW_LOG_INFO, "plan: %zu networks, %zu addresses, %zu hosts, %zu rows refused", counts.networks,
           counts.addresses, counts.hosts, counts.refused);
}

static jw_status learn(struct state *state, struct jw_error *err) {
    char path[JW_PATH];
    struct jw_intake *intake = NULL;
    struct jw_intake_options options = {
        .content = state->run->content, .plan = plan_folder(state->run, path), .live = state->live};
    jw_status st = read_zone(jw_daemon_text(state->run, "zone"), &options.zone_offset_s, err);
    if (st == JW_OK)
        st = jw_intake_load(&options, &intake, err);
    if (st != JW_OK)
        return st;
    tell_plan(jw_intake_gov(intake));
    return jw_pipeline_learn(state->collect.pipeline, intake, err);
}

static void *load_again(void *context) {
    struct state *state = context;
    struct jw_error err = {{0}};
    if (learn(state, &err) == JW_OK)
        jw_stat_add(state->reloads, 1);
    else
        jw_log(JW_LOG_ERROR, "reload: %s; the parsers and the plan in use stay", err.text);
    state->loading = false;
    return NULL;
}

static void start_loading(struct state *state) {
    if (state->joinable)
        pthread_join(state->loader, NULL);
    state->loading = true;
    state->again = false;
    state->joinable = pthread_create(&state->loader, NULL, load_again, state) == 0;
    if (!state->joinable)
        state->loading = false;
}

static void on_reload(struct jw_daemon_run *run) {
    struct state *state = run->state;
    for (size_t i = 0; jw_inputs[i]; i++)
        if (state->inputs[i] && jw_inputs[i]->reload)
            jw_inputs[i]->reload(state->inputs[i]);
    jw_ledgers_watch_reload(state->watch);
    if (state->loading)
        state->again = true;
    else
        start_loading(state);
}

static void on_second(void *context) {
    struct state *state = context;
    if (state->again && !state->loading)
        start_loading(state);
}

/* --- life ----------------------------------------------------------------------------------------------------- */

static void on_failed(void *context, const char *why) {
    struct state *state = context;
    jw_log(JW_LOG_ERROR, "%s; nothing can be kept, so nothing is taken: ending", why);
    state->failed = true;
    jw_loop_stop(state->run->loop);
}

static jw_status open_spool(struct state *state, struct jw_error *err) {
    char path[JW_PATH];
    uint64_t cut = 0;
    /* both must get every event, also when they start later than the first sender */
    static const char *const readers[] = {"detect", "loader", NULL};
    struct jw_spool_options options = {.readers = readers,
                                       .most_bytes = (uint64_t)jw_daemon_number(state->run, "spool-mib") << 20,
                                       .segment_bytes = (uint64_t)jw_daemon_number(state->run, "segment-mib")
                                                        << 20};
    jw_status st =
        jw_spool_open(jw_daemon_path(state->run, "spool/events", path), &options, &state->collect.spool, &cut, err);
    if (st == JW_OK && cut)
        jw_log(JW_LOG_WARNING, "spool: %llu bytes of a torn tail removed; they were never acknowledged",
               (unsigned long long)cut);
    return st;
}

/* Before the first event: it shall be attributed as well. */
static jw_status watch_ledgers(struct state *state, struct jw_error *err) {
    char path[JW_PATH];
    const char *given = jw_daemon_text(state->run, "db");
    if (!(state->live = jw_gov_live_new()))
        return jw_fail(err, JW_E_LIMIT, "no memory");
    struct jw_ledgers_options options = {
        .where = given && *given ? given : jw_daemon_path(state->run, "ledger/ledger.db", path),
        .content = state->run->content,
        .stats = state->run->stats,
        .live = state->live};
    return jw_ledgers_watch_start(&options, &state->watch, err);
}

static jw_status open_inputs(struct state *state, struct jw_error *err) {
    for (size_t i = 0; jw_inputs[i]; i++) {
        jw_status st = jw_inputs[i]->open(&state->collect, &state->inputs[i], err);
        if (st < 0)
            return st;
        if (state->inputs[i])
            jw_log(JW_LOG_INFO, "input %s is open", jw_inputs[i]->name);
    }
    return JW_OK;
}

static jw_status start(struct jw_daemon_run *run, struct jw_error *err) {
    struct state *state = calloc(1, sizeof *state);
    if (!state)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    run->state = state;
    state->run = run;
    state->collect =
        (struct jw_collect){.run = run, .message_most = (size_t)jw_daemon_number(run, "message-kib") << 10};
    state->reloads = jw_stats_get(run->stats, "reloads_total", (jw_text){0});
    jw_status st = jw_sources_new(run->stats, jw_daemon_list(run, "source"), &state->collect.sources, err);
    if (st == JW_OK)
        st = open_spool(state, err);
    struct jw_pipeline_options options = {.loop = run->loop,
                                          .stats = run->stats,
                                          .spool = state->collect.spool,
                                          .in_flight_most = (uint64_t)jw_daemon_number(run, "in-flight-mib") << 20,
                                          .workers = (unsigned)jw_daemon_number(run, "workers"),
                                          .failed = on_failed,
                                          .context = state};
    if (st == JW_OK)
        st = jw_pipeline_new(&options, &state->collect.pipeline, err);
    if (st == JW_OK)
        st = watch_ledgers(state, err);
    if (st == JW_OK)
        st = learn(state, err);
    if (st == JW_OK)
        st = jw_loop_timer(run->loop, JW_SECOND, JW_SECOND, on_second, state, NULL, err);
    return st == JW_OK ? open_inputs(state, err) : st;
}

static void stop(struct jw_daemon_run *run) {
    struct state *state = run->state;
    if (state->joinable)
        pthread_join(state->loader, NULL);
    jw_pipeline_stop(state->collect.pipeline);
    for (size_t i = 0; jw_inputs[i]; i++)
        if (state->inputs[i])
            jw_inputs[i]->close(state->inputs[i]);
    jw_pipeline_free(state->collect.pipeline);
    jw_ledgers_watch_stop(state->watch);
    jw_gov_live_free(state->live);
    jw_spool_close(state->collect.spool);
    jw_sources_free(state->collect.sources);
    free(state);
}

static const struct jw_option common[] = {
    {.name = "source",
     .value = "NAME,NETWORK[,INPUT[,FORMAT[,DATASET]]]",
     .many = true,
     .about = "names the senders of a network; without it a source is called input:address"},
    {.name = "message-kib",
     .value = "KIB",
     .preset = "1024",
     .least = 1,
     .most = 2048,
     .about = "longest message; what is longer is cut there and counted"},
    {.name = "connections",
     .value = "N",
     .preset = "4096",
     .least = 1,
     .most = 1000000,
     .about = "most connections of each input"},
    {.name = "per-address",
     .value = "N",
     .preset = "512",
     .least = 1,
     .most = 1000000,
     .about = "of them, most from one address"},
    {.name = "stall-s",
     .value = "SECONDS",
     .preset = "60",
     .least = 1,
     .most = 86400,
     .about = "how long one message may take to arrive"},
    {.name = "idle-s",
     .value = "SECONDS",
     .preset = "0",
     .least = 0,
     .most = 31536000,
     .about = "closes a connection after this much silence; 0: never"},
    {.name = "in-flight-mib",
     .value = "MIB",
     .preset = "256",
     .least = 8,
     .most = 65536,
     .about = "memory for messages on their way to the disk, all inputs together"},
    {.name = "workers", .value = "N", .preset = "1", .least = 1, .most = 64, .about = "threads that parse"},
    {.name = "spool-mib",
     .value = "MIB",
     .preset = "8192",
     .least = 16,
     .most = 1 << 30,
     .about = "ceiling of the spool"},
    {.name = "segment-mib", .value = "MIB", .preset = "64", .least = 1, .most = 1024, .about = "size of its files"},
    {.name = "zone",
     .value = "OFFSET",
     .preset = "local",
     .about = "for times that name no zone: local, Z, or like +08:00"},
    {.name = "db",
     .value = "WHERE",
     .about = "database of the ledgers: a file below DATA, or postgresql://… (default: DATA/ledger/ledger.db)"},
    {.name = "plan", .value = "DIR", .about = "address plan and asset list (default: DATA/plan)"},
    {0},
};

/* The common rows and those of every input, in one table. */
static const struct jw_option *all_options(void) {
    static struct jw_option all[64];
    size_t count = 0;
    for (const struct jw_option *row = common; row->name; row++)
        all[count++] = *row;
    for (size_t i = 0; jw_inputs[i]; i++)
        for (const struct jw_option *row = jw_inputs[i]->options; row && row->name && count < 63; row++)
            all[count++] = *row;
    return all;
}

int main(int argc, char **argv) {
    struct jw_daemon collect = {
        .name = "jw-collect",
        .about = "takes events from the network and from files",
        .options = all_options(),
        .start = start,
        .reload = on_reload,
        .stop = stop,
    };
    return jw_daemon_main(&collect, argc, argv);
}
