/* lib/workflow/declare.c — a flow as a whole: its keys, and whether it can be walked from its start to an end. */
#include "declare.h"

#include <string.h>

#include "ledger/declare.h"

static const char *const keys[] = {"name", "title", "about", "start", "states", "steps", "extension", "urge", NULL};

int jw_flow_state_find(const struct jw_flow *flow, jw_text name) {
    for (size_t i = 0; i < flow->state_count; i++)
        if (jw_text_is(name, jw_text_from(flow->states[i].name)))
            return (int)i;
    return -1;
}

int jw_flow_step_find(const struct jw_flow *flow, jw_text name) {
    for (size_t i = 0; i < flow->step_count; i++)
        if (jw_text_is(name, jw_text_from(flow->steps[i].name)))
            return (int)i;
    return -1;
}

static void read_head(struct jw_source *source, const char *name, struct jw_flow *flow) {
    const char *given = jw_source_text(source, source->root, "name", JW_LEDGER_NAME);
    if (given && strcmp(given, name) != 0)
        jw_source_fail(source, source->root, "name", 0, "name: \"%.48s\" is not the name of the file, %.48s.yaml",
                       given, name);
    if (!jw_source_name(source, source->root, "name", 0, name, JW_LEDGER_NAME))
        return;
    snprintf(flow->name, sizeof flow->name, "%s", name);
    if (!json_object_get(source->root, "title"))
        jw_source_fail(source, source->root, NULL, 0,
                       "title is missing; for example title: {zh: 整改, en: Rectification}");
    jw_declare_label(source, source->root, "title", name, JW_FLOW_TITLE, NULL, &flow->title);
    jw_declare_label(source, source->root, "about", "", JW_FLOW_ABOUT, NULL, &flow->about);
}

static void read_start(struct jw_source *source, struct jw_flow *flow) {
    const char *start = jw_source_text(source, source->root, "start", JW_LEDGER_NAME);
    flow->start = start ? jw_flow_state_find(flow, jw_text_from(start)) : 0;
    if (start && flow->start < 0)
        jw_source_fail(source, source->root, "start", 0, "start: there is no state \"%.48s\"", start);
    const json_t *states = json_object_get(source->root, "states");
    for (size_t i = 0; i < flow->state_count && jw_source_good(source); i++) {
        const json_t *state = json_object_get(states, flow->states[i].name);
        const char *wait = jw_source_text(source, state, "wait", JW_LEDGER_NAME);
        flow->states[i].wait = wait ? jw_flow_step_find(flow, jw_text_from(wait)) : -1;
        if (wait && (flow->states[i].wait < 0 || !(flow->steps[flow->states[i].wait].from >> i & 1)))
            jw_source_fail(source, state, "wait", 0, "wait: there is no step \"%.48s\" that leaves this state",
                           wait);
    }
}

static void read_extension(struct jw_source *source, struct jw_flow *flow) {
    static const char *const parts[] = {"who", "days", "times", NULL};
    const json_t *extension = json_object_get(source->root, "extension");
    int64_t days = 30, times = 1;
    if (!extension || !jw_source_good(source))
        return;
    if (!json_is_object(extension)) {
        jw_source_fail(source, source->root, "extension", 0,
                       "extension: is written {who: {role: ROLE, at: above}, days: 30, times: 2}");
        return;
    }
    jw_source_keys(source, extension, "extension", parts, NULL);
    jw_declare_people(source, extension, "who", &flow->extension);
    jw_source_integer(source, extension, "days", 1, 3660, &days);
    jw_source_integer(source, extension, "times", 1, 100, &times);
    if (flow->extension.count == 0)
        jw_source_fail(source, source->root, "extension", 0, "extension: who is missing: who decides?");
    flow->extension_days = (int)days;
    flow->extension_times = (int)times;
}

/* People name steps of this flow. */
static void check_people(struct jw_source *source, const struct jw_flow *flow, const struct jw_flow_step *step,
                         const struct jw_flow_people *people) {
    const json_t *steps = json_object_get(source->root, "steps");
    for (size_t i = 0; i < people->count && jw_source_good(source); i++)
        if (people->list[i].whose == JW_WHOSE_DID &&
            jw_flow_step_find(flow, jw_text_from(people->list[i].name)) < 0)
            jw_source_fail(source, steps, step->name, 0, "did: there is no step \"%s\"", people->list[i].name);
}

/* Every state is reached from the start, and every state that is not final has a way on. */
static void check_ways(struct jw_source *source, const struct jw_flow *flow) {
    const json_t *states = json_object_get(source->root, "states");
    uint64_t reached = UINT64_C(1) << flow->start, before = 0, left = 0;
    bool ends = false;
    while (reached != before) {
        before = reached;
        for (size_t i = 0; i < flow->step_count; i++)
            if (flow->steps[i].from & reached)
                reached |= UINT64_C(1) << flow->steps[i].to;
    }
    for (size_t i = 0; i < flow->step_count; i++)
        left |= flow->steps[i].from;
    for (size_t i = 0; i < flow->state_count && jw_source_good(source); i++) {
        const char *name = flow->states[i].name;
        ends |= flow->states[i].final;
        if (!(reached >> i & 1))
            jw_source_fail(source, states, name, 0, "no step leads to the state \"%s\"", name);
        else if (!flow->states[i].final && !(left >> i & 1))
            jw_source_fail(source, states, name, 0, "no step leaves the state \"%s\"; is it final: true?", name);
    }
    if (!ends)
        jw_source_fail(source, source->root, "states", 0, "no state is final: true; where does it end?");
}

void jw_declare_flow(struct jw_source *source, const char *name, struct jw_flow *out) {
    *out = (struct jw_flow){0};
    if (!jw_source_good(source))
        return;
    jw_source_keys(source, source->root, "a workflow", keys, NULL);
    read_head(source, name, out);
    jw_declare_states(source, out);
    jw_declare_steps(source, out);
    if (!jw_source_good(source))
        return;
    read_start(source, out);
    read_extension(source, out);
    jw_declare_people(source, source->root, "urge", &out->urge);
    for (size_t i = 0; i < out->step_count && jw_source_good(source); i++) {
        check_people(source, out, &out->steps[i], &out->steps[i].who);
        check_people(source, out, &out->steps[i], &out->steps[i].barred);
    }
    for (size_t i = 0; i < out->step_count && jw_source_good(source); i++) {
        bool alone = out->steps[i].who.count == 0;
        for (size_t k = 0; k < out->state_count && alone; k++)
            alone = out->states[k].wait != (int)i;
        if (alone)
            jw_source_fail(source, json_object_get(source->root, "steps"), out->steps[i].name, 0,
                           "who is missing: who takes the step \"%s\"?", out->steps[i].name);
    }
    if (jw_source_good(source))
        check_ways(source, out);
}
