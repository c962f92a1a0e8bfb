/* daemons/detect/follow.c — the thread: frame of events in, at most one frame of alerts out. */
#include "windows.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"

#define BATCH_BYTES ((size_t)32 << 20) /* alerts of one frame; more are merged */
#define ARENA_BYTES ((size_t)256 << 20)

static struct jw_flood *new_flood(const struct jw_follow *f, const struct jw_rules *rules) {
    return jw_flood_new(rules->counts.rules + rules->counts.correlations,
                        (uint32_t)jw_daemon_number(f->run, "flood"));
}

/* Between two frames. What the old rules merged is told and committed first: should this process die, nobody could
 * find it again with the new ones. Until that is done the old rules go on. */
static jw_status take_reload(struct jw_follow *f, struct jw_error *err) {
    pthread_mutex_lock(&f->lock);
    bool wanted = f->next != NULL;
    pthread_mutex_unlock(&f->lock);
    jw_status st = wanted && f->placed ? jw_place_commit(f, true, err) : JW_OK;
    if (!wanted || st != JW_OK)
        return st < 0 ? st : JW_OK;
    pthread_mutex_lock(&f->lock);
    JW_AUTO(jw_rules_free_p) struct jw_rules *next = f->next;
    f->next = NULL;
    pthread_mutex_unlock(&f->lock);
    struct jw_flood *flood = new_flood(f, next);
    struct jw_board *board = NULL;
    jw_board_costs(f->board, f->rules); /* the next board begins with these */
    if (!flood)
        return jw_fail(err, JW_E_LIMIT,
                       "rules: no memory"); /* `next` is the newest there is: starting again loads it */
    st = jw_board_open(f->run->data, next, &board, err);
    if (st != JW_OK)
        return st;
    jw_board_close(f->board);
    jw_flood_free(f->flood);
    f->board = board;
    jw_windows_carry(f, next);
    f->given_up_before += jw_sigma_given_up(f->rules->worker);
    jw_rules_free(f->rules);
    f->flood = flood;
    f->rules = next;
    next = NULL;
    f->announce = true;
    jw_windows_count(f, true);
    if (f->placed)
        jw_windows_fill(f);
    return JW_OK;
}

/* Says in the log which events which rules saw. */
static void announce(struct jw_follow *f, uint64_t event) {
    char id[JW_EVENT_ID_TEXT];
    jw_spool_event_id(jw_spool_reader_id(f->events), event, id);
    f->announce = false;
    jw_log(JW_LOG_INFO, "rule set %u (%u rules, %u correlations) is in use from event %s on", ++f->set,
           f->rules->counts.rules, f->rules->counts.correlations, id);
}

static jw_status do_frame(struct jw_follow *f, const struct jw_spool_frame *frame, struct jw_error *err) {
    uint32_t spool = jw_spool_reader_id(f->events);
    bool told = frame->position <= f->told_until;
    if (f->announce)
        announce(f, frame->first_event);
    jw_judge_frame(f, frame, spool, told ? JW_JUDGE_TOLD : JW_JUDGE_NEW);
    jw_status st = jw_place_append(f, spool, frame->position, err);
    if (st != JW_OK) {
        f->torn = true;
        return st;
    }
    f->position = frame->position;
    f->written = frame->written;
    f->ahead_events += frame->events;
    return JW_OK;
}

static jw_status step(struct jw_follow *f, struct jw_error *err) {
    struct jw_spool_frame frame;
    jw_status st = take_reload(f, err);
    if (st == JW_OK && !f->placed)
        st = jw_place_find(f, err);
    if (st == JW_OK)
        st = jw_spool_reader_next(f->events, &frame, err);
    if (st == JW_E_SYNTAX) {
        jw_stat_add(f->damaged, 1);
        jw_log(JW_LOG_ERROR, "events: %s", err->text);
        return JW_OK;
    }
    if (st == JW_AGAIN)
        st = jw_spool_reader_wait(f->events, JW_SECOND / 5);
    else if (st == JW_OK)
        st = do_frame(f, &frame, err);
    return st < 0 ? st : jw_place_commit(f, false, err);
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
    if (jw_place_commit(f, true, &err) < 0)
        jw_log(JW_LOG_ERROR, "%s", err.text);
    return NULL;
}

/* --- life ----------------------------------------------------------------------------------------------------- */
void jw_follow_stop(struct jw_follow *f) {
    if (!f)
        return;
    atomic_store(&f->stop, true);
    if (f->started)
        pthread_join(f->thread, NULL);
    if (f->board && f->rules)
        jw_board_costs(f->board, f->rules);
    jw_spool_reader_close(f->events);
    jw_spool_close(f->alerts);
    jw_rules_free(f->rules);
    jw_rules_free(f->next);
    jw_batch_writer_free(f->batch);
    jw_arena_free(f->mem);
    jw_arena_free(f->alert_mem);
    jw_flood_free(f->flood);
    jw_board_close(f->board);
    jw_buffer_free(&f->reason);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void stop_p(struct jw_follow **f) { jw_follow_stop(*f); }

static jw_stat *stat_of(struct jw_follow *f, const char *name) {
    return jw_stats_get(f->run->stats, name, (jw_text){0});
}

static void find_stats(struct jw_follow *f) {
    f->matched = stat_of(f, "events_matched_total");
    f->told = stat_of(f, "alerts_written_total");
    f->dropped = stat_of(f, "alerts_dropped_total");
    f->damaged = stat_of(f, "frames_damaged_total");
    f->merged = stat_of(f, "alerts_merged_total");
    f->unreadable = stat_of(f, "events_unreadable_total");
    f->given_up = stat_of(f, "regexes_given_up_total");
    f->blocked = stat_of(f, "alerts_blocked");
    f->spent = stat_of(f, "match_ns_total");
    f->lag_bytes = stat_of(f, "lag_bytes");
    f->lag_events = stat_of(f, "lag_events");
    f->lag_seconds = stat_of(f, "lag_seconds");
    jw_windows_stats(f);
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
    f->alert_mem = jw_arena_new(ARENA_BYTES);
    size_t room = (size_t)jw_daemon_number(run, "alerts-mib") << 20;
    f->batch = jw_batch_writer_new(room / 4 < BATCH_BYTES ? room / 4 : BATCH_BYTES);
    f->flood = new_flood(f, rules);
    f->announce = true;
    if (!f->mem || !f->alert_mem || !f->batch || !f->flood)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    find_stats(f);
    jw_status st = jw_board_open(run->data, rules, &f->board, err);
    if (st != JW_OK)
        return st;
    /* it must get every alert, also when it starts later than the first one */
    static const char *const readers[] = {"loader", NULL};
    jw_daemon_path(run, "spool/events", f->events_path);
    mkdir(jw_daemon_path(run, "spool", path), 0750);
    st = jw_spool_open(jw_daemon_path(run, "spool/alerts", path),
                       &(struct jw_spool_options){
                           .readers = readers,
                           .most_bytes = room,
                       },
                       &f->alerts, NULL, err);
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
