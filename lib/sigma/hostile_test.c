/* lib/sigma/hostile_test.c — rule sets and events made to hurt are refused with a clear reason, or cost what is
 * bounded; and the rules beside them still load. */
#include "rule.h"
#include "try.h"

static const char good_rule[] = "title: good\nid: good\nlogsource: {}\ndetection: {a: {f: x}, condition: a}\n";

/* A rule file that is written piece by piece, up to 8 MiB. */
static jw_buffer begin(void) { return JW_BUFFER(8 << 20); }

static void repeat(jw_buffer *out, const char *text, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        jw_buffer_add(out, jw_text_from(text));
}

static void start_rule(jw_buffer *out) { repeat(out, "title: t\nlogsource: {}\ndetection:\n  a: ", 1); }

/* `text` is refused with a reason that contains `why`, in a file beside a good rule, which loads. */
static void refused(struct jw_test *t, jw_buffer *text, const char *why) {
    char path[4096], good[4096];
    struct bench b = {0};
    jw_buffer_byte(text, '\0');
    JW_CHECK(t, !text->failed);
    put_file(t, "bad.yml", text->ptr);
    put_file(t, "good.yml", good_rule);
    snprintf(path, sizeof path, "%s/bad.yml", t->folder);
    snprintf(good, sizeof good, "%s/good.yml", t->folder);
    const char *folders[] = {path, good, NULL};
    const struct jw_sigma_options options = {.folders = folders, .on_refusal = on_refusal, .context = &b};
    JW_CHECK_OK(t, jw_sigma_load(&options, &b.sigma, &t->err));
    if (!strstr(b.reason, why))
        JW_CHECK_TEXT(t, jw_text_from(b.reason), jw_text_from(why));
    JW_CHECK(t, b.sigma && jw_sigma_rule_find(b.sigma, JW_TEXT("good")));
    jw_sigma_free(b.sigma);
    jw_buffer_free(text);
}

static struct bench load_buffer(struct jw_test *t, jw_buffer *text) {
    jw_buffer_byte(text, '\0');
    JW_CHECK(t, !text->failed);
    struct bench b = load_text(t, text->ptr);
    jw_buffer_free(text);
    return b;
}

static size_t match_value(struct jw_test *t, const struct jw_sigma *sigma, const char *name, jw_text value) {
    const struct jw_sigma_rule *const *hits;
    struct jw_record rec = {.mem = t->mem};
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    jw_record_add(&rec, jw_text_from(name), value);
    return jw_sigma_match(worker, &rec, NULL, &hits);
}

/* 5^40 texts, were they written down. */
static void a_value_of_forty_dashes_is_one_value(struct jw_test *t) {
    jw_buffer rule = begin(), value = begin();
    start_rule(&rule);
    repeat(&rule, "{f|windash|contains: '", 1);
    repeat(&rule, " -a", 40);
    repeat(&rule, "'}\n  condition: a\n", 1);
    repeat(&value, " /a –a", 20);
    struct bench b = load_buffer(t, &rule);
    JW_CHECK_INT(t, b.refused, 0);
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", jw_buffer_text(&value)), 1);
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", (jw_text){value.ptr, value.len - 1}), 0);
    jw_sigma_free(b.sigma);
    jw_buffer_free(&value);
}

static void too_many_values_and_wildcards_are_refused(struct jw_test *t) {
    jw_buffer rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f|wide|base64offset|contains: [", 1);
    repeat(&rule, "abc, ", 34000); /* three values each */
    repeat(&rule, "abc]}\n  condition: a\n", 1);
    refused(t, &rule, "more than 100000 values");
    rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f: '*", 1);
    repeat(&rule, "?", 300);
    repeat(&rule, "x'}\n  condition: a\n", 1);
    refused(t, &rule, "line 4: more than 256 wildcards");
    rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f|windash: '", 1);
    repeat(&rule, " -a", 200);
    repeat(&rule, "'}\n  condition: a\n", 1);
    refused(t, &rule, "line 4: more than 256 wildcards");
}

static void giant_conditions_are_refused(struct jw_test *t) {
    static const struct {
        const char *before, *middle, *after, *why;
        unsigned times;
    } conditions[] = {
        {"", "(", "a", "nested deeper than 64", 5000},       {"", "not ", "a", "nested deeper than 64", 5000},
        {"a", " or a", "", "more than 256 parts", 100000},   {"a", " and a", "", "more than 256 parts", 100000},
        {"(a", ") and (a", ")", "more than 256 parts", 300},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        jw_buffer rule = begin();
        start_rule(&rule);
        repeat(&rule, "{f: x}\n  condition: ", 1);
        repeat(&rule, conditions[i].before, 1);
        repeat(&rule, conditions[i].middle, conditions[i].times);
        repeat(&rule, conditions[i].after, 1);
        repeat(&rule, "\n", 1);
        refused(t, &rule, conditions[i].why);
    }
}

/* 250 detections, and 250 times "1 of them" in each of 60 conditions: 3,750,000 parts from 150 KB. */
static void a_short_condition_cannot_stand_for_millions_of_parts(struct jw_test *t) {
    jw_buffer rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f: x}\n", 1);
    for (int i = 0; i < 249; i++)
        jw_buffer_print(&rule, "  b%d: {f: x}\n", i);
    repeat(&rule, "  condition:\n", 1);
    for (int i = 0; i < 60; i++) {
        repeat(&rule, "    - 1 of them", 1);
        repeat(&rule, " and 1 of them", 249);
        repeat(&rule, "\n", 1);
    }
    refused(t, &rule, "more than 16384 parts");
}

