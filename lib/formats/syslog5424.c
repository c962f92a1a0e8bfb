/* lib/formats/syslog5424.c — RFC 5424: "<PRI>1 TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG".
 * Structured data becomes syslog.sd.ID.NAME; an element without parameters is kept with an empty value. */
#include "syslog.h"

/* Header words are divided by one blank; "-" means nothing is known. */
static bool word(jw_text *rest, jw_text *out) {
    if (!jw_text_next(rest, ' ', out) || out->len == 0)
        return false;
    if (jw_text_is(*out, JW_TEXT("-")))
        out->len = 0;
    return true;
}

static jw_text joined(struct jw_record *rec, jw_text id, jw_text name) {
    static const jw_text prefix = JW_TEXT("syslog.sd.");
    size_t len = prefix.len + id.len + (name.len ? 1 + name.len : 0);
    char *at = jw_arena_alloc(rec->mem, len);
    if (!at) {
        rec->state = JW_E_LIMIT;
        return (jw_text){0};
    }
    memcpy(at, prefix.ptr, prefix.len);
    memcpy(at + prefix.len, id.ptr, id.len);
    if (name.len) {
        at[prefix.len + id.len] = '.';
        memcpy(at + prefix.len + id.len + 1, name.ptr, name.len);
    }
    return (jw_text){at, len};
}

/* Up to the closing quote. Section 6.3.3: \" \\ \] are escapes, a backslash before anything else is a backslash. */
static bool param_value(jw_text *rest, struct jw_record *rec, jw_text *out) {
    size_t end = 0, escapes = 0;
    while (end < rest->len && rest->ptr[end] != '"') {
        bool escape = rest->ptr[end] == '\\' && end + 1 < rest->len && memchr("\"\\]", rest->ptr[end + 1], 3);
        escapes += escape;
        end += escape ? 2 : 1;
    }
    if (end >= rest->len)
        return false;
    *out = (jw_text){rest->ptr, end};
    if (escapes) {
        char *plain = jw_arena_alloc(rec->mem, end - escapes);
        if (!plain) {
            rec->state = JW_E_LIMIT;
            return false;
        }
        size_t to = 0;
        for (size_t i = 0; i < end; i++) {
            if (rest->ptr[i] == '\\' && memchr("\"\\]", rest->ptr[i + 1], 3))
                i++;
            plain[to++] = rest->ptr[i];
        }
        *out = (jw_text){plain, to};
    }
    rest->ptr += end + 1;
    rest->len -= end + 1;
    return true;
}

/* One "[id name="value" …]"; `rest` moves only when all of it is well formed. */
static bool element(jw_text *rest, struct jw_record *rec) {
    jw_text s = *rest, id, name, value;
    uint32_t before = rec->count;
    size_t n = 1;
    while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != ']' && s.ptr[n] != '"' && s.ptr[n] != '=')
        n++;
    if (n == 1 || n == s.len || s.ptr[n] == '"' || s.ptr[n] == '=')
        return false;
    id = (jw_text){s.ptr + 1, n - 1};
    s = (jw_text){s.ptr + n, s.len - n};
    while (s.len && *s.ptr == ' ') {
        s = (jw_text){s.ptr + 1, s.len - 1};
        if (s.len && *s.ptr == ']')
            break;
        if (!jw_text_cut(&s, '=', &name) || name.len == 0 || memchr(name.ptr, ' ', name.len) ||
            memchr(name.ptr, ']', name.len) || !jw_text_drop(&s, JW_TEXT("\"")) || !param_value(&s, rec, &value)) {
            rec->count = before;
            return false;
        }
        jw_record_add(rec, joined(rec, id, name), value);
    }
    if (!jw_text_drop(&s, JW_TEXT("]"))) {
        rec->count = before;
        return false;
    }
    if (rec->count == before)
        jw_record_add(rec, joined(rec, id, (jw_text){0}), (jw_text){"", 0});
    *rest = s;
    return true;
}

