/* lib/query/term.c — from a field's name and a written value to a resolved test. */
#include "term.h"

#include "number.h"
#include "when.h"

#include "spool/spool.h"

#define US INT64_C(1000)

/* What the field is; fields that nobody knows are text without promises. */
static jw_field_type type_of(const struct jw_query_term *term) {
    return term->id == JW_F_NONE ? JW_TYPE_KEYWORD : jw_field_get(term->id)->type;
}

static jw_status not_a(const struct jw_term_maker *maker, jw_text field, const struct jw_word *word,
                       const char *what, const char *instead) {
    return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, word->at, word->len,
                         JW_FMT " holds %s, and this is none: write %s, or put it in quotes to look for the text",
                         JW_ARG(field), what, instead);
}

static jw_text fold(jw_text s) {
    char *bytes = (char *)s.ptr; /* ours: the lexer made it */
    for (size_t i = 0; i < s.len; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] |= 0x20;
    return s;
}

static bool is_only_any(jw_text s) { return s.len == 1 && *s.ptr == JW_QUERY_ANY; }

/* `**` says no more than `*`; long runs would only cost time. */
static jw_text squeeze(jw_text s) {
    char *bytes = (char *)s.ptr;
    size_t kept = 0;
    for (size_t i = 0; i < s.len; i++)
        if (bytes[i] != JW_QUERY_ANY || kept == 0 || bytes[kept - 1] != JW_QUERY_ANY)
            bytes[kept++] = bytes[i];
    return (jw_text){bytes, kept};
}

/* Long texts are searched anywhere in the value, so a pattern for them is open on both sides. */
static jw_status pattern(const struct jw_term_maker *maker, const struct jw_word *word, bool anywhere,
                         struct jw_query_term *out) {
    char *bytes = jw_arena_alloc(maker->lexer->mem, word->text.len + 2);
    if (!bytes)
        return jw_lexer_fail(maker->lexer, JW_E_LIMIT, word->at, word->len, "the query needs too much memory");
    memcpy(bytes + 1, word->text.ptr, word->text.len);
    bytes[0] = bytes[word->text.len + 1] = JW_QUERY_ANY;
    jw_text whole = anywhere ? (jw_text){bytes, word->text.len + 2} : (jw_text){bytes + 1, word->text.len};
    out->text = fold(squeeze(whole));
    out->test = is_only_any(out->text) ? JW_QUERY_EXISTS : JW_QUERY_PATTERN;
    jw_text inner = out->text;
    if (inner.len > 2 && *inner.ptr == JW_QUERY_ANY && inner.ptr[inner.len - 1] == JW_QUERY_ANY) {
        inner = (jw_text){inner.ptr + 1, inner.len - 2};
        if (!memchr(inner.ptr, JW_QUERY_ANY, inner.len) && !memchr(inner.ptr, JW_QUERY_ONE, inner.len)) {
            out->test = JW_QUERY_CONTAINS;
            out->text = inner;
        }
    }
    return JW_OK;
}

static bool address_end(jw_text s, jw_address *out) {
    return jw_address_parse(s, out) && !memchr(s.ptr, '%', s.len);
}

/* "10.1." or "10.1.*" or "10.1.*.*": whole octets, so it is a network. */
static bool octets(jw_text s, jw_network *out) {
    uint8_t bytes[4] = {0};
    int given = 0, parts = 0;
    jw_text part;
    uint64_t value;
    while (jw_text_next(&s, '.', &part) && parts < 4) {
        parts++;
        if (is_only_any(part))
            continue;
        if (given != parts - 1 || part.len > 3 || !jw_text_u64(part, &value) || value > 255)
            return false;
        bytes[given++] = (uint8_t)value;
    }
    if (s.len || given == 0 || given == 4)
        return false;
    *out = (jw_network){.bits = (uint8_t)(96 + given * 8)};
    out->address.bytes[10] = out->address.bytes[11] = 0xff;
    memcpy(out->address.bytes + 12, bytes, sizeof bytes);
    return true;
}

/* The lake writes "no address" as :: so no question includes it. */
static void skip_zero(jw_address *address) {
    static const jw_address zero;
    address->bytes[15] |= memcmp(address, &zero, sizeof zero) == 0;
}

/* An address, a network, or whole octets. */
static bool address(jw_text s, struct jw_query_term *out) {
    jw_network network;
    if (!address_end(s, &out->low_address)) {
        if (!(memchr(s.ptr, '/', s.len) && jw_network_parse(s, &network)) && !octets(s, &network))
            return false;
        out->low_address = network.address;
        jw_network_last(&network, &out->high_address);
    } else
        out->high_address = out->low_address;
    skip_zero(&out->low_address);
    out->test = JW_QUERY_ADDRESS;
    return true;
}

static bool truth(jw_text s, struct jw_query_term *out) {
    out->truth = jw_text_is_nocase(s, JW_TEXT("true"));
    out->test = JW_QUERY_BOOL;
    return out->truth || jw_text_is_nocase(s, JW_TEXT("false"));
}

