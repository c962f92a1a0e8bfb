/* lib/store/store_list_test.c — lists, pages, groups, batches and declarations that change under way, on SQLite and
 * on what JW_TEST_DB names. */
#include "store.h"
#include "store_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "test/test.h"

#define UNITS                                                                                                           \
    "title: 组织机构\nunit: parent\nfields:\n  name: {title: 名称, type: text}\n  parent: {title: 上级, type: " \
    "unit}\n"
#define FINDS                                                                                  \
    "title: 隐患\nunit: unit\nowner: who\nlist: [name, grade, score, unit]\nfields:\n"       \
    "  name: {title: 名称, type: text, required: true}\n"                                    \
    "  grade: {title: 等级, type: choice, choices: {urgent: 紧急, high: 高, low: 低}}\n" \
    "  score: {title: 分数, type: number}\n"                                                 \
    "  tags: {title: 标签, type: choices, choices: {net: 网络, internet: 互联网}}\n"    \
    "  also: {title: 涉及, type: references, ledger: finding}\n"                             \
    "  unit: {title: 单位, type: unit}\n"                                                    \
    "  who: {title: 责任人, type: person}\n"

struct place {
    char folder[3000], db[3100];
    struct jw_ledgers *ledgers;
    struct jw_store *store;
    const struct jw_ledger *finding, *unit;
};

static void close_place(struct place *p) {
    jw_store_close(p->store);
    jw_ledgers_free(p->ledgers);
}

