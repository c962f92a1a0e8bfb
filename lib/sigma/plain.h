/* lib/sigma/plain.h — the plain evaluator: every rule of the event's logsources, one after the other, without
 * index, cache or anchors, with a matcher of its own. For tests and the benchmark only: the engine must agree with
 * it. */
#pragma once
#include "sigma.h"

struct jw_plain;
struct jw_plain *jw_plain_new(const struct jw_sigma *sigma);
void jw_plain_free(struct jw_plain *plain);
JW_DEFINE_AUTO(jw_plain, jw_plain_free)
/* As jw_sigma_match. */
size_t jw_plain_match(struct jw_plain *plain, const struct jw_record *rec, const struct jw_sigma_source *source,
                      const struct jw_sigma_rule *const **out_rules);
