/* lib/formats/cef.c — ArcSight Common Event Format, "Implementing ArcSight CEF" revision 25:
 *   CEF:Version|Vendor|Product|Device version|Class id|Name|Severity|key=value key=value …
 * Keys with an equal in ECS get its name, others are kept as cef.extensions.KEY; a custom field (cs1, cn2,
 * flexString1 …) with its label as cef.extensions.LABEL. The dictionary's short and full names are both read. */
#include "format.h"
#include "names.h"
#include "stamp.h"

static const struct jw_alias keys[] = {
    JW_ALIAS("act", "event.action"),
    JW_ALIAS("app", "network.protocol"),
    JW_ALIAS("applicationProtocol", "network.protocol"),
    JW_ALIAS("bytesIn", "source.bytes"),
    JW_ALIAS("bytesOut", "destination.bytes"),
    JW_ALIAS("destinationAddress", "destination.ip"),
    JW_ALIAS("destinationDnsDomain", "destination.domain"),
    JW_ALIAS("destinationHostName", "destination.domain"),
    JW_ALIAS("destinationMacAddress", "destination.mac"),
    JW_ALIAS("destinationPort", "destination.port"),
    JW_ALIAS("destinationTranslatedAddress", "destination.nat.ip"),
    JW_ALIAS("destinationTranslatedPort", "destination.nat.port"),
    JW_ALIAS("destinationUserId", "destination.user.id"),
    JW_ALIAS("destinationUserName", "destination.user.name"),
    JW_ALIAS("deviceAction", "event.action"),
    JW_ALIAS("deviceAddress", "observer.ip"),
    JW_ALIAS("deviceHostName", "observer.hostname"),
    JW_ALIAS("deviceInboundInterface", "observer.ingress.interface.name"),
    JW_ALIAS("deviceMacAddress", "observer.mac"),
    JW_ALIAS("deviceOutboundInterface", "observer.egress.interface.name"),
    JW_ALIAS("deviceProcessId", "process.pid"),
    JW_ALIAS("deviceProcessName", "process.name"),
    JW_ALIAS("deviceTimeZone", "event.timezone"),
    JW_ALIAS("dhost", "destination.domain"),
    JW_ALIAS("dmac", "destination.mac"),
    JW_ALIAS("dpt", "destination.port"),
    JW_ALIAS("dst", "destination.ip"),
    JW_ALIAS("dtz", "event.timezone"),
    JW_ALIAS("duid", "destination.user.id"),
    JW_ALIAS("duser", "destination.user.name"),
    JW_ALIAS("dvc", "observer.ip"),
    JW_ALIAS("dvchost", "observer.hostname"),
    JW_ALIAS("dvcmac", "observer.mac"),
    JW_ALIAS("dvcpid", "process.pid"),
    JW_ALIAS("eventOutcome", "event.outcome"),
    JW_ALIAS("fileName", "file.name"),
    JW_ALIAS("filePath", "file.path"),
    JW_ALIAS("fileSize", "file.size"),
    JW_ALIAS("fname", "file.name"),
    JW_ALIAS("fsize", "file.size"),
    JW_ALIAS("in", "source.bytes"),
    JW_ALIAS("message", "message"),
    JW_ALIAS("msg", "message"),
    JW_ALIAS("out", "destination.bytes"),
    JW_ALIAS("outcome", "event.outcome"),
    JW_ALIAS("proto", "network.transport"),
    JW_ALIAS("reason", "event.reason"),
    JW_ALIAS("request", "url.original"),
    JW_ALIAS("requestClientApplication", "user_agent.original"),
    JW_ALIAS("requestContext", "http.request.referrer"),
    JW_ALIAS("requestMethod", "http.request.method"),
    JW_ALIAS("requestUrl", "url.original"),
    JW_ALIAS("shost", "source.domain"),
    JW_ALIAS("smac", "source.mac"),
    JW_ALIAS("sourceAddress", "source.ip"),
    JW_ALIAS("sourceHostName", "source.domain"),
    JW_ALIAS("sourceMacAddress", "source.mac"),
    JW_ALIAS("sourcePort", "source.port"),
    JW_ALIAS("sourceTranslatedAddress", "source.nat.ip"),
    JW_ALIAS("sourceTranslatedPort", "source.nat.port"),
    JW_ALIAS("sourceUserId", "source.user.id"),
    JW_ALIAS("sourceUserName", "source.user.name"),
    JW_ALIAS("spt", "source.port"),
    JW_ALIAS("src", "source.ip"),
    JW_ALIAS("suid", "source.user.id"),
    JW_ALIAS("suser", "source.user.name"),
    JW_ALIAS("transportProtocol", "network.transport"),
};

