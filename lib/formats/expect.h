/* lib/formats/expect.h — for the tests of this folder: a line, and the whole record it must give. */
#pragma once
#include "format.h"

#include "test/test.h"

/* 2026-11-20T02:00:00Z; the zone is that of Beijing */
#define EXPECT_RECEIVED (INT64_C(1795140000) * JW_SECOND)
#define EXPECT_ZONE     28800

/* `want` is what jw_record_json prints; NULL when the line must be refused. */
static inline void expect(struct jw_test *t, const char *name, jw_text line, const char *want) {
    struct jw_record rec = {.mem = t->mem, .received = EXPECT_RECEIVED, .zone_offset_s = EXPECT_ZONE};
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 20);
    const struct jw_format *format = jw_format_find(jw_text_from(name));
    jw_status status = format->parse(line, &rec, &t->err);
    if (status != JW_OK)
        jw_buffer_add(&out, JW_TEXT("refused"));
    else
        jw_record_json(&rec, &out);
    if (!jw_text_is(jw_buffer_text(&out), want ? jw_text_from(want) : JW_TEXT("refused")))
        printf("  line \"%.*s\"\n", (int)line.len, line.ptr);
    JW_CHECK_TEXT(t, jw_buffer_text(&out), want ? jw_text_from(want) : JW_TEXT("refused"));
    JW_CHECK(t, status != JW_OK || format->detect(line));
}
