/* lib/ledger/characters.h — texts of people, counted in characters and without what no screen shows. */
#pragma once
#include "base/text.h"

/* The next character; false at the end, and at bytes that are no UTF-8. */
bool jw_characters_next(jw_text *rest, uint32_t *out);
bool jw_characters_count(jw_text text, size_t *out); /* false: no UTF-8 */
/* No control characters, none that turn the direction of writing, no marks of byte order, no line separators; with
 * `lines` the new line and the tab may stand in it. */
bool jw_characters_clean(jw_text text, bool lines);
jw_text jw_characters_trim(jw_text text); /* ASCII blanks and the wide blank U+3000, at both ends */
void jw_characters_mend(char *text);      /* takes away what a ceiling left of cut characters */
