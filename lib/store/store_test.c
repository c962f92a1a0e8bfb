/* lib/store/store_test.c — records with history and proof, on SQLite and on what JW_TEST_DB names. The ledgers are
 * written by each test, as a city would write them. */
#include "store.h"
#include "store_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "test/test.h"

#define UNITS                                                     \
    "title: {zh: 组织机构}\nunit: parent\nfields:\n"          \
    "  name: {title: {zh: 名称}, type: text, required: true}\n" \
    "  parent: {title: {zh: 上级}, type: unit}\n"
#define HOSTS                                                                   \
    "title: {zh: 主机}\nunit: unit\nlist: [name, size, unit]\nfields:\n"      \
    "  name: {title: {zh: 名称}, type: text, required: true, unique: true}\n" \
    "  size: {title: {zh: 大小}, type: number}\n"                             \
    "  note: {title: {zh: 备注}, type: long_text}\n"                          \
    "  secret: {title: {zh: 口令}, type: text, sensitivity: secret}\n"        \
    "  unit: {title: {zh: 单位}, type: unit}\n"

struct place {
    char folder[3000], db[3100];
    struct jw_ledgers *ledgers;
    struct jw_store *store;
    const struct jw_ledger *host, *unit;
};

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct jw_test *t = context;
    printf("%s:%d:%d: %s\n", file, line, column, reason);
    JW_CHECK(t, !"a ledger was refused");
}

static void close_place(struct place *p) {
    jw_store_close(p->store);
    jw_ledgers_free(p->ledgers);
    p->store = NULL;
    p->ledgers = NULL;
}

static jw_status load(struct jw_test *t, struct place *p, jw_store_told told, void *context) {
    close_place(p);
    JW_CHECK_OK(t, jw_ledgers_load(p->folder, NULL, refused, t, &p->ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p->db, p->ledgers, &p->store, &t->err));
    p->host = jw_ledgers_find(p->ledgers, JW_TEXT("host"));
    p->unit = jw_ledgers_find(p->ledgers, JW_TEXT("organisation"));
    if (!p->store || !p->host || !p->unit)
        exit(1);
    return jw_store_migrate(p->store, told, context, &t->err);
}

static struct place start(struct jw_test *t) {
    struct place p = {{0}};
    fixture_database(t, p.db, sizeof p.db);
    snprintf(p.folder, sizeof p.folder, "%.2900s/ledgers", t->folder);
    mkdir(p.folder, 0700);
    fixture_ledger(p.folder, "organisation", UNITS);
    fixture_ledger(p.folder, "host", HOSTS);
    JW_CHECK_OK(t, load(t, &p, NULL, NULL));
    return p;
}

/* Outcomes are large: one at a time is enough. */
static struct jw_outcome last;

static jw_status change(struct place *p, const struct jw_ledger *ledger, jw_deed deed, int64_t id, int64_t version,
                        const char *fields, struct jw_error *err) {
    json_t *given = fields ? json_loads(fields, 0, NULL) : NULL;
    struct jw_change what = {
        ledger, deed, id, version, given, NULL, {JW_TEXT("li"), JW_TEXT("10.0.0.1"), JW_TEXT("test")}, NULL, NULL};
    json_decref(last.record);
    jw_status st = jw_store_change(p->store, &what, &last, err);
    json_decref(given);
    return st;
}

static const char *field_of(const json_t *record, const char *name) {
    const char *text = json_string_value(json_object_get(json_object_get(record, "fields"), name));
    return text ? text : "";
}

