/* lib/ledger/types_test.c — every type of field keeps what the table promises of it. */
#include "ledger_fixture.h"
#include "rules.h"

/* A ledger "all" with a field of each type, called after it, and the ledgers they point to. */
static struct jw_ledgers *all_types(struct jw_test *t) {
    jw_buffer yaml = JW_BUFFER(1 << 16);
    jw_buffer_print(&yaml, "title: 全部类型\nfields:\n");
    for (size_t i = 0; jw_ledger_types[i]; i++)
        jw_buffer_print(&yaml, "  a_%s: {type: %s%s%s}\n", jw_ledger_types[i]->name, jw_ledger_types[i]->name,
                        jw_ledger_types[i]->needs ? ", " : "",
                        jw_ledger_types[i]->needs ? jw_ledger_types[i]->needs : "");
    put_file(t, "all.yaml", yaml.ptr, yaml.len);
    jw_buffer_free(&yaml);
    static const char *const others[] = {"system.yaml", "person.yaml", "organisation.yaml"};
    for (size_t i = 0; i < 3; i++)
        put(t, others[i], "title: 其他\nfields: {name: {type: text}}\n");
    return load_all(t);
}

static const struct jw_ledger_field *field_of(const struct jw_ledgers *set, const char *type) {
    char name[JW_LEDGER_NAME];
    snprintf(name, sizeof name, "a_%s", type);
    const struct jw_ledger *all = ledger(set, "all");
    return &all->fields[jw_ledger_field_find(all, jw_text_from(name))];
}

static void every_type_accepts_its_sample_and_the_canonical_form_is_stable(struct jw_test *t) {
    struct jw_ledgers *set = all_types(t);
    for (size_t i = 0; jw_ledger_types[i]; i++) {
        const struct jw_ledger_type *type = jw_ledger_types[i];
        json_t *sample = json_loads(type->sample, JSON_DECODE_ANY, NULL), *once = NULL, *twice = NULL;
        JW_CHECK(t, sample && type->about && *type->about);
        if (type->stored == JW_STORED_NOTHING)
            JW_CHECK(t, type->check(field_of(set, type->name), sample, &once, &t->err) == JW_E_SYNTAX);
        else {
            JW_CHECK_OK(t, type->check(field_of(set, type->name), sample, &once, &t->err));
            JW_CHECK_OK(t, type->check(field_of(set, type->name), once, &twice, &t->err));
            JW_CHECK(t, json_equal(once, twice));
            JW_CHECK(t, type->many == json_is_array(once));
            JW_CHECK(t, type->stored != JW_STORED_INTEGER || json_is_integer(once) || json_is_boolean(once));
            JW_CHECK(t, type->stored != JW_STORED_REAL || json_is_real(once));
        }
        json_decref(sample), json_decref(once), json_decref(twice);
    }
    jw_ledgers_free(set);
}

static void what_is_shown_in_either_language_reads_back_as_the_same_value(struct jw_test *t) {
    struct jw_ledgers *set = all_types(t);
    for (size_t i = 0; jw_ledger_types[i]; i++)
        for (int language = 0; language < 2; language++) {
            const struct jw_ledger_type *type = jw_ledger_types[i];
            const struct jw_ledger_field *field = field_of(set, type->name);
            json_t *sample = json_loads(type->sample, JSON_DECODE_ANY, NULL), *value = NULL, *read = NULL,
                   *back = NULL;
            if (type->stored != JW_STORED_NOTHING && strcmp(type->name, "attachment") != 0) {
                JW_CHECK_OK(t, type->check(field, sample, &value, &t->err));
                jw_buffer shown = JW_BUFFER(4096);
                if (type->show)
                    type->show(field, value, language ? "en" : "zh", &shown);
                else
                    jw_buffer_add(&shown, jw_text_from(json_string_value(value)));
                if (type->read)
                    JW_CHECK_OK(t, type->read(field, jw_buffer_text(&shown), &read, &t->err));
                else
                    read = json_stringn(shown.ptr, shown.len);
                JW_CHECK_OK(t, type->check(field, read, &back, &t->err));
                JW_CHECK(t, back && json_equal(value, back));
                jw_buffer_free(&shown);
            }
            json_decref(sample), json_decref(value), json_decref(read), json_decref(back);
        }
    jw_ledgers_free(set);
}

