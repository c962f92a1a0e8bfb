/* daemons/collect/collect_test.c — admission, order and answers of the pipeline; followed files; RELP frames;
 * sources. */
#include "followed.h"
#include "pipeline.h"
#include "relp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/time.h"
#include "intake/intake.h"
#include "record/codec.h"
#include "test/test.h"

/* --- the pipeline --------------------------------------------------------------------------------------------- */

struct bench {
    struct jw_test *t;
    struct jw_loop *loop;
    struct jw_stats *stats;
    struct jw_sources *sources;
    struct jw_spool *spool;
    struct jw_pipeline *pipeline;
    char folder[600];
    uint32_t answered, good, wanted;
    uint64_t order;
    bool in_order, room;
};

static void on_failed(void *context, const char *why) {
    jw_test_failed(((struct bench *)context)->t, why, 0, "disk");
}
static void on_late(void *context) { jw_loop_stop(((struct bench *)context)->loop); }

static void set_up(struct jw_test *t, struct bench *bench, uint64_t in_flight, uint64_t spool_bytes,
                   unsigned workers) {
    char *none[] = {NULL};
    struct jw_intake *intake = NULL;
    struct jw_timer *timer;
    *bench = (struct bench){.t = t, .in_order = true};
    JW_CHECK_OK(t, jw_loop_new(&bench->loop, &t->err));
    snprintf(bench->folder, sizeof bench->folder, "%s/stats", t->folder);
    JW_CHECK_OK(t, jw_stats_open(bench->folder, &bench->stats, &t->err));
    JW_CHECK_OK(t, jw_sources_new(bench->stats, none, &bench->sources, &t->err));
    snprintf(bench->folder, sizeof bench->folder, "%s/spool", t->folder);
    struct jw_spool_options options = {.most_bytes = spool_bytes, .segment_bytes = 1 << 20};
    JW_CHECK_OK(t, jw_spool_open(bench->folder, &options, &bench->spool, NULL, &t->err));
    JW_CHECK_OK(t, jw_pipeline_new(&(struct jw_pipeline_options){.loop = bench->loop,
                                                                 .stats = bench->stats,
                                                                 .spool = bench->spool,
                                                                 .in_flight_most = in_flight,
                                                                 .workers = workers,
                                                                 .failed = on_failed,
                                                                 .context = bench},
                                   &bench->pipeline, &t->err));
    JW_CHECK_OK(t, jw_intake_load(&(struct jw_intake_options){0}, &intake, &t->err));
    JW_CHECK_OK(t, jw_pipeline_learn(bench->pipeline, intake, &t->err));
    JW_CHECK_OK(t, jw_loop_timer(bench->loop, 20 * JW_SECOND, 0, on_late, bench, &timer, &t->err));
}

static void tear_down(struct bench *bench) {
    jw_pipeline_free(bench->pipeline);
    jw_spool_close(bench->spool);
    jw_sources_free(bench->sources);
    jw_stats_close(bench->stats);
    jw_loop_free(bench->loop);
}

static void on_answer(void *context, jw_status st, uint32_t events) {
    struct bench *bench = context;
    bench->answered += events;
    bench->good += st == JW_OK ? events : 0;
    if (bench->answered >= bench->wanted)
        jw_loop_stop(bench->loop);
}

static jw_status submit(struct bench *bench, const char *text, size_t size, uint64_t lane, bool lossy) {
    struct jw_lines *lines = jw_lines_new();
    jw_text line = {text, size};
    JW_CHECK(bench->t, lines && jw_lines_add(lines, line, 0));
    jw_status st = jw_submit(bench->pipeline,
                             &(struct jw_submission){.lines = lines,
                                                     .source = jw_source_named(bench->sources, JW_TEXT("test")),
                                                     .lane = lane,
                                                     .lossy = lossy,
                                                     .done = on_answer,
                                                     .context = bench});
    if (st != JW_OK)
        jw_lines_free(lines);
    return st;
}

/* Calls `each` with every original in the spool. */
static uint32_t read_back(struct bench *bench, void (*each)(struct bench *bench, jw_text original)) {
    struct jw_spool_reader *reader = NULL;
    struct jw_spool_frame frame;
    uint32_t count = 0;
    JW_CHECK_OK(bench->t, jw_spool_reader_open(bench->folder, NULL, &reader, &bench->t->err));
    while (jw_spool_reader_next(reader, &frame, &bench->t->err) == JW_OK) {
        struct jw_batch_reader batch;
        jw_arena_reset(bench->t->mem);
        struct jw_record rec = {.mem = bench->t->mem};
        JW_CHECK_OK(bench->t, jw_batch_reader_open(&batch, frame.body, bench->t->mem, &bench->t->err));
        while (jw_batch_reader_next(&batch, &rec, &bench->t->err) == JW_OK) {
            count++;
            if (each)
                each(bench, jw_record_text(&rec, JW_F_EVENT_ORIGINAL));
        }
    }
    jw_spool_reader_close(reader);
    return count;
}

