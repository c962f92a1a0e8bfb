/* lib/store/store_follow_test.c — computed fields, the feed of changes, and what verify finds, on SQLite and on
 * what JW_TEST_DB names. */
#include "feed.h"
#include "store.h"
#include "store_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "test/test.h"

#define UNITS                                                                           \
    "title: 组织机构\nunit: parent\nfields:\n  name: {title: 名称, type: text}\n" \
    "  parent: {title: 上级, type: unit}\n"                                           \
    "  hosts: {title: 主机数, type: computed, value: count(host.unit)}\n"
#define HOSTS                                                                                              \
    "title: 主机\nunit: unit\nfields:\n  name: {title: 名称, type: text, required: true}\n"            \
    "  unit: {title: 单位, type: unit}\n  price: {title: 单价, type: decimal, scale: 2}\n"             \
    "  cores: {title: 核数, type: number}\n"                                                             \
    "  sum: {title: 总价, type: computed, value: cores * price}\n"                                       \
    "  bad: {title: 未修复, type: computed, value: \"count(flaw.host where status != 'fixed')\"}\n"     \
    "  all: {title: 漏洞, type: computed, value: \"count(flaw.host)\"}\n"                                \
    "  last: {title: 最近, type: computed, value: \"latest(flaw.host, found where status = 'open')\"}\n" \
    "  seen: {title: 提到, type: computed, value: \"count(flaw.also)\"}\n"
#define FLAWS                                                                                                        \
    "title: 漏洞\nfields:\n  name: {title: 名称, type: text}\n  host: {title: 主机, type: reference, ledger: " \
    "host}\n"                                                                                                        \
    "  also: {title: 另见, type: references, ledger: host}\n  found: {title: 发现, type: date}\n"                \
    "  status: {title: 状态, type: choice, choices: {open: 未修复, fixed: 已修复}}\n"

struct place {
    char folder[3000], db[3100];
    struct jw_ledgers *ledgers;
    struct jw_store *store;
    const struct jw_ledger *host, *unit, *flaw;
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
    fixture_ledger(p.folder, "host", HOSTS);
    fixture_ledger(p.folder, "flaw", FLAWS);
    JW_CHECK_OK(t, jw_ledgers_load(p.folder, NULL, NULL, NULL, &p.ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p.db, p.ledgers, &p.store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(p.store, NULL, NULL, &t->err));
    p.host = jw_ledgers_find(p.ledgers, JW_TEXT("host"));
    p.unit = jw_ledgers_find(p.ledgers, JW_TEXT("organisation"));
    p.flaw = jw_ledgers_find(p.ledgers, JW_TEXT("flaw"));
    if (!p.host || !p.unit || !p.flaw)
        abort();
    return p;
}

static struct jw_outcome last;

static int64_t change(struct jw_test *t, struct place *p, const struct jw_ledger *ledger, jw_deed deed, int64_t id,
                      const char *fields) {
    json_t *given = fields ? json_loads(fields, 0, NULL) : NULL;
    struct jw_change change = {.ledger = ledger,
                               .deed = deed,
                               .id = id,
                               .fields = given,
                               .actor = {JW_TEXT("li"), JW_TEXT("test"), JW_TEXT("调拨\"一\"台")}};
    json_decref(last.record);
    JW_CHECK_OK(t, jw_store_change(p->store, &change, &last, &t->err));
    json_decref(given);
    return last.id;
}

static int64_t number(const json_t *record, const char *name) {
    const json_t *value = json_object_get(json_object_get(record, "fields"), name);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* --- computed ----------------------------------------------------------------------------------------------------
 */
static void computed_fields_follow_the_records_they_count(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    json_t *host = NULL, *rows = NULL;
    int64_t total;
    change(t, &p, p.unit, JW_CREATE, 0, "{\"name\": \"市\"}");
    for (int i = 0; i < 150; i++) /* more than one statement's share of a page */
        change(t, &p, p.host, JW_CREATE, 0, "{\"name\": \"h\", \"unit\": 1, \"cores\": 4, \"price\": 2.5}");
    JW_CHECK_INT(t, number(last.record, "sum"), 10);
    change(t, &p, p.flaw, JW_CREATE, 0, "{\"host\": 3, \"status\": \"open\", \"found\": \"2026-05-01\"}");
    change(t, &p, p.flaw, JW_CREATE, 0, "{\"host\": 3, \"status\": \"open\", \"found\": \"2026-06-01\"}");
    change(t, &p, p.flaw, JW_CREATE, 0,
           "{\"host\": 3, \"status\": \"fixed\", \"found\": \"2026-07-01\", \"also\": [150, 3]}");
    int64_t gone = change(t, &p, p.flaw, JW_CREATE, 0, "{\"host\": 150, \"status\": \"open\"}");
    change(t, &p, p.flaw, JW_CREATE, 0, "{\"host\": 150, \"also\": [3]}");
    JW_CHECK_OK(t, jw_store_get(p.store, p.host, 3, &host, &t->err));
    JW_CHECK_INT(t, number(host, "bad"), 2);
    JW_CHECK_INT(t, number(host, "all"), 3);
    JW_CHECK_INT(t, number(host, "seen"), 2);
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(json_object_get(host, "fields"), "last"))),
                  JW_TEXT("2026-06-01"));
    json_decref(host);
    change(t, &p, p.flaw, JW_REMOVE, gone, NULL);
    struct jw_store_query query = {.ledger = p.host, .sort = JW_COLUMN_ID, .limit = 1000};
    JW_CHECK_OK(t, jw_store_list(p.store, &query, &rows, &total, &t->err));
    JW_CHECK_INT(t, number(json_array_get(rows, 2), "bad"), 2);
    JW_CHECK_INT(t, number(json_array_get(rows, 149), "bad"), 1); /* one without status: not fixed either */
    JW_CHECK_INT(t, number(json_array_get(rows, 149), "seen"), 1);
    JW_CHECK_INT(t, number(json_array_get(rows, 0), "all"), 0);
    json_decref(rows);
    JW_CHECK_OK(t, jw_store_get(p.store, p.unit, 1, &host, &t->err));
    JW_CHECK_INT(t, number(host, "hosts"), 150);
    json_decref(host);
}

