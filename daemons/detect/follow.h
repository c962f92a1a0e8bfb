/* daemons/detect/follow.h — the inside of the thread that matches: follow.c its life, judge.c one frame, place.c
 * where to go on. Detector thread only, except where it says otherwise. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "board.h"
#include "flood.h"
#include "record/codec.h"
#include "spool/spool.h"

/* windows.c */
struct jw_windows {
    int64_t save_ns;  /* the last saving took */
    uint32_t missing; /* correlations whose windows must be filled */
    bool failing;     /* the last saving failed */
    struct jw_correlator_counts seen;
    jw_stat *groups, *bytes, *taken, *late, *unfit, *ahead, *condensed, *evictions, *no_memory, *state_bytes,
        *refused, *failures;
};

struct jw_follow {
    struct jw_daemon_run *run;
    pthread_t thread;
    bool started;
    atomic_bool stop;     /* set by the loop's thread */
    pthread_mutex_t lock; /* of `next` */
    struct jw_rules *rules, *next;
    struct jw_flood *flood;
    struct jw_windows windows;
    struct jw_board *board;
    struct jw_spool_reader *events;
    struct jw_spool *alerts;
    char events_path[JW_PATH];
    struct jw_batch_writer *batch;
    struct jw_arena *mem, *alert_mem; /* of the frame in hand; of one alert */
    jw_buffer reason;
    uint64_t position, told_until; /* done with; up to there its alerts were told before this process began */
    uint64_t alerts_position;      /* newest appended */
    uint64_t ahead_events;         /* done with, and not yet committed */
    uint64_t given_up_before;      /* by the rule sets before this one */
    int64_t written;               /* of the newest frame done with */
    int64_t committed_at, merged_at, looked_at; /* steady */
    uint32_t set;                               /* rule sets used so far */
    bool placed;                                /* the place to go on was found */
    bool announce;                              /* the next event is the first one of this rule set */
    bool torn; /* the frame in hand was matched, but its alerts could not be appended: nothing may be committed */
    jw_stat *matched, *told, *merged, *dropped, *damaged, *unreadable, *spent, *blocked, *lag_bytes, *lag_events,
        *given_up, *lag_seconds;
};

/* judge.c */
typedef enum jw_judging {
    JW_JUDGE_NEW,    /* tell */
    JW_JUDGE_TOLD,   /* told already: only find again what was merged */
    JW_JUDGE_WINDOW, /* fill correlation windows, nothing else */
} jw_judging;
/* Leaves the alerts of the frame in `batch`. Events that cannot be read are counted, never a failure. */
void jw_judge_frame(struct jw_follow *follow, const struct jw_spool_frame *frame, uint32_t spool, jw_judging how);
/* Puts what was merged into `batch`. */
void jw_judge_merged(struct jw_follow *follow, uint32_t spool);

/* place.c */
/* Finds where to go on. JW_AGAIN: nothing was ever collected. */
JW_MUST_CHECK jw_status jw_place_find(struct jw_follow *follow, struct jw_error *err);
/* Appends `batch`, waiting while the alerts spool is full: events then wait in their own spool, nothing is lost.
 * JW_AGAIN: told to stop meanwhile. */
JW_MUST_CHECK jw_status jw_place_append(struct jw_follow *follow, uint64_t origin, uint64_t position,
                                        struct jw_error *err);
/* Commits the cursor when it is time, or `now`. JW_AGAIN: it could not be done now. */
JW_MUST_CHECK jw_status jw_place_commit(struct jw_follow *follow, bool now, struct jw_error *err);
