/* lib/ledger/marks.h — where each part of a YAML file stood, found again by the JSON that came of it. */
#pragma once
#include "source.h"

struct jw_source_mark {
    const json_t *in; /* the object or array it stands in; the root stands in itself */
    const char *key;  /* of the member, borrowed from the arena; NULL: an item */
    size_t index;
    int line, column;
};

/* NULL: no memory. `inner` is the member or item when it is a container. */
bool jw_marks_add(struct jw_source *source, const struct jw_source_mark *mark);
const struct jw_source_mark *jw_marks_find(const struct jw_source *source, const json_t *in, const char *key,
                                           size_t index);
