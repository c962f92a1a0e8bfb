/* daemons/detect/windows.c — correlation windows are saved, found again, or filled from what the spool still has.
 */
#include "windows.h"

#include <inttypes.h>

#include "base/log.h"
#include "os/file.h"

#define FILE_BYTES ((size_t)1 << 30)
#define FILL_BYTES (256u << 20) /* of spool re-read */

static const char *path_of(const struct jw_follow *f, char path[JW_PATH]) {
    return jw_daemon_path(f->run, "spool/detect.windows", path);
}

/* --- saving --------------------------------------------------------------------------------------------------- */
void jw_windows_save(struct jw_follow *f) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(FILE_BYTES);
    struct jw_windows *w = &f->windows;
    struct jw_error err = {{0}};
    char path[JW_PATH];
    int64_t start = jw_time_steady();
    if (!f->rules->counts.correlations)
        return;
    jw_status st =
        jw_correlator_save(f->rules->correlator, jw_spool_reader_id(f->events), f->position, &state, &err);
    if (st == JW_OK)
        st = jw_file_replace(path_of(f, path), jw_buffer_text(&state), 0600, &err);
    w->save_ns = jw_time_steady() - start;
    jw_stat_set(w->state_bytes, state.len);
    if (st != JW_OK) {
        jw_stat_add(w->failures, 1);
        if (!w->failing)
            jw_log(JW_LOG_ERROR, "correlation windows are not saved: %s; a restart will fill them from the spool",
                   err.text);
    }
    w->failing = st != JW_OK;
}

/* --- filling from the spool -------------------------------------------------------------------------------------
 */
/* Shows the frames behind `from`, up to the place to go on. False: the first of them are gone. `oldest`: frames
 * written before are left out. */
static bool show(struct jw_follow *f, uint64_t from, int64_t oldest, uint64_t *out_frames) {
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = NULL;
    struct jw_spool_frame frame;
    bool whole = true, first = true;
    *out_frames = 0;
    if (from >= f->position)
        return true;
    if (jw_spool_reader_open(f->events_path, NULL, &reader, NULL) != JW_OK ||
        jw_spool_reader_seek(reader, from, NULL) != JW_OK)
        return false;
    for (;;) {
        jw_status st = jw_spool_reader_next(reader, &frame, NULL);
        whole &= st != JW_E_SYNTAX && !(first && st == JW_OK && frame.start > from);
        if (st == JW_E_SYNTAX)
            continue;
        if (st != JW_OK || frame.position > f->position || atomic_load(&f->stop))
            return whole && !first;
        first = false;
        if (frame.written < oldest)
            continue;
        jw_judge_frame(f, &frame, jw_spool_reader_id(reader), JW_JUDGE_WINDOW);
        ++*out_frames;
    }
}

void jw_windows_fill(struct jw_follow *f) {
    int64_t span = jw_sigma_longest_span(f->rules->sigma);
    uint64_t from = f->position > FILL_BYTES ? f->position - FILL_BYTES : 0, frames = 0;
    if (!f->windows.missing || !f->position)
        return;
    jw_correlator_catch_up(f->rules->correlator, true);
    (void)show(f, from, jw_time_now() - span, &frames);
    jw_correlator_catch_up(f->rules->correlator, false);
    jw_log(JW_LOG_INFO, "the windows of %u correlations were filled from %" PRIu64 " frames", f->windows.missing,
           frames);
    f->windows.missing = 0;
    jw_windows_count(f, true);
}

/* --- restoring ---------------------------------------------------------------------------------------------------
 */
static void refuse(struct jw_follow *f, const char *why) {
    jw_stat_add(f->windows.refused, 1);
    jw_log(JW_LOG_WARNING, "saved correlation windows are not used: %s", why);
    jw_correlator_empty(f->rules->correlator);
    f->windows.missing = f->rules->counts.correlations;
}

static jw_status load(struct jw_follow *f, struct jw_correlator_restored *out, struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(FILE_BYTES);
    char path[JW_PATH];
    jw_status st = jw_file_read(path_of(f, path), &state, err);
    if (st == JW_AGAIN)
        return jw_fail(err, JW_E_SYSTEM, "%s is missing", path);
    if (st != JW_OK)
        return st;
    st = jw_correlator_restore(f->rules->correlator, jw_buffer_text(&state), out, err);
    if (st == JW_OK && out->spool != jw_spool_reader_id(f->events))
        return jw_fail(err, JW_E_SYNTAX, "%s: of another spool of events", path);
    return st == JW_OK ? st : jw_wrap(err, st, "%s", path);
}

