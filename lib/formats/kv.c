/* lib/formats/kv.c — lines that are name=value pairs, as most firewalls write. */
#include "kv.h"

#include "format.h"

static bool detect(jw_text line) {
    return line.len > 2 && (memchr(line.ptr, '=', line.len) || memchr(line.ptr, ':', line.len) ||
                            jw_text_find(line, JW_TEXT("\xEF\xBC\x9A"), NULL));
}

/* What assigns: the first byte that is no blank behind a name. */
static char behind(jw_text text, jw_text name) {
    const char *at = name.ptr + name.len;
    while (at < text.ptr + text.len && (*at == ' ' || *at == '\t'))
        at++;
    return at < text.ptr + text.len ? *at : '\0';
}

/* One pair alone with text around it is a sentence, and so are colons without values. */
static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    jw_text before = {0}, text = jw_format_trim(line);
    if (!detect(text))
        return jw_fail(err, JW_E_SYNTAX, "kv: no assignment");
    uint32_t at = rec->count;
    size_t count = jw_kv_read(text, NULL, rec, &before);
    bool equals = rec->count > at && behind(text, rec->fields[at].name) == '=';
    if (count < (equals ? 1 + (before.len > 0) : 3) || (!equals && (before.len || rec->fields[at].value.len == 0)))
        return jw_fail(err, JW_E_SYNTAX, "kv: too few pairs");
    if (before.len)
        jw_record_add(rec, JW_TEXT("message"), before);
    return jw_record_check(rec, err);
}

const struct jw_format jw_format_kv = {
    .name = "kv",
    .about = "name=value pairs: firewalls and other devices",
    .sample = JW_TEXT("devid=3 date=\"2026/11/20 10:00:00\" dname=gate logtype=9 pri=5 src=10.0.0.1:50 msg='a, b' "
                      "path=\"C:\\\\tmp \\\"x\\\"\""),
    .detect = detect,
    .parse = parse,
};
