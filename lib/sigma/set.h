/* lib/sigma/set.h — the compiled form of a rule set. Private to lib/sigma.
 *
 * column     one field as rules of one logsource see it: a list of event field names. Equal lists share a column.
 * predicate  "one of these literals is true of this column": equal ones are shared by all rules. Its truth depends
 * on the value alone, so it can be remembered per value. code       the conditions: AND, OR, NOT over predicates,
 * and the few tests that need more than one value. anchor     per rule the cheapest set of predicates of which one
 * must be true whenever the rule is: only rules with a true anchor are evaluated. A rule that has none (it begins
 * with not, null, …) is evaluated for every event of its logsource. source     a distinct logsource of rules;
 * route: a kind of event of the mappings and the sources it switches on. */
#pragma once
#include "base/hash.h"
#include "index.h"
#include "mapping.h"

#define JW_SOURCES_MOST 4096

typedef enum jw_code_kind {
    JW_CODE_AND,
    JW_CODE_OR,
    JW_CODE_NOT,
    JW_CODE_AT_LEAST,  /* over kids[first .. first + count) */
    JW_CODE_PREDICATE, /* first: number of the predicate */
    JW_CODE_NULL,      /* first: column; missing or null */
    JW_CODE_EXISTS,    /* first: column; value->wanted */
    JW_CODE_FIELD,     /* first, least: columns; value->shape */
} jw_code_kind;

struct jw_code {
    jw_code_kind kind;
    uint32_t first, count, least;
    const struct jw_sigma_value *value;
};

struct jw_column {
    jw_text *names;
    uint16_t *ranks; /* names of one rank are one field */
    uint32_t count;
    bool routing;           /* routes look at it */
    uint64_t *used_by;      /* bits of sources */
    struct jw_index *index; /* NULL: only NULL, EXISTS and FIELD look at it */
};

struct jw_predicate {
    uint32_t column;
    const struct jw_sigma_item *item; /* one of the items it stands for: its words are used in reasons */
    const struct jw_sigma_value *values;
    uint32_t count;
    double weight; /* the guess how often it is true, 0..1 */
};

/* Lists per predicate (or per source) in one array. */
struct jw_lists {
    uint32_t *start; /* count + 1 */
    uint32_t *items;
};

struct jw_source {
    struct jw_sigma_logsource logsource;
    bool routed;
};

struct jw_route {
    uint32_t code;
    uint64_t *sources;
};

struct jw_name_slot {
    uint32_t number; /* + 1; 0: free */
    uint32_t tag;    /* more of the hash: a miss compares no text */
};

struct jw_name_place {
    uint32_t column;
    uint16_t rank;
};

struct jw_sigma {
    struct jw_arena *mem;
    struct jw_mapping mapping;
    struct jw_sigma_rule **rules; /* correlations among them */
    uint32_t *rule_code, *rule_source;
    uint32_t rule_count, correlation_count, filter_count, refused;
    struct jw_named *ids, *called; /* rules by id (filters too) and by name */
    struct jw_code *codes;
    uint32_t code_count;
    uint32_t *kids;
    uint32_t kid_count;
    struct jw_column *columns; /* columns[0]: every value of the event (keywords) */
    uint32_t column_count;
    struct jw_predicate *predicates;
    uint32_t predicate_count;
    struct jw_source *sources;
    uint32_t source_count, words; /* words of a set of sources */
    struct jw_route *routes;
    uint32_t route_count;
    struct jw_lists rule_anchors;    /* by predicate */
    struct jw_lists source_rules;    /* by source: rules without anchor */
    struct jw_lists source_keywords; /* by source: predicates over every value */
    struct jw_lists rule_regexes;    /* by rule: predicates with a regular expression */
    uint64_t *routing;               /* bits of predicates: routes look at them */
    /* Event field names -> columns. names_by_id for the dictionary's, the table for the others. */
    struct jw_lists name_places; /* by number of the name; items index `places` */
    struct jw_name_place *places;
    jw_text *names;
    uint32_t name_count;
    struct jw_name_slot *name_table;
    uint32_t name_slots;
    uint32_t names_by_id[JW_F_COUNT]; /* number + 1 */
};

static inline bool jw_bit(const uint64_t *set, uint32_t at) { return set[at / 64] >> at % 64 & 1; }

/* compile.c: from rules, mapping and refusals of the caller to everything below `rules`. */
JW_MUST_CHECK jw_status jw_sigma_compile(struct jw_sigma *sigma, struct jw_error *err);
/* anchor.c: fills the anchors. */
JW_MUST_CHECK jw_status jw_sigma_anchor(struct jw_sigma *sigma, struct jw_error *err);
/* 0 when the event name is in no rule, else its number + 1. */
uint32_t jw_sigma_name(const struct jw_sigma *sigma, const jw_field *field);