static void a_record_is_made_changed_removed_and_brought_back(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *record = NULL;
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"web-1\", \"size\": 4}", &t->err));
    JW_CHECK(t, last.id == 1 && last.version == 1);
    JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 1, 1, "{\"note\": \"机房三层\"}", &t->err));
    JW_CHECK_OK(t, jw_store_get(p.store, p.host, 1, &record, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(field_of(record, "name")), JW_TEXT("web-1")); /* what was not named stays */
    JW_CHECK_TEXT(t, jw_text_from(field_of(record, "note")), JW_TEXT("机房三层"));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(record, "changed_by"))), JW_TEXT("li"));
    json_decref(record);
    JW_CHECK_OK(t, change(&p, p.host, JW_REMOVE, 1, 2, NULL, &t->err));
    JW_CHECK_INT(t, change(&p, p.host, JW_CHANGE, 1, 0, "{\"size\": 5}", &t->err), JW_END);
    JW_CHECK_OK(t, change(&p, p.host, JW_RESTORE, 1, 3, NULL, &t->err));
    JW_CHECK_INT(t, last.version, 4);
    JW_CHECK_INT(t, change(&p, p.host, JW_CHANGE, 99, 0, "{\"size\": 5}", &t->err), JW_END);
}

static void who_read_an_old_version_is_told_the_new_one(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 1, 1, "{\"size\": 1}", &t->err));
    JW_CHECK_INT(t, change(&p, p.host, JW_CHANGE, 1, 1, "{\"size\": 2}", &t->err), JW_AGAIN);
    JW_CHECK_INT(t, last.version, 2);
    JW_CHECK(t, last.record &&
                    json_number_value(json_object_get(json_object_get(last.record, "fields"), "size")) == 1);
}

static void faults_name_their_fields_and_write_nothing(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *rows = NULL;
    int64_t total = -1;
    JW_CHECK_INT(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"size\": \"big\", \"colour\": 1}", &t->err),
                 JW_E_SYNTAX);
    JW_CHECK_INT(t, last.fault_count, 3); /* name is missing, size is no number, colour is unknown */
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    JW_CHECK_INT(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, last.fault_count, 1);
    JW_CHECK_TEXT(t, jw_text_from(last.faults[0].field), JW_TEXT("name"));
    JW_CHECK_TEXT(t, jw_text_from(last.faults[0].rule), JW_TEXT("unique"));
    JW_CHECK_INT(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"b\", \"unit\": 7}", &t->err), JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(last.faults[0].field), JW_TEXT("unit"));
    struct jw_store_query all = {.ledger = p.host, .sort = JW_COLUMN_ID, .limit = 10, .count = true};
    JW_CHECK_OK(t, jw_store_list(p.store, &all, &rows, &total, &t->err));
    JW_CHECK_INT(t, total, 1);
    json_decref(rows);
}

#define RACKS                                                                           \
    "title: {zh: 机架}\nfields:\n  name: {title: {zh: 名称}, type: text}\n"         \
    "  first: {title: {zh: 首台}, type: reference, ledger: host, on_delete: clear}\n" \
    "  all: {title: {zh: 全部}, type: references, ledger: host, on_delete: clear}\n"  \
    "  main: {title: {zh: 主}, type: reference, ledger: host, on_delete: refuse}\n"

static void references_point_to_what_is_there(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *record = NULL;
    fixture_ledger(p.folder, "rack", RACKS);
    JW_CHECK_OK(t, load(t, &p, NULL, NULL));
    const struct jw_ledger *rack = jw_ledgers_find(p.ledgers, JW_TEXT("rack"));
    for (int i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"name\": \"h%d\"}", i + 1);
        JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, text, &t->err));
    }
    JW_CHECK_INT(t, change(&p, rack, JW_CREATE, 0, 0, "{\"first\": 9, \"all\": [1, 8]}", &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, last.fault_count, 2);
    JW_CHECK_OK(t, change(&p, rack, JW_CREATE, 0, 0, "{\"first\": 1, \"all\": [1, 2, 3], \"main\": 3}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_REMOVE, 1, 0, NULL,
                          &t->err)); /* the rack lets go of it, in a version of its own */
    JW_CHECK_OK(t, jw_store_get(p.store, rack, 1, &record, &t->err));
    const json_t *fields = json_object_get(record, "fields");
    JW_CHECK(t, json_is_null(json_object_get(fields, "first")));
    JW_CHECK_INT(t, json_array_size(json_object_get(fields, "all")), 2);
    JW_CHECK(t, json_integer_value(json_object_get(record, "version")) > 1);
    json_decref(record);
    JW_CHECK_INT(t, change(&p, p.host, JW_REMOVE, 3, 0, NULL, &t->err),
                 JW_E_SYNTAX); /* it is some rack's main one */
    JW_CHECK_INT(t, last.fault_count, 1);
    JW_CHECK_OK(t, jw_store_get(p.store, rack, 1, &record, &t->err));
    JW_CHECK_INT(t, json_array_size(json_object_get(json_object_get(record, "fields"), "all")),
                 2); /* nothing happened */
    json_decref(record);
}

