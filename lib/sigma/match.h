/* lib/sigma/match.h — the inside of a worker, shared by matching and explaining. Private to lib/sigma. */
#pragma once
#include "cache.h"
#include "plan.h"

struct jw_place {                /* the values of one column in the event under way */
    uint32_t epoch, first, last; /* links + 1 */
    uint16_t rank;
    bool scanned, null; /* null: one of the values is */
};
struct jw_link {
    uint32_t field, next;
};

struct jw_sigma_worker {
    const struct jw_sigma *set;
    struct jw_index_worker *scan;
    struct jw_cache *cache;
    const struct jw_record *rec;
    uint32_t epoch;
    struct jw_place *places;          /* by column */
    uint32_t *touched, touched_count; /* columns */
    struct jw_link *links;
    uint32_t link_count, link_room;
    uint32_t *truth;      /* by predicate: epoch when true */
    uint32_t *rule_stamp; /* by rule: epoch when it became a candidate */
    uint32_t *candidates, candidate_count;
    const struct jw_sigma_rule **hits;
    struct jw_plans *plans;
    uint64_t *active; /* sources, while a plan is made */
    jw_buffer signature;
    char *values;                /* of the event, one behind the other, for a screen */
    struct jw_sigma_cost *costs; /* by rule, without the regular expressions */
    uint32_t until_timed, random;
    int64_t clock_ns; /* what reading the clock takes */
};

bool jw_code_is_true(const struct jw_sigma_worker *worker, uint32_t code);

/* explain.c: the words of a comparison ("contains"), of a part of a date ("hour "), and a text in quotes, cut. */
const char *jw_sigma_word(const struct jw_sigma_value *value);
const char *jw_sigma_part_word(jw_date_part part);
void jw_sigma_quote(jw_buffer *out, jw_text text);
