/* lib/wire/wire_test.c — messages arrive whole and in order, or the link is closed. */
#include "wire.h"

#include "test/test.h"

static void a_frame_comes_back_as_it_was_written(struct jw_test *t) {
    jw_buffer out = JW_BUFFER(1 << 20);
    size_t begin = jw_wire_begin(&out, JW_WIRE_CHUNK);
    jw_wire_put_u64(&out, UINT64_MAX - 1);
    jw_wire_put_u32(&out, 7);
    jw_wire_put_text(&out, JW_TEXT("a\0b"));
    jw_wire_put_text(&out, (jw_text){0});
    jw_wire_end(&out, begin);
    uint8_t type;
    jw_text rest = jw_buffer_text(&out), body;
    JW_CHECK(t, jw_wire_next(&rest, &type, &body) == JW_OK && type == JW_WIRE_CHUNK && rest.len == 0);
    struct jw_wire_reader reader = jw_wire_read(body);
    JW_CHECK(t, jw_wire_u64(&reader) == UINT64_MAX - 1);
    JW_CHECK_INT(t, jw_wire_u32(&reader), 7);
    JW_CHECK_TEXT(t, jw_wire_text(&reader), JW_TEXT("a\0b"));
    JW_CHECK_INT(t, jw_wire_text(&reader).len, 0);
    JW_CHECK(t, jw_wire_done(&reader));
    JW_CHECK(t, jw_wire_u64(&reader) == 0 && !jw_wire_done(&reader));
    jw_buffer_free(&out);
}

static void a_frame_torn_anywhere_waits(struct jw_test *t) {
    jw_buffer out = JW_BUFFER(1 << 20);
    size_t begin = jw_wire_begin(&out, JW_WIRE_STATE);
    jw_wire_put_u64(&out, 5);
    jw_wire_end(&out, begin);
    for (size_t len = 0; len < out.len; len++) {
        jw_text rest = {out.ptr, len}, body;
        uint8_t type;
        JW_CHECK(t, jw_wire_next(&rest, &type, &body) == JW_AGAIN && rest.len == len);
    }
    jw_buffer_free(&out);
}

static void impossible_lengths_are_refused(struct jw_test *t) {
    jw_text zero = JW_TEXT("\0\0\0\0x"), huge = JW_TEXT("\xff\xff\xff\xffx"), body;
    uint8_t type;
    JW_CHECK(t, jw_wire_next(&zero, &type, &body) == JW_E_SYNTAX);
    JW_CHECK(t, jw_wire_next(&huge, &type, &body) == JW_E_SYNTAX);
}

static void a_text_longer_than_the_body_ends_the_reading(struct jw_test *t) {
    struct jw_wire_reader reader = jw_wire_read(JW_TEXT("\x05\0\0\0abcd"));
    JW_CHECK(t, jw_wire_text(&reader).ptr == NULL && !reader.good);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_frame_comes_back_as_it_was_written),
        JW_CASE(a_frame_torn_anywhere_waits),
        JW_CASE(impossible_lengths_are_refused),
        JW_CASE(a_text_longer_than_the_body_ends_the_reading),
        {0},
    });
}
