/* cli/status.h — what status.c reads and status_show.c prints. */
#pragma once
#include "command.h"
#include "os/stats.h"
#include "sigma/published.h"

struct jw_status_counter {
    char daemon[32], name[JW_STATS_NAME], source[JW_STATS_SOURCE];
    uint64_t value, before; /* `before`: a second earlier, for rates */
};

struct jw_status_counters {
    struct jw_status_counter *list;
    size_t count, capacity;
    const char *daemon; /* the file being read */
    bool first;         /* of the two looks */
    size_t at;          /* counters stay in order between looks, so the second finds its place at once */
};

/* NULL: never counted. */
const struct jw_status_counter *jw_status_get(const struct jw_status_counters *all, const char *daemon,
                                              const char *name, const char *source);
/* Of a counter that is called "pid". */
bool jw_status_runs(const struct jw_status_counter *pid);
/* The name of the daemon, when `c` says that `jinwu up` wants one that never came so far as to count; else NULL. */
const char *jw_status_never_came(const struct jw_status_counters *all, const struct jw_status_counter *c);
/* The tables for people, on stdout. `rules` may be NULL. */
void jw_status_show(const struct jw_status_counters *all, const struct jw_published *rules);
/* status_rules.c: what the detector says about its rules; `all` of them, or the few that matter most. */
void jw_status_show_rules(const struct jw_published *rules, bool all);
void jw_status_json_rules(const struct jw_published *rules);