static void a_removed_value_may_be_used_again(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_REMOVE, 1, 0, NULL, &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    JW_CHECK_INT(t, change(&p, p.host, JW_RESTORE, 1, 0, NULL, &t->err), JW_E_SYNTAX); /* now there would be two */
}

static void every_version_is_kept_with_who_and_why(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *versions = NULL;
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\", \"size\": 1}", &t->err));
    for (int i = 2; i <= 5; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"size\": %d}", i);
        JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 1, i - 1, text, &t->err));
    }
    JW_CHECK_OK(t, jw_store_history(p.store, p.host, 1, 5, 2, &versions, &t->err));
    JW_CHECK_INT(t, json_array_size(versions), 2);
    const json_t *version = json_array_get(versions, 0);
    JW_CHECK_INT(t, json_integer_value(json_object_get(version, "version")), 4);
    JW_CHECK(t, json_number_value(json_object_get(json_object_get(version, "fields"), "size")) == 4);
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(version, "why"))), JW_TEXT("test"));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(version, "origin"))), JW_TEXT("10.0.0.1"));
    json_decref(versions);
    JW_CHECK_INT(t, jw_store_history(p.store, p.host, 2, 0, 2, &versions, &t->err), JW_END);
}

/* City 1 with county 2 and department 3 in it, city 4; a host in each, and one of nobody's. */
static void fill_units(struct jw_test *t, struct place *p) {
    static const char *const units[] = {"{\"name\": \"市\"}", "{\"name\": \"县\", \"parent\": 1}",
                                        "{\"name\": \"科\", \"parent\": 2}", "{\"name\": \"邻市\"}"};
    for (int i = 0; i < 4; i++)
        JW_CHECK_OK(t, change(p, p->unit, JW_CREATE, 0, 0, units[i], &t->err));
    for (int i = 0; i < 5; i++) {
        char text[128];
        snprintf(text, sizeof text, i < 4 ? "{\"name\": \"h%d\", \"unit\": %d}" : "{\"name\": \"h%d\"}", i + 1,
                 i + 1);
        JW_CHECK_OK(t, change(p, p->host, JW_CREATE, 0, 0, text, &t->err));
    }
}

static json_t *list(struct jw_test *t, struct place *p, struct jw_store_query query, int64_t *total) {
    json_t *rows = NULL;
    query.ledger = p->host;
    query.sort = query.sort ? query.sort : JW_COLUMN_ID;
    query.limit = query.limit ? query.limit : 100;
    query.count = true;
    *total = -1;
    JW_CHECK_OK(t, jw_store_list(p->store, &query, &rows, total, &t->err));
    return rows;
}

static void a_subtree_is_what_a_person_sees(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static const struct {
        const char *places[3];
        int64_t count;
    } cases[] = {{{"1."}, 3},         {{"1.2."}, 2}, {{"1.2.3."}, 1}, {{"4."}, 1},
                 {{"1.2.", "4."}, 3}, {{"2."}, 0},   {{NULL}, 0}};
    int64_t total;
    fill_units(t, &p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *rows = list(
            t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){.places = cases[i].places}}, &total);
        JW_CHECK_INT(t, total, cases[i].count);
        JW_CHECK_INT(t, json_array_size(rows), cases[i].count);
        json_decref(rows);
    }
    json_decref(list(t, &p, (struct jw_store_query){0}, &total));
    JW_CHECK_INT(t, total, 5);
}

