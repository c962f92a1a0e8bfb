/* daemons/collect/stream_parts.h — the inside of a connection, shared by stream*.c. Loop's thread. */
#pragma once
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "stream.h"

#define OWN_MOST     ((size_t)8 << 20) /* bytes of one connection that wait for an answer: the others want some too */
#define OUT_MOST     ((size_t)1 << 20)
#define BATCH_MOST   ((size_t)1 << 20)
#define PARTIAL_FAIR ((size_t)16 << 10) /* what every connection may hold of an unfinished message */

struct ready { /* waits to be submitted */
    struct ready *next;
    struct jw_lines *lines;
    uint64_t origin, origin_at;
};

struct flying { /* waits to be answered */
    struct jw_stream *stream;
    size_t bytes;
    uint64_t origin_at;
};

struct jw_stream {
    struct jw_stream_server *server;
    struct jw_stream *next, **prev;
    int fd;
    SSL *ssl;
    struct jw_watch *watch;
    struct jw_waiter waiter;
    void *state;
    struct jw_source *source;
    char *names; /* holds format and dataset */
    jw_text format, dataset;
    char peer[JW_ADDRESS_TEXT];
    uint64_t lane;
    struct jw_lines *lines; /* being filled */
    struct ready *ready, **ready_tail;
    size_t flying, flying_bytes, partial;
    jw_buffer out;
    size_t out_at;
    int64_t since, last; /* of the unfinished message or handshake; of the last bytes */
    int64_t sent;        /* when the peer last took some of `out` */
    bool handshaking, wants_write, eof, broken;
    jw_address address; /* all zero: a unix socket */
    bool spoke;         /* has sent at least one whole message */
};

struct jw_stream_server {
    struct jw_collect *collect;
    struct jw_stream_server_options options;
    int fd;
    struct jw_watch *watch;
    struct jw_timer *timer;
    struct jw_stream *streams;
    unsigned count;
    size_t partial, partial_most; /* unfinished messages of all connections */
    uint64_t next_lane;
    jw_stat *refused, *open;
    bool closing;
};

/* stream.c */
void jw_stream_settle(struct jw_stream *stream); /* decides what it waits for; may free it: touch nothing after */
void jw_stream_destroy(struct jw_stream *stream);
void jw_stream_break_off(
    struct jw_stream *stream); /* nothing more is sent or read; what was submitted is answered */
void jw_stream_flush(struct jw_stream *stream);
void jw_stream_begin(struct jw_stream_server *server, int fd, const struct sockaddr_storage *from);
void jw_stream_look(struct jw_stream *stream, int64_t now); /* once a second: stalled, idle, deaf? */
/* stream_submit.c */
void jw_stream_submit_all(struct jw_stream *stream);
void jw_stream_on_room(void *stream);
