/* cli/status_show.c — the tables of `jinwu status`, as wide as what stands in them. */
#include "search.h"
#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/time.h"

#define COLUMNS   8
#define NAME_MOST 48 /* columns of a name; the rest of it stands in --json */

/* Cells one after the other, each closed by a NUL; the first row is the heading. */
struct table {
    size_t columns, left; /* how many in a row, and how many of them are texts */
    jw_buffer cells;
};

static struct table begin(size_t columns, size_t left) {
    return (struct table){columns, left, JW_BUFFER(4u << 20)};
}

JW_PRINTF(2, 3) static void add(struct table *table, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    jw_buffer_add(&table->cells, jw_text_from(text));
    jw_buffer_byte(&table->cells, '\0');
}

static void add_number(struct table *table, uint64_t n) { add(table, "%" PRIu64, n); }

static void add_bytes(struct table *table, uint64_t n) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)n;
    size_t unit = 0;
    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    add(table, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void measure(jw_text rest, size_t columns, int *widths) {
    jw_text cell;
    for (size_t i = 0; jw_text_cut(&rest, '\0', &cell); i++) {
        int width = jw_search_columns(cell);
        width = width > NAME_MOST ? NAME_MOST : width;
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
}

/* Nothing when there is only the heading. */
static void print(struct table *table) {
    jw_text rest = jw_buffer_text(&table->cells), cell;
    int widths[COLUMNS] = {0};
    size_t rows = 0;
    for (size_t i = 0; i < rest.len; i++)
        rows += rest.ptr[i] == '\0';
    if (rows > table->columns && !table->cells.failed) {
        measure(rest, table->columns, widths);
        for (size_t i = 0; jw_text_cut(&rest, '\0', &cell); i++) {
            size_t column = i % table->columns;
            bool last = column + 1 == table->columns;
            if (i == 0 || column == 0)
                fputs(i == 0 ? "\n" : "", stdout);
            if (column < table->left)
                jw_search_text(stdout, cell, last ? 0 : widths[column], NAME_MOST);
            else
                printf("%*.*s", widths[column], JW_ARG(cell));
            fputs(last ? "\n" : "  ", stdout);
        }
    }
    jw_buffer_free(&table->cells);
}

static void head(struct table *table, const char *const *names) {
    for (size_t i = 0; i < table->columns; i++)
        add(table, "%s", names[i]);
}

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

static void add_missing(struct table *table, const char *name) {
    add(table, "%s", name);
    add(table, "DOWN");
    for (int i = 0; i < 3; i++)
        add(table, "-");
}

static void show_daemons(const struct jw_status_counters *all) {
    struct table table = begin(5, 2);
    head(&table, (const char *const[]){"DAEMON", "STATE", "PID", "STARTS", "MEMORY"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        const char *missing = jw_status_never_came(all, c);
        if (missing)
            add_missing(&table, missing);
        if (strcmp(c->name, "pid") != 0)
            continue;
        bool up = jw_status_runs(c);
        const struct jw_status_counter *starts = jw_status_get(all, c->daemon, "starts_total", "");
        add(&table, "%s", c->daemon);
        add(&table, "%s", up ? "running" : "DOWN");
        add_number(&table, c->value);
        starts ? add_number(&table, starts->value) : add(&table, "-");
        up ? add_bytes(&table, memory(c->value)) : add(&table, "-");
    }
    print(&table);
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

static void add_ago(struct table *table, uint64_t at_ms) {
    int64_t s = at_ms ? (jw_time_now() / JW_MS - (int64_t)at_ms) / 1000 : -1;
    if (s < 0)
        add(table, "-");
    else if (s < 120)
        add(table, "%" PRId64 " s ago", s);
    else if (s < 7200)
        add(table, "%" PRId64 " min ago", s / 60);
    else
        add(table, "%" PRId64 " h ago", s / 3600);
}

/* Who never sent anything has no row. */
static void show_sources(const struct jw_status_counters *all) {
    struct table table = begin(8, 1);
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
    head(&table,
         (const char *const[]){"SOURCE", "EVENTS", "PER S", "UNPARSED", "DROPPED", "OVERSIZE", "INVALID", "LAST"});
    for (size_t i = 0; i < count; i++) {
        add(&table, "%s", list[i].any->source);
        add_number(&table, list[i].values[0]);
        add_number(&table, list[i].per_second);
        for (size_t k = 1; k < 5; k++)
            add_number(&table, list[i].values[k]);
        add_ago(&table, list[i].values[5]);
    }
    free(list);
    print(&table);
}

/* --- lag and lake --------------------------------------------------------------------------------------------- */

/* What a daemon said before it died is not true any more. */
static void add_lag(struct table *table, const struct jw_status_counters *all, const struct jw_status_counter *c,
                    bool up) {
    add(table, "%s", c->daemon);
    add(table, "%s", *c->source ? c->source : "events");
    up ? add_number(table, c->value) : add(table, "-");
    up ? add_bytes(table, value(all, c->daemon, "lag_bytes", c->source)) : add(table, "-");
    up ? add(table, "%" PRIu64 " s", value(all, c->daemon, "lag_seconds", c->source)) : add(table, "-");
}

static void show_lag(const struct jw_status_counters *all) {
    struct table table = begin(5, 2);
    head(&table, (const char *const[]){"LAG OF", "SPOOL", "EVENTS", "BYTES", "OLDEST"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i], *pid = jw_status_get(all, c->daemon, "pid", "");
        if (strcmp(c->name, "lag_events") == 0)
            add_lag(&table, all, c, pid && jw_status_runs(pid));
    }
    print(&table);
}

static void add_day(struct table *table, uint64_t seconds) {
    char day[32] = "-";
    time_t at = (time_t)seconds;
    struct tm utc;
    if (seconds && gmtime_r(&at, &utc))
        strftime(day, sizeof day, "%Y-%m-%d", &utc);
    add(table, "%s", day);
}

static void show_lake(const struct jw_status_counters *all) {
    struct table table = begin(6, 1);
    head(&table, (const char *const[]){"LAKE", "ROWS", "ON DISK", "OLDEST DAY", "DAYS COVERED", "WITH EVENTS"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        if (strcmp(c->name, "lake_rows") != 0)
            continue;
        bool own = jw_text_ends(jw_text_from(c->source), JW_TEXT("/run/lake.sock"));
        add(&table, "%s", own ? "jw-lake" : c->source);
        add_number(&table, c->value);
        add_bytes(&table, value(all, c->daemon, "lake_bytes", c->source));
        add_day(&table, value(all, c->daemon, "lake_oldest_seconds", c->source));
        add_number(&table, value(all, c->daemon, "lake_days_covered", c->source));
        add_number(&table, value(all, c->daemon, "lake_days_with_events", c->source));
    }
    print(&table);
}

/* --- the rest ------------------------------------------------------------------------------------------------- */

/* Whoever looks for a number finds it here, under the name /metrics gives it. */
static void show_rest(const struct jw_status_counters *all) {
    static const char *const shown[] = {
        "pid",        "starts_total",        "lag_events",        "lag_bytes", "lag_seconds",           "lake_rows",
        "lake_bytes", "lake_oldest_seconds", "lake_days_covered", "daemon_up", "lake_days_with_events", NULL};
    struct table table = begin(4, 3);
    head(&table, (const char *const[]){"DAEMON", "COUNTER", "OF", "VALUE"});
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        bool known = c->value == 0 || (*c->source && source_counter(c->name) < SOURCE_COUNTERS);
        for (size_t k = 0; shown[k]; k++)
            known |= strcmp(c->name, shown[k]) == 0;
        if (known)
            continue;
        add(&table, "%s", c->daemon);
        add(&table, "%s", c->name);
        add(&table, "%s", c->source);
        add_number(&table, c->value);
    }
    print(&table);
}

void jw_status_show(const struct jw_status_counters *all) {
    show_daemons(all);
    show_sources(all);
    show_lag(all);
    show_lake(all);
    show_rest(all);
}
