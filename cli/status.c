/* cli/status.c — `jinwu status`: every daemon, source, lag and drop, read from the counters the daemons keep in
 * files. It works while a daemon hangs or is down, because it asks none of them. */
#include "status.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "os/child.h"

static struct jw_status_counter *place(struct jw_status_counters *all, const char *name, const char *source) {
    for (size_t n = 0; n < all->count; n++) {
        struct jw_status_counter *c = &all->list[(all->at + n) % all->count];
        if (strcmp(c->daemon, all->daemon) == 0 && strcmp(c->name, name) == 0 && strcmp(c->source, source) == 0) {
            all->at = (all->at + n + 1) % all->count;
            return c;
        }
    }
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 256;
        struct jw_status_counter *list = realloc(all->list, capacity * sizeof *list);
        if (!list)
            return NULL;
        all->list = list;
        all->capacity = capacity;
    }
    struct jw_status_counter *c = &all->list[all->count++];
    *c = (struct jw_status_counter){0};
    snprintf(c->daemon, sizeof c->daemon, "%s", all->daemon);
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->source, sizeof c->source, "%s", source);
    return c;
}

static void see(void *context, const char *name, const char *source, uint64_t value) {
    struct jw_status_counters *all = context;
    struct jw_status_counter *c = place(all, name, source);
    if (c && all->first)
        c->before = value;
    if (c)
        c->value = value;
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_stats(const struct dirent *entry) {
    return jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".stats"));
}

/* Reads every table of counters below DATA/run; the number of files, or -1. */
static int look(struct jw_status_counters *all, const char *data, bool first) {
    char folder[4096], path[8192], daemon[32];
    struct dirent **entries;
    struct jw_error err;
    snprintf(folder, sizeof folder, "%s/run", data);
    int count = scandir(folder, &entries, is_stats, by_name);
    all->first = first;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        snprintf(daemon, sizeof daemon, "%.*s", (int)(strlen(entries[i]->d_name) - strlen(".stats")),
                 entries[i]->d_name);
        all->daemon = daemon;
        if (jw_stats_read(path, see, all, &err) != JW_OK)
            fprintf(stderr, "jinwu status: %s\n", err.text);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count;
}

const struct jw_status_counter *jw_status_get(const struct jw_status_counters *all, const char *daemon,
                                              const char *name, const char *source) {
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->list[i].daemon, daemon) == 0 && strcmp(all->list[i].name, name) == 0 &&
            strcmp(all->list[i].source, source) == 0)
            return &all->list[i];
    return NULL;
}

bool jw_status_runs(const struct jw_status_counter *pid) {
    return jw_child_runs(pid->value, strcmp(pid->daemon, "up") == 0 ? "jinwu" : pid->daemon);
}

const char *jw_status_never_came(const struct jw_status_counters *all, const struct jw_status_counter *c) {
    static char name[JW_STATS_SOURCE + 4];
    if (strcmp(c->daemon, "up") != 0 || strcmp(c->name, "daemon_up") != 0)
        return NULL;
    snprintf(name, sizeof name, "jw-%s", c->source);
    return jw_status_get(all, name, "pid", "") ? NULL : name;
}

/* Everything that should run does. */
static bool is_good(const struct jw_status_counters *all) {
    bool good = true;
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        good &= strcmp(c->name, "pid") != 0 || jw_status_runs(c);
        good &= jw_status_never_came(all, c) == NULL;
    }
    return good;
}

