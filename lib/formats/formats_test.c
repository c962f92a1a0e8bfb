/* lib/formats/formats_test.c — what every format promises, and the choice between them. */
#include "format.h"

#include "test/test.h"

static void every_format_parses_its_own_sample(struct jw_test *t) {
    for (size_t i = 0; jw_formats[i]; i++) {
        struct jw_record rec = {.mem = t->mem};
        JW_CHECK(t, jw_formats[i]->detect(jw_formats[i]->sample));
        JW_CHECK_OK(t, jw_formats[i]->parse(jw_formats[i]->sample, &rec, &t->err));
        JW_CHECK(t, rec.count > 1);
        JW_CHECK(t, jw_format_find(jw_text_from(jw_formats[i]->name)) == jw_formats[i]);
    }
    JW_CHECK(t, jw_format_find(JW_TEXT("morse")) == NULL);
}

static void the_right_format_is_found_for_each_sample(struct jw_test *t) {
    for (size_t i = 0; jw_formats[i]; i++) {
        struct jw_record rec = {.mem = t->mem};
        const struct jw_format *found = NULL;
        JW_CHECK_OK(t, jw_format_read(jw_formats[i]->sample, &rec, &found, &t->err));
        JW_CHECK_TEXT(t, jw_text_from(found ? found->name : ""), jw_text_from(jw_formats[i]->name));
    }
}

static void what_stands_inside_syslog_is_read_too(struct jw_test *t) {
    static const struct {
        const char *line, *want;
    } lines[] = {
        {"<14>Nov 20 10:00:00 gate CEF:0|V|P|1|c|n|5|src=10.0.0.1 msg=m",
         "\"@timestamp\":\"2026-11-20T02:00:00.000Z\",\"log.syslog.priority\":14,\"log.syslog.facility.code\":1,"
         "\"log.syslog.severity.code\":6,\"log.level\":\"info\",\"host.hostname\":\"gate\",\"cef.version\":\"0\","
         "\"observer.vendor\":\"V\",\"observer.product\":\"P\",\"observer.version\":\"1\",\"event.code\":\"c\","
         "\"cef.name\":\"n\",\"event.severity\":5,\"source.ip\":\"10.0.0.1\",\"message\":\"m\""},
        {"<14>1 - h a - - - {\"log\":{\"level\":\"x\"},\"@timestamp\":\"2026-11-20T03:00:00Z\"}",
         "\"@timestamp\":\"2026-11-20T03:00:00.000Z\",\"log.syslog.priority\":14,\"log.syslog.facility.code\":1,"
         "\"log.syslog.severity.code\":6,\"log.syslog.version\":\"1\",\"host.hostname\":\"h\",\"process.name\":"
         "\"a\","
         "\"log.level\":\"x\""},
        {"<14>1 - - - - - - {\"broken\":}",
         "\"log.syslog.priority\":14,\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6,\"log.level\":"
         "\"info\",\"log.syslog.version\":\"1\",\"message\":\"{\\\"broken\\\":}\""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct jw_record rec = {.mem = t->mem, .received = 1795140000 * JW_SECOND, .zone_offset_s = 28800};
        JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 16);
        const struct jw_format *found;
        JW_CHECK_OK(t, jw_format_read(jw_text_from(lines[i].line), &rec, &found, &t->err));
        jw_record_json(&rec, &out);
        JW_CHECK_TEXT(t, jw_buffer_text(&out), jw_text_from(lines[i].want));
    }
}

static void a_line_of_no_format_is_refused_and_leaves_nothing(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    const struct jw_format *found;
    JW_CHECK_INT(t, jw_format_read(JW_TEXT("just words"), &rec, &found, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, jw_format_read(JW_TEXT(""), &rec, &found, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, rec.count, 0);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(every_format_parses_its_own_sample),
                                                     JW_CASE(the_right_format_is_found_for_each_sample),
                                                     JW_CASE(what_stands_inside_syslog_is_read_too),
                                                     JW_CASE(a_line_of_no_format_is_refused_and_leaves_nothing),
                                                     {0}});
}
