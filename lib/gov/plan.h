/* lib/gov/plan.h — rows on their way into a jw_gov: checked, copied, collected. Used inside lib/gov only. */
#pragma once
#include "gov.h"
#include "ranges.h"

/* A row as its file gives it; texts are borrowed. `ip` and `host` may hold several, apart by ';', ',' or blanks. */
struct jw_plan_row {
    jw_text network, ip, host, asset, unit, owner, plane;
};

struct jw_plan_host {
    jw_text name; /* lower case; empty: a free slot */
    uint32_t place, address_span;
};

struct jw_plan {
    struct jw_arena *mem;
    struct jw_gov_place *places;
    uint8_t (*widths)[4]; /* of each place: the prefix lengths that unit, owner, asset and plane came from */
    size_t place_count, place_capacity;
    struct jw_ranges_span *spans;
    size_t span_count, span_capacity;
    struct jw_plan_host *hosts; /* open addressing */
    size_t host_count, host_capacity;
    size_t networks, addresses, refused;
    jw_text told[JW_GOV_TOLD];
    const char *file; /* being read */
    jw_text yaml;     /* its text, when it is YAML */
    bool failed;      /* no memory: sticky */
};

/* Copies a good row in, refuses and tells a bad one. */
void jw_plan_add(struct jw_plan *plan, uint32_t line, const struct jw_plan_row *row);
JW_PRINTF(3, 4) void jw_plan_refuse(struct jw_plan *plan, uint32_t line, const char *fmt, ...);
/* The member of `row` that a column heading or key means, in English or Chinese; NULL when none. */
jw_text *jw_plan_member(struct jw_plan_row *row, jw_text heading);
/* Where `name` (lower case) stands or would stand; hosts must not be full. */
size_t jw_plan_host_at(const struct jw_plan_host *hosts, size_t capacity, jw_text name);
void jw_plan_clear(struct jw_plan *plan);

/* Both read a whole file's text and call jw_plan_add. */
void jw_plan_csv_read(struct jw_plan *plan, jw_text bytes);
void jw_plan_yaml_read(struct jw_plan *plan, jw_text bytes);
