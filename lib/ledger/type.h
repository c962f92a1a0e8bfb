/* lib/ledger/type.h — what a type of field promises. A value is JSON (jansson) outside of the database and one
 * column in it. `check` makes the one canonical form of it: two values that mean the same are then equal, and sort
 * rightly as they are stored. */
#pragma once
#include <jansson.h>

#include "base/buffer.h"
#include "base/status.h"

struct jw_ledger_field;

/* How the canonical form is stored; a JSON null is the database's NULL for every type. */
typedef enum jw_ledger_stored {
    JW_STORED_TEXT,    /* JSON string; arrays and objects as compact JSON with sorted keys */
    JW_STORED_INTEGER, /* JSON integer or boolean */
    JW_STORED_REAL,    /* JSON number */
    JW_STORED_NOTHING, /* computed: never written by people */
} jw_ledger_stored;

struct jw_ledger_type {
    const char *name;   /* the word in ledger files */
    const char *about;  /* one line for docs/ledgers.md and the console's editor */
    const char *sample; /* a valid value as JSON text for a field without further rules: tests and errors show it */
    jw_ledger_stored stored;
    bool many; /* the canonical form is an array */
    /* Reads the keys of the declaration that only this type knows ("unit", "least", "choices" …) from `options`, an
     * object; a key it does not know is refused by name. Sets field->rule (may be NULL), freed by `forget`. */
    jw_status (*declare)(struct jw_ledger_field *field, const json_t *options, struct jw_error *err);
    void (*forget)(void *rule);
    /* JW_OK: *out is the canonical form, a new reference. JW_E_SYNTAX: `err` says rule and example in one sentence
     * for people ("is no IPv4 or IPv6 address; example: 10.1.2.3"), without the field's name. `in` is not null. */
    jw_status (*check)(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err);
    /* How a person sees the canonical form, for lists, CSV and search, in `zh` or `en`; NULL: the JSON text itself.
     * The buffer fails when it is full. */
    void (*show)(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out);
    /* The other way, for CSV and XLSX cells; NULL: the cell is the JSON string. */
    jw_status (*read)(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err);
};
extern const struct jw_ledger_type *const jw_ledger_types[]; /* ends with NULL */
const struct jw_ledger_type *jw_ledger_type_find(jw_text name);
