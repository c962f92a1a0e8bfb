/* daemons/collect/bulk_test.c — one bad line costs one item. */
#include "bulk.h"

#include "test/test.h"

#define MOST 16

static size_t read_all(jw_text body, jw_bulk_item items[MOST]) {
    struct jw_bulk bulk = JW_BULK(body);
    size_t count = 0;
    while (count < MOST && jw_bulk_next(&bulk, &items[count]) == JW_OK)
        count++;
    return count;
}

static void actions_and_documents_alternate(struct jw_test *t) {
    struct jw_bulk bulk = JW_BULK(JW_TEXT("{\"index\":{\"_index\":\"a\",\"_id\":\"7\"}}\n{\"x\":1}\n\r\n"
                                          "{\"create\":{}}\r\n{\"x\":2}\r\n{\"create\":{}}\r\n{\"x\":3}"));
    jw_bulk_item item;
    JW_CHECK_OK(t, jw_bulk_next(&bulk, &item));
    JW_CHECK_TEXT(t, item.index, JW_TEXT("a"));
    JW_CHECK_TEXT(t, item.id, JW_TEXT("7"));
    JW_CHECK_TEXT(t, item.document, JW_TEXT("{\"x\":1}"));
    JW_CHECK_INT(t, item.end, 43);
    JW_CHECK_OK(t, jw_bulk_next(&bulk, &item));
    JW_CHECK(t, item.action == JW_BULK_CREATE && item.index.len == 0 && item.id.len == 0);
    JW_CHECK_TEXT(t, item.document, JW_TEXT("{\"x\":2}"));
    JW_CHECK_OK(t, jw_bulk_next(&bulk, &item));
    JW_CHECK_TEXT(t, item.document, JW_TEXT("{\"x\":3}"));
    JW_CHECK_INT(t, item.end, bulk.body.len);
    JW_CHECK_INT(t, jw_bulk_next(&bulk, &item), JW_END);
}

static void a_bad_action_costs_its_own_item_only(struct jw_test *t) {
    jw_bulk_item items[MOST];
    jw_text with_document = JW_TEXT("{\"index\":{}}\n{\"a\":1}\n{broken\n{\"b\":2}\n{\"index\":{}}\n{\"c\":3}\n");
    JW_CHECK_INT(t, read_all(with_document, items), 3);
    JW_CHECK(t, !items[0].wrong && items[1].wrong && !items[2].wrong);
    JW_CHECK_TEXT(t, items[2].document, JW_TEXT("{\"c\":3}"));
    jw_text alone = JW_TEXT("{\"index\":{}}\n{\"a\":1}\n{broken\n{\"index\":{}}\n{\"c\":3}\n");
    JW_CHECK_INT(t, read_all(alone, items), 3);
    JW_CHECK(t, items[1].wrong && !items[2].wrong);
    JW_CHECK_TEXT(t, items[2].document, JW_TEXT("{\"c\":3}"));
}

static void what_changes_events_is_refused_item_by_item(struct jw_test *t) {
    jw_bulk_item items[MOST];
    JW_CHECK_INT(t,
                 read_all(JW_TEXT("{\"delete\":{\"_id\":\"1\"}}\n{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n"
                                  "{\"create\":{}}\n{\"a\":1}\n"),
                          items),
                 3);
    JW_CHECK(t, items[0].wrong && items[1].wrong && !items[2].wrong);
}

static void a_missing_document_and_long_names_are_wrong(struct jw_test *t) {
    jw_bulk_item items[MOST];
    char line[1200];
    JW_CHECK_INT(t, read_all(JW_TEXT("{\"create\":{}}\n"), items), 1);
    JW_CHECK(t, items[0].wrong != NULL);
    int len = snprintf(line, sizeof line, "{\"create\":{\"_id\":\"%0900d\"}}\n{}\n", 1);
    JW_CHECK_INT(t, read_all((jw_text){line, (size_t)len}, items), 1);
    JW_CHECK(t, items[0].wrong != NULL);
    JW_CHECK_INT(t, read_all(JW_TEXT(""), items), 0);
    JW_CHECK_INT(t, read_all(JW_TEXT("\n \n\r\n"), items), 0);
}

static void data_streams_name_their_dataset(struct jw_test *t) {
    JW_CHECK_TEXT(t, jw_bulk_dataset(JW_TEXT("logs-nginx.access-default")), JW_TEXT("nginx.access"));
    JW_CHECK(t, !jw_bulk_dataset(JW_TEXT("logs-generic-default")).ptr);
    JW_CHECK(t, !jw_bulk_dataset(JW_TEXT("filebeat-8.17.0")).ptr);
    JW_CHECK(t, !jw_bulk_dataset(JW_TEXT("logs-nginx")).ptr);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(actions_and_documents_alternate),
                                                     JW_CASE(a_bad_action_costs_its_own_item_only),
                                                     JW_CASE(what_changes_events_is_refused_item_by_item),
                                                     JW_CASE(a_missing_document_and_long_names_are_wrong),
                                                     JW_CASE(data_streams_name_their_dataset),
                                                     {0}});
}
