/* lib/sigma/sigma_test.c — the semantics of docs/sigma.md, a test for each paragraph. */
#include "tree.h"
#include "try.h"

static void text_is_compared_without_case_unless_cased(struct jw_test *t) {
    YES("  a: {f: PowerShell}\n  condition: a", "{\"f\":\"POWERSHELL\"}");
    YES("  a: {f|contains: ÄÖ}\n  condition: a", "{\"f\":\"xäöx\"}");
    YES("  a: {f: 'Σας'}\n  condition: a", "{\"f\":\"ΣΑΣ\"}");
    YES("  a: {f|endswith: Kelvin}\n  condition: a", "{\"f\":\"\\u212Aelvin\"}");
    NO("  a: {f|cased: PowerShell}\n  condition: a", "{\"f\":\"POWERSHELL\"}");
    YES("  a: {f|contains|cased: rSh}\n  condition: a", "{\"f\":\"PowerShell\"}");
    NO("  a: {f|startswith|cased: power}\n  condition: a", "{\"f\":\"PowerShell\"}");
}

static void wildcards_stand_for_any_run_and_any_character(struct jw_test *t) {
    YES("  a: {f: 'a*c'}\n  condition: a", "{\"f\":\"ac\"}");
    YES("  a: {f: 'a*c'}\n  condition: a", "{\"f\":\"a\\nb c\"}");
    NO("  a: {f: 'a?c'}\n  condition: a", "{\"f\":\"ac\"}");
    YES("  a: {f: 'a?c'}\n  condition: a", "{\"f\":\"a中c\"}");
    YES("  a: {f|contains: 'x*y'}\n  condition: a", "{\"f\":\"..x..x.y..\"}");
    NO("  a: {f|endswith: 'x*y'}\n  condition: a", "{\"f\":\"..x..y.\"}");
    YES("  a: {f: '*a*b*a'}\n  condition: a", "{\"f\":\"xaabxba\"}");
    YES("  a: {f: '*'}\n  condition: a", "{\"f\":\"\"}");
    NO("  a: {f: '*'}\n  condition: a", "{\"g\":\"\"}");
    NO("  a: {f: '?*'}\n  condition: a", "{\"f\":\"\"}");
}

static void a_backslash_escapes_only_wildcards_and_itself(struct jw_test *t) {
    YES("  a: {f: 'a\\*b'}\n  condition: a", "{\"f\":\"a*b\"}");
    NO("  a: {f: 'a\\*b'}\n  condition: a", "{\"f\":\"axb\"}");
    YES("  a: {f: 'C:\\Temp\\a'}\n  condition: a", "{\"f\":\"C:\\\\Temp\\\\a\"}");
    YES("  a: {f: '\\\\srv'}\n  condition: a", "{\"f\":\"\\\\srv\"}");
    YES("  a: {f: '\\\\\\\\srv'}\n  condition: a", "{\"f\":\"\\\\\\\\srv\"}");
    YES("  a: {f: 'dir\\\\*'}\n  condition: a", "{\"f\":\"dir\\\\x\"}");
}

static void numbers_and_texts_are_compared_by_what_they_say(struct jw_test *t) {
    YES("  a: {f: 4688}\n  condition: a", "{\"f\":\"4688\"}");
    YES("  a: {f: '4688'}\n  condition: a", "{\"f\":4688}");
    YES("  a: {f: true}\n  condition: a", "{\"f\":\"True\"}");
    YES("  a: {f|gte: 10}\n  condition: a", "{\"f\":\"10.0\"}");
    NO("  a: {f|gt: 10}\n  condition: a", "{\"f\":10}");
    YES("  a: {f|lt: 10}\n  condition: a", "{\"f\":-3}");
    NO("  a: {f|lt: 10}\n  condition: a", "{\"f\":\"nine\"}");
    NO("  a: {f|lt: 10}\n  condition: a", "{}");
}

static void null_is_missing_or_null_and_not_empty(struct jw_test *t) {
    YES("  a: {f: null}\n  condition: a", "{}");
    YES("  a: {f: null}\n  condition: a", "{\"f\":null}");
    NO("  a: {f: null}\n  condition: a", "{\"f\":\"\"}");
    YES("  a: {f: ''}\n  condition: a", "{\"f\":\"\"}");
    NO("  a: {f: ''}\n  condition: a", "{}");
    YES("  a: {f: [null, x]}\n  condition: a", "{\"f\":\"x\"}");
    YES("  a: {f|exists: true}\n  condition: a", "{\"f\":\"\"}");
    YES("  a: {f|exists: false}\n  condition: a", "{\"g\":1}");
}

