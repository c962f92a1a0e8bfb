/* lib/sigma/rule.h — one rule as it was read: metadata, and the detection as a tree of nodes. Private to lib/sigma;
 * users see sigma.h. Everything lives in the arena of the rule set and borrows nothing from the file's text. */
#pragma once
#include "base/address.h"
#include "pattern.h"
#include "placeholder.h"
#include "sigma.h"
#include "tree.h"

typedef enum jw_sigma_op {
    JW_OP_PATTERN,
    JW_OP_REGEX,
    JW_OP_NETWORK, /* cidr */
    JW_OP_LESS,
    JW_OP_LESS_EQUAL,
    JW_OP_GREATER,
    JW_OP_GREATER_EQUAL,
    JW_OP_SAME_NUMBER, /* of a date's part */
    JW_OP_NULL,
    JW_OP_EXISTS,
    JW_OP_FIELD, /* fieldref: `text` names the other field, `shape` how the two are compared */
} jw_sigma_op;

/* What a comparison of numbers looks at: the value itself, or one number of the date that it is. */
typedef enum jw_date_part {
    JW_DATE_NONE,
    JW_DATE_MINUTE,
    JW_DATE_HOUR,
    JW_DATE_DAY,
    JW_DATE_WEEK,
    JW_DATE_MONTH,
    JW_DATE_YEAR
} jw_date_part;

#define JW_REGEX_NOCASE    1u
#define JW_REGEX_MULTILINE 2u
#define JW_REGEX_DOTALL    4u

struct jw_sigma_value {
    jw_sigma_op op;
    bool cased;
    bool wanted;    /* of exists */
    uint8_t flags;  /* of a regex */
    jw_shape shape; /* of a fieldref */
    jw_date_part part;
    double number;
    jw_text text; /* as the rule wrote it: for people, and the regex itself */
    struct jw_pattern pattern;
    jw_network network;
};

/* field|modifiers: values. Without a field it is a keyword item: it looks at every value of the event. */
struct jw_sigma_item {
    jw_text field, how; /* how: the modifiers as written, for people */
    bool all, not_equal;
    struct jw_sigma_value *values;
    uint32_t count;
    int line;
};

typedef enum jw_node_kind { JW_NODE_AND, JW_NODE_OR, JW_NODE_NOT, JW_NODE_AT_LEAST, JW_NODE_ITEM } jw_node_kind;
struct jw_sigma_node {
    jw_node_kind kind;
    uint32_t count, least;           /* children; how many of them for AT_LEAST */
    struct jw_sigma_node **children; /* may be shared: a detection stands once */
    struct jw_sigma_item *item;
    jw_text name;              /* of the detection or filter that this is, for people */
    uint32_t code, code_owner; /* compile.c: where it was compiled to, and for which rule (+1) */
};

struct jw_sigma_logsource {
    jw_text product, category, service; /* empty: any */
};

typedef enum jw_correlation_kind {
    JW_CORRELATE_NONE,
    JW_CORRELATE_COUNT,      /* event_count */
    JW_CORRELATE_VALUES,     /* value_count */
    JW_CORRELATE_TEMPORAL,   /* temporal: how many of the rules */
    JW_CORRELATE_ORDERED,    /* temporal_ordered: how many of the rules, one behind the other */
    JW_CORRELATE_SUM,        /* value_sum */
    JW_CORRELATE_AVERAGE,    /* value_avg */
    JW_CORRELATE_PERCENTILE, /* value_percentile with `percentile`: the value that so many percent do not exceed */
    JW_CORRELATE_SHARE, /* value_percentile without: of how many percent of the events the value is this one's */
} jw_correlation_kind;

typedef enum jw_bound_op {
    JW_BOUND_GTE,
    JW_BOUND_GT,
    JW_BOUND_LTE,
    JW_BOUND_LT,
    JW_BOUND_EQ,
    JW_BOUND_NEQ
} jw_bound_op;
struct jw_correlation_bound {
    jw_bound_op op;
    double value;
    int64_t scaled; /* in the unit of JW_VALUE_UNIT */
};
#define JW_VALUE_UNIT         1000000 /* numbers of value_sum and its like are kept as whole millionths */
#define JW_CORRELATION_BOUNDS 4
#define JW_CORRELATION_RULES  64 /* of one correlation */

/* `alias` of group-by means `field` in events of `rule`. */
struct jw_correlation_alias {
    jw_text alias, rule, field;
};

