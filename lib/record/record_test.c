/* lib/record/record_test.c — the promises of the event and its codec. */
#include "codec.h"
#include "record.h"

#include "test/test.h"

static void every_known_name_finds_its_id(struct jw_test *t) {
    for (unsigned id = 1; id < JW_F_COUNT; id++)
        JW_CHECK_INT(t, jw_field_find(jw_field_get((jw_field_id)id)->name), id);
    JW_CHECK_INT(t, jw_field_find(JW_TEXT("source.i")), JW_F_NONE);
    JW_CHECK_INT(t, jw_field_find((jw_text){0}), JW_F_NONE);
}

static void setting_replaces_and_adding_makes_an_array(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(10000);
    jw_record_add(&rec, JW_TEXT("event.category"), JW_TEXT("network"));
    jw_record_add(&rec, JW_TEXT("my.field"), JW_TEXT("x"));
    jw_record_add(&rec, JW_TEXT("event.category"), JW_TEXT("intrusion_detection"));
    jw_record_put_u64(&rec, JW_F_SOURCE_PORT, 443);
    jw_record_set_time(&rec, 0);
    jw_record_json(&rec, &out);
    JW_CHECK_TEXT(t, jw_buffer_text(&out),
                  JW_TEXT("\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"event.category\":[\"network\","
                          "\"intrusion_detection\"],\"my.field\":\"x\",\"source.port\":443"));
    jw_record_set(&rec, JW_TEXT("event.category"), JW_TEXT("host"));
    JW_CHECK_INT(t, rec.count, 3);
    jw_record_rename(&rec, JW_TEXT("my.field"), JW_TEXT("user.name"));
    JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_USER_NAME), JW_TEXT("x"));
    JW_CHECK_OK(t, jw_record_check(&rec, &t->err));
}

static void a_full_record_says_so(struct jw_test *t) {
    struct jw_record rec = {.mem = t->mem};
    for (int i = 0; i < JW_RECORD_FIELDS + 10; i++)
        jw_record_add(&rec, JW_TEXT("x"), JW_TEXT("y"));
    JW_CHECK(t, rec.cut && rec.count == JW_RECORD_FIELDS && rec.state == JW_OK);
    JW_AUTO(jw_arena_free_p) struct jw_arena *small = jw_arena_new(4096);
    struct jw_record tight = {.mem = small};
    for (int i = 0; i < 1000; i++)
        jw_record_add(&tight, JW_TEXT("x"), JW_TEXT("y"));
    JW_CHECK(t, jw_record_check(&tight, &t->err) == JW_E_LIMIT);
}

static void a_batch_comes_back_as_it_was(struct jw_test *t) {
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = jw_batch_writer_new(1 << 20);
    for (int round = 0; round < 2; round++) { /* the writer is used again after finish */
        for (int i = 0; i < 3; i++) {
            struct jw_record rec = {.mem = t->mem};
            jw_record_put(&rec, JW_F_SOURCE_IP, JW_TEXT("10.0.0.1"));
            jw_record_add_kind(&rec, JW_TEXT("vendor.n"), JW_TEXT("1e3"), JW_KIND_NUMBER);
            jw_record_add_kind(&rec, JW_TEXT("vendor.n"), (jw_text){0}, JW_KIND_NULL);
            if (i)
                jw_record_set_time(&rec, i * JW_SECOND);
            JW_CHECK_OK(t, jw_batch_writer_add(batch, &rec));
        }
        jw_text bytes = jw_batch_writer_finish(batch);
        struct jw_batch_reader reader;
        struct jw_record rec = {.mem = t->mem};
        JW_CHECK_OK(t, jw_batch_reader_open(&reader, bytes, t->mem, &t->err));
        for (int i = 0; i < 3; i++) {
            JW_CHECK_OK(t, jw_batch_reader_next(&reader, &rec, &t->err));
            JW_CHECK(t, rec.count == 3 && rec.has_time == (i > 0) && (!i || rec.time == i * JW_SECOND));
            JW_CHECK_TEXT(t, jw_record_text(&rec, JW_F_SOURCE_IP), JW_TEXT("10.0.0.1"));
            JW_CHECK_TEXT(t, rec.fields[1].name, JW_TEXT("vendor.n"));
            JW_CHECK(t, rec.fields[1].kind == JW_KIND_NUMBER && rec.fields[2].kind == JW_KIND_NULL);
        }
        JW_CHECK(t, jw_batch_reader_next(&reader, &rec, &t->err) == JW_END);
    }
}

