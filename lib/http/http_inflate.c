/* lib/http/http_inflate.c — zlib, a piece at a time as the peer sends it. */
#include "http_inflate.h"

#include <stdlib.h>

#include <zlib.h>

struct jw_http_inflate {
    z_stream z;
    bool done;
};

bool jw_http_inflate_coding(jw_text header, jw_http_coding *out) {
    if (header.len == 0 || jw_text_is_nocase(header, JW_TEXT("identity")))
        *out = JW_HTTP_PLAIN;
    else if (jw_text_is_nocase(header, JW_TEXT("gzip")) || jw_text_is_nocase(header, JW_TEXT("x-gzip")))
        *out = JW_HTTP_GZIP;
    else if (jw_text_is_nocase(header, JW_TEXT("deflate")))
        *out = JW_HTTP_DEFLATE;
    else
        return false;
    return true;
}

struct jw_http_inflate *jw_http_inflate_new(jw_http_coding coding) {
    struct jw_http_inflate *flow = calloc(1, sizeof *flow);
    /* 16 + 15: gzip with the largest window; 15: the zlib wrapper that RFC 9110 means by deflate */
    if (flow && inflateInit2(&flow->z, coding == JW_HTTP_GZIP ? 16 + 15 : 15) != Z_OK) {
        free(flow);
        return NULL;
    }
    return flow;
}

void jw_http_inflate_free(struct jw_http_inflate *flow) {
    if (flow)
        inflateEnd(&flow->z);
    free(flow);
}

/* A gzip file may be several members one after another (RFC 1952 section 2.2). */
static bool next_member(struct jw_http_inflate *flow) {
    flow->done = flow->z.avail_in == 0;
    return !flow->done && inflateReset(&flow->z) == Z_OK;
}

jw_status jw_http_inflate_add(struct jw_http_inflate *flow, jw_text piece, jw_buffer *out, struct jw_error *err) {
    z_stream *z = &flow->z;
    z->next_in = (Bytef *)(uintptr_t)piece.ptr;
    z->avail_in = (uInt)piece.len;
    if (piece.len == 0 || (flow->done && !next_member(flow)))
        return JW_OK;
    for (;;) {
        size_t room = out->ceiling - out->len;
        if (!jw_buffer_reserve(out, room == 0 ? 1 : room < 65536 ? room : 65536))
            return jw_fail(err, JW_E_LIMIT, "the body is larger than allowed when inflated");
        room = out->capacity - out->len;
        z->next_out = (Bytef *)out->ptr + out->len;
        z->avail_out = (uInt)(room < (1U << 30) ? room : 1U << 30);
        uInt before = z->avail_out;
        int result = inflate(z, Z_NO_FLUSH);
        out->len += before - z->avail_out;
        if (result == Z_STREAM_END && !next_member(flow))
            return JW_OK;
        if (result == Z_BUF_ERROR || (result == Z_OK && z->avail_in == 0 && z->avail_out != 0))
            return JW_OK; /* wants more input */
        if (result != Z_OK && result != Z_STREAM_END)
            return jw_fail(err, JW_E_SYNTAX, "compressed body: %s", z->msg ? z->msg : "broken");
    }
}

bool jw_http_inflate_done(const struct jw_http_inflate *flow) { return flow->done; }