static void see_order(struct bench *bench, jw_text original) {
    uint64_t number = 0;
    bench->in_order &= jw_text_u64(original, &number) && number == bench->order++;
}

static void what_is_answered_is_durable_and_in_order(struct jw_test *t) {
    struct bench bench;
    set_up(t, &bench, 64 << 20, 64 << 20, 3);
    bench.wanted = 5000;
    for (int i = 0; i < 5000; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "%d", i);
        JW_CHECK_OK(t, submit(&bench, text, (size_t)len, 7, false));
    }
    JW_CHECK_OK(t, jw_loop_run(bench.loop, &t->err));
    JW_CHECK_INT(t, bench.good, 5000);
    JW_CHECK_INT(t, read_back(&bench, see_order), 5000);
    JW_CHECK(t, bench.in_order);
    JW_CHECK_INT(t, *jw_stats_get(bench.stats, "events_received_total", JW_TEXT("test")), 5000);
    tear_down(&bench);
}

static void on_room(void *context) { ((struct bench *)context)->room = true; }

static void who_can_wait_is_refused_before_who_cannot(struct jw_test *t) {
    struct bench bench;
    static char big[100000];
    uint32_t waiting = 0, lossy = 0;
    set_up(t, &bench, 8 << 20, 64 << 20, 1);
    memset(big, 'x', sizeof big);
    while (waiting < 10000 && submit(&bench, big, sizeof big, 1, false) == JW_OK)
        waiting++;
    JW_CHECK(t, waiting < 10000 || !"the ceiling never came");
    while (lossy < 10000 && submit(&bench, big, sizeof big, 1, true) == JW_OK)
        lossy++;
    JW_CHECK(t, lossy > 0);
    JW_CHECK(t, submit(&bench, big, sizeof big, 1, true) == JW_AGAIN);
    struct jw_waiter waiter = {.fn = on_room, .context = &bench};
    jw_pipeline_await(bench.pipeline, &waiter);
    bench.wanted = waiting + lossy;
    JW_CHECK_OK(t, jw_loop_run(bench.loop, &t->err));
    JW_CHECK_INT(t, bench.good, waiting + lossy);
    JW_CHECK(t, bench.room);
    tear_down(&bench);
}

static void a_full_spool_pushes_back_and_drops_only_the_lossy(struct jw_test *t) {
    struct bench bench;
    static char big[200000];
    uint32_t kept = 0, offered = 0;
    set_up(t, &bench, 64 << 20, 4 << 20, 1);
    for (size_t i = 0; i < sizeof big; i++) /* hard to compress, should the spool ever try */
        big[i] = (char)(33 + i * i % 89);
    while (submit(&bench, big, sizeof big, 1, false) == JW_OK && kept < 1000) {
        kept++;
        bench.wanted = kept;
        nanosleep(&(struct timespec){.tv_nsec = 3 * JW_MS}, NULL);
    }
    JW_CHECK(t, kept >= 10 && kept < 1000); /* nine tenths of 4 MiB are 18 of these; some were on their way */
    bench.wanted = UINT32_MAX;
    for (; offered < 40; offered++)
        JW_CHECK_OK(t, submit(&bench, big, sizeof big, 1, true));
    bench.wanted = kept + offered;
    JW_CHECK_OK(t, jw_loop_run(bench.loop, &t->err));
    uint64_t dropped = *jw_stats_get(bench.stats, "events_dropped_total", JW_TEXT("test"));
    JW_CHECK(t, dropped > 0 && dropped <= offered);
    JW_CHECK_INT(t, bench.good, kept + offered - dropped);
    JW_CHECK_INT(t, read_back(&bench, NULL), bench.good);
    tear_down(&bench);
}

static void stopping_answers_everything(struct jw_test *t) {
    struct bench bench;
    set_up(t, &bench, 64 << 20, 64 << 20, 2);
    bench.wanted = UINT32_MAX;
    for (int i = 0; i < 100; i++)
        JW_CHECK_OK(t, submit(&bench, "line", 4, (uint64_t)i, false));
    jw_pipeline_stop(bench.pipeline);
    JW_CHECK_INT(t, bench.good, 100);
    JW_CHECK(t, submit(&bench, "line", 4, 1, false) == JW_E_SYSTEM);
    tear_down(&bench);
}

static void too_much_at_once_is_refused(struct jw_test *t) {
    struct bench bench;
    set_up(t, &bench, 64 << 20, 64 << 20, 1);
    char *huge = calloc(1, JW_SUBMIT_BYTES + 1);
    JW_CHECK(t, huge && submit(&bench, huge, JW_SUBMIT_BYTES + 1, 1, false) == JW_E_LIMIT);
    free(huge);
    tear_down(&bench);
}

