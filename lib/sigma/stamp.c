/* lib/sigma/stamp.c — a record with one field more. */
#include "stamp.h"
#include "set.h"

#include <stdlib.h>

const struct jw_record *jw_stamp_add(struct jw_stamp *stamp, const struct jw_sigma *set,
                                     const struct jw_record *rec) {
    if (!set->names_by_id[JW_F_TIMESTAMP] || !rec->has_time || jw_record_find_id(rec, JW_F_TIMESTAMP))
        return rec;
    if (rec->count >= stamp->room) {
        uint32_t room = rec->count + 64;
        jw_field *grown = realloc(stamp->fields, room * sizeof *grown);
        if (!grown)
            return rec;
        stamp->fields = grown;
        stamp->room = room;
    }
    if (rec->count)
        memcpy(stamp->fields, rec->fields, rec->count * sizeof *rec->fields);
    stamp->fields[rec->count] = (jw_field){.name = jw_field_get(JW_F_TIMESTAMP)->name,
                                           .value = {stamp->text, jw_time_print(rec->time, stamp->text)},
                                           .id = JW_F_TIMESTAMP,
                                           .kind = JW_KIND_TEXT};
    stamp->rec = *rec;
    stamp->rec.fields = stamp->fields;
    stamp->rec.count = rec->count + 1;
    return &stamp->rec;
}

void jw_stamp_free(struct jw_stamp *stamp) { free(stamp->fields); }
