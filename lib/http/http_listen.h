/* lib/http/http_listen.h — a listening socket from one word of the configuration. */
#pragma once
#include "base/status.h"
#include <stdint.h>

/* "ADDR:PORT" ("[…]:PORT" for IPv6; port 0: the kernel chooses) or "/path" for a unix socket, mode 0660; a dead
 * socket file is replaced, a living one is JW_E_DENIED. */
JW_MUST_CHECK jw_status jw_http_listen_open(const char *listen, int *out_fd, uint16_t *out_port,
                                            struct jw_error *err);