static int64_t to_us(int64_t ns) {
    int64_t us = ns / US;
    return us - (ns % US < 0);
}

static bool date(const struct jw_term_maker *maker, jw_text s, struct jw_query_term *out) {
    struct jw_when when;
    if (!jw_when_parse(s, maker->options->now, maker->options->offset_s, &when))
        return false;
    out->test = JW_QUERY_TIME;
    out->low_time = to_us(when.start);
    out->high_time = to_us(when.end);
    return true;
}

/* "2026-08-31T10:00:00.5": as text in front of every later time in UTC, however many digits that is written with.
 */
static jw_text date_text(struct jw_arena *mem, int64_t us) {
    char text[JW_TIME_TEXT];
    if (us == INT64_MIN || us == INT64_MAX)
        return (jw_text){0};
    size_t len = jw_time_print(us * US, text) - 1; /* without the Z */
    while (text[len - 1] == '0' && memchr(text, '.', len))
        len--;
    return jw_arena_copy(mem, (jw_text){text, len - (text[len - 1] == '.')});
}

/* For dates that are kept as text. JW_E_LIMIT without memory. */
static jw_status date_texts(const struct jw_term_maker *maker, struct jw_query_term *out) {
    out->low_text = date_text(maker->lexer->mem, out->low_time);
    out->high_text = date_text(maker->lexer->mem, out->high_time);
    if ((out->low_time != INT64_MIN && !out->low_text.len) || (out->high_time != INT64_MAX && !out->high_text.len))
        return jw_lexer_fail(maker->lexer, JW_E_LIMIT, out->at, 0, "the query needs too much memory");
    return JW_OK;
}

static const struct {
    const char *what, *instead;
} kinds[] = {
    [JW_TYPE_IP] = {"addresses", "an address, a network such as 10.0.0.0/8, or 10.1.*"},
    [JW_TYPE_LONG] = {"whole numbers", "a number"},
    [JW_TYPE_DATE] = {"times", "2026-08-31, 2026-08-31T10:00, now-1h or now/d"},
    [JW_TYPE_BOOL] = {"true or false", "true or false"},
};

/* Values of fields that are not text. JW_AGAIN: this one is to be taken as text. */
static jw_status typed(const struct jw_term_maker *maker, const struct jw_word *word, struct jw_query_term *out) {
    jw_field_type type = type_of(out);
    jw_text s = word->text;
    bool fits;
    if (type == JW_TYPE_IP)
        fits = address(s, out);
    else if (type == JW_TYPE_DATE)
        fits = date(maker, s, out);
    else if (type == JW_TYPE_BOOL)
        fits = truth(s, out);
    else if (type == JW_TYPE_LONG) {
        fits = jw_number_bound(s, &out->low);
        out->high = out->low;
        out->test = JW_QUERY_NUMBER;
        if (!fits && word->wild)
            return JW_AGAIN; /* 80* is a fair question about ports */
    } else
        return JW_AGAIN;
    if (fits)
        return type == JW_TYPE_DATE ? date_texts(maker, out) : JW_OK;
    return word->quoted ? JW_AGAIN : not_a(maker, out->field, word, kinds[type].what, kinds[type].instead);
}

static void resolve(jw_text field, struct jw_query_term *out) {
    out->id = jw_field_find(field);
    out->field = out->id == JW_F_NONE ? field : jw_field_get(out->id)->name;
}

static jw_status free_text(const struct jw_term_maker *maker, const struct jw_word *word,
                           struct jw_query_term *out) {
    out->test = JW_QUERY_CONTAINS;
    if (word->text.len == 0)
        return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, word->at, word->len,
                             "an empty phrase finds nothing; write a word");
    if (word->wild)
        return pattern(maker, word, true, out);
    out->text = fold(word->text);
    return JW_OK;
}

jw_status jw_term_value(const struct jw_term_maker *maker, jw_text field, const struct jw_word *word,
                        struct jw_query_term *out) {
    if (field.len == 0)
        return free_text(maker, word, out);
    resolve(field, out);
    bool is_text = type_of(out) == JW_TYPE_TEXT && out->id != JW_F_EVENT_ID;
    if (word->text.len == 0 || is_only_any(word->text)) {
        out->test = word->text.len ? JW_QUERY_EXISTS : JW_QUERY_EMPTY;
        return JW_OK;
    }
    jw_status st = typed(maker, word, out);
    if (st != JW_AGAIN)
        return st;
    if (word->wild)
        return pattern(maker, word, is_text, out);
    out->test = is_text ? JW_QUERY_CONTAINS : JW_QUERY_EQUALS;
    out->text = fold(word->text);
    if (out->id == JW_F_EVENT_ID) {
        out->test = JW_QUERY_EVENT_ID;
        out->is_event_id = jw_spool_event_parse(out->text, &out->spool, &out->number);
    } else if (out->id == JW_F_NONE && !word->quoted && memchr(out->text.ptr, '/', out->text.len))
        address(out->text, out); /* a network on a field the dictionary does not know: only if it is one */
    return JW_OK;
}

