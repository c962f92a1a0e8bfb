/* cli/send_link.c — one session with the collector: a ring of chunks, each kept until it is acknowledged. */
#include "send_link.h"
#include "command.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "wire/wire.h"

#define CHUNK_WANT (256u << 10)
#define RETRY_MS   250

/* --- the connection ------------------------------------------------------------------------------------------- */

static bool connect_once(struct jw_send_link *link) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(link->path);
    if (len >= sizeof address.sun_path)
        return jw_fail(&link->err, JW_E_SYSTEM, "%s: the path is too long for a socket", link->path), false;
    memcpy(address.sun_path, link->path, len);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        jw_fail(&link->err, JW_E_SYSTEM, "%s: %s (is jinwu running?)", link->path, strerror(errno));
        if (link->fd >= 0)
            close(link->fd);
        link->fd = -1;
        return false;
    }
    return true;
}

static bool write_all(int fd, jw_text bytes) {
    while (bytes.len) {
        ssize_t part = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        bytes.ptr += part;
        bytes.len -= (size_t)part;
    }
    return true;
}

static bool say_hello(struct jw_send_link *link) {
    jw_buffer out = JW_BUFFER(4096);
    size_t begin = jw_wire_begin(&out, JW_WIRE_HELLO);
    jw_wire_put_u64(&out, link->session);
    jw_wire_put_text(&out, jw_text_from(link->source));
    jw_wire_put_text(&out, jw_text_from(link->format));
    jw_wire_put_text(&out, jw_text_from(link->dataset));
    jw_wire_end(&out, begin);
    bool good = !out.failed && write_all(link->fd, jw_buffer_text(&out));
    jw_buffer_free(&out);
    return good;
}

static void hang_up(struct jw_send_link *link) {
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    jw_buffer_clear(&link->in);
    link->unsent = link->used - (link->open ? 1 : 0);
}

static struct jw_send_chunk *at(struct jw_send_link *link, unsigned i) {
    return &link->window[(link->first + i) % JW_SEND_WINDOW];
}

static void on_done(struct jw_send_link *link, uint64_t done) {
    unsigned closed = link->used - (link->open ? 1 : 0), gone = 0;
    while (gone < closed && at(link, gone)->number <= done) {
        struct jw_send_chunk *chunk = at(link, gone++);
        link->events += chunk->count;
        link->bytes += chunk->bytes;
        jw_buffer_free(&chunk->frame);
    }
    link->first = (link->first + gone) % JW_SEND_WINDOW;
    link->used -= gone;
    closed -= gone;
    if (link->unsent > closed)
        link->unsent = closed;
    if (done > link->done)
        link->done = done;
}

/* Reads what the collector says; waits up to `timeout_ms`. False: the connection is lost. */
static bool listen_to(struct jw_send_link *link, int timeout_ms, bool *out_heard) {
    struct pollfd wait = {.fd = link->fd, .events = POLLIN};
    uint8_t type;
    jw_text rest, body;
    *out_heard = false;
    if (poll(&wait, 1, timeout_ms) <= 0)
        return true;
    if (!jw_buffer_reserve(&link->in, 4096))
        return false;
    ssize_t got = recv(link->fd, link->in.ptr + link->in.len, 4096, 0);
    if (got <= 0)
        return false;
    link->in.len += (size_t)got;
    rest = jw_buffer_text(&link->in);
    jw_status st;
    while ((st = jw_wire_next(&rest, &type, &body)) == JW_OK) {
        struct jw_wire_reader reader = jw_wire_read(body);
        *out_heard = true;
        if (type == JW_WIRE_STATE) {
            on_done(link, jw_wire_u64(&reader));
        } else if (type == JW_WIRE_REFUSE) {
            jw_fail(&link->err, JW_E_DENIED, "the collector says: " JW_FMT, JW_ARG(jw_wire_text(&reader)));
            link->refused = true;
            return false;
        }
    }
    memmove(link->in.ptr, rest.ptr, rest.len);
    link->in.len = rest.len;
    return st >= 0;
}

