/* daemons/collect/stream.c — one connection's life: read, let the protocol cut messages, submit, answer, close.
 * `settle` decides what a connection waits for and is the only place that frees one; nothing touches it afterwards.
 */
#include "listen.h"
#include "stream_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>

#include "base/time.h"

struct jw_collect *jw_stream_collect(const struct jw_stream *stream) {
    return stream->server->collect;
}
struct jw_source *jw_stream_source(const struct jw_stream *stream) {
    return stream->source;
}
void jw_stream_invalid(struct jw_stream *stream) { jw_stat_add(stream->source->invalid, 1); }

/* --- the end -------------------------------------------------------------------------------------------------- */

void jw_stream_destroy(struct jw_stream *stream) {
    struct jw_stream_server *server = stream->server;
    jw_pipeline_forget(server->collect->pipeline, &stream->waiter);
    jw_watch_end(stream->watch);
    *stream->prev = stream->next;
    if (stream->next)
        stream->next->prev = stream->prev;
    server->count--;
    server->partial -= stream->partial;
    jw_stat_set(server->open, server->count);
    if (stream->state)
        server->options.protocol->end(stream->state);
    for (struct ready *ready = stream->ready, *next; ready; ready = next) {
        next = ready->next;
        jw_lines_free(ready->lines);
        free(ready);
    }
    jw_lines_free(stream->lines);
    jw_buffer_free(&stream->out);
    SSL_free(stream->ssl);
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream->names);
    free(stream);
}

/* Nothing more can be sent or read; what was submitted is still answered. */
void jw_stream_break_off(struct jw_stream *stream) {
    stream->broken = stream->eof = true;
    jw_buffer_clear(&stream->out);
    stream->out_at = 0;
}

/* --- sending -------------------------------------------------------------------------------------------------- */

static ssize_t send_some(struct jw_stream *stream, const char *bytes, size_t size) {
    if (!stream->ssl)
        return send(stream->fd, bytes, size, MSG_NOSIGNAL);
    ERR_clear_error();
    int sent = SSL_write(stream->ssl, bytes, size > INT32_MAX ? INT32_MAX : (int)size);
    if (sent > 0)
        return sent;
    int why = SSL_get_error(stream->ssl, sent);
    errno = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    return -1;
}

void jw_stream_flush(struct jw_stream *stream) {
    while (!stream->broken && stream->out_at < stream->out.len) {
        ssize_t sent = send_some(stream, stream->out.ptr + stream->out_at, stream->out.len - stream->out_at);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            jw_stream_break_off(stream);
            return;
        }
        stream->out_at += (size_t)sent;
        stream->sent = jw_time_steady();
    }
    jw_buffer_clear(&stream->out);
    stream->out_at = 0;
}

void jw_stream_send(struct jw_stream *stream, jw_text bytes) {
    if (stream->broken)
        return;
    if (!stream->out.len)
        stream->sent = jw_time_steady();
    jw_buffer_add(&stream->out, bytes);
    if (stream->out.failed)
        jw_stream_break_off(stream);
}

void jw_stream_finish(struct jw_stream *stream) { stream->eof = true; }

/* --- reading -------------------------------------------------------------------------------------------------- */

/* Above 0: bytes; 0: the peer has ended or failed; -1: nothing now. */
static ssize_t read_tls(struct jw_stream *stream, char *into) {
    size_t got = 0;
    while (got < JW_COLLECT_READ) {
        ERR_clear_error();
        int part = SSL_read(stream->ssl, into + got, (int)(JW_COLLECT_READ - got));
        if (part <= 0) {
            int why = SSL_get_error(stream->ssl, part);
            stream->wants_write = why == SSL_ERROR_WANT_WRITE;
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
                return got ? (ssize_t)got : -1;
            return (ssize_t)got; /* an ended peer is seen again at the next read */
        }
        got += (size_t)part;
    }
    return (ssize_t)got;
}

static ssize_t read_plain(struct jw_stream *stream, char *into) {
    ssize_t got = recv(stream->fd, into, JW_COLLECT_READ, 0);
    return got < 0 ? errno == EAGAIN || errno == EINTR ? -1 : 0 : got;
}

static void finish(struct jw_stream *stream) {
    if (stream->server->options.protocol->finish)
        stream->server->options.protocol->finish(stream, stream->state);
    stream->eof = true;
    jw_stream_submit_all(stream);
}

static void measure_partial(struct jw_stream *stream, int64_t now, bool progress) {
    size_t partial = stream->server->options.protocol->partial(stream->state);
    stream->server->partial += partial - stream->partial;
    if (progress || !stream->partial)
        stream->since = now;
    stream->partial = partial;
    if (stream->server->partial > stream->server->partial_most && partial > PARTIAL_FAIR) {
        jw_stream_invalid(stream);
        finish(stream);
    }
}

static void read_some(struct jw_stream *stream) {
    char *scratch = jw_collect_scratch();
    ssize_t got = stream->ssl ? read_tls(stream, scratch) : read_plain(stream, scratch);
    struct jw_error err = {{0}};
    if (got < 0)
        return;
    if (got == 0) {
        finish(stream);
        return;
    }
    int64_t now = jw_time_steady();
    stream->last = now;
    jw_status st =
        stream->server->options.protocol->take(stream, stream->state, (jw_text){scratch, (size_t)got}, &err);
    bool progress = stream->ready || (stream->lines && stream->lines->count);
    stream->spoke |= progress;
    jw_stream_submit_all(stream);
    if (st < 0) {
        jw_stream_invalid(stream);
        stream->eof = true;
    } else if (!stream->eof) {
        measure_partial(stream, now, progress);
    }
}

