/* lib/ledger/types/email.c — mail addresses as offices use them: no quoted local parts, a domain with a dot. */
#include "kit.h"

static bool is_letter_or_digit(char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9'); }

static bool is_local(jw_text text) {
    if (text.len == 0 || text.len > 64 || *text.ptr == '.' || text.ptr[text.len - 1] == '.')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_letter_or_digit(text.ptr[i]) && (!text.ptr[i] || !strchr("!#$%&'*+-/=?^_`{|}~.", text.ptr[i])))
            return false;
    return !jw_text_find(text, JW_TEXT(".."), NULL);
}

static bool is_domain(jw_text text) {
    size_t labels = 0;
    jw_text label;
    if (text.len == 0 || text.len > 253 || text.ptr[text.len - 1] == '.')
        return false;
    for (; jw_text_next(&text, '.', &label); labels++) {
        if (label.len == 0 || label.len > 63 || *label.ptr == '-' || label.ptr[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!is_letter_or_digit(label.ptr[i]) && label.ptr[i] != '-')
                return false;
    }
    return labels > 1;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    char text[320];
    jw_text given = json_is_string(in) ? jw_characters_trim(jw_type_text_of(in)) : (jw_text){0};
    jw_text domain = given, local;
    (void)field;
    if (!jw_text_cut(&domain, '@', &local) || !is_local(local) || !is_domain(domain))
        return jw_fail(err, JW_E_SYNTAX, "is no mail address; example: zhangsan@example.gov.cn");
    for (size_t i = 0; i < given.len; i++) /* the domain knows no capitals */
        text[i] =
            i > local.len && given.ptr[i] >= 'A' && given.ptr[i] <= 'Z' ? (char)(given.ptr[i] + 32) : given.ptr[i];
    return jw_type_give_text(text, given.len, out, err);
}

const struct jw_ledger_type jw_type_email = {
    .name = "email",
    .about = "a mail address",
    .sample = "\"zhangsan@example.gov.cn\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
