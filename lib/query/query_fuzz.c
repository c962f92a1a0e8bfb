/* lib/query/query_fuzz.c — any text is a query or an error inside the text, and its SQL holds none of the text. */
#include "query.h"
#include "sql.h"

#include "test/fuzz.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* The SQL may hold only what the compiler itself writes: nothing that could end a literal or begin a comment. */
static void only_our_bytes(jw_text sql, bool plain) {
    size_t quotes = 0;
    for (size_t i = 0; i < sql.len; i++) {
        unsigned char c = (unsigned char)sql.ptr[i];
        CHECK(c >= 0x20 && c < 0x7f && c != ';' && c != '`' && c != '"' && c != '\\');
        quotes += c == '\'';
        CHECK(!(plain && (c == '{' && sql.ptr[i + 1] == 'p')));
        CHECK(c != '-' || i + 1 == sql.len || sql.ptr[i + 1] != '-');
        CHECK(c != '/' || i + 1 == sql.len || sql.ptr[i + 1] != '*');
    }
    CHECK(quotes % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(16 << 20);
    struct jw_query_options options = {.now = INT64_C(1788134400) * JW_SECOND, .offset_s = 28800};
    struct jw_query_error err = {0};
    const struct jw_query *query;
    jw_text text = {(const char *)data, size};
    if (!mem)
        return 0;
    if (jw_query_parse(text, &options, mem, &query, &err) != JW_OK) {
        CHECK(err.text[0] && err.at <= size && err.len <= size - err.at && err.at_chars <= err.at);
        CHECK(jw_text_is_utf8(jw_text_from(err.text)));
        return 0;
    }
    CHECK(query->terms <= JW_QUERY_TERMS);
    for (int plain = 0; plain < 2; plain++) {
        JW_AUTO(jw_query_sql_free) struct jw_query_sql sql = JW_QUERY_SQL(mem, plain);
        jw_query_sql_condition(&sql, query);
        if (jw_query_sql_check(&sql, NULL) == JW_OK)
            only_our_bytes(jw_buffer_text(&sql.text), plain);
    }
    struct jw_record rec = {.mem = mem};
    struct jw_query_place place = {.spool = 1, .number = 2, .ingested = options.now};
    jw_record_add(&rec, JW_TEXT("event.original"), text);
    jw_record_add(&rec, JW_TEXT("source.ip"), JW_TEXT("10.1.2.3"));
    jw_record_add(&rec, JW_TEXT("a"), text);
    (void)jw_query_match(query, &rec, &place);
    return 0;
}
