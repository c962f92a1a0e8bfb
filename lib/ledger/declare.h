/* lib/ledger/declare.h — one YAML file becomes one ledger. */
#pragma once
#include "expression.h"
#include "ledger.h"
#include "source.h"

#define JW_DECLARE_TITLE 60   /* characters */
#define JW_DECLARE_HELP  1000 /* characters */

/* Everything but what other ledgers must confirm (jw_declare_resolve). `name` is that of the file. Complaints are
 * in `source`; call jw_declare_forget in any case. Texts live in source->mem and source->root. */
void jw_declare_ledger(struct jw_source *source, const char *name, struct jw_ledger *out);
void jw_declare_forget(struct jw_ledger *ledger);
/* References and expressions, seen from the other ledgers. */
void jw_declare_resolve(struct jw_source *source, const struct jw_ledger *ledger, jw_expression_find find,
                        const void *context);

/* declare_field.c, declare_rights.c, declare_attribution.c */
void jw_declare_fields(struct jw_source *source, struct jw_ledger *ledger);
void jw_declare_rights(struct jw_source *source, struct jw_ledger *ledger);
void jw_declare_attribution(struct jw_source *source, struct jw_ledger *ledger);
/* "title: 名称" or "title: {zh: 名称, en: Name}"; `more` (may be NULL): keys that may stand beside zh and en. */
void jw_declare_label(struct jw_source *source, const json_t *in, const char *key, const char *fallback,
                      size_t most, const char *const *more, struct jw_ledger_label *out);