static struct place start(struct jw_test *t) {
    struct place p = {{0}};
    fixture_database(t, p.db, sizeof p.db);
    snprintf(p.folder, sizeof p.folder, "%.2900s/ledgers", t->folder);
    mkdir(p.folder, 0700);
    fixture_ledger(p.folder, "organisation", UNITS);
    fixture_ledger(p.folder, "person", "title: 人员\nfields:\n  name: {title: 姓名, type: text}\n");
    fixture_ledger(p.folder, "finding", FINDS);
    JW_CHECK_OK(t, jw_ledgers_load(p.folder, NULL, NULL, NULL, &p.ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p.db, p.ledgers, &p.store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(p.store, NULL, NULL, &t->err));
    p.finding = jw_ledgers_find(p.ledgers, JW_TEXT("finding"));
    p.unit = jw_ledgers_find(p.ledgers, JW_TEXT("organisation"));
    if (!p.finding || !p.unit)
        abort();
    return p;
}

static struct jw_outcome last;

static void make(struct jw_test *t, struct place *p, const struct jw_ledger *ledger, const char *fields) {
    json_t *given = json_loads(fields, 0, NULL);
    struct jw_change change = {.ledger = ledger, .deed = JW_CREATE, .fields = given};
    JW_CHECK_OK(t, jw_store_change(p->store, &change, &last, &t->err));
    json_decref(last.record);
    json_decref(given);
}

/* Units 1. and 1.2. and 3.; forty findings, some without grade or score. */
static struct place filled(struct jw_test *t) {
    struct place p = start(t);
    static const char *const grades[] = {"\"low\"", "\"urgent\"", "null", "\"high\""};
    make(t, &p, p.unit, "{\"name\": \"市\"}");
    make(t, &p, p.unit, "{\"name\": \"县\", \"parent\": 1}");
    make(t, &p, p.unit, "{\"name\": \"省\"}");
    for (int i = 0; i < 40; i++) {
        char text[256], score[16];
        snprintf(score, sizeof score, "%d", i * 7 % 11);
        snprintf(text, sizeof text,
                 "{\"name\": \"第%02d号\", \"grade\": %s, \"score\": %s, \"unit\": %d, \"tags\": [%s]}", i,
                 grades[i % 4], i % 5 ? score : "null", i % 3 + 1, i % 2 ? "\"internet\"" : "\"net\"");
        make(t, &p, p.finding, text);
    }
    return p;
}

static int field(const struct place *p, const char *name) {
    return jw_ledger_field_find(p->finding, jw_text_from(name));
}

static json_t *list(struct jw_test *t, struct place *p, struct jw_store_query query, int64_t *total) {
    json_t *rows = NULL;
    query.ledger = p->finding;
    query.limit = query.limit ? query.limit : 100;
    query.count = true;
    JW_CHECK_OK(t, jw_store_list(p->store, &query, &rows, total, &t->err));
    return rows;
}

static int64_t count(struct jw_test *t, struct place *p, struct jw_store_query query) {
    int64_t total = -1;
    query.sort = JW_COLUMN_ID;
    json_t *rows = list(t, p, query, &total);
    JW_CHECK_INT(t, json_array_size(rows), total);
    json_decref(rows);
    return total;
}

static int64_t count_where(struct jw_test *t, struct place *p, const char *name, jw_store_operator op,
                           const char *value) {
    json_t *given = json_loads(value, JSON_DECODE_ANY, NULL);
    struct jw_store_filter filter = {field(p, name), op, given, NULL};
    int64_t total = count(t, p, (struct jw_store_query){.filters = &filter, .filter_count = 1});
    json_decref(given);
    return total;
}

static void conditions_find_what_they_say(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    JW_CHECK_INT(t, count_where(t, &p, "grade", JW_OP_IN, "[\"low\", \"high\"]"), 20);
    JW_CHECK_INT(t, count_where(t, &p, "name", JW_OP_CONTAINS, "\"1号\""), 4);
    JW_CHECK_INT(t, count_where(t, &p, "name", JW_OP_CONTAINS, "\"%\""), 0);    /* a letter, no pattern */
    JW_CHECK_INT(t, count_where(t, &p, "tags", JW_OP_CONTAINS, "\"net\""), 20); /* not within internet */
    JW_CHECK_INT(t, count_where(t, &p, "score", JW_OP_BETWEEN, "[3, 5]"), 8);
    JW_CHECK_INT(t,
                 count_where(t, &p, "score", JW_OP_BETWEEN, "[null, 5]") +
                     count_where(t, &p, "score", JW_OP_BETWEEN, "[6, null]"),
                 32);
    make(t, &p, p.finding, "{\"name\": \"连环\", \"also\": [1, 12]}");
    JW_CHECK_INT(t, count_where(t, &p, "also", JW_OP_CONTAINS, "12"), 1);
    JW_CHECK_INT(t, count_where(t, &p, "also", JW_OP_CONTAINS, "2"), 0);
}

/* The numbers of all records, page by page, behind one another. */
static void walk(struct jw_test *t, struct place *p, struct jw_store_query query, bool by_offset, char *out,
                 size_t room) {
    size_t len = 0, size;
    int64_t total;
    *out = '\0';
    do {
        json_t *rows = list(t, p, query, &total), *row;
        size_t i;
        size = json_array_size(rows);
        json_array_foreach(rows, i, row) {
            long long id = json_integer_value(json_object_get(row, "id"));
            len += (size_t)snprintf(out + len, room - len, "%lld ", id);
            query.after = by_offset ? 0 : id;
        }
        query.offset += by_offset ? (int64_t)size : 0;
        json_decref(rows);
    } while (size && len < room - 32);
}

static void pages_behind_one_another_are_the_whole_list(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    const int sorts[] = {field(&p, "name"), field(&p, "grade"), field(&p, "score"), JW_COLUMN_ID,
                         JW_COLUMN_CHANGED};
    char whole[1024], paged[1024];
    for (size_t i = 0; i < 2 * sizeof sorts / sizeof *sorts; i++) {
        struct jw_store_query query = {.sort = sorts[i / 2], .descending = i % 2, .limit = 100};
        int spaces = 0;
        walk(t, &p, query, true, whole, sizeof whole);
        for (const char *c = whole; *c; c++)
            spaces += *c == ' ';
        JW_CHECK_INT(t, spaces, 40);
        query.limit = 3;
        walk(t, &p, query, true, paged, sizeof paged);
        JW_CHECK_TEXT(t, jw_text_from(paged), jw_text_from(whole));
        walk(t, &p, query, false, paged, sizeof paged);
        JW_CHECK_TEXT(t, jw_text_from(paged), jw_text_from(whole));
    }
}

static void choices_stand_in_the_order_of_their_file(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    static const char *const order[] = {"", "urgent", "high", "low"};
    int64_t total;
    json_t *rows = list(t, &p, (struct jw_store_query){.sort = field(&p, "grade")}, &total), *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        const char *grade = json_string_value(json_object_get(json_object_get(row, "fields"), "grade"));
        JW_CHECK_TEXT(t, jw_text_from(grade ? grade : ""), jw_text_from(order[i / 10]));
    }
    json_decref(rows);
}

