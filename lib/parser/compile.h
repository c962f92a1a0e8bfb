/* lib/parser/compile.h — what the parts of a declaration become when it is loaded, and what they run on. Everything
 * lives in the arena of its set; compiled patterns are freed with the list that keeps them. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "declared.h"

#include "record/record.h"

#define JW_PARSER_CAPTURES 64          /* most fields of one pattern */
#define JW_PARSER_DEPTH    12          /* most blocks in blocks */
#define JW_PARSER_VALUE    (64u << 10) /* longest text a pattern is tried on; longer ones count as unparsed */

/* A field's name, looked up once. Names that begin with '_' are for the parser's own use and leave the record at
 * its end. */
struct jw_name {
    jw_text text;
    jw_field_id id;
    uint8_t type; /* jw_field_type by the dictionary, or as the declaration says */
    bool typed, temporary;
};

/* A list of compiled patterns that somebody must free. */
struct jw_grok {
    struct jw_grok *next;
    pcre2_code *code;
    jw_text prefix; /* every text that matches begins with it */
    uint32_t capture_count;
    struct jw_capture *captures;
};
struct jw_capture {
    struct jw_name name;
    uint8_t change; /* enum jw_change */
};
enum jw_change { JW_CHANGE_NONE, JW_CHANGE_LOWER, JW_CHANGE_UPPER, JW_CHANGE_URL };

/* One table of content/parsers: vendor word -> value, or vendor word -> several fields. */
struct jw_assign {
    struct jw_name name;
    struct jw_template *value;
    bool append; /* one more value, not the only one */
};
struct jw_table_row {
    jw_text name, key; /* as written; in lower case */
    struct jw_assign *assigns;
    uint32_t count, order;
};
struct jw_table {
    jw_text name;
    struct jw_table *next;
    struct jw_table_row *rows; /* sorted by key */
    size_t count;
};

struct jw_pattern_entry {
    jw_text name, text;
    struct jw_pattern_entry *next;
};

/* What declarations share: named patterns and tables, from the files that have them. */
struct jw_library {
    struct jw_pattern_entry *patterns[256];
    struct jw_table *tables; /* values */
    struct jw_table *labels; /* names */
};

struct jw_compile {
    struct jw_declared *yaml;
    struct jw_library *library;
    struct jw_grok **regexes; /* compiled ones are put at its head */
    int depth;
};

struct jw_run {
    struct jw_parsers_worker *worker;
    struct jw_record *rec;
    const struct jw_parsers_input *in;
    bool temporaries; /* some field beginning with '_' was set */
};

/* --- value.c ---------------------------------------------------------------------------------------------------
 */
struct jw_name jw_value_name(jw_text text); /* `text` must stay */
/* Reads a name from YAML: 1..255 bytes without control characters. */
struct jw_name jw_value_read_name(struct jw_compile *compile, struct fy_node *node, const char *what);
/* Whether `value` can be stored as the type of `name`. */
bool jw_value_fits(const struct jw_name *name, jw_text value);
/* Stores with the right kind; replaces, or adds one more value. What does not fit its type is kept as text. */
void jw_value_put(struct jw_run *run, const struct jw_name *name, jw_text value);
void jw_value_add(struct jw_run *run, const struct jw_name *name, jw_text value);
jw_text jw_value_change(struct jw_run *run, enum jw_change change, jw_text value);
/* {NULL, 0} when the field is missing. The name "_text" and "_content" mean the input. */
jw_text jw_value_get(const struct jw_run *run, const struct jw_name *name);
jw_field *jw_value_find(const struct jw_run *run, const struct jw_name *name);
/* Like put, for a value that came with a kind: it stays where the name has no type of its own. */
void jw_value_put_kind(struct jw_run *run, const struct jw_name *name, jw_text value, uint8_t kind);
bool jw_value_is_temporary(const jw_field *field);
/* Takes the temporaries out. */
void jw_value_sweep(struct jw_run *run);
/* `prefix` and `name` joined in the record's arena; white space around `name` removed. Empty when there is no name.
 */
struct jw_name jw_value_join(struct jw_run *run, jw_text prefix, jw_text name);

/* --- template.c: "%{_method}-login" -----------------------------------------------------------------------------
 */
struct jw_template;
struct jw_template *jw_template_compile(struct jw_compile *compile, struct fy_node *node, const char *what);
/* {NULL, 0} when it speaks of a field that is missing. */
jw_text jw_template_print(const struct jw_template *template, struct jw_run *run);
/* The text of a template without fields; {NULL, 0} otherwise. */
jw_text jw_template_constant(const struct jw_template *template);

