/* lib/http/http_fuzz.c — targets, forms, base64 and compressed bodies are the bytes that we read ourselves. */
#include "http_base64.h"
#include "http_inflate.h"
#include "http_target.h"

#include "test/fuzz.h"

static void target(jw_text input, struct jw_arena *mem) {
    static const char *const patterns[] = {"/", "/*", "/{a}/_bulk", "/api/v1/events/{id}", "/_index_template/*"};
    jw_http_target target;
    jw_http_pair values[JW_HTTP_SEGMENTS];
    size_t count;
    if (jw_http_target_parse(input, mem, &target, NULL) != JW_OK)
        return;
    for (size_t i = 0; i < target.segment_count; i++) {
        assert(target.segments[i].len && !memchr(target.segments[i].ptr, 0, target.segments[i].len));
        assert(!jw_text_is(target.segments[i], JW_TEXT("..")));
    }
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        jw_http_target_match(patterns[i], &target, values, &count);
    assert(jw_http_target_match("/*", &target, values, &count));
}

static void compressed(jw_text input, jw_http_coding coding) {
    struct jw_http_inflate *flow = jw_http_inflate_new(coding);
    jw_buffer out = JW_BUFFER(1 << 16);
    size_t half = input.len / 2;
    if (flow && jw_http_inflate_add(flow, (jw_text){input.ptr, half}, &out, NULL) == JW_OK)
        (void)!jw_http_inflate_add(flow, (jw_text){input.ptr + half, input.len - half}, &out, NULL);
    assert(out.len <= 1 << 16);
    jw_buffer_free(&out);
    jw_http_inflate_free(flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    jw_text input = {(const char *)data, size}, plain;
    if (!mem)
        return 0;
    target(input, mem);
    if (jw_http_base64_decode(input, mem, &plain))
        assert(plain.len <= size);
    compressed(input, JW_HTTP_GZIP);
    compressed(input, JW_HTTP_DEFLATE);
    return 0;
}
