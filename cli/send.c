/* cli/send.c — `jinwu send`: feeds files to a running jinwu and waits until everything is durable. */
#include "command.h"
#include "send_link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/time.h"
#include "intake/intake.h"
#include "wire/wire.h"

#define QUIET_MS 200 /* a pipe that pauses this long has said something worth sending */

struct sender {
    struct jw_send_link link;
    bool lost;                /* no message can be sent any more: link.err says why */
    int damaged;              /* exit status: a file was sent as far as it could be read */
    struct jw_intake *intake; /* of what must be taken apart here; loaded when the first such file comes */
    struct jw_intake_worker *worker;
};

/* --- what is sent --------------------------------------------------------------------------------------------- */

/* Takes whole lines from the front of `text`. `skipping`: the rest of a line past the ceiling is passed over. */
static bool take_lines(struct sender *sender, jw_buffer *text, bool *skipping) {
    jw_text rest = jw_buffer_text(text), line;
    while (jw_text_cut(&rest, '\n', &line)) {
        if (!*skipping && !jw_send_link_add(&sender->link, line))
            return false;
        *skipping = false;
    }
    if (rest.len > JW_SEND_LINE) {
        if (!*skipping && !jw_send_link_add(&sender->link, rest))
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
    if (!sender->link.open || poll(&wait, 1, QUIET_MS) != 0)
        return true;
    return jw_send_link_flush(&sender->link);
}

static bool is_cut_short(gzFile file) {
    int error = Z_OK;
    gzerror(file, &error);
    return error == Z_BUF_ERROR;
}

/* Lines of a file, gzip or plain; standard input when `file` is NULL. */
static bool send_stream(struct sender *sender, gzFile file, const char *name) {
    jw_buffer text = JW_BUFFER(JW_SEND_LINE * 2 + 65536);
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
    if (text.len && !skipping && (good || !sender->link.refused)) /* the last line may lack its end */
        good = jw_send_link_add(&sender->link, jw_buffer_text(&text)) && good;
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
    jw_buffer out = JW_BUFFER(2 * JW_SEND_LINE);
    (void)number;
    for (uint32_t i = 0; i < rec->count;)
        if (jw_text_starts(rec->fields[i].name, JW_TEXT("gov.")))
            jw_record_remove(rec, rec->fields[i].name);
        else
            i++;
    jw_buffer_byte(&out, '{');
    jw_record_json(rec, &out);
    jw_buffer_byte(&out, '}');
    bool good = !out.failed && jw_send_link_add(&sender->link, jw_buffer_text(&out));
    jw_buffer_free(&out);
    sender->lost |= !good;
    return good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s", sender->link.err.text);
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
    return good ? 0 : jw_command_failed("send", "%s", sender->link.err.text);
}

static int send_input(struct sender *sender) {
    bool good = send_stream(sender, NULL, "standard input");
    sender->lost |= !good;
    return good ? 0 : jw_command_failed("send", "%s", sender->link.err.text);
}

/* --- the command ---------------------------------------------------------------------------------------------- */

static int send_all(struct sender *sender, int count, char **paths) {
    int result = 0;
    for (int i = 0; i < count && !sender->lost; i++) {
        int told = strcmp(paths[i], "-") == 0 ? send_input(sender)
                                              : jw_command_files("send", 1, &paths[i], send_file, sender);
        result = told ? told : result;
    }
    /* what was read before a failure is sent all the same */
    if (!jw_send_link_drain(&sender->link) && !sender->link.refused && !sender->lost)
        result = jw_command_failed("send", "%s", sender->link.err.text);
    return result ? result : sender->damaged;
}

static void finish(struct sender *sender, int64_t started) {
    const struct jw_send_link *link = &sender->link;
    double seconds = (double)(jw_time_steady() - started) / (double)JW_SECOND;
    jw_send_link_tell(&sender->link, true);
    if (jw_command_json(false))
        printf("{\"events\":%llu,\"bytes\":%llu,\"cut\":%llu,\"reconnects\":%llu,\"seconds\":%.3f}\n",
               (unsigned long long)link->events, (unsigned long long)link->bytes, (unsigned long long)link->cut,
               (unsigned long long)link->lost_connections, seconds);
    else
        printf("%llu events (%llu bytes) are durable, %.1f s\n", (unsigned long long)link->events,
               (unsigned long long)link->bytes, seconds);
    if (link->cut)
        fprintf(stderr, "jinwu send: %llu lines were longer than 1 MiB and were cut there\n",
                (unsigned long long)link->cut);
    jw_send_link_close(&sender->link);
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
    struct sender sender = {.link = {.path = path,
                                     .source = values[1] ? values[1] : "send",
                                     .format = values[2] ? values[2] : "",
                                     .dataset = values[3] ? values[3] : "",
                                     .patience_ns = wait_s * JW_SECOND,
                                     .next = 1,
                                     .fd = -1,
                                     .in = JW_BUFFER(JW_WIRE_MOST + 65536)}};
    jw_random(&sender.link.session, sizeof sender.link.session);
    sender.link.session |= 1; /* never 0 */
    int result = jw_send_link_reach(&sender.link) ? send_all(&sender, argc - 1, argv + 1)
                                                  : jw_command_failed("send", "%s", sender.link.err.text);
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
