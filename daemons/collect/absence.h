/* daemons/collect/absence.h — what the input "follow" saw when it last looked, in DATA/state/followed, so that
 * after a pause it can tell a file that appeared and was rotated away meanwhile from one that was always there.
 *
 * Three kinds of lines: the patterns, the files under their own names, and the rotated ones that were not ours to
 * read. A rotated file that is in no list was written in the pause, unless the file under its name without the
 * suffix is still the same one: then it is a copy of it (logrotate's copytruncate), and its lines were read. */
#pragma once
#include <limits.h>
#include <sys/types.h>

#include "base/buffer.h"

struct jw_absence {
    char path[PATH_MAX];
    jw_buffer before, now; /* as lines */
};
void jw_absence_open(struct jw_absence *absence, const char *data); /* no file: nothing was ever followed */
void jw_absence_close(struct jw_absence *absence);

/* Whether a rotated file that the spool does not know was written in the pause. `origin` 0: it has no first line.
 */
bool jw_absence_is_news(const struct jw_absence *absence, const char *pattern, const char *rotated,
                        uint64_t origin);

/* Notes for the next time: begin, then one call for each, then keep. */
void jw_absence_begin(struct jw_absence *absence);
void jw_absence_pattern(struct jw_absence *absence, const char *pattern);
void jw_absence_file(struct jw_absence *absence, dev_t device, ino_t inode, const char *path);
void jw_absence_old(struct jw_absence *absence, uint64_t origin);
/* Writes them when they have changed. */
JW_MUST_CHECK jw_status jw_absence_keep(struct jw_absence *absence, struct jw_error *err);
