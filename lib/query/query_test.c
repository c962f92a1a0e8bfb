/* lib/query/query_test.c — what a query finds, how it fails, and that its SQL holds none of its text. */
#include "query.h"
#include "sql.h"

#include "test/test.h"

static const struct jw_query_options options = {.now = INT64_C(1788134400) * JW_SECOND, /* 2026-08-31T00:00:00Z */
                                                .offset_s = 8 * 3600};

static jw_status parse(struct jw_test *t, const char *text, const struct jw_query **out,
                       struct jw_query_error *err) {
    *err = (struct jw_query_error){0};
    return jw_query_parse(jw_text_from(text), &options, t->mem, out, err);
}

static void add(struct jw_record *rec, const char *name, const char *value) {
    jw_record_add(rec, jw_text_from(name), jw_text_from(value));
}

/* One event that every question below is asked about. */
static void event(struct jw_test *t, struct jw_record *rec) {
    *rec = (struct jw_record){.mem = t->mem};
    jw_record_set_time(rec, INT64_C(1788134400) * JW_SECOND - 1800 * JW_SECOND); /* 2026-08-31 07:30 in Beijing */
    add(rec, "event.original", "<38>sshd[812]: Failed password for Admin from 10.1.2.3 port 22 登录失败：root");
    add(rec, "message", "Failed password for Admin");
    add(rec, "event.dataset", "system.auth");
    add(rec, "user.name", "Admin");
    add(rec, "user.name", "second");
    add(rec, "source.ip", "10.1.2.3");
    add(rec, "source.ip", "2001:db8::7");
    add(rec, "source.port", "4022");
    add(rec, "gov.unit", "市大数据局");
    add(rec, "gov.parsed", "true");
    add(rec, "file.path", "C:\\Windows\\System32\\cmd.exe");
    add(rec, "event.severity", "high");
    add(rec, "process.command_line", "powershell -enc AAAA_100%");
    add(rec, "vendor.score", "7.5");
    add(rec, "vendor.net", "172.16.9.1");
    add(rec, "vendor.tag", "red");
    add(rec, "vendor.tag", "Blue");
    add(rec, "event.start", "2026-08-30T23:00:00.5Z");
    add(rec, "部门", "网信办");
    add(rec, "empty", "");
}

