/* lib/rights/rights.h — who may do what with which records: role × ledger × field × place in the organisation ×
 * relation to the record. What no line of a ledger's `rights` allows is denied. Values and read-only objects: any
 * thread. */
#pragma once
#include "base/memory.h"
#include "ledger/ledger.h"

#define JW_RIGHTS_PLACE  512 /* bytes of a path of units, "1.15.", with its NUL */
#define JW_RIGHTS_GRANTS 64  /* of one account */
#define JW_RIGHTS_NAME   65

/* --- roles (roles.c): content/roles.yaml ------------------------------------------------------------------------
 * Roles are words that ledgers and workflows use; `powers` is what a role may do besides records, such as
 * "rules.publish"; conflicts are sets of roles of which no account may hold two (三员; 管、监、察). */
struct jw_role {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title, about;
    char **powers;  /* ends with NULL */
    bool everybody; /* held by every account, granted to none: "staff" */
    bool read_only; /* ledgers that give it more than reading and exporting are refused (third-party auditor) */
};
struct jw_conflict {
    struct jw_ledger_label title;
    char **roles; /* ends with NULL */
};
/* Every power there is (powers.c); a role that names another one is refused. */
struct jw_power {
    const char *name, *zh, *en;
    bool acts; /* does something; a read_only role may not have it */
};
extern const struct jw_power jw_powers[]; /* ends with a name of NULL */

struct jw_roles;
/* JW_E_SYNTAX: err says FILE:LINE:COLUMN and why. */
JW_MUST_CHECK jw_status jw_roles_load(const char *file, struct jw_roles **out, struct jw_error *err);
/* The same of bytes; `name` stands in complaints. */
JW_MUST_CHECK jw_status jw_roles_read(jw_text bytes, const char *name, struct jw_roles **out, struct jw_error *err);
void jw_roles_free(struct jw_roles *roles);
JW_DEFINE_AUTO(jw_roles, jw_roles_free)
size_t jw_roles_count(const struct jw_roles *roles);
const struct jw_role *jw_roles_get(const struct jw_roles *roles, size_t i); /* in the order of the file */
const struct jw_role *jw_roles_find(const struct jw_roles *roles, jw_text name);
size_t jw_roles_conflict_count(const struct jw_roles *roles);
const struct jw_conflict *jw_roles_conflict(const struct jw_roles *roles, size_t i);

/* --- somebody who acts ------------------------------------------------------------------------------------------
 */
struct jw_grant {
    char role[JW_LEDGER_NAME];
    /* Where it holds: the path of a unit. `where: all` of a ledger is then that unit and what lies below it;
     * `units` and `unit` count from it instead of from the person's own. "": as the ledgers say it, from the
     * person's unit. */
    char place[JW_RIGHTS_PLACE];
};
struct jw_holder {
    char account[JW_RIGHTS_NAME];
    int64_t person;              /* in ledger person; 0: none */
    char place[JW_RIGHTS_PLACE]; /* path of the person's unit; "": none, so that `where: units` gives nothing */
    struct jw_grant grants[JW_RIGHTS_GRANTS];
    size_t grant_count;
    bool root; /* jinwu itself, and the command line on the machine: everything, still audited */
};
/* JW_E_DENIED: the grants break a declared conflict (err names it and both roles), a role is unknown or
 * everybody's, or a place is no path. */
JW_MUST_CHECK jw_status jw_roles_check(const struct jw_roles *roles, const struct jw_grant *grants, size_t count,
                                       struct jw_error *err);
/* What ledgers say that no role of these can mean: unknown roles, a read_only role that may change, change, delete
 * or export without read on the same line, import without create, a ledger nobody can fill. Such a line gives
 * nothing (or less) all the same. How many; told of each. */
typedef void (*jw_rights_problem)(void *context, const char *file, int line, const char *text);
size_t jw_rights_check_ledgers(const struct jw_roles *roles, const struct jw_ledgers *ledgers,
                               jw_rights_problem told, void *context);
