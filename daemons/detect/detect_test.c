/* daemons/detect/detect_test.c — the real process over a real spool: killed at any moment, every alert once. */
#include "detect_fixture.h"

#include "sigma/published.h"

#define FRAMES 400
#define KILLS  12

#define EACH_ALONE \
    { "--flood=1000000", NULL }

static struct tally tally;

static const char second[] = "title: two\nid: rule-two\nlevel: low\nlogsource: {product: jinwu}\ndetection: {a: "
                             "{test.mark: late}, condition: a}\n";

static void killed_at_any_moment_every_alert_is_told_once(struct jw_test *t) {
    struct stage s = {.options = EACH_ALONE};
    struct jw_spool *spool = NULL;
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_start(&s);
    for (int f = 0; spool && f < FRAMES; f++) {
        stage_append(t, spool, "hit", 1);
        usleep(500);
        if (f % (FRAMES / KILLS) == 7) {
            stage_end(&s, SIGKILL);
            stage_start(&s);
        }
    }
    stage_wait(t, &s, &tally, FRAMES * STAGE_HITS);
    stage_end(&s, SIGTERM);
    stage_start(&s); /* once more over a finished spool: nothing is told again */
    usleep(500 * 1000);
    stage_end(&s, SIGTERM);
    stage_read(t, &s, &tally);
    JW_CHECK_INT(t, tally.alerts, FRAMES * STAGE_HITS);
    JW_CHECK_INT(t, tally.twice, 0);
    JW_CHECK_INT(t, tally.other, 0);
    jw_spool_close(spool);
}

static void an_alert_says_who_what_why_and_whose(struct jw_test *t) {
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_append(t, spool, "hit", 1);
    stage_start(&s);
    stage_wait(t, &s, &tally, STAGE_HITS);
    stage_end(&s, SIGTERM);
    static const char *const parts[] = {"\"event.kind\":\"alert\"",
                                        "\"message\":\"一\"",
                                        "\"rule.id\":\"rule-one\"",
                                        "\"rule.name\":\"one\"",
                                        "\"rule.level\":\"high\"",
                                        "\"rule.author\":\"A. Uthor\"",
                                        "\"rule.reference\":\"https://example.org/one\"",
                                        "\"rule.license\":\"DRL 1.1\"",
                                        "\"threat.framework\":\"MITRE ATT&CK\"",
                                        "\"threat.technique.id\":\"T1110\"",
                                        "\"threat.technique.subtechnique.id\":\"T1110.001\"",
                                        "\"threat.tactic.id\":\"TA0006\"",
                                        "\"threat.tactic.name\":\"Credential Access\"",
                                        "\"gov.unit\":\"数据局\"",
                                        "\"event.severity\":70",
                                        "\"alert.events\":\"",
                                        "\"alert.count\":1",
                                        "\"event.reason\":\"test.mark is \\\"hit\\\"\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(tally.first, parts[i])) {
            printf("  %s is not in %s\n", parts[i], tally.first);
            jw_test_failed(t, __FILE__, __LINE__, "an alert says who, what, why and whose");
        }
    jw_spool_close(spool);
}

static void reloading_under_load_loses_nothing(struct jw_test *t) {
    struct stage s = {.options = EACH_ALONE};
    struct jw_spool *spool = NULL;
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_start(&s);
    for (int f = 0; spool && f < FRAMES / 2; f++) {
        stage_append(t, spool, "hit", 1);
        usleep(500);
        if (f % 10 == 3)
            kill(s.pid, SIGHUP);
    }
    stage_rule(&s, "two.yml", second);
    kill(s.pid, SIGHUP);
    usleep(700 * 1000);
    stage_append(t, spool, "late", 1);
    stage_wait(t, &s, &tally, (FRAMES / 2 + 1) * STAGE_HITS);
    stage_end(&s, SIGTERM);
    JW_CHECK_INT(t, tally.alerts, (FRAMES / 2 + 1) * STAGE_HITS);
    JW_CHECK_INT(t, tally.twice, 0);
    jw_spool_close(spool);
}

