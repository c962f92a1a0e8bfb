/* lib/intake/charset.c — first whether it may be Chinese at all, then iconv. */
#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

struct jw_charset {
    iconv_t from_gb;
};

struct jw_charset *jw_charset_new(void) {
    struct jw_charset *charset = calloc(1, sizeof *charset);
    if (!charset)
        return NULL;
    charset->from_gb = iconv_open("UTF-8", "GB18030");
    if (charset->from_gb != (iconv_t)-1)
        return charset;
    free(charset);
    return NULL;
}

void jw_charset_free(struct jw_charset *charset) {
    if (charset)
        iconv_close(charset->from_gb);
    free(charset);
}

static bool follows(unsigned char c) { return (c & 0xC0) == 0x80; }

/* UTF-8 with a damaged byte, or cut in the middle of a character, is no GB: two characters of three bytes for each
 * byte that is wrong say so. Chinese in GB has such sequences by chance only. */
static bool is_damaged_utf8(jw_text line) {
    const unsigned char *p = (const unsigned char *)line.ptr, *end = p + line.len;
    size_t right = 0, wrong = 0;
    while (p < end) {
        if (*p < 0x80) {
            p++;
        } else if (end - p > 2 && (*p & 0xF0) == 0xE0 && follows(p[1]) && follows(p[2])) {
            right++;
            p += 3;
        } else {
            wrong++;
            p++;
        }
    }
    return right >= 2 * wrong;
}

/* Most of the characters beyond ASCII are of GB 2312, the ones people use; accents of Latin-1 before a letter, and
 * random bytes, are not. */
static bool is_chinese(jw_text line) {
    const unsigned char *p = (const unsigned char *)line.ptr, *end = p + line.len;
    size_t usual = 0, other = 0;
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        if (end - p < 2)
            break;
        bool four = p[1] >= '0' && p[1] <= '9';
        if (*p >= 0xA1 && *p <= 0xF7 && p[1] >= 0xA1)
            usual++;
        else
            other++;
        p += four ? 4 : 2;
    }
    return usual > other;
}

bool jw_charset_read(struct jw_charset *charset, jw_text line, struct jw_arena *mem, jw_text *out) {
    static const char cut[] = "\xEF\xBF\xBD";
    if (jw_text_is_utf8(line) || is_damaged_utf8(line) || !is_chinese(line))
        return false;
    size_t room = line.len + line.len / 2 + sizeof cut; /* two bytes become three, four become at most four */
    char *start = jw_arena_alloc(mem, room), *to = start, *from = (char *)(uintptr_t)line.ptr;
    size_t left = line.len;
    if (!start)
        return false;
    iconv(charset->from_gb, NULL, NULL, NULL, NULL);
    if (iconv(charset->from_gb, &from, &left, &to, &room) == (size_t)-1) {
        if (errno != EINVAL || left > 3 || room < sizeof cut - 1)
            return false;
        memcpy(to, cut, sizeof cut - 1);
        to += sizeof cut - 1;
    }
    *out = (jw_text){start, (size_t)(to - start)};
    return true;
}
