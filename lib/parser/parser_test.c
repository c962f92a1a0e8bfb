/* lib/parser/parser_test.c — the promises of the engine, each with a declaration of its own. */
#include "parsers.h"

#include <limits.h>

#include "test/test.h"

#define HEAD "parser: p\ntitle: {zh: 甲, en: p}\nmatch:\n  - program: p\n"

static void write_file(struct jw_test *t, const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *file = fopen(path, "we");
    JW_CHECK(t, file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static struct jw_parsers *load(struct jw_test *t) {
    struct jw_parsers *set = NULL;
    JW_CHECK_OK(t, jw_parsers_load(t->folder, &set, &t->err));
    return set;
}

/* One declaration, one text of program "p"; NULL when nobody understood it. */
static const struct jw_parser_info *run(struct jw_test *t, struct jw_parsers *set, const char *text,
                                        struct jw_record *rec) {
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = jw_parsers_worker_new(set);
    struct jw_parsers_input in = {.program = JW_TEXT("p"),
                                  .text = jw_text_from(text),
                                  .content = jw_text_from(text),
                                  .received = INT64_C(1782820800) * JW_SECOND};
    *rec = (struct jw_record){.mem = t->mem};
    return jw_parsers_run(worker, &in, rec);
}

static jw_text value(const struct jw_record *rec, const char *name) {
    const jw_field *field = jw_record_find(rec, jw_text_from(name));
    return field ? field->value : JW_TEXT("(missing)");
}

static void wrong_files_are_refused_with_their_place_and_the_others_load(struct jw_test *t) {
    static const struct {
        const char *text, *story;
    } wrong[] = {
        {HEAD "pattern: '('\n", "a.yaml:5:11: pattern: missing closing parenthesis"},
        {HEAD "pattern: '%{NOPE:a}'\n", "a.yaml:5:11: pattern: no pattern %{NOPE}"},
        {HEAD "patern: 'x'\n", "a.yaml:5:1: block: unknown key \"patern\""},
        {HEAD "set: {event.kind: wonder}\n", "a.yaml:5:19: \"wonder\" is not among ECS's values of event.kind"},
        {HEAD "set: {source.port: many}\n", "a.yaml:5:20: \"many\" does not fit the type of source.port"},
        {HEAD "time: {from: x, formats: ['%Q']}\n", "a.yaml:5:28: time: unknown token %Q"},
        {"parser: p\ntitle: {zh: a, en: a}\n", "a.yaml: match: missing"},
        {"parser: p\ntitle: {zh: a, en: a}\nmatch: [{regex: x}]\n", "a.yaml:3:10: match: each entry wants one of"},
        {HEAD "map: [{key: x, table: nowhere}]\n", "a.yaml:5:23: table: there is no table \"nowhere\""},
        {"parser: [\n", "a.yaml:"},
    };
    write_file(t, "good.yaml", "parser: good\ntitle: {zh: a, en: a}\nmatch:\n  - program: g\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_file(t, "a.yaml", wrong[i].text);
        JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
        JW_CHECK_INT(t, jw_parsers_count(set), 1);
        jw_text story = jw_parsers_refused(set, 0), head = jw_text_from(wrong[i].story);
        if (!jw_text_starts(story, head))
            JW_CHECK_TEXT(t, story, head);
    }
}

static void a_pattern_matches_the_whole_text_or_not_at_all(struct jw_test *t) {
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "pattern: 'user (?<user.name>.*) from (?<source.ip>[0-9.]+)'\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_CHECK(t, run(t, set, "user x from 10.0.0.1 from 192.0.2.1", &rec));
    JW_CHECK_TEXT(t, value(&rec, "user.name"), JW_TEXT("x from 10.0.0.1"));
    JW_CHECK(t, !run(t, set, "user x from 10.0.0.1 and more", &rec));
    JW_CHECK_INT(t, rec.count, 0);
}

static void a_parser_that_does_not_fit_leaves_the_record_as_it_was(struct jw_test *t) {
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "extract:\n  - pattern: '(?<a>\\w+) .*'\n  - {pattern: 'never', set: {b: c}}\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_CHECK(t, !run(t, set, "one two", &rec));
    JW_CHECK_INT(t, rec.count, 0);
}

static void a_hostile_line_stops_at_the_match_limit(struct jw_test *t) {
    struct jw_record rec;
    char line[4096];
    memset(line, 'a', sizeof line - 2);
    line[sizeof line - 2] = 'b';
    line[sizeof line - 1] = '\0';
    write_file(t, "a.yaml", HEAD "pattern: '(?:a+)+(?:a+)+\\d'\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = jw_parsers_worker_new(set);
    struct jw_parsers_input in = {
        .program = JW_TEXT("p"), .text = jw_text_from(line), .content = jw_text_from(line)};
    rec = (struct jw_record){.mem = t->mem};
    int64_t start = jw_time_steady();
    JW_CHECK(t, !jw_parsers_run(worker, &in, &rec));
    JW_CHECK(t, jw_time_steady() - start < JW_SECOND);
    JW_CHECK_INT(t, jw_parsers_worker_limited(worker), 1);
}

static void values_that_do_not_fit_keep_the_senders_name(struct jw_test *t) {
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "kv: {fields: {src: source.ip, sp: source.port, 源: user.name}, prefix: v.}\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_CHECK(t, run(t, set, "src=unknown sp=007 源=\"a b\" n=1", &rec));
    JW_CHECK_TEXT(t, value(&rec, "source.ip"), JW_TEXT("(missing)"));
    JW_CHECK_TEXT(t, value(&rec, "v.src"), JW_TEXT("unknown"));
    JW_CHECK_TEXT(t, value(&rec, "source.port"), JW_TEXT("7"));
    JW_CHECK_TEXT(t, value(&rec, "user.name"), JW_TEXT("a b"));
    JW_CHECK_TEXT(t, value(&rec, "v.n"), JW_TEXT("1"));
}

static void a_time_without_year_lies_near_its_arrival(struct jw_test *t) {
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"Jun 30 11:00:00", 1782817200}, {"Dec 31 23:59:59", 1767225599}, {"Feb 29 00:00:00", 1709164800}};
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "time: {from: '%{_text}', formats: ['%b %e %T']}\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        JW_CHECK(t, run(t, set, cases[i].text, &rec));
        JW_CHECK_INT(t, rec.has_time ? rec.time / JW_SECOND : 0, cases[i].seconds);
    }
}

