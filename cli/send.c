/* cli/send.c — `jinwu send`: feeds files to a running jinwu and waits until everything is durable. It keeps what is
 * not acknowledged and sends it again after a restart of the collector, which takes each chunk once (wire/wire.h).
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/time.h"
#include "intake/intake.h"
#include "wire/wire.h"

#define WINDOW     16 /* chunks sent and not acknowledged */
#define CHUNK_WANT (256u << 10)
#define LINE_MOST  (1u << 20)
#define RETRY_MS   250
#define QUIET_MS   200 /* a pipe that pauses this long has said something worth sending */

struct chunk {
    uint64_t number;
    uint32_t count;
    size_t bytes; /* of its messages */
    jw_buffer frame;
    size_t begin, count_at;
};

struct sender {
    const char *path, *source, *format, *dataset;
    int64_t patience_ns;
    uint64_t session, next, done;
    int fd;
    size_t sent; /* bytes of the connection's unsent output that went out */
    struct chunk window[WINDOW];
    unsigned first, used; /* ring; the newest may still be open */
    unsigned unsent;      /* chunks of the window not yet given to this connection */
    jw_buffer in;
    uint64_t events, bytes, cut, lost_connections;
    int64_t told;
    bool open, refused;       /* the newest chunk takes more messages */
    bool lost;                /* no message can be sent any more: err says why */
    int damaged;              /* exit status: a file was sent as far as it could be read */
    struct jw_intake *intake; /* of what must be taken apart here; loaded when the first such file comes */
    struct jw_intake_worker *worker;
    struct jw_error err;
};

/* --- the connection ------------------------------------------------------------------------------------------- */

static bool connect_once(struct sender *sender) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(sender->path);
    if (len >= sizeof address.sun_path)
        return jw_fail(&sender->err, JW_E_SYSTEM, "%s: the path is too long for a socket", sender->path), false;
    memcpy(address.sun_path, sender->path, len);
    sender->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sender->fd < 0 || connect(sender->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        jw_fail(&sender->err, JW_E_SYSTEM, "%s: %s (is jinwu running?)", sender->path, strerror(errno));
        if (sender->fd >= 0)
            close(sender->fd);
        sender->fd = -1;
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

static bool say_hello(struct sender *sender) {
    jw_buffer out = JW_BUFFER(4096);
    size_t begin = jw_wire_begin(&out, JW_WIRE_HELLO);
    jw_wire_put_u64(&out, sender->session);
    jw_wire_put_text(&out, jw_text_from(sender->source));
    jw_wire_put_text(&out, jw_text_from(sender->format));
    jw_wire_put_text(&out, jw_text_from(sender->dataset));
    jw_wire_end(&out, begin);
    bool good = !out.failed && write_all(sender->fd, jw_buffer_text(&out));
    jw_buffer_free(&out);
    return good;
}

static void hang_up(struct sender *sender) {
    if (sender->fd >= 0)
        close(sender->fd);
    sender->fd = -1;
    jw_buffer_clear(&sender->in);
    sender->unsent = sender->used - (sender->open ? 1 : 0);
}

static struct chunk *at(struct sender *sender, unsigned i) { return &sender->window[(sender->first + i) % WINDOW]; }

static void on_done(struct sender *sender, uint64_t done) {
    unsigned closed = sender->used - (sender->open ? 1 : 0), gone = 0;
    while (gone < closed && at(sender, gone)->number <= done) {
        struct chunk *chunk = at(sender, gone++);
        sender->events += chunk->count;
        sender->bytes += chunk->bytes;
        jw_buffer_free(&chunk->frame);
    }
    sender->first = (sender->first + gone) % WINDOW;
    sender->used -= gone;
    closed -= gone;
    if (sender->unsent > closed)
        sender->unsent = closed;
    if (done > sender->done)
        sender->done = done;
}

/* Reads what the collector says; waits up to `timeout_ms`. False: the connection is lost. */
static bool listen_to(struct sender *sender, int timeout_ms, bool *out_heard) {
    struct pollfd wait = {.fd = sender->fd, .events = POLLIN};
    uint8_t type;
    jw_text rest, body;
    *out_heard = false;
    if (poll(&wait, 1, timeout_ms) <= 0)
        return true;
    if (!jw_buffer_reserve(&sender->in, 4096))
        return false;
    ssize_t got = recv(sender->fd, sender->in.ptr + sender->in.len, 4096, 0);
    if (got <= 0)
        return false;
    sender->in.len += (size_t)got;
    rest = jw_buffer_text(&sender->in);
    jw_status st;
    while ((st = jw_wire_next(&rest, &type, &body)) == JW_OK) {
        struct jw_wire_reader reader = jw_wire_read(body);
        *out_heard = true;
        if (type == JW_WIRE_STATE) {
            on_done(sender, jw_wire_u64(&reader));
        } else if (type == JW_WIRE_REFUSE) {
            jw_fail(&sender->err, JW_E_DENIED, "the collector says: " JW_FMT, JW_ARG(jw_wire_text(&reader)));
            sender->refused = true;
            return false;
        }
    }
    memmove(sender->in.ptr, rest.ptr, rest.len);
    sender->in.len = rest.len;
    return st >= 0;
}

/* Connects, and hears how far the session got. */
static bool reach(struct sender *sender) {
    int64_t until = jw_time_steady() + sender->patience_ns;
    bool heard = false;
    while (sender->fd < 0 && !sender->refused) {
        if (connect_once(sender)) {
            if (say_hello(sender) && listen_to(sender, 5000, &heard) && heard)
                return true;
            hang_up(sender);
            if (!sender->refused)
                jw_fail(&sender->err, JW_E_SYSTEM, "%s: the collector does not answer", sender->path);
        }
        if (jw_time_steady() > until)
            break;
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * JW_MS}, NULL);
    }
    return sender->fd >= 0;
}

