/* lib/desk/question.h — what a list is asked, as a query of the store: names and values checked, and limited to
 * where the asker may look (question.c). For lib/desk, and those who
 * do more with records (struct jw_visit). */
#pragma once
#include "visit.h"

struct jw_question {
    struct jw_store_query query;
    struct jw_store_filter filters[JW_DESK_FILTERS];
    json_t *values[JW_DESK_FILTERS]; /* that the filters borrow */
    struct jw_store_filter within[JW_LEDGER_FIELDS];
    /* One of each field that is asked about, and one for the records; scopes borrow from these. */
    struct jw_rights_scope rights[JW_DESK_FILTERS + 2], within_rights[JW_LEDGER_FIELDS];
    struct jw_store_scope scopes[JW_DESK_FILTERS + 2], within_scopes[JW_LEDGER_FIELDS];
    bool sensitive; /* something that is masked otherwise is asked about */
};
/* NULL: `answer` says why. Freed by the caller. */
struct jw_question *jw_question_new(const struct jw_visit *visit, const struct jw_desk_query *asked,
                                    struct jw_answer *answer);
void jw_question_free(struct jw_question *question);
JW_DEFINE_AUTO(jw_question, jw_question_free)
/* The scope of one more field that is looked at; false: nowhere. */
bool jw_question_look(struct jw_question *question, const struct jw_visit *visit, int field,
                      struct jw_rights_scope *rights, struct jw_store_scope *scope,
                      const struct jw_store_scope **out);
/* -1..-4 or a field of the ledger that the asker may read somewhere; JW_QUESTION_NONE: there is none. */
#define JW_QUESTION_NONE (-100)
int jw_question_field(const struct jw_visit *visit, jw_text name);
