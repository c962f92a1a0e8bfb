/* daemons/detect/detect.h — jw-detect: follows the spool of events, matches rules, appends alerts to a spool of its
 * own.
 *
 * Exactly once: all alerts of one events frame go into one alerts frame, which carries the events spool's id as
 * origin and the events frame's position as origin_at. The cursor is committed behind that, only when the alerts
 * are durable. After any death matching goes on at the further of cursor and origin_at: nothing is skipped, nothing
 * told twice.
 *
 * Correlation windows are not stored: at start and after a reload they are built again by re-reading the events of
 * the longest timespan before that place (at most REBUILD_BYTES of spool), without telling. */
#pragma once
#include <pthread.h>

#include "daemon/daemon.h"
#include "record/codec.h"
#include "sigma/sigma.h"
#include "spool/spool.h"

/* A compiled rule set and what one thread needs to use it. */
struct jw_rules {
    struct jw_sigma *sigma;
    struct jw_sigma_worker *worker;
    struct jw_correlator *correlator;
    struct jw_sigma_counts counts;
};
/* Folders: NULL-ended. Logs every refused rule once. */
JW_MUST_CHECK jw_status jw_rules_load(const char *content, char *const *folders, struct jw_rules **out,
                                      struct jw_error *err);
void jw_rules_free(struct jw_rules *rules);
JW_DEFINE_AUTO(jw_rules, jw_rules_free)

struct jw_alert_source {
    uint32_t spool;  /* id of the events spool */
    uint64_t number; /* of the event */
};
/* Fills `out` (cleared here) from the event that matched. `reason` and the event are borrowed. `hit` is NULL for a
 * rule on a single event. */
void jw_alert_make(struct jw_record *out, const struct jw_record *event, const struct jw_sigma_info *info,
                   jw_text reason, const struct jw_alert_source *source, const struct jw_correlation_hit *hit);

/* The thread that does the work. */
struct jw_follow;
JW_MUST_CHECK jw_status jw_follow_start(struct jw_daemon_run *run, struct jw_rules *rules, struct jw_follow **out,
                                        struct jw_error *err); /* takes `rules` on success */
void jw_follow_reload(struct jw_follow *follow,
                      struct jw_rules *rules); /* takes `rules`; used from the next frame on */
void jw_follow_stop(struct jw_follow *follow); /* after the frame in hand; commits and frees */