/* What may not be looked at must not be guessed by conditions on it either. */
static void a_condition_looks_only_where_it_may(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    static const char *const city[] = {"1.", NULL}, *const county[] = {"1.2.", NULL};
    struct jw_store_scope seen = {.places = city}, looked = {.units = county},
                          mine = {.places = county, .owner = 7};
    struct jw_store_filter within = {field(&p, "name"), JW_OP_EQ, NULL, &looked};
    struct jw_store_filter any = {field(&p, "score"), JW_OP_EMPTY, NULL, NULL};
    struct jw_store_query query = {.scope = &seen};
    int64_t all = count(t, &p, query), county_all = count(t, &p, (struct jw_store_query){.scope = &mine});
    JW_CHECK_INT(t, all, 27);
    JW_CHECK_INT(t, county_all, 13);
    query.filters = &any;
    query.filter_count = 1;
    int64_t empty = count(t, &p, query);
    any.scope = &looked;
    JW_CHECK(t, count(t, &p, query) < empty);
    any.op = JW_OP_NOT_EMPTY;
    int64_t filled_ones = count(t, &p, query);
    any.op = JW_OP_EMPTY;
    JW_CHECK_INT(t, count(t, &p, query) + filled_ones, county_all);
    query = (struct jw_store_query){.scope = &seen, .sort_scope = &looked};
    JW_CHECK_INT(t, count(t, &p, query), county_all);
    query = (struct jw_store_query){.scope = &seen, .words = JW_TEXT("号")};
    JW_CHECK_INT(t, count(t, &p, query), all);
    query.within = &within;
    query.within_count = 1;
    JW_CHECK_INT(t, count(t, &p, query), county_all);
}

/* What lies in a subtree and is one's own as well is one record. */
static void own_records_beside_those_of_a_unit_count_once(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    static const char *const county[] = {"1.2.", NULL};
    struct jw_store_scope mine = {.owner = 1}, both = {.places = county, .owner = 1};
    make(t, &p, jw_ledgers_find(p.ledgers, JW_TEXT("person")), "{\"name\": \"李\"}");
    int64_t of_county = count(t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){.places = county}});
    for (int unit = 1; unit <= 3; unit++) {
        char text[128];
        snprintf(text, sizeof text, "{\"name\": \"自\", \"unit\": %d, \"who\": 1}", unit);
        make(t, &p, p.finding, text);
    }
    JW_CHECK_INT(t, count(t, &p, (struct jw_store_query){.scope = &mine}), 3);
    JW_CHECK_INT(t, count(t, &p, (struct jw_store_query){.scope = &both}), of_county + 3);
    JW_CHECK_INT(t, count(t, &p, (struct jw_store_query){.scope = &(struct jw_store_scope){0}}), 0);
}

static void groups_are_counted_and_summed(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    const struct jw_store_figure figures[] = {
        {JW_FIGURE_COUNT, 0}, {JW_FIGURE_SUM, field(&p, "score")}, {JW_FIGURE_MOST, field(&p, "score")}};
    static const char *const city[] = {"1.", NULL};
    struct jw_store_scope scope = {.places = city};
    struct jw_store_query query = {.ledger = p.finding, .scope = &scope};
    json_t *groups = NULL, *group;
    int64_t records = 0, sum = 0;
    size_t i;
    JW_CHECK_OK(t, jw_store_aggregate(p.store, &query, field(&p, "grade"), figures, 3, &groups, &t->err));
    JW_CHECK_INT(t, json_array_size(groups), 4);
    json_array_foreach(groups, i, group) {
        const json_t *numbers = json_object_get(group, "figures");
        records += json_integer_value(json_array_get(numbers, 0));
        sum += json_integer_value(json_array_get(numbers, 1));
        JW_CHECK(t, json_integer_value(json_array_get(numbers, 2)) <= 10);
    }
    json_decref(groups);
    JW_CHECK_INT(t, records, 27);
    JW_CHECK_OK(t, jw_store_aggregate(p.store, &query, JW_COLUMN_ID, figures, 2, &groups, &t->err));
    JW_CHECK_INT(t, json_array_size(groups), 1);
    JW_CHECK_INT(t, json_integer_value(json_array_get(json_object_get(json_array_get(groups, 0), "figures"), 1)),
                 sum);
    json_decref(groups);
}

