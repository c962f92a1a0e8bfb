/* lib/lake/lake_test.c — what goes in comes out; asked of the real engine. */
#include "insert.h"
#include "lake_fixture.h"
#include "native.h"
#include "target.h"

#define BIG (1 << 20)

static void every_column_has_a_name_of_its_own(struct jw_test *t) {
    const struct jw_lake_column *columns;
    size_t count = jw_lake_columns(&columns);
    JW_CHECK(t, count > 20);
    for (size_t i = 0; i < count; i++) {
        JW_CHECK(t, columns[i].name[0] && strlen(columns[i].name) + 1 < JW_LAKE_COLUMN_NAME);
        for (size_t j = 0; j < i; j++)
            JW_CHECK(t, strcmp(columns[i].name, columns[j].name) != 0);
    }
    JW_CHECK_TEXT(t, jw_text_from(jw_lake_column_of(JW_F_SOURCE_IP)), JW_TEXT("source_ip"));
    JW_CHECK_TEXT(t, jw_text_from(jw_lake_column_of(JW_F_TIMESTAMP)), JW_TEXT("time"));
    JW_CHECK_TEXT(t, jw_text_from(jw_lake_column_of(JW_F_EVENT_INGESTED)), JW_TEXT("ingested"));
    JW_CHECK(t, jw_lake_column_of(JW_F_TAGS) == NULL);
}

