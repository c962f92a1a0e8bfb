/* daemons/detect/detect_test.c — the real process over a real spool: killed at any moment, every alert once. */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "record/codec.h"
#include "spool/spool.h"
#include "test/test.h"

#define FRAMES    400
#define PER_FRAME 20
#define KILLS     12

struct stage {
    char data[512], events[600], alerts[600], rules[600];
    pid_t pid;
};

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
}

static const char rule[] =
    "title: one\ntitle_zh: 一\nid: rule-one\nlevel: high\ntags: [attack.t1110.001, attack.credential-access]\n"
    "logsource: {product: jinwu}\ndetection: {a: {test.mark: hit}, condition: a}\n";
static const char second[] = "title: two\nid: rule-two\nlevel: low\nlogsource: {product: jinwu}\ndetection: {a: "
                             "{test.mark: late}, condition: a}\n";

static void build(struct jw_test *t, struct stage *s) {
    snprintf(s->data, sizeof s->data, "%s/data", t->folder);
    snprintf(s->events, sizeof s->events, "%s/spool/events", s->data);
    snprintf(s->alerts, sizeof s->alerts, "%s/spool/alerts", s->data);
    snprintf(s->rules, sizeof s->rules, "%s/rules", t->folder);
    char path[700];
    mkdir(s->data, 0755);
    snprintf(path, sizeof path, "%s/spool", s->data);
    mkdir(path, 0755);
    mkdir(s->rules, 0755);
    snprintf(path, sizeof path, "%s/one.yml", s->rules);
    write_text(path, rule);
}