static bool waited_for(const struct stage *s, const char *counter, uint64_t want) {
    for (int i = 0; i < 400 && stage_counter(s, counter) != want; i++)
        usleep(25 * 1000);
    return stage_counter(s, counter) == want;
}

static const char broken[] = "title: broken\nid: rule-one\nlogsource: {product: jinwu}\n"
                             "detection: {a: {test.mark|nonsense: hit}, condition: a}\n";

static void a_reload_that_would_lose_a_rule_is_refused(struct jw_test *t) {
    struct stage s = {.options = EACH_ALONE};
    struct jw_spool *spool = NULL;
    struct jw_published *rules = NULL;
    char path[700];
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_start(&s);
    stage_rule(&s, "one.yml", broken); /* it was in force */
    stage_rule(&s, "two.yml", second);
    kill(s.pid, SIGHUP);
    JW_CHECK(t, waited_for(&s, "rules_reload_refused", 1));
    JW_CHECK_OK(t, jw_published_read(s.data, &rules, &t->err));
    JW_CHECK(t, rules && jw_text_find(rules->why, JW_TEXT("rule-one"), NULL));
    JW_CHECK(t, rules && jw_text_find(rules->why, JW_TEXT("one.yml"), NULL));
    jw_published_free(rules);
    stage_append(t, spool, "hit", 1);
    stage_wait(t, &s, &tally, STAGE_HITS);
    JW_CHECK_INT(t, tally.events, STAGE_HITS); /* the old rule goes on */
    stage_rule(&s, "one.yml", fixture_rule);
    stage_rule(&s, "three.yml", "title: three\nid: rule-three\ndetection: nothing\n"); /* was never in force */
    kill(s.pid, SIGHUP);
    JW_CHECK(t, waited_for(&s, "rules_loaded", 2));
    JW_CHECK_INT(t, stage_counter(&s, "rules_reload_refused"), 0);
    JW_CHECK_INT(t, stage_counter(&s, "rules_refused"), 1);
    snprintf(path, sizeof path, "%s/one.yml", s.rules);
    unlink(path); /* nobody makes that mistake with a file */
    kill(s.pid, SIGHUP);
    JW_CHECK(t, waited_for(&s, "rules_loaded", 1));
    stage_end(&s, SIGTERM);
    jw_spool_close(spool);
}

static void each_rule_counts_what_it_did_over_reloads_and_restarts(struct jw_test *t) {
    struct stage s = {.options = {"--flood=10", NULL}};
    struct jw_spool *spool = NULL;
    struct jw_published *rules = NULL;
    stage_build(t, &s);
    stage_rule(&s, "two.yml", second);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    for (int f = 0; spool && f < 10; f++)
        stage_append(t, spool, "hit", 1);
    stage_start(&s);
    JW_CHECK(t, waited_for(&s, "events_matched_total", (uint64_t)10 * STAGE_FRAME));
    kill(s.pid, SIGHUP);
    JW_CHECK(t, waited_for(&s, "rules_loaded", 2));
    stage_end(&s, SIGTERM);
    stage_start(&s);
    stage_append(t, spool, "late", 1);
    JW_CHECK(t, waited_for(&s, "events_matched_total", (uint64_t)11 * STAGE_FRAME));
    stage_end(&s, SIGTERM);
    JW_CHECK_OK(t, jw_published_read(s.data, &rules, &t->err));
    for (size_t i = 0; rules && i < rules->rule_count; i++) {
        const struct jw_published_rule *rule = &rules->rules[i];
        bool one = jw_text_is(rule->id, JW_TEXT("rule-one"));
        JW_CHECK_INT(t, rule->matched, one ? 10 * STAGE_HITS : STAGE_HITS);
        JW_CHECK_INT(t, rule->alerts, one ? 10 * STAGE_HITS : STAGE_HITS);
        JW_CHECK(t, rule->evaluated >= rule->matched);
        JW_CHECK_INT(t, rule->merged, one ? 10 * STAGE_HITS - 10 : 0);
    }
    JW_CHECK_INT(t, rules ? rules->rule_count : 0, 2);
    jw_published_free(rules);
    jw_spool_close(spool);
}

