/* lib/ledger/types/mac.c — hardware addresses in the ways that devices print them. */
#include "kit.h"

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    static const char hex[] = "0123456789abcdef";
    char digits[13] = "", text[18];
    size_t count = 0, signs = 0;
    jw_text given = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    char sign = 0;
    (void)field;
    for (size_t i = 0; i < given.len && count <= 12; i++) {
        char c = given.ptr[i] >= 'A' && given.ptr[i] <= 'F' ? (char)(given.ptr[i] + 32) : given.ptr[i];
        if (c && strchr(hex, c)) {
            if (count < 12)
                digits[count] = c;
            count++;
        } else if (c && strchr(":-.", c) && (!sign || sign == c) && count && count % (c == '.' ? 4 : 2) == 0)
            sign = c, signs++;
        else
            count = 13;
    }
    if (count != 12 || (sign && signs != (sign == '.' ? 2u : 5u)))
        return jw_fail(err, JW_E_SYNTAX, "is no MAC address; example: 00:1a:2b:3c:4d:5e");
    for (size_t i = 0; i < 6; i++)
        snprintf(text + 3 * i, sizeof text - 3 * i, "%.2s%s", digits + 2 * i, i < 5 ? ":" : "");
    return jw_type_give_text(text, 17, out, err);
}

const struct jw_ledger_type jw_type_mac = {
    .name = "mac",
    .about = "a hardware address: 00:1a:2b:3c:4d:5e, 00-1A-2B-3C-4D-5E, 001a.2b3c.4d5e",
    .sample = "\"00:1a:2b:3c:4d:5e\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
