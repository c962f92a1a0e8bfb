/* lib/os/sandbox.h — what a daemon gives up before the first foreign byte: landlock(7) for files, seccomp(2) for
 * calls.
 *
 * Everywhere: no new privileges, no execution of programs, no debugging of others, no mounts, modules, namespaces,
 * BPF or keys. Files may be read everywhere (parsers, followed logs, certificates) unless `read` names folders, and
 * written only below the folders in `write`. A kernel without landlock (before 5.13) gives JW_AGAIN: the caller
 * says so in its log and goes on with seccomp alone. Enter before starting threads: landlock holds for the calling
 * thread and those it starts from then on. It cannot be taken back. */
#pragma once
#include <stdbool.h>

#include "base/status.h"

struct jw_sandbox {
    const char *const *write; /* NULL-ended; each must exist; reading is included */
    const char *const *read;  /* NULL-ended, or NULL: reading everywhere */
    bool no_network;          /* no new sockets but unix ones */
};
JW_MUST_CHECK jw_status jw_sandbox_enter(const struct jw_sandbox *rules, struct jw_error *err);