static bool detect(jw_text line) {
    line = jw_format_trim(line);
    if (!jw_syslog_detect_priority(line) || !jw_text_cut(&line, '>', &(jw_text){0}))
        return false;
    return line.len > 2 && *line.ptr >= '1' && *line.ptr <= '9' &&
           (line.ptr[1] == ' ' || (line.ptr[1] >= '0' && line.ptr[1] <= '9'));
}

/* "2026-02-30T…": meant as a timestamp, whatever it says; anything else is no RFC 5424 at all. */
static bool is_date_shaped(jw_text s) {
    static const char shape[] = "dddd-dd-ddT";
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (i == s.len || (shape[i] == 'd' ? s.ptr[i] < '0' || s.ptr[i] > '9' : s.ptr[i] != shape[i]))
            return false;
    return true;
}

static bool header(jw_text *rest, struct jw_record *rec, struct jw_error *err) {
    jw_text version, stamp, host, app, process, id;
    int64_t time;
    bool timed;
    if (!word(rest, &version) || version.len > 3 || !jw_text_u64(version, &(uint64_t){0}))
        return jw_fail(err, JW_E_SYNTAX, "syslog5424: no version"), false;
    if (!word(rest, &stamp) ||
        (!(timed = jw_time_parse(stamp, rec->zone_offset_s, &time)) && stamp.len && !is_date_shaped(stamp)))
        return jw_fail(err, JW_E_SYNTAX, "syslog5424: no timestamp"), false;
    if (!word(rest, &host) || !word(rest, &app) || !word(rest, &process) || !word(rest, &id))
        return jw_fail(err, JW_E_SYNTAX, "syslog5424: header ends early"), false;
    jw_record_put_kind(rec, JW_F_LOG_SYSLOG_VERSION, version, JW_KIND_TEXT);
    if (timed)
        jw_record_set_time(rec, time);
    else if (stamp.len) /* no such day, or a year that is no time here: the rest of the header holds all the same */
        jw_record_set(rec, JW_TEXT("log.syslog.unreadable_time"), stamp);
    if (host.len)
        jw_syslog_host(rec, host);
    if (app.len)
        jw_syslog_program(rec, app);
    if (process.len && process.len <= 10 && jw_text_u64(process, &(uint64_t){0}))
        jw_record_put_kind(rec, JW_F_PROCESS_PID, process, JW_KIND_NUMBER);
    else if (process.len)
        jw_record_set(rec, JW_TEXT("log.syslog.procid"), process);
    if (id.len)
        jw_record_put(rec, JW_F_LOG_SYSLOG_MSGID, id);
    return true;
}

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    jw_text rest = jw_format_trim(line);
    if (!detect(rest) || !jw_syslog_priority(&rest, rec))
        return jw_fail(err, JW_E_SYNTAX, "syslog5424: no priority and version");
    if (!header(&rest, rec, err))
        return JW_E_SYNTAX;
    if (!jw_text_is(rest, JW_TEXT("-")) && !jw_text_drop(&rest, JW_TEXT("- ")))
        while (rest.len && *rest.ptr == '[' &&
               element(&rest, rec)) /* a broken element is message, as some omit SD */
            ;
    else if (jw_text_is(rest, JW_TEXT("-")))
        rest.len = 0;
    jw_text_drop(&rest, JW_TEXT(" "));
    jw_record_put(rec, JW_F_MESSAGE, jw_format_trim(rest)); /* section 6.4: the mark says UTF-8 and is no content */
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_syslog5424 = {
    .name = "syslog5424",
    .about = "Syslog (RFC 5424) with structured data",
    .sample =
        JW_TEXT("<165>1 2026-11-20T10:00:00.003+08:00 gate.example app 4711 ID47 "
                "[meta@32473 unit=\"water \\\"A\\\"\" seq=\"7\"][origin ip=\"10.1.2.3\"] \xEF\xBB\xBFstarted"),
    .detect = detect,
    .parse = parse,
};