static void a_change_tells_the_record_as_reading_gives_it(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static const char *const forms[] = {"{\"name\": \"a\", \"price\": 7}",
                                        "{\"name\": \"b\", \"price\": 1.25, \"cores\": 3}"};
    json_t *read = NULL;
    for (int i = 0; i < 2; i++) {
        change(t, &p, p.host, JW_CREATE, 0, forms[i]);
        change(t, &p, p.host, JW_CHANGE, last.id, "{\"cores\": 12}");
        JW_CHECK_OK(t, jw_store_get(p.store, p.host, last.id, &read, &t->err));
        JW_CHECK(t, json_equal(read, last.record));
        json_decref(read);
    }
}

/* --- the feed ----------------------------------------------------------------------------------------------------
 */
struct heard {
    int begun, whole, gone;
    int64_t ids[100];
    char names[100][32];
    size_t count;
};

static jw_status on_begin(void *context, struct jw_error *err) {
    (void)err;
    struct heard *heard = context;
    heard->begun++;
    return JW_OK;
}

static jw_status on_each(void *context, size_t wish, int64_t id, const jw_sql_value *values, struct jw_error *err) {
    struct heard *heard = context;
    (void)wish, (void)err;
    heard->gone += !values;
    heard->ids[heard->count % 100] = id;
    if (values)
        snprintf(heard->names[heard->count % 100], 32, "%.*s", (int)values[0].text.len, values[0].text.ptr);
    heard->count++;
    return JW_OK;
}

static void on_whole(void *context) { ((struct heard *)context)->whole++; }

