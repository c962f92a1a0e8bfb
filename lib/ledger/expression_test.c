/* lib/ledger/expression_test.c — computed fields say what their expression says, and wrong ones never run. */
#include "ledger_fixture.h"
#include "rules.h"

static const char *const asset = "title: 资产\nfields:\n"
                                 "  name: {type: text}\n"
                                 "  cores: {type: number}\n"
                                 "  price: {type: decimal}\n"
                                 "  expires: {type: date}\n"
                                 "  seen: {type: datetime}\n"
                                 "  online: {type: boolean}\n"
                                 "  grade: {type: choice, choices: {high: 高, low: 低}}\n"
                                 "  tags: {type: choices, choices: {net: 网, data: 数}}\n"
                                 "  secret: {type: number, sensitivity: secret}\n"
                                 "  result: {type: computed, value: \"%s\"}\n";
static const char finding[] = "title: 漏洞\nfields:\n"
                              "  name: {type: text}\n"
                              "  asset: {type: reference, ledger: asset}\n"
                              "  other: {type: reference, ledger: finding}\n"
                              "  grade: {type: choice, choices: {high: 高, low: 低}}\n"
                              "  fixed: {type: boolean}\n"
                              "  score: {type: decimal}\n"
                              "  found: {type: date}\n";
static const char record[] =
    "{\"name\":\"主机\",\"cores\":8,\"price\":12.5,\"expires\":\"2026-09-30\",\"seen\":\"2026-08-30T20:00:00Z\","
    "\"online\":true,\"grade\":\"high\",\"tags\":[\"net\"],\"secret\":null}";
static const char related_records[] =
    "[{\"grade\":\"high\",\"fixed\":false,\"score\":9.5,\"found\":\"2026-08-01\"},"
    "{\"grade\":\"high\",\"fixed\":true,\"score\":7.0,\"found\":\"2026-08-20\"},"
    "{\"grade\":\"low\",\"fixed\":false,\"score\":null,\"found\":null}]";

static struct jw_ledgers *declare(struct jw_test *t, const char *expression, struct heard *heard) {
    char yaml[4096];
    snprintf(yaml, sizeof yaml, asset, expression);
    put(t, "asset.yaml", yaml);
    put(t, "finding.yaml", finding);
    return load(t, NULL, heard);
}

/* The store of these tests: three findings point to the asset; `repeat` times each. */
struct store {
    json_t *findings;
    int repeat;
};

static jw_status visit_all(void *context, const char *name, const char *field, jw_expression_visit visit,
                           void *with, struct jw_error *err) {
    struct store *store = context;
    if (strcmp(name, "finding") != 0 || strcmp(field, "asset") != 0)
        return jw_fail(err, JW_E_SYSTEM, "asked for %s.%s", name, field);
    for (int round = 0; round < store->repeat; round++)
        for (size_t i = 0; i < json_array_size(store->findings); i++)
            if (!visit(with, json_array_get(store->findings, i)))
                return JW_OK;
    return JW_OK;
}

static jw_status value_of(struct jw_test *t, const char *expression, int repeat, json_t **out) {
    struct heard heard;
    struct jw_ledgers *set = declare(t, expression, &heard);
    const struct jw_ledger *found = ledger(set, "asset");
    if (!found) {
        jw_test_failed(t, __FILE__, __LINE__, heard.all);
        return jw_ledgers_free(set), JW_E_SYNTAX;
    }
    struct store store = {json_loads(related_records, 0, NULL), repeat};
    json_t *own = json_loads(record, 0, NULL);
    struct jw_expression_world world = {
        .record = own, .today = 20696, .mem = t->mem, .context = &store, .related = visit_all}; /* 2026-08-31 */
    jw_status st =
        jw_expression_run(jw_rule_expression(&found->fields[found->field_count - 1]), &world, out, &t->err);
    json_decref(own), json_decref(store.findings);
    jw_ledgers_free(set);
    return st;
}

