/* lib/ledger/types/kit.c — texts in and out of types. */
#include "kit.h"

jw_status jw_type_take(const json_t *in, size_t most, jw_text *out, struct jw_error *err) {
    size_t count = 0;
    if (!json_is_string(in))
        return jw_fail(err, JW_E_SYNTAX, "is no text");
    jw_text text = jw_characters_trim(jw_type_text_of(in));
    if (text.len == 0)
        return jw_fail(err, JW_E_SYNTAX, "is blank");
    if (!jw_characters_count(text, &count))
        return jw_fail(err, JW_E_SYNTAX, "is not UTF-8");
    if (count > most)
        return jw_fail(err, JW_E_SYNTAX, "has %zu characters; at most %zu", count, most);
    if (!jw_characters_clean(text, false))
        return jw_fail(err, JW_E_SYNTAX, "holds characters that cannot be seen (control signs, new lines)");
    *out = text;
    return JW_OK;
}

jw_status jw_type_give(json_t *value, json_t **out, struct jw_error *err) {
    if (!value)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *out = value;
    return JW_OK;
}

jw_status jw_type_give_text(const char *text, size_t len, json_t **out, struct jw_error *err) {
    return jw_type_give(json_stringn(text, len), out, err);
}

bool jw_type_digits(jw_text *rest, size_t count, int *out) {
    int value = 0;
    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return false;
        value = value * 10 + (rest->ptr[i] - '0');
    }
    rest->ptr += count;
    rest->len -= count;
    *out = value;
    return true;
}
