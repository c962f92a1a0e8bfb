/* lib/desk/attachments.h — files of records: DATA/ledger/attachments/AB/REST-OF-SM3, each once (attachments.c).
 * Inside lib/desk. */
#pragma once
#include "visit.h"

/* The folder, and the table of who brought which file; harmless when they are there. */
JW_MUST_CHECK jw_status jw_attachments_prepare(struct jw_store *store, const char *data, struct jw_error *err);
/* Whether the attachment fields among `fields` name only files that `before` (NULL: a new record) names already or
 * that the asker brought: knowing a digest is no right to the file. False: `answer` is the refusal. */
bool jw_attachments_check(const struct jw_visit *visit, const json_t *fields, const json_t *before,
                          struct jw_answer *answer);
