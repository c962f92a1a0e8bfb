/* lib/evtx/event.h — one record's BinXml into fields. Internal to lib/evtx. */
#pragma once
#include "program.h"

/* The fragment at [at, end) of the chunk. False: broken; what was read until there is in `rec`. */
bool jw_event_read(struct chunk *chunk, size_t at, size_t end, struct jw_record *rec);
