/* lib/sigma/match.h — the inside of a worker, shared by matching and explaining. Private to lib/sigma. */
#pragma once
#include "cache.h"
#include "plan.h"
#include "stamp.h"

struct jw_place {                /* the values of one column in the event under way */
    uint32_t epoch, first, last; /* links + 1 */
    uint16_t rank;
    bool scanned, null; /* null: one of the values is */
};
struct jw_link {
    uint32_t field, next;
};

struct jw_probe { /* one value on its way through the cache */
    uint64_t hash, place;
    uint32_t column, field;
};

struct jw_decoded { /* of a value that stands in the record as JSON wrote it */
    uint32_t epoch;
    jw_text text;
};

struct jw_sigma_worker {
    const struct jw_sigma *set;
    struct jw_index_worker *scan;
    struct jw_cache *cache;
    uint64_t *recent; /* by column: where the cache has its last value */
    const struct jw_record *rec;
    uint32_t epoch;
    uint64_t keys;                    /* jw_record.keys of the event before */
    uint32_t *numbers;                /* by jw_field.key: 1 + what jw_sigma_name says; 0: not asked yet */
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
    struct jw_arena *folded; /* of fieldref, while it compares */
    struct jw_stamp stamp;
    struct jw_decoded *decoded; /* by field; NULL until one is needed */
    struct jw_arena *decoded_mem;
    char *values;                /* of the event, one behind the other, for a screen */
    struct jw_sigma_cost *costs; /* by rule, without the regular expressions */
    uint32_t until_timed, random;
    int64_t clock_ns; /* what reading the clock takes */
};

/* match_values.c. The first name of a column that the event has gives its values; every value of that name. */
void jw_match_gather(struct jw_sigma_worker *worker);
/* Finds what is true of a value, of a column's, of all that the plan names; `routing`: signs it too. */
void jw_match_field(struct jw_sigma_worker *worker, uint32_t column, uint32_t field, bool routing);
void jw_match_column(struct jw_sigma_worker *worker, uint32_t column, bool routing);
void jw_match_columns(struct jw_sigma_worker *worker, const struct jw_plan *plan);
void jw_match_candidate(struct jw_sigma_worker *worker, uint32_t rule);
void jw_match_sign(jw_buffer *signature, uint32_t number);

bool jw_code_is_true(struct jw_sigma_worker *worker, uint32_t code);
/* The value of a field of the event under way, decoded when lib/json left that to us. */
jw_text jw_sigma_text(struct jw_sigma_worker *worker, uint32_t field);

/* explain.c: the words of a comparison ("contains"), of a part of a date ("hour "), and a text in quotes, cut. */
const char *jw_sigma_word(const struct jw_sigma_value *value);
const char *jw_sigma_part_word(jw_date_part part);
void jw_sigma_quote(jw_buffer *out, jw_text text);
