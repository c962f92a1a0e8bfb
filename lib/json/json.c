/* lib/json/json.c — one pass over the text, recursion bounded by JW_JSON_DEPTH. */
#include "json.h"

#include "scan.h"

struct reader {
    const char *at, *end, *start;
    struct jw_record *rec;
    struct jw_error *err;
    unsigned depth;
    size_t name_len; /* of `name`: the path to the value being read */
    jw_text key;     /* the same path, borrowed, while it is a single key */
    char name[JW_JSON_NAME + 1];
};

static jw_status wrong(struct reader *r, const char *what) {
    return jw_fail(r->err, JW_E_SYNTAX, "json: %s at byte %zu", what, (size_t)(r->at - r->start));
}

static jw_status too_much(struct reader *r, const char *what) {
    return jw_fail(r->err, JW_E_LIMIT, "json: %s at byte %zu", what, (size_t)(r->at - r->start));
}

static inline void blanks(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static inline bool next_is(struct reader *r, char c) {
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool hex4(const char *p, const char *end, unsigned *out) {
    unsigned value = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i], letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value << 4 | (unsigned)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (unsigned)(letter - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

static char *put_utf8(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    }
    return to;
}

/* r->at stands behind "\u". Section 7: characters outside the BMP come as a surrogate pair. */
static bool unicode_escape(struct reader *r, char **to) {
    unsigned c, low;
    if (!hex4(r->at, r->end, &c))
        return false;
    r->at += 4;
    if (c >= 0xD800 && c <= 0xDFFF) {
        bool pair = c < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u' &&
                    hex4(r->at + 2, r->end, &low) && low >= 0xDC00 && low <= 0xDFFF;
        if (pair)
            r->at += 6;
        c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    }
    *to = put_utf8(*to, c);
    return true;
}

static bool escape(struct reader *r, char **to) {
    static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (r->at == r->end)
        return false;
    unsigned char c = (unsigned char)*r->at++;
    if (c == 'u')
        return unicode_escape(r, to);
    *(*to)++ = plain[c];
    return plain[c] != '\0';
}

/* The quote that ends the string: one with an even number of backslashes before it. */
static const char *closing_quote(const char *start, const char *end) {
    for (const char *p = start, *at; p < end && (at = memchr(p, '"', (size_t)(end - p))); p = at + 1) {
        const char *slash = at;
        while (slash > start && slash[-1] == '\\')
            slash--;
        if ((at - slash) % 2 == 0)
            return at;
    }
    return NULL;
}

/* The rest of a string from its first backslash on, decoded into the arena behind the part before it. The decoded
 * form is never longer than the written one; its end is found first, so that the arena gives no more than that. */
static jw_status decode(struct reader *r, const char *start, unsigned *high, jw_text *out) {
    const char *close = closing_quote(r->at, r->end);
    if (!close)
        return wrong(r, "string without end");
    char *copy = jw_arena_alloc(r->rec->mem, (size_t)(close - start) + COPY_SLACK), *to = copy;
    if (!copy)
        return r->rec->state = JW_E_LIMIT, too_much(r, "memory ceiling");
    memcpy(to, start, (size_t)(r->at - start));
    to += r->at - start;
    while (r->at < close) {
        if (*r->at == '\\') {
            r->at++;
            if (!escape(r, &to))
                return wrong(r, "unknown escape");
        } else if ((unsigned char)*r->at < 0x20) {
            return wrong(r, "control character in a string");
        } else {
            size_t n = copy_plain(to, r->at, close, r->end, high);
            r->at += n;
            to += n;
        }
    }
    *out = (jw_text){copy, (size_t)(to - copy)};
    return JW_OK;
}

/* Behind the opening quote; leaves r->at behind the closing one. */
static inline jw_status string(struct reader *r, jw_text *out) {
    const char *start = r->at;
    unsigned high = 0;
    r->at = scan_string(start, r->end, &high);
    if (r->at < r->end && *r->at == '\\') {
        jw_status status = decode(r, start, &high, out);
        if (status != JW_OK)
            return status;
    } else
        *out = (jw_text){start, (size_t)(r->at - start)};
    if (r->at == r->end || *r->at != '"')
        return wrong(r, r->at == r->end ? "string without end" : "control character in a string");
    if (high && !jw_text_is_utf8((jw_text){start, (size_t)(r->at - start)}))
        return wrong(r, "string is not UTF-8");
    r->at++;
    return JW_OK;
}

static size_t digits(struct reader *r) {
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - start);
}

static bool number(struct reader *r, jw_text *out) {
    const char *start = r->at;
    next_is(r, '-');
    bool zero = r->at < r->end && *r->at == '0';
    size_t whole = digits(r);
    if (whole == 0 || (zero && whole > 1) || (next_is(r, '.') && digits(r) == 0))
        return false;
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        r->at++;
        if (!next_is(r, '+'))
            next_is(r, '-');
        if (digits(r) == 0)
            return false;
    }
    *out = (jw_text){start, (size_t)(r->at - start)};
    return true;
}

