/* lib/query/number.c — which texts count as numbers. */
#include "number.h"

#include <stdlib.h>

static size_t digits(jw_text *rest, size_t most) {
    size_t n = 0;
    while (n < rest->len && n < most && rest->ptr[n] >= '0' && rest->ptr[n] <= '9')
        n++;
    rest->ptr += n;
    rest->len -= n;
    return n;
}

bool jw_number_whole(jw_text s, int64_t *out) {
    jw_text rest = s;
    jw_text_drop(&rest, JW_TEXT("-"));
    return digits(&rest, 18) && rest.len == 0 && jw_text_i64(s, out);
}

bool jw_number_real(jw_text s, double *out) {
    jw_text rest = s;
    char text[48];
    jw_text_drop(&rest, JW_TEXT("-"));
    if (s.len >= sizeof text || !digits(&rest, 15))
        return false;
    if (jw_text_drop(&rest, JW_TEXT(".")) && !digits(&rest, 15))
        return false;
    if (jw_text_drop(&rest, JW_TEXT("e")) || jw_text_drop(&rest, JW_TEXT("E"))) {
        if (!jw_text_drop(&rest, JW_TEXT("-")))
            jw_text_drop(&rest, JW_TEXT("+"));
        if (!digits(&rest, 2))
            return false;
    }
    if (rest.len)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *out = strtod(text, NULL); /* jinwu never sets a locale, so the point is a point */
    return true;
}

bool jw_number_bound(jw_text s, jw_query_bound *out) {
    out->whole = jw_number_whole(s, &out->integer);
    if (out->whole)
        out->real = (double)out->integer;
    else if (!jw_number_real(s, &out->real))
        return false;
    out->given = true;
    return true;
}

static bool fits(int order, const jw_query_bound *bound, int side) {
    return order == 0 ? !bound->open : order == side;
}

static int order_whole(int64_t value, const jw_query_bound *bound) {
    double real = (double)value;
    if (bound->whole)
        return (value > bound->integer) - (value < bound->integer);
    return (real > bound->real) - (real < bound->real);
}

static int order_real(double value, const jw_query_bound *bound) {
    return (value > bound->real) - (value < bound->real);
}

bool jw_number_within(jw_text s, const jw_query_bound *low, const jw_query_bound *high) {
    int64_t whole;
    double real;
    if (jw_number_whole(s, &whole))
        return (!low->given || fits(order_whole(whole, low), low, 1)) &&
               (!high->given || fits(order_whole(whole, high), high, -1));
    if (jw_number_real(s, &real))
        return (!low->given || fits(order_real(real, low), low, 1)) &&
               (!high->given || fits(order_real(real, high), high, -1));
    return false;
}
