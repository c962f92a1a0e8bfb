/* lib/ledger/types/kit.h — what several types share: taking a text in, giving one out, failing in one sentence. */
#pragma once
#include "../characters.h"
#include "../ledger.h"
#include "../source.h"

/* The JSON string, trimmed, not empty, without control characters, at most `most` characters. */
JW_MUST_CHECK jw_status jw_type_take(const json_t *in, size_t most, jw_text *out, struct jw_error *err);
/* *out = `value`, which may be NULL: no memory. */
JW_MUST_CHECK jw_status jw_type_give(json_t *value, json_t **out, struct jw_error *err);
JW_MUST_CHECK jw_status jw_type_give_text(const char *text, size_t len, json_t **out, struct jw_error *err);
/* Exactly `count` decimal digits at the beginning. */
bool jw_type_digits(jw_text *rest, size_t count, int *out);
static inline jw_text jw_type_text_of(const json_t *string) {
    return (jw_text){json_string_value(string), json_string_length(string)};
}
static inline bool jw_type_is_zh(const char *language) { return !language || *language == 'z'; }
