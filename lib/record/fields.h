/* lib/record/fields.h — the dictionary: names with an id, so that the event path compares numbers, not text.
 * The list is fields.def; ids differ between versions and never leave the process (codec.h sends names). */
#pragma once
#include "base/text.h"

typedef enum jw_field_id {
    JW_F_NONE = 0,
#define JW_FIELD(id, name, type, column) JW_F_##id,
#include "fields.def"
#undef JW_FIELD
    JW_F_COUNT
} jw_field_id;

typedef enum jw_field_type {
    JW_TYPE_TEXT,    /* free text */
    JW_TYPE_KEYWORD, /* few distinct values: dictionary-encoded in the lake */
    JW_TYPE_IP,
    JW_TYPE_LONG, /* signed 64 bits */
    JW_TYPE_DATE,
    JW_TYPE_BOOL,
} jw_field_type;

struct jw_field_info {
    jw_text name;
    jw_field_type type;
    bool column; /* the lake keeps it in a column of its own; others share the map */
};

const struct jw_field_info *jw_field_get(jw_field_id id);
jw_field_id jw_field_find(jw_text name); /* JW_F_NONE when unknown; exact case */
