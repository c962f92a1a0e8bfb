/* lib/formats/framing_fuzz.c — a hostile stream in hostile pieces: bounded memory, and progress at every call. */
#include "framing.h"

#include "base/buffer.h"
#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    JW_AUTO(jw_buffer_free) jw_buffer held = JW_BUFFER(1 << 20);
    struct jw_framing framing = {.ceiling = 64};
    jw_status status = JW_AGAIN;
    for (size_t at = 1, n; size && at <= size && status == JW_AGAIN; at += n) {
        n = 1 + (data[0] * 7 + at) % 90;
        size_t take = size - at < n ? size - at : n;
        jw_buffer_add(&held, (jw_text){(const char *)data + at, take});
        jw_text rest = jw_buffer_text(&held), message;
        bool cut;
        for (size_t before = rest.len;; before = rest.len) {
            status = jw_framing_next(&framing, &rest, at + n > size, &message, &cut);
            if (status != JW_OK)
                break;
            assert(message.len > 0 && message.len <= framing.ceiling && rest.len < before);
        }
        assert(rest.len <= framing.ceiling + 32 || status < 0);
        if (rest.len)
            memmove(held.ptr, rest.ptr, rest.len);
        held.len = rest.len;
    }
    return 0;
}
