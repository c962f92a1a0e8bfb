/* lib/os/stats.h — counters of one process in a mapped file, so that they survive its death, keep growing over
 * restarts, and can be read by `jinwu status` and /metrics without asking a process that may hang.
 *
 * A slot is (name, source). Names are Prometheus names without prefix ("events_received_total", "lag_bytes"); the
 * ones that end in _total only grow. `source` is a label that a peer may influence, so slots are bounded: when they
 * are used up, new sources share the slot "other". Adding is lock-free; any thread. */
#pragma once
#include <stdatomic.h>

#include "base/status.h"
#include "base/text.h"

#define JW_STATS_SLOTS  4096
#define JW_STATS_NAME   64
#define JW_STATS_SOURCE 128

struct jw_stats;
typedef _Atomic uint64_t jw_stat;

JW_MUST_CHECK jw_status jw_stats_open(const char *path, struct jw_stats **out, struct jw_error *err);
void jw_stats_close(struct jw_stats *stats);
/* The counter; made at the first call. Never NULL, valid until close. Gauges (no _total) start at zero at each
 * open. */
jw_stat *jw_stats_get(struct jw_stats *stats, const char *name, jw_text source);
static inline void jw_stat_add(jw_stat *stat, uint64_t n) {
    atomic_fetch_add_explicit(stat, n, memory_order_relaxed);
}
static inline void jw_stat_set(jw_stat *stat, uint64_t n) { atomic_store_explicit(stat, n, memory_order_relaxed); }

/* Reads another process's file. `each` gets every slot in the order they were made. */
typedef void (*jw_stats_each)(void *context, const char *name, const char *source, uint64_t value);
JW_MUST_CHECK jw_status jw_stats_read(const char *path, jw_stats_each each, void *context, struct jw_error *err);