static void no_type_is_upset_by_values_of_other_kinds(struct jw_test *t) {
    static const char *const odd[] = {"true",
                                      "0",
                                      "-1",
                                      "1e300",
                                      "-0.0",
                                      "\"\"",
                                      "\" \"",
                                      "\"\\u0000\"",
                                      "[]",
                                      "{}",
                                      "[[]]",
                                      "[null]",
                                      "[{}]",
                                      "{\"lat\":\"x\"}",
                                      "9223372036854775807",
                                      "\"９\"",
                                      "\"a\\nb\"",
                                      "\"\\u202eabc\"",
                                      "[1,\"x\",{}]",
                                      "\"............\""};
    struct jw_ledgers *set = all_types(t);
    for (size_t i = 0; jw_ledger_types[i]; i++)
        for (size_t j = 0; j < sizeof odd / sizeof *odd; j++) {
            json_t *value = json_loads(odd[j], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL), *out = NULL;
            struct jw_error err = {0};
            jw_status st = jw_ledger_types[i]->check(field_of(set, jw_ledger_types[i]->name), value, &out, &err);
            JW_CHECK(t, st == JW_OK ? out != NULL : st == JW_E_SYNTAX && *err.text);
            json_decref(value), json_decref(out);
        }
    jw_ledgers_free(set);
}

