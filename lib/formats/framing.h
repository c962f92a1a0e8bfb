/* lib/formats/framing.h — from a byte stream to messages: RFC 6587 octet counting and newline framing.
 *
 * Each frame decides for itself, as rsyslog and syslog-ng have it, since relays mix both on one connection: a
 * length and " <" mean octet counting (behind a counted frame the length and a blank will do), all else a line; a
 * NUL before
 * '<' or behind the last byte at hand divides too (section 3.4.2, some appliances). A message past the
 * ceiling is cut there and the rest of it is dropped while it arrives, so the stream stays in step. One per
 * connection. */
#pragma once
#include "base/status.h"
#include "base/text.h"

struct jw_framing {
    size_t ceiling;     /* most bytes of a message; set by the owner before the first call, at least 64 */
    uint64_t oversized; /* messages that were cut */
    uint64_t dropped;   /* bytes of them that nobody will see */
    /* internal */
    size_t scanned; /* bytes of the buffer known to hold no end of line */
    uint64_t skip;  /* octet counting: bytes still to drop */
    bool decided, counting, skip_line;
};

/* Takes the next message from the front of *rest, the bytes received and not yet consumed. JW_OK: a message without
 * its end (it borrows *rest; never empty; *out_cut when it was longer than the ceiling). JW_AGAIN: more bytes are
 * needed; keep what is left of *rest in front of them, which is never more than ceiling + 32. `end`: the peer
 * closed, so what is left is a last message, perhaps incomplete; then JW_END follows. */
JW_MUST_CHECK jw_status jw_framing_next(struct jw_framing *framing, jw_text *rest, bool end, jw_text *out_message,
                                        bool *out_cut);
