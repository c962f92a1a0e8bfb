/* lib/base/base_test.c — the promises of lib/base. */
#include "address.h"
#include "buffer.h"
#include "hash.h"
#include "memory.h"
#include "status.h"
#include "time.h"

#include "test/test.h"

static void a_wrapped_story_reads_from_the_outside_in(struct jw_test *t) {
    struct jw_error err;
    JW_CHECK(t, jw_fail(&err, JW_E_SYSTEM, "disk %d full", 3) == JW_E_SYSTEM);
    JW_CHECK(t, jw_wrap(&err, JW_E_SYSTEM, "spool %s", "events") == JW_E_SYSTEM);
    JW_CHECK_TEXT(t, jw_text_from(err.text), JW_TEXT("spool events: disk 3 full"));
    JW_CHECK(t, jw_fail(NULL, JW_E_LIMIT, "nobody listens") == JW_E_LIMIT);
}

static void cutting_needs_the_separator_and_next_does_not(struct jw_test *t) {
    jw_text rest = JW_TEXT("a=b"), head;
    JW_CHECK(t, jw_text_cut(&rest, '=', &head));
    JW_CHECK_TEXT(t, head, JW_TEXT("a"));
    JW_CHECK(t, !jw_text_cut(&rest, '=', &head));
    JW_CHECK_TEXT(t, rest, JW_TEXT("b"));
    JW_CHECK(t, jw_text_next(&rest, '=', &head) && !jw_text_next(&rest, '=', &head));
}

static void numbers_are_whole_and_do_not_overflow(struct jw_test *t) {
    uint64_t u;
    int64_t i;
    JW_CHECK(t, jw_text_u64(JW_TEXT("18446744073709551615"), &u) && u == UINT64_MAX);
    JW_CHECK(t, !jw_text_u64(JW_TEXT("18446744073709551616"), &u));
    JW_CHECK(t, !jw_text_u64(JW_TEXT(""), &u) && !jw_text_u64(JW_TEXT("1 "), &u));
    JW_CHECK(t, jw_text_i64(JW_TEXT("-9223372036854775808"), &i) && i == INT64_MIN);
    JW_CHECK(t, !jw_text_i64(JW_TEXT("9223372036854775808"), &i) && !jw_text_i64(JW_TEXT("-"), &i));
}

static void utf8_is_checked_to_the_letter(struct jw_test *t) {
    JW_CHECK(t, jw_text_is_utf8(JW_TEXT("金吾 guards \xF0\x9F\x8F\xAF")));
    JW_CHECK(t, !jw_text_is_utf8(JW_TEXT("\xC0\xAF")));         /* overlong */
    JW_CHECK(t, !jw_text_is_utf8(JW_TEXT("\xED\xA0\x80")));     /* surrogate */
    JW_CHECK(t, !jw_text_is_utf8(JW_TEXT("\xF4\x90\x80\x80"))); /* past U+10FFFF */
    JW_CHECK(t, !jw_text_is_utf8(JW_TEXT("12345678\xE4\xBA"))); /* cut short */
}

static void an_arena_stops_at_its_ceiling_and_starts_again(struct jw_test *t) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(10000);
    JW_CHECK(t, jw_arena_alloc(mem, 9000) != NULL);
    JW_CHECK(t, jw_arena_alloc(mem, 9000) == NULL);
    JW_CHECK(t, jw_arena_alloc(mem, SIZE_MAX) == NULL);
    jw_arena_reset(mem);
    char *grown = jw_arena_alloc(mem, 10);
    memcpy(grown, "012345678", 10);
    JW_CHECK(t, jw_arena_grow(mem, grown, 10, 200) == grown); /* the newest grows where it stands */
    JW_CHECK(t, jw_arena_alloc(mem, 1) != NULL);
    char *moved = jw_arena_grow(mem, grown, 200, 400);
    JW_CHECK(t, moved && moved != grown && memcmp(moved, "012345678", 10) == 0);
}

static void a_buffer_is_sticky_at_its_ceiling(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer buf = JW_BUFFER(8);
    jw_buffer_add(&buf, JW_TEXT("12345"));
    jw_buffer_add(&buf, JW_TEXT("6789"));
    jw_buffer_byte(&buf, 'x');
    JW_CHECK(t, buf.failed && buf.len == 5);
}

static void json_text_escapes_controls_and_mends_bad_utf8(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer buf = JW_BUFFER(1000);
    jw_buffer_json(&buf, JW_TEXT("a\"b\\c\n\x01\x7f金\xff"
                                 "b"));
    JW_CHECK_TEXT(t, jw_buffer_text(&buf),
                  JW_TEXT("\"a\\\"b\\\\c\\n\\u0001\x7f金\xEF\xBF\xBD"
                          "b\""));
    jw_buffer_clear(&buf);
    jw_buffer_json(&buf, (jw_text){"\0", 1});
    JW_CHECK_TEXT(t, jw_buffer_text(&buf), JW_TEXT("\"\\u0000\""));
}

