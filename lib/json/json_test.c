/* lib/json/json_test.c — what RFC 8259 says is JSON, and how it becomes fields. */
#include "json_peer.h"

#include "test/test.h"

/* Values: each is read as a member of an object, which must be accepted, or refused. */
static const char *const good[] = {
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "0.5",
    "-0.0",
    "1e1",
    "1E+2",
    "1e-2",
    "1.25E-7",
    "123456789012345678901234567890",
    "1e999",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0041\\u00e9\\u4E2d\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "\"\x7f\"",
    "\"\xc2\x80\"",
    "\"\xed\x9f\xbf\"",
    "\"\xee\x80\x80\"",
    "\"\xf0\x90\x80\x80\"",
    "\"\xf4\x8f\xbf\xbf\"",
    "\"\xef\xbf\xbf\"",
    "\"\xe9\x87\x91\xe5\x90\xbe\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1]",
    "[1,2]",
    "[ 1 , 2 ]",
    "[[]]",
    "[[[1]]]",
    "[{}]",
    "{\"a\":1}",
    "{\"a\":{\"b\":[1,{\"c\":2}]}}",
    "{\"\":1}",
    "{\"a\":1,\"a\":2}",
    " \t\r\n1 \t\r\n",
    "[null]",
    "[true,false,null]",
    "\"\\ud800\"",
    "\"\\udc00x\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\\udc00\"",
    "\"a long string of plain text, past sixteen bytes, \\n and more of it behind the escape\"",
};
static const char *const bad[] = {
    "",
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1e",
    "1e+",
    "1E-",
    "0x1",
    "1a",
    "1 2",
    "Infinity",
    "NaN",
    "-Infinity",
    "True",
    "TRUE",
    "tru",
    "nul",
    "nulll",
    "truefalse",
    "'a'",
    "a",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u123g\"",
    "\"\\U0041\"",
    "\"\\a\"",
    "\"\\\n\"",
    "\"\t\"",
    "\"\n\"",
    "\"\x1f\"",
    "\"\x01 and more than sixteen bytes\"",
    "\"sixteen bytes and then a control \x02\"",
    "\"\\n and a control \x03\"",
    "\"\x80\"",
    "\"\xc0\x80\"",
    "\"\xc1\xbf\"",
    "\"\xc2\"",
    "\"\xe0\x80\x80\"",
    "\"\xe0\x9f\xbf\"",
    "\"\xed\xa0\x80\"",
    "\"\xed\xbf\xbf\"",
    "\"\xf0\x80\x80\x80\"",
    "\"\xf0\x8f\xbf\xbf\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf5\x80\x80\x80\"",
    "\"\xff\"",
    "\"\xe9\x87\"",
    "\"\\n\xff\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1 2]",
    "[1,,2]",
    "[1}",
    "{",
    "}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1]",
    "{\"a\"::1}",
    "{null:1}",
    "/**/1",
    "1//",
    "#1",
    "1,",
    ",1",
    "\xef\xbb\xbf\x31",
    "\x0c\x31",
    "\x0b\x31",
    "\xc2\xa0\x31",
    "undefined",
    "[1]]",
    "{}}",
    "\"a\"\"b\"",
    "@",
    "*",
    "\\u0031",
};

static jw_text wrap(struct jw_test *t, const char *value, const char *before, const char *after) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(4096);
    jw_buffer_print(&text, "%s%s%s", before, value, after);
    return jw_arena_copy(t->mem, jw_buffer_text(&text));
}

