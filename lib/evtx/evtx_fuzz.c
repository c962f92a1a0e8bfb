/* lib/evtx/evtx_fuzz.c — files from hostile or broken machines: every byte may lie. */
#include "evtx.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(4 << 20);
    JW_AUTO(jw_evtx_close_p) struct jw_evtx *evtx = NULL;
    jw_text bytes = {(const char *)data, size};
    uint64_t id;
    jw_status status = mem ? jw_evtx_open(bytes, &evtx, NULL) : JW_END;
    size_t calls = 0;
    while (status != JW_END && evtx) {
        struct jw_record rec = {.mem = mem};
        status = jw_evtx_next(evtx, &id, &rec, NULL);
        size_t read = 0;
        for (uint32_t i = 0; i < rec.count; i++)
            read +=
                rec.fields[i].name.len + (rec.fields[i].value.len ? (unsigned char)*rec.fields[i].value.ptr : 0);
        assert(read < SIZE_MAX && ++calls <= size + 2);
        jw_arena_reset(mem);
    }
    return 0;
}