static void expressions_mean_what_they_say(struct jw_test *t) {
    static const struct {
        const char *expression, *value;
    } cases[] = {
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"-cores + 10", "2"},
        {"price / 2", "6.25"},
        {"cores / 0", "null"},
        {"10 - 3 - 2", "5"},
        {"round(price / 3, 2)", "4.17"},
        {"least(cores, price)", "8"},
        {"most(cores, 3)", "8"},
        {"cores > 4 and online", "true"},
        {"not online or cores = 8", "true"},
        {"not cores = 8", "false"},
        {"grade = 'high'", "true"},
        {"grade != 'low'", "true"},
        {"contains(tags, 'net')", "true"},
        {"contains(name, '主')", "true"},
        {"size(name)", "2"},
        {"name + '-' + grade", "\"主机-high\""},
        {"if(cores > 100, 'big', if(cores > 4, 'middle', 'small'))", "\"middle\""},
        {"days_until(expires)", "30"},
        {"days_since(seen)", "0"},
        {"expires - 30", "\"2026-08-31\""},
        {"expires - 30 = today()", "true"},
        {"expires - seen", "30"},
        {"is_empty(name) or is_empty(expires)", "false"},
        {"or_else(empty, 3)", "3"},
        {"count(finding.asset)", "3"},
        {"count(finding.asset where grade = 'high' and not fixed)", "1"},
        {"sum(finding.asset, score)", "16.5"},
        {"sum(finding.asset, score where grade = 'low')", "0"},
        {"latest(finding.asset, found)", "\"2026-08-20\""},
        {"earliest(finding.asset, found where fixed)", "\"2026-08-20\""},
        {"latest(finding.asset, found where grade = 'low')", "null"},
        {"if(count(finding.asset where not fixed) > 1, 100 - 10 * count(finding.asset), 100)", "70"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *out = NULL;
        JW_CHECK_OK(t, value_of(t, cases[i].expression, 1, &out));
        char *got = out ? json_dumps(out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10)) : NULL;
        JW_CHECK_TEXT(t, jw_text_from(got), jw_text_from(cases[i].value));
        free(got);
        json_decref(out);
    }
}

static void an_expression_that_cannot_work_is_refused_when_it_is_read(struct jw_test *t) {
    static const struct {
        const char *expression, *reason;
    } cases[] = {
        {"", "text"},
        {"1 +", "a value is missing at the end"},
        {"1 2", "operator"},
        {"cores + name", "wants a number here, not a text"},
        {"name > 3", "cannot be compared"},
        {"1 < 2 < 3", "operator"},
        {"online + 1", "wants a number"},
        {"nothing", "no field \\\"nothing\\\""},
        {"grade = 'hihg'", "no choice of the field"},
        {"contains(tags, 'dat')", "no choice of the field"},
        {"days_until(cores)", "wants a date"},
        {"if(1, 2, 3)", "true or false"},
        {"if(online, 2, 'x')", "wants a number"},
        {"fly(1)", "no such function"},
        {"round()", "1 to 2 values"},
        {"today(1)", "0 to 0"},
        {"result + 1", "computed itself"},
        {"secret + 1", "sensitivity: secret"},
        {"tags", "the result is a list"},
        {"count(nowhere.asset)", "no ledger"},
        {"count(finding.nothing)", "no field"},
        {"count(finding.name)", "points to no ledger"},
        {"count(finding.other)", "points to finding, not to asset"},
        {"count(finding.asset where cores > 1)", "no field"},
        {"count(finding.asset where count(finding.asset) > 1)", "cannot count again"},
        {"sum(finding.asset, name)", "wants a number"},
        {"count（finding.asset）", "outside of quotes"},
        {"'open", "quote does not end"},
        {"((((((((((((((((((((((1))))))))))))))))))))))", "too deep"},
        {"1.2.3", "no number"},
        {"cores @ 2", "no such sign"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard heard;
        struct jw_ledgers *set = declare(t, cases[i].expression, &heard);
        char reason[200];
        size_t len = 0;
        for (const char *c = cases[i].reason; *c; c++)
            if (*c != '\\')
                reason[len++] = *c;
        reason[len] = 0;
        if (!strstr(heard.reason, reason) || ledger(set, "asset")) {
            printf("  %s gave %s\n", cases[i].expression, heard.all);
            jw_test_failed(t, __FILE__, __LINE__, cases[i].expression);
        }
        jw_ledgers_free(set);
    }
}

static void long_expressions_end_at_their_ceilings(struct jw_test *t) {
    struct heard heard;
    jw_buffer text = JW_BUFFER(4096);
    for (int i = 0; i < 150; i++)
        jw_buffer_print(&text, "%s1", i ? "+" : "");
    jw_buffer_byte(&text, 0);
    struct jw_ledgers *set = declare(t, text.ptr, &heard);
    JW_CHECK(t, strstr(heard.reason, "at most 200 parts"));
    jw_ledgers_free(set);
    jw_buffer_clear(&text);
    for (int i = 0; i < 400; i++)
        jw_buffer_print(&text, "not ");
    jw_buffer_print(&text, "true");
    jw_buffer_byte(&text, 0);
    set = declare(t, text.ptr, &heard);
    JW_CHECK(t, strstr(heard.reason, "longer than 1000") || strstr(heard.reason, "too deep"));
    jw_ledgers_free(set);
    jw_buffer_free(&text);
}

static void counting_without_end_ends(struct jw_test *t) {
    json_t *out = NULL;
    JW_CHECK(t, value_of(t, "count(finding.asset where fixed)", JW_EXPRESSION_RELATED / 3 + 1, &out) == JW_E_LIMIT);
    JW_CHECK(t, !out && strstr(t->err.text, "100000"));
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(expressions_mean_what_they_say),
                                      JW_CASE(an_expression_that_cannot_work_is_refused_when_it_is_read),
                                      JW_CASE(long_expressions_end_at_their_ceilings),
                                      JW_CASE(counting_without_end_ends),
                                      {0}});
}