static void what_is_below_a_unit_moves_with_it(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static const char *const old_city[] = {"1.", NULL}, *const new_city[] = {"4.", NULL};
    int64_t total;
    fill_units(t, &p);
    JW_CHECK_INT(t, change(&p, p.unit, JW_CHANGE, 2, 0, "{\"parent\": 3}", &t->err),
                 JW_E_SYNTAX); /* below itself */
    JW_CHECK_INT(t, last.fault_count, 1);
    JW_CHECK_OK(t, change(&p, p.unit, JW_CHANGE, 2, 0, "{\"parent\": 4}", &t->err));
    json_decref(
        list(t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){.places = old_city}}, &total));
    JW_CHECK_INT(t, total, 1);
    json_decref(
        list(t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){.places = new_city}}, &total));
    JW_CHECK_INT(t, total, 3);
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"new\", \"unit\": 3}", &t->err));
    json_decref(
        list(t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){.places = new_city}}, &total));
    JW_CHECK_INT(t, total, 4);
}

static void lists_are_filtered_sorted_and_paged(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    int64_t total;
    for (int i = 0; i < 30; i++) {
        char text[128];
        snprintf(text, sizeof text, i % 3 ? "{\"name\": \"n%02d\", \"size\": %d}" : "{\"name\": \"n%02d\"}", i,
                 i % 7);
        JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, text, &t->err));
    }
    int size = jw_ledger_field_find(p.host, JW_TEXT("size")), name = jw_ledger_field_find(p.host, JW_TEXT("name"));
    json_t *five = json_integer(5), *rows;
    struct jw_store_filter at_least = {size, JW_OP_GE, five, NULL}, empty = {size, JW_OP_EMPTY, NULL, NULL},
                           not = {size, JW_OP_NE, five, NULL};
    rows = list(
        t, &p,
        (struct jw_store_query){
            .filters = &at_least, .filter_count = 1, .sort = name, .descending = true, .limit = 2, .offset = 1},
        &total);
    JW_CHECK_INT(t, total, 5); /* 5, 13, 19, 20, 26: not divisible by three, 5 or 6 modulo seven */
    JW_CHECK_TEXT(t, jw_text_from(field_of(json_array_get(rows, 0), "name")), JW_TEXT("n20"));
    JW_CHECK_INT(t, json_array_size(rows), 2);
    json_decref(rows);
    json_decref(list(t, &p, (struct jw_store_query){.filters = &empty, .filter_count = 1}, &total));
    JW_CHECK_INT(t, total, 10);
    json_decref(list(t, &p, (struct jw_store_query){.filters = &not, .filter_count = 1}, &total));
    JW_CHECK_INT(t, total, 27); /* the empty ones are not five */
    json_decref(five);
}

static void chinese_is_found_by_any_two_characters(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static const struct {
        const char *words;
        int64_t count;
    } cases[] = {{"税务", 1}, {"务局", 2}, {"市税", 1}, {"局", 2},       {"财政局 WEB", 1}, {"web-2", 1},
                 {"税局", 0}, {"口令", 0}, {"税", 1},   {"' OR 1=1", 0}, {"\"", -1},        {"NEAR(市 局)", 0}};
    int64_t total;
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0,
                          "{\"name\": \"web-1\", \"note\": \"市税务局机房\", \"secret\": \"口令\"}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"web-2\", \"note\": \"旧\"}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 2, 0, "{\"note\": \"财政局、商务局\"}", &t->err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jw_store_query query = {.ledger = p.host,
                                       .words = jw_text_from(cases[i].words),
                                       .sort = JW_COLUMN_ID,
                                       .limit = 9,
                                       .count = true};
        json_t *rows = NULL;
        total = -1;
        jw_status st = jw_store_list(p.store, &query, &rows, &total, &t->err);
        JW_CHECK_INT(t, st, cases[i].count < 0 ? JW_E_SYNTAX : JW_OK);
        JW_CHECK_INT(t, total, cases[i].count);
        json_decref(rows);
    }
    struct jw_store_query old = {
        .ledger = p.host, .words = JW_TEXT("旧"), .sort = JW_COLUMN_ID, .limit = 9, .count = true};
    json_t *rows = NULL;
    JW_CHECK_OK(t, jw_store_list(p.store, &old, &rows, &total, &t->err));
    JW_CHECK_INT(t, total, 0); /* words that were changed away */
    json_decref(rows);
}

