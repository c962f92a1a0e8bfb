/* daemons/detect/follow.c — the thread: frame of events in, at most one frame of alerts out. */
#include "detect.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"

#define REBUILD_BYTES (256u << 20) /* of spool re-read for correlation windows */
#define BATCH_BYTES   (32u << 20)  /* alerts of one frame; more are dropped and counted */
#define ARENA_BYTES   ((size_t)256 << 20)
#define COMMIT_NS     JW_SECOND

struct jw_follow {
    struct jw_daemon_run *run;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    pthread_mutex_t lock; /* of `next` */
    struct jw_rules *rules, *next;
    struct jw_spool_reader *events;
    struct jw_spool *alerts;
    char events_path[JW_PATH];
    struct jw_batch_writer *batch;
    struct jw_arena *mem; /* of the frame in hand */
    jw_buffer reason;
    uint64_t position, alerts_position; /* done with; newest appended */
    int64_t committed_at;
    bool placed; /* the place to go on was found */
    jw_stat *matched, *told, *dropped, *damaged, *spent, *lag_bytes, *lag_events, *lag_seconds, *evictions, *groups;
};

static jw_stat *stat_of(struct jw_follow *f, const char *name) {
    return jw_stats_get(f->run->stats, name, (jw_text){0});
}

/* --- one event
 * ---------------------------------------------------------------------------------------------------- */
static void keep(struct jw_follow *f, const struct jw_record *event, const struct jw_sigma_info *info,
                 const struct jw_alert_source *source, const struct jw_correlation_hit *hit) {
    struct jw_record alert = {.mem = f->mem};
    jw_text reason = jw_arena_copy(f->mem, jw_buffer_text(&f->reason));
    jw_alert_make(&alert, event, info, reason, source, hit);
    if (jw_record_check(&alert, NULL) != JW_OK || jw_batch_writer_add(f->batch, &alert) != JW_OK) {
        jw_stat_add(f->dropped, 1);
        return;
    }
    jw_stat_add(jw_stats_get(f->run->stats, "alerts_total", info->id.len ? info->id : info->title), 1);
    jw_stat_add(f->told, 1);
}

static void match(struct jw_follow *f, const struct jw_record *rec, const struct jw_alert_source *source,
                  int64_t written, bool quiet) {
    const struct jw_sigma_rule *const *rules;
    const struct jw_correlation_hit *hits;
    size_t count = jw_sigma_match(f->rules->worker, rec, NULL, &rules);
    if (!count)
        return;
    for (size_t i = 0; i < count && !quiet; i++) {
        if (!jw_sigma_rule_alerts(rules[i]))
            continue;
        jw_buffer_clear(&f->reason);
        jw_sigma_reason(f->rules->worker, rules[i], &f->reason);
        keep(f, rec, jw_sigma_rule_info(rules[i]), source, NULL);
    }
    size_t found = jw_correlator_take(f->rules->correlator, rec, source->number, written, rules, count, &hits);
    for (size_t i = 0; i < found && !quiet; i++) {
        jw_buffer_clear(&f->reason);
        jw_buffer_print(&f->reason, "%llu within the timespan", (unsigned long long)hits[i].count);
        if (hits[i].group.len) {
            jw_buffer_add(&f->reason, JW_TEXT(": "));
            jw_buffer_add(&f->reason, hits[i].group);
        }
        keep(f, rec, jw_sigma_rule_info(hits[i].rule), source, &hits[i]);
    }
}

/* --- one frame
 * ---------------------------------------------------------------------------------------------------- */
