/* lib/desk/about.c — which ledgers there are for somebody, and what a form needs to know of one. */
#include "visit.h"

#include <string.h>

static json_t *label(const struct jw_ledger_label *of) { return json_pack("{ss ss}", "zh", of->zh, "en", of->en); }

static const struct {
    unsigned may;
    const char *word;
} deeds[] = {{JW_MAY_READ, "read"},     {JW_MAY_CREATE, "create"},       {JW_MAY_CHANGE, "change"},
             {JW_MAY_DELETE, "delete"}, {JW_MAY_SENSITIVE, "sensitive"}, {JW_MAY_IMPORT, "import"},
             {JW_MAY_EXPORT, "export"}};

static json_t *what_may_be_done(const struct jw_rights *rights) {
    json_t *words = json_array();
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (jw_rights_may(rights, deeds[i].may))
            json_array_append_new(words, json_string(deeds[i].word));
    return words;
}

static json_t *about(const struct jw_ledger *ledger, const struct jw_rights *rights) {
    json_t *one = json_pack("{ss so so so}", "name", ledger->name, "title", label(&ledger->title), "about",
                            label(&ledger->about), "may", what_may_be_done(rights));
    if (*ledger->workflow)
        json_object_set_new(one, "workflow", json_string(ledger->workflow));
    return one;
}

void jw_desk_ledgers(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out) {
    const struct jw_generation *now = jw_desk_hold(desk);
    json_t *list = json_array();
    jw_status st = JW_OK;
    for (size_t i = 0; i < jw_ledgers_count(now->ledgers) && st == JW_OK; i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(now->ledgers, i);
        JW_AUTO(jw_rights_free_p) struct jw_rights *rights = NULL;
        st = jw_rights_new(now->roles, ledger, asker->holder, &rights, &out->err);
        if (st == JW_OK && (jw_rights_may(rights, JW_MAY_READ) || jw_rights_may(rights, JW_MAY_CREATE)))
            json_array_append_new(list, about(ledger, rights));
    }
    jw_desk_release(desk, now);
    if (st == JW_OK) {
        jw_answer_give(out, asker, 200, json_pack("{so}", "ledgers", list));
    } else {
        json_decref(list);
        jw_answer_status(out, asker, st);
    }
}

/* --- one ledger
 * --------------------------------------------------------------------------------------------------- */
static bool is_seen(const struct jw_visit *visit, int field) {
    return jw_rights_may_some(visit->rights, JW_MAY_READ, field) ||
           jw_rights_may_some(visit->rights, JW_MAY_CREATE, field) ||
           jw_rights_may_some(visit->rights, JW_MAY_CHANGE, field);
}

static json_t *field_of(const struct jw_visit *visit, int i) {
    static const char *const sensitivities[] = {"open", "sensitive", "secret"};
    const struct jw_ledger_field *field = &visit->ledger->fields[i];
    json_t *one = json_is_object(field->options) ? json_deep_copy(field->options) : json_object();
    char example[JW_LEDGER_EXAMPLE];
    json_t *may = json_array();
    bool writable = field->type->stored != JW_STORED_NOTHING;
    for (size_t k = 0; k < 3; k++) /* with some records; each record says what may be done with itself */
        if ((deeds[k].may == JW_MAY_READ || writable) && jw_rights_may_some(visit->rights, deeds[k].may, i))
            json_array_append_new(may, json_string(deeds[k].word));
    json_object_set_new(one, "name", json_string(field->name));
    json_object_set_new(one, "type", json_string(field->type->name));
    json_object_set_new(one, "title", label(&field->title));
    json_object_set_new(one, "help", label(&field->help));
    json_object_set_new(one, "required", json_boolean(field->required));
    json_object_set_new(one, "unique", json_boolean(field->unique));
    json_object_set_new(one, "sensitivity", json_string(sensitivities[field->sensitivity]));
    jw_ledger_example(field, visit->asker->english, example);
    if (field->example || !strstr(field->type->name, "text")) /* any words would be an odd example of a name */
        json_object_set_new(one, "example", json_string(example));
    json_object_set_new(one, "may", may);
    if (field->preset)
        json_object_set(one, "default", field->preset);
    return one;
}

static json_t *names_of(const struct jw_ledger *ledger, const int *list) {
    json_t *names = json_array();
    for (; list && *list >= 0; list++)
        json_array_append_new(names, json_string(ledger->fields[*list].name));
    return names;
}

static json_t *describe(const struct jw_visit *visit) {
    const struct jw_ledger *ledger = visit->ledger;
    json_t *one = about(ledger, visit->rights), *fields = json_array(), *requirements = json_array();
    for (int i = 0; i < (int)ledger->field_count; i++)
        if (is_seen(visit, i))
            json_array_append_new(fields, field_of(visit, i));
    for (char **id = ledger->requirements; id && *id; id++)
        json_array_append_new(requirements, json_string(*id));
    json_object_set_new(one, "fields", fields);
    json_object_set_new(one, "requirements", requirements);
    json_object_set_new(one, "list", names_of(ledger, ledger->listed));
    json_object_set_new(one, "called",
                        ledger->called < 0 ? json_null() : json_string(ledger->fields[ledger->called].name));
    json_object_set_new(one, "unit",
                        ledger->unit < 0 ? json_null() : json_string(ledger->fields[ledger->unit].name));
    json_object_set_new(one, "owner",
                        ledger->owner < 0 ? json_null() : json_string(ledger->fields[ledger->owner].name));
    json_object_set_new(one, "digest", json_string(ledger->digest));
    return one;
}

void jw_desk_declaration(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                         struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    jw_answer_give(out, asker, 200, describe(&visit));
    jw_desk_leave(&visit);
}
