/* lib/sigma/named.h — rules by a text that names them: an id or a name. Private to lib/sigma. */
#pragma once
#include "base/memory.h"

struct jw_named;
struct jw_sigma_rule;
struct jw_named *jw_named_new(struct jw_arena *mem);
void jw_named_free(struct jw_named *named);
/* The first rule of a name keeps it; `out_first` may be NULL. False without memory. */
bool jw_named_add(struct jw_named *named, jw_text name, struct jw_sigma_rule *rule, bool *out_first);
struct jw_sigma_rule *jw_named_find(const struct jw_named *named, jw_text name); /* NULL: none */
void jw_named_forget(struct jw_named *named, jw_text name, const struct jw_sigma_rule *rule);