static void lose(struct sender *sender) {
    sender->lost_connections++;
    hang_up(sender);
}

/* Sends every closed chunk this connection has not seen. */
static bool push(struct sender *sender) {
    while (!sender->refused) {
        if (sender->fd < 0 && !reach(sender))
            return false;
        unsigned closed = sender->used - (sender->open ? 1 : 0);
        if (!sender->unsent)
            return true;
        if (write_all(sender->fd, jw_buffer_text(&at(sender, closed - sender->unsent)->frame)))
            sender->unsent--;
        else
            lose(sender);
    }
    return false;
}

static void tell_progress(struct sender *sender, bool last) {
    int64_t now = jw_time_steady();
    if (!isatty(STDERR_FILENO) || (!last && now - sender->told < 200 * JW_MS))
        return;
    sender->told = now;
    fprintf(stderr, "\rjinwu send: %llu events durable%s", (unsigned long long)sender->events, last ? "\n" : "");
}

/* Until at most `most` chunks wait for their acknowledgement. */
static bool wait_for(struct sender *sender, unsigned most) {
    bool heard;
    while (push(sender)) {
        tell_progress(sender, false);
        if (sender->used <= most)
            return true;
        if (!listen_to(sender, 1000, &heard))
            lose(sender);
    }
    return false;
}

/* --- chunks --------------------------------------------------------------------------------------------------- */

static void close_chunk(struct sender *sender) {
    if (!sender->open)
        return;
    struct chunk *chunk = at(sender, sender->used - 1);
    for (int i = 0; i < 4; i++)
        chunk->frame.ptr[chunk->count_at + (size_t)i] = (char)(chunk->count >> (8 * i));
    jw_wire_end(&chunk->frame, chunk->begin);
    sender->open = false;
    sender->unsent++;
}

