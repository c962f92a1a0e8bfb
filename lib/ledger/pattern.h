/* lib/ledger/pattern.h — the regular expression of a field: it must match the whole text, within bounds. */
#pragma once
#include "ledger.h"

JW_MUST_CHECK jw_status jw_pattern_compile(const char *pattern, void **out, struct jw_error *err);
void jw_pattern_free(void *pattern);
/* JW_OK as well for a field without a pattern. One that needs too long counts as not matching. */
JW_MUST_CHECK jw_status jw_pattern_check(const struct jw_ledger_field *field, const json_t *value,
                                         struct jw_error *err);
