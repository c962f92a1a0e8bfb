/* lib/query/match.c — the query asked of one event in memory, for live tail. sql.c says the same in SQL; the test
 * "SQL and evaluator agree" holds the two together. */
#include "query.h"

#include "number.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* `small` is folded already. */
static bool same(jw_text value, jw_text small) {
    if (value.len != small.len)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (lower(value.ptr[i]) != small.ptr[i])
            return false;
    return true;
}

static bool contains(jw_text value, jw_text small) {
    for (size_t i = 0; i + small.len <= value.len; i++)
        if (same((jw_text){value.ptr + i, small.len}, small))
            return true;
    return false;
}

static size_t character(jw_text s, size_t at) {
    size_t n = 1;
    while (at + n < s.len && ((unsigned char)s.ptr[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* Greedy with one point of return: the last `*`. Time is at most the product of the lengths. */
static bool like(jw_text value, jw_text pattern) {
    size_t at = 0, p = 0, star = SIZE_MAX, from = 0;
    while (at < value.len) {
        if (p < pattern.len && pattern.ptr[p] == JW_QUERY_ANY) {
            star = p++;
            from = at;
        } else if (p < pattern.len && pattern.ptr[p] == JW_QUERY_ONE) {
            at += character(value, at);
            p++;
        } else if (p < pattern.len && pattern.ptr[p] == lower(value.ptr[at])) {
            at++;
            p++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            from += character(value, from);
            at = from;
        } else
            return false;
    }
    while (p < pattern.len && pattern.ptr[p] == JW_QUERY_ANY)
        p++;
    return p == pattern.len;
}

static int compare_folded(jw_text value, jw_text small) {
    size_t shared = value.len < small.len ? value.len : small.len;
    for (size_t i = 0; i < shared; i++) {
        int order = (unsigned char)lower(value.ptr[i]) - (unsigned char)small.ptr[i];
        if (order)
            return order;
    }
    return (value.len > small.len) - (value.len < small.len);
}

static bool within_words(jw_text value, const struct jw_query_term *term) {
    int low = term->low.given ? compare_folded(value, term->low_text) : 1;
    int high = term->high.given ? compare_folded(value, term->high_text) : -1;
    return (low > 0 || (low == 0 && !term->low.open)) && (high < 0 || (high == 0 && !term->high.open));
}

static bool within_addresses(jw_text value, const struct jw_query_term *term) {
    jw_address address;
    if (!jw_address_parse(value, &address)) /* with or without a zone such as %eth0 */
        return false;
    return memcmp(&address, &term->low_address, sizeof address) >= 0 &&
           memcmp(&address, &term->high_address, sizeof address) <= 0;
}

/* Dates that have no column are kept as text; only the UTC form has an order as text: 2026-08-31T10:00:00[.123]Z */
static bool is_utc_date(jw_text value) {
    static const char form[] = "0000-00-00T00:00:00";
    if (value.len < sizeof form || value.ptr[value.len - 1] != 'Z' || value.len == sizeof form + 1)
        return false;
    for (size_t i = 0; i < value.len - 1; i++) {
        char want = i < sizeof form - 1 ? form[i] : i == sizeof form - 1 ? '.' : '0';
        if (want == '0' ? value.ptr[i] < '0' || value.ptr[i] > '9' : value.ptr[i] != want)
            return false;
    }
    return true;
}

static bool within_dates(jw_text value, const struct jw_query_term *term) {
    if (!is_utc_date(value))
        return false;
    value.len--;
    return (!term->low_text.len || jw_text_compare(value, term->low_text) >= 0) &&
           (!term->high_text.len || jw_text_compare(value, term->high_text) < 0);
}

/* A number field answers patterns in its shortest spelling too, since that is what its column holds. */
static bool number_like(const struct jw_query_term *term, jw_text value) {
    char text[24];
    int64_t number;
    if (term->id == JW_F_NONE || jw_field_get(term->id)->type != JW_TYPE_LONG || !jw_number_whole(value, &number))
        return false;
    int len = snprintf(text, sizeof text, "%lld", (long long)number);
    jw_text shortest = {text, (size_t)len};
    return term->test == JW_QUERY_CONTAINS ? contains(shortest, term->text) : like(shortest, term->text);
}

static bool value_satisfies(const struct jw_query_term *term, jw_text value) {
    switch (term->test) {
    case JW_QUERY_EXISTS:
    case JW_QUERY_EMPTY: /* asked the other way round by the caller */
        return value.len > 0;
    case JW_QUERY_EVENT_ID:
    case JW_QUERY_EQUALS:
        return same(value, term->text);
    case JW_QUERY_CONTAINS:
        return contains(value, term->text) || number_like(term, value);
    case JW_QUERY_PATTERN:
        return value.len > 0 && (like(value, term->text) || number_like(term, value));
    case JW_QUERY_NUMBER:
        return jw_number_within(value, &term->low, &term->high);
    case JW_QUERY_WORDS:
        return value.len > 0 && within_words(value, term);
    case JW_QUERY_ADDRESS:
        return within_addresses(value, term);
    case JW_QUERY_TIME:
        return within_dates(value, term);
    case JW_QUERY_BOOL:
        return same(value, term->truth ? JW_TEXT("true") : JW_TEXT("false"));
    }
    return false;
}

/* The line, or the message of an event that has none; the lake searches the same in one indexed expression. */
static bool free_text(const struct jw_query_term *term, const struct jw_record *rec) {
    jw_text line = jw_record_text(rec, JW_F_EVENT_ORIGINAL);
    return value_satisfies(term, line.len ? line : jw_record_text(rec, JW_F_MESSAGE));
}

static bool time_satisfies(const struct jw_query_term *term, int64_t ns) {
    int64_t us = ns / 1000 - (ns % 1000 < 0);
    if (term->test != JW_QUERY_TIME)
        return term->test == JW_QUERY_EXISTS; /* every event has one */
    return us >= term->low_time && us < term->high_time;
}

static bool term_holds(const struct jw_query_term *term, const struct jw_record *rec,
                       const struct jw_query_place *place) {
    if (term->field.len == 0)
        return free_text(term, rec);
    if (term->id == JW_F_TIMESTAMP)
        return time_satisfies(term, rec->has_time ? rec->time : place->ingested);
    if (term->id == JW_F_EVENT_INGESTED)
        return time_satisfies(term, place->ingested);
    if (term->id == JW_F_EVENT_ID) {
        if (term->test == JW_QUERY_EXISTS || term->test == JW_QUERY_EMPTY)
            return term->test == JW_QUERY_EXISTS;
        if (term->is_event_id && term->spool == place->spool && term->number == place->number)
            return true;
    }
    if (term->id == JW_F_EVENT_ORIGINAL) /* there is one line; further values are not searched, for speed */
        return value_satisfies(term, jw_record_text(rec, JW_F_EVENT_ORIGINAL)) != (term->test == JW_QUERY_EMPTY);
    bool found = false;
    for (uint32_t i = 0; i < rec->count && !found; i++) {
        const jw_field *field = &rec->fields[i];
        bool named = term->id != JW_F_NONE ? field->id == term->id : jw_text_is(field->name, term->field);
        found = named && value_satisfies(term, field->value);
    }
    return found != (term->test == JW_QUERY_EMPTY);
}

static bool holds(const struct jw_query_node *node, const struct jw_record *rec,
                  const struct jw_query_place *place) {
    switch (node->kind) {
    case JW_QUERY_ALL:
        return true;
    case JW_QUERY_NOT:
        return !holds(node->first, rec, place);
    case JW_QUERY_TERM:
        return term_holds(&node->term, rec, place);
    case JW_QUERY_AND:
    case JW_QUERY_OR:
        break;
    }
    for (const struct jw_query_node *child = node->first; child; child = child->next)
        if (holds(child, rec, place) == (node->kind == JW_QUERY_OR))
            return node->kind == JW_QUERY_OR;
    return node->kind == JW_QUERY_AND;
}

bool jw_query_match(const struct jw_query *query, const struct jw_record *rec, const struct jw_query_place *place) {
    return holds(query->root, rec, place);
}