static void every_value_of_the_standard_is_accepted(struct jw_test *t) {
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (int form = 0; form < 3; form++) {
            static const char *const before[] = {"{\"v\":", " { \"k\" : [ ", "\xef\xbb\xbf{\"k\":{\"v\":"},
                                     *const after[] = {"}", " ] } ", "},\"w\":1}\r\n"};
            struct jw_record rec = {.mem = t->mem};
            jw_text text = wrap(t, good[i], before[form], after[form]);
            t->err.text[0] = '\0';
            jw_status status = jw_json_flatten(text, &rec, &t->err);
            if (status != JW_OK || rec.count == 0 || !peer_agrees(text, status, &rec) ||
                !lazy_agrees(text, status, &rec, t->mem))
                jw_test_failed(t, __FILE__, __LINE__,
                               wrap(t, good[i], t->err.text, ": refused or read otherwise: ").ptr);
        }
}

static void everything_else_is_refused_and_leaves_nothing(struct jw_test *t) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int form = 0; form < 3; form++) {
            static const char *const before[] = {"{\"v\":", "{\"k\":[0,", "{\"first\":\"x\",\"k\":{\"v\":"},
                                     *const after[] = {"}", "]}", "}}"};
            struct jw_record rec = {.mem = t->mem};
            jw_text text = wrap(t, bad[i], before[form], after[form]);
            if (form == 1 && *bad[i] == '\0')
                continue;
            if (jw_json_flatten(text, &rec, NULL) != JW_E_SYNTAX || rec.count ||
                !lazy_agrees(text, JW_E_SYNTAX, &rec, t->mem))
                jw_test_failed(t, __FILE__, __LINE__, bad[i]);
        }
    static const char *const documents[] = {"",      " ", "[]",           "1",      "\"a\"",         "null", "{}x",
                                            "{} {}", "{", "\xef\xbb\xbf", "\xff{}", "{}\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        JW_CHECK_INT(t, jw_json_flatten(jw_text_from(documents[i]), &(struct jw_record){.mem = t->mem}, NULL),
                     JW_E_SYNTAX);
    JW_CHECK_INT(t, jw_json_flatten((jw_text){0}, &(struct jw_record){.mem = t->mem}, &t->err), JW_E_SYNTAX);
}

static void expect(struct jw_test *t, jw_text text, jw_text want) {
    struct jw_record rec = {.mem = t->mem};
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 16);
    JW_CHECK_OK(t, jw_json_flatten(text, &rec, &t->err));
    for (uint32_t i = 0; i < rec.count; i++) {
        static const char kinds[] = "tnb0";
        jw_buffer_print(&out, "%.*s=%c", (int)rec.fields[i].name.len, rec.fields[i].name.ptr,
                        kinds[rec.fields[i].kind]);
        jw_buffer_add(&out, rec.fields[i].value);
        jw_buffer_byte(&out, ';');
        JW_CHECK_INT(t, rec.fields[i].id, jw_field_find(rec.fields[i].name));
    }
    JW_CHECK_TEXT(t, jw_buffer_text(&out), want);
}

static void nesting_becomes_dots_and_repetition(struct jw_test *t) {
    expect(t,
           JW_TEXT("{\"a\":1,\"source\":{\"ip\":\"10.0.0.1\",\"nat\":{\"port\":1e3}},\"ok\":true,\"none\":null}"),
           JW_TEXT("a=n1;source.ip=t10.0.0.1;source.nat.port=n1e3;ok=btrue;none=0;"));
    expect(t, JW_TEXT("{\"tags\":[\"x\",\"y\"],\"l\":[{\"k\":1},{\"k\":2,\"m\":[[3],4]}],\"z\":0}"),
           JW_TEXT("tags=tx;tags=ty;l.k=n1;l.k=n2;l.m=n3;l.m=n4;z=n0;"));
    expect(t, JW_TEXT("{\"e\":{},\"f\":[],\"g\":[{}],\"a.b\":{\"c\":1},\"\":{\"\":2},\"a\":1,\"a\":\"2\"}"),
           JW_TEXT("e=t{};f=t[];g=t{};a.b.c=n1;.=n2;a=n1;a=t2;"));
    expect(t, JW_TEXT("{}"), JW_TEXT(""));
    expect(t, JW_TEXT("{\"\\u006Bey\\n\":{\"in\\\"ner\":\"C:\\\\x\\ty\"}}"), JW_TEXT("key\n.in\"ner=tC:\\x\ty;"));
    expect(t, JW_TEXT("{\"s\":\"\\ud83d\\ude00 \\ud800 \\udfff\\u00e9\"}"),
           JW_TEXT("s=t\xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD\xC3\xA9;"));
}

