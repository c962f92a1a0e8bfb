/* daemons/collect/framed.h — the protocol of syslog over a stream: framing.h on every connection. */
#pragma once
#include "stream.h"

void *jw_framed_begin(struct jw_stream *stream);
void jw_framed_end(void *state);
jw_status jw_framed_take(struct jw_stream *stream, void *state, jw_text bytes, struct jw_error *err);
size_t jw_framed_partial(const void *state);
void jw_framed_finish(struct jw_stream *stream, void *state);
#define JW_FRAMED                                                                                         \
    .begin = jw_framed_begin, .end = jw_framed_end, .take = jw_framed_take, .partial = jw_framed_partial, \
    .finish = jw_framed_finish
