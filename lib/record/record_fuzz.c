/* lib/record/record_fuzz.c — a batch from a damaged disk: read without harm, and what reads can be written again.
 */
#include "codec.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(8 << 20);
    JW_AUTO(jw_batch_writer_free_p) struct jw_batch_writer *batch = jw_batch_writer_new(1 << 20);
    JW_AUTO(jw_buffer_free) jw_buffer json = JW_BUFFER(1 << 20);
    struct jw_batch_reader reader;
    struct jw_record rec = {.mem = mem};
    if (jw_batch_reader_open(&reader, (jw_text){(const char *)data, size}, mem, NULL) != JW_OK)
        return 0;
    while (jw_batch_reader_next(&reader, &rec, NULL) == JW_OK) {
        jw_record_json(&rec, &json);
        jw_buffer_clear(&json);
        if (jw_batch_writer_add(batch, &rec) != JW_OK)
            break;
    }
    uint32_t count = jw_batch_writer_count(batch);
    assert(jw_batch_reader_open(&reader, jw_batch_writer_finish(batch), mem, NULL) != JW_E_SYNTAX);
    (void)count;
    return 0;
}
