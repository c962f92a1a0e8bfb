/* daemons/collect/inputs/syslog_tcp.c — syslog over TCP, RFC 6587: octet counting and lines. */
#include "../framed.h"
#include "../input.h"

static const struct jw_stream_protocol protocol = {.name = "syslog-tcp", JW_FRAMED};

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    const char *listen = jw_daemon_text(collect->run, "syslog-tcp");
    if (!*listen)
        return JW_OK;
    struct jw_stream_server_options options = jw_stream_server_common(collect, &protocol, listen);
    return jw_stream_server_open(collect, &options, (struct jw_stream_server **)out_state, err);
}

static void close_input(void *state) { jw_stream_server_close(state); }

static const struct jw_option options[] = {
    {.name = "syslog-tcp",
     .value = "ADDR:PORT",
     .preset = "127.0.0.1:5514",
     .about = "syslog over TCP; empty: none"},
    {0},
};

const struct jw_input jw_input_syslog_tcp = {
    .name = "syslog-tcp",
    .about = "syslog over TCP: octet counting and lines (RFC 6587)",
    .options = options,
    .open = open_input,
    .close = close_input,
};