struct jw_sigma_rule;
struct jw_sigma_correlation {
    jw_correlation_kind kind;
    jw_text *rules; /* names or ids of the rules it watches */
    uint32_t rule_count;
    jw_text *group_by;
    uint32_t group_count;
    struct jw_correlation_alias *aliases;
    uint32_t alias_count;
    jw_text *fields; /* of value_*: more than one only for value_count, which counts their combinations */
    uint32_t field_count;
    int64_t span_ns;
    struct jw_correlation_bound bounds[JW_CORRELATION_BOUNDS]; /* all must hold */
    uint32_t bound_count;
    double percentile;
    struct jw_sigma_node
        *condition; /* of temporal kinds: over the rules by name; items' `least` is the rule's place */
    bool generate;  /* what it watches makes alerts of its own */
    /* link.c */
    struct jw_sigma_rule **watched; /* as `rules` */
    uint32_t depth;                 /* 1: watches no correlations */
};

/* A filter document: its condition must be true as well where one of its rules is. */
struct jw_sigma_filter {
    jw_text *rules; /* names or ids */
    uint32_t rule_count;
    bool any; /* every rule of its logsource */
};

struct jw_sigma_rule {
    struct jw_sigma_info info;
    jw_text name; /* by which correlations call it */
    struct jw_sigma_logsource logsource;
    struct jw_sigma_node *root; /* NULL for a correlation */
    struct jw_sigma_correlation correlation;
    struct jw_sigma_filter filter;
    bool is_filter;
    bool watched;    /* a correlation counts it */
    bool generate;   /* alerts of its own although a correlation watches it */
    uint32_t number; /* place in the rule set */
};

#define JW_SIGMA_VALUES 100000 /* of one rule */
#define JW_SIGMA_PIECES 256    /* of one value: wildcards, dashes, and the texts between them */
#define JW_SIGMA_DEPTH  64     /* of a condition */
#define JW_SIGMA_PARTS  16384  /* of all conditions of one rule, `of` counted as often as it covers */

/* rule.c: one YAML document. On failure `err` begins with "line N: ". */
JW_MUST_CHECK jw_status jw_sigma_rule_read(const struct jw_tree *document, const struct jw_placeholders *lists,
                                           struct jw_arena *mem, struct jw_sigma_rule **out, struct jw_error *err);
/* A detection alone, without placeholders: a map, a list of maps, or keywords. */
JW_MUST_CHECK jw_status jw_sigma_detection_read(const struct jw_tree *node, struct jw_arena *mem,
                                                struct jw_sigma_node **out, struct jw_error *err);
/* item.c: `key` is "field|modifier|…", `value` a scalar or a list of scalars. */
JW_MUST_CHECK jw_status jw_sigma_item_read(const struct jw_tree *key, const struct jw_tree *value,
                                           const struct jw_placeholders *lists, struct jw_arena *mem,
                                           struct jw_sigma_item *out, struct jw_error *err);
/* date.c: the number of a date in UTC; false when `text` is no date or lacks that part. */
bool jw_sigma_date_part(jw_text text, jw_date_part part, double *out);
/* encode.c: wide, utf16…, base64, base64offset on patterns without wildcards. */
JW_MUST_CHECK jw_status jw_encode_utf16(jw_text in, bool big_endian, bool mark, struct jw_arena *mem, jw_text *out);
JW_MUST_CHECK jw_status jw_encode_base64(jw_text in, struct jw_arena *mem, jw_text *out);
/* The part of the base64 text that is the same whatever stands before and behind `in`, `in` beginning at byte
 * `offset` (0..2) of a group of three. */
JW_MUST_CHECK jw_status jw_encode_base64_offset(jw_text in, unsigned offset, struct jw_arena *mem, jw_text *out);

/* condition.c: `detections` are names and trees; `budget` is how many parts the conditions of this rule may still
 * have, so that a short text cannot stand for gigabytes. */
struct jw_sigma_detection {
    jw_text name;
    struct jw_sigma_node *node;
};
JW_MUST_CHECK jw_status jw_sigma_condition_read(jw_text text, const struct jw_sigma_detection *detections,
                                                uint32_t count, uint32_t *budget, struct jw_arena *mem,
                                                struct jw_sigma_node **out, struct jw_error *err);
/* filter.c: puts filter documents (is_filter) into the rules they name; `refuse` hears what they miss. */
struct jw_sigma;
typedef void (*jw_filter_refuse)(void *context, const struct jw_sigma_rule *filter, const char *reason);
JW_MUST_CHECK jw_status jw_sigma_filters_apply(struct jw_sigma *set, struct jw_sigma_rule *const *filters,
                                               uint32_t count, jw_filter_refuse refuse, void *context,
                                               struct jw_error *err);
/* correlation.c (reading): the `correlation:` map of a rule. */
JW_MUST_CHECK jw_status jw_sigma_correlation_read(const struct jw_tree *map, struct jw_arena *mem,
                                                  struct jw_sigma_correlation *out, struct jw_error *err);
bool jw_correlation_bound_holds(const struct jw_correlation_bound *bound, double measure);
struct jw_sigma_node *jw_sigma_node_new(struct jw_arena *mem, jw_node_kind kind, struct jw_sigma_node **children,
                                        uint32_t count);
