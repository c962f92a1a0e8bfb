/* daemons/api/counters.h — the counters of every daemon, read from DATA/run/NAME.stats, with rates. Any thread. */
#pragma once
#include "base/buffer.h"
#include "os/stats.h"

struct jw_counter {
    char daemon[32], name[JW_STATS_NAME], source[JW_STATS_SOURCE];
    uint64_t value;
    double rate; /* per second since the last sample, for names that end in _total; else 0 */
};

struct jw_counters;
struct jw_counters *jw_counters_new(const char *run_folder); /* NULL without memory */
void jw_counters_free(struct jw_counters *counters);
void jw_counters_sample(struct jw_counters *counters); /* what rates are measured from; every few seconds */
/* All, sorted by name, daemon, source; `*out` is the caller's to free(). Gives how many. */
size_t jw_counters_read(struct jw_counters *counters, struct jw_counter **out);
