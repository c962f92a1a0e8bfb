/* lib/sigma/regex.c — regular expressions: PCRE2 with its just-in-time compiler. */
#include "index_parts.h"

jw_status jw_sigma_regex_compile(const struct jw_sigma_value *value, pcre2_code **out, struct jw_error *err) {
    int why;
    PCRE2_SIZE at;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    if (value->flags & JW_REGEX_NOCASE)
        options |= PCRE2_CASELESS;
    if (value->flags & JW_REGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (value->flags & JW_REGEX_DOTALL)
        options |= PCRE2_DOTALL;
    const char *text = value->text.ptr ? value->text.ptr : "";
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, value->text.len, options, &why, &at, NULL);
    if (!code) {
        unsigned char words[160];
        pcre2_get_error_message(why, words, sizeof words);
        return jw_fail(err, JW_E_SYNTAX, "regular expression, at character %zu: %s", (size_t)at + 1, (char *)words);
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without JIT it is only slower */
    *out = code;
    return JW_OK;
}

jw_status jw_sigma_regex_check(const struct jw_sigma_value *value, struct jw_error *err) {
    pcre2_code *code = NULL;
    jw_status st = jw_sigma_regex_compile(value, &code, err);
    pcre2_code_free(code);
    return st;
}
