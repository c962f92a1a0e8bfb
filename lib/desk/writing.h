/* lib/desk/writing.h — a change that is allowed before it is made, and after (writing.c). Inside lib/desk. */
#pragma once
#include "visit.h"

struct jw_writing {
    const struct jw_visit *visit;
    const struct jw_deed_asked *asked;
    json_t *before; /* as it was read; NULL: created */
    json_t *fields; /* what is given to the store */
    struct jw_change change;
    struct jw_outcome outcome;
    struct jw_flow_change with; /* what the change means for the record's workflow */
};
/* Looks at the record and the rights. False: `answer` is the refusal. */
bool jw_writing_begin(struct jw_writing *writing, struct jw_answer *answer);
/* What the store said of it. */
void jw_writing_answer(struct jw_writing *writing, jw_status st, struct jw_answer *answer);
void jw_writing_end(struct jw_writing *writing);
