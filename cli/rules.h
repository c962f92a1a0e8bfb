/* cli/rules.h — the inside of `jinwu rules`. */
#pragma once
#include "command.h"
#include "sigma/sigma.h"

enum jw_rules_option {
    JW_RULES_JSON,
    JW_RULES_MAPPINGS,
    JW_RULES_PLACEHOLDERS,
    JW_RULES_ID,
    JW_RULES_TITLE,
    JW_RULES_LEVEL,
    JW_RULES_STATUS,
    JW_RULES_SOURCE,
    JW_RULES_AUTHOR,
    JW_RULES_FORMAT,
    JW_RULES_RECORD,
    JW_RULES_DATASET,
    JW_RULES_OPTIONS
};

/* Loads folders (content/rules when there is none) with the mappings and lists of `values`. */
JW_MUST_CHECK jw_status jw_rules_load(const char *const *folders, const char *const *values,
                                      jw_sigma_on_refusal on_refusal, void *context, struct jw_sigma **out,
                                      struct jw_error *err);
int jw_rules_list(const char *const *folders, const char *const *values, bool json);
/* `rule`: a file, or an id in `folders`; `event`: a file, or - for stdin. */
int jw_rules_explain(const char *rule, const char *event, const char *const *folders, const char *const *values,
                     bool json);