static void parameters_are_escaped_or_become_digits(struct jw_test *t) {
    struct jw_lake_parameter parameter = {"x", JW_TEXT("a\\b\tc'")};
    struct jw_lake_request request = {
        .sql = JW_TEXT("SELECT {x:String}, {x:UInt8}"), .parameters = &parameter, .parameter_count = 1};
    jw_buffer target = JW_BUFFER(10000), body = JW_BUFFER(10000);
    JW_CHECK_OK(t, jw_lake_target(&request, JW_LAKE_FULL, &target, &body, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(target.ptr), JW_TEXT("/?default_format=TabSeparated&param_x=a%5C%5Cb%5Ctc%27"));
    JW_CHECK_TEXT(t, jw_buffer_text(&body), request.sql);
    jw_buffer_clear(&target);
    jw_buffer_clear(&body);
    JW_CHECK_OK(t, jw_lake_target(&request, JW_LAKE_PLAIN, &target, &body, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(target.ptr), JW_TEXT("/?default_format=TabSeparated"));
    JW_CHECK_TEXT(t, jw_buffer_text(&body),
                  JW_TEXT("SELECT unhex('615c62096327'), CAST(unhex('615c62096327') AS UInt8)"));
    request.parameter_count = 0;
    JW_CHECK(t, jw_lake_target(&request, JW_LAKE_PLAIN, &target, &body, &t->err) == JW_E_SYNTAX);
    jw_buffer_free(&target);
    jw_buffer_free(&body);
}

static void long_parameters_move_into_the_statement(struct jw_test *t) {
    char *big = jw_arena_alloc(t->mem, 9000);
    memset(big, 'x', 9000);
    struct jw_lake_parameter parameter = {"x", {big, 9000}};
    struct jw_lake_request request = {
        .sql = JW_TEXT("SELECT {x:String}"), .parameters = &parameter, .parameter_count = 1};
    jw_buffer target = JW_BUFFER(100000), body = JW_BUFFER(100000);
    JW_CHECK_OK(t, jw_lake_target(&request, JW_LAKE_FULL, &target, &body, &t->err));
    JW_CHECK(t, target.len < 200 && body.len > 18000);
    jw_buffer_free(&target);
    jw_buffer_free(&body);
}

/* --- round trip ----------------------------------------------------------------------------------------------- */
struct trip {
    struct jw_test *t;
    jw_text wanted[64]; /* JSON, by number */
    uint32_t seen;
};

static void remember(struct trip *trip, uint64_t number, const struct jw_record *rec) {
    jw_buffer json = JW_BUFFER(8 << 20);
    struct jw_lake_row row = {.rec = *rec, .spool = 7, .number = number, .ingested = INT64_C(1795000000123456000)};
    jw_lake_row_json(&row, &json);
    trip->wanted[number] = jw_arena_copy(trip->t->mem, jw_buffer_text(&json));
    jw_buffer_free(&json);
}

static jw_status compare(void *context, struct jw_lake_row *row, struct jw_error *err) {
    struct trip *trip = context;
    jw_buffer json = JW_BUFFER(8 << 20);
    (void)err;
    jw_lake_row_json(row, &json);
    trip->seen++;
    JW_CHECK(trip->t, row->number < 64 && row->spool == 7);
    if (row->number < 64)
        JW_CHECK_TEXT(trip->t, jw_buffer_text(&json), trip->wanted[row->number]);
    jw_buffer_free(&json);
    return JW_OK;
}

#define ADD(name, value, kind) jw_record_add_kind(rec, JW_TEXT(name), JW_TEXT(value), JW_KIND_##kind)

/* Columns come back in the dictionary's order, so these are written in it. Returns false behind the last. */
static bool make(struct jw_test *t, int which, struct jw_record *rec) {
    *rec = (struct jw_record){.mem = t->mem};
    jw_record_set_time(rec, INT64_C(1795000000000000000));
    switch (which) {
    case 0: /* every type, in its column */
        ADD("message", "hello", TEXT), ADD("event.severity", "-5", NUMBER), ADD("gov.unit", "数据局", TEXT);
        ADD("gov.parsed", "false", BOOL), ADD("source.ip", "10.0.0.1", TEXT), ADD("source.port", "22", NUMBER);
        ADD("destination.ip", "2001:db8::1", TEXT);
        return true;
    case 1: /* several values, in order, known and unknown names */
        ADD("source.ip", "10.0.0.1", TEXT), ADD("source.ip", "10.0.0.2", TEXT), ADD("tags", "a", TEXT);
        ADD("tags", "b", TEXT), ADD("tags", "a", TEXT), ADD("vendor.x", "", TEXT), ADD("vendor.x", "1", NUMBER);
        return true;
    case 2: /* what does not fit its column */
        ADD("source.port", "ssh", TEXT), ADD("source.bytes", "1.5", NUMBER), ADD("source.ip", "host-7", TEXT);
        ADD("gov.parsed", "maybe", TEXT), ADD("network.bytes", "-9223372036854775808", NUMBER);
        ADD("destination.ip", "::", TEXT), ADD("event.severity", "99999999999999999999", NUMBER);
        return true;
    case 3: /* what fits, spelled differently */
        ADD("winlog.event_id", "4624", NUMBER), ADD("source.port", "0022", NUMBER),
            ADD("destination.port", "22", TEXT);
        ADD("destination.ip", "2001:DB8:0::1", TEXT), ADD("gov.parsed", "true", TEXT);
        return false;
    case 4: /* empty, null, nothing */
        ADD("message", "", TEXT), ADD("user.name", "", NULL), ADD("source.port", "", NULL),
            ADD("", "nameless", TEXT);
        return true;
    case 5: /* bytes that are no text */
        ADD("message", "\xff\xfe\0\x80 tail", TEXT), ADD("user.name", "a\nb\tc\\d'e\"f;DROP TABLE jw.events", TEXT);
        ADD("vendor.\xff", "\xf0\x9f\x98\x80", TEXT);
        return true;
    case 6:
        rec->has_time = false;
        ADD("message", "no time", TEXT);
        return true;
    case 7:
        rec->time = INT64_C(1795000000123456789);
        return true;
    case 8:
        rec->time = -1;
        return true;
    case 9: { /* 1 MB values, in a column, in a dictionary, in the arrays */
        char *big = jw_arena_alloc(t->mem, BIG);
        memset(big, 'z', BIG);
        jw_record_add(rec, JW_TEXT("event.original"), (jw_text){big, BIG});
        jw_record_add(rec, JW_TEXT("user.name"), (jw_text){big, BIG - 1});
        jw_record_add(rec, JW_TEXT("vendor.big"), (jw_text){big, BIG - 2});
        return true;
    }
    case 10: { /* a message that is a part of its line is kept as a place in it; further ones are not */
        static const char line[] = "<13>Nov 20 10:00:00 主机 app: 消息 tail";
        jw_record_add(rec, JW_TEXT("message"), (jw_text){line + 32, sizeof line - 1 - 32});
        jw_record_add(rec, JW_TEXT("message"), JW_TEXT("another"));
        jw_record_add(rec, JW_TEXT("event.original"), (jw_text){line, sizeof line - 1});
        return true;
    }
    default:
        rec->mem = NULL;
        return false;
    }
}

/* A record's own order may differ from the dictionary's; JSON objects have none, so sort by hand where it does. */
static void make_ordered(struct jw_test *t, int which, struct jw_record *rec) {
    make(t, which, rec);
    if (which != 3)
        return;
    *rec = (struct jw_record){.mem = t->mem};
    jw_record_set_time(rec, INT64_C(1795000000000000000));
    ADD("gov.parsed", "true", TEXT), ADD("source.port", "0022", NUMBER),
        ADD("destination.ip", "2001:DB8:0::1", TEXT);
    ADD("destination.port", "22", TEXT), ADD("winlog.event_id", "4624", NUMBER);
}

static jw_text fill(struct jw_test *t, struct jw_lake_block *block, struct trip *trip, uint32_t *out_rows) {
    struct jw_record rec;
    uint32_t rows = 0;
    for (int i = 0; make(t, i, &rec) || rec.mem; i++) {
        make_ordered(t, i, &rec);
        JW_CHECK_OK(t, jw_record_check(&rec, &t->err));
        if (trip)
            remember(trip, rows, &rec);
        JW_CHECK(t, jw_lake_block_add(block, &rec, 7, rows, INT64_C(1795000000123456789)) == JW_OK);
        rows++;
    }
    *out_rows = rows;
    return jw_lake_block_finish(block);
}

static void what_goes_in_comes_out(struct jw_test *t) {
    struct fixture f;
    struct trip trip = {.t = t};
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 32 << 20);
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    struct jw_lake_load load = {.spool = 7, .first = 0, .last = 63, .ingested_first = INT64_C(1795000000123456789)};
    jw_lake_outcome outcome;
    load.block = fill(t, block, &trip, &load.rows);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    struct jw_lake_request request = {.sql = JW_TEXT("ORDER BY number"), .node = JW_LAKE_ANY_NODE};
    JW_CHECK_OK(t, jw_lake_client_rows(f.client, JW_LAKE_EVENTS, &request, compare, &trip, &t->err));
    JW_CHECK_INT(t, trip.seen, load.rows);
    /* the same load again changes nothing */
    load.again = true;
    load.block = fill(t, block, NULL, &load.rows);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    trip.seen = 0;
    JW_CHECK_OK(t, jw_lake_client_rows(f.client, JW_LAKE_EVENTS, &request, compare, &trip, &t->err));
    JW_CHECK_INT(t, trip.seen, load.rows);
    fixture_close(&f);
}

static jw_text ask(struct jw_test *t, struct fixture *f, const char *sql) {
    jw_buffer out = JW_BUFFER(1 << 20);
    struct jw_lake_request request = {.sql = jw_text_from(sql), .node = JW_LAKE_ANY_NODE};
    jw_status st = jw_lake_client_query(f->client, &request, &out, NULL, &t->err);
    jw_text answer = st == JW_OK ? jw_arena_copy(t->mem, jw_text_trim(jw_buffer_text(&out))) : (jw_text){0};
    jw_buffer_free(&out);
    return answer;
}

static jw_status run(struct jw_test *t, struct fixture *f, const char *sql, struct jw_lake_failure *failure) {
    struct jw_lake_request request = {.sql = jw_text_from(sql), .node = JW_LAKE_ANY_NODE};
    return jw_lake_client_query(f->client, &request, NULL, failure, &t->err);
}

static void the_engine_cannot_leave_its_folder(struct jw_test *t) {
    struct fixture f;
    struct jw_lake_failure failure;
    static const char *const attacks[] = {
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:9', system.one)",
        "SELECT 1 INTO OUTFILE '/tmp/jw-outfile'",
        "SELECT * FROM `default`.`/etc/passwd`",
        "SELECT * FROM executable('id', 'TSV', 'x String')",
        "INSERT INTO FUNCTION file('/tmp/jw-outfile', 'TSV') SELECT 1",
        "INSERT INTO jw.events SELECT * FROM jw.events",
        "SELECT 1; DROP TABLE jw.events",
        "SYSTEM SHUTDOWN",
        "ATTACH TABLE x FROM '/etc' (a String) ENGINE = File(TSV)",
        "SET max_execution_time = 0",
        "USE system",
    };
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        jw_status st = run(t, &f, attacks[i], &failure);
        if (st == JW_OK || failure.status == 0)
            printf("  %s: %d %s\n", attacks[i], st, t->err.text);
        JW_CHECK(t, st < 0 && failure.status >= 400);
    }
    JW_CHECK(t, access("/tmp/jw-outfile", F_OK) != 0);
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT count() FROM jw.events"), JW_TEXT("0"));
    fixture_close(&f);
}

