/* lib/sigma/placeholder.h — what %Names% in rules stand for here: lists of values under content/placeholders, which
 * a city edits. Names are compared without regard to ASCII case; of two lists of one name the later file's holds.
 * Private to lib/sigma. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

struct jw_placeholder {
    jw_text name, file;
    jw_text *values; /* as a rule would write them: with wildcards */
    uint32_t count;
    struct jw_placeholder *next;
};

struct jw_placeholders {
    struct jw_placeholder *first;
};

#define JW_PLACEHOLDERS_MOST 16    /* in one value */
#define JW_EXPANSIONS_MOST   10000 /* of one value */

/* Every file of `folder`; a missing folder is no list at all. A file that cannot be read is given to `refused` and
 * left out. */
typedef void (*jw_placeholder_refused)(void *context, const char *file, const char *reason);
JW_MUST_CHECK jw_status jw_placeholders_load(const char *folder, struct jw_arena *mem,
                                             jw_placeholder_refused refused, void *context,
                                             struct jw_placeholders *out, struct jw_error *err);

/* All values that `text` stands for: each %name% replaced by each value of its list; \% is a percent sign, and so
 * is one that begins no name. JW_E_SYNTAX: a name without a list. `lists` may be NULL. */
JW_MUST_CHECK jw_status jw_placeholder_expand(const struct jw_placeholders *lists, jw_text text,
                                              struct jw_arena *mem, jw_text **out, uint32_t *out_count,
                                              struct jw_error *err);
