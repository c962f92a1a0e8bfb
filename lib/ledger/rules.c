/* lib/ledger/rules.c — the rules that the store and expressions act on. */
#include "rules.h"
#include "choice.h"

#include <string.h>

static bool is_of(const struct jw_ledger_field *field, const char *const *types) {
    for (; field->type && *types; types++)
        if (strcmp(field->type->name, *types) == 0)
            return true;
    return false;
}

const struct jw_rule_reference *jw_rule_reference(const struct jw_ledger_field *field) {
    static const char *const types[] = {"reference", "references", "person", "unit", NULL};
    return is_of(field, types) ? field->rule : NULL;
}

struct jw_expression *jw_rule_expression(const struct jw_ledger_field *field) {
    static const char *const types[] = {"computed", NULL};
    return is_of(field, types) ? field->rule : NULL;
}

bool jw_rule_has_choice(const struct jw_ledger_field *field, jw_text value) {
    static const char *const types[] = {"choice", "choices", "tree", NULL};
    return !is_of(field, types) || jw_choice_find(field->rule, value) >= 0;
}

size_t jw_rule_choices(const struct jw_ledger_field *field, jw_text *out, size_t room) {
    static const char *const types[] = {"choice", NULL};
    const struct jw_choices *choices = is_of(field, types) ? field->rule : NULL;
    if (!choices || (size_t)choices->count > room)
        return 0;
    for (int i = 0; i < choices->count; i++)
        out[i] = jw_text_from(choices->list[i].value);
    return (size_t)choices->count;
}