/* What of a line's `may` counts, whoever holds the role; 0: nothing, or the role is unknown. */
unsigned jw_rights_given(const struct jw_roles *roles, const struct jw_ledger_right *right);

bool jw_rights_has_role(const struct jw_roles *roles, const struct jw_holder *holder, jw_text role);
bool jw_rights_has_power(const struct jw_roles *roles, const struct jw_holder *holder, jw_text power);

/* --- one person and one ledger (rights.c, show.c) --------------------------------------------------------------
 * Compiled once for a request; borrows everything. The person may what any line of the ledger's `rights` gives to a
 * role held; lines never take away. A line without `read` gives nothing but creating. `own` follows the person
 * wherever the record lies. */
struct jw_rights;
JW_MUST_CHECK jw_status jw_rights_new(const struct jw_roles *roles, const struct jw_ledger *ledger,
                                      const struct jw_holder *holder, struct jw_rights **out, struct jw_error *err);
void jw_rights_free(struct jw_rights *rights);
JW_DEFINE_AUTO(jw_rights, jw_rights_free)
/* `may` is one JW_MAY_* in all of these. This one: with records at all, whichever. */
bool jw_rights_may(const struct jw_rights *rights, unsigned may);
bool jw_rights_may_some(const struct jw_rights *rights, unsigned may, int field); /* the same, of one field */
/* With this record ({"place", "fields", …} of the store). JW_MAY_CREATE: the record as it would be. JW_MAY_CHANGE:
 * ask with the record as it was, and as it would be, or records could be moved out of reach and into another's. */
bool jw_rights_may_record(const struct jw_rights *rights, unsigned may, const json_t *record);
/* One field of this record. JW_MAY_READ: seen at all, masked perhaps. JW_MAY_SENSITIVE: seen as it is, which an
 * open field is to all who may read it. JW_MAY_CREATE, _CHANGE, _EXPORT: may be given, changed, exported. */
bool jw_rights_may_field(const struct jw_rights *rights, unsigned may, const json_t *record, int field);

/* Which records: for the conditions of a list. `field` -1: those with which one `may`; else those whose field may
 * be read as it is, whatever `may` is. Conditions, sorting and words on a field must be limited to its scope too,
 * or they would tell what is masked. A record is in the scope when one of the places, units or the owner says so.
 */
struct jw_rights_scope {
    bool none, all;
    const char *places[JW_RIGHTS_GRANTS + 2]; /* subtrees, none within another; ends with NULL; borrowed */
    const char *units[JW_RIGHTS_GRANTS + 2];  /* one unit alone (its path), in none of `places`; ends with NULL */
    int64_t owner;                            /* also the records this person answers for; 0: none */
};
void jw_rights_get_scope(const struct jw_rights *rights, unsigned may, int field, struct jw_rights_scope *out);

/* The record as this person may see it: masked, left out, without "place"; new reference, NULL without memory.
 * `unmask`: sensitive fields as they are where there is the right, *out_shown (may be NULL) says that some value
 * was (the caller appends the audit entry). Without it they are masked even for those with the right, secret ones
 * too. A record that may not be read at all gives JSON null. */
json_t *jw_rights_show(const struct jw_rights *rights, const json_t *record, bool unmask, bool *out_shown);
/* The same for a file: only fields that may be exported; JSON null for a record that may not. */
json_t *jw_rights_export(const struct jw_rights *rights, const json_t *record, bool unmask, bool *out_shown);

/* --- why (explain.c) --------------------------------------------------------------------------------------------
 */
/* Each line of the file that bears on `may` for this record (NULL: any) and field (-1: the record), with whether it
 * applies (one that does is enough) and why not:
 * "content/ledgers/asset.yaml:31: security_manager may read, where: units; 1.15.3. lies below 1.15." */
typedef void (*jw_rights_told)(void *context, bool applies, const char *text);
bool jw_rights_explain(const struct jw_rights *rights, unsigned may, const json_t *record, int field,
                       jw_rights_told told, void *context); /* the verdict */