static const struct {
    const char *query;
    bool found;
} questions[] = {
    /* text, case, wildcards */
    {"", true},
    {"*", true},
    {"*:*", true},
    {"user.name:admin", true},
    {"user.name:ADMIN", true},
    {"user.name:adm", false},
    {"user.name:adm*", true},
    {"user.name:a?min", true},
    {"user.name:a?in", false},
    {"user.name:*d?i*", true},
    {"user.name:\"adm*\"", false},
    {"user.name:second", true},
    {"user.name : admin", false}, /* three words */
    {"user.name: admin", true},
    {"message:password", true},
    {"message:\"failed PASSWORD\"", true},
    {"message:pass*for", true},
    {"process.command_line:\"100%\"", true},
    {"process.command_line:aaaa_1", true},
    {"process.command_line:aaaab1", false},
    {"process.command_line:100\\*", false},
    {"file.path:C:\\Windows\\System32\\cmd.exe", true},
    {"file.path:*\\cmd.exe", true},
    {"file.path:\"c:\\\\windows\\\\system32\\\\cmd.exe\"", true},
    {"gov.unit:市大数据局", true},
    {"gov.unit:市*局", true},
    {"gov.unit:市?数据局", true},
    {"gov.unit：市大数据局", true},
    {"gov.unit:“市大数据局”", true},
    {"部门:网信办", true},
    {"vendor.tag:blue", true},
    {"vendor.tag:(green or blue)", true},
    {"vendor.tag:green", false},
    {"VENDOR.tag:blue", false},
    /* exists */
    {"user.name:*", true},
    {"_exists_:user.name", true},
    {"_exists_:user.id", false},
    {"empty:*", false},
    {"empty:\"\"", true},
    {"user.name:\"\"", false},
    {"not user.id:*", true},
    {"@timestamp:*", true},
    {"source.ip:*", true},
    {"event.severity:*", true},
    /* numbers */
    {"source.port:4022", true},
    {"source.port:04022", true},
    {"source.port:22", false},
    {"source.port>=4022", true},
    {"source.port > 4022", false},
    {"source.port:>4021", true},
    {"source.port:<=4022.5", true},
    {"source.port:[4000 TO 4022]", true},
    {"source.port:[4000 TO 4022}", false},
    {"source.port:{4022 TO *]", false},
    {"source.port:[* TO 5000}", true},
    {"source.port:40*", true},
    {"source.port:(22 or >4000)", true},
    {"source.port!=22", true},
    {"source.port != 4022", false},
    {"event.severity:\"high\"", true},
    {"event.severity>1", false},
    {"vendor.score>7", true},
    {"vendor.score:[7.5 TO 8]", true},
    {"vendor.score>7.5", false},
    {"vendor.score:>1e1", false},
    {"vendor.tag>a", true},
    {"vendor.tag:[blue TO red}", true},
    {"vendor.tag:{red TO *]", false},
    /* addresses */
    {"source.ip:10.1.2.3", true},
    {"source.ip:10.0.0.0/8", true},
    {"source.ip:10.1.2.0/25", true},
    {"source.ip:11.0.0.0/8", false},
    {"source.ip:10.1.*", true},
    {"source.ip:10.*", true},
    {"source.ip:10.2.*", false},
    {"source.ip:2001:db8::/32", true},
    {"source.ip:2001:DB8:0::7", true},
    {"source.ip:(192.168.0.0/16 or 10.1.2.3)", true},
    {"source.ip:[10.1.2.0 TO 10.1.2.255]", true},
    {"source.ip:[10.1.2.4 TO 10.1.2.255]", false},
    {"source.ip>=10.1.2.3 and source.ip<10.1.2.4", true},
    {"source.ip:0.0.0.0/0", true},
    {"source.ip:::/0", true},
    {"source.ip:\"unknown\"", false},
    {"vendor.net:172.16.0.0/12", true},
    {"vendor.net:172.16.9.1", true},
    {"vendor.net:10.0.0.0/8", false},
    /* times: now is 08:00 in Beijing, the event happened at 07:30 */
    {"@timestamp:2026-08-31", true},
    {"@timestamp:2026-08-30", false},
    {"@timestamp:2026-08", true},
    {"@timestamp:2026", true},
    {"@timestamp:2026-08-31T07", true},
    {"@timestamp:2026-08-31T07:30", true},
    {"@timestamp:\"2026-08-31 07:31\"", false},
    {"@timestamp:2026-08-30T23:30Z", true},
    {"@timestamp>now-1h", true},
    {"@timestamp:>now-10m", false},
    {"@timestamp:[now-1h TO now]", true},
    {"@timestamp:now/d", true},
    {"@timestamp:<now-1d/d", false},
    {"@timestamp:today", true},
    {"@timestamp>2026-08-31", false},
    {"@timestamp>=2026-08-31", true},
    {"@timestamp<=2026-08-31", true},
    {"@timestamp<2026-08-31", false},
    {"@timestamp:1788132600", true},
    {"event.ingested>=2026-08-31", true},
    {"event.start:2026-08-31", true}, /* kept as text; 07:00 in Beijing */
    {"event.start:[2026-08-31T07:00:00.5 TO now]", true},
    {"event.start>=2026-08-31T07:00:00.6", false},
    /* bool, id */
    {"gov.parsed:true", true},
    {"gov.parsed:FALSE", false},
    {"event.id:0000000a-000000000000000b", true},
    {"event.id:0000000a-000000000000000c", false},
    {"event.id:other", false},
    /* free text */
    {"failed", true},
    {"FAILED password", true},
    {"\"failed password\"", true},
    {"\"password failed\"", false},
    {"fail*admin", true},
    {"登录失败", true},
    {"登录失败：root", true},
    {"“登录失败：root”", true},
    {"sshd\\[812\\]\\:", true},
    {"10.1.2.3", true},
    {"second", false},
    /* structure */
    {"failed and accepted", false},
    {"failed or accepted", true},
    {"accepted or failed and password", true},
    {"(accepted or failed) and nothing", false},
    {"not accepted", true},
    {"not not failed", true},
    {"!accepted", true},
    {"-accepted failed", true},
    {"+failed -password", false},
    {"failed && !accepted", true},
    {"accepted || failed", true},
    {"failed AND NOT accepted OR nothing", true},
    {"nothing or failed -accepted", true},
    {"user.name:(root or admin and not guest)", true},
    {"user.name:(root or -admin)", false}, /* one of its values is admin */
    {"（accepted or failed） and user.name:（admin）", true},
    {"failed　password", true},
    {"\"and\"", false},
    {"not user.name:root and source.port:4022", true},
};