static void a_feed_tells_all_records_and_then_every_change_once(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static struct heard heard;
    JW_AUTO(jw_feed_free_p) struct jw_feed *feed = NULL;
    struct jw_feed_wish wish = {.ledger = p.host, .fields = {0, 1}, .count = 2};
    struct jw_feed_taker taker = {&heard, on_begin, on_each, on_whole};
    heard = (struct heard){0};
    JW_CHECK_OK(t, jw_feed_new(p.db, &wish, 1, &taker, &feed, &t->err));
    for (int i = 0; i < 5; i++)
        change(t, &p, p.host, JW_CREATE, 0, "{\"name\": \"a\"}");
    change(t, &p, p.host, JW_REMOVE, 2, NULL);
    JW_CHECK_OK(t, jw_feed_poll(feed, NULL, &t->err));
    JW_CHECK(t, heard.begun == 1 && heard.whole == 1 && heard.count == 4);
    change(t, &p, p.host, JW_CHANGE, 3, "{\"name\": \"new\"}");
    change(t, &p, p.unit, JW_CREATE, 0, "{\"name\": \"of no interest\"}");
    change(t, &p, p.host, JW_REMOVE, 4, NULL);
    JW_CHECK_OK(t, jw_feed_poll(feed, NULL, &t->err));
    JW_CHECK(t, heard.begun == 1 && heard.count == 6 && heard.gone == 1);
    JW_CHECK_INT(t, heard.ids[4], 3);
    JW_CHECK_TEXT(t, jw_text_from(heard.names[4]), JW_TEXT("new"));
    JW_CHECK_OK(t, jw_feed_poll(feed, NULL, &t->err));
    JW_CHECK_INT(t, heard.count, 6);
}

static void a_feed_begins_anew_when_the_chain_is_another(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static struct heard heard;
    JW_AUTO(jw_feed_free_p) struct jw_feed *feed = NULL;
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    struct jw_feed_wish wish = {.ledger = p.host, .fields = {0}, .count = 1};
    struct jw_feed_taker taker = {&heard, on_begin, on_each, on_whole};
    heard = (struct heard){0};
    JW_CHECK_OK(t, jw_feed_new(p.db, &wish, 1, &taker, &feed, &t->err));
    change(t, &p, p.host, JW_CREATE, 0, "{\"name\": \"a\"}");
    JW_CHECK_OK(t, jw_feed_poll(feed, NULL, &t->err));
    JW_CHECK_OK(t, jw_sql_open(p.db, &sql, &t->err));
    JW_CHECK_OK(t, jw_sql_script(sql, "UPDATE audit SET hash = 'x'", &t->err));
    JW_CHECK_OK(t, jw_feed_poll(feed, NULL, &t->err));
    JW_CHECK(t, heard.begun == 2 && heard.whole == 2);
}

static void a_reader_cannot_write(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL, *none = NULL;
    JW_CHECK_OK(t, jw_sql_open_reader(p.db, &sql, &t->err));
    JW_CHECK(t, jw_sql_script(sql, "UPDATE audit_head SET seq = 7", &t->err) < 0);
    JW_CHECK_INT(t, jw_sql_open_reader("/tmp/there_is_no_such/file.db", &none, &t->err), JW_E_SYSTEM);
}

/* --- the index of places ----------------------------------------------------------------------------------------
 */
static jw_status read_plan(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    char *all = context;
    size_t len = strlen(all);
    jw_text line = row[columns - 1].text;
    (void)err;
    snprintf(all + len, 2048 - len, "%.*s\n", (int)line.len, line.ptr);
    return JW_OK;
}

/* What the database says it would do, not how long it takes. */
static void a_subtree_is_a_range_of_an_index_and_no_scan(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    char all[2048] = "", text[256];
    for (int i = 0; i < 20; i++)
        change(t, &p, p.host, JW_CREATE, 0, "{\"name\": \"h\"}");
    JW_CHECK_OK(t, jw_sql_open(p.db, &sql, &t->err));
    bool postgres = jw_sql_is_postgres(sql);
    if (postgres) /* so few rows would be read whole by any planner: ask whether the index can serve */
        JW_CHECK_OK(t, jw_sql_script(sql, "SET enable_seqscan = off; SET enable_bitmapscan = off", &t->err));
    snprintf(text, sizeof text,
             "%s SELECT id FROM l_host WHERE removed = 0 AND (place >= '1.2.' AND place < '1.2/') LIMIT 50",
             postgres ? "EXPLAIN" : "EXPLAIN QUERY PLAN");
    JW_CHECK_OK(t, jw_sql_run(sql, text, NULL, 0, read_plan, all, &t->err));
    bool good = postgres ? strstr(all, "l_host.place") && strstr(all, "Index Cond") && !strstr(all, "Seq Scan")
                         : strstr(all, "SEARCH") && strstr(all, "(place>? AND place<?)") && !strstr(all, "SCAN ");
    if (!good)
        jw_test_failed(t, __FILE__, __LINE__, all);
}