/* --- migrations
 * --------------------------------------------------------------------------------------------------- */
struct steps {
    int count[JW_STEP_REFUSED + 1];
};
static void told(void *context, const struct jw_store_step *step) {
    struct steps *steps = context;
    steps->count[step->what]++;
}

static void a_changed_declaration_changes_the_tables_and_loses_nothing(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    struct steps steps = {{0}};
    json_t *record = NULL;
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\", \"note\": \"n\", \"size\": 1}", &t->err));
    fixture_ledger(p.folder, "host",
                   "title: {zh: 主机}\nfields:\n  name: {title: {zh: 名称}, type: text}\n"
                   "  size: {title: {zh: 大小}, type: number}\n  rack: {title: {zh: 机架}, type: text}\n");
    JW_CHECK_OK(t, load(t, &p, told, &steps));
    JW_CHECK_INT(t, steps.count[JW_STEP_COLUMN], 1);
    JW_CHECK_INT(t, steps.count[JW_STEP_GONE], 3); /* note, secret, unit */
    JW_CHECK_INT(t, steps.count[JW_STEP_NOT_UNIQUE], 1);
    JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 1, 0, "{\"rack\": \"R7\"}", &t->err));
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    fixture_ledger(p.folder, "host", HOSTS);
    memset(&steps, 0, sizeof steps);
    JW_CHECK_INT(t, load(t, &p, told, &steps), JW_E_DENIED); /* two are called a now */
    JW_CHECK_INT(t, steps.count[JW_STEP_REFUSED], 1);
    fixture_ledger(p.folder, "host",
                   "title: {zh: 主机}\nfields:\n  name: {title: {zh: 名称}, type: text}\n"
                   "  note: {title: {zh: 备注}, type: long_text}\n");
    JW_CHECK_OK(t, load(t, &p, NULL, NULL));
    JW_CHECK_OK(t, jw_store_get(p.store, p.host, 1, &record, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(field_of(record, "note")), JW_TEXT("n")); /* it was only unseen */
    json_decref(record);
}

static void a_type_changes_only_when_the_values_fit(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    struct steps steps = {{0}};
    JW_CHECK_OK(
        t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\", \"note\": \"10.0.0.1\", \"size\": 1}", &t->err));
    fixture_ledger(p.folder, "host",
                   "title: {zh: 主机}\nfields:\n  name: {title: {zh: 名称}, type: long_text}\n"
                   "  note: {title: {zh: 地址}, type: text}\n");
    JW_CHECK_OK(t, load(t, &p, told, &steps));
    JW_CHECK_INT(t, steps.count[JW_STEP_COLUMN], 2);
    fixture_ledger(p.folder, "host",
                   "title: {zh: 主机}\nfields:\n  name: {title: {zh: 名称}, type: text}\n"
                   "  note: {title: {zh: 日期}, type: date}\n  size: {title: {zh: 大小}, type: text}\n");
    JW_CHECK_INT(t, load(t, &p, told, &steps), JW_E_DENIED);
    JW_CHECK_INT(t, steps.count[JW_STEP_REFUSED], 2); /* no date; a number is stored otherwise than a text */
}

