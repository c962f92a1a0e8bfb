/* lib/exchange/exchange_test.c — tables in and out of the ledgers, on SQLite and on what JW_TEST_DB names. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/store_fixture.h"
#include "test/test.h"

#define UNITS                                                                     \
    "title: {zh: 机构, en: Organisation}\nunit: parent\nfields:\n"              \
    "  name: {title: {zh: 机构名称, en: Name}, type: text, required: true}\n" \
    "  parent: {title: {zh: 上级机构, en: Parent}, type: unit}\n"             \
    "rights:\n  - {role: keeper, may: [read, create, change, import, export]}\n  - {role: clerk, may: [read]}\n"
#define PERSONS                                                                          \
    "title: {zh: 人员, en: Person}\nunit: unit\nfields:\n"                             \
    "  name: {title: {zh: 姓名, en: Name}, type: text, required: true}\n"              \
    "  unit: {title: {zh: 单位, en: Unit}, type: unit, required: true}\n"              \
    "  mobile: {title: {zh: 手机, en: Mobile}, type: phone, sensitivity: sensitive}\n" \
    "  review: {title: {zh: 审查, en: Review}, type: text, sensitivity: secret}\n"     \
    "rights:\n  - {role: clerk, may: [read, create, change, import, export], where: units}\n"
#define DISKS                                                                                                     \
    "title: {zh: 移动硬盘, en: Disk}\nunit: unit\nowner: holder\nfields:\n"                                   \
    "  number: {title: {zh: 编号, en: Number}, type: text, pattern: 'YD-[0-9]{4}', example: YD-0001, "          \
    "required: true, unique: true}\n"                                                                             \
    "  kind: {title: {zh: 类型, en: Kind}, type: choice, choices: {disk: 移动硬盘, stick: U盘}, default: " \
    "stick}\n"                                                                                                    \
    "  unit: {title: {zh: 领用单位, en: Unit}, type: unit}\n"                                                 \
    "  holder: {title: {zh: 领用人, en: Holder}, type: person}\n"                                              \
    "  due: {title: {zh: 应还日期, en: Due}, type: date}\n"                                                   \
    "  note: {title: {zh: 备注, en: Note}, type: long_text}\n"                                                  \
    "  left: {title: {zh: 剩余, en: Left}, type: computed, value: days_until(due)}\n"                           \
    "rights:\n  - {role: clerk, may: [read, create, change, import, export], where: units}\n"

/* libxlsxwriter 1.1.4 copies the formula of a list of choices twice and loses one: 18 bytes of a template */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libxlsxwriter"; }

static const struct jw_holder root = {.account = "root", .root = true};

struct place {
    char folder[3000], db[3100], imports[3100];
    struct jw_ledgers *ledgers;
    struct jw_store *store;
    struct jw_roles *roles;
    struct jw_exchange exchange;
};

static void close_place(struct place *p) {
    jw_store_close(p->store);
    jw_ledgers_free(p->ledgers);
    jw_roles_free(p->roles);
}

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct jw_test *t = context;
    printf("%s:%d:%d: %s\n", file, line, column, reason);
    JW_CHECK(t, !"a ledger was refused");
}

