/* lib/desk/declared.h — the declarations as they were when they were last good, kept below DATA/ledger
 * (declared.c). */
#pragma once
#include "desk.h"

/* Reads content/ledgers and content/roles.yaml; what cannot be used stands as in `before`, or (NULL) as it was
 * kept. Refusals are told and counted. JW_E_SYSTEM, JW_E_LIMIT: nothing can be made of it. */
JW_MUST_CHECK jw_status jw_declared_read(const struct jw_desk_options *options, const struct jw_generation *before,
                                         struct jw_generation *out, struct jw_error *err);
/* The declarations that were kept, and nothing else: for a start whose tables cannot follow what content says now.
 */
JW_MUST_CHECK jw_status jw_declared_kept(const struct jw_desk_options *options, struct jw_generation *out,
                                         struct jw_error *err);
/* They are in force: keeps a copy of what is not kept yet. */
JW_MUST_CHECK jw_status jw_declared_keep(const struct jw_desk_options *options, const struct jw_generation *now,
                                         struct jw_error *err);