static void the_bundled_ledgers_make_their_tables_once(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = {{0}};
    struct steps first = {{0}}, again = {{0}};
    fixture_database(t, p.db, sizeof p.db);
    snprintf(p.folder, sizeof p.folder, "%.2900s/content/ledgers", jw_test_source());
    JW_CHECK_OK(t, jw_ledgers_load(p.folder, NULL, refused, t, &p.ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p.db, p.ledgers, &p.store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(p.store, told, &first, &t->err));
    JW_CHECK_INT(t, first.count[JW_STEP_TABLE], jw_ledgers_count(p.ledgers));
    JW_CHECK_OK(t, jw_store_migrate(p.store, told, &again, &t->err));
    for (int i = 0; i <= JW_STEP_REFUSED; i++)
        JW_CHECK_INT(t, again.count[i], 0);
}

/* --- proof
 * -------------------------------------------------------------------------------------------------------- */
static void on_problem(void *context, const char *object, const char *text) {
    char *first = context;
    if (!*first)
        snprintf(first, 400, "%s: %s", object, text);
}

static void tampering_with_the_database_is_found(struct jw_test *t) {
    static const struct {
        const char *how, *found;
    } cases[] = {
        {"SELECT 1", ""},
        {"UPDATE l_host SET f_size = 9 WHERE id = 1", "host/1: field size is not"},
        {"UPDATE history SET fields = '{}' WHERE record = 1 AND version = 1",
         "host/1: version 1 in the history was changed"},
        {"DELETE FROM history WHERE record = 1 AND version = 1", "host/1: version 1 is missing"},
        {"INSERT INTO history SELECT ledger, record, 3, at, who, origin, why, deed, fields FROM history WHERE "
         "record = 1 AND "
         "version = 2",
         "host/1: is at version 2, its history ends at 3"},
        {"UPDATE l_host SET state = 'closed' WHERE id = 1", "host/1: state is not"},
        {"UPDATE audit SET who = 'nobody' WHERE seq = 1", "audit/1: entry 1 was changed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        JW_AUTO(close_place) struct place p = start(t);
        JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
        char found[400] = "", remove_db[3200];
        uint64_t entries;
        JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\", \"size\": 1}", &t->err));
        JW_CHECK_OK(t, change(&p, p.host, JW_CHANGE, 1, 0, "{\"size\": 2}", &t->err));
        JW_CHECK_OK(t, jw_sql_open(p.db, &sql, &t->err));
        JW_CHECK_OK(t, jw_sql_script(sql, cases[i].how, &t->err));
        JW_CHECK_OK(t, jw_store_verify(p.store, NULL, on_problem, found, &entries, &t->err));
        JW_CHECK_TEXT(t, ((jw_text){found, strnlen(found, strlen(cases[i].found))}), jw_text_from(cases[i].found));
        JW_CHECK(t, *cases[i].found || !*found);
        snprintf(remove_db, sizeof remove_db, "%s", p.db);
        close_place(&p);
        if (!getenv("JW_TEST_DB"))
            remove(remove_db);
    }
}

/* --- together with other tables
 * -------------------------------------------------------------------------------------- */
static jw_status note_it(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_INT(made->id), JW_SQL_INT(made->version)};
    jw_status st = jw_sql_run(sql, "INSERT INTO steps VALUES ($1, $2)", values, 2, NULL, NULL, err);
    return st == JW_OK && context ? jw_fail(err, JW_E_DENIED, "%s", (const char *)context) : st;
}

static jw_status make_steps(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    *(int64_t *)context = now;
    return jw_sql_run(sql, "CREATE TABLE steps (record bigint, version bigint)", NULL, 0, NULL, NULL, err);
}

static jw_status count_steps(void *context, struct jw_sql *sql, struct jw_error *err) {
    jw_sql_value found;
    jw_status st = jw_sql_one(sql, "SELECT count(*) FROM steps", NULL, 0, NULL, &found, err);
    *(int64_t *)context = found.integer;
    return st;
}

