/* cli/status_show.c — the tables of `jinwu status`, as wide as what stands in them. */
#include "status.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/time.h"

static uint64_t value(const struct jw_status_counters *all, const char *daemon, const char *name,
                      const char *source) {
    const struct jw_status_counter *c = jw_status_get(all, daemon, name, source);
    return c ? c->value : 0;
}

/* --- daemons -------------------------------------------------------------------------------------------------- */

static uint64_t memory(uint64_t pid) {
    char path[64], line[256];
    unsigned long long kib = 0;
    snprintf(path, sizeof path, "/proc/%" PRIu64 "/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %llu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

static void add_missing(struct jw_table *table, const char *name) {
    jw_table_add(table, "%s", name);
    jw_table_add(table, "DOWN");
    for (int i = 0; i < 3; i++)
        jw_table_add(table, "-");
}

static void show_daemons(const struct jw_status_counters *all) {
    struct jw_table table = jw_table_begin(5, 2);
    jw_table_head(&table, (const char *const[]){"DAEMON", "STATE", "PID", "STARTS", "MEMORY"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        const char *missing = jw_status_never_came(all, c);
        if (missing)
            add_missing(&table, missing);
        if (strcmp(c->name, "pid") != 0)
            continue;
        bool up = jw_status_runs(c);
        const struct jw_status_counter *starts = jw_status_get(all, c->daemon, "starts_total", "");
        jw_table_add(&table, "%s", c->daemon);
        jw_table_add(&table, "%s", up ? "running" : "DOWN");
        jw_table_number(&table, c->value);
        starts ? jw_table_number(&table, starts->value) : jw_table_add(&table, "-");
        up ? jw_table_bytes(&table, memory(c->value)) : jw_table_add(&table, "-");
    }
    jw_table_print(&table);
}

/* Only where there are ledgers, or should be. */
static void show_ledgers(const struct jw_status_counters *all) {
    uint64_t rows = value(all, "jw-collect", "ledger_rows", "");
    bool away = value(all, "jw-collect", "ledger_away", "");
    if (rows || away)
        printf("\nLedgers: %" PRIu64 " rows attribute events%s\n", rows,
               away ? "; the DATABASE IS AWAY, what was known stays in force" : "");
}

/* --- sources -------------------------------------------------------------------------------------------------- */

static const char *const source_counters[] = {"events_received_total", "events_unparsed_total",
                                              "events_dropped_total",  "oversize_total",
                                              "invalid_total",         "last_event_ms"};
#define SOURCE_COUNTERS (sizeof source_counters / sizeof *source_counters)

struct source {
    const struct jw_status_counter *any; /* one of its counters, for the names */
    uint64_t values[SOURCE_COUNTERS], per_second;
};

static size_t source_counter(const char *name) {
    size_t i = 0;
    while (i < SOURCE_COUNTERS && strcmp(source_counters[i], name) != 0)
        i++;
    return i;
}

static struct source *source_of(struct source *list, size_t *count, const struct jw_status_counter *c) {
    for (size_t i = *count; i-- > 0;)
        if (strcmp(list[i].any->source, c->source) == 0 && strcmp(list[i].any->daemon, c->daemon) == 0)
            return &list[i];
    list[*count] = (struct source){.any = c};
    return &list[(*count)++];
}

static int by_events(const void *a, const void *b) {
    const struct source *x = a, *y = b;
    if (x->values[0] != y->values[0])
        return x->values[0] > y->values[0] ? -1 : 1;
    return strcmp(x->any->source, y->any->source);
}

static void add_ago(struct jw_table *table, uint64_t at_ms) {
    int64_t s = at_ms ? (jw_time_now() / JW_MS - (int64_t)at_ms) / 1000 : -1;
    if (s < 0)
        jw_table_add(table, "-");
    else if (s < 120)
        jw_table_add(table, "%" PRId64 " s ago", s);
    else if (s < 7200)
        jw_table_add(table, "%" PRId64 " min ago", s / 60);
    else
        jw_table_add(table, "%" PRId64 " h ago", s / 3600);
}

/* Who never sent anything has no row. */
static void show_sources(const struct jw_status_counters *all) {
    struct jw_table table = jw_table_begin(8, 1);
    struct source *list = calloc(all->count + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; list && i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        size_t which = source_counter(c->name);
        if (which == SOURCE_COUNTERS || !*c->source || !c->value)
            continue;
        struct source *source = source_of(list, &count, c);
        source->values[which] = c->value;
        if (which == 0)
            source->per_second = c->value - c->before;
    }
    if (count)
        qsort(list, count, sizeof *list, by_events);
    jw_table_head(&table, (const char *const[]){"SOURCE", "EVENTS", "PER S", "UNPARSED", "DROPPED", "OVERSIZE",
                                                "INVALID", "LAST"});
    for (size_t i = 0; i < count; i++) {
        jw_table_add(&table, "%s", list[i].any->source);
        jw_table_number(&table, list[i].values[0]);
        jw_table_number(&table, list[i].per_second);
        for (size_t k = 1; k < 5; k++)
            jw_table_number(&table, list[i].values[k]);
        add_ago(&table, list[i].values[5]);
    }
    free(list);
    jw_table_print(&table);
}

/* --- lag and lake --------------------------------------------------------------------------------------------- */

/* What a daemon said before it died is not true any more. */
static void add_lag(struct jw_table *table, const struct jw_status_counters *all, const struct jw_status_counter *c,
                    bool up) {
    jw_table_add(table, "%s", c->daemon);
    jw_table_add(table, "%s", *c->source ? c->source : "events");
    up ? jw_table_number(table, c->value) : jw_table_add(table, "-");
    up ? jw_table_bytes(table, value(all, c->daemon, "lag_bytes", c->source)) : jw_table_add(table, "-");
    up ? jw_table_add(table, "%" PRIu64 " s", value(all, c->daemon, "lag_seconds", c->source))
       : jw_table_add(table, "-");
}

static void show_lag(const struct jw_status_counters *all) {
    struct jw_table table = jw_table_begin(5, 2);
    jw_table_head(&table, (const char *const[]){"LAG OF", "SPOOL", "EVENTS", "BYTES", "OLDEST"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i], *pid = jw_status_get(all, c->daemon, "pid", "");
        if (strcmp(c->name, "lag_events") == 0)
            add_lag(&table, all, c, pid && jw_status_runs(pid));
    }
    jw_table_print(&table);
}

static void add_day(struct jw_table *table, uint64_t seconds) {
    char day[32] = "-";
    time_t at = (time_t)seconds;
    struct tm utc;
    if (seconds && gmtime_r(&at, &utc))
        strftime(day, sizeof day, "%Y-%m-%d", &utc);
    jw_table_add(table, "%s", day);
}

static void show_lake(const struct jw_status_counters *all) {
    struct jw_table table = jw_table_begin(6, 1);
    jw_table_head(&table,
                  (const char *const[]){"LAKE", "ROWS", "ON DISK", "OLDEST DAY", "DAYS COVERED", "WITH EVENTS"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        if (strcmp(c->name, "lake_rows") != 0)
            continue;
        bool own = jw_text_ends(jw_text_from(c->source), JW_TEXT("/run/lake.sock"));
        jw_table_add(&table, "%s", own ? "jw-lake" : c->source);
        jw_table_number(&table, c->value);
        jw_table_bytes(&table, value(all, c->daemon, "lake_bytes", c->source));
        add_day(&table, value(all, c->daemon, "lake_oldest_seconds", c->source));
        jw_table_number(&table, value(all, c->daemon, "lake_days_covered", c->source));
        jw_table_number(&table, value(all, c->daemon, "lake_days_with_events", c->source));
    }
    jw_table_print(&table);
}

/* --- the rest ------------------------------------------------------------------------------------------------- */

/* Whoever looks for a number finds it here, under the name /metrics gives it. */
static void show_rest(const struct jw_status_counters *all) {
    static const char *const shown[] = {
        "pid",        "starts_total",        "lag_events",        "lag_bytes", "lag_seconds",           "lake_rows",
        "lake_bytes", "lake_oldest_seconds", "lake_days_covered", "daemon_up", "lake_days_with_events", NULL};
    struct jw_table table = jw_table_begin(4, 3);
    jw_table_head(&table, (const char *const[]){"DAEMON", "COUNTER", "OF", "VALUE"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        bool known = c->value == 0 || (*c->source && source_counter(c->name) < SOURCE_COUNTERS);
        for (size_t k = 0; shown[k]; k++)
            known |= strcmp(c->name, shown[k]) == 0;
        if (known)
            continue;
        jw_table_add(&table, "%s", c->daemon);
        jw_table_add(&table, "%s", c->name);
        jw_table_add(&table, "%s", c->source);
        jw_table_number(&table, c->value);
    }
    jw_table_print(&table);
}

void jw_status_show(const struct jw_status_counters *all, const struct jw_published *rules) {
    show_daemons(all);
    show_ledgers(all);
    show_sources(all);
    show_lag(all);
    show_lake(all);
    if (rules)
        jw_status_show_rules(rules, false);
    show_rest(all);
}
