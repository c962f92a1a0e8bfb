/* daemons/collect/relp.c — the frame reader; a frame that lies whole in the bytes is passed on without a copy. */
#include "relp.h"

#define KEPT 4096 /* a buffer larger than this is given back between frames */

void jw_relp_end(struct jw_relp *relp) { jw_buffer_free(&relp->data); }

static bool is_word(jw_text s) {
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')))
            return false;
    return s.len > 0 && s.len <= 32;
}

/* "TXNR COMMAND DATALEN" without what follows it. */
static jw_status read_head(struct jw_relp *relp, struct jw_error *err) {
    jw_text rest = {relp->head, relp->head_len}, txnr, command;
    uint64_t number, len;
    if (!jw_text_cut(&rest, ' ', &txnr) || !jw_text_cut(&rest, ' ', &command) || !is_word(command) ||
        txnr.len > 9 || !jw_text_u64(txnr, &number) || rest.len > 9 || !jw_text_u64(rest, &len))
        return jw_fail(err, JW_E_SYNTAX, "relp: broken frame header");
    relp->frame = (struct jw_relp_frame){.txnr = (uint32_t)number, .command = command};
    relp->left = len;
    return JW_OK;
}

/* Bytes up to the blank or line feed behind DATALEN. A line feed may follow it at once when there is no data. */
static jw_status take_head(struct jw_relp *relp, jw_text *bytes, struct jw_error *err) {
    while (bytes->len) {
        char byte = *bytes->ptr;
        int blanks = 0;
        bytes->ptr++, bytes->len--;
        if (relp->head_len == 0 && byte == '\n') /* tolerated between frames: old librelp sends one too many */
            continue;
        for (size_t i = 0; i < relp->head_len; i++)
            blanks += relp->head[i] == ' ';
        if (byte == '\n' || (byte == ' ' && blanks == 2)) {
            jw_status st = read_head(relp, err);
            if (st == JW_OK && byte == '\n' && relp->left)
                return jw_fail(err, JW_E_SYNTAX, "relp: a frame ends before its data");
            relp->at = byte == '\n' ? JW_RELP_HEAD : relp->left ? JW_RELP_DATA : JW_RELP_END;
            relp->head_len = 0;
            return st;
        }
        if (relp->head_len == sizeof relp->head)
            return jw_fail(err, JW_E_SYNTAX, "relp: frame header without end");
        relp->head[relp->head_len++] = byte;
    }
    return JW_AGAIN;
}

static jw_status take_data(struct jw_relp *relp, jw_text *bytes) {
    size_t part = bytes->len < relp->left ? bytes->len : (size_t)relp->left;
    size_t room = relp->most - relp->data.len, kept = part < room ? part : room;
    bool whole = relp->left == part && !relp->data.len;
    relp->left -= part;
    relp->frame.cut |= kept < part;
    if (whole) {
        relp->frame.data = (jw_text){bytes->ptr, kept};
    } else {
        jw_buffer_add(&relp->data, (jw_text){bytes->ptr, kept});
        relp->frame.cut |= relp->data.failed;
        relp->data.failed = false;
        relp->frame.data = jw_buffer_text(&relp->data);
    }
    bytes->ptr += part, bytes->len -= part;
    if (relp->left)
        return JW_AGAIN;
    relp->at = JW_RELP_END;
    return JW_OK;
}

jw_status jw_relp_next(struct jw_relp *relp, jw_text *bytes, struct jw_relp_frame *out, struct jw_error *err) {
    jw_status st = JW_OK;
    if (relp->at == JW_RELP_HEAD) {
        if (relp->data.capacity > KEPT)
            jw_buffer_free(&relp->data);
        jw_buffer_clear(&relp->data);
        st = take_head(relp, bytes, err);
        if (st != JW_OK)
            return st;
        if (relp->at == JW_RELP_HEAD) /* "1 close 0\n" */
            return *out = relp->frame, JW_OK;
    }
    if (relp->at == JW_RELP_DATA && (st = take_data(relp, bytes)) != JW_OK)
        return st;
    if (!bytes->len) {
        /* the line feed is still to come, and `bytes` will be gone by then */
        if (!relp->data.len && relp->frame.data.len)
            jw_buffer_add(&relp->data, relp->frame.data);
        relp->frame.data = jw_buffer_text(&relp->data);
        return JW_AGAIN;
    }
    if (*bytes->ptr != '\n')
        return jw_fail(err, JW_E_SYNTAX, "relp: a frame goes on after its data");
    bytes->ptr++, bytes->len--;
    relp->at = JW_RELP_HEAD;
    *out = relp->frame;
    return JW_OK;
}
