/* lib/gov/gov_test.c — the plan, the search, the precedence. */
#include "gov.h"
#include "ranges.h"

#include <sys/stat.h>

#include "test/test.h"

static void write_file(struct jw_test *t, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *file = fopen(path, "we");
    JW_CHECK(t, file && fputs(text, file) >= 0);
    if (file)
        fclose(file);
}

static struct jw_gov *load(struct jw_test *t) {
    struct jw_gov *gov = NULL;
    JW_CHECK_OK(t, jw_gov_load(t->folder, &gov, &t->err));
    return gov;
}

static const struct jw_gov_place *at(const struct jw_gov *gov, const char *text) {
    jw_address address;
    static const struct jw_gov_place nothing;
    const struct jw_gov_place *place =
        jw_address_parse(jw_text_from(text), &address) ? jw_gov_find_address(gov, &address) : NULL;
    return place ? place : &nothing;
}

static const char plan[] = "networks:\n"
                           "  - {network: 10.0.0.0/8, unit: 市数据局, owner: noc, plane: 政务外网}\n"
                           "  - network: 10.1.0.0/16\n"
                           "    unit: 市公安局\n"
                           "  - network: 2001:db8::/32\n"
                           "    unit: 市卫健委\n"
                           "    plane: 互联网区\n"
                           "assets:\n"
                           "  - host: [Web-01, web-01.gov.example]\n"
                           "    ip: [10.1.2.3, 10.1.2.4]\n"
                           "    asset: 门户网站\n"
                           "    owner: portal team\n"
                           "  - {host: pc7, asset: 终端七, unit: 市档案馆}\n";

static void the_longest_prefix_wins_and_inherits(struct jw_test *t) {
    write_file(t, "plan.yaml", plan);
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    JW_CHECK_INT(t, jw_gov_count(gov).refused, 0);
    JW_CHECK_TEXT(t, at(gov, "10.200.0.1")->unit, JW_TEXT("市数据局"));
    JW_CHECK_TEXT(t, at(gov, "10.1.255.255")->unit, JW_TEXT("市公安局"));
    JW_CHECK_TEXT(t, at(gov, "10.1.255.255")->owner, JW_TEXT("noc"));
    JW_CHECK_TEXT(t, at(gov, "10.2.0.0")->unit, JW_TEXT("市数据局"));
    JW_CHECK_TEXT(t, at(gov, "2001:db8:ffff::1")->unit, JW_TEXT("市卫健委"));
    JW_CHECK_TEXT(t, at(gov, "2001:db9::1")->unit, (jw_text){0});
    JW_CHECK_TEXT(t, at(gov, "11.0.0.0")->unit, (jw_text){0});
    JW_CHECK_TEXT(t, at(gov, "9.255.255.255")->unit, (jw_text){0});
    const struct jw_gov_place *web = at(gov, "10.1.2.4");
    JW_CHECK_TEXT(t, web->asset, JW_TEXT("门户网站"));
    JW_CHECK_TEXT(t, web->unit, JW_TEXT("市公安局"));
    JW_CHECK_TEXT(t, web->owner, JW_TEXT("portal team"));
    JW_CHECK_TEXT(t, web->plane, JW_TEXT("政务外网"));
}

static void hosts_are_found_without_case_and_by_their_first_label(struct jw_test *t) {
    write_file(t, "plan.yaml", plan);
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    const struct jw_gov_place *web = jw_gov_find_host(gov, JW_TEXT("WEB-01"));
    JW_CHECK(t, web && jw_text_is(web->unit, JW_TEXT("市公安局")));
    JW_CHECK(t, jw_gov_find_host(gov, JW_TEXT("web-01.gov.example")) != NULL);
    JW_CHECK(t, jw_gov_find_host(gov, JW_TEXT("pc7.elsewhere.example")) != NULL);
    JW_CHECK(t, jw_gov_find_host(gov, JW_TEXT("pc77")) == NULL);
    JW_CHECK(t, jw_gov_find_host(gov, JW_TEXT("")) == NULL);
}

static void csv_with_chinese_headings_and_quotes_is_read(struct jw_test *t) {
    write_file(t, "b.csv",
               "\xef\xbb\xbf单位,网段,\"责任人\",备注\r\n"
               "\"市 \"\"一\"\" 院\",10.9.0.0/16,张,\"two\nlines\"\r\n"
               "# a comment,,,\r\n"
               "县局,10.9.9.0/24\r\n");
    write_file(t, "c.csv", "ip,host,asset,unit\n\"10.9.9.1, 10.9.9.2\",db1;db2,库,\n");
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    JW_CHECK_INT(t, jw_gov_count(gov).refused, 0);
    JW_CHECK_TEXT(t, at(gov, "10.9.1.1")->unit, JW_TEXT("市 \"一\" 院"));
    JW_CHECK_TEXT(t, at(gov, "10.9.9.9")->owner, JW_TEXT("张"));
    JW_CHECK_TEXT(t, at(gov, "10.9.9.2")->asset, JW_TEXT("库"));
    JW_CHECK_TEXT(t, at(gov, "10.9.9.2")->unit, JW_TEXT("县局"));
}