static void open_store(struct jw_test *t, struct place *p, const char *folder) {
    fixture_database(t, p->db, sizeof p->db);
    JW_CHECK_OK(t, jw_ledgers_load(folder, NULL, refused, t, &p->ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p->db, p->ledgers, &p->store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(p->store, NULL, NULL, &t->err));
    snprintf(p->imports, sizeof p->imports, "%.2900s/imports", t->folder);
    p->exchange = (struct jw_exchange){.store = p->store,
                                       .ledgers = p->ledgers,
                                       .holder = &root,
                                       .actor = {JW_TEXT("li"), JW_TEXT("10.0.0.1"), JW_TEXT("")},
                                       .folder = p->imports};
}

static void choose(struct place *p, const char *ledger) {
    p->exchange.ledger = jw_ledgers_find(p->ledgers, jw_text_from(ledger));
    if (!p->exchange.ledger)
        abort();
}

static struct jw_outcome last;

static jw_status make(struct place *p, const char *ledger, json_t *fields, struct jw_error *err) {
    struct jw_change change = {
        .ledger = jw_ledgers_find(p->ledgers, jw_text_from(ledger)), .deed = JW_CREATE, .fields = fields};
    jw_status st = jw_store_change(p->store, &change, &last, err);
    json_decref(last.record);
    json_decref(fields);
    return st;
}

/* 1 市, 2 县 below it, 3 another 县; persons 1 张三 of 2, 2 张三 of 3, 3 李四 of 2. */
static struct place start(struct jw_test *t) {
    static const char *const units[] = {"{\"name\": \"市\"}", "{\"name\": \"东县\", \"parent\": 1}",
                                        "{\"name\": \"西县\", \"parent\": 1}"};
    static const char *const persons[] = {
        "{\"name\": \"张三\", \"unit\": 2, \"mobile\": \"13800138000\", \"review\": \"合格\"}",
        "{\"name\": \"张三\", \"unit\": 3}", "{\"name\": \"李四\", \"unit\": 2}"};
    struct place p = {{0}};
    snprintf(p.folder, sizeof p.folder, "%.2900s/ledgers", t->folder);
    mkdir(p.folder, 0700);
    fixture_ledger(p.folder, "organisation", UNITS);
    fixture_ledger(p.folder, "person", PERSONS);
    fixture_ledger(p.folder, "disk", DISKS);
    open_store(t, &p, p.folder);
    for (size_t i = 0; i < 3; i++)
        JW_CHECK_OK(t, make(&p, "organisation", json_loads(units[i], 0, NULL), &t->err));
    for (size_t i = 0; i < 3; i++)
        JW_CHECK_OK(t, make(&p, "person", json_loads(persons[i], 0, NULL), &t->err));
    choose(&p, "disk");
    return p;
}

static json_t *preview_bytes(struct jw_test *t, struct place *p, jw_text file) {
    struct jw_import import = {.file = file, .file_name = "移交/盘点.csv"};
    json_t *report = NULL;
    p->exchange.folder = p->imports;
    JW_CHECK_OK(t, jw_exchange_preview(&p->exchange, &import, &report, &t->err));
    return report ? report : json_object();
}
static json_t *preview(struct jw_test *t, struct place *p, const char *file) {
    return preview_bytes(t, p, jw_text_from(file));
}

static int64_t number(const json_t *report, const char *name) {
    return json_integer_value(json_object_get(report, name));
}

/* "C2 due type; D3 …": the errors without their texts, which stand in `texts`. */
static void check_errors(struct jw_test *t, const json_t *report, const char *want, const char *words) {
    jw_buffer list = JW_BUFFER(1 << 16), texts = JW_BUFFER(1 << 20);
    const json_t *error;
    size_t i;
    json_array_foreach(json_object_get(report, "errors"), i, error) {
        jw_buffer_print(&list, "%s%s %s %s", i ? "; " : "", json_string_value(json_object_get(error, "cell")),
                        json_string_value(json_object_get(error, "field")),
                        json_string_value(json_object_get(error, "rule")));
        jw_buffer_print(&texts, "%s\n", json_string_value(json_object_get(error, "text")));
    }
    JW_CHECK_TEXT(t, jw_buffer_text(&list), jw_text_from(want));
    if (words && !jw_text_find(jw_buffer_text(&texts), jw_text_from(words), NULL))
        JW_CHECK_TEXT(t, jw_buffer_text(&texts), jw_text_from(words));
    jw_buffer_free(&list);
    jw_buffer_free(&texts);
}

static jw_status accept(struct jw_test *t, struct place *p, const json_t *report, bool good_only, json_t **out) {
    const char *id = json_string_value(json_object_get(report, "id"));
    return jw_exchange_accept(&p->exchange, jw_text_from(id ? id : ""), good_only, out, &t->err);
}

static json_t *get(struct jw_test *t, struct place *p, int64_t id) {
    json_t *record = NULL;
    jw_status st = jw_store_get(p->store, p->exchange.ledger, id, &record, &t->err);
    return st == JW_OK ? record : NULL;
}

static const char *text_in(const json_t *record, const char *name) {
    const char *text = json_string_value(json_object_get(json_object_get(record, "fields"), name));
    return text ? text : "";
}
static int64_t number_in(const json_t *record, const char *name) {
    return json_integer_value(json_object_get(json_object_get(record, "fields"), name));
}

#define HEAD "编号,类型,领用单位,领用人,应还日期,备注\n"

static void nothing_is_written_unless_it_is_accepted(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *done = NULL;
    json_t *report = preview(t, &p, HEAD "YD-0001,U盘,东县,李四,2026年8月31日,甲\nYD-0002,,,,,\n");
    JW_CHECK(t, number(report, "new") == 2 && number(report, "wrong") == 0 && number(report, "rows") == 2);
    JW_CHECK(t, !get(t, &p, 1));
    JW_CHECK_OK(t, accept(t, &p, report, false, &done));
    JW_CHECK_INT(t, number(done, "written"), 2);
    json_t *record = get(t, &p, 1), *versions = NULL;
    JW_CHECK_TEXT(t, jw_text_from(text_in(record, "due")), JW_TEXT("2026-08-31"));
    JW_CHECK(t, number_in(record, "unit") == 2 && number_in(record, "holder") == 3);
    JW_CHECK_OK(t, jw_store_history(p.store, p.exchange.ledger, 1, 0, 5, &versions, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(json_array_get(versions, 0), "why"))),
                  JW_TEXT("导入 盘点.csv"));
    json_decref(record);
    record = get(t, &p, 2);
    JW_CHECK_TEXT(t, jw_text_from(text_in(record, "kind")), JW_TEXT("stick")); /* its default */
    json_decref(record);
    json_decref(done);
    JW_CHECK_INT(t, accept(t, &p, report, false, &done), JW_E_DENIED); /* once only */
    JW_CHECK_INT(t, accept(t, &p, report, true, &done), JW_E_DENIED);
    p.exchange.actor.who = JW_TEXT("wang"); /* somebody else's preview */
    JW_CHECK_INT(t, accept(t, &p, report, false, &done), JW_END);
    JW_CHECK_INT(t, jw_exchange_accept(&p.exchange, JW_TEXT("../../../../etc/passwd"), false, &done, &t->err),
                 JW_END);
    json_decref(versions);
    json_decref(report);
}

