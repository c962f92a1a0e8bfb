/* daemons/detect/windows.h — correlation windows over restarts and reloads: DATA/spool/detect.windows.
 *
 * The file is written before each commit of the cursor, when the alerts up to there are durable, and says for which
 * place it holds. So it is never behind the cursor unless it could not be written; when it is before the place to
 * go on, the frames in between are shown to the correlator without telling, when it is behind, matching goes on
 * there. Without a file that can be used, windows are filled from the frames of the longest timespan (at most 256
 * MiB). */
#pragma once
#include "follow.h"

/* Failing to write is logged, counted, and no reason to stop. */
void jw_windows_save(struct jw_follow *follow);
/* At the start, `position` being the place to go on: fills the windows, and moves `position` on when they are ahead
 * of it. */
void jw_windows_restore(struct jw_follow *follow);
/* At a reload: what the new rules share with those in use. Then fill for the rest, when the new rules are in use.
 */
void jw_windows_carry(struct jw_follow *follow, struct jw_rules *next);
void jw_windows_fill(struct jw_follow *follow);
/* After a frame: the counters; only from what was not counted before a death. */
void jw_windows_count(struct jw_follow *follow, bool again);
void jw_windows_stats(struct jw_follow *follow); /* finds the counters */
