/* daemons/collect/relp.h — RELP frames out of bytes: "TXNR SP COMMAND SP DATALEN [SP DATA] LF" (the RELP
 * specification of its author, Rainer Gerhards: "relp.txt", section "Frame format"). */
#pragma once
#include "base/buffer.h"
#include "base/status.h"

#define JW_RELP_TXNR 999999999u

struct jw_relp_frame {
    uint32_t txnr; /* 0..999,999,999 */
    jw_text command, data;
    bool cut; /* the data was longer than the ceiling */
};

struct jw_relp {
    jw_buffer data; /* what has come of DATA */
    size_t most;    /* bytes of DATA kept */
    char head[64];  /* TXNR, COMMAND and DATALEN as far as they have come */
    size_t head_len;
    uint64_t left; /* bytes of DATA to come */
    struct jw_relp_frame frame;
    enum { JW_RELP_HEAD, JW_RELP_DATA, JW_RELP_END } at;
};

static inline struct jw_relp jw_relp_begin(size_t most) {
    return (struct jw_relp){.data = JW_BUFFER(most), .most = most};
}
void jw_relp_end(struct jw_relp *relp);
/* Cuts the next frame from the front of `bytes`. JW_OK: `out` is one, borrowed until the next call. JW_AGAIN: all
 * bytes are taken, more are needed. JW_E_SYNTAX: not RELP. */
JW_MUST_CHECK jw_status jw_relp_next(struct jw_relp *relp, jw_text *bytes, struct jw_relp_frame *out,
                                     struct jw_error *err);
static inline size_t jw_relp_partial(const struct jw_relp *relp) {
    return relp->head_len + relp->data.len + (relp->at != JW_RELP_HEAD);
}