static void print_json(const struct jw_status_counters *all) {
    JW_AUTO(jw_buffer_free) jw_buffer line = JW_BUFFER(4096);
    for (size_t i = 0; i < all->count; i++) {
        const struct jw_status_counter *c = &all->list[i];
        jw_buffer_clear(&line);
        jw_buffer_add(&line, JW_TEXT("{\"daemon\":"));
        jw_buffer_json(&line, jw_text_from(c->daemon));
        jw_buffer_add(&line, JW_TEXT(",\"name\":"));
        jw_buffer_json(&line, jw_text_from(c->name));
        jw_buffer_add(&line, JW_TEXT(",\"source\":"));
        jw_buffer_json(&line, jw_text_from(c->source));
        jw_buffer_print(&line, ",\"value\":%llu,\"per_second\":%llu", (unsigned long long)c->value,
                        (unsigned long long)(c->value > c->before ? c->value - c->before : 0));
        if (strcmp(c->name, "pid") == 0)
            jw_buffer_print(&line, ",\"running\":%s", jw_status_runs(c) ? "true" : "false");
        jw_buffer_add(&line, JW_TEXT("}\n"));
        fwrite(line.ptr, 1, line.len, stdout);
    }
}

static int show_rules(const struct jw_published *rules, bool json, const char *data) {
    if (!rules)
        return jw_command_failed("status", "jw-detect has not run on %s yet", data);
    json ? jw_status_json_rules(rules) : jw_status_show_rules(rules, true);
    return rules->why.len ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

enum { OPT_DATA, OPT_JSON, OPT_RULES };
static const struct jw_command_option table[] = {
    {.name = "data"}, {.name = "json", .flag = true}, {.name = "rules", .flag = true}, {0}};

static int run(int argc, char **argv) {
    const char *values[3] = {NULL};
    int usage = jw_command_options("status", table, &argc, argv, values);
    if (usage)
        return usage;
    if (argc > 1)
        return jw_command_usage("status", "takes no file, got %s", argv[1]);
    const char *data = jw_command_data(values[OPT_DATA]);
    bool json = jw_command_json(values[OPT_JSON] != NULL);
    struct jw_status_counters all = {0};
    JW_AUTO(jw_published_free_p) struct jw_published *rules = NULL;
    struct jw_error err = {{0}};
    if (jw_published_read(data, &rules, &err) < 0)
        fprintf(stderr, "jinwu status: %s\n", err.text);
    if (values[OPT_RULES])
        return show_rules(rules, json, data);
    if (look(&all, data, true) <= 0)
        return jw_command_failed("status", "nothing has run on %s yet; start it: jinwu up --data %s", data, data);
    usleep(1000000);
    look(&all, data, false);
    json ? print_json(&all) : jw_status_show(&all, rules);
    bool good = is_good(&all);
    free(all.list);
    return good ? JW_EXIT_DONE : JW_EXIT_FAILED;
}

const struct jw_command jw_command_status = {
    .name = "status",
    .about = "every daemon and source: rate, lag, drops, parse failures",
    .help =
        "Use: jinwu status [--data DIR] [--rules] [--json]\n\n"
        "Tables, each as wide as what stands in it; what never counted anything is left out:\n"
        "  DAEMON   running or DOWN, how often it was started, memory\n"
        "  SOURCE   events, rate over one second, and of them: not parsed, dropped, cut because they were\n"
        "           longer than the ceiling; and broken framing or documents, which became no event\n"
        "  LAG OF   how far detection and the loader are behind what was collected\n"
        "  LAKE     what is kept: rows, bytes, the oldest day, how many days from there to the newest (as of\n"
        "           the last minute)\n"
        "  RULE     the ten rules that cost most: alerts, how many of them were merged because the rule fired\n"
        "           without end, events that matched and were looked at closer, estimated time; what was refused\n"
        "  DAEMON   every other counter that is not zero\n"
        "The same numbers stand at /metrics and /api/v1/status. They are read from files, so a daemon that\n"
        "hangs or is down still shows what it did.\n\n"
        "  --data DIR   the data folder of the running jinwu\n"
        "  --rules      only the rules: all of them, the most expensive first, and every refused one with the\n"
        "               reason; exit status 1 when the last reload was refused and older rules are in use\n"
        "  --json       one JSON object a line: daemon, name, source, value, per_second, and running for a pid;\n"
        "               this is also what comes out when it is not a terminal\n\n"
        "Exit status: 0 when every daemon that should run does, else 1.\n",
    .run = run,
};