/* --- too many alerts ------------------------------------------------------------------------------------------ */
static void a_rule_that_fires_without_end_is_merged_and_counted(struct jw_test *t) {
    struct stage s = {.options = {"--flood=30", NULL}};
    struct jw_spool *spool = NULL;
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    for (int f = 0; spool && f < FRAMES; f++)
        stage_append(t, spool, "hit", 1);
    stage_start(&s);
    stage_wait(t, &s, &tally, 30);
    for (int i = 0; i < 400 && stage_counter(&s, "lag_events"); i++)
        usleep(50 * 1000);
    stage_end(&s, SIGTERM); /* tells what waited */
    stage_read(t, &s, &tally);
    JW_CHECK_INT(t, tally.alerts, 31);
    JW_CHECK_INT(t, tally.merged, 1);
    JW_CHECK_INT(t, tally.events, FRAMES * STAGE_HITS);
    JW_CHECK_INT(t, tally.twice, 0);
    JW_CHECK_INT(t, stage_counter(&s, "alerts_merged_total"), FRAMES * STAGE_HITS - 30);
    JW_CHECK(t, strstr(tally.last, "\"alert.count\":1570") && strstr(tally.last, "\"alert.merged\":1570"));
    JW_CHECK(t,
             strstr(tally.last, "\"user.name\":\"user-0\"") && strstr(tally.last, "\"rule.author\":\"A. Uthor\""));
    jw_spool_close(spool);
}

/* Twelve users: eight have an alert of their own, the others share the one of their unit. */
static void killed_in_a_flood_every_event_is_counted_once(struct jw_test *t) {
    struct stage s = {.options = {"--flood=30", NULL}};
    struct jw_spool *spool = NULL;
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_start(&s);
    for (int f = 0; spool && f < FRAMES; f++) {
        stage_append(t, spool, "hit", 12);
        usleep(500);
        if (f % (FRAMES / KILLS) == 7) { /* every third time it may tell what it merged */
            stage_end(&s, f % 3 == 0 ? SIGTERM : SIGKILL);
            stage_start(&s);
        }
    }
    for (int i = 0; i < 400 && stage_counter(&s, "lag_events"); i++)
        usleep(50 * 1000);
    usleep(300 * 1000);
    stage_end(&s, SIGTERM);
    stage_read(t, &s, &tally);
    JW_CHECK_INT(t, tally.events, FRAMES * STAGE_HITS);
    JW_CHECK_INT(t, tally.twice, 0);
    JW_CHECK_INT(t, tally.other, 0);
    JW_CHECK(t, tally.merged > 0 && tally.alerts < FRAMES);
    JW_CHECK(t, strstr(tally.last, "\"user.name\"") == NULL && strstr(tally.last, "数据局"));
    jw_spool_close(spool);
}

