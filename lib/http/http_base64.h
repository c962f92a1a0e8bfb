/* lib/http/http_base64.h — RFC 4648 section 4, as HTTP credentials use it. */
#pragma once
#include "base/memory.h"

/* Padding may be missing; anything else outside the alphabet, or bits left over, is refused. */
bool jw_http_base64_decode(jw_text s, struct jw_arena *mem, jw_text *out);
