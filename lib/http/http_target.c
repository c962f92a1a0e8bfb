/* lib/http/http_target.c — request targets: the one place where what a peer typed becomes a path. */
#include "http_target.h"

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Borrows `raw` when nothing is escaped. */
static jw_status decode(jw_text raw, bool form, struct jw_arena *mem, jw_text *out, struct jw_error *err) {
    if (!memchr(raw.ptr, '%', raw.len) && !(form && memchr(raw.ptr, '+', raw.len)))
        return *out = raw, JW_OK;
    char *to = jw_arena_alloc(mem, raw.len);
    if (!to)
        return jw_fail(err, JW_E_LIMIT, "request target: no memory");
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '+' && form) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < raw.len ? hex(raw.ptr[i + 1]) : -1, low = i + 2 < raw.len ? hex(raw.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return jw_fail(err, JW_E_SYNTAX, "'%%' must be followed by two hexadecimal digits");
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return jw_fail(err, JW_E_SYNTAX, "a zero byte has no place in a request target");
        to[len++] = c;
    }
    *out = (jw_text){to, len};
    return JW_OK;
}

jw_status jw_http_target_params(jw_text form, struct jw_arena *mem, jw_http_target *out, struct jw_error *err) {
    jw_text piece, name;
    while (form.len && jw_text_next(&form, '&', &piece)) {
        if (piece.len == 0)
            continue;
        if (out->param_count == JW_HTTP_PARAMS)
            return jw_fail(err, JW_E_LIMIT, "more than %d parameters", JW_HTTP_PARAMS);
        jw_http_pair *pair = &out->params[out->param_count];
        if (!jw_text_cut(&piece, '=', &name))
            name = piece, piece = (jw_text){piece.ptr, 0};
        jw_status st = decode(name, true, mem, &pair->name, err);
        if (st == JW_OK)
            st = decode(piece, true, mem, &pair->value, err);
        if (st != JW_OK)
            return st;
        out->param_count++;
    }
    return JW_OK;
}

static jw_status segments(jw_text path, struct jw_arena *mem, jw_http_target *out, struct jw_error *err) {
    jw_text piece;
    while (path.len && jw_text_next(&path, '/', &piece)) {
        if (out->segment_count == JW_HTTP_SEGMENTS)
            return jw_fail(err, JW_E_LIMIT, "more than %d parts in the path", JW_HTTP_SEGMENTS);
        jw_text *segment = &out->segments[out->segment_count];
        jw_status st = decode(piece, false, mem, segment, err);
        if (st != JW_OK)
            return st;
        if (segment->len == 0 || jw_text_is(*segment, JW_TEXT(".")) || jw_text_is(*segment, JW_TEXT("..")))
            return jw_fail(err, JW_E_SYNTAX, "the path has an empty, '.' or '..' part");
        out->segment_count++;
    }
    return JW_OK;
}

jw_status jw_http_target_parse(jw_text raw, struct jw_arena *mem, jw_http_target *out, struct jw_error *err) {
    *out = (jw_http_target){0};
    if (raw.len > JW_HTTP_TARGET)
        return jw_fail(err, JW_E_LIMIT, "the request target is longer than %d bytes", JW_HTTP_TARGET);
    if (raw.len && memchr(raw.ptr, '\0', raw.len))
        return jw_fail(err, JW_E_SYNTAX, "a zero byte has no place in a request target");
    jw_text path = raw, query = {raw.ptr + raw.len, 0};
    if (jw_text_cut(&raw, '?', &path))
        query = raw;
    out->path = path, out->query = query;
    if (!jw_text_drop(&path, JW_TEXT("/")))
        return jw_fail(err, JW_E_SYNTAX, "the request target does not begin with '/'");
    jw_status st = segments(path, mem, out, err);
    return st == JW_OK ? jw_http_target_params(query, mem, out, err) : st;
}

bool jw_http_target_match(const char *pattern, const jw_http_target *target, jw_http_pair *out_values,
                          size_t *out_count) {
    jw_text rest = jw_text_from(pattern), want;
    size_t at = 0;
    *out_count = 0;
    jw_text_drop(&rest, JW_TEXT("/"));
    while (rest.len && jw_text_next(&rest, '/', &want)) {
        if (jw_text_is(want, JW_TEXT("*")))
            return true;
        if (at == target->segment_count)
            return false;
        jw_text have = target->segments[at++];
        if (want.ptr[0] == '{')
            out_values[(*out_count)++] = (jw_http_pair){{want.ptr + 1, want.len - 2}, have};
        else if (!jw_text_is(want, have))
            return false;
    }
    return at == target->segment_count;
}

jw_text jw_http_target_param(const jw_http_target *target, const char *name) {
    for (size_t i = 0; i < target->param_count; i++)
        if (jw_text_is(target->params[i].name, jw_text_from(name)))
            return target->params[i].value;
    return (jw_text){NULL, 0};
}
