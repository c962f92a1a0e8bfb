/* lib/formats/csv.c — RFC 4180, and what stands in its place. */
#include "csv.h"

bool jw_csv_next(jw_text *rest, bool *more, char separator, struct jw_arena *mem, jw_text *out) {
    size_t i = 0, doubled = 0;
    if (!*more)
        return false;
    if (rest->len && *rest->ptr == '"') {
        for (i = 1; i < rest->len; i++)
            if (rest->ptr[i] == '"') {
                if (i + 1 == rest->len || rest->ptr[i + 1] != '"')
                    break;
                doubled++;
                i++;
            }
        *out = (jw_text){rest->ptr + 1, i - 1};
        i += i < rest->len; /* the closing quote; what stands between it and the separator is lost text of a broken
                               row */
        char *copy = doubled ? jw_arena_alloc(mem, out->len) : NULL;
        if (copy) {
            size_t len = 0;
            for (size_t k = 0; k < out->len; k++) {
                copy[len++] = out->ptr[k];
                k += out->ptr[k] == '"';
            }
            *out = (jw_text){copy, len};
        }
        while (i < rest->len && rest->ptr[i] != separator)
            i++;
    } else {
        while (i < rest->len && rest->ptr[i] != separator)
            i++;
        *out = (jw_text){rest->ptr, i};
    }
    *more = i < rest->len;
    i += *more;
    rest->ptr += i;
    rest->len -= i;
    return true;
}
