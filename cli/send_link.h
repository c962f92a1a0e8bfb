/* cli/send_link.h — the session of `jinwu send` with the collector (wire/wire.h): messages go in, and are sent
 * again after a restart of the collector until they are acknowledged; it takes each chunk once. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

#define JW_SEND_WINDOW 16 /* chunks sent and not acknowledged */
#define JW_SEND_LINE   (1u << 20)

struct jw_send_chunk {
    uint64_t number;
    uint32_t count;
    size_t bytes; /* of its messages */
    jw_buffer frame;
    size_t begin, count_at;
};

struct jw_send_link {
    const char *path, *source, *format, *dataset; /* the collector's socket; what the session says of itself */
    int64_t patience_ns;                          /* for a collector that is away */
    uint64_t session, next, done;                 /* session: not 0; next: 1 at first */
    int fd;                                       /* -1 at first */
    struct jw_send_chunk window[JW_SEND_WINDOW];
    unsigned first, used; /* ring; the newest may still be open */
    unsigned unsent;      /* chunks of the window not yet given to this connection */
    jw_buffer in;
    uint64_t events, bytes, cut, lost_connections; /* events and bytes: acknowledged */
    int64_t told;
    bool open, refused;  /* the newest chunk takes more messages; the collector does not want us */
    struct jw_error err; /* after a false */
};

bool jw_send_link_reach(struct jw_send_link *link);             /* connects, and hears how far the session got */
bool jw_send_link_add(struct jw_send_link *link, jw_text line); /* copied; false: it cannot go on */
bool jw_send_link_flush(struct jw_send_link *link);             /* what was added is on its way */
bool jw_send_link_drain(struct jw_send_link *link);             /* what was added is durable */
void jw_send_link_tell(struct jw_send_link *link, bool last);   /* progress on a terminal */
void jw_send_link_close(struct jw_send_link *link);