static void values_cut_out_of_the_line_are_kept_as_places(struct jw_test *t) {
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = jw_batch_writer_new(1 << 20);
    static const char line[] = "Failed password for root from 192.0.2.7 port 4711 ssh2";
    struct jw_record rec = {.mem = t->mem};
    jw_record_put(&rec, JW_F_USER_NAME, (jw_text){line + 20, 4});
    jw_record_put(&rec, JW_F_MESSAGE, (jw_text){line, sizeof line - 1});
    jw_record_put(&rec, JW_F_EVENT_ORIGINAL, (jw_text){line, sizeof line - 1});
    jw_record_put(&rec, JW_F_SOURCE_IP, (jw_text){line + 30, 9});
    jw_record_put(&rec, JW_F_EVENT_OUTCOME, JW_TEXT("failure"));
    JW_CHECK_OK(t, jw_batch_writer_add(batch, &rec));
    jw_text bytes = jw_batch_writer_finish(batch);
    size_t at;
    JW_CHECK(t, jw_text_find(bytes, JW_TEXT("192.0.2.7"), &at));
    JW_CHECK(t, !jw_text_find((jw_text){bytes.ptr + at + 1, bytes.len - at - 1}, JW_TEXT("192.0.2.7"), NULL));
    struct jw_batch_reader reader;
    struct jw_record back = {.mem = t->mem};
    JW_CHECK_OK(t, jw_batch_reader_open(&reader, bytes, t->mem, &t->err));
    JW_CHECK_OK(t, jw_batch_reader_next(&reader, &back, &t->err));
    JW_CHECK_INT(t, back.count, rec.count);
    for (uint32_t i = 0; i < rec.count; i++)
        JW_CHECK_TEXT(t, back.fields[i].value, rec.fields[i].value);
    jw_text original = jw_record_text(&back, JW_F_EVENT_ORIGINAL);
    JW_CHECK(t, jw_record_text(&back, JW_F_SOURCE_IP).ptr == original.ptr + 30);
}

static void a_batch_refuses_what_does_not_fit_and_stays_whole(struct jw_test *t) {
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = jw_batch_writer_new(4096);
    static char big[5000];
    struct jw_record small = {.mem = t->mem}, large = {.mem = t->mem};
    jw_record_put(&small, JW_F_MESSAGE, JW_TEXT("hello"));
    jw_record_put(&large, JW_F_MESSAGE, (jw_text){big, sizeof big});
    JW_CHECK_OK(t, jw_batch_writer_add(batch, &small));
    JW_CHECK(t, jw_batch_writer_add(batch, &large) == JW_E_LIMIT);
    struct jw_batch_reader reader;
    JW_CHECK_OK(t, jw_batch_reader_open(&reader, jw_batch_writer_finish(batch), t->mem, &t->err));
    JW_CHECK_INT(t, reader.left, 1);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(every_known_name_finds_its_id),
        JW_CASE(setting_replaces_and_adding_makes_an_array),
        JW_CASE(a_full_record_says_so),
        JW_CASE(a_batch_comes_back_as_it_was),
        JW_CASE(values_cut_out_of_the_line_are_kept_as_places),
        JW_CASE(a_batch_refuses_what_does_not_fit_and_stays_whole),
        {0},
    });
}