/* --- grok.c
 * ------------------------------------------------------------------------------------------------------ */
/* Grok words, named groups and raw PCRE2 -> one pattern that matches whole texts (whole) or anywhere. */
const struct jw_grok *jw_grok_compile(struct jw_compile *compile, struct fy_node *node, bool whole);
void jw_grok_free_list(struct jw_grok *list);
/* Offsets of the match are in jw_grok_offsets until the next one. */
bool jw_grok_match(const struct jw_grok *regex, struct jw_parsers_worker *worker, jw_text text);
const size_t *jw_grok_offsets(const struct jw_parsers_worker *worker);
struct jw_matcher *jw_grok_matcher_new(void);
void jw_grok_matcher_free(struct jw_matcher *matcher);
void jw_grok_add_library(struct jw_compile *compile, struct fy_node *map); /* NAME: pattern */

/* --- table.c
 * ------------------------------------------------------------------------------------------------------ */
/* A mapping, the name of a table of the library, or a list of both (earlier ones win). `alone` is the field that
 * plain values are for; NULL: every value must be a mapping. */
const struct jw_table *jw_table_compile(struct jw_compile *compile, struct fy_node *node,
                                        const struct jw_name *alone);
/* The same for names: vendor name -> field, or list of fields. */
const struct jw_table *jw_table_labels(struct jw_compile *compile, struct fy_node *node);
const struct jw_table_row *jw_table_find(const struct jw_table *table, jw_text key);
void jw_table_assign(const struct jw_assign *assigns, uint32_t count, struct jw_run *run);
/* field: value, field: [value, value] -> assignments. */
struct jw_assign *jw_table_assigns(struct jw_compile *compile, struct fy_node *map, uint32_t *out_count);
void jw_table_add_library(struct jw_compile *compile, struct fy_node *map, bool labels); /* NAME: table */
/* Puts a vendor's value under the names `labels` has for it, else under prefix + name. */
void jw_table_put(const struct jw_table *labels, jw_text prefix, jw_text name, jw_text value, struct jw_run *run);
/* The same for a field that has its own kind, which stays where the new name has no type. */
void jw_table_put_kind(const struct jw_table *labels, jw_text prefix, const jw_field *field, struct jw_run *run);

/* --- condition.c
 * -------------------------------------------------------------------------------------------------- */
struct jw_condition;
/* Keys of `map` that are conditions; all must hold. NULL when there is none. `skip` are keys left to others. */
struct jw_condition *jw_condition_compile(struct jw_compile *compile, struct fy_node *map);
bool jw_condition_holds(const struct jw_condition *condition, struct jw_run *run);
/* What a dispatcher can index: the values of the first condition of that kind; count 0 when there is none. */
enum jw_condition_kind {
    JW_IF_PROGRAM,
    JW_IF_DATASET,
    JW_IF_FORMAT,
    JW_IF_FIELD,
    JW_IF_EXISTS,
    JW_IF_STARTS,
    JW_IF_CONTAINS,
    JW_IF_MISSING,
    JW_IF_REGEX,
    JW_IF_NOT,
};
const jw_text *jw_condition_values(const struct jw_condition *condition, enum jw_condition_kind kind,
                                   size_t *out_count);

/* --- clock.c
 * ------------------------------------------------------------------------------------------------------ */
struct jw_clock; /* one format */
struct jw_clock *jw_clock_compile(struct jw_compile *compile, struct fy_node *node);
/* `near`: a time without a year is put where it is at most a day after it. Whole text or false. */
bool jw_clock_read(const struct jw_clock *clock, jw_text text, int64_t near, int offset_s, int64_t *out);
bool jw_clock_zone(jw_text text, int *out_offset_s); /* "+08:00", "Z", "UTC", "CST" */

/* --- block.c: one step of a declaration after the other
 * --------------------------------------------------------------- */
struct jw_block;
struct jw_block *jw_block_compile(struct jw_compile *compile, struct fy_node *map, const char *const *also);
/* False: it did not fit; then `rec` may be changed, and the caller has kept a copy when it needs one. */
bool jw_block_run(const struct jw_block *block, struct jw_run *run);
/* True when a failing run leaves the record as it was. */
bool jw_block_clean(const struct jw_block *block);
bool jw_block_chosen(const struct jw_block *block, struct jw_run *run); /* its `when` holds */
/* Copies of the record for going back: a stack in the worker. */
size_t jw_block_keep(struct jw_run *run);
void jw_block_restore(struct jw_run *run, size_t mark);
void jw_block_forget(struct jw_run *run, size_t mark);
