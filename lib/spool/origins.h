/* lib/spool/origins.h — how far each origin got; the newest JW_ORIGINS are kept. For lib/spool alone. One thread.
 */
#pragma once
#include "base/memory.h"

#define JW_ORIGINS 65536u

struct jw_origin {
    uint64_t origin, at;
};

struct jw_origins;
struct jw_origins *jw_origins_new(void);
void jw_origins_free(struct jw_origins *table);
JW_DEFINE_AUTO(jw_origins, jw_origins_free)
void jw_origins_clear(struct jw_origins *table);
void jw_origins_set(struct jw_origins *table, uint64_t origin,
                    uint64_t at); /* and makes it the newest; 0 does nothing */
void jw_origins_remove(struct jw_origins *table, uint64_t origin);
bool jw_origins_find(const struct jw_origins *table, uint64_t origin, uint64_t *out_at);
uint32_t jw_origins_count(const struct jw_origins *table);
void jw_origins_print(const struct jw_origins *table, struct jw_origin *out); /* all of them, the oldest first */
