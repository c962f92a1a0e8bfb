/* daemons/detect/main.c — jw-detect: reads the spool of events, tells what the rules say about them. */
#include "detect.h"

#include <stdio.h>

#include "base/log.h"

static const struct jw_option options[] = {
    {"rules", "DIR", NULL, "folder of Sigma rules; may be given more than once (default CONTENT/rules)", 0, 0,
     true},
    {"flood", "N", "50", "alerts of one rule in five seconds that are told one by one; more are merged", 0, 1000000,
     false},
    {"alerts-mib", "MIB", "8192", "most room for alerts that jw-loader has not taken yet; then matching waits", 4,
     1 << 20, false},
    {0}};

static jw_status load(struct jw_daemon_run *run, struct jw_rules **out, struct jw_error *err) {
    char preset[JW_PATH];
    char *only[] = {preset, NULL};
    char *const *folders = jw_daemon_list(run, "rules");
    snprintf(preset, sizeof preset, "%s/rules", run->content);
    jw_status st = jw_rules_load(run->content, *folders ? folders : only, out, err);
    if (st != JW_OK)
        return st;
    jw_stat_set(jw_stats_get(run->stats, "rules_loaded", (jw_text){0}),
                (*out)->counts.rules + (*out)->counts.correlations);
    jw_stat_set(jw_stats_get(run->stats, "rules_refused", (jw_text){0}), (*out)->counts.refused);
    jw_stat_set(jw_stats_get(run->stats, "rules_unrouted", (jw_text){0}), (*out)->counts.unrouted);
    jw_log(JW_LOG_INFO, "rules: %u loaded, %u correlations, %u refused", (*out)->counts.rules,
           (*out)->counts.correlations, (*out)->counts.refused);
    return JW_OK;
}

static jw_status start(struct jw_daemon_run *run, struct jw_error *err) {
    JW_AUTO(jw_rules_free_p) struct jw_rules *rules = NULL;
    struct jw_follow *follow = NULL;
    jw_status st = load(run, &rules, err);
    if (st == JW_OK)
        st = jw_follow_start(run, rules, &follow, err);
    if (st != JW_OK)
        return st;
    rules = NULL;
    run->state = follow;
    return JW_OK;
}

/* The new set is compiled while the old one goes on matching; a set that cannot be loaded changes nothing. */
static void reload(struct jw_daemon_run *run) {
    struct jw_rules *rules = NULL;
    struct jw_error err = {{0}};
    if (load(run, &rules, &err) != JW_OK) {
        jw_log(JW_LOG_ERROR, "reload: %s; the old rules stay", err.text);
        return;
    }
    jw_follow_reload(run->state, rules);
}

static void stop(struct jw_daemon_run *run) { jw_follow_stop(run->state); }

static const struct jw_daemon detect = {
    .name = "jw-detect",
    .about = "matches detection rules against the events in the spool",
    .options = options,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) { return jw_daemon_main(&detect, argc, argv); }
