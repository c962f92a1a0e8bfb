/* lib/desk/visit.h — what the files of the desk share about a visit (visit.c). For lib/desk, and those who
 * do more with records (struct jw_visit). */
#pragma once
#include "answer.h"

/* Scopes of the rights as the store takes them; `from` must outlive `out`. NULL: everything. */
const struct jw_store_scope *jw_visit_scope(const struct jw_rights_scope *from, struct jw_store_scope *out);
/* The record, when the asker may read it; a removed one when it may be brought back. False: `answer` is the
 * refusal, the same whether there is none. */
bool jw_visit_read(const struct jw_visit *visit, int64_t id, json_t **out, struct jw_answer *answer);
/* Entries of the audit chain that tell of no change: reading what is sensitive, and what was refused. */
JW_MUST_CHECK jw_status jw_visit_audit(const struct jw_visit *visit, const char *action, const char *object,
                                       const json_t *detail, struct jw_error *err);
/* A refusal that belongs on record: the entry, then the answer. False. */
bool jw_visit_refuse(const struct jw_visit *visit, enum jw_no why, int64_t id, const char *deed,
                     struct jw_answer *answer);
/* The record as the asker may see it, with "may": what may be done with it. NULL: no memory. */
json_t *jw_visit_show(const struct jw_visit *visit, const json_t *record, bool unmask, bool *out_shown);
