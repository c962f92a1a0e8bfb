/* daemons/collect/inputs/relp.c — the Reliable Event Logging Protocol, as rsyslog's omrelp speaks it: each message
 * is acknowledged ("rsp") when it is durable, so a sender that keeps what is not acknowledged loses nothing. */
#include "../relp.h"

#include "../input.h"
#include "../stream.h"

#define PENDING_MOST 65536 /* transactions without an answer; senders use 128 */

struct session {
    struct jw_relp relp;
    uint32_t *pending; /* a ring of transaction numbers that wait for their answer */
    size_t first, count, capacity;
    uint32_t closing; /* transaction of "close", when `closed` */
    bool opened, closed;
};

static void *begin(struct jw_stream *stream) {
    struct session *session = calloc(1, sizeof *session);
    if (session)
        session->relp = jw_relp_begin(jw_stream_collect(stream)->message_most);
    return session;
}

static void end(void *state) {
    struct session *session = state;
    jw_relp_end(&session->relp);
    free(session->pending);
    free(session);
}

static void respond(struct jw_stream *stream, uint32_t txnr, jw_text data) {
    char head[64];
    int len = snprintf(head, sizeof head, "%u rsp %zu ", txnr, data.len);
    jw_stream_send(stream, (jw_text){head, (size_t)len});
    jw_stream_send(stream, data);
    jw_stream_send(stream, JW_TEXT("\n"));
}

/* When everything before it is answered. */
static void say_goodbye(struct jw_stream *stream, struct session *session) {
    char rsp[64];
    int len = snprintf(rsp, sizeof rsp, "%u rsp 0\n0 serverclose 0\n", session->closing);
    jw_stream_send(stream, (jw_text){rsp, (size_t)len});
    jw_stream_finish(stream);
}

static bool remember(struct session *session, uint32_t txnr) {
    if (session->count == session->capacity) {
        size_t capacity = session->capacity ? session->capacity * 2 : 128;
        uint32_t *ring = capacity > PENDING_MOST ? NULL : malloc(capacity * sizeof *ring);
        if (!ring)
            return false;
        for (size_t i = 0; i < session->count; i++)
            ring[i] = session->pending[(session->first + i) % session->capacity];
        free(session->pending);
        session->pending = ring;
        session->capacity = capacity;
        session->first = 0;
    }
    session->pending[(session->first + session->count++) % session->capacity] = txnr;
    return true;
}

static jw_status on_syslog(struct jw_stream *stream, struct session *session, const struct jw_relp_frame *frame,
                           struct jw_error *err) {
    jw_text line = frame->data;
    while (line.len &&
           (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\0'))
        line.len--;
    if (!remember(session, frame->txnr))
        return jw_fail(err, JW_E_LIMIT, "relp: more than %d messages without answer", PENDING_MOST);
    jw_stream_message(stream, line, frame->cut ? JW_LINE_CUT : 0); /* an empty one too: each is one answer */
    return JW_OK;
}

static jw_status on_frame(struct jw_stream *stream, struct session *session, const struct jw_relp_frame *frame,
                          struct jw_error *err) {
    if (jw_text_is(frame->command, JW_TEXT("open"))) {
        session->opened = true;
        respond(stream, frame->txnr, JW_TEXT("200 OK\nrelp_version=0\nrelp_software=jinwu\ncommands=syslog"));
    } else if (!session->opened) {
        return jw_fail(err, JW_E_SYNTAX, "relp: the first command must be open");
    } else if (jw_text_is(frame->command, JW_TEXT("syslog"))) {
        return on_syslog(stream, session, frame, err);
    } else if (jw_text_is(frame->command, JW_TEXT("close"))) {
        session->closed = true;
        session->closing = frame->txnr;
        if (!session->count)
            say_goodbye(stream, session);
    } else {
        respond(stream, frame->txnr, JW_TEXT("500 command is not known"));
    }
    return JW_OK;
}

static jw_status take(struct jw_stream *stream, void *state, jw_text bytes, struct jw_error *err) {
    struct session *session = state;
    struct jw_relp_frame frame;
    jw_status st = JW_OK;
    while (!session->closed && (st = jw_relp_next(&session->relp, &bytes, &frame, err)) == JW_OK)
        if ((st = on_frame(stream, session, &frame, err)) != JW_OK)
            break;
    return st < 0 ? st : JW_OK;
}

static void answered(struct jw_stream *stream, void *state, jw_status st, uint32_t events, uint64_t origin_at) {
    struct session *session = state;
    (void)origin_at;
    if (st != JW_OK) { /* no answer at all: a sender may take a refusal for an end, silence makes it send again */
        jw_stream_finish(stream);
        return;
    }
    for (; events && session->count; events--, session->count--) {
        uint32_t txnr = session->pending[session->first];
        session->first = (session->first + 1) % session->capacity;
        respond(stream, txnr, JW_TEXT("200 OK"));
    }
    if (session->closed && !session->count)
        say_goodbye(stream, session);
}

static size_t partial(const void *state) { return jw_relp_partial(&((const struct session *)state)->relp); }

static const struct jw_stream_protocol protocol = {
    .name = "relp", .begin = begin, .end = end, .take = take, .partial = partial, .answered = answered};

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    const char *listen = jw_daemon_text(collect->run, "relp");
    if (!*listen)
        return JW_OK;
    struct jw_stream_server_options options = jw_stream_server_common(collect, &protocol, listen);
    return jw_stream_server_open(collect, &options, (struct jw_stream_server **)out_state, err);
}

static void close_input(void *state) { jw_stream_server_close(state); }

static const struct jw_option options[] = {
    {.name = "relp", .value = "ADDR:PORT", .preset = "127.0.0.1:2514", .about = "RELP; empty: none"},
    {0},
};

const struct jw_input jw_input_relp = {
    .name = "relp",
    .about = "RELP: acknowledged when durable",
    .options = options,
    .open = open_input,
    .close = close_input,
};
