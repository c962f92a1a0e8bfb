/* lib/ledger/ledger.h — a declared ledger (台账): content/ledgers/NAME.yaml as it was read. Read-only once loaded,
 * any thread; reloading makes a second set. docs/ledgers.md is the description for those who write such files. */
#pragma once
#include "type.h"

#define JW_LEDGER_NAME   48  /* names: a-z, 0-9, _, beginning with a letter; they are table and column names */
#define JW_LEDGER_FIELDS 200 /* of one ledger */
#define JW_LEDGERS       500

struct jw_ledger_label {
    char *zh, *en; /* en falls back to zh, zh to the name; never NULL */
};

typedef enum jw_ledger_sensitivity {
    JW_OPEN,      /* who may read the record may read it */
    JW_SENSITIVE, /* masked (138****1234) without the right to see it; every unmasked read is audited */
    JW_SECRET,    /* left out without the right */
} jw_ledger_sensitivity;

struct jw_ledger_field {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title, help;
    const struct jw_ledger_type *type;
    void *rule;            /* of the type: bounds, choices, target ledger …; see rules.h */
    const json_t *options; /* the declaration as it was read, for forms and OpenAPI: labels, units, bounds */
    json_t *preset;        /* canonical; NULL: none */
    void *pattern;         /* pcre2_code; NULL: none */
    char *pattern_text, *example;
    bool required, unique;
    bool due; /* a deadline: reminders 30, 7 and 1 days before it and when it has passed */
    jw_ledger_sensitivity sensitivity;
    int line; /* in the file */
};

/* One line of `rights`: a role may do these things with records that stand in this relation to the person. */
struct jw_ledger_right {
    char role[JW_LEDGER_NAME];
    unsigned may; /* JW_MAY_* */
    enum {
        JW_WHERE_ALL,
        JW_WHERE_UNITS /* own unit and below */,
        JW_WHERE_UNIT /* own unit only */,
        JW_WHERE_OWN
    } where;
    char **fields; /* NULL: all; else only these, ends with NULL */
    int line;      /* in the file */
};
#define JW_MAY_READ      1u
#define JW_MAY_CREATE    2u
#define JW_MAY_CHANGE    4u
#define JW_MAY_DELETE    8u
#define JW_MAY_SENSITIVE 16u /* read sensitive fields unmasked */
#define JW_MAY_IMPORT    32u
#define JW_MAY_EXPORT    64u

/* Which fields say whose the events of an address are: jw-collect reads them (lib/gov). Unit and owner are the
 * ledger's own; an asset is called as the record is, unless `address` is a network. -1: none. */
struct jw_ledger_attribution {
    bool given;
    int address, mac, host, plane;
    int except; /* records whose choice here is one of except_values (ends with NULL) say nothing */
    char **except_values;
};

struct jw_ledger {
    char name[JW_LEDGER_NAME];
    struct jw_ledger_label title, about;
    char *file;
    char **requirements; /* ids of REQUIREMENTS, ends with NULL */
    struct jw_ledger_field *fields;
    size_t field_count;
    int called;      /* the field a record is called by (`called`, else the first text field) */
    int unit, owner; /* fields of type unit and person that say whose it is; -1: none */
    int *listed;     /* fields shown in lists, ends with -1 */
    struct jw_ledger_right *rights;
    size_t right_count;
    struct jw_ledger_attribution attribution;
    char workflow[JW_LEDGER_NAME]; /* empty: none */
    int keep_days;                 /* retention of deleted records; 0: for ever */
    char digest[65];               /* SM3 of the file, hex */
};

/* A set of ledgers that know each other: references are resolved when all files have been read. */
struct jw_ledgers;
/* A file that cannot be used is refused, told to `refused` with file, line, column and reason, and the others load.
 * `before` (may be NULL) is the set in force: a refused file's ledger stays as it was there. */
typedef void (*jw_ledger_refused)(void *context, const char *file, int line, int column, const char *reason);
JW_MUST_CHECK jw_status jw_ledgers_load(const char *folder, const struct jw_ledgers *before,
                                        jw_ledger_refused refused, void *context, struct jw_ledgers **out,
                                        struct jw_error *err);
void jw_ledgers_free(struct jw_ledgers *set);
size_t jw_ledgers_count(const struct jw_ledgers *set);
const struct jw_ledger *jw_ledgers_get(const struct jw_ledgers *set, size_t i); /* in order of names */
const struct jw_ledger *jw_ledgers_find(const struct jw_ledgers *set, jw_text name);
int jw_ledger_field_find(const struct jw_ledger *ledger, jw_text name); /* -1: none */

/* --- values (value.c) --------------------------------------------------------------------------------------------
 * Every fault of a record at once, each with its field: people mend forms in one go. */
struct jw_ledger_fault {
    const char *field; /* of the ledger, or borrowed from the input for one that is unknown */
    const char *rule;  /* "required", "type", "pattern", "unknown", "unique", "reference", "computed" */
    char text[256];    /* one sentence with an example */
};
/* `in`: an object of field names. *out: the canonical object with every stored field (null where empty, preset
 * where absent), new reference. `partial`: only the fields that are given are checked and returned. JW_E_SYNTAX
 * with up to *count faults (in: room, out: how many) when something is wrong. Uniqueness and references are the
 * store's. */
JW_MUST_CHECK jw_status jw_ledger_check(const struct jw_ledger *ledger, const json_t *in, bool partial,
                                        json_t **out, struct jw_ledger_fault *faults, size_t *count,
                                        struct jw_error *err);
/* A value that fits, as people write it ("GYS-0001", "高"): the field's example, its first choice, or its type's.
 */
#define JW_LEDGER_EXAMPLE 128
void jw_ledger_example(const struct jw_ledger_field *field, bool english, char out[JW_LEDGER_EXAMPLE]);
/* "138****1234", "张**": what is left of a sensitive value for those who may not see it. */
void jw_ledger_mask(const struct jw_ledger_field *field, const json_t *value, json_t **out);
