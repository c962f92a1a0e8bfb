/* lib/ledger/types/url.c — addresses of services. Only schemes that a person may open or a probe may ask; no
 * passwords in them; scheme and host in lower case. */
#include "kit.h"

static const char *const schemes[] = {"https", "http",  "sftp", "ftp",    "ssh",
                                      "rtsp",  "ldaps", "ldap", "telnet", NULL};

static bool is_port(jw_text text) {
    uint64_t port;
    return text.len < 6 && jw_text_u64(text, &port) && port > 0 && port < 65536;
}

/* Letters, digits, '-' and '.', characters past ASCII (中文域名), or an IPv6 address in brackets; then a port. */
static bool is_host(jw_text host) {
    size_t end = 0;
    if (host.len && *host.ptr == '[') {
        size_t close;
        if (!jw_text_find(host, JW_TEXT("]"), &close))
            return false;
        end = close + 1;
        for (size_t i = 1; i < close; i++)
            if (!strchr("0123456789abcdefABCDEF:.", host.ptr[i]) || !host.ptr[i])
                return false;
        if (close < 3)
            return false;
    } else
        while (end < host.len && host.ptr[end] != ':') {
            unsigned char c = (unsigned char)host.ptr[end];
            bool good = c > 0x7f || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
                        c == '.' || c == '_';
            if (!good)
                return false;
            end++;
        }
    if (end == 0)
        return false;
    jw_text port = {host.ptr + end, host.len - end};
    return port.len == 0 || (jw_text_drop(&port, JW_TEXT(":")) && is_port(port));
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    jw_text given, rest;
    (void)field;
    jw_status st = jw_type_take(in, 2000, &given, err);
    if (st != JW_OK)
        return st;
    size_t colon = 0, end = 0;
    int scheme = 0;
    jw_text_find(given, JW_TEXT("://"), &colon);
    while (schemes[scheme] && !jw_text_is_nocase((jw_text){given.ptr, colon}, jw_text_from(schemes[scheme])))
        scheme++;
    if (!schemes[scheme])
        return jw_fail(err, JW_E_SYNTAX, "is no address of a service; example: https://www.example.gov.cn/");
    rest = (jw_text){given.ptr + colon + 3, given.len - colon - 3};
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    jw_text host = {rest.ptr, end}, path = {rest.ptr + end, rest.len - end};
    if (jw_text_find(host, JW_TEXT("@"), NULL))
        return jw_fail(err, JW_E_SYNTAX, "holds an account before @; leave it out: https://host/");
    if (!is_host(host))
        return jw_fail(err, JW_E_SYNTAX, "has no right host; example: https://www.example.gov.cn/");
    for (size_t i = 0; i < path.len; i++)
        if (strchr(" \"<>\\^`{|}", path.ptr[i]))
            return jw_fail(err, JW_E_SYNTAX,
                           "holds a blank or another sign that must be written as %%20 and so on");
    jw_buffer text = JW_BUFFER(1 << 14);
    jw_buffer_print(&text, "%s://", schemes[scheme]);
    for (size_t i = 0; i < host.len; i++)
        jw_buffer_byte(&text, host.ptr[i] >= 'A' && host.ptr[i] <= 'Z' ? (char)(host.ptr[i] + 32) : host.ptr[i]);
    jw_buffer_add(&text, path);
    st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_type_give_text(text.ptr, text.len, out, err);
    jw_buffer_free(&text);
    return st;
}

const struct jw_ledger_type jw_type_url = {
    .name = "url",
    .about = "the address of a service: https, http, sftp, ftp, ssh, rtsp, ldap, ldaps, telnet",
    .sample = "\"https://www.example.gov.cn/\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
