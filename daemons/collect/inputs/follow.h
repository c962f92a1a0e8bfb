/* daemons/collect/inputs/follow.h — the inside of the input "follow", which is two files. */
#pragma once
#include <limits.h>

#include "../absence.h"
#include "../followed.h"
#include "../input.h"

struct pattern {
    char glob[PATH_MAX];
    jw_text name, format, dataset; /* point into the option */
    int watch;
};

struct one {
    struct one *next;
    struct jw_followed file;
    struct jw_source *source;
    const struct pattern *pattern;
    char *path;
    size_t flying;
    int64_t gone; /* steady time since no pattern names it, or since it last grew after that; 0: named */
    bool seen;
};

struct follow {
    struct jw_collect *collect;
    struct pattern *patterns;
    size_t pattern_count, file_count;
    struct one *files;
    char *scratch;
    size_t scratch_size;
    int inotify;
    struct jw_watch *watch;
    struct jw_timer *second, *soon;
    struct jw_waiter waiter;
    bool started, closing, scan_wanted, full_told, refused_told, notes_told;
    bool changed; /* which files there are, since the last notes */
    struct jw_absence absence;
    size_t refused_now; /* links that this scan did not follow */
    jw_stat *following, *waiting, *refused;
};

/* Notes what is there, so that after a pause we know what came in it. Before lines of a new file are taken, or a
 * copy of it would be news; and after a rotated one is in the spool, or it would be old should we die now. */
void jw_follow_note(struct follow *follow);
bool jw_follow_is_compressed(const char *path);
