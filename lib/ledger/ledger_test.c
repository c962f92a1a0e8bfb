/* lib/ledger/ledger_test.c — what a clerk who writes a ledger file, and one who fills in a record, may count on. */
#include "ledger_fixture.h"
#include "rules.h"

static const char supplier[] =
    "title: {zh: 供应商, en: Supplier}\n"
    "requirements: [SPL-02]\n"
    "unit: used_by\n"
    "list: [name, code]\n"
    "keep_days: 3650\n"
    "fields:\n"
    "  name: {type: text, title: {zh: 名称, en: Name}, required: true, unique: true, most: 10}\n"
    "  code: {type: credit_code, title: 统一社会信用代码}\n"
    "  phone: {type: phone, title: 电话, sensitivity: sensitive}\n"
    "  grade: {type: choice, title: 等级, choices: {a: 优, b: 良}, default: b}\n"
    "  number: {type: text, title: 编号, pattern: 'GYS-[0-9]{4}', example: GYS-0001}\n"
    "  used_by: {type: unit, title: 使用单位}\n"
    "  staff: {type: number, title: 人数, least: 1, most: 9999, unit: 人}\n"
    "  size: {type: computed, title: 规模, value: 'if(staff > 100, \"大\", \"小\")'}\n"
    "rights:\n"
    "  - {role: security_manager, may: [read, create, change], where: units}\n"
    "  - {role: auditor, may: [read, export], fields: [name, grade]}\n";
static const char organisation[] = "title: 机构\nfields: {name: {type: text}}\n";

static void a_file_becomes_the_ledger_that_it_says(struct jw_test *t) {
    put(t, "supplier.yaml", supplier);
    put(t, "organisation.yaml", organisation);
    struct jw_ledgers *set = load_all(t);
    JW_CHECK_INT(t, jw_ledgers_count(set), 2);
    JW_CHECK_TEXT(t, jw_text_from(jw_ledgers_get(set, 0)->name), JW_TEXT("organisation"));
    const struct jw_ledger *found = ledger(set, "supplier");
    JW_CHECK_TEXT(t, jw_text_from(found->title.zh), JW_TEXT("供应商"));
    JW_CHECK_TEXT(t, jw_text_from(found->title.en), JW_TEXT("Supplier"));
    JW_CHECK_TEXT(t, jw_text_from(found->fields[1].title.en), JW_TEXT("统一社会信用代码"));
    JW_CHECK_TEXT(t, jw_text_from(found->requirements[0]), JW_TEXT("SPL-02"));
    JW_CHECK_INT(t, found->called, 0);
    JW_CHECK_INT(t, found->unit, 5);
    JW_CHECK_INT(t, found->owner, -1);
    JW_CHECK_INT(t, found->listed[1], 1);
    JW_CHECK_INT(t, found->listed[2], -1);
    JW_CHECK_INT(t, found->keep_days, 3650);
    JW_CHECK_INT(t, strlen(found->digest), 64);
    JW_CHECK(t,
             found->fields[0].required && found->fields[0].unique && found->fields[2].sensitivity == JW_SENSITIVE);
    JW_CHECK_INT(t, found->right_count, 2);
    JW_CHECK_INT(t, found->rights[0].may, JW_MAY_READ | JW_MAY_CREATE | JW_MAY_CHANGE);
    JW_CHECK(t, found->rights[0].where == JW_WHERE_UNITS && !found->rights[0].fields);
    JW_CHECK(t, found->rights[1].where == JW_WHERE_ALL && strcmp(found->rights[1].fields[1], "grade") == 0);
    JW_CHECK_TEXT(t, jw_text_from(jw_rule_reference(&found->fields[5])->ledger), JW_TEXT("organisation"));
    JW_CHECK(t, jw_rule_expression(&found->fields[7]) && !jw_rule_expression(&found->fields[0]));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(found->fields[6].options, "unit"))),
                  JW_TEXT("人"));
    jw_ledgers_free(set);
}

