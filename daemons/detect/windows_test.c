/* daemons/detect/windows_test.c — correlation windows of the real process: killed in the middle, its file lost or
 * damaged, its rules reloaded, each alert comes once and counts right.
 *
 * Every event happened at the same moment, so all are in one window whatever its timespan. How long ago a frame was
 * written decides what can be filled from the spool: with a timespan of one second, soon nothing. */
#include "detect_fixture.h"

#define USERS  7
#define FRAMES 400
#define LEAST  228 /* hits that each user has; some have one more, none has two */

static void add_rule(struct stage *s, const char *name, const char *timespan, int least) {
    char text[512], file[32];
    snprintf(text, sizeof text,
             "title: %s\nid: %s\nlevel: high\ncorrelation:\n  type: event_count\n  rules: [rule-one]\n"
             "  group-by: [user.name]\n  timespan: %s\n  condition: {gte: %d}\n",
             name, name, timespan, least);
    snprintf(file, sizeof file, "%s.yml", name);
    stage_rule(s, file, text);
}

static const char *windows_path(const struct stage *s) {
    static char path[700];
    snprintf(path, sizeof path, "%s/spool/detect.windows", s->data);
    return path;
}

struct run {
    struct jw_test *t;
    struct stage stage;
    struct jw_spool *spool;
    struct tally tally;
};

static struct run *begin(struct jw_test *t, const char *timespan) {
    struct run *run = calloc(1, sizeof *run);
    run->t = t;
    stage_build(t, &run->stage);
    add_rule(&run->stage, "many", timespan, LEAST);         /* not one may be lost */
    add_rule(&run->stage, "too-many", timespan, LEAST + 2); /* and none counted twice */
    JW_CHECK_OK(t, jw_spool_open(run->stage.events, NULL, &run->spool, NULL, &t->err));
    stage_start(&run->stage);
    return run;
}

static void append(struct run *run, int frames) {
    for (int i = 0; i < frames; i++)
        stage_append(run->t, run->spool, "hit", USERS);
}

/* Matched, committed and saved. */
static void settle(struct run *run, uint64_t events) {
    int64_t until = jw_time_steady() + 30 * JW_SECOND;
    while (stage_counter(&run->stage, "events_matched_total") < events && jw_time_steady() < until)
        usleep(20 * 1000);
    usleep(1700 * 1000);
}

/* Everything was appended: one alert for each user, with LEAST events. */
static void end(struct run *run, int alerts, uint64_t refused) {
    struct jw_test *t = run->t;
    stage_wait(t, &run->stage, &run->tally, (uint64_t)alerts * LEAST);
    usleep(300 * 1000); /* for one too many */
    stage_end(&run->stage, SIGTERM);
    stage_read(t, &run->stage, &run->tally);
    JW_CHECK_INT(t, run->tally.alerts, alerts);
    JW_CHECK_INT(t, run->tally.events, alerts * LEAST);
    JW_CHECK_INT(t, run->tally.twice, 0);
    JW_CHECK_INT(t, stage_counter(&run->stage, "correlation_state_refused_total"), refused);
    JW_CHECK_INT(t, stage_counter(&run->stage, "correlation_state_failures_total"), 0);
    jw_spool_close(run->spool);
    free(run);
}

static void killed_in_the_middle_of_a_window_it_counts_on(struct jw_test *t) {
    struct run *run = begin(t, "1s");
    append(run, FRAMES / 2);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    stage_end(&run->stage, SIGKILL);
    stage_start(&run->stage);
    append(run, FRAMES / 2);
    end(run, USERS, 0);
}

static void killed_at_any_moment_each_alert_comes_once(struct jw_test *t) {
    struct run *run = begin(t, "1s");
    for (int i = 0; i < 12; i++) {
        append(run, FRAMES / 12 + (i < FRAMES % 12));
        usleep((useconds_t)(i * 150 * 1000)); /* before, between and after commits, which come each second */
        stage_end(&run->stage, SIGKILL);
        if (i == 7)
            usleep(1200 * 1000); /* nothing can be filled from the spool now */
        stage_start(&run->stage);
    }
    end(run, USERS, 0);
}

static void a_missing_file_is_told_and_the_spool_fills_the_windows(struct jw_test *t) {
    struct run *run = begin(t, "10m");
    append(run, FRAMES / 2);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    stage_end(&run->stage, SIGKILL);
    JW_CHECK_INT(t, unlink(windows_path(&run->stage)), 0);
    stage_start(&run->stage);
    append(run, FRAMES / 2);
    end(run, USERS, 1);
}

