/* lib/formats/syslog_test.c — lines as real senders write them. */
#include "expect.h"

#define E3164(line, want) expect(t, "syslog3164", JW_TEXT(line), want)
#define E5424(line, want) expect(t, "syslog5424", JW_TEXT(line), want)
#define P13                                                                                                   \
    "\"log.syslog.priority\":13,\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":5,\"log.level\":" \
    "\"notice\","
#define P189                                                                                                    \
    "\"log.syslog.priority\":189,\"log.syslog.facility.code\":23,\"log.syslog.severity.code\":5,\"log.level\":" \
    "\"notice\","
#define P14                                                                                                   \
    "\"log.syslog.priority\":14,\"log.syslog.facility.code\":1,\"log.syslog.severity.code\":6,\"log.level\":" \
    "\"info\","

static void bsd_lines_with_and_without_parts(struct jw_test *t) {
    E3164("<13>Nov 20 09:00:00 gate su: root on /dev/pts/0\n",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\"," P13
          "\"host.hostname\":\"gate\",\"process.name\":\"su\",\"message\":\"root on /dev/pts/0\"");
    E3164("Nov  2 09:00:00 10.1.2.3 sshd[4711]: ok\r\n",
          "\"@timestamp\":\"2026-11-02T01:00:00.000Z\",\"host.hostname\":\"10.1.2.3\",\"host.ip\":\"10.1.2.3\","
          "\"process.name\":\"sshd\",\"process.pid\":4711,\"message\":\"ok\"");
    E3164("Nov 20 09:00:00 su: no host",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"process.name\":\"su\",\"message\":\"no host\"");
    E3164("Nov 20 09:00:00 cron[7]: no host", "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"process.name\":"
                                              "\"cron\",\"process.pid\":7,\"message\":\"no host\"");
    E3164("Nov 20 09:00:00 gate last words",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"gate\",\"message\":\"last words\"");
    E3164("Nov 20 09:00:00 last message repeated 2 times",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"message\":\"last message repeated 2 times\"");
    E3164("<13>sshd[12]: only a tag",
          P13 "\"process.name\":\"sshd\",\"process.pid\":12,\"message\":\"only a tag\"");
    E3164("<13>anything at all", P13 "\"message\":\"anything at all\"");
    E3164("<13>", P13 "\"message\":\"\"");
    E3164("\xEF\xBB\xBF<13>Nov 20 09:00:00 gate app: x\0\0",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\"," P13
          "\"host.hostname\":\"gate\",\"process.name\":\"app\",\"message\":\"x\"");
    E3164("<192>Nov 20 09:00:00 gate app: x", NULL);
    E3164("<>x", NULL);
    E3164("<13 x", NULL);
    E3164("hello world", NULL);
    E3164("", NULL);
}

static void tags_as_programs_write_them(struct jw_test *t) {
    E3164("Nov 20 09:00:00 h sshd(pam_unix)[19939]: x",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"log.syslog.appname\":\"sshd(pam_"
          "unix)\","
          "\"process.name\":\"sshd\",\"process.pid\":19939,\"message\":\"x\"");
    E3164("Nov 20 09:00:00 h /usr/sbin/cron[5]: (root) CMD (x: y)",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.executable\":\"/usr/sbin/"
          "cron\","
          "\"process.name\":\"cron\",\"process.pid\":5,\"message\":\"(root) CMD (x: y)\"");
    E3164("Nov 20 09:00:00 h postfix/smtpd[5]: x",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"postfix/"
          "smtpd\",\"process.pid\":5,\"message\":\"x\"");
    E3164("Nov 20 09:00:00 h Microsoft Word[5]: x",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"Microsoft "
          "Word\",\"process.pid\":5,\"message\":\"x\"");
    E3164("Nov 20 09:00:00 h syslogd 1.4.1: restart.",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"syslogd\","
          "\"message\":\"restart.\"");
    E3164("Nov 20 09:00:00 h  -- root[2421]: ROOT LOGIN ON tty2",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"root\",\"process."
          "pid\":2421,\"message\":\"ROOT LOGIN ON tty2\"");
    E3164("Nov 20 09:00:00 h kernel: [12345.678901] IN=eth0 OUT= SRC=10.0.0.1",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"kernel\","
          "\"message\":\"[12345.678901] IN=eth0 OUT= SRC=10.0.0.1\"");
    E3164("Nov 20 09:00:00 h tomcat[main]: x",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"process.name\":\"tomcat\",\"log."
          "syslog.procid\":\"main\",\"message\":\"x\"");
    E3164("Nov 20 09:00:00 h id=tos time=\"10:00\" fw: x",
          "\"@timestamp\":\"2026-11-20T01:00:00.000Z\",\"host.hostname\":\"h\",\"message\":\"id=tos "
          "time=\\\"10:00\\\" fw: x\"");
}

