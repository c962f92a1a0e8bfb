/* daemons/collect/relp_fuzz.c — a stream gives the same frames whole and torn: the first byte says where to tear
 * it. */
#include "relp.h"

#include "base/hash.h"
#include "test/fuzz.h"

struct seen {
    uint64_t hash, frames;
    bool broken;
};

static void read_all(struct jw_relp *relp, jw_text bytes, struct seen *seen) {
    struct jw_relp_frame frame;
    jw_status st = JW_OK;
    while (!seen->broken && (st = jw_relp_next(relp, &bytes, &frame, NULL)) == JW_OK) {
        assert(frame.data.len <= relp->most && frame.command.len >= 1 && frame.command.len <= 32);
        seen->frames++;
        seen->hash = seen->hash * 31 + frame.txnr + jw_hash(frame.data) + jw_hash(frame.command) + frame.cut;
    }
    seen->broken |= st < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    jw_text bytes = {(const char *)data + 1, size - 1};
    size_t step = (size_t)*data % 16 + 1;
    struct jw_relp whole = jw_relp_begin(64), torn = jw_relp_begin(64);
    struct seen once = {0}, pieces = {0};
    read_all(&whole, bytes, &once);
    for (size_t at = 0; at < bytes.len; at += step)
        read_all(&torn, (jw_text){bytes.ptr + at, bytes.len - at < step ? bytes.len - at : step}, &pieces);
    assert(once.hash == pieces.hash && once.frames == pieces.frames && once.broken == pieces.broken);
    jw_relp_end(&whole);
    jw_relp_end(&torn);
    return 0;
}
