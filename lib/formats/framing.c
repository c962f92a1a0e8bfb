/* lib/formats/framing.c — RFC 6587 incrementally; every byte is looked at once. */
#include "framing.h"

#include "format.h"

#define DIGITS 9 /* of a count: a gigabyte is no message */

static void advance(jw_text *rest, size_t n) {
    rest->ptr += n;
    rest->len -= n;
}

/* Digits, a blank, and where the message begins. 0: no count; SIZE_MAX: cannot tell yet. */
static size_t read_count(jw_text s, uint64_t *out) {
    uint64_t value = 0;
    size_t n = 0;
    for (; n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9'; n++) {
        if (n == DIGITS || (n == 0 && *s.ptr == '0'))
            return 0;
        value = value * 10 + (uint64_t)(s.ptr[n] - '0');
    }
    if (n == s.len)
        return SIZE_MAX;
    *out = value;
    return n > 0 && s.ptr[n] == ' ' ? n + 1 : 0;
}

/* How the frame at the front of `rest` is framed; a line may begin with a number, unless frames before it were
 * counted. False: more bytes are needed to decide. */
static bool decide(struct jw_framing *framing, jw_text *rest, bool end) {
    uint64_t ignored;
    while (rest->len && (*rest->ptr == '\n' || *rest->ptr == '\r' || *rest->ptr == '\0'))
        advance(rest, 1); /* empty lines; some senders count and still end the line */
    size_t at = read_count(*rest, &ignored);
    if (rest->len == 0 || (!end && (at == SIZE_MAX || (at && at == rest->len && !framing->counting))))
        return false;
    framing->counting = at && at != SIZE_MAX && (framing->counting || (at < rest->len && rest->ptr[at] == '<'));
    framing->decided = true;
    return true;
}

/* Drops what is left of a message that was cut. False: there is more of it to come. */
static bool drop_rest(struct jw_framing *framing, jw_text *rest) {
    if (framing->skip) {
        size_t n = framing->skip < rest->len ? (size_t)framing->skip : rest->len;
        framing->skip -= n;
        framing->dropped += n;
        advance(rest, n);
        return framing->skip == 0;
    }
    if (framing->skip_line) {
        const char *at = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
        size_t n = at ? (size_t)(at - rest->ptr) + 1 : rest->len;
        framing->dropped += n;
        advance(rest, n);
        framing->skip_line = !at;
        return at != NULL;
    }
    return true;
}

static jw_status next_counted(struct jw_framing *framing, jw_text *rest, bool end, jw_text *out, bool *out_cut) {
    uint64_t count;
    size_t at = read_count(*rest, &count);
    size_t have = rest->len - at, want = count < framing->ceiling ? (size_t)count : framing->ceiling;
    if (have < want && !end)
        return JW_AGAIN;
    want = have < want ? have : want;
    *out = (jw_text){rest->ptr + at, want};
    *out_cut = count > framing->ceiling;
    framing->oversized += *out_cut;
    framing->skip = *out_cut ? count - want : 0;
    advance(rest, at + want);
    return JW_OK;
}

/* Where the line ends, or the length when it does not yet; *out_gap is how many bytes divide it from the next. */
static size_t line_end(struct jw_framing *framing, jw_text s, size_t *out_gap) {
    size_t from = framing->scanned;
    const char *end = from < s.len ? memchr(s.ptr + from, '\n', s.len - from) : NULL;
    size_t line = end ? (size_t)(end - s.ptr) : s.len;
    for (const char *at = s.ptr + from; from < line && (at = memchr(at, '\0', (size_t)(s.ptr + line - at))); at++)
        if (at + 1 == s.ptr + s.len || at[1] == '<') {
            *out_gap = 1;
            return (size_t)(at - s.ptr);
        }
    *out_gap = end != NULL;
    return line;
}

static jw_status next_line(struct jw_framing *framing, jw_text *rest, bool end, jw_text *out, bool *out_cut) {
    size_t gap, line = line_end(framing, *rest, &gap);
    if (rest->len == 0 || (gap == 0 && line <= framing->ceiling && !end)) {
        framing->scanned = line;
        return JW_AGAIN;
    }
    framing->scanned = 0;
    *out_cut = line > framing->ceiling;
    *out = (jw_text){rest->ptr, *out_cut ? framing->ceiling : line};
    if (*out_cut) {
        framing->oversized++;
        framing->skip_line = true;
        advance(rest, framing->ceiling);
    } else
        advance(rest, line + gap);
    return JW_OK;
}

jw_status jw_framing_next(struct jw_framing *framing, jw_text *rest, bool end, jw_text *out_message,
                          bool *out_cut) {
    for (;;) {
        if (!drop_rest(framing, rest) || rest->len == 0 || (!framing->decided && !decide(framing, rest, end)))
            return end ? JW_END : JW_AGAIN;
        jw_status status = framing->counting ? next_counted(framing, rest, end, out_message, out_cut)
                                             : next_line(framing, rest, end, out_message, out_cut);
        if (status != JW_OK)
            return end ? JW_END : JW_AGAIN;
        framing->decided = false;
        *out_message = jw_format_trim(*out_message);
        if (out_message->len)
            return JW_OK;
    }
}
