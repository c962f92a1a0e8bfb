/* lib/base/text.h — text as pointer and length; borrowed, never NUL-terminated. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct jw_text {
    const char *ptr;
    size_t len;
} jw_text;

#define JW_TEXT(literal) ((jw_text){"" literal, sizeof(literal) - 1})
#define JW_FMT           "%.*s"
#define JW_ARG(s)        (int)((s).len < 120 ? (s).len : 120), (s).ptr /* peers cannot flood our messages */

bool jw_text_drop(jw_text *rest, jw_text prefix);               /* removes `prefix` if it is there */
bool jw_text_cut(jw_text *rest, char sep, jw_text *out_head);   /* needs `sep`, else changes nothing */
bool jw_text_next(jw_text *rest, char sep, jw_text *out_piece); /* the last piece may lack `sep` */

static inline jw_text jw_text_from(const char *cstr) { return (jw_text){cstr, cstr ? strlen(cstr) : 0}; }
static inline bool jw_text_is(jw_text a, jw_text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
bool jw_text_is_nocase(jw_text a, jw_text b); /* ASCII letters only */
bool jw_text_starts(jw_text s, jw_text prefix);
bool jw_text_ends(jw_text s, jw_text suffix);
bool jw_text_find(jw_text s, jw_text needle, size_t *out_at); /* first place; out_at may be NULL */
int jw_text_compare(jw_text a, jw_text b);                    /* byte order, the shorter first */
jw_text jw_text_trim(jw_text s);                              /* without leading and trailing ASCII white space */

/* Whole text as a decimal number, no sign but '-' for i64, no blanks; false when it is not one or overflows. */
bool jw_text_u64(jw_text s, uint64_t *out);
bool jw_text_i64(jw_text s, int64_t *out);

/* RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF. */
bool jw_text_is_utf8(jw_text s);
