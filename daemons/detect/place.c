/* daemons/detect/place.c — where matching goes on after a death, and when the cursor moves.
 *
 * Three places in the spool of events, in this order:
 *   base      the cursor, or the origin_at of the newest frame of merged alerts, if that is further. There nothing
 *             merged waited and every rule had its alerts of its own left (jw_flood_reset).
 *   told      the origin_at of the newest frame of other alerts: those up to there were told one by one.
 *   position  where this process is.
 * From base to told frames are matched again without telling. What is merged depends only on the frames since base,
 * so exactly what the dead process had merged is merged again. */
#include "windows.h"

#include "base/log.h"

#define LOOK_NS       JW_SECOND
#define COMMIT_CALM   JW_SECOND
#define SAVE_SHARE    20              /* saving the correlation windows takes at most so small a part of the time */
#define COMMIT_TOLD   (5 * JW_SECOND) /* a rule's alerts of its own (--flood) are counted over this time */
#define COMMIT_MERGED (60 * JW_SECOND)    /* how long merged alerts gather */
#define MERGED_ORIGIN (UINT64_C(1) << 32) /* beside the id of the events spool */

/* --- lag ------------------------------------------------------------------------------------------------------ */
/* What was matched but not yet committed does not lag. */
static void look(struct jw_follow *f) {
    struct jw_spool_lag lag;
    uint64_t committed = jw_spool_reader_committed(f->events);
    uint64_t ahead = f->position > committed ? f->position - committed : 0;
    int64_t now = jw_time_steady();
    if (!f->placed || now - f->looked_at < LOOK_NS || jw_spool_reader_lag(f->events, &lag, NULL) != JW_OK)
        return;
    f->looked_at = now;
    jw_board_costs(f->board, f->rules);
    jw_stat_set(f->given_up, f->given_up_before + jw_sigma_given_up(f->rules->worker));
    uint64_t events = lag.events > f->ahead_events ? lag.events - f->ahead_events : 0;
    int64_t oldest = lag.oldest > f->written ? lag.oldest : f->written, age = jw_time_now() - oldest;
    jw_stat_set(f->lag_bytes, lag.bytes > ahead ? lag.bytes - ahead : 0);
    jw_stat_set(f->lag_events, events);
    jw_stat_set(f->lag_seconds, events && oldest && age > 0 ? (uint64_t)(age / JW_SECOND) : 0);
}

/* --- moving on ------------------------------------------------------------------------------------------------ */
jw_status jw_place_append(struct jw_follow *f, uint64_t origin, uint64_t position, struct jw_error *err) {
    struct jw_spool_frame out = {
        .events = jw_batch_writer_count(f->batch), .origin = origin, .origin_at = position};
    if (!out.events)
        return JW_OK;
    out.body = jw_batch_writer_finish(f->batch);
    if (!out.body.ptr)
        return jw_fail(err, JW_E_LIMIT, "alerts: no memory for %u of them", out.events);
    for (bool first = true;; first = false) {
        jw_status st = jw_spool_append(f->alerts, &out, &f->alerts_position, err);
        if (st != JW_AGAIN || atomic_load(&f->stop)) {
            jw_stat_set(f->blocked, 0);
            return st;
        }
        if (first)
            jw_log(JW_LOG_WARNING, "alerts: no room in the spool; matching waits for jw-loader to take some");
        jw_stat_set(f->blocked, 1);
        look(f);
        st = jw_spool_wait_room(f->alerts, out.body.len, JW_SECOND / 5, err);
        if (st < 0)
            return st;
    }
}

static jw_status tell_merged(struct jw_follow *f, struct jw_error *err) {
    uint32_t spool = jw_spool_reader_id(f->events);
    if (!jw_flood_merged(f->flood))
        return JW_OK;
    jw_log(JW_LOG_WARNING, "a rule fires without end: %u alerts stand for many (see alerts_merged_total)",
           jw_flood_merged(f->flood));
    jw_judge_merged(f, spool);
    jw_status st = jw_place_append(f, MERGED_ORIGIN | spool, f->position, err);
    if (st == JW_OK)
        jw_flood_reset(f->flood);
    f->torn |= st != JW_OK;
    return st;
}

static bool is_time(struct jw_follow *f) {
    int64_t now = jw_time_steady(), age = now - f->committed_at;
    if (!jw_flood_merged(f->flood)) {
        f->merged_at = now;
        return age >= SAVE_SHARE * f->windows.save_ns &&
               age >= (jw_flood_calm(f->flood) ? COMMIT_CALM : COMMIT_TOLD);
    }
    return jw_flood_full(f->flood) || now - f->merged_at >= COMMIT_MERGED;
}

jw_status jw_place_commit(struct jw_follow *f, bool now, struct jw_error *err) {
    look(f);
    if (!f->placed || f->position <= jw_spool_reader_committed(f->events))
        return JW_OK;
    if (f->torn || f->position < f->told_until) /* then it is found again as it was */
        return JW_AGAIN;
    if (!now && !is_time(f))
        return JW_OK;
    f->committed_at = jw_time_steady();
    jw_status st = tell_merged(f, err);
    if (st == JW_OK && f->alerts_position) /* not durable yet: the cursor waits with it */
        st = jw_spool_wait(f->alerts, f->alerts_position, 10 * JW_SECOND, err);
    if (st != JW_OK)
        return st;
    jw_windows_save(f);
    st = jw_spool_reader_commit(f->events, f->position, err);
    if (st != JW_OK)
        return st;
    jw_flood_reset(f->flood);
    f->ahead_events = 0;
    return JW_OK;
}

/* --- where to go on ------------------------------------------------------------------------------------------- */
jw_status jw_place_find(struct jw_follow *f, struct jw_error *err) {
    uint64_t merged = 0;
    uint32_t id = jw_spool_reader_id(f->events);
    jw_status st = JW_OK;
    if (!id)
        return JW_AGAIN;
    uint64_t before = f->position = jw_spool_reader_committed(f->events);
    if (!jw_spool_origin(f->alerts, id, &f->told_until))
        f->told_until = 0;
    if (jw_spool_origin(f->alerts, MERGED_ORIGIN | id, &merged) && merged > f->position)
        f->position = merged;
    jw_windows_restore(f); /* before the commit: it may need what is between */
    if (f->position > before) {
        st = jw_spool_reader_seek(f->events, f->position, err);
        if (st == JW_OK)
            st = jw_spool_reader_commit(f->events, f->position, err);
    }
    if (st != JW_OK)
        return st;
    if (f->told_until > f->position)
        jw_log(JW_LOG_INFO, "matching again without telling, up to where the alerts are told");
    f->committed_at = f->merged_at = jw_time_steady();
    f->placed = true;
    return JW_OK;
}
