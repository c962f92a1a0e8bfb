/* lib/formats/syslog3164.c — BSD syslog: RFC 3164 and what real senders make of it.
 *   [<PRI>] [sequence:] [origin:] [stamp] [host] [tag[pid]:] message
 * RFC 3164 describes habits, not a grammar, so each part may be missing; after a priority anything is a message
 * (section 4.3.3). Without priority the line must begin with a stamp, since files of all kinds come this way. */
#include "stamp.h"
#include "syslog.h"

static bool drop_byte(jw_text *s, char c) {
    if (s->len == 0 || *s->ptr != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static void drop_blanks(jw_text *s) {
    while (s->len && (*s->ptr == ' ' || *s->ptr == '\t'))
        drop_byte(s, *s->ptr);
}

static size_t digits_at(jw_text s) {
    size_t n = 0;
    while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
        n++;
    return n;
}

static jw_text word_at(jw_text s) {
    size_t n = 0;
    while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != '\t')
        n++;
    return (jw_text){s.ptr, n};
}

static void skip(jw_text *s, size_t n) {
    s->ptr += n;
    s->len -= n;
}

/* Cisco counts its messages: "29: *Mar  1 18:48:50: %SYS-5-…". */
static bool sequence(jw_text *rest, struct jw_record *rec) {
    size_t n = digits_at(*rest);
    if (n == 0 || n > 18 || n == rest->len || rest->ptr[n] != ':' || n + 1 == rest->len || rest->ptr[n + 1] != ' ')
        return false;
    jw_record_add_kind(rec, JW_TEXT("event.sequence"), (jw_text){rest->ptr, n}, JW_KIND_NUMBER);
    skip(rest, n + 1);
    drop_blanks(rest);
    return true;
}

/* Letters, digits and what stands in host names, addresses and "local@host" or "rack/host"; not a level word. */
static bool is_host(jw_text word) {
    static const char levels[][9] = {"INFO", "WARN",   "WARNING",  "ERROR",  "DEBUG", "TRACE", "FATAL",
                                     "ERR",  "NOTICE", "CRITICAL", "SEVERE", "last",  "---"};
    if (word.len == 0 || word.len > 255)
        return false;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (jw_text_is(word, jw_text_from(levels[i])))
            return false;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.ptr[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
        if (!plain && !memchr("-._:/@~+", c, 8))
            return false;
    }
    return true;
}

/* "[123]" with its pid; the number may be missing, "[main]" is no pid but still part of a tag. */
static bool bracket(jw_text *rest, jw_text *out_pid) {
    const char *close =
        rest->len && *rest->ptr == '[' ? memchr(rest->ptr, ']', rest->len < 34 ? rest->len : 34) : NULL;
    if (!close)
        return false;
    *out_pid = (jw_text){rest->ptr + 1, (size_t)(close - rest->ptr) - 1};
    if (memchr(out_pid->ptr, ' ', out_pid->len))
        return false;
    skip(rest, out_pid->len + 2);
    return true;
}

/* A tag ends with ':' or "[pid]"; names of two words occur: "Microsoft Word[12]:", "-- root[24]:",
 * "syslogd 1.4.1:". */
static bool read_tag(jw_text *rest, jw_text *out_name, jw_text *out_pid) {
    jw_text s = *rest;
    size_t n = 0, blanks = 0, second = 0;
    *out_pid = (jw_text){0};
    if (jw_text_starts(s, JW_TEXT("CEF:")) || jw_text_starts(s, JW_TEXT("LEEF:")))
        return false;
    for (; n < s.len && n < 128 && s.ptr[n] != ':' && s.ptr[n] != '['; n++) {
        if (s.ptr[n] == ' ') {
            if (++blanks > 1)
                return false;
            second = n + 1;
        } else if (memchr("<>=\"'{}%|,;\t", s.ptr[n], 12) || (unsigned char)s.ptr[n] < ' ')
            return false;
    }
    if (n == 0 || n == s.len || s.ptr[n - 1] == ' ')
        return false;
    *out_name = (jw_text){s.ptr, n};
    skip(&s, n);
    bool version = blanks && out_name->ptr[second] >= '0' && out_name->ptr[second] <= '9';
    if (*s.ptr == ':') {
        bool inside = s.len > 1 && s.ptr[1] != ' ' && s.ptr[1] != '\t'; /* as in "a::b" and "10:20" */
        if (inside || (blanks && !version))
            return false;
    } else {
        bool pid = bracket(&s, out_pid);
        bool number = pid && out_pid->len && digits_at(*out_pid) == out_pid->len;
        if (!pid || (s.len && *s.ptr != ':' && *s.ptr != ' ') || (blanks && !number) ||
            (!number && (s.len == 0 || *s.ptr != ':')))
            return false;
    }
    drop_byte(&s, ':');
    drop_byte(&s, ' ');
    if (version)
        out_name->len = second - 1;
    else if (jw_text_starts(*out_name, JW_TEXT("-- ")))
        skip(out_name, 3);
    *rest = s;
    return true;
}

static bool take_tag(jw_text *rest, struct jw_record *rec) {
    jw_text name, pid;
    if (!read_tag(rest, &name, &pid))
        return false;
    jw_syslog_program(rec, name);
    if (pid.len && pid.len <= 10 && digits_at(pid) == pid.len)
        jw_record_put_kind(rec, JW_F_PROCESS_PID, pid, JW_KIND_NUMBER);
    else if (pid.len)
        jw_record_set(rec, JW_TEXT("log.syslog.procid"), pid);
    return true;
}

/* Host and tag, either of which may be missing; a word that ends like a tag is one. */
static bool host_and_tag(jw_text *rest, struct jw_record *rec) {
    jw_text word = word_at(*rest), behind = *rest;
    skip(&behind, word.len);
    bool tag_like = word.len && (word.ptr[word.len - 1] == ':' || memchr(word.ptr, '[', word.len));
    if (tag_like && take_tag(rest, rec))
        return true;
    if (behind.len == 0 || !is_host(word))
        return take_tag(rest, rec);
    drop_blanks(&behind);
    if (behind.len && *behind.ptr == ':') { /* Cisco ASA: "asa1 : %ASA-6-…" */
        drop_byte(&behind, ':');
        drop_blanks(&behind);
    }
    if (!jw_text_is(word, JW_TEXT("-")))
        jw_syslog_host(rec, word);
    *rest = behind;
    if (sequence(rest, rec)) { /* a Cisco line behind a relay's header: the relay's clock is the better one */
        int64_t ignored;
        if (jw_stamp_read(rest, rec->received, rec->zone_offset_s, &ignored))
            drop_byte(rest, ':');
        drop_blanks(rest);
        return true;
    }
    return take_tag(rest, rec);
}

/* The stamp, with Cisco's sequence number or origin before it. */
static bool stamp(jw_text *rest, bool priority, struct jw_record *rec) {
    int64_t time;
    jw_text s = *rest, origin = {0};
    if (priority && !jw_stamp_detect(s)) {
        sequence(&s, rec);
        jw_text word = word_at(s);
        if (word.len > 1 && word.ptr[word.len - 1] == ':' && word.len < s.len &&
            jw_stamp_detect((jw_text){s.ptr + word.len + 1, s.len - word.len - 1})) {
            origin = (jw_text){word.ptr, word.len - 1};
            skip(&s, word.len + 1);
        }
    }
    if (!jw_stamp_read(&s, rec->received, rec->zone_offset_s, &time))
        return false;
    if (origin.len)
        jw_syslog_host(rec, origin);
    jw_record_set_time(rec, time);
    if (drop_byte(&s, ':') && origin.len == 0)
        origin = JW_TEXT(":"); /* Cisco's own header has no host behind the stamp */
    drop_blanks(&s);
    *rest = s;
    if (origin.len == 0)
        return true;
    jw_record_put(rec, JW_F_MESSAGE, s);
    return true;
}

static bool detect(jw_text line) {
    line = jw_format_trim(line);
    return jw_syslog_detect_priority(line) || jw_stamp_detect(line);
}

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    jw_text rest = jw_format_trim(line);
    bool iso = rest.len > 4 && rest.ptr[4] == '-';
    bool priority = jw_syslog_priority(&rest, rec);
    if (priority)
        drop_blanks(&rest);
    bool stamped = stamp(&rest, priority, rec);
    if (!priority && !stamped)
        return jw_fail(err, JW_E_SYNTAX, "syslog: neither priority nor timestamp: " JW_FMT, JW_ARG(rest));
    bool cisco = jw_record_find_id(rec, JW_F_MESSAGE) != NULL;
    bool tagged = !cisco && stamped ? host_and_tag(&rest, rec) : !cisco && take_tag(&rest, rec);
    if (!priority && iso && !(tagged && jw_record_find_id(rec, JW_F_HOST_HOSTNAME)))
        return jw_fail(err, JW_E_SYNTAX, "syslog: a date without host and program: " JW_FMT, JW_ARG(rest));
    jw_record_put(rec, JW_F_MESSAGE, jw_format_trim(rest));
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_syslog3164 = {
    .name = "syslog3164",
    .about = "BSD syslog (RFC 3164) and its variants, with or without priority",
    .sample =
        JW_TEXT("<38>Nov 20 10:00:00 gate sshd[4711]: Accepted publickey for li from 10.1.2.3 port 50022 ssh2"),
    .detect = detect,
    .parse = parse,
};