static void a_prefix_stands_before_every_name(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    JW_CHECK_OK(
        t, jw_json_flatten_under(JW_TEXT("{\"a\":1,\"b\":{\"c\":[2]}}"), JW_TEXT("suricata.eve"), &rec, &t->err));
    JW_CHECK(t,
             jw_record_find(&rec, JW_TEXT("suricata.eve.a")) && jw_record_find(&rec, JW_TEXT("suricata.eve.b.c")));
    JW_CHECK_OK(t, jw_json_flatten_under(JW_TEXT("{\"ip\":\"::1\"}"), JW_TEXT("source"), &rec, &t->err));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_SOURCE_IP), JW_TEXT("::1"));
}

static void ceilings_are_told_and_leave_nothing(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    for (int depth = JW_JSON_DEPTH - 1; depth <= JW_JSON_DEPTH; depth++) {
        struct jw_record rec = {.mem = t->mem};
        jw_buffer_clear(&text);
        jw_buffer_add(&text, JW_TEXT("{\"first\":0,\"a\":"));
        for (int i = 0; i < depth; i++)
            jw_buffer_byte(&text, '[');
        for (int i = 0; i < depth; i++)
            jw_buffer_byte(&text, ']');
        jw_buffer_byte(&text, '}');
        bool fits = depth < JW_JSON_DEPTH;
        JW_CHECK_INT(t, jw_json_flatten(jw_buffer_text(&text), &rec, &t->err), fits ? JW_OK : JW_E_LIMIT);
        JW_CHECK_INT(t, rec.count, fits ? 2 : 0);
    }
    for (int len = JW_JSON_NAME; len <= JW_JSON_NAME + 1; len++) {
        jw_buffer_clear(&text);
        jw_buffer_print(&text, "{\"%0*d\":{\"b\":1}}", len - 2, 0);
        JW_CHECK_INT(t, jw_json_flatten(jw_buffer_text(&text), &(struct jw_record){.mem = t->mem}, &t->err),
                     len == JW_JSON_NAME ? JW_OK : JW_E_LIMIT);
    }
    struct jw_record rec = {.mem = t->mem};
    jw_buffer_clear(&text);
    jw_buffer_add(&text, JW_TEXT("{\"a\":[0"));
    for (int i = 0; i < JW_RECORD_FIELDS; i++)
        jw_buffer_add(&text, JW_TEXT(",1"));
    jw_buffer_add(&text, JW_TEXT("]}"));
    JW_CHECK_OK(t, jw_json_flatten(jw_buffer_text(&text), &rec, &t->err));
    JW_CHECK(t, rec.cut && rec.count == JW_RECORD_FIELDS);
    JW_AUTO(jw_arena_free_p) struct jw_arena *small = jw_arena_new(2048);
    JW_CHECK_INT(t, jw_json_flatten(jw_buffer_text(&text), &(struct jw_record){.mem = small}, &t->err), JW_E_LIMIT);
}

/* A random document: every shape, with bytes replaced now and then, so that most are valid and many nearly so. */
static uint64_t seed = 0x9E3779B97F4A7C15u;
static unsigned dice(unsigned sides) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed >> 33) % sides;
}

