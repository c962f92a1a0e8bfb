/* lib/json/json.c — one pass over the text, recursion bounded by JW_JSON_DEPTH. */
#include "json.h"

#include "keys.h"
#include "scan.h"

#include <assert.h>

struct reader {
    const char *at, *end, *start;
    struct jw_record *rec;
    struct jw_error *err;
    unsigned depth;
    bool lazy;       /* strings with escapes stay as they are written, names get no id */
    uint16_t number; /* of the key being read, at the top; 0: not known */
    struct jw_json_keys *keys;
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

/* *at stands behind "\\u". Section 7: characters outside the BMP come as a surrogate pair. */
static bool unicode_escape(const char **at, const char *end, char **to) {
    unsigned c, low;
    const char *p = *at;
    if (!scan_hex4(p, end, &c))
        return false;
    p += 4;
    if (c >= 0xD800 && c <= 0xDFFF) {
        bool pair = c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' && scan_hex4(p + 2, end, &low) &&
                    low >= 0xDC00 && low <= 0xDFFF;
        if (pair)
            p += 6;
        c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    }
    *to = put_utf8(*to, c);
    *at = p;
    return true;
}

/* *at stands behind a backslash. */
static inline bool escape(const char **at, const char *end, char **to) {
    if (*at == end)
        return false;
    unsigned char c = (unsigned char)*(*at)++;
    if (c == 'u')
        return unicode_escape(at, end, to);
    *(*to)++ = escapes[c];
    return escapes[c] != '\0';
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

/* The text between *at and `close`, decoded to *to; up to COPY_SLACK bytes more are written. False: *at stands on a
 * control character, or on the backslash of what is no escape. */
static bool decode_text(const char **at, const char *close, const char *end, char **to, unsigned *high) {
    const char *p = *at;
    char *out = *to;
    for (; p < close; *at = p) {
        if (*p == '\\') {
            p++;
            if (!escape(&p, close, &out))
                return false;
        } else if ((unsigned char)*p < 0x20) {
            return false;
        } else {
            size_t n = copy_plain(out, p, close, end, high);
            p += n;
            out += n;
        }
    }
    *to = out;
    return true;
}

/* The rest of a string from its first backslash on, decoded into the arena behind the part before it. The decoded
 * form is never longer than the written one; its end is found first, so that the arena gives no more than that. */
static jw_status decode(struct reader *r, const char *start, unsigned *high, jw_text *out) {
    const char *close = closing_quote(r->at, r->end);
    if (!close)
        return wrong(r, "string without end");
    char *copy = jw_arena_alloc(r->rec->mem, (size_t)(close - start) + COPY_SLACK);
    if (!copy)
        return r->rec->state = JW_E_LIMIT, too_much(r, "memory ceiling");
    char *to = copy + (r->at - start);
    memcpy(copy, start, (size_t)(r->at - start));
    if (!decode_text(&r->at, close, r->end, &to, high))
        return wrong(r, *r->at == '\\' ? "unknown escape" : "control character in a string");
    *out = (jw_text){copy, (size_t)(to - copy)};
    return JW_OK;
}

/* Behind the opening quote; leaves r->at behind the closing one. `escaped`: may be left as it is written, and then
 * says whether it was; NULL: is decoded. */
static inline jw_status string(struct reader *r, jw_text *out, bool *escaped) {
    const char *start = r->at;
    unsigned high = 0;
    r->at = scan_string(start, r->end, &high);
    if (r->at < r->end && *r->at == '\\') {
        const char *first = r->at;
        bool eager = !escaped;
        if (escaped && !skip_escapes(&r->at, r->end, &high, &eager))
            return wrong(r, "unknown escape");
        *out = (jw_text){start, (size_t)(r->at - start)};
        if (eager) {
            r->at = first;
            jw_status status = decode(r, start, &high, out);
            if (status != JW_OK)
                return status;
        } else
            *escaped = true;
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

static inline jw_status store(struct reader *r, jw_text value, unsigned kind) {
    struct jw_record *rec = r->rec;
    if (rec->count == JW_RECORD_FIELDS) {
        rec->cut = true;
        return JW_OK;
    }
    jw_text name = r->key.ptr ? r->key : (jw_text){r->name, r->name_len};
    jw_field_id id = r->lazy ? JW_F_NONE : jw_field_find(name);
    if (id)
        name = jw_field_get(id)->name;
    else if (!r->key.ptr && !(name = jw_arena_copy(rec->mem, name)).ptr)
        rec->state = JW_E_LIMIT;
    uint16_t number = r->key.ptr ? r->number : 0;
    if (rec->count < rec->capacity && rec->state == JW_OK)
        rec->fields[rec->count++] = (jw_field){name, value, id, (uint8_t)kind, number};
    else
        jw_record_append(rec, (jw_field){name, value, id, (uint8_t)kind, number});
    return rec->state == JW_OK ? JW_OK : too_much(r, "memory ceiling");
}

static jw_status value(struct reader *r);

/* A name with its colon. At the top of a lazy reader's events it is mostly the expected one. */
static inline jw_status name(struct reader *r, bool top, uint16_t before, jw_text *out) {
    const char *start = r->at;
    r->number = top ? key_expected(r->keys, before, start, r->end) : 0;
    if (r->number) {
        r->at += r->keys->known[r->number].size;
        *out = r->keys->known[r->number].name;
        return JW_OK;
    }
    if (!next_is(r, '"'))
        return wrong(r, "expected a name");
    jw_status status = string(r, out, NULL);
    if (status != JW_OK)
        return status;
    if (top && out->ptr == start + 1 && (r->number = jw_json_key_learn(r->keys, before, *out)))
        *out = r->keys->known[r->number].name;
    blanks(r);
    return next_is(r, ':') ? JW_OK : wrong(r, "expected ':'");
}

/* Behind the brace. The path is extended by each key and cut back at the end. */
static jw_status object(struct reader *r) {
    size_t path = r->name_len;
    jw_text outer = r->key, key;
    jw_status status;
    bool first = true, top = r->keys && r->depth == 1 && path == 0;
    uint16_t number = r->number, before = 0;
    if (outer.ptr && path)
        memcpy(r->name, outer.ptr, path); /* a single key is copied only when something stands below it */
    for (blanks(r); !next_is(r, '}'); blanks(r)) {
        if (!first && !next_is(r, ','))
            return wrong(r, "expected ',' or '}'");
        if (!first)
            blanks(r);
        first = false;
        if ((status = name(r, top, before, &key)) != JW_OK)
            return status;
        before = r->number;
        size_t dot = r->depth > 1 || path > 0;
        if (path + dot + key.len > JW_JSON_NAME)
            return too_much(r, "name too long");
        r->key = dot ? (jw_text){0} : key;
        r->name[path] = '.';
        if (key.len && dot)
            memcpy(r->name + path + 1, key.ptr, key.len);
        r->name_len = path + dot + key.len;
        blanks(r);
        if ((status = value(r)) != JW_OK)
            return status;
    }
    r->name_len = path;
    r->key = outer;
    r->number = number;
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
    bool escaped = false;
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
        r->at++;
        status = string(r, &text, r->lazy ? &escaped : NULL);
        return status == JW_OK ? store(r, text, escaped ? JW_JSON_ESCAPED : JW_KIND_TEXT) : status;
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

static jw_status flatten(jw_text text, jw_text prefix, bool lazy, struct jw_json_keys *keys, struct jw_record *rec,
                         struct jw_error *err) {
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
    r.lazy = lazy;
    r.keys = keys;
    r.number = 0;
    rec->keys = keys ? keys->serial : 0;
    r.name_len = prefix.len;
    r.key = (jw_text){0};
    if (prefix.len)
        memcpy(r.name, prefix.ptr, prefix.len);
    jw_status status = document(&r);
    if (status != JW_OK)
        rec->count = before;
    return status;
}

jw_status jw_json_flatten_under(jw_text text, jw_text prefix, struct jw_record *rec, struct jw_error *err) {
    return flatten(text, prefix, false, NULL, rec, err);
}

jw_status jw_json_flatten(jw_text text, struct jw_record *rec, struct jw_error *err) {
    return flatten(text, (jw_text){0}, false, NULL, rec, err);
}

jw_status jw_json_flatten_lazy(jw_text text, struct jw_json_keys *keys, struct jw_record *rec,
                               struct jw_error *err) {
    return flatten(text, (jw_text){0}, true, keys, rec, err);
}

size_t jw_json_unescape(jw_text written, char *out) {
    unsigned high = 0;
    const char *at = written.ptr, *end = written.ptr + written.len;
    char *to = out;
    bool good = decode_text(&at, end, end, &to, &high);
    assert(good); /* jw_json_flatten_lazy has checked it */
    return good ? (size_t)(to - out) : 0;
}

jw_status jw_json_settle(struct jw_record *rec, struct jw_error *err) {
    for (uint32_t i = 0; i < rec->count; i++) {
        jw_field *field = &rec->fields[i];
        if (!field->id && (field->id = jw_field_find(field->name)))
            field->name = jw_field_get(field->id)->name;
        if (field->kind != JW_JSON_ESCAPED)
            continue;
        char *text = jw_arena_alloc(rec->mem, field->value.len + JW_JSON_SLACK);
        if (!text)
            return jw_fail(err, rec->state = JW_E_LIMIT, "json: memory ceiling");
        field->value = (jw_text){text, jw_json_unescape(field->value, text)};
        field->kind = JW_KIND_TEXT;
    }
    return JW_OK;
}