static void csv_saved_by_a_chinese_spreadsheet_is_read(struct jw_test *t) {
    /* "单位,网段" and "市局" in GB18030 */
    write_file(t, "gbk.csv", "\xb5\xa5\xce\xbb,\xcd\xf8\xb6\xce\n\xca\xd0\xbe\xd6,10.3.0.0/16\n");
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    JW_CHECK_INT(t, jw_gov_count(gov).refused, 0);
    JW_CHECK_TEXT(t, at(gov, "10.3.0.1")->unit, JW_TEXT("市局"));
}

static void a_bad_row_is_told_with_its_line_and_the_others_hold(struct jw_test *t) {
    write_file(t, "a.csv",
               "network,unit\n10.0.0.0/8,good\n10.0.0.1/8,host bits\n\n300.1.1.0/24,x\n10.2.0.0/16,also good\n");
    write_file(t, "b.yaml",
               "networks:\n  - {network: 10.3.0.0/16, unit: yes}\n  - {network: 10.4.0.0/16, units: typo}\n");
    write_file(t, "c.yaml", "networks: [\n");
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    JW_CHECK_INT(t, jw_gov_count(gov).refused, 4);
    JW_CHECK_INT(t, jw_gov_count(gov).networks, 3);
    JW_CHECK(t, jw_text_find(jw_gov_refused(gov, 0), JW_TEXT("a.csv:3: \"10.0.0.1/8\""), NULL));
    JW_CHECK(t, jw_text_find(jw_gov_refused(gov, 1), JW_TEXT("a.csv:5: "), NULL));
    JW_CHECK(t, jw_text_find(jw_gov_refused(gov, 2), JW_TEXT("b.yaml:3: unknown key \"units\""), NULL));
    JW_CHECK(t, jw_text_find(jw_gov_refused(gov, 3), JW_TEXT("c.yaml:"), NULL));
    JW_CHECK(t, jw_gov_refused(gov, 4).ptr == NULL);
    JW_CHECK_TEXT(t, at(gov, "10.2.0.1")->unit, JW_TEXT("also good"));
}

static void a_missing_folder_is_an_empty_plan(struct jw_test *t) {
    struct jw_gov *gov = NULL;
    char path[512];
    struct jw_record rec = {.mem = t->mem};
    snprintf(path, sizeof path, "%s/none", t->folder);
    JW_CHECK_OK(t, jw_gov_load(path, &gov, &t->err));
    jw_record_put(&rec, JW_F_HOST_NAME, JW_TEXT("x"));
    jw_record_put(&rec, JW_F_GOV_UNIT, JW_TEXT("chosen by the sender"));
    jw_gov_attribute(gov, &rec);
    JW_CHECK_INT(t, rec.count, 1);
    jw_gov_free(gov);
}

/* Pairs of field and value, then the asset that must come out. */
struct precedence {
    const char *fields[5][2];
    const char *asset;
};

static void the_documented_precedence_decides(struct jw_test *t) {
    static const struct precedence cases[] = {
        {{{"host.name", "web"}}, "web"},
        {{{"host.name", "unknown"}, {"host.ip", "10.0.0.1"}}, "web"},
        {{{"host.name", "web"}, {"source.ip", "10.0.0.2"}}, "web"},
        {{{"source.ip", "10.0.0.2"}}, "pc"},
        {{{"host.name", "fw"}, {"source.ip", "8.8.8.8"}, {"destination.ip", "10.0.0.1"}}, "web"},
        {{{"host.name", "fw"}, {"source.ip", "10.0.0.2"}, {"destination.ip", "8.8.8.8"}}, "pc"},
        {{{"host.name", "fw"}, {"source.ip", "10.0.0.2"}, {"destination.ip", "10.0.0.1"}}, "web"},
        {{{"host.name", "fw"},
          {"source.ip", "10.0.0.2"},
          {"destination.ip", "10.0.0.1"},
          {"network.direction", "outbound"}},
         "pc"},
        {{{"host.name", "fw"},
          {"source.ip", "10.0.0.2"},
          {"destination.ip", "8.8.8.8"},
          {"network.direction", "inbound"}},
         "pc"},
        {{{"host.name", "fw"}, {"source.ip", "10.0.0.2"}, {"destination.ip", "203.0.113.10"}}, "pc"},
        {{{"host.name", "fw"}, {"source.ip", "8.8.8.8"}, {"destination.ip", "203.0.113.10"}}, "site"},
        {{{"host.name", "fw"}, {"source.ip", "8.8.8.8"}, {"destination.ip", "9.9.9.9"}}, "fw"},
        {{{"host.name", "pc"}, {"source.ip", "10.0.0.2"}, {"destination.ip", "10.0.0.1"}}, "pc"},
        {{{"host.name", "x"}, {"host.ip", "10.0.0.2"}, {"source.ip", "10.0.0.2"}, {"destination.ip", "10.0.0.1"}},
         "pc"},
        {{{"host.name", "pc"},
          {"winlog.channel", "Security"},
          {"source.ip", "1.2.3.4"},
          {"destination.ip", "10.0.0.1"}},
         "pc"},
        {{{"observer.name", "fw"}}, "fw"},
        {{{"source.ip", "not an address"}}, ""},
    };
    write_file(t, "a.csv",
               "host,ip,asset,unit\nweb,10.0.0.1,web,u1\nsite,203.0.113.10,site,u4\npc,10.0.0.2,pc,u2\nfw,10.0.0.3,"
               "fw,u3\n");
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = load(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jw_record rec = {.mem = t->mem};
        for (size_t k = 0; k < 5 && cases[i].fields[k][0]; k++)
            jw_record_set(&rec, jw_text_from(cases[i].fields[k][0]), jw_text_from(cases[i].fields[k][1]));
        jw_gov_attribute(gov, &rec);
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_GOV_ASSET), jw_text_from(cases[i].asset));
    }
}

