/* lib/formats/vendor_test.c — CEF, LEEF, name=value and CSV as devices write them. */
#include "csv.h"
#include "expect.h"
#include "kv.h"

#define CEF(line, want)  expect(t, "cef", JW_TEXT(line), want)
#define LEEF(line, want) expect(t, "leef", JW_TEXT(line), want)
#define KV(line, want)   expect(t, "kv", JW_TEXT(line), want)
#define HEAD                                                                                                 \
    "\"cef.version\":\"0\",\"observer.vendor\":\"V\",\"observer.product\":\"P\",\"observer.version\":\"1\"," \
    "\"event.code\":\"c\",\"cef.name\":\"n\",\"event.severity\":5,"

static void cef_headers_and_their_escapes(struct jw_test *t) {
    CEF("CEF:0|V\\|x|P\\\\y|1|c|n a|High|src=10.0.0.1",
        "\"cef.version\":\"0\",\"observer.vendor\":\"V|x\",\"observer.product\":\"P\\\\y\",\"observer.version\":"
        "\"1\",\"event.code\":\"c\","
        "\"cef.name\":\"n "
        "a\",\"event.severity\":7,\"cef.severity\":\"High\",\"source.ip\":\"10.0.0.1\",\"message\":\"n a\"");
    CEF("CEF:0|V|P|1|c|n|5", HEAD "\"message\":\"n\"");
    CEF("CEF:0|V|P|1|c|n|5|\n", HEAD "\"message\":\"n\"");
    CEF("CEF: 0|V|P|1|c|n|5|msg=m", HEAD "\"message\":\"m\"");
    CEF("CEF:0|V|P|1|c|n", NULL);
    CEF("CEF:0", NULL);
    CEF("LEEF:0|", NULL);
}

static void cef_values_hold_blanks_and_equals(struct jw_test *t) {
    CEF("CEF:0|V|P|1|c|n|5|act=blocked by rule request=https://a/?x=1&y=2 b  fname=C:\\Program Files\\x.exe "
        "msg=a\\=b c\\nd",
        HEAD "\"event.action\":\"blocked by rule\",\"url.original\":\"https://a/?x=1&y=2 "
             "b\",\"file.name\":\"C:\\\\Program Files\\\\x.exe\",\"message\":\"a=b c\\nd\"");
    CEF("CEF:0|V|P|1|c|n|5|spt=007 dpt=443 in=12 proto=TCP app=HTTPS deviceDirection=0 custom=x y=",
        HEAD "\"source.port\":\"007\",\"destination.port\":443,\"source.bytes\":12,\"network.transport\":\"tcp\","
             "\"network.protocol\":\"https\","
             "\"network.direction\":\"inbound\",\"cef.extensions.custom\":\"x\",\"cef.extensions.y\":\"\","
             "\"message\":\"n\"");
}

static void cef_labels_name_their_fields(struct jw_test *t) {
    CEF("CEF:0|V|P|1|c|n|5|cs1Label=Rule Name cs1=all out cn1=7 cn1Label=Hits cs2=bare cs3Label=lost",
        HEAD "\"cef.extensions.Rule_Name\":\"all "
             "out\",\"cef.extensions.Hits\":\"7\",\"cef.extensions.cs2\":\"bare\",\"cef."
             "extensions.cs3Label\":\"lost\",\"message\":\"n\"");
}

static void cef_times_in_all_forms(struct jw_test *t) {
    static const char *const forms[] = {
        "1795140000000",   "Nov 20 2026 10:00:00",     "Nov 20 2026 10:00:00.000 GMT+08:00",
        "Nov 20 10:00:00", "Nov 20 2026 02:00:00 UTC", "2026-11-20T02:00:00Z",
        "1795140000"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct jw_record rec = {.mem = t->mem, .received = EXPECT_RECEIVED, .zone_offset_s = EXPECT_ZONE};
        char line[200];
        int len = snprintf(line, sizeof line, "CEF:0|V|P|1|c|n|5|end=1 rt=%s start=1795139999000", forms[i]);
        JW_CHECK_OK(t, jw_format_find(JW_TEXT("cef"))->parse((jw_text){line, (size_t)len}, &rec, &t->err));
        if (rec.time != EXPECT_RECEIVED)
            printf("  form %s\n", forms[i]);
        JW_CHECK_INT(t, rec.time, EXPECT_RECEIVED);
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_EVENT_START), JW_TEXT("2026-11-20T01:59:59.000Z"));
        JW_CHECK(t, jw_record_find(&rec, JW_TEXT("cef.extensions.end"))); /* "1" is no time and stays as written */
    }
}

static void leef_of_both_versions(struct jw_test *t) {
    LEEF("LEEF:1.0|V|P|1|e|src=10.0.0.1\tdst=10.0.0.2\tsrcPort=5\tusrName=li\tnoise\tx=a=b|c",
         "\"observer.vendor\":\"V\",\"observer.product\":\"P\",\"observer.version\":\"1\",\"event.code\":\"e\","
         "\"source.ip\":\"10.0.0.1\",\"destination.ip\":\"10.0.0.2\","
         "\"source.port\":5,\"user.name\":\"li\",\"leef.x\":\"a=b|c\"");
    static const char *const seconds[] = {"LEEF:2.0|V|P|1|e|^|a=1^b=2 3", "LEEF:2.0|V|P|1|e|x5E|a=1^b=2 3",
                                          "LEEF:2.0|V|P|1|e|0x5e|a=1^b=2 3", "LEEF:2.0|V|P|1|e|a=1\tb=2 3",
                                          "LEEF:2.0|V|P|1|e||a=1\tb=2 3"};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        expect(t, "leef", jw_text_from(seconds[i]),
               "\"observer.vendor\":\"V\",\"observer.product\":\"P\",\"observer.version\":\"1\",\"event.code\":"
               "\"e\",\"leef.a\":\"1\",\"leef.b\":\"2 3\"");
    LEEF("LEEF:1.0|V|P|1|e",
         "\"observer.vendor\":\"V\",\"observer.product\":\"P\",\"observer.version\":\"1\",\"event.code\":\"e\"");
    LEEF("LEEF:1.0|V|P|1", NULL);
    LEEF("LEEF:3.0|V|P|1|e|", NULL);
}

