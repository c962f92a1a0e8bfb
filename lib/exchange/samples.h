/* lib/exchange/samples.h — the fictional city of content/samples, for `jinwu up --demo`: loaded into an empty
 * database by the same import as everybody's tables, and taken away again. Its records are those whose every change
 * came from "demo". */
#pragma once
#include "exchange.h"

#define JW_SAMPLES_ORIGIN "demo"

/* NNN_LEDGER.csv of the folder `samples`, in the order of their names; +7d or -3d 09:00 is a day from `today` (days
 * since 1970-01-01). Ledger, holder and actor of `exchange` are not looked at. JW_E_DENIED: there are records
 * already, nothing was loaded; JW_E_SYNTAX: a file does not fit its ledger (file, cell, why). */
JW_MUST_CHECK jw_status jw_samples_load(const struct jw_exchange *exchange, const char *samples, int64_t today,
                                        size_t *out_records, struct jw_error *err);
/* What nobody else has touched. *out_kept: samples that somebody changed, or that something else points to. */
JW_MUST_CHECK jw_status jw_samples_remove(struct jw_store *store, const struct jw_ledgers *ledgers,
                                          size_t *out_removed, size_t *out_kept, struct jw_error *err);
