/* lib/json/json.h — one JSON object becomes fields: the reader of the event path (RFC 8259).
 *
 * Nested objects give dotted names, arrays repeat their name, arrays of objects repeat dotted names; a name that
 * stands twice is a field with two values. An empty object is kept as the text "{}", an empty array as "[]", so
 * that nothing is silently lost; null keeps its kind. Numbers keep the bytes they were written with. Strings
 * without escapes are borrowed from the input, others are decoded into rec->mem. UTF-8 is validated; a lone
 * surrogate escape, which the grammar allows and Windows event texts contain, becomes U+FFFD. A byte order mark in
 * front is skipped. */
#pragma once
#include "record/record.h"

#define JW_JSON_DEPTH 64   /* nested objects and arrays; deeper is JW_E_LIMIT */
#define JW_JSON_NAME  1024 /* bytes of a flattened name; longer is JW_E_LIMIT */

/* Appends the members of the object that `text` is. JW_E_SYNTAX: not one valid object (`err` names the byte), and
 * nothing was appended. JW_E_LIMIT: a ceiling above, or rec->mem is full. Past JW_RECORD_FIELDS the rest is
 * validated and left out, and rec->cut says so. */
JW_MUST_CHECK jw_status jw_json_flatten(jw_text text, struct jw_record *rec, struct jw_error *err);
/* The same with "prefix." before every name; an empty prefix adds nothing. */
JW_MUST_CHECK jw_status jw_json_flatten_under(jw_text text, jw_text prefix, struct jw_record *rec,
                                              struct jw_error *err);

/* What a lazy reader remembers of the names of its events, so that it reads them faster and its caller knows them
 * by number. One thread; at most 1,023 names, then no more are kept. Names of records stand in it: it must outlive
 * them. */
struct jw_json_keys;
struct jw_json_keys *jw_json_keys_new(void); /* NULL without memory, which jw_json_flatten_lazy takes as well */
void jw_json_keys_free(struct jw_json_keys *keys);
JW_DEFINE_AUTO(jw_json_keys, jw_json_keys_free)
#define JW_JSON_KEYS 1024 /* jw_field.key is below; equal keys of one jw_record.keys are equal names */

/* The same for readers that look at few values: strings with escapes (but \\uXXXX and \\/) stay as they were
 * written, checked but not decoded, and have this kind: then each character has one way to be written only; names
 * have no id. Such a record serves matching (sigma/sigma.h) and must be settled before anybody else sees it. */
#define JW_JSON_ESCAPED 4 /* beside jw_kind */
JW_MUST_CHECK jw_status jw_json_flatten_lazy(jw_text text, struct jw_json_keys *keys, struct jw_record *rec,
                                             struct jw_error *err);
/* Makes it what jw_json_flatten would have made. JW_E_LIMIT when rec->mem is full. */
JW_MUST_CHECK jw_status jw_json_settle(struct jw_record *rec, struct jw_error *err);
#define JW_JSON_SLACK 16
/* Decodes one value of that kind; `out` has room for written.len + JW_JSON_SLACK bytes. Returns the length. */
size_t jw_json_unescape(jw_text written, char *out);
