/* daemons/collect/listen.h — sockets to listen on, from one word of the configuration. */
#pragma once
#include <sys/socket.h>

#include "base/address.h"
#include "base/status.h"

/* `type`: SOCK_STREAM ("ADDR:PORT", "[ADDR]:PORT", or "/path": a unix socket, mode 0660) or SOCK_DGRAM (no path).
 * Non-blocking, closed on exec. JW_E_SYNTAX: not an address; JW_E_SYSTEM: the kernel refused it. */
JW_MUST_CHECK jw_status jw_listen_open(const char *listen, int type, int *out_fd, struct jw_error *err);
jw_address jw_listen_peer(const struct sockaddr_storage *from); /* all zero for a unix socket */
