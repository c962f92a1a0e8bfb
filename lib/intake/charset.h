/* lib/intake/charset.h — lines that are not UTF-8, as most Chinese devices and old Windows programs send them.
 *
 * GB 18030-2022 holds GBK and GB 2312. It maps to Unicode and back without loss, so the bytes that came can be had
 * again from what is kept. iconv(3) of the C library does the work; one jw_charset for each thread. */
#pragma once
#include "record/record.h"

struct jw_charset;
struct jw_charset *jw_charset_new(void); /* NULL: no memory, or the C library lacks GB18030 */
void jw_charset_free(struct jw_charset *charset);

/* true: `line` is no UTF-8, is GB 18030 and looks like Chinese; *out is it in UTF-8, in `mem`. A character that was
 * cut off at the end becomes U+FFFD. Text in UTF-8 with a few damaged bytes, Latin-1 and binary give false. */
bool jw_charset_read(struct jw_charset *charset, jw_text line, struct jw_arena *mem, jw_text *out);