static void a_wrong_file_is_refused_at_its_line_and_column_with_a_reason(struct jw_test *t) {
    static const struct {
        const char *yaml;
        int line, column;
        const char *reason; /* a part of it */
    } cases[] = {
        {"title: x\nfields:\n  a: {type: text}\n   b: {type: text}\n", 4, 0, "not YAML"},
        {"", 1, 1, "empty"},
        {"- a\n", 1, 0, "keys with values"},
        {"fields:\n  a: {type: text}\n", 1, 1, "title is missing"},
        {"title: x\n", 1, 1, "fields"},
        {"title: x\nfield:\n  a: {type: text}\n", 2, 1, "unknown key \"field\"; there are name, title"},
        {"title: x\nfields:\n  a: {type: txt}\n", 3, 7, "no type \"txt\"; there are text, "},
        {"title: x\nfields:\n  a: {typ: text}\n", 3, 3, "type is missing"},
        {"title: x\nfields:\n  a: {type: text, most: 0}\n", 3, 19, "whole number from 1 to 2000"},
        {"title: x\nfields:\n  a:\n    type: text\n    mots: 3\n", 5, 5, "unknown key \"mots\""},
        {"title: x\nfields:\n  A: {type: text}\n", 3, 3, "is no name"},
        {"title: x\nfields:\n  id: {type: text}\n", 3, 3, "is taken"},
        {"title: x\nfields:\n  a: {type: text}\n  a: {type: text}\n", 0, 0, ""},
        {"title: x\nfields:\n  a: {type: text, pattern: '['}\n", 3, 19, "example"},
        {"title: x\nfields:\n  a: {type: text, pattern: '[', example: a}\n", 3, 19, "pattern: at byte"},
        {"title: x\nfields:\n  a: {type: text, pattern: '[0-9]+', example: abc}\n", 3, 38, "does not fit"},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: choice}\n", 4, 3, "choices: wants words"},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: choice, choices: {x: {zh: 一, color: red}}}\n", 4, 0,
         "unknown key \"color\""},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: choice, choices: {x: 一}, default: y}\n", 4, 0,
         "default: is no choice"},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: reference}\n", 4, 3, "ledger is missing"},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: reference, ledger: nowhere}\n", 4, 24,
         "there is no ledger \"nowhere\""},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: computed, value: a +}\n", 4, 23, "a value is missing"},
        {"title: x\nfields:\n  a: {type: text}\n  b: {type: computed, value: c + 1}\n", 4, 23, "no field \"c\""},
        {"title: x\nfields:\n  a: {type: number}\n", 2, 1, "called"},
        {"title: x\ncalled: b\nfields:\n  a: {type: text}\n", 2, 1, "no field \"b\""},
        {"title: x\ncalled: a\nfields:\n  a: {type: text, sensitivity: secret}\n", 2, 1, "secret"},
        {"title: x\nunit: a\nfields:\n  a: {type: text}\n", 2, 1, "of type text; wants one of type unit"},
        {"title: x\nlist: [a, b]\nfields:\n  a: {type: text}\n", 2, 11, "no field \"b\""},
        {"title: x\nname: other\nfields:\n  a: {type: text}\n", 2, 1, "not the name of the file"},
        {"title: x\nfields:\n  a: {type: text}\nrights:\n  - {role: r, may: [read, fly]}\n", 5, 27, "no \"fly\""},
        {"title: x\nfields:\n  a: {type: text}\nrights:\n  - {role: r, may: [read], where: units}\n", 5, 28,
         "unit: FIELD"},
        {"title: x\nattribution: {address: a}\nfields:\n  a: {type: text}\n", 2, 15,
         "of type text; wants ip or cidr"},
        {"title: x\nattribution: {plane: a}\nfields:\n  a: {type: text}\n", 2, 1,
         "at least one of address, mac, host"},
        {"title: x\nattribution: {host: a}\nfields:\n  b: {type: text}\n  a: {type: text, sensitivity: "
         "sensitive}\n",
         2, 15, "is not open"},
        {"title: x\nattribution: {host: a, except: {b: [y]}}\nfields:\n  a: {type: text}\n"
         "  b: {type: choice, choices: {x: 一}}\n",
         2, 0, "no choice \"y\""},
        {"title: x\nattribution: {host: a, except: {a: [y]}}\nfields:\n  a: {type: text}\n", 2, 0,
         "no choice field"},
        {"title: x\nfields:\n  a: {type: text, title: 110}\n", 3, 19, "between quotes"},
        {"title: x\nfields:\n  a: {type: text, required: yes}\n", 3, 19, "true or false"},
        {"title: x\nfields:\n  a: &x {type: text}\n  b: *x\n", 3, 0, "anchors"},
        {"title: x\nfields:\n  a: {type: !!str text}\n", 3, 0, "tags"},
        {"title: x\nfields:\n  a: {type: text}\n  <<: {type: text}\n", 4, 3, "is no name"},
        {"title: \"a\\u0007b\"\nfields:\n  a: {type: text}\n", 1, 1, "control characters"},
        {"title: x\n%YAML 1.2\nfields:\n  a: {type: text}\n", 2, 1, "directives"},
        {"title: x\nfields:\n  a: {type: text}\n---\ntitle: y\n", 5, 1, "one document"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard heard;
        put(t, "x.yaml", cases[i].yaml);
        struct jw_ledgers *set = load(t, NULL, &heard);
        JW_CHECK_INT(t, heard.count, 1);
        JW_CHECK(t, strstr(heard.file, "x.yaml"));
        bool good = strstr(heard.reason, cases[i].reason) && heard.line > 0 && heard.column > 0 &&
                    (!cases[i].line || heard.line == cases[i].line) &&
                    (!cases[i].column || heard.column == cases[i].column);
        if (!good) {
            printf("  case %zu: %s", i, heard.all);
            jw_test_failed(t, __FILE__, __LINE__, cases[i].yaml);
        }
        JW_CHECK(t, !ledger(set, "x"));
        jw_ledgers_free(set);
    }
}

