/* lib/workflow/resolve.c — what a flow says of fields, against a ledger that follows it. */
#include "declare.h"

#include <string.h>

#include "ledger/rules.h"

struct resolving {
    struct jw_source *source;
    const struct jw_ledger *ledger;
    const struct jw_ledgers *ledgers;
    const json_t *at; /* the declaration that is looked at */
};

/* NULL after a complaint. `types`: words of types that will do, NULL: any. */
static const struct jw_ledger_field *field_of(struct resolving *r, const char *key, const char *name,
                                              const char *const *types) {
    int found = jw_ledger_field_find(r->ledger, jw_text_from(name));
    if (found < 0) {
        jw_source_fail(r->source, r->at, key, 0,
                       "%s: the ledger %s, which follows this workflow, has no field \"%s\"", key, r->ledger->name,
                       name);
        return NULL;
    }
    const struct jw_ledger_field *field = &r->ledger->fields[found];
    for (size_t i = 0; types && types[i]; i++)
        if (strcmp(field->type->name, types[i]) == 0)
            return field;
    if (!types)
        return field;
    jw_source_fail(r->source, r->at, key, 0, "%s: the field \"%s\" of %s is of type %s; wants %s", key, name,
                   r->ledger->name, field->type->name, types[0]);
    return NULL;
}

static void check_people(struct resolving *r, const char *key, const struct jw_flow_people *people) {
    static const char *const persons[] = {"person", NULL};
    for (size_t i = 0; i < people->count && jw_source_good(r->source); i++) {
        const struct jw_flow_who *who = &people->list[i];
        if (who->whose == JW_WHOSE_PERSON)
            field_of(r, key, who->name, persons);
        if (who->whose == JW_WHOSE_OWNER && r->ledger->owner < 0)
            jw_source_fail(r->source, r->at, key, 0, "%s: owner: the ledger %s does not say who that is", key,
                           r->ledger->name);
        if (who->whose == JW_WHOSE_ROLE && who->at != JW_AT_ALL && r->ledger->unit < 0)
            jw_source_fail(r->source, r->at, key, 0,
                           "%s: {role: %s}: the ledger %s does not say whose a record is; add at: all", key,
                           who->name, r->ledger->name);
    }
}

static void check_span(struct resolving *r, const struct jw_flow_span *span) {
    static const char *const dates[] = {"date", "datetime", NULL};
    if (span->kind == JW_SPAN_FIELD)
        field_of(r, "deadline", span->field, dates);
}

static void check_deadline(struct resolving *r, const struct jw_flow_deadline *deadline) {
    static const char *const choices[] = {"choice", "tree", NULL};
    check_span(r, &deadline->usual);
    const struct jw_ledger_field *by = *deadline->by ? field_of(r, "deadline", deadline->by, choices) : NULL;
    for (size_t i = 0; by && i < deadline->case_count && jw_source_good(r->source); i++) {
        check_span(r, &deadline->cases[i].span);
        if (!jw_rule_has_choice(by, jw_text_from(deadline->cases[i].value)))
            jw_source_fail(r->source, r->at, "deadline", 0, "is: \"%.40s\" is no choice of the field \"%s\" of %s",
                           deadline->cases[i].value, deadline->by, r->ledger->name);
    }
}

static void check_names(struct resolving *r, const char *key, char **names, const char *const *types) {
    for (size_t i = 0; names && names[i] && jw_source_good(r->source); i++)
        field_of(r, key, names[i], types);
}

/* `target`: the ledger whose fields are set; values may come from the record's own. */
static void check_sets(struct resolving *r, const char *key, const struct jw_ledger *target,
                       const struct jw_flow_sets *sets) {
    for (size_t i = 0; i < sets->count && jw_source_good(r->source); i++) {
        const struct jw_flow_set *set = &sets->list[i];
        int found = jw_ledger_field_find(target, jw_text_from(set->field));
        json_t *canonical = NULL;
        struct jw_error err = {0};
        if (found < 0)
            jw_source_fail(r->source, r->at, key, 0, "%s: the ledger %s has no field \"%s\"", key, target->name,
                           set->field);
        else if (set->what == JW_SET_FIELD)
            field_of(r, key, set->from, NULL);
        else if (set->what == JW_SET_VALUE && !json_is_null(set->value) &&
                 target->fields[found].type->check(&target->fields[found], set->value, &canonical, &err) != JW_OK)
            jw_source_fail(r->source, r->at, key, 0, "%s: %s: %.200s", key, set->field, err.text);
        json_decref(canonical);
    }
}

static void check_open(struct resolving *r, const struct jw_flow_open *open) {
    static const char *const lists[] = {"references", NULL};
    const struct jw_ledger *target = jw_ledgers_find(r->ledgers, jw_text_from(open->ledger));
    if (*open->each)
        field_of(r, "open", open->each, lists);
    if (!target)
        jw_source_fail(r->source, r->at, "open", 0, "open: there is no ledger \"%s\"", open->ledger);
    else if (!*target->workflow)
        jw_source_fail(r->source, r->at, "open", 0, "open: the ledger %s has no workflow that could end",
                       open->ledger);
    else
        check_sets(r, "open", target, &open->sets);
}

static void check_step(struct resolving *r, const struct jw_flow_step *step) {
    static const char *const files[] = {"attachment", NULL};
    check_people(r, "who", &step->who);
    check_people(r, "not", &step->barred);
    check_names(r, "require", step->require, NULL);
    check_names(r, "change", step->change, NULL);
    check_names(r, "evidence", step->evidence, files);
    check_sets(r, "set", r->ledger, &step->sets);
    if (step->opens)
        check_open(r, step->opens);
    if (step->deed == JW_FLOW_DESTROY) {
        static const char *const texts[] = {"text", NULL}, *const numbers[] = {"number", NULL};
        field_of(r, "do", "target_ledger", texts);
        field_of(r, "do", "target_id", numbers);
    }
}

void jw_declare_flow_resolve(struct jw_source *source, const struct jw_flow *flow, const struct jw_ledger *ledger,
                             const struct jw_ledgers *ledgers) {
    struct resolving r = {source, ledger, ledgers, source->root};
    const json_t *states = json_object_get(source->root, "states"), *steps = json_object_get(source->root, "steps");
    for (size_t i = 0; i < flow->state_count && jw_source_good(source); i++) {
        const struct jw_flow_state *state = &flow->states[i];
        r.at = json_object_get(states, state->name);
        check_deadline(&r, &state->deadline);
        for (size_t k = 0; k < state->escalation_count; k++)
            check_people(&r, "escalate", &(struct jw_flow_people){&state->escalations[k].to, 1});
    }
    for (size_t i = 0; i < flow->step_count && jw_source_good(source); i++) {
        r.at = json_object_get(steps, flow->steps[i].name);
        check_step(&r, &flow->steps[i]);
    }
    r.at = source->root;
    check_people(&r, "extension", &flow->extension);
    check_people(&r, "urge", &flow->urge);
}
