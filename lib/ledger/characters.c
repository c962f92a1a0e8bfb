/* lib/ledger/characters.c — UTF-8 by characters; jw_text_is_utf8 says what is well formed. */
#include "characters.h"

static size_t length_of(unsigned char first) {
    return first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
}

bool jw_characters_next(jw_text *rest, uint32_t *out) {
    if (rest->len == 0)
        return false;
    const unsigned char *bytes = (const unsigned char *)rest->ptr;
    size_t len = length_of(bytes[0]);
    if (len == 0 || len > rest->len || bytes[0] > 0xf4)
        return false;
    uint32_t value = len == 1 ? bytes[0] : bytes[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    *out = value;
    rest->ptr += len;
    rest->len -= len;
    return true;
}

bool jw_characters_count(jw_text text, size_t *out) {
    uint32_t character;
    size_t count = 0;
    if (!jw_text_is_utf8(text))
        return false;
    while (jw_characters_next(&text, &character))
        count++;
    *out = count;
    return text.len == 0;
}

static bool is_shown(uint32_t c, bool lines) {
    if (c < 0x20)
        return lines && (c == '\n' || c == '\t');
    return !((c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
             (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c & 0xfffe) == 0xfffe);
}

bool jw_characters_clean(jw_text text, bool lines) {
    uint32_t character;
    while (jw_characters_next(&text, &character))
        if (!is_shown(character, lines))
            return false;
    return text.len == 0;
}

jw_text jw_characters_trim(jw_text text) {
    static const jw_text wide = JW_TEXT("\xe3\x80\x80");
    for (size_t before = text.len + 1; before != text.len;) {
        before = text.len;
        text = jw_text_trim(text);
        jw_text_drop(&text, wide);
        if (jw_text_ends(text, wide))
            text.len -= wide.len;
    }
    return text;
}

void jw_characters_mend(char *text) {
    jw_text rest = jw_text_from(text);
    char *to = text;
    while (rest.len) {
        jw_text before = rest;
        uint32_t character;
        if (!jw_characters_next(&rest, &character)) {
            rest = (jw_text){rest.ptr + 1, rest.len - 1};
            continue;
        }
        memmove(to, before.ptr, before.len - rest.len);
        to += before.len - rest.len;
    }
    *to = 0;
}