static void stamps_with_year_zone_and_fraction(struct jw_test *t) {
    static const struct {
        const char *stamp;
        int64_t ns; /* since 2026-11-20T02:00:00Z */
    } stamps[] = {
        {"Nov 20 10:00:00", 0},
        {"Nov 20 10:00:00.123", 123 * JW_MS},
        {"Nov 20 10:00:00,5", 500 * JW_MS},
        {"Nov 20 2026 10:00:00", 0},
        {"Nov 20 2026 10:00:00.000001", 1000},
        {"Nov 20 2026 12:00:00+10:00", 0},
        {"Nov 20 10:00:00 2026", 0},
        {"Fri Nov 20 10:00:00 2026", 0},
        {"Fri, Nov 20 10:00:00", 0},
        {"2026 Nov 20 10:00:00", 0},
        {"Nov 20 02:00:00 UTC", 0},
        {"2026-11-20T10:00:00+08:00", 0},
        {"2026-11-20T02:00:00.123456Z", 123456000},
        {"2026-11-20T10:00:00.999999999", 999999999},
        {"2026-11-20 10:00:00", 0},
        {"2026-11-20 10:00:00,250", 250 * JW_MS},
        {"2026-11-20 02:00:00 +0000", 0},
        {"Nov 21 09:59:59", 86399 * JW_SECOND},              /* a day ahead: a clock */
        {"Nov 21 10:00:01", -(364 * 86400 - 1) * JW_SECOND}, /* more: last year */
        {"Jan  1 08:00:00", -323 * 86400 * JW_SECOND - 7200 * JW_SECOND},
    };
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        struct jw_record rec = {.mem = t->mem, .received = EXPECT_RECEIVED, .zone_offset_s = EXPECT_ZONE};
        char line[200];
        int len = snprintf(line, sizeof line, "<14>%s gate app[9]: m", stamps[i].stamp);
        JW_CHECK_OK(t, jw_format_find(JW_TEXT("syslog3164"))->parse((jw_text){line, (size_t)len}, &rec, &t->err));
        if (!rec.has_time || rec.time - EXPECT_RECEIVED != stamps[i].ns)
            printf("  stamp %s\n", stamps[i].stamp);
        JW_CHECK_INT(t, rec.time - EXPECT_RECEIVED, stamps[i].ns);
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_HOST_HOSTNAME), JW_TEXT("gate"));
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_PROCESS_NAME), JW_TEXT("app"));
        JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_MESSAGE), JW_TEXT("m"));
    }
}