static bool open_chunk(struct sender *sender) {
    if (sender->open)
        return true;
    if (!wait_for(sender, WINDOW - 1))
        return false;
    struct chunk *chunk = at(sender, sender->used);
    *chunk = (struct chunk){.number = sender->next++, .frame = JW_BUFFER(JW_WIRE_MOST + 4)};
    chunk->begin = jw_wire_begin(&chunk->frame, JW_WIRE_CHUNK);
    jw_wire_put_u64(&chunk->frame, chunk->number);
    chunk->count_at = chunk->frame.len;
    jw_wire_put_u32(&chunk->frame, 0);
    sender->used++;
    sender->open = true;
    return !chunk->frame.failed;
}

static bool add_message(struct sender *sender, jw_text line) {
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
        line.len--;
    if (!line.len)
        return true;
    if (line.len > LINE_MOST) {
        line.len = LINE_MOST;
        sender->cut++;
    }
    if (!open_chunk(sender))
        return false;
    struct chunk *chunk = at(sender, sender->used - 1);
    jw_wire_put_text(&chunk->frame, line);
    chunk->count++;
    chunk->bytes += line.len;
    if (chunk->frame.failed)
        return jw_fail(&sender->err, JW_E_LIMIT, "no memory"), false;
    if (chunk->bytes >= CHUNK_WANT || chunk->count == JW_WIRE_CHUNK_LINES) {
        close_chunk(sender);
        return push(sender);
    }
    return true;
}

/* --- what is sent --------------------------------------------------------------------------------------------- */

/* Takes whole lines from the front of `text`. `skipping`: the rest of a line past the ceiling is passed over. */
static bool take_lines(struct sender *sender, jw_buffer *text, bool *skipping) {
    jw_text rest = jw_buffer_text(text), line;
    while (jw_text_cut(&rest, '\n', &line)) {
        if (!*skipping && !add_message(sender, line))
            return false;
        *skipping = false;
    }
    if (rest.len > LINE_MOST) {
        if (!*skipping && !add_message(sender, rest))
            return false;
        *skipping = true;
        rest.len = 0;
    }
    memmove(text->ptr, rest.ptr, rest.len);
    text->len = rest.len;
    return true;
}

/* What has come of a pipe is sent when it pauses, so that `tail -f | jinwu send -` is not late. */
static bool send_if_quiet(struct sender *sender) {
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!sender->open || poll(&wait, 1, QUIET_MS) != 0)
        return true;
    close_chunk(sender);
    return push(sender);
}

static bool is_cut_short(gzFile file) {
    int error = Z_OK;
    gzerror(file, &error);
    return error == Z_BUF_ERROR;
}

/* Lines of a file, gzip or plain; standard input when `file` is NULL. */
static bool send_stream(struct sender *sender, gzFile file, const char *name) {
    jw_buffer text = JW_BUFFER(LINE_MOST * 2 + 65536);
    bool good = true, skipping = false;
    while (good && (file || (good = send_if_quiet(sender)))) {
        if (!jw_buffer_reserve(&text, 65536)) {
            good = false;
            break;
        }
        ssize_t got =
            file ? gzread(file, text.ptr + text.len, 65536) : read(STDIN_FILENO, text.ptr + text.len, 65536);
        if (got < 0 && !file && errno == EINTR)
            continue;
        if (got < 0) /* the other files may still be good */
            sender->damaged = jw_command_failed("send", "%s: %s", name,
                                                file ? "cannot be read, or damaged gzip data" : strerror(errno));
        if (got == 0 && file && is_cut_short(file))
            sender->damaged = jw_command_failed("send", "%s: the gzip data ends too early; sent up to there", name);
        if (got <= 0)
            break;
        text.len += (size_t)got;
        good = take_lines(sender, &text, &skipping);
    }
    if (text.len && !skipping && (good || !sender->refused)) /* the last line may lack its end */
        good = add_message(sender, jw_buffer_text(&text)) && good;
    jw_buffer_free(&text);
    return good;
}

static bool send_lines(struct sender *sender, const char *path) {
    gzFile file = gzopen(path, "rbe");
    if (!file) {
        sender->damaged = jw_command_failed("send", "%s: %s", path, strerror(errno));
        return true;
    }
    bool good = send_stream(sender, file, path);
    gzclose(file);
    return good;
}

