/* lib/ledger/types/credit_code.c — unified social credit codes, GB 32100-2015: authority, kind, 6 digits region, 9
 * signs of the organisation, 1 check sign; base 31 without I, O, S, V, Z. */
#include "kit.h"

static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static int place(char c) {
    const char *found = c ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

static bool has_shape(const char *text) {
    for (size_t i = 0; i < 18; i++)
        if (place(text[i]) < 0)
            return false;
    for (size_t i = 2; i < 8; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return strchr("123456789ANY", text[0]) && strchr("1234569", text[1]);
}

static char check_sign(const char *text) {
    int sum = 0, weight = 1;
    for (size_t i = 0; i < 17; i++, weight = weight * 3 % 31)
        sum += place(text[i]) * weight;
    return alphabet[(31 - sum % 31) % 31];
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    char text[19] = "";
    jw_text given = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    (void)field;
    for (size_t i = 0; i < given.len && given.len == 18; i++)
        text[i] = given.ptr[i] >= 'a' && given.ptr[i] <= 'z' ? (char)(given.ptr[i] - 32) : given.ptr[i];
    if (!*text || !has_shape(text))
        return jw_fail(err, JW_E_SYNTAX,
                       "is no unified social credit code of 18 signs; example: 91350100M000100Y43");
    if (check_sign(text) != text[17])
        return jw_fail(err, JW_E_SYNTAX, "has a wrong check sign: one of its signs is mistyped");
    return jw_type_give_text(text, 18, out, err);
}

const struct jw_ledger_type jw_type_credit_code = {
    .name = "credit_code",
    .about = "a unified social credit code (GB 32100), its check sign verified",
    .sample = "\"91350100M000100Y43\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