/* Appending waits while the alerts spool is full: events wait in their own spool, nothing is lost. */
static jw_status append(struct jw_follow *f, const struct jw_spool_frame *frame, uint32_t origin,
                        struct jw_error *err) {
    struct jw_spool_frame out = {
        .events = jw_batch_writer_count(f->batch), .origin = origin, .origin_at = frame->position};
    if (!out.events)
        return JW_OK;
    out.body = jw_batch_writer_finish(f->batch);
    if (!out.body.ptr)
        return jw_fail(err, JW_E_LIMIT, "alerts: no memory for %u of them", out.events);
    for (;;) {
        jw_status st = jw_spool_append(f->alerts, &out, &f->alerts_position, err);
        if (st != JW_AGAIN || atomic_load(&f->stop))
            return st;
        struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
}

static jw_status match_frame(struct jw_follow *f, const struct jw_spool_frame *frame, uint32_t spool, bool quiet,
                             struct jw_error *err) {
    struct jw_batch_reader batch;
    int64_t start = jw_time_steady();
    uint64_t number = frame->first_event;
    jw_arena_reset(f->mem);
    jw_status st = jw_batch_reader_open(&batch, frame->body, f->mem, err);
    struct jw_record rec = {.mem = f->mem};
    while (st == JW_OK && (st = jw_batch_reader_next(&batch, &rec, err)) == JW_OK) {
        const struct jw_alert_source source = {spool, number++};
        match(f, &rec, &source, frame->written, quiet);
    }
    if (!quiet) {
        jw_stat_add(f->matched, number - frame->first_event);
        jw_stat_add(f->spent, (uint64_t)(jw_time_steady() - start));
        jw_stat_set(f->evictions, jw_correlator_evictions(f->rules->correlator));
        jw_stat_set(f->groups, jw_correlator_groups(f->rules->correlator));
    }
    return st == JW_END ? JW_OK : st;
}

/* --- where to go on
 * ------------------------------------------------------------------------------------------------ */
/* Fills the correlation windows from what was read before; tells nothing. */
static void rebuild(struct jw_follow *f) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    int64_t span = jw_sigma_longest_span(f->rules->sigma), oldest = jw_time_now() - span;
    struct jw_spool_frame frame;
    struct jw_error err = {{0}};
    uint64_t from = f->position > REBUILD_BYTES ? f->position - REBUILD_BYTES : 0, frames = 0;
    if (!span || !f->position || jw_spool_reader_open(f->events_path, NULL, &reader, &err) != JW_OK ||
        jw_spool_reader_seek(reader, from, &err) != JW_OK)
        return;
    for (;;) {
        jw_status st = jw_spool_reader_next(reader, &frame, &err);
        if (st == JW_E_SYNTAX)
            continue;
        if (st != JW_OK || frame.position > f->position || atomic_load(&f->stop))
            break;
        if (frame.written < oldest)
            continue;
        (void)(match_frame(f, &frame, jw_spool_reader_id(reader), true, &err) == JW_OK);
        frames++;
    }
    jw_log(JW_LOG_INFO, "correlation windows built again from %llu frames", (unsigned long long)frames);
}

static jw_status place(struct jw_follow *f, struct jw_error *err) {
    uint64_t told = 0;
    uint32_t id = jw_spool_reader_id(f->events);
    if (!id)
        return JW_AGAIN; /* nothing was ever collected */
    f->position = jw_spool_reader_committed(f->events);
    if (jw_spool_origin(f->alerts, id, &told) && told > f->position) {
        jw_status st = jw_spool_reader_seek(f->events, told, err);
        if (st != JW_OK)
            return st;
        f->position = told;
    }
    rebuild(f);
    f->placed = true;
    return JW_OK;
}

static jw_status commit(struct jw_follow *f, bool now, struct jw_error *err) {
    int64_t time = jw_time_steady();
    struct jw_spool_lag lag;
    if (!f->placed || (!now && time - f->committed_at < COMMIT_NS))
        return JW_OK;
    f->committed_at = time;
    if (jw_spool_reader_lag(f->events, &lag, err) == JW_OK) {
        jw_stat_set(f->lag_bytes, lag.bytes);
        jw_stat_set(f->lag_events, lag.events);
        int64_t age = lag.oldest ? jw_time_now() - lag.oldest : 0;
        jw_stat_set(f->lag_seconds, age > 0 ? (uint64_t)(age / JW_SECOND) : 0);
    }
    if (f->position <= jw_spool_reader_committed(f->events))
        return JW_OK;
    if (f->alerts_position) {
        jw_status st = jw_spool_wait(f->alerts, f->alerts_position, 10 * JW_SECOND, err);
        if (st != JW_OK) /* not durable yet: the cursor waits with it */
            return st == JW_AGAIN ? JW_OK : st;
    }
    return jw_spool_reader_commit(f->events, f->position, err);
}

static void take_reload(struct jw_follow *f) {
    pthread_mutex_lock(&f->lock);
    struct jw_rules *next = f->next;
    f->next = NULL;
    pthread_mutex_unlock(&f->lock);
    if (!next)
        return;
    jw_rules_free(f->rules);
    f->rules = next;
    rebuild(f);
    jw_log(JW_LOG_INFO, "the new rules are in use");
}