static void two_declarations_serve_side_by_side(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = filled(t);
    struct jw_ledgers *now = NULL, *bad = NULL;
    json_t *record = NULL;
    fixture_ledger(p.folder, "finding", FINDS "  note: {title: 备注, type: text}\n");
    JW_CHECK_OK(t, jw_ledgers_load(p.folder, p.ledgers, NULL, NULL, &now, &t->err));
    JW_CHECK_OK(t, jw_store_declare(p.store, now, NULL, NULL, &t->err));
    JW_CHECK_OK(t, jw_store_get(p.store, p.finding, 1, &record, &t->err)); /* a request of the old ones */
    JW_CHECK(t, json_object_get(json_object_get(record, "fields"), "note") == NULL);
    json_decref(record);
    make(t, &p, jw_ledgers_find(now, JW_TEXT("finding")), "{\"name\": \"新\", \"note\": \"有\"}");
    make(t, &p, p.finding, "{\"name\": \"旧\"}");
    fixture_ledger(p.folder, "finding",
                   "title: 隐患\nfields:\n  name: {title: 名称, type: number}\n  x: {title: x, type: text}\n");
    JW_CHECK_OK(t, jw_ledgers_load(p.folder, now, NULL, NULL, &bad, &t->err));
    JW_CHECK_INT(t, jw_store_declare(p.store, bad, NULL, NULL, &t->err), JW_E_DENIED); /* texts are no numbers */
    jw_ledgers_free(bad);
    jw_store_forget(p.store, p.ledgers);
    jw_ledgers_free(p.ledgers);
    p.ledgers = now;
    p.finding = jw_ledgers_find(now, JW_TEXT("finding"));
    JW_CHECK_INT(t, count(t, &p, (struct jw_store_query){0}), 42);
}

/* Findings of a batch: names from 0; number `bad` has no name, `stale` changes finding 1 at a version of long ago.
 */
struct batch {
    const struct jw_ledger *finding;
    size_t count, bad, stale, told;
    json_t *fields;
    bool ended;
};

static jw_status next_finding(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    struct batch *batch = context;
    char name[32];
    (void)err;
    if (i == batch->count)
        return JW_END;
    snprintf(name, sizeof name, "batch-%zu", i);
    json_decref(batch->fields);
    batch->fields = i == batch->bad ? json_pack("{si}", "score", 1) : json_pack("{ss}", "name", name);
    *out = (struct jw_change){.ledger = batch->finding, .deed = JW_CREATE, .fields = batch->fields};
    if (i == batch->stale)
        out->deed = JW_CHANGE, out->id = 1, out->version = 77;
    return JW_OK;
}

static jw_status count_finding(void *context, size_t i, const struct jw_outcome *made, struct jw_error *err) {
    struct batch *batch = context;
    (void)err;
    batch->told += i == batch->told && made->version == 1 && json_is_object(made->record);
    return JW_OK;
}

static jw_status end_batch(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct batch *batch = context;
    struct jw_audit_entry entry = {.at = now, .action = JW_TEXT("import"), .object = JW_TEXT("finding")};
    batch->ended = true;
    return jw_audit_append(sql, &entry, err);
}

static void many_changes_are_made_as_one_or_not_at_all(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    struct batch batch = {p.finding, 300, 299, 1000, 0, NULL, false};
    const struct jw_batch asked = {&batch, next_finding, count_finding, end_batch};
    size_t failed = 0;
    json_t *record = NULL;
    JW_CHECK_INT(t, jw_store_change_all(p.store, &asked, &failed, &last, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, failed == 299 && last.fault_count == 1 && !batch.ended);
    JW_CHECK_TEXT(t, jw_text_from(last.faults[0].field), JW_TEXT("name"));
    JW_CHECK_INT(t, jw_store_get(p.store, p.finding, 1, &record, &t->err), JW_END);

    batch = (struct batch){p.finding, 300, 1000, 1000, 0, batch.fields, false};
    JW_CHECK_OK(t, jw_store_change_all(p.store, &asked, &failed, &last, &t->err));
    JW_CHECK(t, batch.told == 300 && batch.ended);
    JW_CHECK_OK(t, jw_store_get(p.store, p.finding, 300, &record, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(json_object_get(record, "fields"), "name"))),
                  JW_TEXT("batch-299"));

    batch = (struct batch){p.finding, 1, 1000, 0, 0, batch.fields, false};
    JW_CHECK_INT(t, jw_store_change_all(p.store, &asked, &failed, &last, &t->err), JW_E_SYNTAX);
    JW_CHECK_TEXT(t, jw_text_from(last.faults[0].rule), JW_TEXT("version"));
    uint64_t entries = 0;
    JW_CHECK_OK(t, jw_store_verify(p.store, NULL, NULL, NULL, &entries, &t->err));
    JW_CHECK_INT(t, entries, 301);
    json_decref(batch.fields);
    json_decref(record);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(conditions_find_what_they_say),
                                                     JW_CASE(many_changes_are_made_as_one_or_not_at_all),
                                                     JW_CASE(pages_behind_one_another_are_the_whole_list),
                                                     JW_CASE(choices_stand_in_the_order_of_their_file),
                                                     JW_CASE(a_condition_looks_only_where_it_may),
                                                     JW_CASE(own_records_beside_those_of_a_unit_count_once),
                                                     JW_CASE(groups_are_counted_and_summed),
                                                     JW_CASE(two_declarations_serve_side_by_side),
                                                     {0}});
}
