/* lib/formats/formats_fuzz.c — the sanitizers judge memory, the assert judges our own promise. */
#include "format.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    JW_AUTO(jw_buffer_free) jw_buffer json = JW_BUFFER(1 << 20);
    jw_text line = {(const char *)data, size};
    for (size_t i = 0; mem && jw_formats[i]; i++) {
        struct jw_record rec = {.mem = mem, .received = 1795168800 * JW_SECOND};
        if (jw_formats[i]->parse(line, &rec, NULL) == JW_OK) {
            assert(jw_formats[i]->detect(line));
            jw_record_json(&rec, &json);
            jw_buffer_clear(&json);
        }
    }
    const struct jw_format *format;
    struct jw_record rec = {.mem = mem};
    if (jw_format_read(line, &rec, &format, NULL) == JW_E_SYNTAX)
        assert(rec.count == 0);
    return 0;
}
