/* daemons/detect/main.c — jw-detect: reads the spool of events, tells what the rules say about them. */
#include "board.h"

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

static struct {
    struct jw_follow *follow;
    struct jw_force *force; /* what it uses, or will from the next frame on */
} state;

static void free_force(struct jw_force **force) { jw_force_free(*force); }

static jw_status load(struct jw_daemon_run *run, struct jw_rules **out, struct jw_refusals *refusals,
                      struct jw_error *err) {
    char preset[JW_PATH];
    char *only[] = {preset, NULL};
    char *const *folders = jw_daemon_list(run, "rules");
    snprintf(preset, sizeof preset, "%s/rules", run->content);
    return jw_rules_load(run->content, *folders ? folders : only, out, refusals, err);
}

/* For people and for metrics: what is in force, what was refused, and why nothing changed. */
static void show(struct jw_daemon_run *run, const struct jw_rules *rules, const struct jw_refusals *refusals,
                 const char *why) {
    struct jw_error err = {{0}};
    if (jw_board_loaded(run->data, refusals, why, &err) != JW_OK) /* before the numbers that make people look */
        jw_log(JW_LOG_WARNING, "%s", err.text);
    jw_stat_set(jw_stats_get(run->stats, "rules_refused", (jw_text){0}), refusals->total);
    jw_stat_set(jw_stats_get(run->stats, "rules_reload_refused", (jw_text){0}), why != NULL);
    if (rules) {
        jw_stat_set(jw_stats_get(run->stats, "rules_loaded", (jw_text){0}),
                    rules->counts.rules + rules->counts.correlations);
        jw_stat_set(jw_stats_get(run->stats, "rules_unrouted", (jw_text){0}), rules->counts.unrouted);
        jw_log(JW_LOG_INFO, "rules: %u loaded, %u correlations, %u refused", rules->counts.rules,
               rules->counts.correlations, refusals->total);
    }
}

static jw_status start(struct jw_daemon_run *run, struct jw_error *err) {
    JW_AUTO(jw_rules_free_p) struct jw_rules *rules = NULL;
    JW_AUTO(jw_rules_refusals_free) struct jw_refusals refusals = {0};
    jw_status st = load(run, &rules, &refusals, err);
    if (st == JW_OK && !(state.force = jw_force_new(rules)))
        st = jw_fail(err, JW_E_LIMIT, "rules: no memory");
    if (st == JW_OK) {
        show(run, rules, &refusals, NULL);
        st = jw_follow_start(run, rules, &state.follow, err);
    }
    if (st != JW_OK)
        return st;
    rules = NULL;
    run->state = &state;
    return JW_OK;
}

/* The new set is compiled while the old one goes on matching; a set that cannot be loaded, or that lost a rule by a
 * mistake, changes nothing. */
static void reload(struct jw_daemon_run *run) {
    JW_AUTO(jw_rules_free_p) struct jw_rules *rules = NULL;
    JW_AUTO(free_force) struct jw_force *force = NULL;
    JW_AUTO(jw_rules_refusals_free) struct jw_refusals refusals = {0};
    struct jw_error err = {{0}};
    jw_status st = load(run, &rules, &refusals, &err);
    if (st == JW_OK && !(force = jw_force_new(rules)))
        st = jw_fail(&err, JW_E_LIMIT, "rules: no memory");
    if (st == JW_OK)
        st = jw_force_check(state.force, force, &refusals, &err);
    show(run, st == JW_OK ? rules : NULL, &refusals, st == JW_OK ? NULL : err.text);
    jw_stat_add(jw_stats_get(run->stats, "rules_reloads_total", st == JW_OK ? JW_TEXT("done") : JW_TEXT("refused")),
                1);
    if (st != JW_OK) {
        jw_log(JW_LOG_ERROR, "reload refused, the old rules stay: %s; mend or delete it, then send SIGHUP again",
               err.text);
        return;
    }
    jw_force_free(state.force);
    state.force = force;
    force = NULL;
    jw_follow_reload(state.follow, rules);
    rules = NULL;
}

static void stop(struct jw_daemon_run *run) {
    (void)run;
    jw_follow_stop(state.follow);
    jw_force_free(state.force);
}

static const struct jw_daemon detect = {
    .name = "jw-detect",
    .about = "matches detection rules against the events in the spool",
    .options = options,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) { return jw_daemon_main(&detect, argc, argv); }