static void questions_find_what_they_should(struct jw_test *t) {
    struct jw_record rec;
    event(t, &rec);
    struct jw_query_place place = {.spool = 10, .number = 11, .ingested = options.now};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        const struct jw_query *query;
        struct jw_query_error err;
        if (parse(t, questions[i].query, &query, &err) != JW_OK) {
            fprintf(stderr, "%s: %s (at %zu)\n", questions[i].query, err.text, err.at);
            JW_CHECK(t, !"parses");
        } else if (jw_query_match(query, &rec, &place) != questions[i].found) {
            fprintf(stderr, "%s: wanted %d\n", questions[i].query, questions[i].found);
            JW_CHECK(t, !"finds");
        }
    }
}

static void a_line_missing_is_searched_in_the_message(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    struct jw_query_place place = {0};
    struct jw_query_error err;
    const struct jw_query *query;
    add(&rec, "message", "A new administrator");
    JW_CHECK_INT(t, parse(t, "administrator", &query, &err), JW_OK);
    JW_CHECK(t, jw_query_match(query, &rec, &place));
}

static const struct {
    const char *query;
    size_t at, len, at_chars;
    const char *says; /* a part of the message */
} mistakes[] = {
    {"gov.unit:", 9, 0, 9, "missing after gov.unit"},
    {"gov.unit: and", 0, 0, 0, NULL}, /* a value may be any word */
    {"a and", 5, 0, 5, "missing"},
    {"or a", 0, 2, 0, "both sides"},
    {"a or or b", 5, 2, 5, "both sides"},
    {"(a", 0, 1, 0, "never closed"},
    {"a)", 1, 1, 1, "never opened"},
    {"()", 1, 1, 1, "nothing stands before"},
    {"a \"b", 2, 1, 2, "never closed"},
    {"市 “b", 4, 3, 2, "never closed"},
    {"source.port:abc", 12, 3, 12, "whole numbers"},
    {"局 source.port:市", 16, 3, 14, "whole numbers"},
    {"source.ip:10.0.0.0/40", 10, 11, 10, "addresses"},
    {"source.ip:10.0.0.1/8", 10, 10, 10, "addresses"},
    {"source.ip:*.5", 10, 3, 10, "addresses"},
    {"gov.parsed:maybe", 11, 5, 11, "true or false"},
    {"gov.parsed>true", 0, 15, 0, "no order"},
    {"@timestamp:>soon", 12, 4, 12, "times"},
    {"@timestamp:2026-13-01", 11, 10, 11, "times"},
    {"source.port:[1 5]", 15, 1, 15, "TO is missing"},
    {"source.port:[1 TO 5", 19, 0, 19, "ends with"},
    {"source.port:[1 TO x]", 18, 1, 18, "whole numbers"},
    {"source.port:>*", 13, 1, 13, "not *"},
    {"user.name:(a or", 15, 0, 15, "missing"},
    {"user.name:(a", 10, 1, 10, "never closed"},
    {"_exists_:", 9, 0, 9, "missing"},
    {"host.*:x", 0, 6, 0, "name the field"},
    {"局 not *.name:x", 8, 6, 6, "name the field"},
    {"\"host.*:x\" http*://x 10.*:80 host.*", 0, 0, 0, NULL}, /* words of the line */
    {"event.id>a", 0, 10, 0, "no order"},
    {"not", 3, 0, 3, "missing"},
    {"\"\"", 0, 2, 0, "empty phrase"},
    {"a\x01", 1, 1, 1, "control character"},
    {"a \xff", 2, 1, 2, "not UTF-8"},
    {"市\xe5\xb8", 3, 1, 1, "not UTF-8"},
};

static void mistakes_are_shown_where_they_are(struct jw_test *t) {
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const struct jw_query *query;
        struct jw_query_error err;
        jw_status st = parse(t, mistakes[i].query, &query, &err);
        if (!mistakes[i].says) {
            JW_CHECK_INT(t, st, JW_OK);
            continue;
        }
        if (st != JW_E_SYNTAX || err.at != mistakes[i].at || err.len != mistakes[i].len ||
            err.at_chars != mistakes[i].at_chars || !strstr(err.text, mistakes[i].says)) {
            fprintf(stderr, "%s: status %d at %zu+%zu (%zu chars): %s\n", mistakes[i].query, st, err.at, err.len,
                    err.at_chars, err.text);
            JW_CHECK(t, !"the mistake is shown");
        }
    }
}