static void a_failure_carries_the_servers_number(struct jw_test *t) {
    struct fixture f;
    struct jw_lake_failure failure;
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    JW_CHECK(t, run(t, &f, "SELECT * FROM jw.nothing", &failure) == JW_E_SYNTAX);
    JW_CHECK_INT(t, failure.code, 60);
    JW_CHECK(t, jw_text_find(jw_text_from(t->err.text), JW_TEXT("jw.nothing"), NULL));
    struct jw_lake_setting setting = {"max_execution_time", "1"};
    struct jw_lake_request request = {.sql = JW_TEXT("SELECT count() FROM numbers(1000000000000)"),
                                      .settings = &setting,
                                      .setting_count = 1,
                                      .node = JW_LAKE_ANY_NODE};
    JW_CHECK(t, jw_lake_client_query(f.client, &request, NULL, &failure, &t->err) == JW_E_LIMIT);
    JW_CHECK_INT(t, failure.code, 159);
    setting.value = "9"; /* it lives and works: too expensive, not away */
    request.total_ms = 6000;
    JW_CHECK_INT(t, jw_lake_client_query(f.client, &request, NULL, &failure, &t->err), JW_E_LIMIT);
    JW_CHECK_INT(t, failure.code, 0);
    setting = (struct jw_lake_setting){"allow_ddl", "1"};
    JW_CHECK(t, jw_lake_client_query(f.client, &request, NULL, &failure, &t->err) == JW_E_DENIED);
    /* in the middle of an answer */
    request = (struct jw_lake_request){.sql = JW_TEXT("SELECT throwIf(number = 5000000) FROM numbers(6000000)"),
                                       .node = JW_LAKE_ANY_NODE};
    JW_CHECK(t, jw_lake_client_query(f.client, &request, NULL, &failure, &t->err) < 0);
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT 42"), JW_TEXT("42"));
    fixture_close(&f);
}