static void a_missing_field_is_true_under_not(struct jw_test *t) {
    YES("  a: {g: 1}\n  b: {f: x}\n  condition: a and not b", "{\"g\":1}");
    YES("  a: {f|neq: x}\n  condition: a", "{}");
    NO("  a: {f|neq: [x, y]}\n  condition: a", "{\"f\":\"y\"}");
}

static void any_value_of_a_list_may_match(struct jw_test *t) {
    YES("  a: {f: b}\n  condition: a", "{\"f\":[\"a\",\"b\"]}");
    YES("  a: {f|contains|all: [a, b]}\n  condition: a", "{\"f\":[\"a\",\"b\"]}");
    NO("  a: {f|contains|all: [a, b]}\n  condition: a", "{\"f\":\"a\"}");
    YES("  a: {o.f: b}\n  condition: a", "{\"o\":[{\"f\":\"a\"},{\"f\":\"b\"}]}");
}

static void keywords_are_looked_for_in_every_value(struct jw_test *t) {
    YES("  a: [foo, bar]\n  condition: a", "{\"x\":\"1\",\"y\":\"a FOO b\"}");
    NO("  a: [foo, bar]\n  condition: a", "{\"foo\":\"x\"}");
    YES("  a: {'|all': [foo, bar]}\n  condition: a", "{\"x\":\"foo\",\"y\":\"bar\"}");
    NO("  a: {'|all': [foo, bar]}\n  condition: a", "{\"x\":\"foo\"}");
    YES("  a: ['f*r']\n  condition: a", "{\"x\":\".foo bar.\"}");
}

static void regexes_search_anywhere_and_mind_the_case(struct jw_test *t) {
    YES("  a: {f|re: 'b+c'}\n  condition: a", "{\"f\":\"abbcd\"}");
    NO("  a: {f|re: '^b+c'}\n  condition: a", "{\"f\":\"abbcd\"}");
    NO("  a: {f|re: 'B+c'}\n  condition: a", "{\"f\":\"abbcd\"}");
    YES("  a: {f|re|i: 'B+c'}\n  condition: a", "{\"f\":\"abbcd\"}");
    YES("  a: {f|re|m: '^b$'}\n  condition: a", "{\"f\":\"a\\nb\\nc\"}");
    NO("  a: {f|re: 'a.b'}\n  condition: a", "{\"f\":\"a\\nb\"}");
    YES("  a: {f|re|s: 'a.b'}\n  condition: a", "{\"f\":\"a\\nb\"}");
    YES("  a: {f|re: '^.{3}$'}\n  condition: a", "{\"f\":\"中文字\"}");
    YES("  a: {f|re: '(?<!x)ab'}\n  condition: a", "{\"f\":\"yab\"}");
    YES("  a: {f|re: '(a)\\1'}\n  condition: a", "{\"f\":\"xaax\"}");
    BAD("  a: {f|re: '('}\n  condition: a");
}

static void encodings_are_applied_left_to_right(struct jw_test *t) {
    YES("  a: {f|base64: foobar}\n  condition: a", "{\"f\":\"Zm9vYmFy\"}");
    YES("  a: {f|base64offset|contains: foo}\n  condition: a", "{\"f\":\"YmFyZm9vYmFy\"}");
    YES("  a: {f|base64offset|contains: foob}\n  condition: a", "{\"f\":\"eGZvb2Jy\"}");
    YES("  a: {f|wide|base64offset|contains: ping}\n  condition: a", "{\"f\":\"cABpAG4AZwA=\"}");
    YES("  a: {f|utf16be|base64: a}\n  condition: a", "{\"f\":\"AGE=\"}");
    BAD("  a: {f|base64: 'a*'}\n  condition: a");
}