static jw_status parse_repeated(struct jw_test *t, const char *piece, size_t times, const char *end,
                                struct jw_query_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    const struct jw_query *query;
    for (size_t i = 0; i < times; i++)
        jw_buffer_add(&text, jw_text_from(piece));
    jw_buffer_add(&text, jw_text_from(end));
    *err = (struct jw_query_error){0};
    return jw_query_parse(jw_buffer_text(&text), &options, t->mem, &query, err);
}

static void every_ceiling_holds(struct jw_test *t) {
    struct jw_query_error err;
    JW_CHECK_INT(t, parse_repeated(t, "a ", JW_QUERY_TERMS, "", &err), JW_OK);
    JW_CHECK_INT(t, parse_repeated(t, "a ", JW_QUERY_TERMS + 1, "", &err), JW_E_LIMIT);
    JW_CHECK_INT(t, parse_repeated(t, "(", JW_QUERY_DEPTH - 1, "a", &err), JW_E_SYNTAX);
    JW_CHECK_INT(t, parse_repeated(t, "(", JW_QUERY_DEPTH + 1, "a", &err), JW_E_LIMIT);
    JW_CHECK_INT(t, parse_repeated(t, "!", 16000, "a", &err), JW_E_LIMIT);
    JW_CHECK_INT(t, parse_repeated(t, "a", JW_QUERY_BYTES, "", &err), JW_OK);
    JW_CHECK_INT(t, parse_repeated(t, "a", JW_QUERY_BYTES + 1, "", &err), JW_E_LIMIT);
    JW_CHECK_INT(t, parse_repeated(t, "a:*b*", 800, "", &err), JW_OK);
}

/* What an attacker would like to see in the SQL. */
static const char *const attacks[] = {
    "'; DROP TABLE events; --",
    "user.name:'or'1'='1",
    "user.name:\"' OR 1=1 --\"",
    "user.name:x\\' OR 1",
    "\\\\' OR 1=1",
    "a') OR (1=1",
    "x:{p9:String}",
    "{p9:String}",
    "user.name:{p9:String}",
    "@timestamp:'now'",
    "source.ip:\"';--\"",
    "source.port:\"1 OR 1=1\"",
    "source.port:[\"1\" TO \"2\"]",
    "event.severity:\"0) OR 1=1 OR (0\"",
    "event.start>2026-01-01",
    "event.id:\"0' OR '1\"",
    "name'x:1",
    "名'x:'",
    "a.b`c:1",
    "\"*/ UNION SELECT * FROM file('/etc/passwd') /*\"",
    "user.name:[\"a' OR\" TO \"b'\"]",
    "_exists_:\"a' OR '1'='1\"",
    "unhex\\('27'\\)",
    "ｕｓｅｒ＇ or ＇",
};

static void no_byte_of_the_text_stands_in_the_sql(struct jw_test *t) {
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        for (int plain = 0; plain < 2; plain++) {
            const struct jw_query *query;
            struct jw_query_error err;
            if (parse(t, attacks[i], &query, &err) != JW_OK)
                continue;
            JW_AUTO(jw_query_sql_free) struct jw_query_sql sql = JW_QUERY_SQL(t->mem, plain);
            jw_query_sql_condition(&sql, query);
            JW_CHECK_OK(t, jw_query_sql_check(&sql, &t->err));
            jw_text text = jw_buffer_text(&sql.text);
            size_t quotes = 0;
            for (size_t j = 0; j < text.len; j++)
                quotes += text.ptr[j] == '\'';
            bool bad = quotes % 2 || memchr(text.ptr, ';', text.len) || jw_text_find(text, JW_TEXT("1=1"), NULL) ||
                       jw_text_find(text, JW_TEXT("--"), NULL) || jw_text_find(text, JW_TEXT("passwd"), NULL) ||
                       jw_text_find(text, JW_TEXT("{p9"), NULL) ||
                       (plain && memchr(text.ptr, '{', text.len) && jw_text_find(text, JW_TEXT("String"), NULL));
            if (bad)
                fprintf(stderr,
                        "%s\n  "
                        "%.*s\n",
                        attacks[i], (int)text.len, text.ptr);
            JW_CHECK(t, !bad);
        }
}

