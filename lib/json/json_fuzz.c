/* lib/json/json_fuzz.c — hostile text: no harm, the same view as another reader, nothing left behind on failure. */
#include "json_peer.h"

#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(8 << 20);
    struct jw_record rec = {.mem = mem};
    jw_text text = {(const char *)data, size};
    jw_status status = jw_json_flatten(text, &rec, NULL);
    assert(status == JW_OK || rec.count == 0);
    bool agrees = peer_agrees(text, status, &rec) && lazy_agrees(text, status, &rec, mem);
    assert(agrees);
    (void)agrees;
    return 0;
}