static const struct {
    const char *type, *in, *canonical; /* NULL: refused */
} spellings[] = {
    {"text", "\"  韶关　\"", "\"韶关\""},
    {"text", "\"a\\nb\"", NULL},
    {"text", "\"a\\u202eb\"", NULL},
    {"long_text", "\"a\\r\\nb\\rc\\n\"", "\"a\\nb\\nc\""},
    {"number", "12.0", "12"},
    {"number", "12.5", NULL},
    {"number", "\"12\"", NULL},
    {"decimal", "0.1", "0.1"},
    {"decimal", "3", "3.0"},
    {"decimal", "1.005", NULL},
    {"decimal", "-0.0", "0.0"},
    {"decimal", "99999999999.99", "99999999999.99"},
    {"date", "\"2026年8月31日\"", "\"2026-08-31\""},
    {"date", "\"2026/8/31\"", "\"2026-08-31\""},
    {"date", "\"20260831\"", "\"2026-08-31\""},
    {"date", "\"2026-02-29\"", NULL},
    {"date", "\"2026-8/31\"", NULL},
    {"datetime", "\"2026-08-31 09:30\"", "\"2026-08-31T01:30:00Z\""},
    {"datetime", "\"2026-08-31T09:30:00+08:00\"", "\"2026-08-31T01:30:00Z\""},
    {"datetime", "\"2026年8月31日 9:30\"", "\"2026-08-31T01:30:00Z\""},
    {"datetime", "\"2026-08-31 24:30\"", NULL},
    {"time", "\"9:30\"", "\"09:30:00\""},
    {"time", "\"24:00\"", NULL},
    {"duration", "\"2小时30分\"", "9000"},
    {"duration", "\"2h30m\"", "9000"},
    {"duration", "\"3 天\"", "259200"},
    {"duration", "-1", NULL},
    {"choice", "\"high\"", "\"high\""},
    {"choice", "\"高\"", NULL},
    {"choices", "[\"data\",\"network\",\"data\"]", "[\"network\",\"data\"]"},
    {"tree", "\"server\"", "\"server\""},
    {"tree", "\"server/\"", NULL},
    {"ip", "\" 010.1.2.3\"", NULL},
    {"ip", "\"2001:DB8:0::1\"", "\"2001:db8::1\""},
    {"cidr", "\"10.1.2.3\"", "\"10.1.2.3/32\""},
    {"cidr", "\"10.1.2.3/24\"", NULL},
    {"mac", "\"00-1A-2B-3C-4D-5E\"", "\"00:1a:2b:3c:4d:5e\""},
    {"mac", "\"001a.2b3c.4d5e\"", "\"00:1a:2b:3c:4d:5e\""},
    {"mac", "\"001A2B3C4D5E\"", "\"00:1a:2b:3c:4d:5e\""},
    {"mac", "\"00:1a:2b:3c:4d\"", NULL},
    {"mac", "\"00:1a-2b:3c:4d:5e\"", NULL},
    {"url", "\"HTTPS://WWW.Example.GOV.CN/A?b\"", "\"https://www.example.gov.cn/A?b\""},
    {"url", "\"javascript:alert(1)\"", NULL},
    {"url", "\"https://user:secret@host/\"", NULL},
    {"url", "\"https://\"", NULL},
    {"email", "\"Zhang.San@Example.GOV.cn\"", "\"Zhang.San@example.gov.cn\""},
    {"email", "\"zhang@localhost\"", NULL},
    {"email", "\"a..b@example.cn\"", NULL},
    {"phone", "\"+86 138-0013-8000\"", "\"13800138000\""},
    {"phone", "\"(0751) 8888888 转 12\"", "\"0751-8888888-12\""},
    {"phone", "\"010-88888888\"", "\"010-88888888\""},
    {"phone", "\"400-123-4567\"", "\"4001234567\""},
    {"phone", "\"12345\"", "\"12345\""},
    {"phone", "\"12800138000\"", NULL},
    {"phone", "\"8888888\"", NULL},
    {"resident_id", "\"11010519491231002x\"", "\"11010519491231002X\""},
    {"resident_id", "\"110105194912310021\"", NULL},
    {"resident_id", "\"11010519490231002X\"", NULL},
    {"resident_id", "\"99010519491231002X\"", NULL},
    {"credit_code", "\"91350100m000100y43\"", "\"91350100M000100Y43\""},
    {"credit_code", "\"91350100M000100Y34\"", NULL},
    {"reference", "\"17\"", "17"},
    {"reference", "0", NULL},
    {"references", "[18, 17, 18]", "[17, 18]"},
    {"geo", "{\"lat\": 24.81030000001, \"lon\": 113.5972}", "{\"lat\": 24.8103, \"lon\": 113.5972}"},
    {"geo", "{\"lat\": 124, \"lon\": 113}", NULL},
    {"attachment", "[{\"sm3\": \"66\", \"name\": \"a\", \"size\": 1, \"media\": \"text/plain\"}]", NULL},
};

static void spellings_that_mean_the_same_become_the_same(struct jw_test *t) {
    struct jw_ledgers *set = all_types(t);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const struct jw_ledger_field *field = field_of(set, spellings[i].type);
        json_t *in = json_loads(spellings[i].in, JSON_DECODE_ANY, NULL), *out = NULL;
        json_t *want = spellings[i].canonical ? json_loads(spellings[i].canonical, JSON_DECODE_ANY, NULL) : NULL;
        struct jw_error err = {0};
        jw_status st = field->type->check(field, in, &out, &err);
        char *got = out ? json_dumps(out, JSON_ENCODE_ANY) : NULL;
        if (want ? !out || !json_equal(out, want) : st != JW_E_SYNTAX) {
            printf("  %s %s gave %s %s\n", spellings[i].type, spellings[i].in, got ? got : "nothing", err.text);
            jw_test_failed(t, __FILE__, __LINE__, spellings[i].in);
        }
        free(got);
        json_decref(in), json_decref(out), json_decref(want);
    }
    jw_ledgers_free(set);
}

