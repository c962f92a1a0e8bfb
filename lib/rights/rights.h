/* lib/rights/rights.h — who may do what with which records: role × ledger × field × place in the organisation × relation
 * to the record. What no line of a ledger's `rights` allows is denied. Values and read-only objects: any thread. */
#pragma once
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
struct jw_roles;
/* JW_E_SYNTAX: err says FILE:LINE:COLUMN and why. */
JW_MUST_CHECK jw_status jw_roles_load(const char *file, struct jw_roles **out, struct jw_error *err);
void jw_roles_free(struct jw_roles *roles);
size_t jw_roles_count(const struct jw_roles *roles);
const struct jw_role *jw_roles_get(const struct jw_roles *roles, size_t i); /* in the order of the file */
const struct jw_role *jw_roles_find(const struct jw_roles *roles, jw_text name);
size_t jw_roles_conflict_count(const struct jw_roles *roles);
const struct jw_conflict *jw_roles_conflict(const struct jw_roles *roles, size_t i);

/* --- somebody who acts ------------------------------------------------------------------------------------------ */
struct jw_grant {
    char role[JW_LEDGER_NAME];
    char place[JW_RIGHTS_PLACE]; /* where it holds: the path of a unit; "": the person's own unit */
};
struct jw_holder {
    char account[JW_RIGHTS_NAME];
    int64_t person;              /* in ledger person; 0: none */
    char place[JW_RIGHTS_PLACE]; /* path of the person's unit; "": none, so that `where: units` gives nothing */
    struct jw_grant grants[JW_RIGHTS_GRANTS];
    size_t grant_count;
    bool root; /* jinwu itself, and the command line on the machine: everything, still audited */
};
/* JW_E_DENIED: the grants break a declared conflict (err names it and both roles), or a role is unknown. */
JW_MUST_CHECK jw_status jw_roles_check(const struct jw_roles *roles, const struct jw_grant *grants, size_t count,
                                       struct jw_error *err);
bool jw_rights_has_role(const struct jw_roles *roles, const struct jw_holder *holder, jw_text role);
bool jw_rights_has_power(const struct jw_roles *roles, const struct jw_holder *holder, jw_text power);

/* --- one person and one ledger (rights.c) ---------------------------------------------------------------------
 * Compiled once for a request; borrows everything. */
struct jw_rights;
JW_MUST_CHECK jw_status jw_rights_new(const struct jw_roles *roles, const struct jw_ledger *ledger,
                                      const struct jw_holder *holder, struct jw_rights **out, struct jw_error *err);
void jw_rights_free(struct jw_rights *rights);
JW_DEFINE_AUTO(jw_rights, jw_rights_free)
bool jw_rights_may(const struct jw_rights *rights, unsigned may); /* JW_MAY_*, with at least one record */
/* With this record ({"place", "fields", …} of the store). For JW_MAY_CREATE: the record as it would be. */
bool jw_rights_may_record(const struct jw_rights *rights, unsigned may, const json_t *record);
/* JW_MAY_READ, _CREATE, _CHANGE or _SENSITIVE (may it be seen as it is: true as well when the field is open and may be
 * read) of one field of this record. */
bool jw_rights_may_field(const struct jw_rights *rights, unsigned may, const json_t *record, int field);

/* Which records: for the conditions of a list. `field` -1: the record at all; else those whose field may be read as it
 * is. Conditions, sorting and words on a field must be limited to its scope, or they would tell what is masked. */
struct jw_rights_scope {
    bool none, all;
    const char *places[JW_RIGHTS_GRANTS + 2]; /* subtrees, ends with NULL; borrowed from the rights */
    const char *units[JW_RIGHTS_GRANTS + 2];  /* one unit alone (its path), ends with NULL */
    int64_t owner;                            /* also the records this person answers for; 0: none */
};
void jw_rights_get_scope(const struct jw_rights *rights, unsigned may, int field, struct jw_rights_scope *out);

/* The record as this person may see it: masked, left out, without "place"; new reference, NULL without memory.
 * `unmask`: sensitive fields as they are where there is the right, *out_shown says that some were (the caller appends
 * the audit entry). A record that may not be read at all gives JSON null. */
json_t *jw_rights_show(const struct jw_rights *rights, const json_t *record, bool unmask, bool *out_shown);

/* --- why (explain.c) -------------------------------------------------------------------------------------------- */
/* Each line of the file that bears on `may` for this record (NULL: any) and field (-1: the record), with whether it
 * applies and why not: "content/ledgers/asset.yaml:31: security_manager may read, where: units; 1.15. lies below 1.". */
typedef void (*jw_rights_told)(void *context, bool applies, const char *text);
bool jw_rights_explain(const struct jw_rights *rights, unsigned may, const json_t *record, int field,
                       jw_rights_told told, void *context); /* the verdict */
