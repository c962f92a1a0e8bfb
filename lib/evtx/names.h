/* lib/evtx/names.h — what elements and attributes of the event's XML are called as fields. Internal to lib/evtx. */
#pragma once
#include "program.h"

/* The place of an element inside another; its name is put into chunk->mem when it is not one we know. */
bool jw_names_enter(struct chunk *chunk, const struct place *parent, jw_text element, struct place *out);
/* Role and name of an element's text (`attribute` empty) or attribute. False: it has no meaning of its own. */
bool jw_names_leaf(struct chunk *chunk, const struct place *place, jw_text element, jw_text attribute,
                   struct leaf *out);
