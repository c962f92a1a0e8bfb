/* lib/sigma/stamp.h — the event's time as the field "@timestamp", for rules that ask for it (`@timestamp|hour`):
 * records keep it as a number beside their fields. Private to lib/sigma. */
#pragma once
#include "record/record.h"

struct jw_sigma;
struct jw_stamp {
    struct jw_record rec;
    jw_field *fields;
    uint32_t room;
    char text[JW_TIME_TEXT];
};
/* `rec` itself when no rule asks, it has no time, or has the field already; else a copy of its list of fields with
 * one more, valid until the next call. */
const struct jw_record *jw_stamp_add(struct jw_stamp *stamp, const struct jw_sigma *set,
                                     const struct jw_record *rec);
void jw_stamp_free(struct jw_stamp *stamp);
