/* lib/desk/schema.h — a field as JSON Schema 2020-12 (schema.c). Inside lib/desk. */
#pragma once
#include "ledger/ledger.h"

/* `reading`: what an answer may hold, masks and null included; else what may be sent. New reference; NULL: no
 * memory. */
json_t *jw_schema_of(const struct jw_ledger_field *field, bool reading);