static void each_fault_names_its_cell(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *done = NULL;
    json_t *report = preview(t, &p,
                             HEAD "YD-1,软盘,东县,李四,2026-13-31,\n"
                                  "YD-0002,,北县,张三,,\n"
                                  ",,,,,只有备注\n"
                                  "YD-0003,,,#99,,\n"
                                  "YD-0004,,,,,\n"
                                  "YD-0004,,,,,\n");
    check_errors(t, report,
                 "B2 kind type; C3 unit type; D3 holder type; A4 number required; D5 holder type; A7 number unique",
                 "有2个“张三”：#1（东县）、#2（西县）；请写编号，例如 #1");
    check_errors(t, report,
                 "B2 kind type; C3 unit type; D3 holder type; A4 number required; D5 holder type; A7 number unique",
                 "台账“机构”里没有“北县”");
    JW_CHECK(t, number(report, "wrong") == 5 && number(report, "new") == 1);
    JW_CHECK_INT(t, accept(t, &p, report, false, &done), JW_E_SYNTAX);
    JW_CHECK(t, !get(t, &p, 1));
    json_decref(done);
    JW_CHECK_OK(t, accept(t, &p, report, true, &done));
    JW_CHECK(t, number(done, "written") == 1 && number(done, "left_out") == 5);
    json_t *record = get(t, &p, 1);
    JW_CHECK_TEXT(t, jw_text_from(text_in(record, "number")), JW_TEXT("YD-0004"));
    json_decref(record);
    json_decref(done);
    json_decref(report);
}