static void windash_takes_every_dash(struct jw_test *t) {
    YES("  a: {f|contains|windash: ' -enc '}\n  condition: a", "{\"f\":\"p /enc x\"}");
    YES("  a: {f|windash|contains: ' /enc '}\n  condition: a", "{\"f\":\"p \\u2013enc x\"}");
    YES("  a: {f|windash|contains: '-enc'}\n  condition: a", "{\"f\":\"\\u2015ENC\"}");
    NO("  a: {f|windash|contains: 'a-b'}\n  condition: a", "{\"f\":\"a/b\"}");
}

static void networks_and_other_fields(struct jw_test *t) {
    YES("  a: {f|cidr: 10.0.0.0/8}\n  condition: a", "{\"f\":\"10.2.3.4\"}");
    NO("  a: {f|cidr: 10.0.0.0/8}\n  condition: a", "{\"f\":\"11.2.3.4\"}");
    YES("  a: {f|cidr: ['fe80::/10', '2001:db8::/32']}\n  condition: a", "{\"f\":\"2001:db8::1\"}");
    NO("  a: {f|cidr: 10.0.0.0/8}\n  condition: a", "{\"f\":\"10.2.3\"}");
    BAD("  a: {f|cidr: 10.0.0.0/99}\n  condition: a");
    YES("  a: {f|fieldref: g}\n  condition: a", "{\"f\":\"Ab\",\"g\":\"aB\"}");
    NO("  a: {f|fieldref: g}\n  condition: a", "{\"f\":\"Ab\"}");
    YES("  a: {f|fieldref|endswith: g}\n  condition: a", "{\"f\":\"xAb\",\"g\":\"aB\"}");
}

static void conditions_bind_not_before_and_before_or(struct jw_test *t) {
    const char *event = "{\"x\":1,\"y\":2}";
    YES("  a: {x: 1}\n  b: {y: 9}\n  c: {y: 2}\n  condition: a or b and not c", event);
    NO("  a: {x: 1}\n  b: {y: 9}\n  c: {y: 2}\n  condition: (a or b) and not c", event);
    YES("  a1: {x: 1}\n  a2: {y: 9}\n  condition: 1 of a*", event);
    NO("  a1: {x: 1}\n  a2: {y: 9}\n  condition: all of a*", event);
    YES("  a1: {x: 1}\n  a2: {y: 2}\n  a3: {y: 3}\n  condition: 2 of a*", event);
    NO("  a1: {x: 1}\n  a2: {y: 9}\n  a3: {y: 3}\n  condition: 2 of them", event);
    NO("  _a: {x: 1}\n  b: {y: 9}\n  condition: any of them", event);
    YES("  a: {x: 9}\n  b: {y: 2}\n  condition: [a, b]", event);
    YES("  a: {x: 1}\n  condition: NOT not a", event);
    BAD("  a: {x: 1}\n  condition: a and");
    BAD("  a: {x: 1}\n  condition: (a");
    BAD("  a: {x: 1}\n  condition: 1 of b*");
    BAD("  a: {x: 1}\n  condition: a | count() > 5");
}

static void modifiers_that_do_not_go_together_are_refused(struct jw_test *t) {
    static const char *const bad[] = {
        "re|cidr", "re|contains", "re|cased",      "re|base64",   "contains|i", "cidr|contains", "cidr|cased",
        "lt|gt",   "lt|windash",  "lt|cased",      "exists|neq",  "exists|all", "exists|lt",     "hour|day",
        "hour|re", "hour|cidr",   "hour|fieldref", "fieldref|re", "hour|cased", "fieldref|wide"};
    static const char *const good[] = {"re|i|m|s",
                                       "re|neq",
                                       "cidr|neq",
                                       "lt|neq",
                                       "hour|lt",
                                       "hour|gte|neq",
                                       "contains|all|neq",
                                       "cased|startswith",
                                       "fieldref|neq",
                                       "fieldref|cased|endswith",
                                       "wide|base64offset|contains|neq"};
    char detection[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(detection, sizeof detection, "  a: {f|%s: 1}\n  condition: a", bad[i]);
        struct bench b = load(t, detection);
        JW_CHECK(t, strstr(b.reason, "modifiers that do not go together"));
        jw_sigma_free(b.sigma);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(detection, sizeof detection, "  a: {f|%s: %s}\n  condition: a", good[i],
                 strstr(good[i], "cidr")   ? "10.0.0.0/8"
                 : strstr(good[i], "wide") ? "abcd"
                                           : "1");
        struct bench b = load(t, detection);
        JW_CHECK_TEXT(t, jw_text_from(b.reason), (jw_text){0});
        jw_sigma_free(b.sigma);
    }
    YES("  a: {f|fieldref|neq: g}\n  condition: a", "{\"f\":\"a\",\"g\":\"b\"}");
    NO("  a: {f|fieldref|neq: g}\n  condition: a", "{\"f\":\"a\",\"g\":\"A\"}");
}

