/* lib/ledger/types/resident_id.c — GB 11643: 6 digits region, 8 birthday, 3 sequence, 1 check (ISO 7064 MOD 11-2).
 */
#include "kit.h"

#include "base/time.h"

/* GB/T 2260, first two digits; 81 to 83 are on residence permits for Hong Kong, Macao and Taiwan residents. */
static bool is_province(int code) {
    return (code >= 11 && code <= 15) || (code >= 21 && code <= 23) || (code >= 31 && code <= 37) ||
           (code >= 41 && code <= 46) || (code >= 50 && code <= 54) || (code >= 61 && code <= 65) || code == 71 ||
           (code >= 81 && code <= 83);
}

static bool is_birthday(jw_text text) {
    struct jw_civil civil = {0};
    int64_t at;
    return jw_type_digits(&text, 4, &civil.year) && jw_type_digits(&text, 2, &civil.month) &&
           jw_type_digits(&text, 2, &civil.day) && civil.year >= 1900 && jw_time_from_civil(&civil, 0, &at) &&
           at <= jw_time_now() + 86400 * JW_SECOND;
}

static char check_digit(const char digits[17]) {
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (digits[i] - '0') * weights[i];
    return "10X98765432"[sum % 11];
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    char text[19];
    int province;
    jw_text given = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    jw_text head = given;
    (void)field;
    bool shape = given.len == 18;
    for (size_t i = 0; i < 17 && shape; i++)
        shape = given.ptr[i] >= '0' && given.ptr[i] <= '9';
    if (!shape)
        return jw_fail(err, JW_E_SYNTAX, "is no resident identity number of 18 signs; example: 11010519491231002X");
    memcpy(text, given.ptr, 18);
    text[17] = text[17] == 'x' ? 'X' : text[17];
    if (!jw_type_digits(&head, 2, &province) || !is_province(province))
        return jw_fail(err, JW_E_SYNTAX, "begins with %.2s, which is no province", text);
    if (!is_birthday((jw_text){text + 6, 8}))
        return jw_fail(err, JW_E_SYNTAX, "holds no birthday in its signs 7 to 14");
    if (check_digit(text) != text[17]) /* which one would be right helps only those who invent numbers */
        return jw_fail(err, JW_E_SYNTAX, "has a wrong check digit: one of its signs is mistyped");
    return jw_type_give_text(text, 18, out, err);
}

const struct jw_ledger_type jw_type_resident_id = {
    .name = "resident_id",
    .about = "a resident identity number (GB 11643), its check digit verified; make it sensitive",
    .sample = "\"11010519491231002X\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