static void deep_and_repeating_yaml_is_refused(struct jw_test *t) {
    jw_buffer rule = begin();
    start_rule(&rule);
    repeat(&rule, "[", 100000);
    refused(t, &rule, "nested deeper than 32");
    rule = begin();
    repeat(&rule, "{a: ", 100000);
    refused(t, &rule, "nested deeper than 32");
    rule = begin();
    repeat(&rule, "- ", 100000);
    refused(t, &rule, "nested deeper than 32");
    rule = begin();
    repeat(&rule, "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n", 1);
    refused(t, &rule, "anchors and tags are not accepted");
    rule = begin();
    repeat(&rule, "--- {}\n", 10001);
    refused(t, &rule, "more than 10000 documents in one file");
    rule = begin();
    start_rule(&rule);
    repeat(&rule, "[{f: x}, [[[[[[[[[{f: x}]]]]]]]]]]\n  condition: a\n", 1);
    refused(t, &rule, "lists in lists in lists");
    rule = begin();
    repeat(&rule, "# long\n", 600000);
    refused(t, &rule, "a file over");
}

static void expressions_that_cannot_be_compiled_are_refused(struct jw_test *t) {
    jw_buffer rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f|re: '(((a{1000}){1000}){1000}){1000}'}\n  condition: a\n", 1);
    refused(t, &rule, "too large");
    rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f|re: '", 1);
    repeat(&rule, "(", 5000);
    repeat(&rule, "'}\n  condition: a\n", 1);
    refused(t, &rule, "regular expression");
    rule = begin();
    start_rule(&rule);
    repeat(&rule, "{f|re: '\\C'}\n  condition: a\n", 1); /* would cut characters */
    refused(t, &rule, "regular expression");
}

/* None of these would end in a lifetime, if they were let. */
static void catastrophic_expressions_give_up_on_every_value(struct jw_test *t) {
    static const char *const expressions[] = {"^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*a){20}$", "^((a*)*)*$"};
    jw_buffer value = begin();
    repeat(&value, "a", 100000);
    repeat(&value, "!", 1);
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        jw_buffer rule = begin();
        start_rule(&rule);
        jw_buffer_print(&rule, "{f|re: '%s'}\n  condition: a\n", expressions[i]);
        struct bench b = load_buffer(t, &rule);
        JW_CHECK_INT(t, b.refused, 0);
        struct jw_record rec = {.mem = t->mem};
        const struct jw_sigma_rule *const *hits;
        struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
        jw_record_add(&rec, JW_TEXT("f"), jw_buffer_text(&value));
        JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), 0);
        JW_CHECK_INT(t, jw_sigma_given_up(worker), 1); /* and it is counted */
        jw_sigma_worker_free(worker);
        jw_sigma_free(b.sigma);
    }
    jw_buffer_free(&value);
}

static void values_of_a_megabyte_are_compared_whole(struct jw_test *t) {
    jw_buffer rule = begin(), value = begin();
    start_rule(&rule);
    repeat(&rule, "{f|contains: '", 1);
    repeat(&rule, "0123456789abcdef", 65536);
    repeat(&rule, "'}\n  condition: a\n", 1);
    struct bench b = load_buffer(t, &rule);
    JW_CHECK_INT(t, b.refused, 0);
    repeat(&value, "xx", 1);
    repeat(&value, "0123456789ABCDEF", 65536);
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", jw_buffer_text(&value)), 1);
    value.ptr[500000] = '!';
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", jw_buffer_text(&value)), 0);
    jw_sigma_free(b.sigma);
    b = load(t, "  a: {f|startswith: 'xx*', g: null}\n  b: {f|endswith: '?f'}\n  condition: a and b");
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", jw_buffer_text(&value)), 1);
    jw_sigma_free(b.sigma);
    jw_buffer_free(&value);
}