/* --- followed files ------------------------------------------------------------------------------------------- */

struct paper {
    char path[600];
    struct jw_followed file;
    char scratch[512];
};

static void add_text(struct jw_test *t, const char *path, const char *text, bool anew) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (anew ? O_TRUNC : O_APPEND), 0600);
    JW_CHECK(t, fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* All lines that are there, joined by '|'. */
static jw_text read_lines(struct jw_test *t, struct paper *paper, size_t most, bool last) {
    jw_buffer out = JW_BUFFER(1 << 20);
    struct jw_lines *lines = jw_lines_new();
    while (jw_followed_read(&paper->file, paper->scratch, sizeof paper->scratch, most, last, lines))
        ;
    for (uint32_t i = 0; i < lines->count; i++) {
        jw_buffer_add(&out, jw_lines_get(lines, i));
        jw_buffer_byte(&out, lines->list[i].flags ? '!' : '|');
    }
    jw_text text = out.len ? jw_arena_copy(t->mem, jw_buffer_text(&out)) : (jw_text){0};
    jw_buffer_free(&out);
    jw_lines_free(lines);
    return text;
}

static void open_paper(struct jw_test *t, struct paper *paper, const char *text) {
    snprintf(paper->path, sizeof paper->path, "%s/log", t->folder);
    add_text(t, paper->path, text, true);
    JW_CHECK_OK(t, jw_followed_open(paper->path, &paper->file, &t->err));
}

static void only_whole_lines_are_read(struct jw_test *t) {
    struct paper paper;
    open_paper(t, &paper, "one\r\n\ntwo\nthr");
    JW_CHECK(t, jw_followed_identify(&paper.file, false));
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, false), JW_TEXT("one|two|"));
    JW_CHECK_INT(t, paper.file.offset, 10);
    add_text(t, paper.path, "ee\n", false);
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, false), JW_TEXT("three|"));
    add_text(t, paper.path, "end", false);
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, false), (jw_text){0});
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, true), JW_TEXT("end|"));
    jw_followed_close(&paper.file);
}

static void a_file_keeps_its_name_while_it_grows_and_moves(struct jw_test *t) {
    struct paper paper;
    char other[640];
    open_paper(t, &paper, "first li");
    JW_CHECK(t, !jw_followed_identify(&paper.file, false));
    add_text(t, paper.path, "ne\n", false);
    JW_CHECK(t, jw_followed_identify(&paper.file, false));
    uint64_t origin = paper.file.origin;
    add_text(t, paper.path, "more\n", false);
    snprintf(other, sizeof other, "%s.1", paper.path);
    JW_CHECK(t, rename(paper.path, other) == 0);
    struct jw_followed again;
    JW_CHECK_OK(t, jw_followed_open(other, &again, &t->err));
    JW_CHECK(t, jw_followed_identify(&again, false) && again.origin == origin);
    jw_followed_close(&again);
    jw_followed_close(&paper.file);
}

static void a_file_emptied_or_rewritten_in_place_is_noticed(struct jw_test *t) {
    struct paper paper;
    open_paper(t, &paper, "aaaa\nbbbb\n");
    JW_CHECK(t, jw_followed_identify(&paper.file, false));
    uint64_t origin = paper.file.origin;
    read_lines(t, &paper, 100, false);
    JW_CHECK(t, !jw_followed_was_rewritten(&paper.file));
    add_text(t, paper.path, "cccc\ndddd\neeee\n", true); /* longer than before: only the first line tells */
    JW_CHECK(t, jw_followed_was_rewritten(&paper.file));
    jw_followed_restart(&paper.file);
    JW_CHECK(t, jw_followed_identify(&paper.file, false) && paper.file.origin != origin);
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, false), JW_TEXT("cccc|dddd|eeee|"));
    add_text(t, paper.path, "", true);
    JW_CHECK(t, jw_followed_was_rewritten(&paper.file));
    jw_followed_close(&paper.file);
}

static void a_line_past_the_ceiling_is_cut_once_even_over_a_restart(struct jw_test *t) {
    struct paper paper;
    char text[1200];
    memset(text, 'x', sizeof text);
    memcpy(text + 1190, "\nnext\n", 7);
    open_paper(t, &paper, text);
    JW_CHECK(t, jw_followed_identify(&paper.file, false));
    struct jw_lines *lines = jw_lines_new();
    JW_CHECK(t, jw_followed_read(&paper.file, paper.scratch, sizeof paper.scratch, 100, false, lines));
    JW_CHECK_INT(t, lines->count, 1);
    JW_CHECK_INT(t, lines->list[0].flags, JW_LINE_CUT);
    JW_CHECK_INT(t, lines->list[0].len, 100);
    jw_lines_free(lines);
    uint64_t at = paper.file.offset;
    jw_followed_close(&paper.file);
    JW_CHECK_OK(t, jw_followed_open(paper.path, &paper.file, &t->err));
    jw_followed_seek(&paper.file, at);
    JW_CHECK_TEXT(t, read_lines(t, &paper, 100, false), JW_TEXT("next|"));
    jw_followed_close(&paper.file);
}

