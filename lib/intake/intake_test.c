/* lib/intake/intake_test.c — what every event has, and whole files. */
#include "intake.h"

#include <limits.h>
#include <zlib.h>

#include "parser/parsers.h"
#include "test/test.h"

struct setup {
    struct jw_intake *intake;
    struct jw_intake_worker *worker;
};

static struct setup start(struct jw_test *t) {
    struct setup setup = {0};
    char content[PATH_MAX];
    snprintf(content, sizeof content, "%s/content", jw_test_source());
    struct jw_intake_options options = {.content = content};
    JW_CHECK_OK(t, jw_intake_load(&options, &setup.intake, &t->err));
    setup.worker = jw_intake_worker_new(setup.intake);
    return setup;
}

static void stop(struct setup *setup) {
    jw_intake_worker_free(setup->worker);
    jw_intake_free(setup->intake);
}

static const struct jw_intake_from from = {.source = JW_TEXT("here"), .received = INT64_C(1782820800) * JW_SECOND};

static void a_line_nobody_understands_is_kept_and_marked(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK_INT(t, jw_intake_line(setup.worker, &from, JW_TEXT("what \xff is this"), &rec, &t->err), JW_AGAIN);
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_MESSAGE), JW_TEXT("what \xff is this"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_EVENT_ORIGINAL), JW_TEXT("what \xff is this"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_PARSED), JW_TEXT("false"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_SOURCE), JW_TEXT("here"));
    JW_CHECK(t, rec.has_time && rec.time == from.received);
}

static void a_syslog_line_of_an_unknown_program_is_understood_as_syslog(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK_OK(t, jw_intake_line(setup.worker, &from, JW_TEXT("<13>Jun 30 10:00:00 box frobnicate[7]: hello"),
                                  &rec, &t->err));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_PARSER), JW_TEXT("syslog"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_EVENT_DATASET), JW_TEXT("syslog"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_HOST_NAME), JW_TEXT("box"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_MESSAGE), JW_TEXT("hello"));
}

static void a_sender_cannot_say_what_jinwu_says(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK(t, jw_intake_line(
                    setup.worker, &from,
                    JW_TEXT("{\"gov.source\":\"x\",\"gov\":{\"parsed\":[false,true],\"parser\":\"y\"},\"a\":1}"),
                    &rec, &t->err) >= JW_OK);
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_SOURCE), JW_TEXT("here"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_PARSER), JW_TEXT("json"));
    int parsed = 0;
    for (uint32_t i = 0; i < rec.count; i++)
        parsed += rec.fields[i].id == JW_F_GOV_PARSED;
    JW_CHECK_INT(t, parsed, 1);
}

/* 用户朱镕失败 in GBK; the fourth character is outside of GB 2312 */
#define GBK "<13>Jun 30 10:00:00 box login[7]: \xD3\xC3\xBB\xA7\xD6\xEC\xE9\x46\xCA\xA7\xB0\xDC"

static void a_line_in_gbk_is_kept_in_utf8_and_marked(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK_OK(t, jw_intake_line(setup.worker, &from, JW_TEXT(GBK), &rec, &t->err));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_MESSAGE), JW_TEXT("用户朱镕失败"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_EVENT_ORIGINAL),
                  JW_TEXT("<13>Jun 30 10:00:00 box login[7]: 用户朱镕失败"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_CHARSET), JW_TEXT("GB18030"));
    JW_CHECK_OK(t,
                jw_intake_line(setup.worker, &from, JW_TEXT(GBK "\xD3"), &rec, &t->err)); /* a datagram cut short */
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_MESSAGE), JW_TEXT("用户朱镕失败\xEF\xBF\xBD"));
}

static void what_is_not_chinese_stays_as_it_came(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    static const jw_text lines[] = {
        JW_TEXT("app: utilisateur refus\xE9 \xE0 l'entr\xE9"
                "e"),                                     /* Latin-1 */
        JW_TEXT("app: 用户失败\xE7\x94"),                 /* UTF-8, cut short */
        JW_TEXT("app: 用户\xFF失败"),                     /* UTF-8 with a damaged byte */
        JW_TEXT("app: 用户登录失败"),                     /* UTF-8 */
        JW_TEXT("app: \x80\x81\x82\x90\xA0\xFE\xFF\xD3"), /* binary */
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        JW_CHECK(t, jw_intake_line(setup.worker, &from, lines[i], &rec, &t->err) >= JW_OK);
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_EVENT_ORIGINAL), lines[i]);
        JW_CHECK(t, !jw_record_find_id(&rec, JW_F_GOV_CHARSET));
    }
}

static void a_senders_event_id_is_kept_beside_ours(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK(t, jw_intake_line(setup.worker, &from,
                               JW_TEXT("{\"event.id\":\"1f00c0de-0000000000000001\",\"event\":{\"id\":\"x2\"}}"),
                               &rec, &t->err) >= JW_OK);
    JW_CHECK(t, !jw_record_find_id(&rec, JW_F_EVENT_ID));
    const jw_field *field = jw_record_find(&rec, JW_TEXT("event.sender_id"));
    JW_CHECK(t, field != NULL);
    if (field)
        JW_CHECK_TEXT(t, field->value, JW_TEXT("1f00c0de-0000000000000001"));
}

static void a_shippers_document_is_opened(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK_OK(t,
                jw_intake_line(
                    setup.worker, &from,
                    JW_TEXT("{\"host\":{\"name\":\"shipper\"},\"message\":\"Jun 30 10:00:00 box sshd[7]: Accepted "
                            "password for li from 10.0.0.1 port 22 ssh2\"}"),
                    &rec, &t->err));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_PARSER), JW_TEXT("sshd"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_HOST_NAME), JW_TEXT("shipper"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_SOURCE_IP), JW_TEXT("10.0.0.1"));
}

