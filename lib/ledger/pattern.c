/* lib/ledger/pattern.c — PCRE2, anchored at both ends, under a match limit. */
#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

jw_status jw_pattern_compile(const char *pattern, void **out, struct jw_error *err) {
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C |
                                             PCRE2_DOLLAR_ENDONLY,
                                         &code, &at, NULL);
    if (!compiled) {
        char reason[160] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof reason);
        return jw_fail(err, JW_E_SYNTAX, "at byte %zu: %s", at, reason);
    }
    *out = compiled;
    return JW_OK;
}

void jw_pattern_free(void *pattern) { pcre2_code_free(pattern); }

jw_status jw_pattern_check(const struct jw_ledger_field *field, const json_t *value, struct jw_error *err) {
    if (!field->pattern || !json_is_string(value))
        return JW_OK;
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int found = PCRE2_ERROR_NOMEMORY;
    if (limits && data) {
        pcre2_set_match_limit(limits, 100000);
        pcre2_set_heap_limit(limits, 4096); /* KiB */
        found = pcre2_match(field->pattern, (PCRE2_SPTR)json_string_value(value), json_string_length(value), 0, 0,
                            data, limits);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    if (found >= 0)
        return JW_OK;
    return jw_fail(err, JW_E_SYNTAX, "does not fit the pattern %s; example: %s", field->pattern_text,
                   field->example ? field->example : "");
}
