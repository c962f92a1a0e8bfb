/* lib/store/column.h — a field's canonical JSON as a database column, and back. */
#pragma once
#include "ledger/ledger.h"
#include "sql/sql.h"

#define JW_COLUMN (JW_LEDGER_NAME + 4)

void jw_column_name(const struct jw_ledger_field *field, char out[JW_COLUMN]); /* f_NAME */
bool jw_column_has(const struct jw_ledger_field *field);
jw_sql_kind jw_column_kind(const struct jw_ledger_field *field);

/* Text that is not a JSON string is printed into `mem`. A value of another kind than the type's becomes NULL: it
 * was not checked, which is our bug. JW_E_LIMIT: no memory. */
JW_MUST_CHECK jw_status jw_column_encode(const struct jw_ledger_field *field, const json_t *value,
                                         struct jw_arena *mem, jw_sql_value *out, struct jw_error *err);
/* New reference; a JSON null for NULL. NULL: no memory, or the column holds what the type never wrote. */
json_t *jw_column_decode(const struct jw_ledger_field *field, const jw_sql_value *value);

/* Compact with sorted keys: equal records have equal texts, which are what history keeps and the audit chain
 * hashes. */
JW_MUST_CHECK jw_status jw_column_print(const json_t *value, struct jw_arena *mem, jw_text *out,
                                        struct jw_error *err);