struct seen {
    struct jw_test *t;
    uint64_t last;
    jw_text text; /* the messages, one a line */
};

static jw_status each(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct seen *seen = context;
    (void)err;
    JW_CHECK_INT(seen->t, number, seen->last + 1);
    seen->last = number;
    jw_text value = jw_record_text(rec, JW_F_EVENT_ORIGINAL);
    char *joined = jw_arena_alloc(seen->t->mem, seen->text.len + value.len + 1);
    memcpy(joined, seen->text.ptr ? seen->text.ptr : "", seen->text.len);
    memcpy(joined + seen->text.len, value.ptr, value.len);
    joined[seen->text.len + value.len] = '|';
    seen->text = (jw_text){joined, seen->text.len + value.len + 1};
    return JW_OK;
}

static void check_file(struct jw_test *t, const char *bytes, size_t size, bool zip, const char *want) {
    JW_AUTO(stop) struct setup setup = start(t);
    char path[PATH_MAX];
    struct seen seen = {.t = t};
    struct jw_intake_counts counts = {0};
    snprintf(path, sizeof path, "%s/file", t->folder);
    gzFile file = gzopen(path, zip ? "wb" : "wbT");
    JW_CHECK(t, file && gzwrite(file, bytes, (unsigned)size) == (int)size && gzclose(file) == Z_OK);
    JW_CHECK_OK(t, jw_intake_file(setup.worker, &from, path, each, &seen, &counts, &t->err));
    JW_CHECK_TEXT(t, seen.text, jw_text_from(want));
    JW_CHECK_INT(t, counts.events, seen.last);
}

static void files_of_every_kind_give_their_events(struct jw_test *t) {
    check_file(t, "one\ntwo\r\n\nthree", 16, false, "one|two|three|");
    check_file(t, "one\ntwo\n", 8, true, "one|two|");
    check_file(t, "[{\"a\":1},\n {\"b\":\"}\\\"\"}]", 23, false, "{\"a\":1}|{\"b\":\"}\\\"\"}|");
    check_file(t, "{\n \"a\": 1\n}\n{\n \"b\": 2\n}\n", 25, false, "{\n \"a\": 1\n}|{\n \"b\": 2\n}|");
    check_file(t, "", 0, false, "");
}

static jw_status count_only(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    (void)number, (void)err;
    *(size_t *)context += jw_record_text(rec, JW_F_EVENT_ORIGINAL).len;
    return JW_OK;
}

static void a_line_longer_than_the_ceiling_is_cut_and_counted(struct jw_test *t) {
    JW_AUTO(stop) struct setup setup = start(t);
    char path[PATH_MAX];
    size_t kept = 0;
    struct jw_intake_counts counts = {0};
    snprintf(path, sizeof path, "%s/long", t->folder);
    FILE *file = fopen(path, "we");
    for (int i = 0; file && i < 20 << 10; i++)
        fprintf(file, "%01024d", 0);
    JW_CHECK(t, file && fputs("\nnext\n", file) >= 0 && fclose(file) == 0);
    JW_CHECK_OK(t, jw_intake_file(setup.worker, &from, path, count_only, &kept, &counts, &t->err));
    JW_CHECK_INT(t, counts.events, 2);
    JW_CHECK_INT(t, counts.damaged, 1);
    JW_CHECK(t, kept >= (16u << 20) && kept < (17u << 20));
}

static void an_array_that_ends_between_two_objects_is_damaged(struct jw_test *t) {
    static const struct {
        const char *text;
        uint64_t events, damaged;
    } files[] = {{"[{\"a\":1},\n{\"a\":2},\n", 2, 1}, {"[\n{\"a\":1}", 1, 1},
                 {"[{\"a\":1},{\"a\":", 1, 1},        {"[{\"a\":[1]},{\"a\":2}]\n", 2, 0},
                 {"[{\"a\":1}]\n[{\"a\":2}", 2, 1},   {"{\n\"a\":1}\n", 1, 0}};
    JW_AUTO(stop) struct setup setup = start(t);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/array", t->folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t ignored = 0;
        struct jw_intake_counts counts = {0};
        FILE *file = fopen(path, "we");
        JW_CHECK(t, file && fputs(files[i].text, file) >= 0 && fclose(file) == 0);
        JW_CHECK_OK(t, jw_intake_file(setup.worker, &from, path, count_only, &ignored, &counts, &t->err));
        JW_CHECK_INT(t, counts.events, files[i].events);
        JW_CHECK_INT(t, counts.damaged, files[i].damaged);
    }
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_line_nobody_understands_is_kept_and_marked),
        JW_CASE(a_syslog_line_of_an_unknown_program_is_understood_as_syslog),
        JW_CASE(a_sender_cannot_say_what_jinwu_says),
        JW_CASE(a_line_in_gbk_is_kept_in_utf8_and_marked),
        JW_CASE(what_is_not_chinese_stays_as_it_came),
        JW_CASE(a_senders_event_id_is_kept_beside_ours),
        JW_CASE(a_shippers_document_is_opened),
        JW_CASE(files_of_every_kind_give_their_events),
        JW_CASE(a_line_longer_than_the_ceiling_is_cut_and_counted),
        JW_CASE(an_array_that_ends_between_two_objects_is_damaged),
        {0},
    });
}