/* ArcSight lists times in this order of trust; the first that reads is the event's time. */
static const struct jw_alias times[] = {
    JW_ALIAS("rt", ""),
    JW_ALIAS("deviceReceiptTime", ""),
    JW_ALIAS("end", "event.end"),
    JW_ALIAS("endTime", "event.end"),
    JW_ALIAS("start", "event.start"),
    JW_ALIAS("startTime", "event.start"),
};
#define TIMES  (sizeof times / sizeof *times)
#define LABELS 32 /* the dictionary has 31 custom fields with a label */

struct reader {
    struct jw_record *rec;
    unsigned trust; /* place in `times` of the time taken, or TIMES */
    jw_text label_key[LABELS], label[LABELS];
    size_t labels;
};

/* "\|", "\\", "\=", "\n", "\r"; a backslash before anything else stands for itself, as in Windows paths. */
static jw_text plain(struct jw_record *rec, jw_text s) {
    if (s.len == 0 || !memchr(s.ptr, '\\', s.len))
        return s;
    char *copy = jw_arena_alloc(rec->mem, s.len);
    size_t len = 0;
    if (!copy) {
        rec->state = JW_E_LIMIT;
        return s;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' && i + 1 < s.len && memchr("|\\=nr", s.ptr[i + 1], 5)) {
            c = s.ptr[++i];
            c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c);
        }
        copy[len++] = c;
    }
    return (jw_text){copy, len};
}

/* Up to the next '|' that no backslash precedes. */
static bool column(struct jw_record *rec, jw_text *rest, jw_text *out) {
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == '\\')
            i++;
        else if (rest->ptr[i] == '|') {
            *out = plain(rec, jw_text_trim((jw_text){rest->ptr, i}));
            rest->ptr += i + 1;
            rest->len -= i + 1;
            return true;
        }
    }
    return false;
}

static void severity(struct jw_record *rec, jw_text value) {
    static const struct jw_alias words[] = {JW_ALIAS("unknown", "0"), JW_ALIAS("low", "0"), JW_ALIAS("medium", "4"),
                                            JW_ALIAS("high", "7"), JW_ALIAS("very-high", "9")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (jw_text_is_nocase(words[i].key, value)) {
            jw_record_put_kind(rec, JW_F_EVENT_SEVERITY, words[i].name, JW_KIND_NUMBER);
            jw_record_set(rec, JW_TEXT("cef.severity"), value);
            return;
        }
    jw_name_set(rec, JW_TEXT("event.severity"), value);
}

static bool is_key_byte(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '.' || c == '-' ||
           c == '[' || c == ']';
}

/* The next place of "key=" in `s` at or behind `from`: a word at the start or behind a blank, then '='. */
static bool find_key(jw_text s, size_t from, size_t *out_start, size_t *out_equals) {
    for (size_t i = from; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '=') {
            size_t start = i;
            while (start > from && is_key_byte(s.ptr[start - 1]))
                start--;
            if (start < i && (start == 0 || s.ptr[start - 1] == ' ' || s.ptr[start - 1] == '\t')) {
                *out_start = start;
                *out_equals = i;
                return true;
            }
        }
    }
    return false;
}

static bool take_time(struct reader *r, jw_text key, jw_text value) {
    int64_t time;
    for (unsigned i = 0; i < TIMES; i++)
        if (jw_text_is(key, times[i].key)) {
            if (!jw_stamp_any(value, r->rec->received, r->rec->zone_offset_s, &time))
                return false; /* then it is kept as written */
            if (i < r->trust)
                jw_record_set_time(r->rec, time);
            r->trust = i < r->trust ? i : r->trust;
            if (times[i].name.len)
                jw_name_set_time(r->rec, times[i].name, time);
            return true;
        }
    return false;
}

static bool take_address(struct jw_record *rec, jw_text key, jw_text value) {
    static const jw_text directions[] = {JW_TEXT("inbound"), JW_TEXT("outbound")};
    if (jw_text_is(key, JW_TEXT("deviceDirection")) && value.len == 1 && (*value.ptr == '0' || *value.ptr == '1')) {
        jw_record_put(rec, JW_F_NETWORK_DIRECTION, directions[*value.ptr - '0']);
        return true;
    }
    if (jw_text_is(key, JW_TEXT("fileHash"))) { /* the dictionary does not say which; its length does */
        jw_field_id id = value.len == 32   ? JW_F_FILE_HASH_MD5
                         : value.len == 40 ? JW_F_FILE_HASH_SHA1
                         : value.len == 64 ? JW_F_FILE_HASH_SHA256
                                           : JW_F_NONE;
        if (id)
            jw_record_put(rec, id, value);
        return id != JW_F_NONE;
    }
    return false;
}

