/* daemons/loader/upkeep.c — tables and retention, in a thread of its own so that loading never waits for them. */
#include "loader.h"

#include <unistd.h>

#include "base/log.h"

#define ROUND      (10 * JW_SECOND) /* one small query, for `jinwu status`; a day that must go has waited for months */
#define STEP_US    100000
#define RETRY_MOST (5 * JW_SECOND)

static void make_schema(struct jw_loader *loader) {
    struct jw_error err;
    bool told = false;
    for (int64_t delay = JW_SECOND / 10; !atomic_load(&loader->stop);
         delay = delay * 2 > RETRY_MOST ? RETRY_MOST : delay * 2) {
        jw_status st = jw_lake_keep_schema(loader->lake, &err);
        /* with several nodes, those that answer can be loaded; the others are asked again with the next round */
        if (st == JW_OK || (st == JW_AGAIN && jw_lake_client_nodes(loader->lake) > 1)) {
            if (!atomic_exchange(&loader->schema_ready, true))
                jw_log(JW_LOG_INFO, "the tables are there");
            return;
        }
        if (!told)
            jw_log(JW_LOG_WARNING, "waiting for the lake: %s", err.text);
        told = true;
        for (int64_t slept = 0; slept < delay && !atomic_load(&loader->stop); slept += STEP_US * 1000)
            usleep(STEP_US);
    }
}

static void tell(struct jw_loader *loader, const char *node, const struct jw_lake_report *report) {
    struct jw_stats *stats = loader->run->stats;
    jw_text source = jw_text_from(node);
    int64_t oldest = report->days ? report->list[0].day : 0,
            newest = report->days ? report->list[report->days - 1].day : -1;
    jw_stat_set(jw_stats_get(stats, "lake_rows", source), report->rows);
    jw_stat_set(jw_stats_get(stats, "lake_bytes", source), report->bytes);
    jw_stat_set(jw_stats_get(stats, "lake_days_with_events", source), report->days);
    jw_stat_set(jw_stats_get(stats, "lake_days_covered", source), (uint64_t)(newest - oldest + 1));
    jw_stat_set(jw_stats_get(stats, "lake_oldest_seconds", source), (uint64_t)oldest * 86400);
    jw_stat_add(jw_stats_get(stats, "lake_days_dropped_total", JW_TEXT("age")), report->dropped_age);
    jw_stat_add(jw_stats_get(stats, "lake_days_dropped_total", JW_TEXT("size")), report->dropped_size);
    if (report->dropped_size)
        jw_log(JW_LOG_WARNING, "%s: %u days were dropped because the lake reached its size, %lld days are left",
               node, report->dropped_size, (long long)(newest - oldest + 1));
}

/* *told: that it does not work is said once. */
static void keep(struct jw_loader *loader, bool *told) {
    struct jw_error err;
    bool failed = false;
    for (size_t node = 0; node < jw_lake_client_nodes(loader->lake); node++) {
        struct jw_lake_report report;
        jw_status st = jw_lake_keep(loader->lake, node, &loader->retention, jw_time_now(), &report, &err);
        if (st == JW_OK)
            tell(loader, jw_lake_client_node(loader->lake, node), &report);
        else if (!*told)
            jw_log(JW_LOG_WARNING, "retention waits: %s", err.text);
        failed |= st != JW_OK;
        jw_lake_report_clear(&report);
    }
    *told = failed;
}

void *jw_upkeep_run(void *context) {
    struct jw_loader *loader = context;
    int64_t next = 0;
    bool told = false;
    while (!atomic_load(&loader->stop)) {
        if (!atomic_load(&loader->schema_ready))
            make_schema(loader);
        if (jw_time_steady() >= next && !atomic_load(&loader->stop)) {
            keep(loader, &told);
            next = jw_time_steady() + ROUND;
        }
        usleep(STEP_US);
    }
    return NULL;
}
