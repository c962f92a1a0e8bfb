/* daemons/collect/inputs/syslog_udp.c — syslog over UDP, RFC 5426: a datagram is a message. Nobody can ask the
 * sender to wait: what does not fit is dropped and counted, by us per source, by the kernel per socket
 * (SO_RXQ_OVFL). */
#include <errno.h>
#include <sys/socket.h>

#include "../input.h"
#include "../listen.h"
#include "base/hash.h"

#define DATAGRAMS   64
#define DATAGRAM    65536      /* the largest there is, and one byte to see a cut */
#define WANT_BUFFER (32 << 20) /* root gets it; others what net.core.rmem_max allows */
#define ROUNDS      8          /* reads in a row before others have their turn */

struct udp {
    struct jw_collect *collect;
    int fd;
    struct jw_watch *watch;
    uint32_t overflow; /* what the kernel had dropped at the last look */
    bool seen;
    jw_stat *kernel_drops;
    struct mmsghdr headers[DATAGRAMS];
    struct iovec parts[DATAGRAMS];
    struct sockaddr_storage from[DATAGRAMS];
    char control[DATAGRAMS][CMSG_SPACE(sizeof(uint32_t))];
    char *bytes;
};

/* The messages of one peer in this round. */
struct bundle {
    struct sockaddr_storage from;
    struct jw_lines *lines;
};

static void submit(struct udp *udp, struct bundle *bundle) {
    char peer[JW_ADDRESS_TEXT];
    jw_address address = jw_listen_peer(&bundle->from);
    struct jw_source *source = jw_source_of(udp->collect->sources, "syslog-udp", &address);
    size_t len = jw_address_print(&address, peer);
    struct jw_submission ask = {.lines = bundle->lines,
                                .source = source,
                                .peer = {peer, len},
                                .lane = jw_hash((jw_text){peer, len}),
                                .lossy = true};
    if (jw_submit(udp->collect->pipeline, &ask) != JW_OK) {
        jw_source_drop(source, bundle->lines->count, bundle->lines->len);
        jw_lines_free(bundle->lines);
    }
}

static bool same_peer(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    jw_address x = jw_listen_peer(a), y = jw_listen_peer(b);
    return memcmp(&x, &y, sizeof x) == 0;
}

static void look_at_overflow(struct udp *udp, struct msghdr *header) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t dropped;
            memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
            if (dropped != udp->overflow)
                jw_stat_add(udp->kernel_drops, dropped - udp->overflow); /* wraps like the kernel's */
            udp->overflow = dropped;
        }
}

static jw_text message_of(const struct udp *udp, int i) {
    jw_text line = {udp->parts[i].iov_base, udp->headers[i].msg_len};
    while (line.len &&
           (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\0'))
        line.len--;
    return line;
}

static void bundle_up(struct udp *udp, int count) {
    struct bundle bundles[DATAGRAMS];
    int used = 0;
    for (int i = 0; i < count; i++) {
        int at = used - 1; /* a burst is mostly one peer's: look at the last first */
        jw_text line = message_of(udp, i);
        unsigned flags = 0;
        look_at_overflow(udp, &udp->headers[i].msg_hdr);
        if (!line.len)
            continue;
        if (line.len > udp->collect->message_most) {
            line.len = udp->collect->message_most;
            flags = JW_LINE_CUT;
        }
        while (at >= 0 && !same_peer(&bundles[at].from, &udp->from[i]))
            at--;
        if (at < 0) {
            at = used++;
            bundles[at] = (struct bundle){udp->from[i], jw_lines_new()};
        }
        if (!bundles[at].lines || !jw_lines_add(bundles[at].lines, line, flags)) {
            jw_address peer = jw_listen_peer(&udp->from[i]);
            jw_source_drop(jw_source_of(udp->collect->sources, "syslog-udp", &peer), 1, line.len);
        }
    }
    for (int i = 0; i < used; i++)
        if (bundles[i].lines && bundles[i].lines->count)
            submit(udp, &bundles[i]);
        else
            jw_lines_free(bundles[i].lines);
}

static void on_readable(void *context, int fd, uint32_t events) {
    struct udp *udp = context;
    (void)events;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < DATAGRAMS; i++) {
            udp->parts[i] = (struct iovec){udp->bytes + (size_t)i * DATAGRAM, DATAGRAM};
            udp->headers[i].msg_hdr = (struct msghdr){.msg_name = &udp->from[i],
                                                      .msg_namelen = sizeof udp->from[i],
                                                      .msg_iov = &udp->parts[i],
                                                      .msg_iovlen = 1,
                                                      .msg_control = udp->control[i],
                                                      .msg_controllen = sizeof udp->control[i]};
        }
        int got = recvmmsg(fd, udp->headers, DATAGRAMS, MSG_DONTWAIT, NULL);
        if (got <= 0)
            return;
        bundle_up(udp, got);
        if (got < DATAGRAMS)
            return;
    }
}

static void close_input(void *state) {
    struct udp *udp = state;
    jw_watch_end(udp->watch);
    if (udp->fd >= 0)
        close(udp->fd);
    free(udp->bytes);
    free(udp);
}

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    const char *listen = jw_daemon_text(collect->run, "syslog-udp");
    int buffer = WANT_BUFFER, one = 1;
    if (!*listen)
        return JW_OK;
    struct udp *udp = calloc(1, sizeof *udp);
    if (!udp)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    udp->collect = collect;
    udp->fd = -1;
    udp->bytes = malloc((size_t)DATAGRAMS * DATAGRAM);
    udp->kernel_drops = jw_stats_get(collect->run->stats, "events_dropped_total", JW_TEXT("syslog-udp:kernel"));
    jw_status st =
        udp->bytes ? jw_listen_open(listen, SOCK_DGRAM, &udp->fd, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK) {
        if (setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
            setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        setsockopt(udp->fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);
        st = jw_loop_watch(collect->run->loop, udp->fd, EPOLLIN, on_readable, udp, &udp->watch, err);
    }
    if (st != JW_OK) {
        close_input(udp);
        return jw_wrap(err, st, "syslog-udp");
    }
    *out_state = udp;
    return JW_OK;
}

static const struct jw_option options[] = {
    {.name = "syslog-udp",
     .value = "ADDR:PORT",
     .preset = "127.0.0.1:5514",
     .about = "syslog over UDP; empty: none"},
    {0},
};

const struct jw_input jw_input_syslog_udp = {
    .name = "syslog-udp",
    .about = "syslog over UDP (RFC 5426)",
    .options = options,
    .open = open_input,
    .close = close_input,
};