static void the_year_is_right_around_new_year_and_leap_day(struct jw_test *t) {
    static const struct {
        const char *received, *line, *want;
    } turns[] = {
        {"2026-12-31T15:59:50Z", "<14>Jan  1 00:00:05 h a: m",
         "2026-12-31T16:00:05.000Z"}, /* sender's clock is ahead */
        {"2026-12-31T16:00:05Z", "<14>Dec 31 23:59:58 h a: m", "2026-12-31T15:59:58.000Z"}, /* it was on the way */
        {"2027-01-01T00:00:05Z", "<14>Dec 31 23:59:58 h a: m", "2026-12-31T15:59:58.000Z"},
        {"2026-11-20T02:00:00Z", "<14>Feb 29 00:00:00 h a: m", "2024-02-28T16:00:00.000Z"},
        {"2028-02-29T02:00:00Z", "<14>Feb 29 00:00:00 h a: m", "2028-02-28T16:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        struct jw_record rec = {.mem = t->mem, .zone_offset_s = EXPECT_ZONE};
        char text[JW_TIME_TEXT];
        JW_CHECK(t, jw_time_parse(jw_text_from(turns[i].received), 0, &rec.received));
        JW_CHECK_OK(t, jw_format_find(JW_TEXT("syslog3164"))->parse(jw_text_from(turns[i].line), &rec, &t->err));
        JW_CHECK_TEXT(t, ((jw_text){text, jw_time_print(rec.time, text)}), jw_text_from(turns[i].want));
    }
}

static void network_devices(struct jw_test *t) {
    E3164("<189>29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured from console",
          "\"@timestamp\":\"2026-03-01T18:48:50.483Z\"," P189
          "\"event.sequence\":29,\"message\":\"%SYS-5-CONFIG_I: Configured from console\"");
    E3164("<189>29: core1: *Mar  1 18:48:50.483: %SYS-5-CONFIG_I: x",
          "\"@timestamp\":\"2026-03-01T10:48:50.483Z\"," P189
          "\"event.sequence\":29,\"host.hostname\":\"core1\",\"message\":\"%SYS-5-CONFIG_I: x\"");
    E3164("<189>core1: Nov 20 10:00:00.1 CST: %LINK-5-UP: x",
          "\"@timestamp\":\"2026-11-20T02:00:00.100Z\"," P189
          "\"host.hostname\":\"core1\",\"message\":\"%LINK-5-UP: x\"");
    E3164("<189>Nov 20 2026 10:00:00 asa1 : %ASA-5-111008: x",
          "\"@timestamp\":\"2026-11-20T02:00:00.000Z\"," P189
          "\"host.hostname\":\"asa1\",\"message\":\"%ASA-5-111008: x\"");
    E3164("<189>Nov 20 2026 10:00:00: %ASA-5-111008: x",
          "\"@timestamp\":\"2026-11-20T02:00:00.000Z\"," P189 "\"message\":\"%ASA-5-111008: x\"");
    E3164("<189>%ASA-5-111008: x", P189 "\"message\":\"%ASA-5-111008: x\"");
    E3164("Nov 20 10:00:01 core1 123: *Mar  1 18:48:50.483: %SYS-5-CONFIG_I: x",
          "\"@timestamp\":\"2026-11-20T02:00:01.000Z\",\"host.hostname\":\"core1\",\"event.sequence\":123,"
          "\"message\":\"%SYS-5-CONFIG_I: x\"");
    E3164("<189>Nov 20 2026 10:00:00 USG6000 %%01SEC/4/POLICYDENY(l)[12]:policy deny, a=1",
          "\"@timestamp\":\"2026-11-20T02:00:00.000Z\"," P189
          "\"host.hostname\":\"USG6000\",\"message\":\"%%01SEC/4/POLICYDENY(l)[12]:policy deny, a=1\"");
    E3164("<189>Nov 20 10:00:00 2026 H3C %%10SHELL/5/SHELL_LOGIN: -DevIP=10.0.0.1; x",
          "\"@timestamp\":\"2026-11-20T02:00:00.000Z\"," P189
          "\"host.hostname\":\"H3C\",\"message\":\"%%10SHELL/5/SHELL_LOGIN: -DevIP=10.0.0.1; x\"");
    E3164("<189>date=2026-11-20 time=10:00:00 devname=\"fw\"",
          P189 "\"message\":\"date=2026-11-20 time=10:00:00 devname=\\\"fw\\\"\"");
    E3164("<189>Nov 20 10:00:00 CEF:0|a|b|c|d|e|5|",
          "\"@timestamp\":\"2026-11-20T02:00:00.000Z\"," P189 "\"message\":\"CEF:0|a|b|c|d|e|5|\"");
}

static void dates_of_other_files_are_not_syslog(struct jw_test *t) {
    E3164("2026-11-20 10:00:00 INFO main: started", NULL);
    E3164("2026-11-20T10:00:00Z ERROR something: else", NULL);
    E3164("2026-11-20 10:00:00.123 [main] org.x: started", NULL);
    E3164("2026-11-20T10:00:00.5+08:00 gate sshd[5]: x",
          "\"@timestamp\":\"2026-11-20T02:00:00.500Z\",\"host.hostname\":\"gate\",\"process.name\":\"sshd\","
          "\"process.pid\":5,\"message\":\"x\"");
    E3164("2026-11-20T25:00:00Z gate sshd[5]: x", NULL);
    E3164("Feb 30 10:00:00 gate sshd[5]: x", NULL);
}

static void structured_data_is_read_with_its_escapes(struct jw_test *t) {
    E5424("<14>1 2026-11-20T10:00:00.003+08:00 gate app 4711 ID47 [a@1 x=\"1\" y=\"q\\\"b\\\\c\\]d\\n\"][b] "
          "\xEF\xBB\xBFhello\n",
          "\"@timestamp\":\"2026-11-20T02:00:00.003Z\"," P14
          "\"log.syslog.version\":\"1\",\"host.hostname\":\"gate\",\"process.name\":\"app\",\"process.pid\":4711,"
          "\"log.syslog.msgid\":\"ID47\",\"syslog.sd.a@1.x\":\"1\",\"syslog.sd.a@1.y\":\"q\\\"b\\\\c]d\\\\n\","
          "\"syslog.sd.b\":\"\",\"message\":\"hello\"");
    E5424("<14>1 - - - - - -", P14 "\"log.syslog.version\":\"1\",\"message\":\"\"");
    E5424("<14>1 - - - - - - [not data] x", P14 "\"log.syslog.version\":\"1\",\"message\":\"[not data] x\"");
    E5424("<14>1 - h - main - [broken x=1] text", P14 "\"log.syslog.version\":\"1\",\"host.hostname\":\"h\",\"log."
                                                      "syslog.procid\":\"main\",\"message\":\"[broken x=1] text\"");
    E5424("<14>1 - h a - - text without data", P14 "\"log.syslog.version\":\"1\",\"host.hostname\":\"h\",\"process."
                                                   "name\":\"a\",\"message\":\"text without data\"");
    E5424("<14>1 - h a - - [x@1 k=\"v\"]", P14 "\"log.syslog.version\":\"1\",\"host.hostname\":\"h\",\"process."
                                               "name\":\"a\",\"syslog.sd.x@1.k\":\"v\",\"message\":\"\"");
    E5424("<14>1 - h a - - [x@1 k=\"v\"][y", P14 "\"log.syslog.version\":\"1\",\"host.hostname\":\"h\",\"process."
                                                 "name\":\"a\",\"syslog.sd.x@1.k\":\"v\",\"message\":\"[y\"");
    E5424("<14>Nov 20 10:00:00 h a: x", NULL);
    E5424("<14>1 yesterday h a - - - x", NULL);
    E5424("<14>1 - h a", NULL);
#define UNREADABLE(stamp)                                                                                          \
    E5424("<14>1 " stamp " h a - - - x",                                                                           \
          P14 "\"log.syslog.version\":\"1\",\"log.syslog.unreadable_time\":\"" stamp "\",\"host.hostname\":\"h\"," \
              "\"process.name\":\"a\",\"message\":\"x\"")
    UNREADABLE("2026-02-30T10:00:00Z");
    UNREADABLE("9999-01-01T00:00:00Z");
    UNREADABLE("0001-01-01T00:00:00Z");
    UNREADABLE("2026-11-20T25:61:00+08:00");
    E5424("<14>1", NULL);
}

/* Month, date, time, host, component, pid of each line against the CSV's columns 2–7; returns agreeing lines. */
static int score(struct jw_test *t, const char *corpora, const char *name, int *out_lines) {
    char path[4096];
    int right = 0, lines = 0;
    snprintf(path, sizeof path, "%s/logs/loghub/%s/%s_2k.log", corpora, name, name);
    jw_text log = jw_test_read(t, path), line, host, tag;
    while (jw_text_next(&log, '\n', &line)) {
        struct jw_record rec = {.mem = t->mem, .received = EXPECT_RECEIVED};
        jw_text rest = jw_format_trim(line);
        lines++;
        if (jw_format_find(JW_TEXT("syslog3164"))->parse(line, &rec, &t->err) != JW_OK)
            continue;
        rest = (jw_text){rest.ptr + 16, rest.len - 16};
        if (!jw_text_cut(&rest, ' ', &host) || !jw_text_cut(&rest, ':', &tag))
            continue;
        tag = jw_text_trim(tag);
        jw_text_drop(&tag, JW_TEXT("-- "));
        jw_text program = jw_record_text(&rec, JW_F_PROCESS_NAME);
        right += rec.has_time && jw_text_is(jw_record_text(&rec, JW_F_HOST_HOSTNAME), host) && program.len &&
                 jw_text_starts(tag, program) && jw_text_find(rest, jw_record_text(&rec, JW_F_MESSAGE), NULL);
    }
    *out_lines = lines;
    printf("  %s: %d of %d lines\n", name, right, lines);
    return right;
}

static void real_system_logs(struct jw_test *t) {
    const char *corpora = jw_test_corpora();
    int lines;
    if (!corpora) {
        jw_test_skip(t, "no corpora");
        return;
    }
    JW_CHECK_INT(t, score(t, corpora, "Linux", &lines), 2000);
    JW_CHECK_INT(t, score(t, corpora, "OpenSSH", &lines), 2000);
    JW_CHECK(t, score(t, corpora, "Mac", &lines) >= lines * 95 / 100);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(bsd_lines_with_and_without_parts),
                                                     JW_CASE(tags_as_programs_write_them),
                                                     JW_CASE(stamps_with_year_zone_and_fraction),
                                                     JW_CASE(the_year_is_right_around_new_year_and_leap_day),
                                                     JW_CASE(network_devices),
                                                     JW_CASE(dates_of_other_files_are_not_syslog),
                                                     JW_CASE(structured_data_is_read_with_its_escapes),
                                                     JW_CASE(real_system_logs),
                                                     {0}});
}
