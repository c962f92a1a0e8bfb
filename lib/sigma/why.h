/* lib/sigma/why.h — why a rule is true of an event, or which part of it is not: its condition part by part, with
 * what the event has. Slow and thorough, for people; matching itself is in match.c, and both must agree. */
#pragma once
#include "sigma.h"

typedef enum jw_part_kind { JW_PART_ALL, JW_PART_ANY, JW_PART_AT_LEAST, JW_PART_NOT, JW_PART_COMPARE } jw_part_kind;
struct jw_sigma_part {
    jw_part_kind kind;
    bool is_true;
    uint32_t least;                           /* of AT_LEAST */
    jw_text name;                             /* of the detection or filter that it is; empty within one */
    jw_text wants;                            /* of COMPARE, in words: `CommandLine contains "x"` */
    jw_text has;                              /* of COMPARE: `CommandLine = "…"`, `no field User` */
    const struct jw_sigma_part *first, *next; /* what it is made of */
};

struct jw_sigma_why {
    bool matches;      /* both below */
    bool of_logsource; /* the event is of the kind the rule is for */
    jw_text logsource; /* the rule's, in words; empty: it is for every event */
    const struct jw_sigma_part
        *kinds; /* the kinds of events that means, linked by next; NULL: none is known, or given */
    const struct jw_sigma_part *condition; /* with its filters */
    jw_text because;                       /* one sentence: what decided */
};

/* `source` as for jw_sigma_match. A correlation has no condition of its own: JW_E_SYNTAX. Everything lives in `mem`
 * and borrows from the rule and the event. */
JW_MUST_CHECK jw_status jw_sigma_why(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule,
                                     const struct jw_record *rec, const struct jw_sigma_source *source,
                                     struct jw_arena *mem, struct jw_sigma_why *out, struct jw_error *err);
/* The rules a correlation counts, by name or id as it wrote them; 0 for other rules. */
uint32_t jw_sigma_rule_counts(const struct jw_sigma *sigma, const struct jw_sigma_rule *rule,
                              const struct jw_sigma_rule **out, uint32_t most);
