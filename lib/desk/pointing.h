/* lib/desk/pointing.h — references are given only to what the person may read, or filling in forms would tell what
 * there is, and hold on to other people's records (pointing.c). Inside lib/desk. */
#pragma once
#include "visit.h"

/* `fields`: as they are given; `before`: the fields of the record as it is, NULL for a new one; what stays as it
 * was is not looked at. False: `answer` is the refusal, the same as for a record that is not there. */
bool jw_pointing_check(const struct jw_visit *visit, const json_t *fields, const json_t *before,
                       struct jw_answer *answer);