static void rows_change_records_by_key_and_number(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *done = NULL;
    for (int i = 1; i <= 3; i++)
        JW_CHECK_OK(t, make(&p, "disk",
                            json_pack("{ss# si}", "number",
                                      i == 1   ? "YD-0001"
                                      : i == 2 ? "YD-0002"
                                               : "YD-0003",
                                      7, "unit", 2),
                            &t->err));
    json_t *report = preview(t, &p, "编号,备注,领用单位\nYD-0001,新,东县\nYD-0002,,东县\nYD-0003,,\nYD-0009,,\n");
    JW_CHECK(t, number(report, "changed") == 2 && number(report, "same") == 1 && number(report, "new") == 1);
    JW_CHECK_OK(t, accept(t, &p, report, false, &done));
    json_t *record = get(t, &p, 1);
    JW_CHECK(t, number(record, "version") == 2 && number_in(record, "unit") == 2);
    json_decref(record);
    record = get(t, &p, 3); /* an empty cell of a column that is there empties the field */
    JW_CHECK(t, number(record, "version") == 2 &&
                    json_is_null(json_object_get(json_object_get(record, "fields"), "unit")));
    json_decref(record);
    json_decref(report);
    json_decref(done);

    report = preview(
        t, &p, "记录号,记录版本,备注,编号\n1,1,旧,YD-0001\n#2,1,乙,YD-0002\n77,,丙,YD-0077\nx,,,\n2,,再,YD-0002\n");
    check_errors(t, report, "B2 version version; A4 id reference; A5 id type; A6 id unique", "有人改过这条记录");
    JW_CHECK_INT(t, number(report, "changed"), 1);
    json_decref(report);
}

static void what_changed_since_the_preview_is_not_overwritten(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *done = NULL;
    JW_CHECK_OK(t, make(&p, "disk", json_pack("{ss}", "number", "YD-0001"), &t->err));
    json_t *report = preview(t, &p, "编号,备注\nYD-0002,乙\nYD-0001,甲\n");
    json_t *other = json_pack("{ss}", "note", "别人");
    struct jw_change change = {.ledger = p.exchange.ledger, .deed = JW_CHANGE, .id = 1, .fields = other};
    JW_CHECK_OK(t, jw_store_change(p.store, &change, &last, &t->err));
    json_decref(last.record);
    JW_CHECK_INT(t, accept(t, &p, report, false, &done), JW_E_SYNTAX);
    JW_CHECK(t, !get(t, &p, 2)); /* all or none */
    check_errors(t, done, " version version", "somebody changed it meanwhile");
    json_decref(done);
    JW_CHECK_OK(t, accept(t, &p, report, true, &done));
    JW_CHECK(t, number(done, "written") == 1 && number(done, "left_out") == 1);
    json_t *record = get(t, &p, 1);
    JW_CHECK_TEXT(t, jw_text_from(text_in(record, "note")), JW_TEXT("别人"));
    json_decref(record);
    json_decref(done);
    json_decref(other);
    json_decref(report);
}

static void a_row_may_name_a_row_before_it(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *done = NULL;
    choose(&p, "organisation");
    json_t *report =
        preview(t, &p, "机构名称,上级机构\n南县,市\n南县一镇,南县\n南县一镇一村,南县一镇\n某村,未有\n");
    check_errors(t, report, "B5 parent type", NULL);
    JW_CHECK_OK(t, accept(t, &p, report, true, &done));
    json_t *record = get(t, &p, 6);
    JW_CHECK_TEXT(t, jw_text_from(text_in(record, "name")), JW_TEXT("南县一镇一村"));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(record, "place"))), JW_TEXT("1.4.5.6."));
    json_decref(record);
    json_decref(done);
    json_decref(report);
}

