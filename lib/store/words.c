/* lib/store/words.c — one pass over UTF-8. */
#include "words.h"

#include <stdint.h>

#define WORD_MOST 64 /* bytes of one word of letters; the rest of a longer one is left out */

enum kind { OTHER, LETTER, HAN };

/* The next character, or one byte of what is no UTF-8. */
static uint32_t next(jw_text *rest, size_t *width) {
    const unsigned char *p = (const unsigned char *)rest->ptr;
    size_t want = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC2 ? 2 : 1;
    uint32_t code = want == 1 ? *p : *p & (0x7Fu >> want);
    if (want > rest->len)
        want = 1;
    for (size_t i = 1; i < want; i++)
        code = code << 6 | (p[i] & 0x3F);
    *width = want;
    return code;
}

static enum kind kind_of(uint32_t code) {
    if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_')
        return LETTER;
    if ((code >= 0x3400 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) || code >= 0x20000)
        return HAN;
    return code >= 0xC0 && code < 0x2000 ? LETTER : OTHER; /* accents, Cyrillic, Uyghur, Tibetan … */
}

static void lower(jw_buffer *out, jw_text word) {
    for (size_t i = 0; i < word.len; i++)
        jw_buffer_byte(out, word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? (char)(word.ptr[i] | 32) : word.ptr[i]);
    jw_buffer_byte(out, ' ');
}

/* `all`: for storing, each Chinese character is a word as well as each pair; a question needs the pairs only, and
 * the single character where it stands alone. */
static size_t cut(jw_buffer *out, jw_text text, bool all) {
    size_t words = 0, width, before = 0; /* bytes of the Chinese character before */
    while (text.len) {
        enum kind kind = kind_of(next(&text, &width));
        jw_text here = {text.ptr, width};
        if (kind == LETTER) {
            here.len = 0;
            while (text.len && kind_of(next(&text, &width)) == LETTER) {
                here.len += here.len + width <= WORD_MOST ? width : 0;
                text.ptr += width, text.len -= width;
            }
            lower(out, here);
            words++;
            before = 0;
            continue;
        }
        text.ptr += width, text.len -= width;
        size_t after;
        bool more = kind == HAN && text.len && kind_of(next(&text, &after)) == HAN;
        if (kind == HAN && before) {
            lower(out, (jw_text){here.ptr - before, before + here.len});
            words++;
        }
        if (kind == HAN && (all || (!more && !before))) {
            lower(out, here);
            words++;
        }
        before = more ? here.len : 0;
    }
    return words;
}

void jw_words_add(jw_buffer *out, jw_text text) { cut(out, text, true); }

bool jw_words_ask(jw_text question, jw_buffer *out, size_t most, size_t *count) {
    *count = cut(out, question, false);
    return *count > 0 && *count <= most && !out->failed;
}
