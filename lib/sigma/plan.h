/* lib/sigma/plan.h — what has to be done for events of one kind. A kind is a set of logsources that are on; which
 * they are follows from a handful of values (channel, event id, …), and the same values come again and again: both
 * steps are remembered. Bounded: a worker that meets too many kinds starts again with none. Private to lib/sigma.
 */
#pragma once
#include "screen.h"
#include "set.h"

struct jw_plan {
    const uint64_t *active;       /* bits of sources */
    uint64_t *columns;            /* bits: to be scanned when the event has them */
    uint32_t *loose, loose_count; /* rules without anchor */
    bool keywords;                /* rules look at every value … */
    struct jw_screen *screen;     /* … for these words; NULL: for more than words */
};

struct jw_plans;
struct jw_plans *jw_plans_new(const struct jw_sigma *set);
void jw_plans_free(struct jw_plans *plans);
JW_DEFINE_AUTO(jw_plans, jw_plans_free)
/* The plan of a signature: the bytes that decided which sources are on. NULL: not known. */
const struct jw_plan *jw_plans_find(const struct jw_plans *plans, jw_text signature);
/* Makes it; may forget all others. Without memory it is one that does too much, and borrows `active`. */
const struct jw_plan *jw_plans_add(struct jw_plans *plans, jw_text signature, const uint64_t *active);
