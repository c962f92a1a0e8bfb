/* lib/formats/csv.h — rows of comma-separated values, for the parser engine. */
#pragma once
#include "base/memory.h"

/* The next column of a row (RFC 4180: "a ""quoted"" one" may hold separators and line ends), decoded in `mem` when
 * it has doubled quotes. False at the end of the row. Start with *rest = the row and *more = true. */
bool jw_csv_next(jw_text *rest, bool *more, char separator, struct jw_arena *mem, jw_text *out);