static void extension(struct reader *r, jw_text key, jw_text value) {
    static const jw_text prefix = JW_TEXT("cef.extensions.");
    if (jw_text_ends(key, JW_TEXT("Label")) && key.len > 5 && value.len && r->labels < LABELS) {
        r->label_key[r->labels] = (jw_text){key.ptr, key.len - 5};
        r->label[r->labels++] = value;
        return;
    }
    if (take_time(r, key, value) || take_address(r->rec, key, value))
        return;
    jw_text name = jw_alias_find(keys, sizeof keys / sizeof *keys, key);
    if (name.ptr)
        jw_name_set(r->rec, name, value);
    else
        jw_record_add(r->rec, jw_name_join(r->rec, prefix, key), value);
}

/* cs1=x with cs1Label=Rule Name becomes cef.extensions.Rule_Name; a label without a field is kept as it came. */
static void apply_labels(struct reader *r) {
    static const jw_text prefix = JW_TEXT("cef.extensions.");
    for (size_t i = 0; i < r->labels; i++) {
        jw_text name = jw_name_join(r->rec, prefix, r->label[i]),
                old = jw_name_join(r->rec, prefix, r->label_key[i]);
        if (!name.ptr || !old.ptr)
            return;
        for (size_t k = prefix.len; k < name.len; k++)
            if (name.ptr[k] == ' ')
                ((char *)(uintptr_t)name.ptr)[k] = '_'; /* our own copy, made two lines above */
        if (jw_record_find(r->rec, old))
            jw_record_rename(r->rec, old, name);
        else
            jw_record_add(r->rec, jw_name_join(r->rec, old, JW_TEXT("Label")), r->label[i]);
    }
}

static void extensions(struct reader *r, jw_text s) {
    size_t start, equals, next_start, next_equals;
    bool more = find_key(s, 0, &start, &equals);
    while (more) {
        more = find_key(s, equals + 1, &next_start, &next_equals);
        size_t end = more ? next_start : s.len;
        jw_text value = jw_text_trim((jw_text){s.ptr + equals + 1, end - equals - 1});
        extension(r, (jw_text){s.ptr + start, equals - start}, plain(r->rec, value));
        start = next_start;
        equals = next_equals;
    }
    apply_labels(r);
}

static bool detect(jw_text line) { return jw_text_starts(jw_format_trim(line), JW_TEXT("CEF:")); }

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    static const jw_text columns[] = {JW_TEXT("cef.version"),      JW_TEXT("observer.vendor"),
                                      JW_TEXT("observer.product"), JW_TEXT("observer.version"),
                                      JW_TEXT("event.code"),       JW_TEXT("cef.name")};
    struct reader r = {.rec = rec, .trust = TIMES};
    jw_text value, rest = jw_format_trim(line);
    if (!jw_text_drop(&rest, JW_TEXT("CEF:")))
        return jw_fail(err, JW_E_SYNTAX, "cef: wrong magic");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (!column(rec, &rest, &value))
            return jw_fail(err, JW_E_SYNTAX, "cef: header ends before " JW_FMT, JW_ARG(columns[i]));
        jw_record_set(rec, columns[i], value);
    }
    if (!column(rec, &rest, &value)) { /* without extension some senders leave out the last bar */
        value = plain(rec, jw_text_trim(rest));
        rest.len = 0;
    }
    severity(rec, value);
    extensions(&r, rest);
    const jw_field *name = jw_record_find(rec, JW_TEXT("cef.name"));
    if (name && !jw_record_find_id(rec, JW_F_MESSAGE))
        jw_record_put(rec, JW_F_MESSAGE, name->value);
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_cef = {
    .name = "cef",
    .about = "ArcSight Common Event Format",
    .sample = JW_TEXT("CEF:0|Acme|Gate|7.1|100|SQL injection \\| blocked|8|rt=1795168800123 src=10.0.0.1 spt=40000 "
                      "dst=10.0.0.2 dpt=443 proto=TCP act=blocked request=https://a.example/?q\\=1 "
                      "cs1Label=Rule Name cs1=union select msg=a b\\nc"),
    .detect = detect,
    .parse = parse,
};