/* --- proof -------------------------------------------------------------------------------------------------------
 */
struct problems {
    size_t count;
    char all[4096];
};

static void on_problem(void *context, const char *object, const char *text) {
    struct problems *problems = context;
    size_t len = strlen(problems->all);
    problems->count++;
    snprintf(problems->all + len, sizeof problems->all - len, "%s: %s\n", object, text);
}

static void whatever_is_changed_by_hand_is_found_and_named(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    static const struct {
        const char *by_hand, *undo, *finding;
    } cases[] = {
        {"UPDATE l_host SET place = '9.'", "UPDATE l_host SET place = '1.'", "host/1: its place is \"9.\""},
        {"UPDATE l_host SET removed = 1", "UPDATE l_host SET removed = 0",
         "host/1: is removed, which no version says"},
        {"UPDATE l_host SET state = 'done'", "UPDATE l_host SET state = ''", "host/1: state is not what"},
        {"UPDATE l_host SET f_cores = 5", "UPDATE l_host SET f_cores = 4", "host/1: field cores is not what"},
        {"UPDATE history SET who = 'wang' WHERE ledger = 'host'", "UPDATE history SET who = 'li'",
         "who made it was changed"},
        {"UPDATE history SET why = '' WHERE ledger = 'host'", "UPDATE history SET why = '调拨\"一\"台'",
         "the reason was changed"},
        {"UPDATE history SET at = at + 1 WHERE ledger = 'host'",
         "UPDATE history SET at = at - 1 WHERE ledger = 'host'", "the time was changed"},
        {"UPDATE history SET fields = '{}' WHERE ledger = 'host'", NULL, "version 1 in the history was changed"},
        {"DELETE FROM l_host", NULL, "host/1: has a history, and is not there"},
    };
    change(t, &p, p.unit, JW_CREATE, 0, "{\"name\": \"市\"}");
    change(t, &p, p.host, JW_CREATE, 0, "{\"name\": \"a\", \"unit\": 1, \"cores\": 4}");
    JW_CHECK_OK(t, jw_sql_open(p.db, &sql, &t->err));
    for (size_t i = 0; i <= sizeof cases / sizeof *cases; i++) {
        struct problems problems = {0};
        uint64_t entries;
        if (i)
            JW_CHECK_OK(t, jw_sql_script(sql, cases[i - 1].by_hand, &t->err));
        JW_CHECK_OK(t, jw_store_verify(p.store, NULL, on_problem, &problems, &entries, &t->err));
        if (i ? !strstr(problems.all, cases[i - 1].finding) : problems.count > 0)
            jw_test_failed(t, __FILE__, __LINE__, problems.all);
        if (i && cases[i - 1].undo)
            JW_CHECK_OK(t, jw_sql_script(sql, cases[i - 1].undo, &t->err));
    }
}

int main(void) {
    int result =
        jw_test_run((const struct jw_test_case[]){JW_CASE(computed_fields_follow_the_records_they_count),
                                                  JW_CASE(a_change_tells_the_record_as_reading_gives_it),
                                                  JW_CASE(a_feed_tells_all_records_and_then_every_change_once),
                                                  JW_CASE(a_feed_begins_anew_when_the_chain_is_another),
                                                  JW_CASE(a_reader_cannot_write),
                                                  JW_CASE(a_subtree_is_a_range_of_an_index_and_no_scan),
                                                  JW_CASE(whatever_is_changed_by_hand_is_found_and_named),
                                                  {0}});
    json_decref(last.record);
    return result;
}