/* --- against the obvious way ---------------------------------------------------------------------------------- */

static uint64_t seed = 42;
static uint32_t dice(uint32_t sides) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % sides;
}

static jw_address any_address(bool v4) {
    jw_address address = {{0}};
    if (v4)
        address.bytes[10] = address.bytes[11] = 0xff;
    for (size_t i = v4 ? 12 : 0; i < 16; i++)
        address.bytes[i] = dice(3) ? (uint8_t)dice(4) : (uint8_t)(dice(2) ? 0xff : dice(256));
    return address;
}

static struct jw_ranges_span any_span(uint32_t i) {
    bool v4 = dice(2);
    uint8_t bits = (uint8_t)(v4 ? 96 + dice(33) : dice(129));
    struct jw_ranges_span span = {.network = {any_address(v4), bits}, .value = i, .rank = i};
    for (size_t bit = bits; bit < 128; bit++)
        span.network.address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return span;
}

static uint32_t by_looking_at_all(const struct jw_ranges_span *spans, size_t count, const jw_address *address) {
    const struct jw_ranges_span *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (jw_network_has(&spans[i].network, address) &&
            (!best || spans[i].network.bits > best->network.bits ||
             (spans[i].network.bits == best->network.bits && spans[i].rank > best->rank)))
            best = &spans[i];
    return best ? best->value : JW_RANGES_NONE;
}

static void ranges_agree_with_looking_at_all(struct jw_test *t) {
    static struct jw_ranges_span spans[300], copy[300];
    for (int round = 0; round < 60; round++) {
        size_t count = dice(300);
        for (uint32_t i = 0; i < count; i++)
            spans[i] = copy[i] = any_span(i);
        struct jw_ranges *ranges = NULL;
        JW_CHECK_OK(t, jw_ranges_new(copy, count, NULL, NULL, &ranges));
        for (int i = 0; i < 1000; i++) {
            jw_address address = any_address(dice(2));
            if (count && dice(4) == 0)
                jw_network_last(&spans[dice((uint32_t)count)].network, &address);
            JW_CHECK_INT(t, jw_ranges_find(ranges, &address), by_looking_at_all(spans, count, &address));
        }
        jw_ranges_free(ranges);
    }
}

/* The same network a thousand times must not outgrow the sweep's stack. */
static void many_rows_of_one_network_leave_the_last(struct jw_test *t) {
    static struct jw_ranges_span spans[1000];
    for (uint32_t i = 0; i < 1000; i++)
        spans[i] = (struct jw_ranges_span){.network = {{{0xfd}}, 8}, .value = i, .rank = i};
    struct jw_ranges *ranges = NULL;
    JW_CHECK_OK(t, jw_ranges_new(spans, 1000, NULL, NULL, &ranges));
    JW_CHECK_INT(t, jw_ranges_find(ranges, &(jw_address){{0xfd, 1}}), 999);
    JW_CHECK_INT(t, jw_ranges_find(ranges, &(jw_address){{0xfe, 1}}), JW_RANGES_NONE);
    jw_ranges_free(ranges);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(the_longest_prefix_wins_and_inherits),
        JW_CASE(hosts_are_found_without_case_and_by_their_first_label),
        JW_CASE(csv_with_chinese_headings_and_quotes_is_read),
        JW_CASE(csv_saved_by_a_chinese_spreadsheet_is_read),
        JW_CASE(a_bad_row_is_told_with_its_line_and_the_others_hold),
        JW_CASE(a_missing_folder_is_an_empty_plan),
        JW_CASE(the_documented_precedence_decides),
        JW_CASE(ranges_agree_with_looking_at_all),
        JW_CASE(many_rows_of_one_network_leave_the_last),
        {0},
    });
}