/* --- RELP and sources ----------------------------------------------------------------------------------------- */

static void relp_frames_come_out_of_any_pieces(struct jw_test *t) {
    static const char stream[] = "1 open 5 a\nb c\n2 syslog 4 <1>x\n3 syslog 0\n4 close 0 \n";
    for (size_t step = 1; step < sizeof stream; step++) {
        struct jw_relp relp = jw_relp_begin(100);
        struct jw_relp_frame frame;
        uint32_t sum = 0;
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t left = sizeof stream - 1 - at;
            jw_text bytes = {stream + at, left < step ? left : step};
            while (jw_relp_next(&relp, &bytes, &frame, &t->err) == JW_OK) {
                sum += frame.txnr * 10;
                if (frame.txnr == 1)
                    JW_CHECK_TEXT(t, frame.data, JW_TEXT("a\nb c"));
                if (frame.txnr == 2)
                    JW_CHECK_TEXT(t, frame.data, JW_TEXT("<1>x"));
                if (frame.txnr > 2)
                    JW_CHECK_INT(t, frame.data.len, 0);
            }
        }
        JW_CHECK_INT(t, sum, 100);
        jw_relp_end(&relp);
    }
}

static void broken_relp_is_told(struct jw_test *t) {
    static const char *const streams[] = {
        "x syslog 1 a\n",
        "1 sys?og 1 a\n",
        "1 syslog 3 abcd\n",
        "1 syslog 5\n",
        "1234567890 syslog 1 a\n",
        "1 syslog 9999999999 a\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct jw_relp relp = jw_relp_begin(100);
        struct jw_relp_frame frame;
        jw_text bytes = jw_text_from(streams[i]);
        JW_CHECK(t, jw_relp_next(&relp, &bytes, &frame, &t->err) == JW_E_SYNTAX);
        jw_relp_end(&relp);
    }
}

static void a_flood_of_senders_shares_one_name(struct jw_test *t) {
    char path[600], *rules[] = {(char[]){"edge,10.1.0.0/16,syslog-udp,cef"}, (char[]){"all,10.0.0.0/8"}, NULL};
    struct jw_stats *stats = NULL;
    struct jw_sources *sources = NULL;
    jw_address peer;
    snprintf(path, sizeof path, "%s/stats", t->folder);
    JW_CHECK_OK(t, jw_stats_open(path, &stats, &t->err));
    JW_CHECK_OK(t, jw_sources_new(stats, rules, &sources, &t->err));
    for (int i = 0; i < 70000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "192.%d.%d.1", i / 256 % 256, i % 256);
        JW_CHECK(t, jw_address_parse((jw_text){text, (size_t)len}, &peer));
        struct jw_source *source = jw_source_of(sources, "syslog-udp", &peer);
        if (i == 0)
            JW_CHECK_TEXT(t, jw_text_from(source->name), JW_TEXT("syslog-udp:192.0.0.1"));
        if (i == 69999)
            JW_CHECK_TEXT(t, jw_text_from(source->name), JW_TEXT("other"));
    }
    JW_CHECK(t, jw_address_parse(JW_TEXT("10.1.2.3"), &peer));
    JW_CHECK_TEXT(t, jw_text_from(jw_source_of(sources, "syslog-udp", &peer)->name), JW_TEXT("edge"));
    JW_CHECK_TEXT(t, jw_source_of(sources, "syslog-udp", &peer)->format, JW_TEXT("cef"));
    JW_CHECK_TEXT(t, jw_text_from(jw_source_of(sources, "syslog-tcp", &peer)->name), JW_TEXT("all"));
    jw_sources_free(sources);
    jw_stats_close(stats);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(what_is_answered_is_durable_and_in_order),
        JW_CASE(who_can_wait_is_refused_before_who_cannot),
        JW_CASE(a_full_spool_pushes_back_and_drops_only_the_lossy),
        JW_CASE(stopping_answers_everything),
        JW_CASE(too_much_at_once_is_refused),
        JW_CASE(only_whole_lines_are_read),
        JW_CASE(a_file_keeps_its_name_while_it_grows_and_moves),
        JW_CASE(a_file_emptied_or_rewritten_in_place_is_noticed),
        JW_CASE(a_line_past_the_ceiling_is_cut_once_even_over_a_restart),
        JW_CASE(relp_frames_come_out_of_any_pieces),
        JW_CASE(broken_relp_is_told),
        JW_CASE(a_flood_of_senders_shares_one_name),
        {0},
    });
}
