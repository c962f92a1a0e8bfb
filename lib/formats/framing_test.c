/* lib/formats/framing_test.c — the same messages, however the network cuts them. */
#include "framing.h"

#include "base/buffer.h"
#include "test/test.h"

/* Feeds `stream` in pieces of `step` bytes as a daemon would; messages joined by '|', cut ones marked '~'. */
static jw_status feed(struct jw_test *t, struct jw_framing *framing, jw_text stream, size_t step, jw_buffer *out) {
    JW_AUTO(jw_buffer_free) jw_buffer held = JW_BUFFER(1 << 20);
    jw_status status = JW_AGAIN;
    for (size_t at = 0; at <= stream.len && status == JW_AGAIN; at += step) {
        size_t n = stream.len - at < step ? stream.len - at : step;
        bool end = at + step > stream.len, cut;
        jw_buffer_add(&held, (jw_text){stream.ptr + at, n});
        jw_text rest = jw_buffer_text(&held), message;
        while ((status = jw_framing_next(framing, &rest, end, &message, &cut)) == JW_OK) {
            jw_buffer_add(out, message);
            jw_buffer_add(out, cut ? JW_TEXT("~|") : JW_TEXT("|"));
        }
        JW_CHECK(t, rest.len <= framing->ceiling + 32 || status < 0);
        if (rest.len)
            memmove(held.ptr, rest.ptr, rest.len);
        held.len = rest.len;
    }
    return status;
}

static void expect(struct jw_test *t, jw_text stream, jw_text want, uint64_t oversized) {
    for (size_t step = 1; step <= stream.len + 1; step += step < 8 ? 1 : stream.len / 3 + 1) {
        struct jw_framing framing = {.ceiling = 64};
        JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 20);
        JW_CHECK_INT(t, feed(t, &framing, stream, step, &out), JW_END);
        JW_CHECK_TEXT(t, jw_buffer_text(&out), want);
        JW_CHECK_INT(t, framing.oversized, oversized);
    }
}

static void newlines_divide_and_are_trimmed(struct jw_test *t) {
    expect(t, JW_TEXT("<1>a\n<2>b\r\n\n<3>c\0\n<4>last"), JW_TEXT("<1>a|<2>b|<3>c|<4>last|"), 0);
    expect(t, JW_TEXT("2026-11-20 10 lines\n12 monkeys\n"), JW_TEXT("2026-11-20 10 lines|12 monkeys|"), 0);
    expect(t, JW_TEXT("<1>a\0<2>b\0<3>c\0"), JW_TEXT("<1>a|<2>b|<3>c|"), 0);
    expect(t, JW_TEXT(""), JW_TEXT(""), 0);
    expect(t, JW_TEXT("12"), JW_TEXT("12|"), 0);
}

static void counts_divide_even_lines_with_newlines(struct jw_test *t) {
    expect(t, JW_TEXT("4 <1>a7 <2>b\nc\n4 <3>d"), JW_TEXT("<1>a|<2>b\nc|<3>d|"), 0);
    expect(t, JW_TEXT("5 <1>a\n\n4 <2>b\n"), JW_TEXT("<1>a|<2>b|"), 0);
    expect(t, JW_TEXT("9 <1>cut"), JW_TEXT("<1>cut|"), 0);
}

static void long_messages_are_cut_and_the_stream_stays_in_step(struct jw_test *t) {
    char stream[400];
    char want[200];
    int len = snprintf(stream, sizeof stream, "<1>%0200d\n<2>b\n", 7);
    snprintf(want, sizeof want, "<1>%061d~|<2>b|", 0);
    expect(t, (jw_text){stream, (size_t)len}, jw_text_from(want), 1);
    len = snprintf(stream, sizeof stream, "203 <1>%0200d4 <2>b", 7);
    expect(t, (jw_text){stream, (size_t)len}, jw_text_from(want), 1);
}

static void each_frame_says_how_it_is_framed(struct jw_test *t) {
    expect(t, JW_TEXT("4 <1>a4 <2>b<3>c\n<4>d\n4 <5>e\n<6>f\n"), JW_TEXT("<1>a|<2>b|<3>c|<4>d|<5>e|<6>f|"), 0);
    expect(t, JW_TEXT("<1>a\n4 <2>b<3>c\n12 monkeys\n4 <4>d"), JW_TEXT("<1>a|<2>b|<3>c|12 monkeys|<4>d|"), 0);
    expect(t, JW_TEXT("4 <1>a3 bcd2026-11-20 x\n"), JW_TEXT("<1>a|bcd|2026-11-20 x|"), 0);
}

static void a_broken_count_is_read_as_a_line(struct jw_test *t) {
    expect(t, JW_TEXT("4 <1>ax <2>b\n4 <3>c"), JW_TEXT("<1>a|x <2>b|<3>c|"), 0);
    expect(t, JW_TEXT("4 <1>a9999999999 <2>\n<3>c"), JW_TEXT("<1>a|9999999999 <2>|<3>c|"), 0);
    expect(t, JW_TEXT("4 <1>a03 <2>\n"), JW_TEXT("<1>a|03 <2>|"), 0);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(newlines_divide_and_are_trimmed),
                                                     JW_CASE(counts_divide_even_lines_with_newlines),
                                                     JW_CASE(long_messages_are_cut_and_the_stream_stays_in_step),
                                                     JW_CASE(each_frame_says_how_it_is_framed),
                                                     JW_CASE(a_broken_count_is_read_as_a_line),
                                                     {0}});
}
