/* lib/gov/gov_parts.h — a loaded plan, as its files see it. */
#pragma once
#include "live.h"
#include "plan.h"

struct jw_gov {
    struct jw_arena *mem;
    struct jw_ranges *ranges;
    struct jw_plan plan;
    struct jw_gov_live *live; /* NULL: no ledgers */
};