static void what_cannot_be_loaded_is_refused_with_line_and_reason(struct jw_test *t) {
    struct bench b = load(t, "  a: {x|frob: 1}\n  condition: a");
    JW_CHECK_TEXT(t, jw_text_from(b.reason), JW_TEXT("line 5: unknown modifier: frob"));
    jw_sigma_free(b.sigma);
    b = load(t, "  a: {x: &anchor 1, y: *anchor}\n  condition: a");
    JW_CHECK(t, strstr(b.reason, "anchors"));
    jw_sigma_free(b.sigma);
    BAD("  a: {x|re|cidr: 1}\n  condition: a");
    BAD("  a: {x|contains|i: 1}\n  condition: a");
    BAD("  a: {}\n  condition: a");
    BAD("  a: {x: {y: 1}}\n  condition: a");
}

static void single_quotes_are_read_right_where_the_reader_is_wrong(struct jw_test *t) {
    struct jw_tree *tree = NULL;
    JW_CHECK_OK(t, jw_tree_parse(JW_TEXT("a: 中文\nb: 'x''''y'')z'\n"), t->mem, &tree, &t->err));
    JW_CHECK_TEXT(t, jw_tree_text(tree, "b"), JW_TEXT("x''y')z"));
}

static void a_reason_says_what_was_true(struct jw_test *t) {
    struct bench b = load(t, "  a: {f|contains: [x, shell], g: 1}\n  n: {h: 1}\n  condition: a and not n");
    struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *hits;
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(4096);
    JW_CHECK(t, jw_json_record("{\"f\":\"PowerShell\",\"g\":1}", &rec, NULL));
    JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), 1);
    jw_sigma_reason(worker, hits[0], &out);
    JW_CHECK_TEXT(t, jw_buffer_text(&out), JW_TEXT("f contains \"shell\"; g is \"1\""));
    jw_sigma_worker_free(worker);
    jw_sigma_free(b.sigma);
}

/* (a+)+$ on a long run of a's would take longer than the universe has. */
static void a_catastrophic_regex_is_given_up(struct jw_test *t) {
    char event[200] = "{\"f\":\"";
    memset(event + 6, 'a', 60);
    memcpy(event + 66, "!\"}", 4);
    struct bench b = load(t, "  a: {f|re: '^(a+)+(?=\\$)$'}\n  condition: a");
    struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *hits;
    int64_t start = jw_time_steady();
    JW_CHECK(t, jw_json_record(event, &rec, NULL));
    JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), 0);
    JW_CHECK(t, jw_time_steady() - start < 5 * JW_SECOND);
    jw_sigma_worker_free(worker);
    jw_sigma_free(b.sigma);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(text_is_compared_without_case_unless_cased),
        JW_CASE(wildcards_stand_for_any_run_and_any_character),
        JW_CASE(a_backslash_escapes_only_wildcards_and_itself),
        JW_CASE(numbers_and_texts_are_compared_by_what_they_say),
        JW_CASE(null_is_missing_or_null_and_not_empty),
        JW_CASE(a_missing_field_is_true_under_not),
        JW_CASE(any_value_of_a_list_may_match),
        JW_CASE(keywords_are_looked_for_in_every_value),
        JW_CASE(regexes_search_anywhere_and_mind_the_case),
        JW_CASE(encodings_are_applied_left_to_right),
        JW_CASE(windash_takes_every_dash),
        JW_CASE(networks_and_other_fields),
        JW_CASE(conditions_bind_not_before_and_before_or),
        JW_CASE(modifiers_that_do_not_go_together_are_refused),
        JW_CASE(what_cannot_be_loaded_is_refused_with_line_and_reason),
        JW_CASE(single_quotes_are_read_right_where_the_reader_is_wrong),
        JW_CASE(a_reason_says_what_was_true),
        JW_CASE(a_catastrophic_regex_is_given_up),
        {0},
    });
}
