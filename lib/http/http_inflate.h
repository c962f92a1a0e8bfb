/* lib/http/http_inflate.h — compressed bodies (RFC 9110 section 8.4.1: gzip, deflate), with a ceiling on what comes
 * out: 16 KiB of gzip can be 16 MiB of zeros. */
#pragma once
#include "base/buffer.h"
#include "base/status.h"

typedef enum jw_http_coding { JW_HTTP_PLAIN, JW_HTTP_GZIP, JW_HTTP_DEFLATE } jw_http_coding;
/* Content-Encoding's value; empty is plain. false: a coding we do not speak. */
bool jw_http_inflate_coding(jw_text header, jw_http_coding *out);

struct jw_http_inflate;
struct jw_http_inflate *jw_http_inflate_new(jw_http_coding coding); /* gzip or deflate; NULL without memory */
void jw_http_inflate_free(struct jw_http_inflate *flow);
/* Appends what `piece` gives to `out`. JW_E_LIMIT: `out` is at its ceiling; JW_E_SYNTAX: not of that coding. */
JW_MUST_CHECK jw_status jw_http_inflate_add(struct jw_http_inflate *flow, jw_text piece, jw_buffer *out,
                                            struct jw_error *err);
bool jw_http_inflate_done(const struct jw_http_inflate *flow); /* the stream came to its end, checksum right */
