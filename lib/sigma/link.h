/* lib/sigma/link.h — correlations find the rules they name. Private to lib/sigma. */
#pragma once
#include "set.h"

typedef void (*jw_link_on_refusal)(void *context, const struct jw_sigma_rule *rule, const char *reason);
/* Sets `watched` and `depth` of every correlation, and which rules alert by themselves; takes out those that name
 * what is not loaded, or in the end themselves. */
void jw_sigma_link(struct jw_sigma *set, jw_link_on_refusal on_refusal, void *context);
