/* lib/exchange/samples_test.c — the fictional city of content/samples fits the bundled ledgers, fills each of them,
 * and goes away again but for what somebody has touched; on SQLite and on what JW_TEST_DB names. */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_fixture.h"
#include "test/test.h"

#define TODAY 20000 /* 2024-10-04 */

struct place {
    char db[3100], imports[3100];
    struct jw_ledgers *ledgers;
    struct jw_store *store;
};

static void close_place(struct place *p) {
    jw_store_close(p->store);
    jw_ledgers_free(p->ledgers);
}

static struct place start(struct jw_test *t) {
    struct place p = {{0}};
    char folder[4096];
    fixture_database(t, p.db, sizeof p.db);
    snprintf(p.imports, sizeof p.imports, "%.2900s/imports", t->folder);
    snprintf(folder, sizeof folder, "%s/content/ledgers", jw_test_source());
    JW_CHECK_OK(t, jw_ledgers_load(folder, NULL, NULL, NULL, &p.ledgers, &t->err));
    JW_CHECK_OK(t, jw_store_open(p.db, p.ledgers, &p.store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(p.store, NULL, NULL, &t->err));
    return p;
}

static jw_status load(struct jw_test *t, struct place *p, size_t *records) {
    char folder[4096];
    const struct jw_exchange exchange = {.store = p->store, .ledgers = p->ledgers, .folder = p->imports};
    snprintf(folder, sizeof folder, "%s/content/samples", jw_test_source());
    return jw_samples_load(&exchange, folder, TODAY, records, &t->err);
}

static int64_t count(struct jw_test *t, struct place *p, const struct jw_ledger *ledger, json_t **rows) {
    struct jw_store_query query = {.ledger = ledger, .sort = JW_COLUMN_ID, .limit = 1, .count = true};
    int64_t total = -1;
    JW_CHECK_OK(t, jw_store_list(p->store, &query, rows, &total, &t->err));
    return total;
}

static const char *text_in(const json_t *record, const char *name) {
    const char *text = json_string_value(json_object_get(json_object_get(record, "fields"), name));
    return text ? text : "";
}

static void the_sample_city_fills_every_ledger_and_goes_again(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    size_t records = 0, removed = 0, kept = 0;
    static struct jw_outcome outcome;
    JW_CHECK_OK(t, load(t, &p, &records));
    JW_CHECK(t, records > 1500);
    for (size_t i = 0; i < jw_ledgers_count(p.ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(p.ledgers, i);
        json_t *rows = NULL;
        bool marked = count(t, &p, ledger, &rows) >= 3;
        marked = marked &&
                 strncmp(text_in(json_array_get(rows, 0), ledger->fields[ledger->called].name), "样例", 6) == 0;
        if (strcmp(ledger->name, "vulnerability") == 0)
            JW_CHECK_TEXT(t, jw_text_from(text_in(json_array_get(rows, 0), "found")),
                          JW_TEXT("2024-09-04")); /* -30d */
        if (!marked)
            jw_test_failed(t, __FILE__, __LINE__, ledger->name);
        json_decref(rows);
    }
    JW_CHECK_INT(t, load(t, &p, &records), JW_E_DENIED); /* into an empty database only */

    json_t *fields = json_pack("{ss}", "note", "本市自己的");
    struct jw_change change = {.ledger = jw_ledgers_find(p.ledgers, JW_TEXT("policy_document")),
                               .deed = JW_CHANGE,
                               .id = 1,
                               .fields = fields,
                               .actor = {JW_TEXT("li"), JW_TEXT("10.0.0.1"), JW_TEXT("")}};
    JW_CHECK_OK(t, jw_store_change(p.store, &change, &outcome, &t->err));
    json_decref(outcome.record);
    json_decref(fields);
    JW_CHECK_OK(t, jw_samples_remove(p.store, p.ledgers, &removed, &kept, &t->err));
    int64_t left = 0;
    for (size_t i = 0; i < jw_ledgers_count(p.ledgers); i++) {
        json_t *rows = NULL;
        left += count(t, &p, jw_ledgers_get(p.ledgers, i), &rows);
        json_decref(rows);
    }
    JW_CHECK_INT(t, left, kept);
    JW_CHECK(t, kept >= 1 && kept < 10); /* what somebody touched, and the unit it stands under */
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(the_sample_city_fills_every_ledger_and_goes_again), {0}});
}