static void complaints_never_hold_half_a_character(struct jw_test *t) {
    struct heard heard;
    char key[200] = "";
    for (int blanks = 0; blanks < 3; blanks++) {
        snprintf(key, sizeof key, "title: x\n%.*s一二三四五六七八九十一二三四五六七八九十: 1\n", blanks, "aa");
        put(t, "x.yaml", key);
        jw_ledgers_free(load(t, NULL, &heard));
        JW_CHECK(t, heard.count == 1 && strstr(heard.reason, "unknown key") &&
                        jw_text_is_utf8(jw_text_from(heard.reason)));
    }
}

static void files_from_windows_editors_load(struct jw_test *t) {
    put(t, "a.yaml", "\xef\xbb\xbftitle: 甲\r\nfields:\r\n  name: {type: text, help: 名称}\r\n");
    struct jw_ledgers *set = load_all(t);
    const struct jw_ledger *found = ledger(set, "a");
    JW_CHECK(t, found && strcmp(found->title.zh, "甲") == 0 && strcmp(found->fields[0].help.zh, "名称") == 0);
    jw_ledgers_free(set);
}

static void hostile_files_are_refused_quickly_and_the_others_load(struct jw_test *t) {
    enum { SIZE = 10 << 20 };
    char *big = malloc(SIZE);
    struct heard heard;
    put(t, "good.yaml", organisation);
    memset(big, '[', SIZE);
    put_file(t, "deep_huge.yaml", big, SIZE);
    put_file(t, "deep.yaml", big, 900000);
    for (size_t i = 0; i + 4 < 900000; i += 4)
        memcpy(big + i, "- - ", 4);
    put_file(t, "deep_block.yaml", big, 900000);
    memset(big, 'a', SIZE);
    put_file(t, "long.yaml", big, 1 << 20);
    jw_buffer bomb = JW_BUFFER(1 << 20);
    jw_buffer_print(&bomb, "a0: &a0 [x, x]\n");
    for (int i = 1; i < 30; i++)
        jw_buffer_print(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1);
    put_file(t, "bomb.yaml", bomb.ptr, bomb.len);
    jw_buffer_clear(&bomb);
    jw_buffer_print(&bomb, "title: x\nfields:\n");
    for (int i = 0; i < 20000; i++)
        jw_buffer_print(&bomb, "  f%d: {type: text}\n", i);
    put_file(t, "many.yaml", bomb.ptr, bomb.len);
    put_file(t, "binary.yaml", "\xff\xfe\0\0", 4);
    put(t, "name.yml", organisation);
    struct jw_ledgers *set = load(t, NULL, &heard);
    JW_CHECK_INT(t, heard.count, 8);
    if (heard.count != 8)
        printf("%s", heard.all);
    JW_CHECK_INT(t, jw_ledgers_count(set), 1);
    JW_CHECK(t, ledger(set, "good"));
    jw_buffer_free(&bomb);
    free(big);
    jw_ledgers_free(set);
}