static jw_status step(struct jw_follow *f, struct jw_error *err) {
    struct jw_spool_frame frame;
    take_reload(f);
    jw_status st = f->placed ? JW_OK : place(f, err);
    if (st == JW_OK)
        st = jw_spool_reader_next(f->events, &frame, err);
    if (st == JW_E_SYNTAX) {
        jw_stat_add(f->damaged, 1);
        jw_log(JW_LOG_ERROR, "events: %s", err->text);
        return JW_OK;
    }
    if (st == JW_AGAIN) {
        st = jw_spool_reader_wait(f->events, JW_SECOND / 5);
        return st < 0 ? st : commit(f, false, err);
    }
    if (st != JW_OK)
        return st;
    st = match_frame(f, &frame, jw_spool_reader_id(f->events), false, err);
    if (st == JW_E_SYNTAX) { /* its checksum was right: written wrong. What could be read was matched */
        jw_stat_add(f->damaged, 1);
        jw_log(JW_LOG_ERROR, "events: frame at %llu: %s", (unsigned long long)frame.position, err->text);
        st = JW_OK;
    }
    if (st == JW_OK)
        st = append(f, &frame, jw_spool_reader_id(f->events), err);
    if (st != JW_OK)
        return st;
    f->position = frame.position;
    return commit(f, false, err);
}

static void *live(void *context) {
    struct jw_follow *f = context;
    struct jw_error err = {{0}};
    while (!atomic_load(&f->stop)) {
        jw_status st = step(f, &err);
        if (st < 0) {
            jw_log(JW_LOG_ERROR, "%s", err.text);
            jw_loop_stop(f->run->loop);
            return NULL;
        }
    }
    if (commit(f, true, &err) < 0)
        jw_log(JW_LOG_ERROR, "%s", err.text);
    return NULL;
}

/* --- life
 * ---------------------------------------------------------------------------------------------------------- */
void jw_follow_stop(struct jw_follow *f) {
    if (!f)
        return;
    atomic_store(&f->stop, true);
    if (f->started)
        pthread_join(f->thread, NULL);
    jw_spool_reader_close(f->events);
    jw_spool_close(f->alerts);
    jw_rules_free(f->rules);
    jw_rules_free(f->next);
    jw_batch_writer_free(f->batch);
    jw_arena_free(f->mem);
    jw_buffer_free(&f->reason);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void stop_p(struct jw_follow **f) { jw_follow_stop(*f); }

static void find_stats(struct jw_follow *f) {
    f->matched = stat_of(f, "events_matched_total");
    f->told = stat_of(f, "alerts_written_total");
    f->dropped = stat_of(f, "alerts_dropped_total");
    f->damaged = stat_of(f, "frames_damaged_total");
    f->spent = stat_of(f, "match_ns_total");
    f->lag_bytes = stat_of(f, "lag_bytes");
    f->lag_events = stat_of(f, "lag_events");
    f->lag_seconds = stat_of(f, "lag_seconds");
    f->evictions = stat_of(f, "correlation_evictions");
    f->groups = stat_of(f, "correlation_groups");
}

jw_status jw_follow_start(struct jw_daemon_run *run, struct jw_rules *rules, struct jw_follow **out,
                          struct jw_error *err) {
    JW_AUTO(stop_p) struct jw_follow *f = calloc(1, sizeof *f);
    char path[JW_PATH];
    if (!f)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    f->run = run;
    pthread_mutex_init(&f->lock, NULL);
    f->reason = JW_BUFFER(64 << 10);
    f->mem = jw_arena_new(ARENA_BYTES);
    f->batch = jw_batch_writer_new(BATCH_BYTES);
    if (!f->mem || !f->batch)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    find_stats(f);
    /* it must get every alert, also when it starts later than the first one */
    static const char *const readers[] = {"loader", NULL};
    jw_daemon_path(run, "spool/events", f->events_path);
    mkdir(jw_daemon_path(run, "spool", path), 0750);
    jw_status st = jw_spool_open(jw_daemon_path(run, "spool/alerts", path),
                                 &(struct jw_spool_options){.readers = readers}, &f->alerts, NULL, err);
    if (st == JW_OK)
        st = jw_spool_reader_open(f->events_path, "detect", &f->events, err);
    if (st != JW_OK)
        return st;
    f->rules = rules;
    int why = pthread_create(&f->thread, NULL, live, f);
    if (why) {
        f->rules = NULL; /* stays the caller's */
        return jw_fail(err, JW_E_SYSTEM, "thread: %s", strerror(why));
    }
    f->started = true;
    *out = f;
    f = NULL;
    return JW_OK;
}

void jw_follow_reload(struct jw_follow *f, struct jw_rules *rules) {
    pthread_mutex_lock(&f->lock);
    struct jw_rules *skipped = f->next; /* a reload that was never used */
    f->next = rules;
    pthread_mutex_unlock(&f->lock);
    jw_rules_free(skipped);
}