/* --- a spool of alerts that nobody empties -------------------------------------------------------------------- */
static void matching_waits_for_room_and_says_so(struct jw_test *t) {
    struct stage s = {.options = {"--flood=1000000", "--alerts-mib=4", NULL}};
    struct jw_spool *spool = NULL;
    struct jw_spool_reader *loader = NULL;
    struct jw_spool_frame frame;
    enum { MANY = 4000 };
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_start(&s);
    for (int f = 0; spool && f < MANY; f++)
        stage_append(t, spool, "hit", 1);
    for (int i = 0; i < 400 && !stage_counter(&s, "alerts_blocked"); i++)
        usleep(50 * 1000);
    JW_CHECK_INT(t, stage_counter(&s, "alerts_blocked"), 1);
    usleep(1200 * 1000);
    JW_CHECK(t, stage_counter(&s, "lag_events") > 0);
    uint64_t events = 0;
    JW_CHECK_OK(t, jw_spool_reader_open(s.alerts, "loader", &loader, &t->err));
    for (int64_t until = jw_time_steady() + 60 * JW_SECOND; loader && jw_time_steady() < until;) {
        jw_status st = jw_spool_reader_next(loader, &frame, &t->err);
        if (st == JW_OK) {
            events += frame.events;
            JW_CHECK_OK(t, jw_spool_reader_commit(loader, frame.position, &t->err));
        } else if (events >= (uint64_t)MANY * STAGE_HITS) {
            break;
        } else {
            usleep(1000);
        }
    }
    JW_CHECK_INT(t, events, MANY * STAGE_HITS);
    JW_CHECK_INT(t, stage_counter(&s, "alerts_blocked"), 0);
    JW_CHECK_INT(t, stage_counter(&s, "alerts_dropped_total"), 0);
    stage_end(&s, SIGTERM);
    jw_spool_reader_close(loader);
    jw_spool_close(spool);
}

static void what_cannot_be_read_is_counted_and_passed(struct jw_test *t) {
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    uint64_t position;
    const struct jw_spool_frame bad = {.events = 17, .body = JW_TEXT("\1no batch of records")};
    stage_build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    JW_CHECK_OK(t, jw_spool_append(spool, &bad, &position, &t->err));
    stage_append(t, spool, "hit", 1);
    stage_start(&s);
    stage_wait(t, &s, &tally, STAGE_HITS);
    stage_end(&s, SIGTERM);
    JW_CHECK_INT(t, tally.alerts, STAGE_HITS);
    JW_CHECK_INT(t, stage_counter(&s, "events_unreadable_total"), 17);
    jw_spool_close(spool);
}

static void an_expression_that_is_given_up_is_counted_over_reloads(struct jw_test *t) {
    static const char catastrophic[] = "title: two\nid: rule-two\nlevel: low\nlogsource: {product: jinwu}\n"
                                       "detection: {a: {test.mark|re: '^(a|aa)+$'}, condition: a}\n";
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    char mark[102];
    memset(mark, 'a', 100);
    memcpy(mark + 100, "!", 2);
    stage_build(t, &s);
    stage_rule(&s, "two.yml", catastrophic);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    stage_append(t, spool, mark, 1);
    stage_start(&s);
    JW_CHECK(t, waited_for(&s, "regexes_given_up_total", 1)); /* one value, however many events have it */
    stage_rule(&s, "three.yml",
               "title: three\nid: rule-three\nlogsource: {product: jinwu}\n"
               "detection: {a: {test.mark: three}, condition: a}\n");
    kill(s.pid, SIGHUP);
    JW_CHECK(t, waited_for(&s, "rules_loaded", 3));
    for (int i = 0; i < 400 && stage_counter(&s, "regexes_given_up_total") < 2; i++) {
        stage_append(t, spool, mark, 1); /* the new set, once it is used, has to find out again */
        usleep(25 * 1000);
    }
    JW_CHECK_INT(t, stage_counter(&s, "regexes_given_up_total"), 2);
    stage_end(&s, SIGTERM);
    jw_spool_close(spool);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(an_alert_says_who_what_why_and_whose),
                                      JW_CASE(killed_at_any_moment_every_alert_is_told_once),
                                      JW_CASE(reloading_under_load_loses_nothing),
                                      JW_CASE(a_reload_that_would_lose_a_rule_is_refused),
                                      JW_CASE(each_rule_counts_what_it_did_over_reloads_and_restarts),
                                      JW_CASE(a_rule_that_fires_without_end_is_merged_and_counted),
                                      JW_CASE(killed_in_a_flood_every_event_is_counted_once),
                                      JW_CASE(matching_waits_for_room_and_says_so),
                                      JW_CASE(what_cannot_be_read_is_counted_and_passed),
                                      JW_CASE(an_expression_that_is_given_up_is_counted_over_reloads),
                                      {0}});
}
