/* daemons/collect/stream_server.c — the listening socket: accepts, refuses, looks after all its connections. */
#include "listen.h"
#include "stream_parts.h"

#include <errno.h>

#include "base/time.h"

#define ACCEPT_ROUND 64

static void on_second(void *context) {
    struct jw_stream_server *server = context;
    int64_t now = jw_time_steady();
    for (struct jw_stream *stream = server->streams, *next; stream; stream = next) {
        next = stream->next;
        jw_stream_look(stream, now);
    }
    if (!server->closing)
        jw_watch_change(server->watch, EPOLLIN); /* accepting may have stopped for want of descriptors */
}

static bool is_of(const struct jw_stream *stream, const jw_address *peer) {
    return memcmp(&stream->address, peer, sizeof *peer) == 0;
}

/* One address may not take the places of all others, even if each of its connections has sent something. */
static bool is_greedy(const struct jw_stream_server *server, const jw_address *peer) {
    static const jw_address local = {{0}};
    unsigned count = 0;
    if (memcmp(peer, &local, sizeof local) == 0)
        return false;
    for (const struct jw_stream *stream = server->streams; stream; stream = stream->next)
        count += is_of(stream, peer);
    return count >= server->options.per_address;
}

/* Full: the connection (of that peer, unless it is NULL) that has been silent longest without ever having sent a
 * message gives its place to a new one, or whoever opens connections and says nothing would shut everybody out.
 * False: all of them are senders. */
static bool make_room(struct jw_stream_server *server, const jw_address *peer) {
    struct jw_stream *silent = NULL;
    for (struct jw_stream *stream = server->streams; stream; stream = stream->next)
        if (!stream->spoke && !stream->eof && (!peer || is_of(stream, peer)) &&
            (!silent || stream->last <= silent->last))
            silent = stream;
    if (!silent)
        return false;
    if (silent->partial)
        jw_stream_invalid(silent);
    unsigned before = server->count;
    jw_stream_break_off(silent);
    jw_stream_settle(silent);
    return server->count < before;
}

static void on_accept(void *context, int fd, uint32_t events) {
    struct jw_stream_server *server = context;
    (void)events;
    for (int i = 0; i < ACCEPT_ROUND; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int peer = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                jw_watch_change(server->watch, 0); /* until the next second; else the loop would spin */
            return;
        }
        jw_address address = jw_listen_peer(&from);
        bool greedy = is_greedy(server, &address), full = greedy || server->count >= server->options.connections;
        bool closed = server->options.protocol->tls && !server->options.tls;
        if (full || closed)
            jw_stat_add(server->refused, 1); /* it, or the silent one that it replaces */
        if (closed || (full && !make_room(server, greedy ? &address : NULL)))
            close(peer);
        else
            jw_stream_begin(server, peer, &from);
    }
}

struct jw_stream_server_options jw_stream_server_common(const struct jw_collect *collect,
                                                        const struct jw_stream_protocol *protocol,
                                                        const char *listen) {
    return (struct jw_stream_server_options){.protocol = protocol,
                                             .listen = listen,
                                             .connections = (unsigned)jw_daemon_number(collect->run, "connections"),
                                             .per_address = (unsigned)jw_daemon_number(collect->run, "per-address"),
                                             .stall_ns = jw_daemon_number(collect->run, "stall-s") * JW_SECOND,
                                             .idle_ns = jw_daemon_number(collect->run, "idle-s") * JW_SECOND};
}

jw_status jw_stream_server_open(struct jw_collect *collect, const struct jw_stream_server_options *options,
                                struct jw_stream_server **out, struct jw_error *err) {
    struct jw_stream_server *server = calloc(1, sizeof *server);
    if (!server)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *server = (struct jw_stream_server){.collect = collect, .options = *options, .fd = -1};
    server->partial_most = (size_t)jw_daemon_number(collect->run, "in-flight-mib") << 18; /* a quarter of it */
    server->refused =
        jw_stats_get(collect->run->stats, "connections_refused_total", jw_text_from(options->protocol->name));
    server->open = jw_stats_get(collect->run->stats, "connections", jw_text_from(options->protocol->name));
    jw_status st = jw_listen_open(options->listen, SOCK_STREAM, &server->fd, err);
    if (st == JW_OK)
        st = jw_loop_watch(collect->run->loop, server->fd, EPOLLIN, on_accept, server, &server->watch, err);
    if (st == JW_OK)
        st = jw_loop_timer(collect->run->loop, JW_SECOND, JW_SECOND, on_second, server, &server->timer, err);
    if (st != JW_OK) {
        jw_stream_server_close(server);
        return jw_wrap(err, st, "%s", options->protocol->name);
    }
    *out = server;
    return JW_OK;
}

void jw_stream_server_tls(struct jw_stream_server *server, SSL_CTX *tls) { server->options.tls = tls; }

void jw_stream_server_close(struct jw_stream_server *server) {
    if (!server)
        return;
    server->closing = true;
    while (server->streams) { /* everything has been answered: nobody calls back */
        jw_stream_flush(server->streams);
        jw_stream_destroy(server->streams);
    }
    jw_timer_end(server->timer);
    jw_watch_end(server->watch);
    if (server->fd >= 0)
        close(server->fd);
    free(server);
}
