/* lib/desk/pointing.c — may this person point there? */
#include "pointing.h"

#include <stdio.h>

#include "ledger/rules.h"

struct pointing {
    const struct jw_visit *visit;
    const struct jw_ledger_field *field;
    const struct jw_ledger *to;
    struct jw_rights *rights; /* in the ledger that is pointed to */
    struct jw_answer *answer;
    bool refused;
    jw_status st;
};

static void look_at(struct pointing *p, int64_t id) {
    json_t *record = NULL;
    p->st = jw_store_get(jw_desk_store(p->visit->desk), p->to, id, &record, &p->answer->err);
    bool good = p->st == JW_OK && !json_is_true(json_object_get(record, "removed")) &&
                jw_rights_may_record(p->rights, JW_MAY_READ, record);
    json_decref(record);
    if (p->st == JW_END)
        p->st = JW_OK;
    if (good || p->st != JW_OK)
        return;
    if (!p->refused)
        jw_answer_refuse(p->answer, p->visit->asker, JW_NO_VALUES);
    p->refused = true;
    struct jw_ledger_fault fault = {.field = p->field->name, .rule = "reference"};
    snprintf(fault.text, sizeof fault.text, "%s/%lld is not there; choose one that is", p->to->name, (long long)id);
    jw_answer_faults(p->answer, p->visit->asker, p->visit->ledger, &fault, 1);
}

static bool holds(const json_t *list, const json_t *element) {
    const json_t *other;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, other) if (json_equal(other, element)) return true;
    return false;
}

/* `value` and `before` are canonical; what is no reference at all is for the store to refuse. */
static void look_at_field(struct pointing *p, const json_t *value, const json_t *before) {
    const json_t *element;
    size_t i;
    if (json_is_integer(value) && !json_equal(value, before))
        look_at(p, json_integer_value(value));
    json_array_foreach((json_t *)(uintptr_t)value, i, element) {
        if (p->st == JW_OK && json_is_integer(element) && !holds(before, element))
            look_at(p, json_integer_value(element));
    }
}

static void check_field(struct pointing *p, const struct jw_ledger_field *field, const json_t *given,
                        const json_t *before) {
    const struct jw_rule_reference *rule = jw_rule_reference(field);
    json_t *value = NULL;
    if (!rule || json_is_null(given) || field->type->check(field, given, &value, NULL) != JW_OK)
        return;
    p->field = field;
    p->to = jw_ledgers_find(p->visit->now->ledgers, jw_text_from(rule->ledger));
    if (p->to)
        p->st = jw_rights_new(p->visit->now->roles, p->to, p->visit->asker->holder, &p->rights, &p->answer->err);
    if (p->to && p->st == JW_OK)
        look_at_field(p, value, before);
    jw_rights_free(p->rights);
    p->rights = NULL;
    json_decref(value);
}

bool jw_pointing_check(const struct jw_visit *visit, const json_t *fields, const json_t *before,
                       struct jw_answer *answer) {
    struct pointing p = {.visit = visit, .answer = answer};
    const char *name;
    json_t *given;
    json_object_foreach((json_t *)(uintptr_t)fields, name, given) {
        int field = jw_ledger_field_find(visit->ledger, jw_text_from(name));
        if (field >= 0 && p.st == JW_OK)
            check_field(&p, &visit->ledger->fields[field], given, json_object_get(before, name));
    }
    return p.st == JW_OK ? !p.refused : jw_answer_status(answer, visit->asker, p.st);
}