/* An event that was decoded here goes as one JSON document; what the collector adds itself is left out. */
static jw_status send_record(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct sender *sender = context;
    jw_buffer out = JW_BUFFER(2 * LINE_MOST);
    (void)number;
    for (uint32_t i = 0; i < rec->count;)
        if (jw_text_starts(rec->fields[i].name, JW_TEXT("gov.")))
            jw_record_remove(rec, rec->fields[i].name);
        else
            i++;
    jw_buffer_byte(&out, '{');
    jw_record_json(rec, &out);
    jw_buffer_byte(&out, '}');
    bool good = !out.failed && add_message(sender, jw_buffer_text(&out));
    jw_buffer_free(&out);
    sender->lost |= !good;
    return good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s", sender->err.text);
}

/* EVTX and JSON that is not a document per line must be taken apart before it can be sent in pieces, also out of
 * gzip. */
static bool needs_decoding(const char *path) {
    char head[4096];
    gzFile file = gzopen(path, "rbe");
    int got = file ? gzread(file, head, sizeof head) : 0;
    size_t len = got > 0 ? (size_t)got : 0;
    if (file)
        gzclose(file);
    jw_text start = {head, len}, line;
    if (jw_text_starts(start, JW_TEXT("ElfFile")))
        return true;
    start = jw_text_trim(start);
    if (!start.len || (*start.ptr != '[' && *start.ptr != '{'))
        return false;
    if (*start.ptr == '[')
        return len > 1 && (start.len < 2 || start.ptr[1] == '{' || start.ptr[1] == '\n' || start.ptr[1] == '\r' ||
                           start.ptr[1] == ' ');
    return jw_text_cut(&start, '\n', &line) && !jw_text_ends(jw_text_trim(line), JW_TEXT("}"));
}

static jw_status load_intake(struct sender *sender, struct jw_error *err) {
    struct jw_intake_options options = {.content = jw_command_content()};
    jw_status st = sender->intake ? JW_OK : jw_intake_load(&options, &sender->intake, err);
    if (st == JW_OK && !sender->worker && !(sender->worker = jw_intake_worker_new(sender->intake)))
        st = jw_fail(err, JW_E_LIMIT, "no memory");
    return st;
}

static bool send_decoded(struct sender *sender, const char *path) {
    struct jw_error err;
    struct jw_intake_counts counts = {0};
    struct jw_intake_from from = {.received = jw_time_now()};
    jw_status st = load_intake(sender, &err);
    if (st == JW_OK)
        st = jw_intake_file(sender->worker, &from, path, send_record, sender, &counts, &err);
    if (st != JW_OK && !sender->lost)
        sender->damaged = jw_command_failed("send", "%s", err.text);
    if (counts.damaged)
        sender->damaged = jw_command_failed("send", "%s: %llu damaged records, or a cut end, were passed over",
                                            path, (unsigned long long)counts.damaged);
    return !sender->lost;
}

/* Not 0 only when no other file could be sent either. */
static int send_file(void *context, const char *path) {
    struct sender *sender = context;
    bool good = needs_decoding(path) ? send_decoded(sender, path) : send_lines(sender, path);
    sender->lost |= !good;
    return good ? 0 : jw_command_failed("send", "%s", sender->err.text);
}

static int send_input(struct sender *sender) {
    bool good = send_stream(sender, NULL, "standard input");
    sender->lost |= !good;
    return good ? 0 : jw_command_failed("send", "%s", sender->err.text);
}

/* --- the command ---------------------------------------------------------------------------------------------- */

static int send_all(struct sender *sender, int count, char **paths) {
    int result = 0;
    for (int i = 0; i < count && !sender->lost; i++) {
        int told = strcmp(paths[i], "-") == 0 ? send_input(sender)
                                              : jw_command_files("send", 1, &paths[i], send_file, sender);
        result = told ? told : result;
    }
    close_chunk(sender); /* what was read before a failure is sent all the same */
    if (!sender->refused && !wait_for(sender, 0) && !sender->lost)
        result = jw_command_failed("send", "%s", sender->err.text);
    return result ? result : sender->damaged;
}

