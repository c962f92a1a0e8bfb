/* daemons/detect/detect.h — jw-detect: follows the spool of events, matches rules, appends alerts to a spool of its
 * own.
 *
 * Exactly once: all alerts of one events frame go into one alerts frame, which carries the events spool's id as
 * origin and the events frame's position as origin_at. The cursor is committed behind that, only when the alerts
 * are durable and nothing merged (flood.h) waits. After any death the frames between the cursor and origin_at are
 * matched once more without telling, so that what was merged and not yet told is found again; then matching goes on
 * (place.c): nothing is skipped, nothing told twice.
 *
 * Correlation windows are not stored: at start and after a reload they are built again by re-reading the events of
 * the longest timespan before that place (at most REBUILD_BYTES of spool), without telling. */
#pragma once
#include "daemon/daemon.h"
#include "sigma/sigma.h"

/* Why rules were left out; at most JW_REFUSALS are kept, all are counted. */
#define JW_REFUSALS 1000
struct jw_refusal {
    char *file, *id, *why;
    int line;
};
struct jw_refusals {
    struct jw_refusal *list;
    uint32_t count, total;
    bool failed; /* no memory to keep one: then nobody knows which rule it was */
};
void jw_rules_refusals_free(struct jw_refusals *refusals); /* leaves an empty list; usable with JW_AUTO */

/* A compiled rule set and what one thread needs to use it. */
struct jw_rules {
    struct jw_sigma *sigma;
    struct jw_sigma_worker *worker;
    struct jw_correlator *correlator;
    struct jw_sigma_counts counts;
};
/* Folders: NULL-ended. Logs the refused rules and adds them to `refusals`. */
JW_MUST_CHECK jw_status jw_rules_load(const char *content, char *const *folders, struct jw_rules **out,
                                      struct jw_refusals *refusals, struct jw_error *err);
void jw_rules_free(struct jw_rules *rules);
JW_DEFINE_AUTO(jw_rules, jw_rules_free)

/* The names of the rules in force. A mistake in a file must not switch off a detection that works: a reload that
 * would lose one of these because it was refused (not because its file is gone) is refused as a whole. */
struct jw_force;
struct jw_force *jw_force_new(const struct jw_rules *rules); /* NULL without memory */
void jw_force_free(struct jw_force *force);
JW_MUST_CHECK jw_status jw_force_check(const struct jw_force *old, const struct jw_force *next,
                                       const struct jw_refusals *refusals, struct jw_error *err);

/* The thread that does the work. */
struct jw_follow;
JW_MUST_CHECK jw_status jw_follow_start(struct jw_daemon_run *run, struct jw_rules *rules, struct jw_follow **out,
                                        struct jw_error *err); /* takes `rules` on success */
void jw_follow_reload(struct jw_follow *follow,
                      struct jw_rules *rules); /* takes `rules`; used from the next frame on */
void jw_follow_stop(struct jw_follow *follow); /* after the frame in hand; commits and frees */