static void a_ledger_that_becomes_wrong_stays_in_force_as_it_was(struct jw_test *t) {
    struct heard heard;
    put(t, "supplier.yaml", supplier);
    put(t, "organisation.yaml", organisation);
    struct jw_ledgers *first = load_all(t);
    put(t, "supplier.yaml", "title: [broken\n");
    put(t, "organisation.yaml", "title: 机构二\nfields: {name: {type: text}}\n");
    struct jw_ledgers *second = load(t, first, &heard);
    JW_CHECK_INT(t, heard.count, 1);
    JW_CHECK(t, ledger(second, "supplier") == ledger(first, "supplier"));
    JW_CHECK_TEXT(t, jw_text_from(ledger(second, "organisation")->title.zh), JW_TEXT("机构二"));
    jw_ledgers_free(first); /* what stayed lives on without the set it came from */
    JW_CHECK_TEXT(t, jw_text_from(ledger(second, "supplier")->title.en), JW_TEXT("Supplier"));
    struct jw_ledgers *third = load(t, second, &heard);
    jw_ledgers_free(second);
    JW_CHECK_INT(t, ledger(third, "supplier")->field_count, 8);
    jw_ledgers_free(third);
}

static void what_points_to_a_refused_ledger_falls_with_it(struct jw_test *t) {
    struct heard heard;
    put(t, "a.yaml", "title: a\nfields:\n  n: {type: text}\n  b: {type: reference, ledger: b}\n");
    put(t, "b.yaml", "title: b\nfields:\n  n: {type: text}\n  c: {type: reference, ledger: c}\n");
    put(t, "c.yaml", "title: c\nfields:\n  n: {type: wrong}\n");
    put(t, "d.yaml", "title: d\nfields:\n  n: {type: text}\n  d: {type: reference, ledger: d}\n");
    struct jw_ledgers *set = load(t, NULL, &heard);
    JW_CHECK_INT(t, heard.count, 3);
    JW_CHECK_INT(t, jw_ledgers_count(set), 1);
    JW_CHECK(t, ledger(set, "d"));
    jw_ledgers_free(set);
}

static const struct jw_ledger_fault *fault_of(const struct jw_ledger_fault *faults, size_t count,
                                              const char *field) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(faults[i].field, field) == 0)
            return &faults[i];
    return NULL;
}

static void a_record_is_told_all_its_faults_at_once_each_with_its_field(struct jw_test *t) {
    static const struct {
        const char *field, *rule, *text;
    } wanted[] = {{"name", "required", "名称 is required; example: "},
                  {"code", "type", "统一社会信用代码 has a wrong check sign"},
                  {"number", "pattern", "example: GYS-0001"},
                  {"staff", "type", "人数 is too large; at most 9999人"},
                  {"size", "computed", "cannot be set"},
                  {"colour", "unknown", "no field \"colour\""}};
    put(t, "supplier.yaml", supplier);
    put(t, "organisation.yaml", organisation);
    struct jw_ledgers *set = load_all(t);
    struct jw_ledger_fault faults[20];
    size_t count = 20;
    json_t *out = NULL;
    json_t *in = json_pack("{s:s,s:s,s:s,s:i,s:s,s:s}", "name", " ", "code", "91350100M000100Y34", "number",
                           "GYS-1", "staff", 10000, "size", "大", "colour", "red");
    JW_CHECK(t, jw_ledger_check(ledger(set, "supplier"), in, false, &out, faults, &count, &t->err) == JW_E_SYNTAX);
    JW_CHECK_INT(t, count, 6);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct jw_ledger_fault *fault = fault_of(faults, count, wanted[i].field);
        JW_CHECK(t, fault && strcmp(fault->rule, wanted[i].rule) == 0 && strstr(fault->text, wanted[i].text));
    }
    count = 2; /* no more than there is room for */
    JW_CHECK(t, jw_ledger_check(ledger(set, "supplier"), in, false, &out, faults, &count, &t->err) == JW_E_SYNTAX);
    JW_CHECK_INT(t, count, 2);
    json_decref(in);
    jw_ledgers_free(set);
}