static void step(jw_address *address, int by, bool *out_wrapped) {
    int i = 15;
    for (; i >= 0; i--) {
        address->bytes[i] = (uint8_t)(address->bytes[i] + by);
        if (address->bytes[i] != (by > 0 ? 0 : 255))
            break;
    }
    *out_wrapped |= i < 0;
}

/* No address lies there: an order that nothing satisfies. */
static void nowhere(struct jw_query_term *out) {
    memset(&out->low_address, 255, sizeof out->low_address);
    memset(&out->high_address, 0, sizeof out->high_address);
}

static bool address_range(const struct jw_term_end *low, const struct jw_term_end *high,
                          struct jw_query_term *out) {
    bool wrapped = false;
    memset(&out->low_address, 0, sizeof out->low_address);
    memset(&out->high_address, 255, sizeof out->high_address);
    if ((low->given && !address_end(low->word.text, &out->low_address)) ||
        (high->given && !address_end(high->word.text, &out->high_address)))
        return false;
    if (low->given && low->open)
        step(&out->low_address, 1, &wrapped);
    if (high->given && high->open)
        step(&out->high_address, -1, &wrapped);
    skip_zero(&out->low_address);
    if (wrapped)
        nowhere(out);
    out->test = JW_QUERY_ADDRESS;
    return true;
}

/* `> 2026-08-31` begins after that day, `<= 2026-08-31` includes it: a date is a span. */
static bool date_range(const struct jw_term_maker *maker, const struct jw_term_end *low,
                       const struct jw_term_end *high, struct jw_query_term *out) {
    struct jw_query_term end;
    int64_t from = INT64_MIN, to = INT64_MAX;
    if (low->given) {
        if (!date(maker, low->word.text, &end))
            return false;
        from = low->open ? end.high_time : end.low_time;
    }
    if (high->given) {
        if (!date(maker, high->word.text, &end))
            return false;
        to = high->open ? end.low_time : end.high_time;
    }
    out->test = JW_QUERY_TIME;
    out->low_time = from;
    out->high_time = to;
    return true;
}

static bool number_range(const struct jw_term_end *low, const struct jw_term_end *high, struct jw_query_term *out) {
    out->low.open = low->open;
    out->high.open = high->open;
    out->test = JW_QUERY_NUMBER;
    return (!low->given || jw_number_bound(low->word.text, &out->low)) &&
           (!high->given || jw_number_bound(high->word.text, &out->high));
}

static void word_range(const struct jw_term_end *low, const struct jw_term_end *high, struct jw_query_term *out) {
    out->test = JW_QUERY_WORDS;
    out->low = (jw_query_bound){.given = low->given, .open = low->open};
    out->high = (jw_query_bound){.given = high->given, .open = high->open};
    out->low_text = low->given ? fold(low->word.text) : (jw_text){0};
    out->high_text = high->given ? fold(high->word.text) : (jw_text){0};
}

/* The end that is to blame: the first that does not fit alone. */
static jw_status bad_end(const struct jw_term_maker *maker, const struct jw_term_end *low,
                         const struct jw_term_end *high, const struct jw_query_term *term) {
    const struct jw_term_end none = {0};
    struct jw_query_term probe = *term;
    jw_field_type type = type_of(term);
    bool low_fits = type == JW_TYPE_IP     ? address_range(low, &none, &probe)
                    : type == JW_TYPE_DATE ? date_range(maker, low, &none, &probe)
                                           : number_range(low, &none, &probe);
    const struct jw_word *word = low_fits ? &high->word : &low->word;
    return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, word->at, word->len, JW_FMT " holds %s: write %s",
                         JW_ARG(term->field), kinds[type].what,
                         type == JW_TYPE_IP ? "an address" : kinds[type].instead);
}

jw_status jw_term_range(const struct jw_term_maker *maker, jw_text field, const struct jw_term_end *low,
                        const struct jw_term_end *high, struct jw_query_term *out) {
    resolve(field, out);
    jw_field_type type = type_of(out);
    if (out->id == JW_F_EVENT_ID)
        return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, out->at, out->len,
                             "event.id has no order; write event.id:\"…\"");
    if (!low->given && !high->given) {
        out->test = JW_QUERY_EXISTS;
        return JW_OK;
    }
    if (type == JW_TYPE_BOOL)
        return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, out->at, out->len,
                             JW_FMT " is true or false; it has no order", JW_ARG(out->field));
    if (type == JW_TYPE_IP)
        return address_range(low, high, out) ? JW_OK : bad_end(maker, low, high, out);
    if (type == JW_TYPE_DATE)
        return date_range(maker, low, high, out) ? date_texts(maker, out) : bad_end(maker, low, high, out);
    if (number_range(low, high, out))
        return JW_OK;
    if (type == JW_TYPE_LONG)
        return bad_end(maker, low, high, out);
    if (!(low->given && low->word.wild) && !(high->given && high->word.wild))
        word_range(low, high, out);
    else
        return jw_lexer_fail(maker->lexer, JW_E_SYNTAX, out->at, out->len,
                             "a range has no * or ? inside its ends; \"*\" "
                             "alone leaves an end open");
    return JW_OK;
}