static void shake_hands(struct jw_stream *stream) {
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    if (result == 1) {
        stream->handshaking = false;
        return;
    }
    int why = SSL_get_error(stream->ssl, result);
    stream->wants_write = why == SSL_ERROR_WANT_WRITE;
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        jw_stream_invalid(stream);
        jw_stream_break_off(stream);
    }
}

static void on_event(void *context, int fd, uint32_t events) {
    struct jw_stream *stream = context;
    (void)fd;
    stream->wants_write = false;
    if (stream->handshaking)
        shake_hands(stream);
    if (!stream->handshaking && !stream->broken) {
        jw_stream_flush(stream);
        bool blocked = stream->ready || stream->flying_bytes >= OWN_MOST;
        if (!stream->eof && !blocked && (stream->ssl || (events & (EPOLLIN | EPOLLHUP | EPOLLERR))))
            read_some(stream);
        else if (events & EPOLLERR)
            jw_stream_break_off(stream);
        jw_stream_flush(stream);
    }
    jw_stream_settle(stream);
}

/* --- waiting -------------------------------------------------------------------------------------------------- */

static void watch(struct jw_stream *stream, uint32_t want) {
    struct jw_error err;
    if (!want) { /* not even HUP may come, or the loop would spin on a peer that is gone while we are full */
        jw_watch_end(stream->watch);
        stream->watch = NULL;
    } else if (stream->watch) {
        jw_watch_change(stream->watch, want);
    } else if (jw_loop_watch(stream->server->collect->run->loop, stream->fd, want, on_event, stream, &stream->watch,
                             &err) != JW_OK) {
        jw_stream_break_off(stream);
    }
}

void jw_stream_settle(struct jw_stream *stream) {
    bool sending = stream->out_at < stream->out.len;
    bool blocked = stream->ready || stream->flying_bytes >= OWN_MOST;
    if (stream->eof && !stream->ready && !stream->flying && !sending) {
        if (stream->ssl && !stream->broken && !stream->handshaking)
            SSL_shutdown(stream->ssl);
        jw_stream_destroy(stream);
        return;
    }
    uint32_t want = 0;
    if (!stream->eof && !blocked)
        want |= EPOLLIN;
    /* what TLS has read ahead makes no socket readable, but the socket can be written to at once */
    bool ahead = want && stream->ssl && SSL_has_pending(stream->ssl);
    if (!stream->broken && (sending || stream->wants_write || ahead))
        want |= EPOLLOUT;
    watch(stream, want);
}

void jw_stream_look(struct jw_stream *stream, int64_t now) {
    const struct jw_stream_server_options *options = &stream->server->options;
    bool blocked = stream->ready || stream->flying_bytes >= OWN_MOST;
    if (stream->out_at < stream->out.len && now - stream->sent > options->stall_ns) {
        jw_stream_invalid(stream); /* it reads none of our answers, and would keep them and its place for ever */
        jw_stream_break_off(stream);
        jw_stream_settle(stream);
        return;
    }
    if (blocked || stream->eof) {
        stream->since = stream->last = now; /* it is we who make it wait */
        return;
    }
    if ((stream->partial || stream->handshaking) && now - stream->since > options->stall_ns) {
        jw_stream_invalid(stream);
        if (stream->handshaking)
            jw_stream_break_off(stream);
        else
            finish(stream);
    } else if (options->idle_ns && !stream->flying && now - stream->last > options->idle_ns) {
        stream->eof = true;
    }
    jw_stream_settle(stream);
}

/* --- the beginning -------------------------------------------------------------------------------------------- */

static void name_peer(struct jw_stream *stream, const struct sockaddr_storage *from) {
    struct jw_collect *collect = stream->server->collect;
    const char *input = stream->server->options.protocol->name;
    jw_address peer = stream->address = jw_listen_peer(from);
    if (from->ss_family == AF_UNIX) {
        stream->source = jw_source_named(collect->sources, jw_text_from(input));
        return;
    }
    jw_address_print(&peer, stream->peer);
    stream->source = jw_source_of(collect->sources, input, &peer);
}

static bool begin_tls(struct jw_stream *stream) {
    SSL_CTX *tls = stream->server->options.tls;
    if (!tls)
        return true;
    stream->ssl = SSL_new(tls);
    if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1)
        return false;
    SSL_set_accept_state(stream->ssl);
    stream->handshaking = true;
    return true;
}

void jw_stream_begin(struct jw_stream_server *server, int fd, const struct sockaddr_storage *from) {
    struct jw_stream *stream = calloc(1, sizeof *stream);
    int one = 1;
    if (!stream) {
        close(fd);
        return;
    }
    *stream = (struct jw_stream){.server = server,
                                 .fd = fd,
                                 .lane = server->next_lane++,
                                 .out = JW_BUFFER(OUT_MOST),
                                 .next = server->streams,
                                 .prev = &server->streams,
                                 .since = jw_time_steady()};
    stream->last = stream->since;
    stream->ready_tail = &stream->ready;
    stream->waiter = (struct jw_waiter){.fn = jw_stream_on_room, .context = stream};
    if (server->streams)
        server->streams->prev = &stream->next;
    server->streams = stream;
    jw_stat_set(server->open, ++server->count);
    if (from->ss_family != AF_UNIX) /* a sender that vanished without a word is noticed in the end */
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    name_peer(stream, from);
    stream->state = server->options.protocol->begin(stream);
    if (!stream->state || !begin_tls(stream))
        jw_stream_break_off(stream);
    jw_stream_settle(stream);
}