static void an_example_is_one_that_fits(struct jw_test *t) {
    static const char *const wanted[][2] = {
        {"number", "GYS-0001"}, {"grade", "优"}, {"code", "91350100M000100Y43"}};
    put(t, "supplier.yaml", supplier);
    put(t, "organisation.yaml", organisation);
    struct jw_ledgers *set = load_all(t);
    const struct jw_ledger *suppliers = ledger(set, "supplier");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char example[JW_LEDGER_EXAMPLE];
        int field = jw_ledger_field_find(suppliers, jw_text_from(wanted[i][0]));
        jw_ledger_example(&suppliers->fields[field], false, example);
        JW_CHECK_TEXT(t, jw_text_from(example), jw_text_from(wanted[i][1]));
    }
    jw_ledgers_free(set);
}

static void a_good_record_comes_back_whole_and_a_part_of_one_as_that_part(struct jw_test *t) {
    put(t, "supplier.yaml", supplier);
    put(t, "organisation.yaml", organisation);
    struct jw_ledgers *set = load_all(t);
    struct jw_ledger_fault faults[20];
    size_t count = 20;
    json_t *in = json_pack("{s:s,s:s}", "name", " 天下信安 ", "phone", "138 1234 1234"), *out = NULL, *again = NULL;
    JW_CHECK_OK(t, jw_ledger_check(ledger(set, "supplier"), in, false, &out, faults, &count, &t->err));
    json_t *want = json_pack("{s:s,s:n,s:s,s:s,s:n,s:n,s:n}", "name", "天下信安", "code", "phone", "13812341234",
                             "grade", "b", "number", "used_by", "staff");
    JW_CHECK(t, json_equal(out, want));
    count = 20;
    JW_CHECK_OK(t, jw_ledger_check(ledger(set, "supplier"), out, false, &again, faults, &count, &t->err));
    JW_CHECK(t, json_equal(out, again));
    json_decref(in), json_decref(out), json_decref(want), json_decref(again);
    in = json_pack("{s:s,s:n}", "grade", "a", "phone"), out = NULL, count = 20;
    JW_CHECK_OK(t, jw_ledger_check(ledger(set, "supplier"), in, true, &out, faults, &count, &t->err));
    JW_CHECK(t, json_equal(in, out));
    json_decref(in), json_decref(out);
    in = json_pack("{s:n}", "name"), out = NULL, count = 20;
    JW_CHECK(t, jw_ledger_check(ledger(set, "supplier"), in, true, &out, faults, &count, &t->err) == JW_E_SYNTAX);
    json_decref(in);
    jw_ledgers_free(set);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(a_file_becomes_the_ledger_that_it_says),
                                      JW_CASE(a_wrong_file_is_refused_at_its_line_and_column_with_a_reason),
                                      JW_CASE(complaints_never_hold_half_a_character),
                                      JW_CASE(files_from_windows_editors_load),
                                      JW_CASE(hostile_files_are_refused_quickly_and_the_others_load),
                                      JW_CASE(a_ledger_that_becomes_wrong_stays_in_force_as_it_was),
                                      JW_CASE(what_points_to_a_refused_ledger_falls_with_it),
                                      JW_CASE(a_record_is_told_all_its_faults_at_once_each_with_its_field),
                                      JW_CASE(an_example_is_one_that_fits),
                                      JW_CASE(a_good_record_comes_back_whole_and_a_part_of_one_as_that_part),
                                      {0}});
}
