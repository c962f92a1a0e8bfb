/* lib/query/query_agree.c — random events and questions about them, with the evaluator's answers:
 * tests/query_agree.py asks a real event store the same in SQL and compares.
 *
 * Use: query_agree SEED EVENTS QUESTIONS full|plain BLOCK-FILE. Writes the events as one Native block into the
 * file, and lines on stdout, parts split by tabs: create  SQL ask     question  condition  parameters in
 * hexadecimal, split by commas  numbers of the events, split by commas */
#include "query.h"
#include "sql.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lake/native.h"
#include "lake/schema.h"

#define EVENTS_MOST 4096
#define NOW         (INT64_C(1788134400) * JW_SECOND)

static uint64_t state;

static uint32_t draw(uint32_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % below);
}

#define PICK(list) (list)[draw(sizeof(list) / sizeof *(list))]

static const char *const names[] = {"event.original",
                                    "message",
                                    "user.name",
                                    "source.ip",
                                    "source.port",
                                    "gov.unit",
                                    "gov.parsed",
                                    "event.dataset",
                                    "file.path",
                                    "event.severity",
                                    "client.ip",
                                    "event.duration",
                                    "event.start",
                                    "vendor.text",
                                    "vendor.number",
                                    "vendor.addresses",
                                    "process.command_line",
                                    "host.ip",
                                    "tags",
                                    "字段",
                                    "event.id",
                                    "network.bytes"};

/* Values that fit, that do not, and that nearly do; the questions use the same ones. */
static const char *const values[] = {"root",
                                     "Root",
                                     "ROOT2",
                                     "admin",
                                     "a_b",
                                     "a%b",
                                     "a\\b",
                                     "axb",
                                     "abc",
                                     "*",
                                     "失败",
                                     "登录失败",
                                     "市大数据局",
                                     "C:\\Win\\cmd.exe",
                                     "failed password",
                                     "true",
                                     "false",
                                     "TRUE",
                                     "0",
                                     "1",
                                     "7",
                                     "22",
                                     "0022",
                                     "-5",
                                     "443",
                                     "1e3",
                                     "1000",
                                     "22.5",
                                     "-0",
                                     "9007199254740993",
                                     "123456789012345678",
                                     "99999999999999999999",
                                     "+7",
                                     " 7",
                                     "10.0.0.1",
                                     "10.0.0.9",
                                     "10.1.2.3",
                                     "192.168.1.1",
                                     "010.0.0.1",
                                     "::1",
                                     "2001:db8::7",
                                     "2001:DB8:0:0::7",
                                     "::ffff:10.0.0.1",
                                     "fe80::1%eth0",
                                     "::",
                                     "2026-08-31T00:00:00Z",
                                     "2026-08-30T23:59:59.5Z",
                                     "2026-08-31T00:00:00.500000Z",
                                     "2026-08-31T08:00:00+08:00",
                                     "",
                                     "x",
                                     "tab\there",
                                     "line\nbreak",
                                     "quote'\"",
                                     "{p0:String}"};

static const char *const words[] = {"root",
                                    "ROOT",
                                    "adm*",
                                    "*o*",
                                    "?oot",
                                    "r??t*",
                                    "a_b",
                                    "a%b",
                                    "a\\\\b",
                                    "\"*\"",
                                    "a?b",
                                    "失败",
                                    "登录*",
                                    "市?数据局",
                                    "*cmd.exe",
                                    "C:\\Win\\cmd.exe",
                                    "failed",
                                    "\"failed password\"",
                                    "f*d",
                                    "7",
                                    "22",
                                    "1e3",
                                    "10.0.0.1",
                                    "\"quote'\"",
                                    "x",
                                    "*",
                                    "\"\"",
                                    "2*",
                                    "*5",
                                    "true",
                                    "ab",
                                    "o",
                                    "\"{p0:String}\"",
                                    "?"};
static const char *const numbers[] = {"0",  "1",  "7", "22", "22.5", "-5", "1000", "1e3", "9007199254740993",
                                      "-0", "500"};
static const char *const addresses[] = {"10.0.0.1",   "10.0.0.9",    "10.0.0.0",       "::1",
                                        "2001:db8::", "192.168.1.1", "::ffff:10.1.2.3"};
static const char *const networks[] = {"10.0.0.0/8", "10.0.0.0/31", "10.0.*",         "2001:db8::/32",
                                       "::/0",       "0.0.0.0/0",   "192.168.1.1/32", "::1"};
static const char *const dates[] = {"2026-08-31", "2026-08", "2026-08-31T00:00Z",      "now-1h",
                                    "now",        "now/d",   "2026-08-30T23:59:59.5Z", "today"};
static const char *const number_fields[] = {"source.port",   "event.severity", "event.duration",
                                            "vendor.number", "network.bytes",  "user.name"};
static const char *const address_fields[] = {"source.ip", "client.ip", "host.ip"};
static const char *const date_fields[] = {"@timestamp", "event.ingested", "event.start"};
static const char *const text_fields[] = {"user.name",     "gov.unit",       "message",
                                          "vendor.text",   "tags",           "file.path",
                                          "字段",          "event.original", "process.command_line",
                                          "event.dataset", "vendor.number",  "missing.field"};
static const char *const signs[] = {">", ">=", "<", "<="};

static void range(jw_buffer *out, const char *field, const char *low, const char *high) {
    if (draw(2))
        jw_buffer_print(out, "%s%s%s", field, PICK(signs), low);
    else
        jw_buffer_print(out, "%s:%c%s TO %s%c", field, "[{"[draw(2)], draw(5) ? low : "*", draw(5) ? high : "*",
                        "]}"[draw(2)]);
}

