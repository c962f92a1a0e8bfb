/* cli/rights.h — what the verbs of `jinwu rights` share. */
#pragma once
#include "command.h"

#include "rights/rights.h"

struct jw_rights_session {
    struct jw_roles *roles;
    struct jw_ledgers *ledgers;
    bool json;
    uint64_t found; /* refused ledgers and problems */
    struct jw_error err;
};
/* Where records and accounts are. */
struct jw_rights_place {
    const char *data, *db, *content; /* db NULL: DATA/ledger/ledger.db */
};
/* rights_account.c: what an account holds. Exit code. */
int jw_rights_hold(struct jw_rights_session *session, const struct jw_rights_place *at, const char *name,
                   struct jw_holder *out);

#define JW_RIGHTS_ACTS 7
extern const char
    *const jw_rights_acts[JW_RIGHTS_ACTS + 1]; /* in the order of the bits of JW_MAY_*; ends with NULL */
extern const char *const jw_rights_wheres[];   /* in the order of the enum */

/* rights_matrix.c: names of ledgers, or none for all of them. Results are exit codes. */
int jw_rights_matrix(struct jw_rights_session *session, int count, char **names);
int jw_rights_roles(struct jw_rights_session *session);
int jw_rights_powers(struct jw_rights_session *session);
/* On stdout as one line; takes the reference. */
void jw_rights_print(json_t *value);
