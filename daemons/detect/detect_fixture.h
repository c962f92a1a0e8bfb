/* daemons/detect/detect_fixture.h — what the tests here share: the real jw-detect over real spools, started and
 * killed, events written, alerts read. */
#pragma once
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/stats.h"
#include "record/codec.h"
#include "spool/spool.h"
#include "test/test.h"

#define STAGE_FRAME  20 /* events; every fifth carries the mark */
#define STAGE_HITS   4
#define STAGE_EVENTS 200000

struct stage {
    char data[512], events[600], alerts[600], rules[600];
    const char *options[8]; /* of jw-detect, NULL-ended */
    pid_t pid;
};

struct tally {
    uint64_t alerts, merged, events; /* alerts; merged ones among them; the sum of alert.count */
    uint64_t twice, other;           /* events named by two alerts; alerts without evidence */
    bool seen[STAGE_EVENTS];
    char first[4096], last[4096]; /* as JSON */
};

/* The one rule at the beginning. */
static const char fixture_rule[] =
    "title: one\ntitle_zh: 一\nid: rule-one\nlevel: high\nauthor: A. Uthor\nlicense: DRL 1.1\n"
    "references: [https://example.org/one]\ntags: [attack.t1110.001, attack.credential-access]\n"
    "logsource: {product: jinwu}\ndetection: {a: {test.mark: hit}, condition: a}\n";

static inline void stage_rule(struct stage *s, const char *name, const char *text) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", s->rules, name);
    FILE *file = fopen(path, "we");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
}

static inline void stage_build(struct jw_test *t, struct stage *s) {
    snprintf(s->data, sizeof s->data, "%s/data", t->folder);
    snprintf(s->events, sizeof s->events, "%s/spool/events", s->data);
    snprintf(s->alerts, sizeof s->alerts, "%s/spool/alerts", s->data);
    snprintf(s->rules, sizeof s->rules, "%s/rules", t->folder);
    char path[700];
    mkdir(s->data, 0755);
    snprintf(path, sizeof path, "%s/spool", s->data);
    mkdir(path, 0755);
    mkdir(s->rules, 0755);
    stage_rule(s, "one.yml", fixture_rule);
}

static inline void become(const struct stage *s, int ready) {
    char program[4096], data[600], content[4200], rules[700], fd[16];
    const char *built = getenv("JW_BUILD"), *words[16] = {program, data, content, rules, "--log=error"};
    snprintf(program, sizeof program, "%s/daemons/detect/jw-detect", built ? built : ".");
    snprintf(data, sizeof data, "--data=%s", s->data);
    snprintf(content, sizeof content, "--content=%s/content", jw_test_source());
    snprintf(rules, sizeof rules, "--rules=%s", s->rules);
    snprintf(fd, sizeof fd, "%d", ready);
    for (size_t i = 0; s->options[i]; i++)
        words[5 + i] = s->options[i];
    setenv("JW_READY_FD", fd, 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", 1); /* its checker wants ptrace */
    execv(program, (char **)(uintptr_t)words);
    _exit(127);
}

static inline void stage_start(struct stage *s) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        abort();
    s->pid = fork();
    if (s->pid == 0) {
        close(ready[0]);
        become(s, ready[1]);
    }
    close(ready[1]);
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
}

static inline void stage_end(struct stage *s, int how) {
    kill(s->pid, how);
    waitpid(s->pid, NULL, 0);
}

static inline void add_event(struct jw_batch_writer *batch, struct jw_arena *mem, const char *mark, unsigned user) {
    struct jw_record rec = {.mem = mem};
    char name[32];
    int len = snprintf(name, sizeof name, "user-%u", user);
    jw_record_set(&rec, JW_TEXT("event.dataset"), JW_TEXT("test"));
    jw_record_set(&rec, JW_TEXT("gov.unit"), JW_TEXT("数据局"));
    jw_record_set(&rec, JW_TEXT("user.name"), jw_arena_copy(mem, (jw_text){name, (size_t)len}));
    jw_record_set(&rec, JW_TEXT("test.mark"), jw_text_from(mark));
    jw_record_set_time(&rec, INT64_C(1750000000) * JW_SECOND);
    if (jw_batch_writer_add(batch, &rec) != JW_OK)
        abort();
}

/* Users take turns over the events: user-0 .. user-(users - 1). */
static inline void stage_append(struct jw_test *t, struct jw_spool *spool, const char *mark, unsigned users) {
    static unsigned turn;
    struct jw_batch_writer *batch = jw_batch_writer_new(1 << 20);
    struct jw_arena *mem = jw_arena_new(8 << 20);
    struct jw_spool_frame frame = {.events = STAGE_FRAME};
    uint64_t position = 0;
    for (int i = 0; i < STAGE_FRAME; i++)
        add_event(batch, mem, i % (STAGE_FRAME / STAGE_HITS) == 0 ? mark : "miss", turn++ % users);
    frame.body = jw_batch_writer_finish(batch);
    JW_CHECK_OK(t, jw_spool_append(spool, &frame, &position, &t->err));
    jw_batch_writer_free(batch);
    jw_arena_free(mem);
}

struct wanted {
    const char *name;
    uint64_t value;
};

static inline void see(void *context, const char *name, const char *source, uint64_t value) {
    struct wanted *wanted = context;
    if (!*source && strcmp(name, wanted->name) == 0)
        wanted->value = value;
}

static inline uint64_t stage_counter(const struct stage *s, const char *name) {
    char path[700];
    struct wanted wanted = {.name = name};
    snprintf(path, sizeof path, "%s/run/jw-detect.stats", s->data);
    return jw_stats_read(path, see, &wanted, NULL) == JW_OK ? wanted.value : 0;
}

static inline void as_json(const struct jw_record *rec, char out[4096]) {
    jw_buffer json = JW_BUFFER(4095);
    jw_record_json(rec, &json);
    memcpy(out, json.ptr, json.len);
    out[json.len] = '\0';
    jw_buffer_free(&json);
}

static inline void count_alert(struct tally *tally, const struct jw_record *rec) {
    const jw_field *count = jw_record_find(rec, JW_TEXT("alert.count"));
    int64_t events = 0;
    uint32_t spool, named = 0;
    uint64_t number;
    for (uint32_t i = 0; i < rec->count; i++) {
        if (!jw_text_is(rec->fields[i].name, JW_TEXT("alert.events")))
            continue;
        named++;
        if (!jw_spool_event_parse(rec->fields[i].value, &spool, &number) || number >= STAGE_EVENTS) {
            tally->other++;
            continue;
        }
        tally->twice += tally->seen[number];
        tally->seen[number] = true;
    }
    if (!named || !count || !jw_text_i64(count->value, &events))
        tally->other++;
    if (tally->alerts++ == 0)
        as_json(rec, tally->first);
    as_json(rec, tally->last);
    tally->merged += jw_record_find(rec, JW_TEXT("alert.merged")) != NULL;
    tally->events += (uint64_t)events;
}

static inline void stage_read(struct jw_test *t, const struct stage *s, struct tally *tally) {
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

/* Until that many events are told, at most 20 seconds. */
static inline void stage_wait(struct jw_test *t, const struct stage *s, struct tally *tally, uint64_t events) {
    int64_t until = jw_time_steady() + 20 * JW_SECOND;
    do {
        usleep(50 * 1000);
        stage_read(t, s, tally);
    } while (tally->events < events && jw_time_steady() < until);
}