static void pairs_in_every_style(struct jw_test *t) {
    KV("a=1 b=two words c=\"x \\\"y\\\" \\\\z\" d='q r' e= f=9",
       "\"a\":\"1\",\"b\":\"two words\",\"c\":\"x \\\"y\\\" \\\\z\",\"d\":\"q r\",\"e\":\"\",\"f\":\"9\"");
    KV("a = 1 b = 2", "\"a\":\"1\",\"b\":\"2\"");
    KV("a=1, Source IP=10.0.0.1, c=x, y, d=2", "\"a\":\"1\",\"Source IP\":\"10.0.0.1\",\"c\":\"x, y\",\"d\":\"2\"");
    KV("a=1;b=2 3;c=4;", "\"a\":\"1\",\"b\":\"2 3\",\"c\":\"4\"");
    KV("a=1\tb=2 3\tc=4", "\"a\":\"1\",\"b\":\"2 3\",\"c\":\"4\"");
    KV("key:1;name:two words;time:10:00:00", "\"key\":\"1\",\"name\":\"two words\",\"time\":\"10:00:00\"");
    KV("日志类型:服务控制, 源IP:10.0.0.1, 目的端口:443, URL:http://a/b",
       "\"日志类型\":\"服务控制\",\"源IP\":\"10.0.0.1\",\"目的端口\":\"443\",\"URL\":\"http://a/b\"");
    KV("类型：攻击，源地址：10.0.0.1，动作：拒绝", "\"类型\":\"攻击\",\"源地址\":\"10.0.0.1\",\"动作\":\"拒绝\"");
    KV("Protocol(1001)=TCP;SrcIPAddr(1003)=10.0.0.1;Event(1048)=(8)Session created;",
       "\"Protocol(1001)\":\"TCP\",\"SrcIPAddr(1003)\":\"10.0.0.1\",\"Event(1048)\":\"(8)Session created\"");
    KV("%%01SEC/4/POLICY(l): vsys=public, source-ip=10.0.0.1, rule-name=a b",
       "\"vsys\":\"public\",\"source-ip\":\"10.0.0.1\",\"rule-name\":\"a b\",\"message\":\"%%01SEC/4/POLICY(l):\"");
    KV("id=tos time=\"2026-11-20 10:00:00\" fw=TopsecOS path=\"C:\\dir\\\" n=5",
       "\"id\":\"tos\",\"time\":\"2026-11-20 "
       "10:00:00\",\"fw\":\"TopsecOS\",\"path\":\"C:\\\\dir\\\\\",\"n\":\"5\"");
    KV("url=http://a/?x=1&y=2 n=5", "\"url\":\"http://a/?x=1&y=2\",\"n\":\"5\"");
    KV("tag=a tag=b", "\"tag\":[\"a\",\"b\"]");
    KV("only=one", "\"only\":\"one\"");
    KV("a sentence with one=pair", NULL);
    KV("error: this: is: no: pair", NULL);
    KV("at 10:00:00 nothing", NULL);
    KV("=", NULL);
    KV("", NULL);
}

static void a_given_style_is_obeyed(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    jw_text before;
    const struct jw_kv_style style = {.between = JW_TEXT("|"), .assign = JW_TEXT(":")};
    JW_CHECK_INT(t, jw_kv_read(JW_TEXT("head a:1|b c:2=3, d=4|e:5"), &style, &rec, &before), 3);
    JW_CHECK_TEXT(t, before, JW_TEXT("head"));
    JW_CHECK_TEXT(t, jw_record_find(&rec, JW_TEXT("b c"))->value, JW_TEXT("2=3, d=4"));
}

static void rows_of_csv_are_divided(struct jw_test *t) {
    jw_text row = JW_TEXT("a,,\"b \"\"c\"\", d\",\"\",e"), column;
    static const char *const want[] = {"a", "", "b \"c\", d", "", "e"};
    bool more = true;
    size_t i = 0;
    for (; jw_csv_next(&row, &more, ',', t->mem, &column); i++)
        JW_CHECK_TEXT(t, column, jw_text_from(i < 5 ? want[i] : "too many"));
    JW_CHECK_INT(t, i, 5);
    row = JW_TEXT("x,"), more = true;
    for (i = 0; jw_csv_next(&row, &more, ',', t->mem, &column); i++)
        ;
    JW_CHECK_INT(t, i, 2);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(cef_headers_and_their_escapes),
                                                     JW_CASE(cef_values_hold_blanks_and_equals),
                                                     JW_CASE(cef_labels_name_their_fields),
                                                     JW_CASE(cef_times_in_all_forms),
                                                     JW_CASE(leef_of_both_versions),
                                                     JW_CASE(pairs_in_every_style),
                                                     JW_CASE(a_given_style_is_obeyed),
                                                     JW_CASE(rows_of_csv_are_divided),
                                                     {0}});
}
