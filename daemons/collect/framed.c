/* daemons/collect/framed.c — between a connection and its framing: what a read tears apart is carried over. */
#include "framed.h"

#include "base/buffer.h"
#include "formats/framing.h"

#define CARRY_KEPT 4096 /* a buffer larger than this is given back between messages */

struct framed {
    struct jw_framing framing;
    jw_buffer carry;
};

void *jw_framed_begin(struct jw_stream *stream) {
    struct framed *framed = malloc(sizeof *framed);
    size_t most = jw_stream_collect(stream)->message_most;
    if (framed)
        *framed = (struct framed){.framing = {.ceiling = most}, .carry = JW_BUFFER(most + JW_COLLECT_READ + 64)};
    return framed;
}

void jw_framed_end(void *state) {
    struct framed *framed = state;
    jw_buffer_free(&framed->carry);
    free(framed);
}

static void take_all(struct jw_stream *stream, struct framed *framed, jw_text *rest, bool end) {
    jw_text line;
    bool cut = false;
    while (jw_framing_next(&framed->framing, rest, end, &line, &cut) == JW_OK)
        jw_stream_message(stream, line, cut ? JW_LINE_CUT : 0);
}

jw_status jw_framed_take(struct jw_stream *stream, void *state, jw_text bytes, struct jw_error *err) {
    struct framed *framed = state;
    bool carried = framed->carry.len > 0;
    if (carried) {
        jw_buffer_add(&framed->carry, bytes);
        bytes = jw_buffer_text(&framed->carry);
    }
    if (framed->carry.failed)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    take_all(stream, framed, &bytes, false);
    if (!carried) {
        jw_buffer_add(&framed->carry, bytes);
    } else if (!bytes.len && framed->carry.capacity > CARRY_KEPT) {
        jw_buffer_free(&framed->carry);
    } else {
        memmove(framed->carry.ptr, bytes.ptr, bytes.len);
        framed->carry.len = bytes.len;
    }
    return framed->carry.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : JW_OK;
}

size_t jw_framed_partial(const void *state) {
    const struct framed *framed = state;
    return framed->carry.len + (framed->framing.skip || framed->framing.skip_line);
}

void jw_framed_finish(struct jw_stream *stream, void *state) {
    struct framed *framed = state;
    jw_text rest = jw_buffer_text(&framed->carry);
    take_all(stream, framed, &rest, true);
}