static void finish(struct sender *sender, int64_t started) {
    double seconds = (double)(jw_time_steady() - started) / (double)JW_SECOND;
    tell_progress(sender, true);
    if (jw_command_json(false))
        printf("{\"events\":%llu,\"bytes\":%llu,\"cut\":%llu,\"reconnects\":%llu,\"seconds\":%.3f}\n",
               (unsigned long long)sender->events, (unsigned long long)sender->bytes,
               (unsigned long long)sender->cut, (unsigned long long)sender->lost_connections, seconds);
    else
        printf("%llu events (%llu bytes) are durable, %.1f s\n", (unsigned long long)sender->events,
               (unsigned long long)sender->bytes, seconds);
    if (sender->cut)
        fprintf(stderr, "jinwu send: %llu lines were longer than 1 MiB and were cut there\n",
                (unsigned long long)sender->cut);
    hang_up(sender);
    while (sender->used) {
        jw_buffer_free(&at(sender, 0)->frame);
        sender->first = (sender->first + 1) % WINDOW;
        sender->used--;
    }
    jw_buffer_free(&sender->in);
    jw_intake_worker_free(sender->worker);
    jw_intake_free(sender->intake);
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {{"data", false},    {"source", false}, {"format", false},
                                                       {"dataset", false}, {"wait", false},   {NULL, false}};
    const char *values[5] = {0};
    char path[4096];
    int64_t wait_s = 60, started = jw_time_steady();
    if (jw_command_options("send", options, &argc, argv, values))
        return JW_EXIT_USAGE;
    if (argc < 2)
        return jw_command_usage("send", "which files? \"-\" means standard input");
    if (values[4] && (!jw_text_i64(jw_text_from(values[4]), &wait_s) || wait_s < 0 || wait_s > 86400))
        return jw_command_usage("send", "--wait=%s: wants seconds", values[4]);
    snprintf(path, sizeof path, "%s/run/collect.sock", jw_command_data(values[0]));
    struct sender sender = {.path = path,
                            .source = values[1] ? values[1] : "send",
                            .format = values[2] ? values[2] : "",
                            .dataset = values[3] ? values[3] : "",
                            .patience_ns = wait_s * JW_SECOND,
                            .next = 1,
                            .fd = -1,
                            .in = JW_BUFFER(JW_WIRE_MOST + 65536)};
    jw_random(&sender.session, sizeof sender.session);
    sender.session |= 1; /* never 0 */
    int result =
        reach(&sender) ? send_all(&sender, argc - 1, argv + 1) : jw_command_failed("send", "%s", sender.err.text);
    finish(&sender, started);
    return result;
}

const struct jw_command jw_command_send = {
    .name = "send",
    .about = "feed files to a running jinwu and wait until they are durable",
    .help =
        "Use: jinwu send [OPTIONS] FILE…|-\n\n"
        "Sends every line of the files (a folder means every file in it, - means standard input) to the\n"
        "collector of this machine and ends when all of it is durable. gzip, EVTX, JSON lines, JSON arrays and\n"
        "plain text are understood. When the collector restarts meanwhile, sending goes on; nothing is kept "
        "twice.\n\n"
        "  --source NAME   what the events' gov.source says (default: send)\n"
        "  --format NAME   how to read the lines: syslog, cef, leef, json, kv … (default: find out)\n"
        "  --dataset NAME  what the lines are, as in a parser's name (default: find out)\n"
        "  --data DIR      the data folder of the running jinwu\n"
        "  --wait SECONDS  how long to wait for a collector that is away (default 60)\n\n"
        "Example: jinwu send --source old-firewall /var/log/fw/*.log.gz\n"
        "Exit: 0 everything is durable, 1 something could not be sent, 2 usage.\n",
    .run = run,
};