static void random_value(jw_buffer *out, unsigned depth) {
    unsigned pick = dice(depth > 4 ? 3 : 6);
    if (pick < 2)
        jw_buffer_add(out, jw_text_from(good[dice(sizeof good / sizeof *good)]));
    else if (pick == 2)
        jw_buffer_print(out, "\"%.*s\"", (int)dice(60),
                        "plain \xe9\x87\x91\xe5\x90\xbe text that crosses the blocks of sixteen bytes ....");
    else {
        unsigned count = dice(4);
        jw_buffer_byte(out, pick == 3 ? '[' : '{');
        for (unsigned i = 0; i < count; i++) {
            if (pick != 3)
                jw_buffer_print(out, "\"k%u\":", i);
            random_value(out, depth + 1);
            if (i + 1 < count)
                jw_buffer_byte(out, ',');
        }
        jw_buffer_byte(out, pick == 3 ? ']' : '}');
    }
}

static void random_documents_are_read_as_another_reader_does(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 20);
    int accepted = 0, disagreed = 0;
    for (int round = 0; round < 20000; round++) {
        JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
        struct jw_record rec = {.mem = mem};
        jw_buffer_clear(&text);
        jw_buffer_add(&text, JW_TEXT("{\"v\":"));
        random_value(&text, 0);
        jw_buffer_byte(&text, '}');
        if (round % 2)
            text.ptr[dice((unsigned)text.len)] = "\"\\{}[],:0-e. \n\x01\x80\xff"[dice(17)];
        jw_status status = jw_json_flatten(jw_buffer_text(&text), &rec, NULL);
        accepted += status == JW_OK;
        bool same = peer_agrees(jw_buffer_text(&text), status, &rec) &&
                    lazy_agrees(jw_buffer_text(&text), status, &rec, mem);
        if (!same && disagreed++ < 5)
            printf("  status %d: %.*s\n", status, (int)text.len, text.ptr);
    }
    JW_CHECK_INT(t, disagreed, 0);
    JW_CHECK(t, accepted > 10000 && accepted < 19000);
}

/* Windows paths, line ends, quotes and what is nearly an escape, in strings of all lengths and places of 64 bytes.
 */
static void strings_full_of_escapes_are_read_alike_whole_and_lazily(struct jw_test *t) {
    static const char *const parts[] = {"\\\\",       "\\r\\n", "\\\"", "\\/", "\\u00e9", "\\ud83d\\ude00",
                                        "plain text", "x",      "C:",   "中",  "\\t",     "\\u12g4",
                                        "\\x",        "\x01"};
    unsigned accepted = 0, unlike = 0;
    for (int round = 0; round < 20000; round++) {
        JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
        JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 16);
        struct jw_record rec = {.mem = mem};
        unsigned count = dice(round % 2 ? 8 : 120), kinds = dice(20) ? 11 : 14;
        jw_buffer_add(&text, JW_TEXT("{\"v\":\""));
        for (unsigned i = 0; i < count; i++)
            jw_buffer_add(&text, jw_text_from(parts[dice(kinds)]));
        jw_buffer_add(&text, dice(50) ? JW_TEXT("\",\"w\":\"\\\\\"}") : JW_TEXT("\\\"}"));
        jw_status status = jw_json_flatten(jw_buffer_text(&text), &rec, NULL);
        accepted += status == JW_OK;
        if (!peer_agrees(jw_buffer_text(&text), status, &rec) ||
            !lazy_agrees(jw_buffer_text(&text), status, &rec, mem))
            unlike++;
    }
    JW_CHECK_INT(t, unlike, 0);
    JW_CHECK(t, accepted > 15000 && accepted < 19900);
}

int main(void) {
    return jw_test_run(
        (const struct jw_test_case[]){JW_CASE(every_value_of_the_standard_is_accepted),
                                      JW_CASE(everything_else_is_refused_and_leaves_nothing),
                                      JW_CASE(nesting_becomes_dots_and_repetition),
                                      JW_CASE(a_prefix_stands_before_every_name),
                                      JW_CASE(ceilings_are_told_and_leave_nothing),
                                      JW_CASE(random_documents_are_read_as_another_reader_does),
                                      JW_CASE(strings_full_of_escapes_are_read_alike_whole_and_lazily),
                                      {0}});
}
