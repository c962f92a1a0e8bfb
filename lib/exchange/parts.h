/* lib/exchange/parts.h — what the files of this folder share. */
#pragma once
#include "exchange.h"

/* --- columns.c: fields of a ledger as columns of a table --- */
#define JW_COLUMNS_ID      (-1)
#define JW_COLUMNS_VERSION (-2)
#define JW_COLUMNS_STATE   (-3)
#define JW_COLUMNS_NONE    (-4)
#define JW_COLUMNS_TITLE   160
struct jw_columns {
    int fields[JW_LEDGER_FIELDS + 3]; /* of the ledger, or JW_COLUMNS_* */
    char titles[JW_LEDGER_FIELDS + 3][JW_COLUMNS_TITLE];
    size_t count;
};
/* `fill_in`: only what people fill in; else everything, with number and version before. */
void jw_columns_of(const struct jw_ledger *ledger, bool english, bool fill_in, struct jw_columns *out);
/* What a header means, by any title or the name; JW_COLUMNS_NONE: nothing. */
int jw_columns_find(const struct jw_ledger *ledger, jw_text header);
const char *jw_columns_pick(bool english, const char *zh, const char *en);

/* --- names.c: records by what they are called --- */
struct jw_names;
struct jw_name {
    int64_t id;
    uint64_t hash;
    jw_text name, place;
    bool doubled; /* another one is called the same */
};
/* Loads a ledger when it is first asked for. */
struct jw_names *jw_names_new(const struct jw_exchange *exchange); /* NULL: no memory */
void jw_names_free(struct jw_names *names);
JW_DEFINE_AUTO(jw_names, jw_names_free)
/* *out NULL: not there, or not to be seen by this person. */
JW_MUST_CHECK jw_status jw_names_get(struct jw_names *names, const char *ledger, int64_t id,
                                     const struct jw_name **out, struct jw_error *err);
/* Up to `room` records that are called so; *count: how many there are. */
JW_MUST_CHECK jw_status jw_names_find(struct jw_names *names, const char *ledger, jw_text name,
                                      const struct jw_name **out, size_t room, size_t *count, struct jw_error *err);

/* --- cells.c: values as cells, and back --- */
/* `masked`: `value` is what is left of it. The text is in `mem`. */
JW_MUST_CHECK jw_status jw_cells_show(struct jw_names *names, const struct jw_ledger_field *field,
                                      const json_t *value, bool masked, bool english, struct jw_arena *mem,
                                      struct jw_cell *out, struct jw_error *err);
jw_cell_kind jw_cells_kind(const struct jw_ledger_field *field, bool *out_time);

/* --- seen.c: texts and the row in which each was first --- */
struct jw_seen;
struct jw_seen *jw_seen_new(size_t most); /* NULL: no memory */
void jw_seen_free(struct jw_seen *seen);
JW_DEFINE_AUTO(jw_seen, jw_seen_free)
#define JW_SEEN_TWICE UINT32_MAX
/* The row kept for `what` and `text` before, 0 for none; now it is `row`. `twice`: JW_SEEN_TWICE when there was
 * one. */
uint32_t jw_seen_put(struct jw_seen *seen, int what, jw_text text, uint32_t row, bool twice);
uint32_t jw_seen_find(const struct jw_seen *seen, int what, jw_text text);

/* --- references.c: what people write for a record of another ledger --- */
/* Numbers from here on stand for rows of the file: JW_ROW_FIRST + row. */
#define JW_ROW_FIRST (INT64_C(1) << 52)
struct jw_references {
    struct jw_names *names;
    const struct jw_exchange *exchange;
    struct jw_seen *rows; /* of the file, by what they are called */
    int what;
};
/* JW_E_SYNTAX: err says who could be meant. */
JW_MUST_CHECK jw_status jw_references_read(const struct jw_references *references,
                                           const struct jw_ledger_field *field, jw_text text, json_t **out,
                                           struct jw_error *err);

/* --- kept.c: previews on the disk --- */
#define JW_KEPT_ID 33
struct jw_kept {
    char id[JW_KEPT_ID];
    FILE *plan;
};
JW_MUST_CHECK jw_status jw_kept_new(const char *folder, struct jw_kept *out, struct jw_error *err);
JW_MUST_CHECK jw_status jw_kept_finish(const char *folder, struct jw_kept *kept, const json_t *report,
                                       struct jw_error *err);
void jw_kept_abandon(const char *folder, struct jw_kept *kept);
void jw_kept_forget(const char *folder, const char *id);
/* JW_END: there is none. */
JW_MUST_CHECK jw_status jw_kept_open(const char *folder, jw_text id, struct jw_kept *out, json_t **report,
                                     struct jw_error *err);

/* --- preview_row.c --- */
struct jw_preview {
    const struct jw_exchange *exchange;
    struct jw_rights *rights; /* NULL: root */
    struct jw_names *names;
    struct jw_references references;
    struct jw_seen *values; /* unique ones and numbers, by row */
    struct jw_sql *sql;
    struct jw_arena *mem;
    struct jw_kept kept;
    int fields[JW_SHEET_COLUMNS]; /* of each column */
    size_t column_count;
    uint32_t header; /* its row; 0: not yet read */
    size_t rows, made, changed, same, wrong, left_out;
    json_t *columns, *notes, *errors;
    bool formulas;
};
JW_MUST_CHECK jw_status jw_preview_row(struct jw_preview *preview, const struct jw_row *row, struct jw_error *err);
JW_MUST_CHECK jw_status jw_preview_complain(struct jw_preview *preview, uint32_t row, int column, const char *field,
                                            const char *rule, const char *text, struct jw_error *err);
/* The record as it would be with these fields, as far as rights go: {"place", "fields"}. */
JW_MUST_CHECK jw_status jw_preview_would_be(const struct jw_exchange *exchange, struct jw_names *names,
                                            const json_t *before, const json_t *fields, json_t **out,
                                            struct jw_error *err);
/* preview_value.c: what stands in the row. Faults are complained of; *wrong is then set. */
JW_MUST_CHECK jw_status jw_preview_values(struct jw_preview *preview, const struct jw_row *row,
                                          const json_t *before, json_t **out, bool *wrong, struct jw_error *err);
bool jw_exchange_may(const struct jw_exchange *exchange, const struct jw_rights *rights, unsigned may);