static void a_step_and_what_goes_with_it_are_one_change(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    int64_t now = 0, steps = 0;
    JW_CHECK_OK(t, jw_store_do(p.store, make_steps, &now, &t->err));
    JW_CHECK(t, now > 0);
    JW_CHECK_OK(t, change(&p, p.host, JW_CREATE, 0, 0, "{\"name\": \"a\"}", &t->err));
    json_t *none = json_object(), *record = NULL, *versions = NULL;
    struct jw_change step = {.ledger = p.host,
                             .deed = JW_CHANGE,
                             .id = 1,
                             .fields = none,
                             .state = "closed",
                             .actor = {JW_TEXT("li"), JW_TEXT("cli"), JW_TEXT("")},
                             .also = note_it,
                             .context = "not like this"};
    json_decref(last.record);
    JW_CHECK_INT(t, jw_store_change(p.store, &step, &last, &t->err), JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(t->err.text), JW_TEXT("not like this"));
    step.context = NULL;
    JW_CHECK_OK(t, jw_store_change(p.store, &step, &last, &t->err));
    JW_CHECK_OK(t, jw_store_look(p.store, count_steps, &steps, &t->err));
    JW_CHECK_INT(t, steps, 1); /* what was refused left nothing */
    JW_CHECK_OK(t, jw_store_get(p.store, p.host, 1, &record, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(record, "state"))), JW_TEXT("closed"));
    JW_CHECK_OK(t, jw_store_history(p.store, p.host, 1, 0, 9, &versions, &t->err));
    JW_CHECK_INT(t, json_array_size(versions), 2);
    json_t *newest = json_array_get(versions, 0), *first = json_array_get(versions, 1);
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(newest, "state"))), JW_TEXT("closed"));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(first, "state"))), JW_TEXT(""));
    json_decref(record);
    json_decref(versions);
    json_decref(none);
}

/* --- many at once
 * ------------------------------------------------------------------------------------------------- */
#define WRITERS 8
#define EACH    40
struct writer {
    struct place *p;
    int number, made, refused;
};

static void *write_some(void *context) {
    struct writer *w = context;
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    for (int i = 0; outcome && i < EACH; i++) {
        char name[32];
        snprintf(name, sizeof name, "h%d", i * 2 + w->number % 2); /* half of the writers want the same names */
        json_t *fields = json_pack("{ss}", "name", name);
        struct jw_change what = {.ledger = w->p->host, .deed = JW_CREATE, .fields = fields};
        jw_status st = jw_store_change(w->p->store, &what, outcome, NULL);
        w->made += st == JW_OK;
        w->refused += st == JW_E_SYNTAX;
        json_decref(outcome->record);
        json_decref(fields);
    }
    free(outcome);
    return NULL;
}

static void writers_at_once_share_commits_and_not_their_faults(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    int made = 0, refused_count = 0;
    uint64_t entries;
    char found[400] = "";
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){&p, i, 0, 0};
        JW_CHECK(t, pthread_create(&threads[i], NULL, write_some, &writers[i]) == 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        made += writers[i].made;
        refused_count += writers[i].refused;
    }
    JW_CHECK_INT(t, made, 2 * EACH); /* each name once */
    JW_CHECK_INT(t, refused_count, WRITERS * EACH - 2 * EACH);
    JW_CHECK_OK(t, jw_store_verify(p.store, NULL, on_problem, found, &entries, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(found), JW_TEXT(""));
    JW_CHECK_INT(t, entries, made);
}

int main(void) {
    int result = jw_test_run(
        (const struct jw_test_case[]){JW_CASE(a_record_is_made_changed_removed_and_brought_back),
                                      JW_CASE(who_read_an_old_version_is_told_the_new_one),
                                      JW_CASE(faults_name_their_fields_and_write_nothing),
                                      JW_CASE(a_removed_value_may_be_used_again),
                                      JW_CASE(references_point_to_what_is_there),
                                      JW_CASE(every_version_is_kept_with_who_and_why),
                                      JW_CASE(a_subtree_is_what_a_person_sees),
                                      JW_CASE(what_is_below_a_unit_moves_with_it),
                                      JW_CASE(lists_are_filtered_sorted_and_paged),
                                      JW_CASE(chinese_is_found_by_any_two_characters),
                                      JW_CASE(a_changed_declaration_changes_the_tables_and_loses_nothing),
                                      JW_CASE(a_type_changes_only_when_the_values_fit),
                                      JW_CASE(the_bundled_ledgers_make_their_tables_once),
                                      JW_CASE(tampering_with_the_database_is_found),
                                      JW_CASE(a_step_and_what_goes_with_it_are_one_change),
                                      JW_CASE(writers_at_once_share_commits_and_not_their_faults),
                                      {0}});
    json_decref(last.record);
    return result;
}
