/* lib/formats/leef.c — IBM QRadar Log Event Extended Format, versions 1.0 and 2.0:
 *   LEEF:1.0|vendor|product|version|event|key=value<TAB>key=value …
 *   LEEF:2.0|vendor|product|version|event|delimiter|key=value<delimiter>key=value …
 * Predefined keys with an equal in ECS get its name, others are kept as leef.KEY. */
#include "format.h"
#include "names.h"
#include "stamp.h"

/* The header columns in wire order, under the names the rest of jinwu uses. */
static const jw_text columns[] = {JW_TEXT("observer.vendor"), JW_TEXT("observer.product"),
                                  JW_TEXT("observer.version"), JW_TEXT("event.code")};

static const struct jw_alias keys[] = {
    JW_ALIAS("action", "event.action"),
    JW_ALIAS("domain", "user.domain"),
    JW_ALIAS("dst", "destination.ip"),
    JW_ALIAS("dstBytes", "destination.bytes"),
    JW_ALIAS("dstMAC", "destination.mac"),
    JW_ALIAS("dstPackets", "destination.packets"),
    JW_ALIAS("dstPort", "destination.port"),
    JW_ALIAS("dstPostNAT", "destination.nat.ip"),
    JW_ALIAS("dstPostNATPort", "destination.nat.port"),
    JW_ALIAS("msg", "message"),
    JW_ALIAS("proto", "network.transport"),
    JW_ALIAS("sev", "event.severity"),
    JW_ALIAS("src", "source.ip"),
    JW_ALIAS("srcBytes", "source.bytes"),
    JW_ALIAS("srcMAC", "source.mac"),
    JW_ALIAS("srcPackets", "source.packets"),
    JW_ALIAS("srcPort", "source.port"),
    JW_ALIAS("srcPostNAT", "source.nat.ip"),
    JW_ALIAS("srcPostNATPort", "source.nat.port"),
    JW_ALIAS("totalPackets", "network.packets"),
    JW_ALIAS("url", "url.original"),
    JW_ALIAS("usrName", "user.name"),
};

/* "^", "x5E", "0x09": dropped with its bar. An empty column, or none at all (some senders), means tab. */
static char delimiter(jw_text *rest) {
    jw_text copy = *rest, column;
    unsigned value = 0;
    if (!jw_text_cut(&copy, '|', &column) || column.len > 4)
        return '\t';
    if (column.len > 1) {
        jw_text hex = column;
        if (!jw_text_drop(&hex, JW_TEXT("0x")) && !jw_text_drop(&hex, JW_TEXT("x")))
            return '\t';
        for (size_t i = 0; i < hex.len; i++) {
            static const char figures[] = "0123456789abcdef";
            const char *found = memchr(figures, hex.ptr[i] | (hex.ptr[i] >= 'A' ? 0x20 : 0), 16);
            if (!found)
                return '\t';
            value = value << 4 | (unsigned)(found - figures);
        }
    } else
        value = column.len ? (unsigned char)*column.ptr : '\t';
    *rest = copy;
    return value && value < 256 ? (char)value : '\t';
}

static void attribute(struct jw_record *rec, jw_text key, jw_text value) {
    static const jw_text prefix = JW_TEXT("leef.");
    int64_t time;
    if (jw_text_is(key, JW_TEXT("devTime")) && jw_stamp_any(value, rec->received, rec->zone_offset_s, &time)) {
        jw_record_set_time(rec, time);
        return;
    }
    jw_text name = jw_alias_find(keys, sizeof keys / sizeof *keys, key);
    if (name.ptr)
        jw_name_set(rec, name, value);
    else
        jw_record_add(rec, jw_name_join(rec, prefix, key), value);
}

static bool detect(jw_text line) { return jw_text_starts(jw_format_trim(line), JW_TEXT("LEEF:")); }

static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    jw_text name, value, version, rest = jw_format_trim(line);
    if (!jw_text_drop(&rest, JW_TEXT("LEEF:")) || !jw_text_cut(&rest, '|', &version) ||
        !(jw_text_starts(version, JW_TEXT("1")) || jw_text_starts(version, JW_TEXT("2"))))
        return jw_fail(err, JW_E_SYNTAX, "leef: wrong magic or version");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (!jw_text_cut(&rest, '|', &value) &&
            (i + 1 < sizeof columns / sizeof *columns ||
             !jw_text_next(&rest, '|', &value))) /* no attributes, no last bar */
            return jw_fail(err, JW_E_SYNTAX, "leef: header ends before " JW_FMT, JW_ARG(columns[i]));
        jw_record_set(rec, columns[i], jw_text_trim(value));
    }
    char between = *version.ptr == '2' ? delimiter(&rest) : '\t';
    while (jw_text_next(&rest, between, &value))
        if (jw_text_cut(&value, '=', &name)) /* without '=' it is noise; the event still counts */
            attribute(rec, jw_text_trim(name), jw_text_trim(value));
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_leef = {
    .name = "leef",
    .about = "IBM QRadar LEEF 1.0 and 2.0",
    .sample = JW_TEXT("LEEF:2.0|Acme|Gate|7|deny|^|devTime=Nov 20 2026 10:00:00.123^src=10.0.0.1^dst=10.0.0.2^"
                      "dstPort=443^proto=TCP^policy=block all"),
    .detect = detect,
    .parse = parse,
};