static void names_that_change_places_end(struct jw_test *t) {
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "pattern: '(?<a>\\d) (?<b>\\d)'\nrename: {a: b, b: a}\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_CHECK(t, run(t, set, "1 2", &rec));
    JW_CHECK(t, rec.count >= 1);
}

static void temporaries_leave_and_a_senders_own_underscore_stays(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    write_file(t, "a.yaml", HEAD "pattern: '(?<_x>.*)'\nset: {y: '%{_x}!'}\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = jw_parsers_worker_new(set);
    struct jw_parsers_input in = {.program = JW_TEXT("p"), .text = JW_TEXT("hi"), .content = JW_TEXT("hi")};
    jw_record_set(&rec, JW_TEXT("_id"), JW_TEXT("7"));
    JW_CHECK(t, jw_parsers_run(worker, &in, &rec));
    JW_CHECK_TEXT(t, value(&rec, "_id"), JW_TEXT("7"));
    JW_CHECK_TEXT(t, value(&rec, "_x"), JW_TEXT("(missing)"));
    JW_CHECK_TEXT(t, value(&rec, "y"), JW_TEXT("hi!"));
}

static void the_lower_rank_is_asked_first(struct jw_test *t) {
    struct jw_record rec;
    write_file(t, "a.yaml", HEAD "rank: 90\n");
    write_file(t, "b.yaml", "parser: q\ntitle: {zh: a, en: a}\nmatch: [{program: p}]\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    const struct jw_parser_info *info = run(t, set, "x", &rec);
    JW_CHECK_TEXT(t, info ? info->name : JW_TEXT(""), JW_TEXT("q"));
}

static void two_literals_are_found_in_every_text(struct jw_test *t) {
    write_file(t, "a.yaml", "parser: p\ntitle: {zh: a, en: a}\nmatch: [{contains: [needle, pin]}]\n");
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = load(t);
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = jw_parsers_worker_new(set);
    uint32_t seed = 1, lost = 0;
    for (int round = 0; round < 20000; round++) {
        char text[128];
        size_t len = 0, before = (seed >> 8) % 100;
        for (; len < before; len++)
            text[len] = (char)(128 + (seed = seed * 1664525 + 1013904223) / 33554432);
        memcpy(text + len, "needle", 6);
        for (len += 6, before = len + (seed >> 9) % 20; len < before; len++)
            text[len] = (char)(128 + (seed = seed * 1664525 + 1013904223) / 33554432);
        jw_text content = {text, len};
        struct jw_parsers_input in = {.text = content, .content = content, .received = JW_SECOND};
        struct jw_record rec = {.mem = t->mem};
        lost += jw_parsers_run(worker, &in, &rec) == NULL;
    }
    JW_CHECK_INT(t, lost, 0);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(wrong_files_are_refused_with_their_place_and_the_others_load),
        JW_CASE(a_pattern_matches_the_whole_text_or_not_at_all),
        JW_CASE(a_parser_that_does_not_fit_leaves_the_record_as_it_was),
        JW_CASE(a_hostile_line_stops_at_the_match_limit),
        JW_CASE(values_that_do_not_fit_keep_the_senders_name),
        JW_CASE(a_time_without_year_lies_near_its_arrival),
        JW_CASE(names_that_change_places_end),
        JW_CASE(temporaries_leave_and_a_senders_own_underscore_stays),
        JW_CASE(the_lower_rank_is_asked_first),
        JW_CASE(two_literals_are_found_in_every_text),
        {0},
    });
}
