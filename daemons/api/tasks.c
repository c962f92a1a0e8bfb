/* daemons/api/tasks.c — what waits for a person, what a person was told, and the thread that tells. */
#include "flows.h"
#include "ledger_ask.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define EVERY_S 2 /* between two looks for what has fallen due */

void jw_tasks_list(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t limit;
    if (!jw_ledger_number(request, out, "limit", 50, &limit))
        return;
    jw_desk_tasks(api->desk, &asker, jw_http_request_param(request, "which"), limit, &answer);
    jw_ledger_send(&answer, out);
}

void jw_tasks_notices(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t limit, before;
    if (!jw_ledger_number(request, out, "limit", 50, &limit) ||
        !jw_ledger_number(request, out, "before", 0, &before))
        return;
    jw_desk_notices(api->desk, &asker, before, jw_ledger_flag(request, "unread"), limit, &answer);
    jw_ledger_send(&answer, out);
}

void jw_tasks_read(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    json_t *body = jw_ledger_body(request, out, (const char *const[]){"ids", NULL});
    if (!body)
        return;
    jw_desk_notices_read(api->desk, &asker, json_object_get(body, "ids"), &answer);
    jw_ledger_send(&answer, out);
    json_decref(body);
}

/* --- time
 * ------------------------------------------------------------------------------------------------------------ */
struct jw_flows_clock {
    struct jw_api *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    char name[64]; /* of this process, for the lease */
};

static void look(struct jw_flows_clock *clock) {
    struct jw_error err = {{0}};
    size_t done = 0;
    const struct jw_generation *now = jw_desk_hold(clock->api->desk);
    jw_status st = jw_workflow_tick(now->workflow, jw_text_from(clock->name), &done, &err);
    jw_desk_release(clock->api->desk, now);
    if (st != JW_OK)
        jw_log(JW_LOG_WARNING, "workflow: %s; tried again in %d s", err.text, EVERY_S);
    if (done)
        jw_stat_add(jw_stats_get(clock->api->run->stats, "workflow_timers_total", (jw_text){0}), done);
}

static void *run(void *context) {
    struct jw_flows_clock *clock = context;
    struct timespec until;
    pthread_mutex_lock(&clock->lock);
    while (!clock->stop) {
        pthread_mutex_unlock(&clock->lock);
        look(clock);
        pthread_mutex_lock(&clock->lock);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += EVERY_S;
        if (!clock->stop)
            pthread_cond_timedwait(&clock->wake, &clock->lock, &until);
    }
    pthread_mutex_unlock(&clock->lock);
    return NULL;
}

jw_status jw_flows_start(struct jw_api *api, struct jw_error *err) {
    struct jw_flows_clock *clock = calloc(1, sizeof *clock);
    char host[40] = "";
    if (!clock)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    gethostname(host, sizeof host - 1);
    snprintf(clock->name, sizeof clock->name, "%s/%d", host, (int)getpid());
    clock->api = api;
    pthread_mutex_init(&clock->lock, NULL);
    pthread_cond_init(&clock->wake, NULL);
    if (pthread_create(&clock->thread, NULL, run, clock) != 0) {
        free(clock);
        return jw_fail(err, JW_E_SYSTEM, "no thread for workflows");
    }
    api->clock = clock;
    return JW_OK;
}

void jw_flows_stop(struct jw_api *api) {
    struct jw_flows_clock *clock = api->clock;
    if (!clock)
        return;
    pthread_mutex_lock(&clock->lock);
    clock->stop = true;
    pthread_cond_signal(&clock->wake);
    pthread_mutex_unlock(&clock->lock);
    pthread_join(clock->thread, NULL);
    pthread_mutex_destroy(&clock->lock);
    pthread_cond_destroy(&clock->wake);
    free(clock);
    api->clock = NULL;
}
