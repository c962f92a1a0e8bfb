/* lib/ledger/rules.h — what the declaration of a field says beyond its type, for those who must act on it. */
#pragma once
#include "expression.h"
#include "ledger.h"

/* What becomes of this record's value when the record it points to is deleted. */
typedef enum jw_ledger_on_delete {
    JW_DELETE_REFUSE, /* the other record cannot be deleted while this one points to it */
    JW_DELETE_CLEAR,  /* the value becomes empty */
    JW_DELETE_KEEP,   /* it stays: history that must not change */
} jw_ledger_on_delete;

struct jw_rule_reference {
    char ledger[JW_LEDGER_NAME];
    jw_ledger_on_delete on_delete;
};
/* Of reference, references, person and unit; NULL: the field points nowhere. */
const struct jw_rule_reference *jw_rule_reference(const struct jw_ledger_field *field);
/* Of computed; NULL for all others. */
struct jw_expression *jw_rule_expression(const struct jw_ledger_field *field);

/* `value` is a declared choice (choice, choices: its word; tree: its whole path). True for fields of other types.
 */
bool jw_rule_has_choice(const struct jw_ledger_field *field, jw_text value);
/* The words of a `choice` in the order of the file, borrowed; 0: another type, or more than `room`. */
size_t jw_rule_choices(const struct jw_ledger_field *field, jw_text *out, size_t room);
#define JW_RULE_WORDS 64