static void headers_are_understood_in_both_languages(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *report = preview(t, &p, "Number,kind,领用单位*,序号,剩余\nYD-0001,disk,西县,1,9\n");
    JW_CHECK_INT(t, number(report, "new"), 1);
    JW_CHECK_INT(t, json_array_size(json_object_get(report, "columns")), 4);
    JW_CHECK_INT(t, json_array_size(json_object_get(report, "notes")), 2); /* 序号 is no field, 剩余 is computed */
    json_decref(report);
    struct jw_import twice = {.file = JW_TEXT("编号,Number\nYD-0001,x\n"), .file_name = "x"};
    JW_CHECK_INT(t, jw_exchange_preview(&p.exchange, &twice, &report, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, strstr(t->err.text, "B1") != NULL);
    twice.file = JW_TEXT("甲,乙\n1,2\n");
    JW_CHECK_INT(t, jw_exchange_preview(&p.exchange, &twice, &report, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, strstr(t->err.text, "模板") != NULL);
}

/* --- rights --- */
static struct jw_holder clerk_of(const char *place) {
    struct jw_holder holder = {.account = "li", .person = 3, .grant_count = 1};
    snprintf(holder.place, sizeof holder.place, "%s", place);
    snprintf(holder.grants[0].role, sizeof holder.grants[0].role, "clerk");
    return holder;
}

static void a_clerk_imports_and_exports_the_own_county_only(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    const struct jw_holder clerk = clerk_of("1.2.");
    int64_t rows = 0;
    char path[4096];
    JW_CHECK_OK(t, jw_roles_read(JW_TEXT("roles:\n  clerk: {title: 文员}\n  keeper: {title: 管理员}\n"),
                                 "roles.yaml", &p.roles, &t->err));
    JW_CHECK_OK(t, make(&p, "disk", json_pack("{ss si}", "number", "YD-0001", "unit", 2), &t->err));
    JW_CHECK_OK(t, make(&p, "disk", json_pack("{ss si}", "number", "YD-0002", "unit", 3), &t->err));
    p.exchange.holder = &clerk;
    p.exchange.roles = p.roles;
    snprintf(path, sizeof path, "%s/out.csv", t->folder);
    JW_CHECK_OK(t, jw_exchange_export(&p.exchange, &(struct jw_export){0}, path, &rows, &t->err));
    JW_CHECK_INT(t, rows, 1);
    json_t *report = preview(t, &p, "编号,领用单位,备注\nYD-0001,西县,移走\nYD-0003,西县,\nYD-0004,东县,\n");
    check_errors(t, report, "B2 unit rights; B3 unit rights", "没有权限");
    JW_CHECK_INT(t, number(report, "new"), 1);
    json_decref(report);
    choose(&p, "organisation");
    JW_CHECK_INT(t, jw_exchange_export(&p.exchange, &(struct jw_export){0}, path, &rows, &t->err), JW_E_DENIED);
    choose(&p, "person"); /* masked on its way out, and what is masked comes back untouched */
    JW_CHECK_OK(t, jw_exchange_export(&p.exchange, &(struct jw_export){0}, path, &rows, &t->err));
    jw_text file = jw_test_read(t, path);
    JW_CHECK(t,
             jw_text_find(file, JW_TEXT("138****8000"), NULL) && !jw_text_find(file, JW_TEXT("13800138000"), NULL));
    JW_CHECK(t, !jw_text_find(file, JW_TEXT("审查"), NULL));
    report = preview_bytes(t, &p, file);
    JW_CHECK(t, number(report, "same") == 2 && number(report, "wrong") == 0);
    json_decref(report);
    p.exchange.holder = &root; /* who sees more loses nothing by importing what the clerk saw */
    report = preview_bytes(t, &p, file);
    JW_CHECK(t, number(report, "same") == 2 && number(report, "wrong") == 0);
    json_decref(report);
}

/* --- everything that is bundled, out and in again --- */
static json_t *usual_value(struct place *p, const struct jw_ledger_field *field, bool retry) {
    const char *type = field->type->name;
    const json_t *choices = json_object_get(field->options, "choices");
    if (field->type->stored == JW_STORED_NOTHING)
        return NULL;
    if (choices && strcmp(type, "tree") != 0) {
        const char *word = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)choices));
        return strcmp(type, "choices") == 0 ? json_pack("[s]", word) : json_string(word);
    }
    if (strcmp(type, "unit") == 0 || strcmp(type, "person") == 0 || strcmp(type, "reference") == 0)
        return json_integer(1);
    if (strcmp(type, "references") == 0)
        return json_pack("[i]", 1);
    if (strcmp(type, "text") == 0 || strcmp(type, "long_text") == 0)
        return json_string(field->example ? field->example : retry ? "甲乙丙" : "=甲, \"乙\"、丙");
    (void)p;
    if (retry && json_is_number(json_object_get(field->options, "least")))
        return json_incref(json_object_get(field->options, "least"));
    return json_loads(retry && *field->type->sample != '"' ? "1" : field->type->sample, JSON_DECODE_ANY, NULL);
}

