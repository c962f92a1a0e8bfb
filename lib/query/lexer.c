/* lib/query/lexer.c — words and signs of the query language. */
#include "lexer.h"

#include <stdarg.h>

/* UTF-8 of what input methods write instead of ASCII; U+201C, U+201D quotes; U+3000 space. */
static const struct {
    char bytes[4];
    char sign;
} wide[] = {
    {"\xef\xbc\x88", '('}, {"\xef\xbc\x89", ')'}, {"\xef\xbc\x9a", ':'}, {"\xe2\x80\x9c", '"'},
    {"\xe2\x80\x9d", '"'}, {"\xef\xbc\x82", '"'}, {"\xef\xbc\x81", '!'}, {"\xef\xbc\x9e", '>'},
    {"\xef\xbc\x9c", '<'}, {"\xef\xbc\x9d", '='}, {"\xef\xbc\xbb", '['}, {"\xef\xbc\xbd", ']'},
    {"\xef\xbd\x9b", '{'}, {"\xef\xbd\x9d", '}'}, {"\xe3\x80\x80", ' '},
};

static size_t chars(jw_text s) {
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* A message cut inside a character would not be UTF-8, and then not JSON either. */
static void trim_partial(char *text) {
    size_t len = strlen(text);
    while (len && !jw_text_is_utf8((jw_text){text, len}))
        len--;
    text[len] = '\0';
}

jw_status jw_lexer_fail(struct jw_lexer *lexer, jw_status code, size_t at, size_t len, const char *fmt, ...) {
    struct jw_query_error *err = lexer->err;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    for (char *c = err->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = *c == JW_QUERY_ANY ? '*' : *c == JW_QUERY_ONE ? '?' : ' ';
    trim_partial(err->text);
    if (at > lexer->text.len)
        at = lexer->text.len;
    if (len > lexer->text.len - at)
        len = lexer->text.len - at;
    err->at = at;
    err->len = len;
    err->at_chars = chars((jw_text){lexer->text.ptr, at});
    err->len_chars = chars((jw_text){lexer->text.ptr + at, len});
    return code;
}

static char peek_at(const struct jw_lexer *lexer, size_t at, size_t *out_width) {
    *out_width = at < lexer->text.len;
    if (at >= lexer->text.len)
        return '\0';
    const char *p = lexer->text.ptr + at;
    if ((unsigned char)*p >= 0xe2 && lexer->text.len - at >= 3)
        for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
            if (memcmp(wide[i].bytes, p, 3) == 0) {
                *out_width = 3;
                return wide[i].sign;
            }
    return *p;
}

char jw_lexer_peek(const struct jw_lexer *lexer, size_t *out_width) { return peek_at(lexer, lexer->at, out_width); }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void jw_lexer_space(struct jw_lexer *lexer) {
    size_t width;
    while (is_space(jw_lexer_peek(lexer, &width)))
        lexer->at += width;
}

bool jw_lexer_sign(struct jw_lexer *lexer, char sign) {
    size_t width;
    if (jw_lexer_peek(lexer, &width) != sign || width == 0)
        return false;
    lexer->at += width;
    return true;
}

/* Does a word end before `at`? */
static bool is_edge(const struct jw_lexer *lexer, size_t at) {
    size_t width;
    char c = peek_at(lexer, at, &width);
    return width == 0 || is_space(c) || c == '(' || c == ')' || c == '"';
}

bool jw_lexer_keyword(struct jw_lexer *lexer, jw_text keyword) {
    jw_text rest = {lexer->text.ptr + lexer->at, lexer->text.len - lexer->at};
    if (rest.len < keyword.len || !jw_text_is_nocase((jw_text){rest.ptr, keyword.len}, keyword) ||
        !is_edge(lexer, lexer->at + keyword.len))
        return false;
    lexer->at += keyword.len;
    return true;
}

bool jw_lexer_comparison(struct jw_lexer *lexer, jw_comparison *out) {
    bool more = jw_lexer_sign(lexer, '>');
    if (!more && !jw_lexer_sign(lexer, '<'))
        return false;
    bool same = jw_lexer_sign(lexer, '=');
    *out = more ? (same ? JW_MORE_OR_SAME : JW_MORE) : (same ? JW_LESS_OR_SAME : JW_LESS);
    return true;
}

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '@' ||
           c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

static bool is_ascii(jw_text s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* What can stand before "::" in an address. */
static bool is_hex(jw_text s) {
    size_t n = 0;
    while (n < s.len && n < 5 &&
           ((s.ptr[n] | 0x20) >= 'a' ? (s.ptr[n] | 0x20) <= 'f' : s.ptr[n] >= '0' && s.ptr[n] <= '9'))
        n++;
    return n == s.len && n < 5;
}

/* A colon that does not end a field's name: http://x, fe80::1, C:\x, and the full-width one in running Chinese
 * text. */
static bool is_plain_colon(const struct jw_lexer *lexer, jw_text name, size_t colon, size_t width) {
    jw_text after = {lexer->text.ptr + colon + width, lexer->text.len - colon - width};
    return jw_text_starts(after, JW_TEXT("//")) || (is_hex(name) && jw_text_starts(after, JW_TEXT(":"))) ||
           (name.len == 1 && jw_text_starts(after, JW_TEXT("\\"))) || (width == 3 && !is_ascii(name));
}

bool jw_lexer_field(struct jw_lexer *lexer, jw_text *out_name, jw_comparison *out_comparison) {
    struct jw_lexer look = *lexer;
    size_t width;
    char c = jw_lexer_peek(&look, &width);
    if (width == 0 || !is_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.')
        return false;
    while (width && is_name(c)) {
        look.at += width;
        c = jw_lexer_peek(&look, &width);
    }
    jw_text name = {lexer->text.ptr + lexer->at, look.at - lexer->at};
    size_t colon = look.at;
    if (jw_lexer_sign(&look, ':')) {
        if (is_plain_colon(lexer, name, colon, width))
            return false;
        *out_comparison = JW_IS;
    } else {
        jw_lexer_space(&look);
        bool other = jw_lexer_sign(&look, '!');
        if (other ? !jw_lexer_sign(&look, '=') : !jw_lexer_comparison(&look, out_comparison))
            return false;
        if (other)
            *out_comparison = JW_IS_NOT;
    }
    *out_name = name;
    lexer->at = look.at;
    return true;
}

size_t jw_lexer_wild_name(const struct jw_lexer *lexer) {
    struct jw_lexer look = *lexer;
    size_t width;
    char c = jw_lexer_peek(&look, &width);
    bool wild = false;
    if (width == 0 || (c >= '0' && c <= '9') || c == '-' || c == '.')
        return 0;
    while (width && (is_name(c) || (width == 1 && (c == '*' || c == '?')))) {
        wild |= c == '*' || c == '?';
        look.at += width;
        c = jw_lexer_peek(&look, &width);
    }
    jw_text name = {lexer->text.ptr + lexer->at, look.at - lexer->at};
    size_t colon = look.at;
    return wild && jw_lexer_sign(&look, ':') && !is_plain_colon(lexer, name, colon, width) ? name.len : 0;
}

/* What a backslash can make plain. */
static bool is_special(char c) { return c && strchr("\\\"*?():<>=[]{}!+-&| \t", c); }

/* One character of a value into `out`, escapes undone. */
static void take(struct jw_lexer *lexer, bool quoted, char *out, size_t *out_len, bool *wild) {
    size_t width;
    char c = jw_lexer_peek(lexer, &width);
    const char *from = lexer->text.ptr + lexer->at;
    if (c == '\\' && lexer->at + 1 < lexer->text.len) {
        size_t next_width;
        char next = peek_at(lexer, lexer->at + 1, &next_width);
        if (quoted ? next == '"' || next == '\\' : is_special(next)) {
            from += 1;
            lexer->at += 1;
            width = next_width;
            c = '\0';
        }
    }
    lexer->at += width;
    if (!quoted && (c == '*' || c == '?') && width == 1) {
        char sign = c == '*' ? JW_QUERY_ANY : JW_QUERY_ONE;
        bool again = c == '*' && *out_len && out[*out_len - 1] == sign; /* `**` says no more than `*` */
        out[*out_len] = sign;
        *out_len += !again;
        *wild = true;
        return;
    }
    memcpy(out + *out_len, from, width);
    *out_len += width;
}

/* “ and ” close each other; an ASCII quote closes only an ASCII quote, so that a phrase may hold the others. */
static jw_status quoted(struct jw_lexer *lexer, struct jw_word *out, char *bytes) {
    size_t width, close_width;
    jw_lexer_peek(lexer, &width);
    lexer->at += width;
    for (;;) {
        char c = jw_lexer_peek(lexer, &close_width);
        if (close_width == 0)
            return jw_lexer_fail(lexer, JW_E_SYNTAX, out->at, width, "this quote is never closed");
        if (c == '"' && (width > 1) == (close_width > 1))
            break;
        take(lexer, true, bytes, &out->text.len, &out->wild);
    }
    lexer->at += close_width;
    return JW_OK;
}

jw_status jw_lexer_word(struct jw_lexer *lexer, char stop, struct jw_word *out) {
    size_t width;
    char c = jw_lexer_peek(lexer, &width);
    *out = (struct jw_word){.at = lexer->at, .quoted = c == '"'};
    char *bytes = jw_arena_alloc(lexer->mem, lexer->text.len - lexer->at + 1);
    if (!bytes)
        return jw_lexer_fail(lexer, JW_E_LIMIT, lexer->at, 0, "the query needs too much memory");
    size_t spare = lexer->text.len - lexer->at + 1;
    if (out->quoted) {
        jw_status st = quoted(lexer, out, bytes);
        if (st != JW_OK)
            return st;
    } else
        while (!is_edge(lexer, lexer->at) && (!stop || jw_lexer_peek(lexer, &width) != stop))
            take(lexer, false, bytes, &out->text.len, &out->wild);
    out->len = lexer->at - out->at;
    /* gives back what the word did not need */
    out->text.ptr = jw_arena_grow(lexer->mem, bytes, spare, out->text.len ? out->text.len : 1);
    if (!out->text.ptr)
        out->text.ptr = bytes;
    return out->quoted || out->len ? JW_OK : JW_AGAIN;
}