static void crc32c_gives_the_published_check_value(struct jw_test *t) {
    JW_CHECK_INT(t, jw_crc32c(0, "123456789", 9),
                 0xE3069283); /* RFC 3720 B.4's polynomial, the usual check string */
    JW_CHECK_INT(t, jw_crc32c(jw_crc32c(0, "1234", 4), "56789", 5), 0xE3069283);
}

static void time_survives_print_and_parse(struct jw_test *t) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"2026-08-31T09:30:00Z", "2026-08-31T09:30:00.000Z"},
        {"2026-08-31 17:30:00,5+08:00", "2026-08-31T09:30:00.500Z"},
        {"2024-02-29T23:59:60.123456789-0100", "2024-03-01T01:00:00.123456789Z"},
        {"1999-12-31T23:59:59", "1999-12-31T15:59:59.000Z"}, /* no zone: eight hours east, as asked below */
        {"2026/08/31 09:30:00 +08", "2026-08-31T01:30:00.000Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t when;
        char text[JW_TIME_TEXT];
        JW_CHECK(t, jw_time_parse(jw_text_from(cases[i].in), 8 * 3600, &when));
        JW_CHECK_TEXT(t, ((jw_text){text, jw_time_print(when, text)}), jw_text_from(cases[i].out));
    }
    static const char *const bad[] = {"2026-02-30T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01",
                                      "2026-01-01T00:00:00Zx",
                                      "2026-01-01T00:00:00.Z",
                                      ""};
    int64_t when;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        JW_CHECK(t, !jw_time_parse(jw_text_from(bad[i]), 0, &when));
}

static void addresses_of_both_families_compare_as_bytes(struct jw_test *t) {
    jw_address a;
    char text[JW_ADDRESS_TEXT];
    JW_CHECK(t, jw_address_parse(JW_TEXT("10.1.2.3"), &a) && jw_address_is_v4(&a) && jw_address_is_private(&a));
    JW_CHECK_TEXT(t, ((jw_text){text, jw_address_print(&a, text)}), JW_TEXT("10.1.2.3"));
    JW_CHECK(t, jw_address_parse(JW_TEXT("2001:DB8::1%eth0"), &a) && !jw_address_is_v4(&a));
    JW_CHECK_TEXT(t, ((jw_text){text, jw_address_print(&a, text)}), JW_TEXT("2001:db8::1"));
    JW_CHECK(t, jw_address_parse(JW_TEXT("8.8.8.8"), &a) && !jw_address_is_private(&a));
    static const char *const bad[] = {"1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":::", "a", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        JW_CHECK(t, !jw_address_parse(jw_text_from(bad[i]), &a));
}

static void networks_have_edges(struct jw_test *t) {
    jw_network net;
    jw_address in, out, last;
    JW_CHECK(t, jw_network_parse(JW_TEXT("172.16.0.0/12"), &net));
    jw_address_parse(JW_TEXT("172.31.255.255"), &in);
    jw_address_parse(JW_TEXT("172.32.0.0"), &out);
    jw_network_last(&net, &last);
    JW_CHECK(t, jw_network_has(&net, &in) && !jw_network_has(&net, &out) && memcmp(&last, &in, sizeof in) == 0);
    JW_CHECK(t, jw_network_parse(JW_TEXT("2001:db8::/33"), &net) && net.bits == 33);
    JW_CHECK(t, jw_network_parse(JW_TEXT("10.0.0.1"), &net) && net.bits == 128);
    JW_CHECK(t, !jw_network_parse(JW_TEXT("10.0.0.1/8"), &net)); /* host bits */
    JW_CHECK(t, !jw_network_parse(JW_TEXT("10.0.0.0/33"), &net));
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_wrapped_story_reads_from_the_outside_in),
        JW_CASE(cutting_needs_the_separator_and_next_does_not),
        JW_CASE(numbers_are_whole_and_do_not_overflow),
        JW_CASE(utf8_is_checked_to_the_letter),
        JW_CASE(an_arena_stops_at_its_ceiling_and_starts_again),
        JW_CASE(a_buffer_is_sticky_at_its_ceiling),
        JW_CASE(json_text_escapes_controls_and_mends_bad_utf8),
        JW_CASE(crc32c_gives_the_published_check_value),
        JW_CASE(time_survives_print_and_parse),
        JW_CASE(addresses_of_both_families_compare_as_bytes),
        JW_CASE(networks_have_edges),
        {0},
    });
}
