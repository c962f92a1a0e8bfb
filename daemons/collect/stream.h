/* daemons/collect/stream.h — connections: accepting, TLS, back-pressure, idle and stalled peers, answers. An input
 * that listens for connections brings a protocol; everything else is the same for all of them. Loop's thread. */
#pragma once
#include <openssl/types.h>

#include "collect.h"

struct jw_stream; /* one connection */

struct jw_stream_protocol {
    const char *name;                         /* the input's; the first half of source names */
    bool tls;                                 /* refuse connections while there is no certificate */
    void *(*begin)(struct jw_stream *stream); /* state of one connection; NULL: no memory */
    void (*end)(void *state);
    /* Takes all of `bytes`; negative closes the connection after what was taken from it. */
    jw_status (*take)(struct jw_stream *stream, void *state, jw_text bytes, struct jw_error *err);
    size_t (*partial)(const void *state); /* bytes held of an unfinished message; 0: none */
    void (*finish)(struct jw_stream *stream,
                   void *state); /* the peer has ended: the unfinished message; may be NULL */
    /* `events` more are answered, in order; also after the connection is gone (jw_stream_send does nothing then).
     * `origin_at` as the batch had it. May be NULL. */
    void (*answered)(struct jw_stream *stream, void *state, jw_status st, uint32_t events, uint64_t origin_at);
};

struct jw_stream_server;
struct jw_stream_server_options {
    const struct jw_stream_protocol *protocol;
    const char *listen; /* "ADDR:PORT", "[ADDR]:PORT", or a path: a unix socket, mode 0660 */
    SSL_CTX *tls;       /* NULL: plain. Borrowed; jw_stream_server_tls changes it */
    unsigned
        connections; /* at most; then a new one takes the place of one that never sent a message, or is closed */
    unsigned per_address; /* at most of one address, in the same way; not for a unix socket */
    int64_t stall_ns;     /* an unfinished message or handshake, or answers not taken, may last this long */
    int64_t idle_ns;      /* silence between messages; 0: for ever */
};
/* With the ceilings every connection-oriented input shares (connections, stall-s, idle-s). */
struct jw_stream_server_options jw_stream_server_common(const struct jw_collect *collect,
                                                        const struct jw_stream_protocol *protocol,
                                                        const char *listen);
JW_MUST_CHECK jw_status jw_stream_server_open(struct jw_collect *collect,
                                              const struct jw_stream_server_options *options,
                                              struct jw_stream_server **out, struct jw_error *err);
void jw_stream_server_tls(struct jw_stream_server *server,
                          SSL_CTX *tls); /* for connections to come; NULL: refuse them */
void jw_stream_server_close(struct jw_stream_server *server);

/* --- for protocols -----------------------------------------------------------------------------------------------
 */
/* A whole message: copied; submitted when the protocol returns. */
void jw_stream_message(struct jw_stream *stream, jw_text line, unsigned flags);
void jw_stream_invalid(struct jw_stream *stream); /* counts a breach of framing */
void jw_stream_send(struct jw_stream *stream,
                    jw_text bytes);              /* copied; a peer that reads no answers is closed at 1 MiB */
void jw_stream_finish(struct jw_stream *stream); /* reads no more; closes when everything is answered and sent */
struct jw_collect *jw_stream_collect(const struct jw_stream *stream);
/* Names what comes from now on; for protocols whose sender says who it is. Texts are copied. False: no memory. */
bool jw_stream_names(struct jw_stream *stream, struct jw_source *source, jw_text format, jw_text dataset);
/* A batch with an origin (pipeline.h); takes `lines` over. Its lane is the origin. */
void jw_stream_batch(struct jw_stream *stream, struct jw_lines *lines, uint64_t origin, uint64_t origin_at);
struct jw_source *jw_stream_source(const struct jw_stream *stream);
