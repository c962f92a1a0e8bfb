/* daemons/collect/bulk_fuzz.c — whatever a body holds, reading it ends, moves forward, and stays inside it. */
#include "bulk.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_bulk bulk = JW_BULK(((jw_text){(const char *)data, size}));
    jw_bulk_item item;
    size_t end = 0;
    while (jw_bulk_next(&bulk, &item) == JW_OK) {
        assert(item.end > end && item.end <= size);
        assert(item.wrong || item.document.len);
        assert(!item.document.len || (item.document.ptr >= bulk.body.ptr + end &&
                                      item.document.ptr + item.document.len <= bulk.body.ptr + item.end));
        assert(item.index.len < JW_BULK_NAME && item.id.len < JW_BULK_NAME);
        jw_bulk_dataset(item.index);
        end = item.end;
    }
    return 0;
}