static void long_values_of_two_fields_are_compared_without_case(struct jw_test *t) {
    jw_buffer event = begin();
    repeat(&event, "{\"f\":\"", 1);
    repeat(&event, "ABCDEFGH", 8192);
    repeat(&event, "\",\"g\":\"", 1);
    repeat(&event, "abcdefgh", 8192);
    repeat(&event, "\"}", 1);
    jw_buffer_byte(&event, '\0');
    YES("  a: {f|fieldref: g}\n  condition: a", event.ptr);
    NO("  a: {f|fieldref|cased: g}\n  condition: a", event.ptr);
    jw_buffer_free(&event);
}

/* As many files' worth of rules as nobody has: loaded, with time and memory that grow with their number alone. */
static void a_hundred_thousand_rules_load(struct jw_test *t) {
    const char *folders[21] = {NULL};
    char paths[20][4096];
    struct bench b = {0};
    struct jw_sigma_counts counts;
    for (int file = 0; file < 20; file++) {
        char name[32];
        jw_buffer text = begin();
        for (int i = 0; i < 5000; i++)
            jw_buffer_print(&text,
                            "title: t\nid: r%d\nname: n%d\nlogsource: {}\ndetection: {a: {f: v%d, g%d: x}, "
                            "condition: a}\n---\n",
                            file * 5000 + i, file * 5000 + i, file * 5000 + i, file * 5000 + i);
        jw_buffer_byte(&text, '\0');
        snprintf(name, sizeof name, "many%02d.yml", file);
        put_file(t, name, text.ptr);
        snprintf(paths[file], sizeof paths[file], "%s/%s", t->folder, name);
        folders[file] = paths[file];
        jw_buffer_free(&text);
    }
    const struct jw_sigma_options options = {.folders = folders, .on_refusal = on_refusal, .context = &b};
    JW_CHECK_OK(t, jw_sigma_load(&options, &b.sigma, &t->err));
    jw_sigma_counts(b.sigma, &counts);
    JW_CHECK_INT(t, counts.rules, 100000);
    JW_CHECK_INT(t, b.refused, 0);
    JW_CHECK(t, jw_sigma_rule_find(b.sigma, JW_TEXT("r77777")) == jw_sigma_rule_at(b.sigma, 77777));
    JW_CHECK_INT(t, match_value(t, b.sigma, "f", JW_TEXT("v77777")), 0);
    jw_sigma_free(b.sigma);
}

static void more_logsources_than_there_is_room_for_do_not_take_the_others_place(struct jw_test *t) {
    jw_buffer rule = begin();
    for (int i = 0; i < 5000; i++)
        jw_buffer_print(&rule, "title: t\nlogsource: {product: p%d}\ndetection: {a: {f: x}, condition: a}\n---\n",
                        i);
    start_rule(&rule);
    repeat(&rule, "{f: x}\n  condition: a\n", 1);
    struct bench b = load_buffer(t, &rule);
    struct jw_sigma_counts counts;
    JW_CHECK(t, strstr(b.reason, "more than 4096 different logsources"));
    jw_sigma_counts(b.sigma, &counts);
    JW_CHECK_INT(t, counts.rules + counts.refused, 5001);
    JW_CHECK_INT(t, counts.rules, 4096);
    jw_sigma_free(b.sigma);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_value_of_forty_dashes_is_one_value),
        JW_CASE(too_many_values_and_wildcards_are_refused),
        JW_CASE(giant_conditions_are_refused),
        JW_CASE(a_short_condition_cannot_stand_for_millions_of_parts),
        JW_CASE(deep_and_repeating_yaml_is_refused),
        JW_CASE(expressions_that_cannot_be_compiled_are_refused),
        JW_CASE(catastrophic_expressions_give_up_on_every_value),
        JW_CASE(values_of_a_megabyte_are_compared_whole),
        JW_CASE(long_values_of_two_fields_are_compared_without_case),
        JW_CASE(a_hundred_thousand_rules_load),
        JW_CASE(more_logsources_than_there_is_room_for_do_not_take_the_others_place),
        {0},
    });
}