static void addresses_sort_as_numbers_in_their_column_and_come_back(struct jw_test *t) {
    static const char *const order[][4] = {{"9.0.0.1", "10.0.0.1", "10.0.0.10", "2001:db8::1"},
                                           {"9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/24", "2001:db8::/32"}};
    for (int kind = 0; kind < 2; kind++) {
        const struct jw_ledger_type *type = jw_ledger_type_find(jw_text_from(kind ? "cidr" : "ip"));
        jw_buffer before = JW_BUFFER(64);
        for (size_t i = 0; i < 4; i++) {
            jw_buffer column = JW_BUFFER(64), back = JW_BUFFER(64);
            JW_CHECK(t, type->pack(jw_text_from(order[kind][i]), &column));
            JW_CHECK(t, type->unpack(jw_buffer_text(&column), &back));
            JW_CHECK_TEXT(t, jw_buffer_text(&back), jw_text_from(order[kind][i]));
            JW_CHECK(t, jw_text_compare(jw_buffer_text(&before), jw_buffer_text(&column)) < 0);
            jw_buffer_free(&before);
            jw_buffer_free(&back);
            before = column;
        }
        jw_buffer_free(&before);
        JW_CHECK(t, !type->unpack(JW_TEXT("00zz"), &before));
        jw_buffer_free(&before);
    }
}

static void names_of_files_cannot_leave_their_folder(struct jw_test *t) {
    static const char *const bad[] = {"../a", "a/b", "a\\\\b", ".bashrc", "a\\u0000b", "", "a:b"};
    struct jw_ledgers *set = all_types(t);
    const struct jw_ledger_field *field = field_of(set, "attachment");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "[{\"sm3\":\"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0\",\"name\":\"%s\","
                 "\"size\":1,\"media\":\"text/plain\"}]",
                 bad[i]);
        json_t *in = json_loads(text, JSON_ALLOW_NUL, NULL), *out = NULL;
        JW_CHECK(t, in && field->type->check(field, in, &out, &t->err) == JW_E_SYNTAX);
        json_decref(in), json_decref(out);
    }
    jw_ledgers_free(set);
}

static void what_is_sensitive_is_masked_and_stays_recognisable(struct jw_test *t) {
    static const struct {
        const char *type, *value, *masked;
    } cases[] = {
        {"phone", "\"13812341234\"", "\"138****1234\""},
        {"resident_id", "\"11010519491231002X\"", "\"110105****2X\""},
        {"text", "\"张三丰\"", "\"张**\""},
        {"text", "\"李四\"", "\"李*\""},
        {"text", "\"王\"", "\"*\""},
        {"email", "\"zhangsan@example.gov.cn\"", "\"z****\""},
        {"ip", "\"10.1.2.3\"", "\"****\""},
        {"long_text", "\"秘密的长文\"", "\"****\""},
        {"number", "42", "\"****\""},
        {"choice", "\"high\"", "\"****\""},
        {"date", "\"2026-08-31\"", "\"****\""},
    };
    struct jw_ledgers *set = all_types(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = json_loads(cases[i].value, JSON_DECODE_ANY, NULL), *masked = NULL;
        jw_ledger_mask(field_of(set, cases[i].type), value, &masked);
        char *got = json_dumps(masked, JSON_ENCODE_ANY);
        JW_CHECK_TEXT(t, jw_text_from(got), jw_text_from(cases[i].masked));
        free(got);
        json_decref(value), json_decref(masked);
    }
    jw_ledgers_free(set);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(every_type_accepts_its_sample_and_the_canonical_form_is_stable),
                                      JW_CASE(what_is_shown_in_either_language_reads_back_as_the_same_value),
                                      JW_CASE(no_type_is_upset_by_values_of_other_kinds),
                                      JW_CASE(spellings_that_mean_the_same_become_the_same),
                                      JW_CASE(addresses_sort_as_numbers_in_their_column_and_come_back),
                                      JW_CASE(names_of_files_cannot_leave_their_folder),
                                      JW_CASE(what_is_sensitive_is_masked_and_stays_recognisable),
                                      {0}});
}