/* Connects, and hears how far the session got. */
bool jw_send_link_reach(struct jw_send_link *link) {
    int64_t until = jw_time_steady() + link->patience_ns;
    bool heard = false;
    while (link->fd < 0 && !link->refused) {
        if (connect_once(link)) {
            if (say_hello(link) && listen_to(link, 5000, &heard) && heard)
                return true;
            hang_up(link);
            if (!link->refused)
                jw_fail(&link->err, JW_E_SYSTEM, "%s: the collector does not answer", link->path);
        }
        if (jw_time_steady() > until)
            break;
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * JW_MS}, NULL);
    }
    return link->fd >= 0;
}

static void lose(struct jw_send_link *link) {
    link->lost_connections++;
    hang_up(link);
}

/* Sends every closed chunk this connection has not seen. */
static bool push(struct jw_send_link *link) {
    while (!link->refused) {
        if (link->fd < 0 && !jw_send_link_reach(link))
            return false;
        unsigned closed = link->used - (link->open ? 1 : 0);
        if (!link->unsent)
            return true;
        if (write_all(link->fd, jw_buffer_text(&at(link, closed - link->unsent)->frame)))
            link->unsent--;
        else
            lose(link);
    }
    return false;
}

void jw_send_link_tell(struct jw_send_link *link, bool last) {
    int64_t now = jw_time_steady();
    if (!isatty(STDERR_FILENO) || (!last && now - link->told < 200 * JW_MS))
        return;
    link->told = now;
    fprintf(stderr, "\rjinwu send: %llu events durable%s", (unsigned long long)link->events, last ? "\n" : "");
}

/* Until at most `most` chunks wait for their acknowledgement. */
static bool wait_for(struct jw_send_link *link, unsigned most) {
    bool heard;
    while (push(link)) {
        jw_send_link_tell(link, false);
        if (link->used <= most)
            return true;
        if (!listen_to(link, 1000, &heard))
            lose(link);
    }
    return false;
}

/* --- chunks --------------------------------------------------------------------------------------------------- */

static void close_chunk(struct jw_send_link *link) {
    if (!link->open)
        return;
    struct jw_send_chunk *chunk = at(link, link->used - 1);
    for (int i = 0; i < 4; i++)
        chunk->frame.ptr[chunk->count_at + (size_t)i] = (char)(chunk->count >> (8 * i));
    jw_wire_end(&chunk->frame, chunk->begin);
    link->open = false;
    link->unsent++;
}

static bool open_chunk(struct jw_send_link *link) {
    if (link->open)
        return true;
    if (!wait_for(link, JW_SEND_WINDOW - 1))
        return false;
    struct jw_send_chunk *chunk = at(link, link->used);
    *chunk = (struct jw_send_chunk){.number = link->next++, .frame = JW_BUFFER(JW_WIRE_MOST + 4)};
    chunk->begin = jw_wire_begin(&chunk->frame, JW_WIRE_CHUNK);
    jw_wire_put_u64(&chunk->frame, chunk->number);
    chunk->count_at = chunk->frame.len;
    jw_wire_put_u32(&chunk->frame, 0);
    link->used++;
    link->open = true;
    return !chunk->frame.failed;
}

bool jw_send_link_add(struct jw_send_link *link, jw_text line) {
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    if (!line.len)
        return true;
    if (line.len > JW_SEND_LINE) {
        line.len = JW_SEND_LINE;
        link->cut++;
    }
    if (!open_chunk(link))
        return false;
    struct jw_send_chunk *chunk = at(link, link->used - 1);
    jw_wire_put_text(&chunk->frame, line);
    chunk->count++;
    chunk->bytes += line.len;
    if (chunk->frame.failed)
        return jw_fail(&link->err, JW_E_LIMIT, "no memory"), false;
    if (chunk->bytes >= CHUNK_WANT || chunk->count == JW_WIRE_CHUNK_LINES) {
        close_chunk(link);
        return push(link);
    }
    return true;
}

bool jw_send_link_flush(struct jw_send_link *link) {
    close_chunk(link);
    return push(link);
}

bool jw_send_link_drain(struct jw_send_link *link) {
    close_chunk(link);
    return !link->refused && wait_for(link, 0);
}

void jw_send_link_close(struct jw_send_link *link) {
    hang_up(link);
    while (link->used) {
        jw_buffer_free(&at(link, 0)->frame);
        link->first = (link->first + 1) % JW_SEND_WINDOW;
        link->used--;
    }
    jw_buffer_free(&link->in);
}