/* The file was written and the cursor not: what is told up to there is durable, so matching goes on there. */
static bool move_on(struct jw_follow *f, uint64_t position) {
    if (position <= f->position)
        return true;
    if (jw_spool_reader_commit(f->events, position, NULL) != JW_OK)
        return false;
    f->position = position;
    return true;
}

void jw_windows_restore(struct jw_follow *f) {
    struct jw_correlator_restored restored;
    struct jw_error err = {{0}};
    uint64_t frames = 0;
    f->windows.missing = f->rules->counts.correlations;
    if (!f->windows.missing)
        return;
    jw_status st = load(f, &restored, &err);
    if (st != JW_OK && !f->position) /* nothing was ever done */
        jw_correlator_empty(f->rules->correlator);
    else if (st != JW_OK)
        refuse(f, err.text);
    else if (!move_on(f, restored.position))
        refuse(f, "they are ahead of the spool of events");
    else if (!show(f, restored.position, INT64_MIN, &frames))
        refuse(f, "events behind them are gone from the spool");
    else {
        jw_log(JW_LOG_INFO, "correlation windows: %u groups restored, %" PRIu64 " frames shown again",
               restored.groups, frames);
        f->windows.missing = restored.missing;
    }
    jw_windows_fill(f);
    jw_windows_count(f, true);
}

void jw_windows_carry(struct jw_follow *f, struct jw_rules *next) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(FILE_BYTES);
    struct jw_correlator_restored restored = {.missing = next->counts.correlations};
    struct jw_error err = {{0}};
    jw_status st = jw_correlator_save(f->rules->correlator, 0, 0, &state, &err);
    if (st == JW_OK)
        st = jw_correlator_restore(next->correlator, jw_buffer_text(&state), &restored, &err);
    if (st != JW_OK) {
        jw_log(JW_LOG_WARNING, "correlation windows are not carried over: %s", err.text);
        restored.missing = next->counts.correlations;
    }
    f->windows.missing = restored.missing;
}

/* --- counters ----------------------------------------------------------------------------------------------------
 */
static jw_stat *stat_of(const struct jw_follow *f, const char *name) {
    return jw_stats_get(f->run->stats, name, (jw_text){0});
}

void jw_windows_stats(struct jw_follow *f) {
    f->windows = (struct jw_windows){
        .groups = stat_of(f, "correlation_groups"),
        .bytes = stat_of(f, "correlation_bytes"),
        .taken = stat_of(f, "correlation_events_total"),
        .late = stat_of(f, "correlation_late_total"),
        .unfit = stat_of(f, "correlation_unfit_total"),
        .ahead = stat_of(f, "correlation_ahead_total"),
        .condensed = stat_of(f, "correlation_condensed_total"),
        .evictions = stat_of(f, "correlation_evictions_total"),
        .no_memory = stat_of(f, "correlation_no_memory_total"),
        .state_bytes = stat_of(f, "correlation_state_bytes"),
        .refused = stat_of(f, "correlation_state_refused_total"),
        .failures = stat_of(f, "correlation_state_failures_total"),
    };
}

void jw_windows_count(struct jw_follow *f, bool again) {
    struct jw_windows *w = &f->windows;
    struct jw_correlator_counts now, *seen = &w->seen;
    jw_correlator_counts(f->rules->correlator, &now);
    jw_stat_set(w->groups, now.groups);
    jw_stat_set(w->bytes, now.bytes);
    if (!again) {
        jw_stat_add(w->taken, now.taken - seen->taken);
        jw_stat_add(w->late, now.late - seen->late);
        jw_stat_add(w->unfit, now.unfit - seen->unfit);
        jw_stat_add(w->ahead, now.ahead - seen->ahead);
        jw_stat_add(w->condensed, now.condensed - seen->condensed);
        jw_stat_add(w->evictions, now.evictions - seen->evictions);
        jw_stat_add(w->no_memory, now.no_memory - seen->no_memory);
    }
    *seen = now;
}
