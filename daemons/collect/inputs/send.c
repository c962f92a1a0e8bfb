/* daemons/collect/inputs/send.c — `jinwu send` over DATA/run/collect.sock (the conversation is in wire/wire.h). */
#include "../input.h"
#include "../sessions.h"
#include "../stream.h"
#include "wire/wire.h"

#define CARRY_KEPT 65536

struct client {
    jw_buffer carry;
    struct jw_session *session; /* NULL before HELLO */
    struct jw_stream *stream;
};

/* One listener, one table: the loop's thread. */
static struct jw_sessions sessions;

static void *begin(struct jw_stream *stream) {
    struct client *client = malloc(sizeof *client);
    if (client)
        *client = (struct client){.carry = JW_BUFFER(JW_WIRE_MOST + JW_COLLECT_READ + 64), .stream = stream};
    return client;
}

static void end(void *state) {
    struct client *client = state;
    if (client->session && client->session->listener == client->stream)
        client->session->listener = NULL;
    jw_sessions_leave(&sessions, client->session);
    jw_buffer_free(&client->carry);
    free(client);
}

static void tell_state(struct jw_stream *stream, const struct jw_session *session) {
    jw_buffer out = JW_BUFFER(64);
    size_t begin_at = jw_wire_begin(&out, JW_WIRE_STATE);
    jw_wire_put_u64(&out, session->done);
    jw_wire_end(&out, begin_at);
    jw_stream_send(stream, jw_buffer_text(&out));
    jw_buffer_free(&out);
}

static jw_status refuse(struct jw_stream *stream, const char *why, struct jw_error *err) {
    jw_buffer out = JW_BUFFER(1024);
    size_t begin_at = jw_wire_begin(&out, JW_WIRE_REFUSE);
    jw_wire_put_text(&out, jw_text_from(why));
    jw_wire_end(&out, begin_at);
    jw_stream_send(stream, jw_buffer_text(&out));
    jw_buffer_free(&out);
    return jw_fail(err, JW_E_SYNTAX, "send: %s", why);
}

static jw_status on_hello(struct client *client, jw_text body, struct jw_error *err) {
    struct jw_stream *stream = client->stream;
    struct jw_collect *collect = jw_stream_collect(stream);
    struct jw_wire_reader reader = jw_wire_read(body);
    uint64_t id = jw_wire_u64(&reader);
    jw_text source = jw_wire_text(&reader), format = jw_wire_text(&reader), dataset = jw_wire_text(&reader);
    if (!jw_wire_done(&reader) || !id || client->session || source.len >= JW_SOURCE_NAME ||
        !jw_text_is_utf8(source) || format.len > 64 || dataset.len > 128)
        return refuse(stream, "a HELLO that is not understood", err);
    if (!jw_stream_names(stream, jw_source_named(collect->sources, source.len ? source : JW_TEXT("send")), format,
                         dataset))
        return refuse(stream, "no memory", err);
    client->session = jw_sessions_enter(&sessions, collect->spool, id);
    if (!client->session)
        return refuse(stream, "too many sessions", err);
    client->session->listener = stream;
    tell_state(stream, client->session);
    return JW_OK;
}

static struct jw_lines *lines_of(struct jw_wire_reader *reader, size_t most) {
    struct jw_lines *lines = jw_lines_new();
    uint32_t count = jw_wire_u32(reader);
    bool good = lines && count <= JW_WIRE_CHUNK_LINES;
    for (uint32_t i = 0; good && i < count; i++) {
        jw_text line = jw_wire_text(reader);
        unsigned flags = line.len > most ? JW_LINE_CUT : 0;
        line.len = line.len > most ? most : line.len;
        good = reader->good && jw_lines_add(lines, line, flags);
    }
    if (!good) {
        jw_lines_free(lines);
        return NULL;
    }
    return lines;
}

static jw_status on_chunk(struct client *client, jw_text body, struct jw_error *err) {
    struct jw_session *session = client->session;
    struct jw_wire_reader reader = jw_wire_read(body);
    uint64_t number = jw_wire_u64(&reader);
    if (!session)
        return refuse(client->stream, "a CHUNK before HELLO", err);
    if (number <=
        session->taken) { /* sent again: its STATE comes when it is durable, or was lost with the connection */
        tell_state(client->stream, session);
        return JW_OK;
    }
    if (number != session->taken + 1)
        return refuse(client->stream, "a CHUNK out of order", err);
    struct jw_lines *lines = lines_of(&reader, jw_stream_collect(client->stream)->message_most);
    if (!lines || !jw_wire_done(&reader) || !lines->count) {
        jw_lines_free(lines);
        return refuse(client->stream, "a CHUNK that is not understood", err);
    }
    session->taken = number;
    session->users++; /* until it is answered */
    jw_stream_batch(client->stream, lines, session->id, number);
    return JW_OK;
}

static jw_status on_frame(struct client *client, uint8_t type, jw_text body, struct jw_error *err) {
    if (type == JW_WIRE_HELLO)
        return on_hello(client, body, err);
    return type == JW_WIRE_CHUNK ? on_chunk(client, body, err)
                                 : refuse(client->stream, "a message of unknown type", err);
}

static jw_status take(struct jw_stream *stream, void *state, jw_text bytes, struct jw_error *err) {
    struct client *client = state;
    uint8_t type;
    jw_text rest, body;
    (void)stream;
    jw_buffer_add(&client->carry, bytes);
    if (client->carry.failed)
        return jw_fail(err, JW_E_LIMIT, "send: no memory");
    rest = jw_buffer_text(&client->carry);
    jw_status st;
    while ((st = jw_wire_next(&rest, &type, &body)) == JW_OK)
        if ((st = on_frame(client, type, body, err)) != JW_OK)
            return st;
    if (st < 0)
        return refuse(client->stream, "a frame too long", err);
    if (rest.len)
        memmove(client->carry.ptr, rest.ptr, rest.len);
    client->carry.len = rest.len;
    if (!rest.len && client->carry.capacity > CARRY_KEPT)
        jw_buffer_free(&client->carry);
    return JW_OK;
}

/* Also for connections that are gone: the newest one of the session is told. */
static void answered(struct jw_stream *stream, void *state, jw_status st, uint32_t events, uint64_t number) {
    struct client *client = state;
    struct jw_session *session = client->session;
    (void)events;
    if (st == JW_OK && number > session->done)
        session->done = number;
    if (st == JW_OK && session->listener)
        tell_state(session->listener, session);
    if (st != JW_OK) {
        if (session->taken >= number)
            session->taken = number - 1; /* the first that failed; it may be sent again */
        jw_stream_finish(stream);
    }
    jw_sessions_leave(&sessions, session);
}

static size_t partial(const void *state) { return ((const struct client *)state)->carry.len; }

static const struct jw_stream_protocol protocol = {
    .name = "send", .begin = begin, .end = end, .take = take, .partial = partial, .answered = answered};

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    char path[JW_PATH];
    struct jw_stream_server_options options =
        jw_stream_server_common(collect, &protocol, jw_daemon_path(collect->run, "run/collect.sock", path));
    return jw_stream_server_open(collect, &options, (struct jw_stream_server **)out_state, err);
}

static void close_input(void *state) {
    jw_stream_server_close(state);
    jw_sessions_clear(&sessions);
}

const struct jw_input jw_input_send = {
    .name = "send",
    .about = "`jinwu send`: files and pipes, each chunk kept exactly once",
    .open = open_input,
    .close = close_input,
};
