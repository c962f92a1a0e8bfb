/* lib/workflow/declare_state.c — the states of a flow, with deadline, reminders and escalation. */
#include "declare.h"

#include <string.h>

#include "ledger/declare.h"

static const char *const keys[] = {"title",  "colour",   "final", "frozen", "deadline",
                                   "remind", "escalate", "wait",  NULL};
static const char *const colours[] = {"red", "orange", "gold", "green", "cyan", "blue", "purple", "grey", NULL};
static const int usual_reminders[] = {30, 7, 1};

static void read_reminders(struct jw_source *source, const json_t *in, struct jw_flow_state *state) {
    const json_t *list = jw_source_list(source, in, "remind", JW_FLOW_REMINDERS);
    if (!list) {
        memcpy(state->remind, usual_reminders, sizeof usual_reminders);
        state->remind_count = sizeof usual_reminders / sizeof *usual_reminders;
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *days = json_array_get(list, i);
        if (!json_is_integer(days) || json_integer_value(days) < 0 || json_integer_value(days) > 365) {
            jw_source_fail(source, list, NULL, i, "remind: wants days before the deadline, 0 to 365: [30, 7, 1]");
            return;
        }
        for (size_t before = 0; before < state->remind_count; before++)
            if (state->remind[before] == json_integer_value(days)) {
                jw_source_fail(source, list, NULL, i, "remind: %d stands here twice", state->remind[before]);
                return;
            }
        state->remind[state->remind_count++] = (int)json_integer_value(days);
    }
}

static void read_escalations(struct jw_source *source, const json_t *in, struct jw_flow_state *state) {
    static const char *const parts[] = {"after", "to", NULL};
    const json_t *list = jw_source_list(source, in, "escalate", JW_FLOW_ESCALATION);
    size_t count = json_array_size(list);
    state->escalations = jw_source_alloc(source, (count + 1) * sizeof *state->escalations);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const json_t *line = json_array_get(list, i);
        struct jw_flow_people to = {0};
        if (!json_is_object(line)) {
            jw_source_fail(source, list, NULL, i,
                           "escalation is written {after: {days: 3}, to: {role: ROLE, at: parent}}");
            return;
        }
        jw_source_keys(source, line, "an escalation", parts, NULL);
        jw_declare_span(source, line, "after", &state->escalations[i].after);
        jw_declare_people(source, line, "to", &to);
        if (!jw_source_good(source))
            return;
        if (to.count != 1 || state->escalations[i].after.kind == JW_SPAN_NONE ||
            state->escalations[i].after.kind == JW_SPAN_FIELD) {
            jw_source_fail(source, list, NULL, i,
                           "escalation wants after (a time behind the deadline) and to (one line of people)");
            return;
        }
        state->escalations[i].to = to.list[0];
        state->escalation_count = i + 1;
    }
}

static void read_state(struct jw_source *source, const json_t *in, const char *name, const json_t *value,
                       struct jw_flow_state *out) {
    if (!jw_source_name(source, in, name, 0, name, JW_LEDGER_NAME))
        return;
    snprintf(out->name, sizeof out->name, "%s", name);
    out->line = jw_source_line(source, in, name);
    out->wait = -1;
    if (!json_is_object(value)) {
        jw_source_fail(source, in, name, 0, "a state is written {title: 待整改, deadline: {working_days: 5}}");
        return;
    }
    jw_source_keys(source, value, "a state", keys, NULL);
    jw_declare_label(source, value, "title", name, JW_FLOW_TITLE, NULL, &out->title);
    if (json_object_get(value, "colour")) {
        int colour = jw_source_word(source, value, "colour", colours);
        out->colour = colour >= 0 ? jw_source_copy(source, jw_text_from(colours[colour])) : NULL;
    }
    out->final = jw_source_flag(source, value, "final");
    out->frozen = json_object_get(value, "frozen") ? jw_source_flag(source, value, "frozen") : out->final;
    jw_declare_deadline(source, value, &out->deadline);
    read_reminders(source, value, out);
    read_escalations(source, value, out);
    bool timed = out->deadline.usual.kind != JW_SPAN_NONE || out->deadline.case_count;
    if (out->final && timed)
        jw_source_fail(source, value, "deadline", 0, "deadline: a final state has none, nobody must act there");
    if (out->escalation_count && !timed)
        jw_source_fail(source, value, "escalate", 0, "escalate: this state has no deadline that could pass");
}

void jw_declare_states(struct jw_source *source, struct jw_flow *flow) {
    const json_t *states = json_object_get(source->root, "states"), *value;
    const char *name;
    if (!jw_source_good(source))
        return;
    if (!json_is_object(states) || json_object_size(states) < 2 || json_object_size(states) > JW_FLOW_STATES) {
        jw_source_fail(source, source->root, states ? "states" : NULL, 0, "states: wants 2 to %d states",
                       JW_FLOW_STATES);
        return;
    }
    flow->states = jw_source_alloc(source, json_object_size(states) * sizeof *flow->states);
    json_object_foreach((json_t *)(uintptr_t)states, name, value) if (jw_source_good(source))
        read_state(source, states, name, value, &flow->states[flow->state_count++]);
}