static void a_killed_lake_keeps_what_it_confirmed(struct jw_test *t) {
    struct fixture f;
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 32 << 20);
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    struct jw_lake_load load = {.spool = 7, .first = 0, .last = 63, .ingested_first = INT64_C(1795000000123456789)};
    jw_lake_outcome outcome;
    load.block = fill(t, block, NULL, &load.rows);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    fixture_kill(&f, SIGKILL);
    JW_CHECK(t, jw_lake_client_ping(f.client, 0, &t->err) == JW_E_SYSTEM);
    JW_CHECK(t, fixture_start(t, &f));
    load.block = fill(t, block, NULL, &load.rows);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err)); /* the token outlives the process */
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT count() = uniqExact(number) AND count() > 5 FROM jw.events"), JW_TEXT("1"));
    fixture_close(&f);
}

static void a_lake_that_hangs_is_away(struct jw_test *t) {
    struct fixture f;
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    struct jw_lake_request request = {.sql = JW_TEXT("SELECT 1"), .node = JW_LAKE_ANY_NODE};
    kill(f.pid, SIGSTOP);
    JW_CHECK_INT(t, jw_lake_client_query(f.client, &request, NULL, NULL, &t->err), JW_E_SYSTEM);
    JW_CHECK(t, jw_text_find(jw_text_from(t->err.text), JW_TEXT("no sign of life"), NULL));
    kill(f.pid, SIGCONT);
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT 42"), JW_TEXT("42"));
    fixture_close(&f);
}

static void old_days_go_and_the_youngest_stays(struct jw_test *t) {
    struct fixture f;
    struct jw_lake_report report;
    struct jw_record rec = {.mem = t->mem};
    int64_t now = INT64_C(1795000000) * JW_SECOND, day = 86400 * JW_SECOND;
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 1 << 20);
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    for (int i = 0; i < 4; i++) {
        int64_t when = now - i * 100 * day;
        JW_CHECK(t, jw_lake_block_add(block, &rec, 7, (uint64_t)i, when) == JW_OK);
        struct jw_lake_load load = {.spool = 7,
                                    .first = (uint64_t)i,
                                    .last = (uint64_t)i,
                                    .rows = 1,
                                    .ingested_first = when,
                                    .block = jw_lake_block_finish(block)};
        jw_lake_outcome outcome;
        JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    }
    JW_CHECK_OK(t, jw_lake_keep(f.client, 0, &(struct jw_lake_retention){.days = 180}, now, &report, &t->err));
    JW_CHECK_INT(t, report.dropped_age, 2);
    JW_CHECK_INT(t, report.days, 2);
    JW_CHECK(t, report.rows == 2 && report.bytes > 0);
    JW_CHECK(t, report.days == 2 && report.list[0].day == now / day - 100);
    jw_lake_report_clear(&report);
    JW_CHECK_OK(t, jw_lake_keep(f.client, 0, &(struct jw_lake_retention){.most_bytes = 1}, now, &report, &t->err));
    JW_CHECK_INT(t, report.dropped_size, 1);
    JW_CHECK_INT(t, report.days, 1);
    jw_lake_report_clear(&report);
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT number FROM jw.events"), JW_TEXT("0"));
    fixture_close(&f);
}

