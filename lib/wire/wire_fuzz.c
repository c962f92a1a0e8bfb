/* lib/wire/wire_fuzz.c — frames and their bodies from whoever reaches the socket. */
#include "wire.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    jw_text bytes = {(const char *)data, size}, body;
    uint8_t type;
    while (jw_wire_next(&bytes, &type, &body) == JW_OK) {
        struct jw_wire_reader reader = jw_wire_read(body);
        jw_buffer out = JW_BUFFER(JW_WIRE_MOST + 64);
        size_t begin = jw_wire_begin(&out, type);
        uint64_t number = jw_wire_u64(&reader);
        jw_wire_put_u64(&out, number);
        while (reader.good && reader.rest.len)
            jw_wire_put_text(&out, jw_wire_text(&reader));
        jw_wire_end(&out, begin);
        if (jw_wire_done(&reader)) /* what reads well is written back the same */
            assert(out.len == 5 + body.len && memcmp(out.ptr + 5, body.ptr, body.len) == 0);
        jw_buffer_free(&out);
    }
    return 0;
}
