/* lib/ledger/registry.c — the table of types; the one list of names is in meson.build. */
#include "type.h"
#include "type_list.h"

#define DECLARE(name) extern const struct jw_ledger_type jw_type_##name;
#define ENTRY(name)   &jw_type_##name,
JW_TYPES(DECLARE)
const struct jw_ledger_type *const jw_ledger_types[] = {JW_TYPES(ENTRY) NULL};

const struct jw_ledger_type *jw_ledger_type_find(jw_text name) {
    for (size_t i = 0; jw_ledger_types[i]; i++)
        if (jw_text_is(name, jw_text_from(jw_ledger_types[i]->name)))
            return jw_ledger_types[i];
    return NULL;
}