static void term(jw_buffer *out) {
    switch (draw(9)) {
    case 0:
        jw_buffer_print(out, "%s", PICK(words));
        return;
    case 1:
        range(out, PICK(number_fields), PICK(numbers), PICK(numbers));
        return;
    case 2:
        range(out, PICK(address_fields), PICK(addresses), PICK(addresses));
        return;
    case 3:
        range(out, PICK(date_fields), PICK(dates), PICK(dates));
        return;
    case 4:
        jw_buffer_print(out, "%s:%s", draw(4) ? PICK(address_fields) : "vendor.addresses", PICK(networks));
        return;
    case 5:
        jw_buffer_print(out, "%s:%s", PICK(number_fields), PICK(numbers));
        return;
    case 6:
        jw_buffer_print(out, "%s:\"%s\"", PICK(names), PICK(numbers));
        return;
    case 7:
        range(out, PICK(text_fields), "a", "市");
        return;
    default:
        jw_buffer_print(out, "%s:%s", draw(4) ? PICK(text_fields) : PICK(names), PICK(words));
    }
}

static void question(jw_buffer *out, int depth) {
    if (depth == 0 || draw(3) == 0) {
        term(out);
        return;
    }
    jw_buffer_print(out, draw(3) ? "(" : "not (");
    question(out, depth - 1);
    static const char *const between[] = {" and ", " or ", " ", " and not "};
    jw_buffer_print(out, "%s", PICK(between));
    question(out, depth - 1);
    jw_buffer_byte(out, ')');
}

static void draw_record(struct jw_record *rec, struct jw_query_place *place, uint64_t number) {
    uint32_t fields = draw(12);
    for (uint32_t i = 0; i < fields; i++) {
        jw_text value = jw_text_from(PICK(values));
        int64_t whole;
        jw_kind kind = jw_text_i64(value, &whole) && draw(2) ? JW_KIND_NUMBER
                       : (jw_text_is(value, JW_TEXT("true")) || jw_text_is(value, JW_TEXT("false"))) && draw(2)
                           ? JW_KIND_BOOL
                           : JW_KIND_TEXT;
        jw_record_add_kind(rec, jw_text_from(PICK(names)), value, kind);
    }
    if (draw(10))
        jw_record_set_time(rec, NOW - JW_SECOND * (int64_t)draw(200000) - draw(1000000000));
    *place =
        (struct jw_query_place){.spool = 10, .number = number, .ingested = NOW - JW_MS * (int64_t)draw(100000000)};
}

static void print_hex(jw_text s) {
    for (size_t i = 0; i < s.len; i++)
        printf("%02x", (unsigned char)s.ptr[i]);
}

static struct jw_record records[EVENTS_MOST];
static struct jw_query_place places[EVENTS_MOST];

static void ask(jw_text text, uint32_t events, bool plain, struct jw_arena *mem) {
    struct jw_query_options options = {.now = NOW, .offset_s = 28800};
    struct jw_query_error err;
    const struct jw_query *query;
    if (jw_query_parse(text, &options, mem, &query, &err) != JW_OK)
        return; /* drawn words do not fit every field */
    JW_AUTO(jw_query_sql_free) struct jw_query_sql sql = JW_QUERY_SQL(mem, plain);
    jw_query_sql_condition(&sql, query);
    if (jw_query_sql_check(&sql, NULL) != JW_OK)
        abort();
    printf("ask\t%.*s\t%.*s\t", (int)text.len, text.ptr, (int)sql.text.len, sql.text.ptr);
    for (size_t i = 0; i < sql.count; i++) {
        printf("%s", i ? "," : "");
        print_hex(sql.params[i]);
    }
    printf("\t");
    const char *comma = "";
    for (uint32_t i = 0; i < events; i++)
        if (jw_query_match(query, &records[i], &places[i])) {
            printf("%s%" PRIu64, comma, places[i].number);
            comma = ",";
        }
    printf("\n");
}

static bool write_block(const char *path, uint32_t events, jw_lake_level level) {
    JW_AUTO(jw_lake_block_free_p) struct jw_lake_block *block = jw_lake_block_new(level, 64 << 20);
    for (uint32_t i = 0; block && i < events; i++)
        if (jw_lake_block_add(block, &records[i], places[i].spool, places[i].number, places[i].ingested) != JW_OK)
            return false;
    jw_text bytes = block ? jw_lake_block_finish(block) : (jw_text){0};
    FILE *file = bytes.ptr ? fopen(path, "we") : NULL;
    bool good = file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    return file && fclose(file) == 0 && good;
}

int main(int argc, char **argv) {
    uint64_t numbers_given[3] = {0};
    if (argc != 6)
        return 2;
    for (int i = 0; i < 3; i++)
        if (!jw_text_u64(jw_text_from(argv[i + 1]), &numbers_given[i]))
            return 2;
    bool plain = strcmp(argv[4], "plain") == 0;
    state = numbers_given[0];
    uint32_t events = numbers_given[1] < EVENTS_MOST ? (uint32_t)numbers_given[1] : EVENTS_MOST;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 30);
    for (uint32_t i = 0; i < events; i++) {
        records[i] = (struct jw_record){.mem = mem};
        draw_record(&records[i], &places[i], i + 1);
    }
    if (!write_block(argv[5], events, plain ? JW_LAKE_PLAIN : JW_LAKE_FULL))
        return 1;
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    jw_lake_create(JW_LAKE_EVENTS, plain ? JW_LAKE_PLAIN : JW_LAKE_FULL, &text);
    printf("create\t%.*s\n", (int)text.len, text.ptr);
    for (uint64_t i = 0; i < numbers_given[2]; i++) {
        jw_buffer_clear(&text);
        question(&text, (int)draw(4));
        ask(jw_buffer_text(&text), events, plain, mem);
    }
    return 0;
}