/* A record with as many fields as it may have. */
static bool make_full(struct jw_test *t, struct place *p, const struct jw_ledger *ledger) {
    json_t *fields = json_object();
    for (size_t i = 0; i < ledger->field_count; i++)
        json_object_set_new(fields, ledger->fields[i].name, usual_value(p, &ledger->fields[i], false));
    for (int tries = 0; tries < 8; tries++) {
        jw_status st = make(p, ledger->name, json_incref(fields), &t->err);
        if (st == JW_OK || st != JW_E_SYNTAX) {
            json_decref(fields);
            return st == JW_OK;
        }
        for (size_t i = 0; i < last.fault_count; i++) {
            int at = jw_ledger_field_find(ledger, jw_text_from(last.faults[i].field));
            if (tries == 0 && at >= 0)
                json_object_set_new(fields, last.faults[i].field, usual_value(p, &ledger->fields[at], true));
            else
                json_object_del(fields, last.faults[i].field);
        }
    }
    json_decref(fields);
    return false;
}

static void export_and_import(struct jw_test *t, struct place *p, jw_exchange_format format, const char *name) {
    char path[4096];
    int64_t rows = 0;
    struct jw_export how = {.format = format};
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    JW_CHECK_OK(t, jw_exchange_export(&p->exchange, &how, path, &rows, &t->err));
    json_t *report = preview_bytes(t, p, jw_test_read(t, path));
    if (number(report, "same") != rows || number(report, "rows") != rows) {
        check_errors(t, report, "", NULL);
        jw_test_failed(t, __FILE__, __LINE__, p->exchange.ledger->name);
    }
    json_decref(report);
    unlink(path);
}

static void every_bundled_ledger_comes_back_as_it_went(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = {{0}};
    char folder[4096];
    size_t made = 0, before;
    snprintf(folder, sizeof folder, "%s/content/ledgers", jw_test_source());
    open_store(t, &p, folder);
    size_t count = jw_ledgers_count(p.ledgers);
    bool *done = calloc(count, sizeof *done);
    do {
        before = made;
        for (size_t i = 0; i < count; i++)
            if (!done[i] && make_full(t, &p, jw_ledgers_get(p.ledgers, i)))
                done[i] = true, made++;
    } while (made != before);
    for (size_t i = 0; i < count; i++)
        if (!done[i])
            jw_test_failed(t, __FILE__, __LINE__, jw_ledgers_get(p.ledgers, i)->name);
    for (size_t i = 0; i < count; i++) {
        p.exchange.ledger = jw_ledgers_get(p.ledgers, i);
        p.exchange.english = false;
        export_and_import(t, &p, JW_EXCHANGE_CSV, "a.csv");
        export_and_import(t, &p, JW_EXCHANGE_XLSX, "a.xlsx");
        p.exchange.english = true;
        export_and_import(t, &p, JW_EXCHANGE_XLSX, "b.xlsx");
    }
    free(done);
}

static void every_template_fits_its_ledger(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = {{0}};
    char folder[4096], path[4096];
    snprintf(folder, sizeof folder, "%s/content/ledgers", jw_test_source());
    snprintf(path, sizeof path, "%s/t.xlsx", t->folder);
    open_store(t, &p, folder);
    for (size_t i = 0; i < jw_ledgers_count(p.ledgers); i++) {
        p.exchange.ledger = jw_ledgers_get(p.ledgers, i);
        JW_CHECK_OK(t, jw_exchange_template(&p.exchange, path, &t->err));
        json_t *report = preview_bytes(t, &p, jw_test_read(t, path));
        size_t filled = 0;
        for (size_t k = 0; k < p.exchange.ledger->field_count; k++) {
            const struct jw_ledger_type *type = p.exchange.ledger->fields[k].type;
            filled += type->stored != JW_STORED_NOTHING && strcmp(type->name, "attachment") != 0;
        }
        if (json_array_size(json_object_get(report, "columns")) != filled || number(report, "rows") != 0)
            jw_test_failed(t, __FILE__, __LINE__, p.exchange.ledger->name);
        json_decref(report);
    }
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(nothing_is_written_unless_it_is_accepted),
                                                     JW_CASE(each_fault_names_its_cell),
                                                     JW_CASE(rows_change_records_by_key_and_number),
                                                     JW_CASE(what_changed_since_the_preview_is_not_overwritten),
                                                     JW_CASE(a_row_may_name_a_row_before_it),
                                                     JW_CASE(headers_are_understood_in_both_languages),
                                                     JW_CASE(a_clerk_imports_and_exports_the_own_county_only),
                                                     JW_CASE(every_bundled_ledger_comes_back_as_it_went),
                                                     JW_CASE(every_template_fits_its_ledger),
                                                     {0}});
}
