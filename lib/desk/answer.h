/* lib/desk/answer.h — how the desk says yes and no, in two languages (answer.c). For lib/desk, and those who
 * do more with records (struct jw_visit). */
#pragma once
#include "desk.h"

enum jw_no { /* rows of the table in answer.c */
             JW_NO_QUERY,
             JW_NO_BODY,
             JW_NO_RIGHT,
             JW_NO_RECORD,
             JW_NO_VERSION,
             JW_NO_VALUES,
             JW_NO_SERVICE,
             JW_NO_ROOM,
};
/* The body becomes the error; always false. */
bool jw_answer_refuse(struct jw_answer *answer, const struct jw_asker *asker, enum jw_no why);
/* One more fault of the error; a refusal must stand there. */
JW_PRINTF(6, 7)
void jw_answer_fault(struct jw_answer *answer, const struct jw_asker *asker, const char *field, const char *rule,
                     const char *zh, const char *en, ...);
/* What a library says, as an answer; JW_OK is not for here. False. */
bool jw_answer_status(struct jw_answer *answer, const struct jw_asker *asker, jw_status st);
/* The faults of the store, in the asker's language. */
void jw_answer_faults(struct jw_answer *answer, const struct jw_asker *asker, const struct jw_ledger *ledger,
                      const struct jw_ledger_fault *faults, size_t count);
/* One of them in Chinese, cut at `room` bytes, perhaps within a character. `field` NULL: of none. */
void jw_answer_zh(const struct jw_ledger_field *field, const struct jw_ledger_fault *fault, char *out, size_t room);
/* Takes `body`; NULL becomes a 503. */
bool jw_answer_give(struct jw_answer *answer, const struct jw_asker *asker, unsigned status, json_t *body);