/* How much an event with the value has in more_* and in extra_*. */
static void check_more(struct jw_test *t, struct fixture *f, const char *name, const char *value, jw_kind kind,
                       const char *second, const char *want) {
    static uint64_t number = 100;
    struct jw_record rec = {.mem = t->mem};
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 1 << 20);
    struct jw_lake_load load = {
        .spool = 7, .first = number + 1, .last = number + 1, .rows = 1, .ingested_first = 1};
    number++;
    jw_record_set_time(&rec, JW_SECOND); /* an event without one has a mark of it in extra_* */
    jw_lake_outcome outcome;
    jw_record_append(&rec, (jw_field){jw_text_from(name), jw_text_from(value), jw_field_find(jw_text_from(name)),
                                      (uint8_t)kind});
    if (second)
        jw_record_append(&rec, (jw_field){jw_text_from(name), jw_text_from(second),
                                          jw_field_find(jw_text_from(name)), JW_KIND_TEXT});
    JW_CHECK(t, jw_lake_block_add(block, &rec, 7, number, 1) == JW_OK);
    load.block = jw_lake_block_finish(block);
    JW_CHECK_OK(t, jw_lake_insert(f->client, &load, &outcome, &t->err));
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT length(more_value), length(extra_value) FROM jw.events WHERE number = %d",
             (int)number);
    JW_CHECK_TEXT(t, ask(t, f, sql), jw_text_from(want));
}

static void what_answers_about_columns_is_kept_apart(struct jw_test *t) {
    struct fixture f;
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    check_more(t, &f, "source.port", "443", JW_KIND_NUMBER, NULL, "0\t0");
    check_more(t, &f, "source.port", "443", JW_KIND_TEXT, NULL, "0\t1");
    check_more(t, &f, "source.port", "0443", JW_KIND_TEXT, NULL, "1\t0");
    check_more(t, &f, "source.port", "https", JW_KIND_TEXT, NULL, "1\t0");
    check_more(t, &f, "source.ip", "10.0.0.1", JW_KIND_TEXT, NULL, "0\t0");
    check_more(t, &f, "source.ip", "2001:DB8::1", JW_KIND_TEXT, NULL, "1\t0");
    check_more(t, &f, "user.name", "7", JW_KIND_NUMBER, NULL, "0\t1");
    check_more(t, &f, "user.name", "root", JW_KIND_TEXT, "admin", "1\t0");
    check_more(t, &f, "vendor.name", "root", JW_KIND_TEXT, "admin", "0\t2");
    check_more(t, &f, "event.id", "abc", JW_KIND_TEXT, NULL, "1\t0");
    fixture_close(&f);
}

static void a_new_column_reads_as_missing_in_old_rows(struct jw_test *t) {
    struct fixture f;
    struct jw_record rec = {.mem = t->mem};
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 1 << 20);
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    struct jw_lake_load load = {.spool = 7, .first = 1, .last = 1, .rows = 1, .ingested_first = 1};
    jw_lake_outcome outcome;
    jw_record_append(&rec, (jw_field){JW_TEXT("source.port"), JW_TEXT("x"), JW_F_SOURCE_PORT, JW_KIND_TEXT});
    JW_CHECK(t, jw_lake_block_add(block, &rec, 7, 1, 1) == JW_OK);
    load.block = jw_lake_block_finish(block);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    /* as it was before the field had a column */
    JW_CHECK_OK(t, run(t, &f,
                       "ALTER TABLE jw.events UPDATE extra_name = ['a', 'source.port', 'b'], extra_value = ['1', "
                       "more_value[1], '2'], extra_kind = [0, more_kind[1], 1], more_name = emptyArrayString(), "
                       "more_value = emptyArrayString(), more_kind = emptyArrayUInt8() WHERE 1 SETTINGS "
                       "mutations_sync = 1",
                       NULL));
    JW_CHECK(t, run(t, &f, "ALTER TABLE jw.events DROP COLUMN source_port", NULL) == JW_OK);
    JW_CHECK(t, run(t, &f, "ALTER TABLE jw.events DROP COLUMN gov_parsed", NULL) == JW_OK);
    JW_CHECK_OK(t, jw_lake_keep_schema(f.client, &t->err));
    JW_CHECK_TEXT(t, ask(t, &f, "SELECT source_port, gov_parsed FROM jw.events"),
                  JW_TEXT("-9223372036854775808\t2"));
    bool moved = false;
    for (int i = 0; i < 200 && !moved; i++) {
        usleep(50000);
        moved = jw_text_is(
            ask(t, &f,
                "SELECT more_name, more_value, more_kind, extra_name, extra_value, extra_kind FROM jw.events"),
            JW_TEXT("['source.port']\t['x']\t[0]\t['a','b']\t['1','2']\t[0,1]"));
    }
    JW_CHECK(t, moved);
    fixture_close(&f);
}