static jw_status store(struct reader *r, jw_text value, jw_kind kind) {
    struct jw_record *rec = r->rec;
    if (rec->count == JW_RECORD_FIELDS) {
        rec->cut = true;
        return JW_OK;
    }
    jw_text name = r->key.ptr ? r->key : (jw_text){r->name, r->name_len};
    jw_field_id id = jw_field_find(name);
    if (id)
        name = jw_field_get(id)->name;
    else if (!r->key.ptr && !(name = jw_arena_copy(rec->mem, name)).ptr)
        rec->state = JW_E_LIMIT;
    jw_record_append(rec, (jw_field){name, value, id, (uint8_t)kind});
    return rec->state == JW_OK ? JW_OK : too_much(r, "memory ceiling");
}

static jw_status value(struct reader *r);

/* Behind the brace. The path is extended by each key and cut back at the end. */
static jw_status object(struct reader *r) {
    size_t path = r->name_len;
    jw_text outer = r->key, key;
    jw_status status;
    bool first = true;
    for (blanks(r); !next_is(r, '}'); blanks(r)) {
        if (!first && !next_is(r, ','))
            return wrong(r, "expected ',' or '}'");
        if (!first)
            blanks(r);
        first = false;
        if (!next_is(r, '"'))
            return wrong(r, "expected a name");
        if ((status = string(r, &key)) != JW_OK)
            return status;
        blanks(r);
        if (!next_is(r, ':'))
            return wrong(r, "expected ':'");
        size_t dot = r->depth > 1 || path > 0;
        if (path + dot + key.len > JW_JSON_NAME)
            return too_much(r, "name too long");
        r->key = dot ? (jw_text){0} : key;
        r->name[path] = '.';
        if (key.len)
            memcpy(r->name + path + dot, key.ptr, key.len);
        r->name_len = path + dot + key.len;
        blanks(r);
        if ((status = value(r)) != JW_OK)
            return status;
    }
    r->name_len = path;
    r->key = outer;
    return first && r->depth > 1 ? store(r, JW_TEXT("{}"), JW_KIND_TEXT) : JW_OK;
}

static jw_status array(struct reader *r) {
    jw_status status;
    bool first = true;
    for (blanks(r); !next_is(r, ']'); blanks(r)) {
        if (!first && !next_is(r, ','))
            return wrong(r, "expected ',' or ']'");
        if (!first)
            blanks(r);
        first = false;
        if ((status = value(r)) != JW_OK)
            return status;
    }
    return first ? store(r, JW_TEXT("[]"), JW_KIND_TEXT) : JW_OK;
}

static jw_status literal(struct reader *r, jw_text word, jw_kind kind) {
    if ((size_t)(r->end - r->at) < word.len || memcmp(r->at, word.ptr, word.len) != 0)
        return wrong(r, "unknown word");
    r->at += word.len;
    return store(r, kind == JW_KIND_NULL ? (jw_text){"", 0} : word, kind);
}

static jw_status value(struct reader *r) {
    jw_text text;
    jw_status status;
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
        r->at++;
        status = string(r, &text);
        return status == JW_OK ? store(r, text, JW_KIND_TEXT) : status;
    case '{':
    case '[':
        if (++r->depth > JW_JSON_DEPTH)
            return too_much(r, "nested too deeply");
        status = *r->at++ == '{' ? object(r) : array(r);
        r->depth--;
        return status;
    case 't':
        return literal(r, JW_TEXT("true"), JW_KIND_BOOL);
    case 'f':
        return literal(r, JW_TEXT("false"), JW_KIND_BOOL);
    case 'n':
        return literal(r, JW_TEXT("null"), JW_KIND_NULL);
    default:
        return number(r, &text) ? store(r, text, JW_KIND_NUMBER) : wrong(r, "expected a value");
    }
}

static jw_status document(struct reader *r) {
    if (r->end - r->at >= 3 && memcmp(r->at, "\xEF\xBB\xBF", 3) == 0)
        r->at += 3;
    blanks(r);
    if (r->at == r->end || *r->at != '{')
        return wrong(r, "expected an object");
    jw_status status = value(r);
    if (status != JW_OK)
        return status;
    blanks(r);
    return r->at == r->end ? JW_OK : wrong(r, "more behind the object");
}

jw_status jw_json_flatten_under(jw_text text, jw_text prefix, struct jw_record *rec, struct jw_error *err) {
    struct reader r; /* without its name buffer cleared: that would cost more than reading a short line */
    uint32_t before = rec->count;
    if (rec->state != JW_OK)
        return jw_record_check(rec, err);
    if (prefix.len > JW_JSON_NAME)
        return jw_fail(err, JW_E_LIMIT, "json: prefix too long");
    if (!text.ptr)
        text = JW_TEXT("");
    r.at = r.start = text.ptr;
    r.end = text.ptr + text.len;
    r.rec = rec;
    r.err = err;
    r.depth = 0;
    r.name_len = prefix.len;
    r.key = (jw_text){0};
    if (prefix.len)
        memcpy(r.name, prefix.ptr, prefix.len);
    jw_status status = document(&r);
    if (status != JW_OK)
        rec->count = before;
    return status;
}

jw_status jw_json_flatten(jw_text text, struct jw_record *rec, struct jw_error *err) {
    return jw_json_flatten_under(text, (jw_text){0}, rec, err);
}
