/* lib/formats/names.h — from a vendor's name to ours. */
#pragma once
#include "record/record.h"

/* A table of these is sorted by key in byte order; the tests check it. */
struct jw_alias {
    jw_text key, name;
};
#define JW_ALIAS(from, to) \
    { JW_TEXT(from), JW_TEXT(to) }

/* {NULL, 0} when the table does not know the key. */
jw_text jw_alias_find(const struct jw_alias *table, size_t count, jw_text key);
bool jw_alias_sorted(const struct jw_alias *table, size_t count);

/* `prefix` and `name` as one text in rec->mem; the record fails sticky without memory. */
jw_text jw_name_join(struct jw_record *rec, jw_text prefix, jw_text name);

/* jw_record_set, with the kind that the dictionary's type asks for: a LONG whose text is a number stays a number.
 * `transport` and alike are lower case in ECS: names listed there are lowered. Empty values are left out. */
void jw_name_set(struct jw_record *rec, jw_text name, jw_text value);
/* RFC 3339 text of a point in time, under `name`. */
void jw_name_set_time(struct jw_record *rec, jw_text name, int64_t time);
