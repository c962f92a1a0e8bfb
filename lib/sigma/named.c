/* lib/sigma/named.c — a table from names to rules. */
#include "named.h"

#include "intern.h"

#include <stdlib.h>

struct jw_named {
    struct jw_intern *names;
    struct jw_sigma_rule **rules; /* by number of the name */
    uint32_t room;
};

struct jw_named *jw_named_new(struct jw_arena *mem) {
    struct jw_named *named = calloc(1, sizeof *named);
    if (named && !(named->names = jw_intern_new(mem))) {
        free(named);
        return NULL;
    }
    return named;
}

void jw_named_free(struct jw_named *named) {
    if (!named)
        return;
    jw_intern_free(named->names);
    free(named->rules);
    free(named);
}

bool jw_named_add(struct jw_named *named, jw_text name, struct jw_sigma_rule *rule, bool *out_first) {
    bool first;
    uint32_t number = jw_intern_add(named->names, name, &first);
    if (number == UINT32_MAX)
        return false;
    if (number >= named->room) {
        uint32_t room = named->room ? named->room * 2 : 256;
        struct jw_sigma_rule **rules = realloc(named->rules, room * sizeof *rules);
        if (!rules)
            return false;
        named->rules = rules;
        named->room = room;
    }
    if (first || !named->rules[number]) {
        named->rules[number] = rule;
        first = true;
    }
    if (out_first)
        *out_first = first;
    return true;
}

struct jw_sigma_rule *jw_named_find(const struct jw_named *named, jw_text name) {
    uint32_t number = jw_intern_find(named->names, name);
    return number == UINT32_MAX ? NULL : named->rules[number];
}

void jw_named_forget(struct jw_named *named, jw_text name, const struct jw_sigma_rule *rule) {
    uint32_t number = jw_intern_find(named->names, name);
    if (number != UINT32_MAX && named->rules[number] == rule)
        named->rules[number] = NULL;
}
