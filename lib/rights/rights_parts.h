/* lib/rights/rights_parts.h — what the files of lib/rights share. */
#pragma once
#include "rights.h"

#define JW_RIGHTS_BITS (JW_LEDGER_FIELDS / 64 + 1)

/* Fields of a ledger as bits. */
struct jw_rights_fields {
    uint64_t bits[JW_RIGHTS_BITS];
};
static inline bool jw_rights_among(const struct jw_rights_fields *fields, int field) {
    return fields->bits[field / 64] >> (field % 64) & 1;
}

/* A line of the ledger in the hands of this person, once for each place where it holds. */
struct jw_rights_line {
    const struct jw_ledger_right *right;
    unsigned may; /* what is left of right->may */
    enum { JW_REACH_ALL, JW_REACH_BELOW, JW_REACH_UNIT, JW_REACH_OWN } reach;
    const char *place; /* JW_REACH_BELOW, _UNIT */
    struct jw_rights_fields fields;
};

struct jw_rights {
    const struct jw_roles *roles;
    const struct jw_ledger *ledger;
    const struct jw_holder *holder;
    size_t count;
    struct jw_rights_line lines[];
};

/* The JW_MAY_* that one line must all have so that it allows `may` of the field (-1: the record). */
unsigned jw_rights_needed(const struct jw_ledger *ledger, unsigned may, int field);
/* Does it reach this record (NULL: any)? */
bool jw_rights_reaches(const struct jw_rights *rights, const struct jw_rights_line *line, const json_t *record);
/* "1.15.": numbers, each with a point behind. */
bool jw_rights_is_path(const char *place);