static void start(struct stage *s) {
    char program[4096], data[600], content[4200], rules[700];
    int ready[2];
    const char *built = getenv("JW_BUILD");
    snprintf(program, sizeof program, "%s/daemons/detect/jw-detect", built ? built : ".");
    snprintf(data, sizeof data, "--data=%s", s->data);
    snprintf(content, sizeof content, "--content=%s/content", jw_test_source());
    snprintf(rules, sizeof rules, "--rules=%s", s->rules);
    if (pipe(ready) != 0)
        abort();
    s->pid = fork();
    if (s->pid == 0) {
        char fd[16];
        snprintf(fd, sizeof fd, "%d", ready[1]);
        setenv("JW_READY_FD", fd, 1);
        setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", 1); /* its checker wants ptrace */
        close(ready[0]);
        execl(program, program, data, content, rules, "--log=error", (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    char byte;
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
}

static void end(struct stage *s, int how) {
    kill(s->pid, how);
    waitpid(s->pid, NULL, 0);
}

static void add_event(struct jw_batch_writer *batch, struct jw_arena *mem, const char *mark) {
    struct jw_record rec = {.mem = mem};
    jw_record_set(&rec, JW_TEXT("event.dataset"), JW_TEXT("test"));
    jw_record_set(&rec, JW_TEXT("gov.unit"), JW_TEXT("数据局"));
    jw_record_set(&rec, JW_TEXT("test.mark"), jw_text_from(mark));
    jw_record_set_time(&rec, INT64_C(1800000000) * JW_SECOND);
    if (jw_batch_writer_add(batch, &rec) != JW_OK)
        abort();
}

/* Every fifth event is a hit. */
static uint64_t append_frame(struct jw_test *t, struct jw_spool *spool, const char *mark) {
    struct jw_batch_writer *batch = jw_batch_writer_new(1 << 20);
    struct jw_arena *mem = jw_arena_new(8 << 20);
    struct jw_spool_frame frame = {.events = PER_FRAME};
    uint64_t position = 0;
    for (int i = 0; i < PER_FRAME; i++)
        add_event(batch, mem, i % 5 == 0 ? mark : "miss");
    frame.body = jw_batch_writer_finish(batch);
    JW_CHECK_OK(t, jw_spool_append(spool, &frame, &position, &t->err));
    jw_batch_writer_free(batch);
    jw_arena_free(mem);
    return position;
}

struct tally {
    unsigned alerts, twice, other;
    bool seen[FRAMES * PER_FRAME * 4];
    char first[4096];
};

static void count_alert(struct tally *tally, const struct jw_record *rec) {
    const jw_field *id = jw_record_find(rec, JW_TEXT("alert.events"));
    uint32_t spool;
    uint64_t number;
    if (!id || !jw_spool_event_parse(id->value, &spool, &number) || number >= sizeof tally->seen) {
        tally->other++;
        return;
    }
    tally->twice += tally->seen[number];
    tally->seen[number] = true;
    if (tally->alerts++ == 0) {
        jw_buffer json = JW_BUFFER(sizeof tally->first - 1);
        jw_record_json(rec, &json);
        memcpy(tally->first, json.ptr, json.len);
        jw_buffer_free(&json);
    }
}

static void read_alerts(struct jw_test *t, const struct stage *s, struct tally *tally) {
    struct jw_spool_reader *reader = NULL;
    struct jw_spool_frame frame;
    memset(tally, 0, sizeof *tally);
    JW_CHECK_OK(t, jw_spool_reader_open(s->alerts, NULL, &reader, &t->err));
    while (reader && jw_spool_reader_next(reader, &frame, &t->err) == JW_OK) {
        struct jw_arena *mem = jw_arena_new(64 << 20);
        struct jw_batch_reader batch;
        struct jw_record rec = {.mem = mem};
        if (jw_batch_reader_open(&batch, frame.body, mem, &t->err) == JW_OK)
            while (jw_batch_reader_next(&batch, &rec, &t->err) == JW_OK)
                count_alert(tally, &rec);
        jw_arena_free(mem);
    }
    jw_spool_reader_close(reader);
}

static void wait_for(struct jw_test *t, const struct stage *s, struct tally *tally, unsigned want) {
    int64_t until = jw_time_steady() + 20 * JW_SECOND;
    do {
        usleep(50 * 1000);
        read_alerts(t, s, tally);
    } while (tally->alerts < want && jw_time_steady() < until);
}

static void killed_at_any_moment_every_alert_is_told_once(struct jw_test *t) {
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    static struct tally tally;
    build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    start(&s);
    for (int f = 0; spool && f < FRAMES; f++) {
        append_frame(t, spool, "hit");
        usleep(500);
        if (f % (FRAMES / KILLS) == 7) {
            end(&s, SIGKILL);
            start(&s);
        }
    }
    wait_for(t, &s, &tally, FRAMES * PER_FRAME / 5);
    end(&s, SIGTERM);
    start(&s); /* once more over a finished spool: nothing is told again */
    usleep(500 * 1000);
    end(&s, SIGTERM);
    read_alerts(t, &s, &tally);
    JW_CHECK_INT(t, tally.alerts, FRAMES * PER_FRAME / 5);
    JW_CHECK_INT(t, tally.twice, 0);
    JW_CHECK_INT(t, tally.other, 0);
    jw_spool_close(spool);
}

static void an_alert_says_who_what_and_whose(struct jw_test *t) {
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    static struct tally tally;
    build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    append_frame(t, spool, "hit");
    start(&s);
    wait_for(t, &s, &tally, 4);
    end(&s, SIGTERM);
    static const char *const parts[] = {"\"event.kind\":\"alert\"",
                                        "\"message\":\"一\"",
                                        "\"rule.id\":\"rule-one\"",
                                        "\"rule.name\":\"one\"",
                                        "\"rule.level\":\"high\"",
                                        "\"threat.technique.id\":\"T1110.001\"",
                                        "\"gov.unit\":\"数据局\"",
                                        "\"event.severity\":70",
                                        "\"threat.tactic.name\":\"credential-access\"",
                                        "\"alert.count\":1",
                                        "\"event.reason\":\"test.mark is \\\"hit\\\"\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(tally.first, parts[i])) {
            printf("  %s is not in %s\n", parts[i], tally.first);
            jw_test_failed(t, __FILE__, __LINE__, "an alert says who, what and whose");
        }
    jw_spool_close(spool);
}

static void reloading_under_load_loses_nothing(struct jw_test *t) {
    struct stage s = {0};
    struct jw_spool *spool = NULL;
    static struct tally tally;
    char path[700];
    build(t, &s);
    JW_CHECK_OK(t, jw_spool_open(s.events, NULL, &spool, NULL, &t->err));
    start(&s);
    for (int f = 0; spool && f < FRAMES / 2; f++) {
        append_frame(t, spool, "hit");
        usleep(500);
        if (f % 10 == 3)
            kill(s.pid, SIGHUP);
    }
    snprintf(path, sizeof path, "%s/two.yml", s.rules);
    write_text(path, second);
    kill(s.pid, SIGHUP);
    usleep(700 * 1000);
    append_frame(t, spool, "late");
    wait_for(t, &s, &tally, (FRAMES / 2 + 1) * PER_FRAME / 5);
    end(&s, SIGTERM);
    JW_CHECK_INT(t, tally.alerts, (FRAMES / 2 + 1) * PER_FRAME / 5);
    JW_CHECK_INT(t, tally.twice, 0);
    jw_spool_close(spool);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(an_alert_says_who_what_and_whose),
                                                     JW_CASE(killed_at_any_moment_every_alert_is_told_once),
                                                     JW_CASE(reloading_under_load_loses_nothing),
                                                     {0}});
}
