/* daemons/detect/flood.h — a rule that fires without end: the first alerts are told one by one, the rest is merged.
 *
 * Between two commits of the cursor (follow.h) each rule has a number of alerts to tell at once. Beyond it alerts
 * are merged: one per entity (unit, host, source address, user; the group of a correlation) for the first ENTITIES
 * of them, and one per unit for all others. A merged alert counts what it stands for and names its newest events.
 *
 * What is told and what is merged depends on nothing but the alerts given since the last jw_flood_reset: whoever
 * gives the same ones again gets the same answers. No clock, no chance. That is how nothing is lost or told twice
 * when the process dies (place.c). */
#pragma once
#include "alert.h"

#define JW_FLOOD_ENTITIES 8    /* of one rule */
#define JW_FLOOD_MOST     4096 /* merged alerts; then it is time to tell them */
#define JW_FLOOD_BYTES    (8u << 20)

struct jw_flood;
/* For rules numbered 0 .. rules - 1; `each`: alerts of one rule told one by one. NULL without memory. */
struct jw_flood *jw_flood_new(uint32_t rules, uint32_t each);
void jw_flood_free(struct jw_flood *flood);
JW_DEFINE_AUTO(jw_flood, jw_flood_free)

/* The next alert of that rule; true: tell it now. */
bool jw_flood_allows(struct jw_flood *flood, uint32_t rule);
/* Merges an alert that may not be told now. `alert` has no evidence yet. JW_E_LIMIT: no memory. */
JW_MUST_CHECK jw_status jw_flood_merge(struct jw_flood *flood, uint32_t rule, const struct jw_record *alert,
                                       jw_text entity, const struct jw_evidence *evidence);
bool jw_flood_calm(const struct jw_flood *flood);       /* no rule has had an alert since the reset */
uint32_t jw_flood_merged(const struct jw_flood *flood); /* merged alerts that wait to be told */
bool jw_flood_full(const struct jw_flood *flood);

/* Every merged alert with its evidence, in the order they began, made in `mem`. Changes nothing. Gives how many
 * could not be made for want of memory. */
typedef void (*jw_flood_each)(void *context, const struct jw_record *alert);
uint32_t jw_flood_give(const struct jw_flood *flood, uint32_t spool, struct jw_arena *mem, jw_flood_each each,
                       void *context);
void jw_flood_reset(struct jw_flood *flood);