static void a_damaged_file_is_told_and_the_spool_fills_the_windows(struct jw_test *t) {
    struct run *run = begin(t, "10m");
    append(run, FRAMES / 2);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    stage_end(&run->stage, SIGTERM);
    FILE *file = fopen(windows_path(&run->stage), "r+e");
    JW_CHECK(t, file && fseek(file, 60, SEEK_SET) == 0 && fputc(0x55, file) != EOF && fclose(file) == 0);
    stage_start(&run->stage);
    append(run, FRAMES / 2);
    end(run, USERS, 1);
}

static void copy(struct jw_test *t, const char *from, const char *to) {
    jw_text bytes = jw_test_read(t, from);
    FILE *file = fopen(to, "we");
    JW_CHECK(t, file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len && fclose(file) == 0);
}

/* Of the file and the cursor, one may be older than the other: killed between writing the two, or a full disk. */
static void older(struct jw_test *t, const char *name) {
    struct run *run = begin(t, "1s");
    char path[700], kept[700];
    snprintf(path, sizeof path, "%s/spool/%s", run->stage.data, name);
    snprintf(kept, sizeof kept, "%s/kept", t->folder);
    append(run, FRAMES / 4);
    settle(run, FRAMES / 4 * STAGE_FRAME);
    copy(t, path, kept);
    append(run, FRAMES / 4);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    stage_end(&run->stage, SIGKILL);
    copy(t, kept, path);
    stage_start(&run->stage);
    append(run, FRAMES / 2);
    end(run, USERS, 0);
}

static void a_file_older_than_the_cursor_is_brought_up(struct jw_test *t) { older(t, "detect.windows"); }
static void a_file_newer_than_the_cursor_moves_it_on(struct jw_test *t) { older(t, "events/detect.cursor"); }

static void a_reload_takes_the_windows_along(struct jw_test *t) {
    struct run *run = begin(t, "1s");
    append(run, FRAMES / 2);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    add_rule(&run->stage, "other", "1s", 100000);
    kill(run->stage.pid, SIGHUP);
    usleep(1500 * 1000);
    append(run, FRAMES / 2);
    end(run, USERS, 0);
}

/* Every number leads to its evidence: the newest of the events, the rule they matched, whose they are. */
static void an_alert_says_what_was_measured_of_whom(struct jw_test *t) {
    struct run *run = begin(t, "10m");
    append(run, FRAMES);
    stage_wait(t, &run->stage, &run->tally, (uint64_t)USERS * LEAST);
    stage_end(&run->stage, SIGTERM);
    static const char *const parts[] = {
        "\"alert.measure\":228",
        "\"alert.count\":228",
        "\"alert.group\":\"user.name=user-",
        "\"alert.rules\":\"one\"",
        "\"rule.id\":\"many\"",
        "\"event.reason\":\"228 events (gte 228) within 10m: user.name=user-",
        "\"alert.events\":[\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(run->tally.last, parts[i])) {
            printf("  %s is not in %s\n", parts[i], run->tally.last);
            jw_test_failed(t, __FILE__, __LINE__, "an alert says what was measured");
        }
    jw_spool_close(run->spool);
    free(run);
}

/* A rule that is new at the reload learns from the spool what happened before. */
static void a_new_correlation_is_shown_what_happened(struct jw_test *t) {
    struct run *run = begin(t, "10m");
    append(run, FRAMES / 2);
    settle(run, FRAMES / 2 * STAGE_FRAME);
    add_rule(&run->stage, "other", "11m", LEAST);
    kill(run->stage.pid, SIGHUP);
    usleep(1500 * 1000);
    append(run, FRAMES / 2);
    stage_wait(t, &run->stage, &run->tally, 2 * USERS * LEAST);
    JW_CHECK_INT(t, run->tally.alerts, 2 * USERS);
    JW_CHECK_INT(t, run->tally.events, 2 * USERS * LEAST);
    stage_end(&run->stage, SIGTERM);
    jw_spool_close(run->spool);
    free(run);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(killed_in_the_middle_of_a_window_it_counts_on),
                                      JW_CASE(killed_at_any_moment_each_alert_comes_once),
                                      JW_CASE(a_missing_file_is_told_and_the_spool_fills_the_windows),
                                      JW_CASE(a_damaged_file_is_told_and_the_spool_fills_the_windows),
                                      JW_CASE(a_file_older_than_the_cursor_is_brought_up),
                                      JW_CASE(a_file_newer_than_the_cursor_moves_it_on),
                                      JW_CASE(a_reload_takes_the_windows_along),
                                      JW_CASE(a_new_correlation_is_shown_what_happened),
                                      JW_CASE(an_alert_says_what_was_measured_of_whom),
                                      {0}});
}
