/* lib/ledger/type.h — what a type of field promises. A value is JSON (jansson) outside of the database and one
 * column in it. `check` makes the one canonical form of it: two values that mean the same are then equal, and sort
 * rightly as they are stored. */
#pragma once
#include <jansson.h>

#include "base/buffer.h"
#include "base/status.h"

struct jw_ledger_field;
struct jw_source;

/* How the canonical form is stored; a JSON null is the database's NULL for every type. */
typedef enum jw_ledger_stored {
    JW_STORED_TEXT,    /* JSON string; arrays and objects as compact JSON with sorted keys */
    JW_STORED_INTEGER, /* JSON integer or boolean */
    JW_STORED_REAL,    /* JSON number */
    JW_STORED_NOTHING, /* computed: never written by people */
} jw_ledger_stored;

struct jw_ledger_type {
    const char *name;  /* the word in ledger files */
    const char *about; /* one line for docs/ledgers.md and the console's editor */
    const char
        *sample; /* a valid value as JSON text: tests and errors show it; its first sign says string or not */
    const char
        *needs; /* keys that no declaration of it can do without, as YAML with which `sample` is valid; NULL */
    jw_ledger_stored stored;
    bool many;               /* the canonical form is an array */
    const char *const *keys; /* of the declaration that only this type knows; ends with NULL; NULL: none */
    /* Reads those keys from `options`, the whole declaration of the field (source.h); complaints go to `source`,
     * where memory comes from as well. Sets field->rule. NULL: nothing to read. */
    void (*declare)(struct jw_ledger_field *field, const json_t *options, struct jw_source *source);
    /* JW_OK: *out is the canonical form, a new reference. JW_E_SYNTAX: `err` says rule and example in one sentence
     * for people ("is no IPv4 or IPv6 address; example: 10.1.2.3"), without the field's name. `in` is not null. */
    jw_status (*check)(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err);
    /* How a person sees the canonical form, for lists, CSV and search, in `zh` or `en`; NULL: the JSON text itself.
     * The buffer fails when it is full. */
    void (*show)(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out);
    /* The other way, for CSV and XLSX cells; NULL: the cell is the JSON string. What it gives is for `check`. */
    jw_status (*read)(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err);
    /* Canonical texts that do not sort as bytes (addresses) and the text that does, which the column holds; both
     * ways. NULL: the canonical text itself. False: not what `check` or `pack` made. */
    bool (*pack)(jw_text canonical, jw_buffer *out);
    bool (*unpack)(jw_text column, jw_buffer *out);
};
extern const struct jw_ledger_type *const jw_ledger_types[]; /* ends with NULL */
const struct jw_ledger_type *jw_ledger_type_find(jw_text name);
