/* lib/gov/live.h — a table of the ledgers (table.h) that one thread changes while others attribute events with it.
 * Readers take one of several locks, each in a cache line of its own, so that they do not wait for one another; who
 * changes takes them all, for microseconds. */
#pragma once
#include "table.h"

struct jw_gov_live;
struct jw_gov_live *jw_gov_live_new(void); /* empty; NULL: no memory */
void jw_gov_live_free(struct jw_gov_live *live);
JW_DEFINE_AUTO(jw_gov_live, jw_gov_live_free)
/* From now on readers use `table` (taken over; NULL: none); the one before is freed. */
void jw_gov_live_swap(struct jw_gov_live *live, struct jw_gov_table *table);
/* The table to change, NULL when there is none, readers held off until `done`. One thread at a time. */
struct jw_gov_table *jw_gov_live_edit(struct jw_gov_live *live);
void jw_gov_live_done(struct jw_gov_live *live);
/* The table to read until `leave`; NULL: none, and `leave` all the same. */
const struct jw_gov_table *jw_gov_live_enter(struct jw_gov_live *live);
void jw_gov_live_leave(struct jw_gov_live *live);