static const struct {
    const char *query, *sql;
} compiled[] = {
    {"*", "(1)"},
    {"user.name:A*", "((lower(user_name) LIKE {p0:String} OR (has(more_name, 'user.name') AND arrayExists((n, v) "
                     "-> n = {p1:String} "
                     "AND lower(v) LIKE {p0:String}, more_name, more_value))))"},
    {"not user.name:A*",
     "((NOT (lower(user_name) LIKE {p0:String} OR (has(more_name, 'user.name') AND arrayExists((n, v) -> n = "
     "{p1:String} AND lower(v) LIKE {p0:String}, more_name, more_value)))))"},
    {"source.port:\"x\" or fail or user.email_x:7",
     "((((source_port != toInt64(-9223372036854775808) AND 0) OR (has(more_name, 'source.port') AND "
     "arrayExists((n, v) -> n = {p0:String} AND lower(v) = {p1:String}, more_name, more_value))) OR " JW_LAKE_LINE
     " LIKE {p2:String} OR (has(extra_name, {p3:String}) AND arrayExists((n, v) -> n = {p3:String} AND lower(v) = "
     "{p4:String}, extra_name, extra_value))))"},
    {"user.name:a or fail",
     "(((lower(user_name) = {p0:String} OR (has(more_name, 'user.name') AND arrayExists((n, v) -> n = {p1:String} "
     "AND lower(v) = {p0:String}, more_name, more_value))) OR " JW_LAKE_LINE " LIKE {p2:String}))"},
    {"@timestamp>=2026-08-31", "((1 AND time >= 1788105600000000))"},
    {"Fail", "(" JW_LAKE_LINE " LIKE {p0:String})"},
    {"event.original:a_b", "((lower(event_original) LIKE {p0:String}))"},
    {"event.id:0000000a-000000000000000b and a",
     "((((spool = 10 AND number = 11) OR (has(more_name, 'event.id') AND arrayExists((n, v) -> n = {p0:String} AND "
     "lower(v) = {p1:String}, more_name, more_value))) AND " JW_LAKE_LINE " LIKE {p2:String}))"},
};

static void sql_is_what_the_lake_expects(struct jw_test *t) {
    for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++) {
        const struct jw_query *query;
        struct jw_query_error err;
        JW_AUTO(jw_query_sql_free) struct jw_query_sql sql = JW_QUERY_SQL(t->mem, false);
        JW_CHECK_INT(t, parse(t, compiled[i].query, &query, &err), JW_OK);
        jw_query_sql_condition(&sql, query);
        JW_CHECK_TEXT(t, jw_buffer_text(&sql.text), jw_text_from(compiled[i].sql));
    }
}

static void bars_are_few_and_round(struct jw_test *t) {
    int64_t now = options.now;
    static const struct {
        int64_t seconds;
        uint32_t most;
        int64_t width_s;
    } cases[] = {{60, 60, 2}, {3600, 60, 120}, {86400, 48, 1800 * 2}, {86400 * 30, 31, 86400}, {86400, 2, 86400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jw_query_sql_scope scope = {"events", now + 1 - cases[i].seconds * JW_SECOND, now + 1};
        struct jw_query_sql_bars bars = jw_query_sql_bars(&scope, cases[i].most, 28800);
        JW_CHECK(t, bars.count <= cases[i].most && bars.count > 0);
        JW_CHECK_INT(t, bars.width_us, cases[i].width_s * 1000000);
        JW_CHECK(t, bars.start_us * 1000 <= scope.from &&
                        (bars.start_us + bars.width_us * bars.count) * 1000 >= scope.to);
        JW_CHECK_INT(t, (bars.start_us + INT64_C(28800000000)) % bars.width_us, 0);
    }
    struct jw_query_sql_scope all = {"events", INT64_C(-9000000000000000000), INT64_C(9000000000000000000)};
    JW_CHECK(t, jw_query_sql_bars(&all, 10, 0).count <= 10);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(questions_find_what_they_should),
        JW_CASE(a_line_missing_is_searched_in_the_message),
        JW_CASE(mistakes_are_shown_where_they_are),
        JW_CASE(every_ceiling_holds),
        JW_CASE(no_byte_of_the_text_stands_in_the_sql),
        JW_CASE(sql_is_what_the_lake_expects),
        JW_CASE(bars_are_few_and_round),
        {0},
    });
}