static void a_statement_can_be_killed(struct jw_test *t) {
    struct fixture f;
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    pid_t child = fork();
    if (child == 0) {
        struct jw_lake_client *client;
        const char *nodes[] = {f.socket, NULL};
        struct jw_lake_request request = {
            .sql = JW_TEXT("SELECT count() FROM numbers(1000000000000)"), .id = "slow-1", .node = JW_LAKE_ANY_NODE};
        if (jw_lake_client_new(&(struct jw_lake_options){.nodes = nodes}, &client, NULL) != JW_OK)
            _exit(2);
        _exit(jw_lake_client_query(client, &request, NULL, NULL, NULL) < 0 ? 0 : 1);
    }
    usleep(500000);
    int64_t began = jw_time_steady();
    int status = -1;
    JW_CHECK_OK(t, jw_lake_client_kill(f.client, "slow-1", &t->err));
    waitpid(child, &status, 0);
    JW_CHECK_INT(t, status, 0);
    JW_CHECK(t, jw_time_steady() - began < 10 * JW_SECOND);
    fixture_close(&f);
}

static void needles_use_the_indexes(struct jw_test *t) {
    struct fixture f;
    if (!fixture_open(t, &f))
        return fixture_close(&f);
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(JW_LAKE_FULL, 32 << 20);
    struct jw_lake_load load = {.spool = 7, .first = 0, .last = 63, .ingested_first = INT64_C(1795000000123456789)};
    jw_lake_outcome outcome;
    load.block = fill(t, block, NULL, &load.rows);
    JW_CHECK_OK(t, jw_lake_insert(f.client, &load, &outcome, &t->err));
    jw_text plan =
        ask(t, &f, "EXPLAIN indexes = 1 SELECT count() FROM jw.events WHERE " JW_LAKE_LINE " LIKE '%needle%'");
    JW_CHECK(t, jw_text_find(plan, JW_TEXT("line_ngrams"), NULL));
    /* in lib/query's words; the blocks that hold neither side are skipped */
    static const char *const needles[][2] = {
        {"source_ip = toFixedString(unhex('00000000000000000000ffffcb007107'), 16)", "needle_0"},
        {"lower(user_name) = 'nobody'", "needle_2"},
        {"spool = 7 AND number = 4711", "place"}};
    for (size_t i = 0; i < sizeof needles / sizeof *needles; i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "EXPLAIN indexes = 1 SELECT count() FROM jw.events WHERE (%s) OR (has(more_name, 'event.id') AND "
                 "arrayExists((n, v) -> n = 'event.id' AND lower(v) = 'x', more_name, more_value))",
                 needles[i][0]);
        plan = ask(t, &f, sql);
        JW_CHECK(t, jw_text_find(plan, jw_text_from(needles[i][1]), NULL));
        JW_CHECK(t, jw_text_find(plan, JW_TEXT("Granules: 0/1"), NULL));
    }
    fixture_close(&f);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(every_column_has_a_name_of_its_own),
        JW_CASE(parameters_are_escaped_or_become_digits),
        JW_CASE(long_parameters_move_into_the_statement),
        JW_CASE(what_goes_in_comes_out),
        JW_CASE(the_engine_cannot_leave_its_folder),
        JW_CASE(a_failure_carries_the_servers_number),
        JW_CASE(a_killed_lake_keeps_what_it_confirmed),
        JW_CASE(a_lake_that_hangs_is_away),
        JW_CASE(old_days_go_and_the_youngest_stays),
        JW_CASE(what_answers_about_columns_is_kept_apart),
        JW_CASE(a_new_column_reads_as_missing_in_old_rows),
        JW_CASE(a_statement_can_be_killed),
        JW_CASE(needles_use_the_indexes),
        {0},
    });
}
