/* lib/workflow/declare_step.c — the steps of a flow: from where, to where, who, with what. */
#include "declare.h"

#include <string.h>

#include "ledger/declare.h"

static const char *const keys[] = {"title",  "from",  "to",   "who",   "not", "require", "evidence", "change",
                                   "reason", "quiet", "back", "agree", "set", "open",    "do",       NULL};

static int state_of(struct jw_source *source, const struct jw_flow *flow, const json_t *in, const char *key,
                    size_t index, const char *name) {
    int found = name ? jw_flow_state_find(flow, jw_text_from(name)) : -1;
    if (name && found < 0)
        jw_source_fail(source, in, key, index, "there is no state \"%.48s\"", name);
    return found;
}

static void read_from(struct jw_source *source, const struct jw_flow *flow, const json_t *in, const char *name,
                      const json_t *value, struct jw_flow_step *out) {
    const json_t *from = json_object_get(value, "from");
    if (json_is_array(from)) {
        const json_t *list = jw_source_list(source, value, "from", JW_FLOW_STATES);
        for (size_t i = 0; i < json_array_size(list) && jw_source_good(source); i++) {
            int state = state_of(source, flow, list, NULL, i, jw_source_item(source, list, i, JW_LEDGER_NAME));
            out->from |= state >= 0 ? UINT64_C(1) << state : 0;
        }
    } else {
        int state = state_of(source, flow, value, "from", 0, jw_source_text(source, value, "from", JW_LEDGER_NAME));
        out->from |= state >= 0 ? UINT64_C(1) << state : 0;
    }
    if (!out->from)
        jw_source_fail(source, in, name, 0, "from is missing: in which state can this step be taken?");
    out->to = state_of(source, flow, value, "to", 0, jw_source_text(source, value, "to", JW_LEDGER_NAME));
    if (out->to < 0)
        jw_source_fail(source, in, name, 0, "to is missing: in which state is the record then?");
    for (size_t i = 0; i < flow->state_count && jw_source_good(source); i++)
        if (out->from >> i & 1 && flow->states[i].final && !out->back && !out->quiet)
            jw_source_fail(source, value, "from", 0,
                           "from: \"%s\" is final; only a step with back or quiet leaves it", flow->states[i].name);
}

static void read_agree(struct jw_source *source, const json_t *value, struct jw_flow_step *out) {
    const json_t *agree = json_object_get(value, "agree");
    int64_t count = 1;
    if (json_is_string(agree) && strcmp(json_string_value(agree), "each") == 0)
        out->agree = JW_AGREE_EACH;
    else if (json_is_integer(agree) && jw_source_integer(source, value, "agree", 1, 50, &count))
        out->agree = (int)count;
    else if (agree)
        jw_source_fail(source, value, "agree", 0,
                       "agree: wants how many persons, or each (one of every line of who)");
    if (agree && out->who.count == 0)
        jw_source_fail(source, value, "agree", 0, "agree: who is missing: who are the people that must agree?");
}

static void read_open(struct jw_source *source, const json_t *value, struct jw_flow_step *out) {
    static const char *const parts[] = {"ledger", "each", "set", NULL};
    const json_t *open = json_object_get(value, "open");
    if (!open || !jw_source_good(source))
        return;
    if (!json_is_object(open)) {
        jw_source_fail(source, value, "open", 0, "open: is written {ledger: LEDGER, set: {name: =name}}");
        return;
    }
    jw_source_keys(source, open, "open", parts, NULL);
    out->opens = jw_source_alloc(source, sizeof *out->opens);
    const char *ledger = jw_source_text(source, open, "ledger", JW_LEDGER_NAME);
    const char *each = jw_source_text(source, open, "each", JW_LEDGER_NAME);
    if (!ledger)
        jw_source_fail(source, value, "open", 0, "open: ledger is missing: where are the records made?");
    if (!jw_source_good(source) || !jw_source_name(source, open, "ledger", 0, ledger, JW_LEDGER_NAME))
        return;
    snprintf(out->opens->ledger, sizeof out->opens->ledger, "%s", ledger);
    if (each && jw_source_name(source, open, "each", 0, each, JW_LEDGER_NAME))
        snprintf(out->opens->each, sizeof out->opens->each, "%s", each);
    jw_declare_sets(source, open, &out->opens->sets);
}

static void read_step(struct jw_source *source, const struct jw_flow *flow, const json_t *in, const char *name,
                      const json_t *value, struct jw_flow_step *out) {
    static const char *const deeds[] = {"nothing", "destroy", NULL};
    if (!jw_source_name(source, in, name, 0, name, JW_LEDGER_NAME))
        return;
    snprintf(out->name, sizeof out->name, "%s", name);
    out->line = jw_source_line(source, in, name);
    if (!json_is_object(value)) {
        jw_source_fail(source, in, name, 0, "a step is written {from: STATE, to: STATE, who: …}");
        return;
    }
    jw_source_keys(source, value, "a step", keys, NULL);
    jw_declare_label(source, value, "title", name, JW_FLOW_TITLE, NULL, &out->title);
    out->back = jw_source_flag(source, value, "back");
    out->quiet = jw_source_flag(source, value, "quiet");
    out->reason = jw_source_flag(source, value, "reason");
    read_from(source, flow, in, name, value, out);
    jw_declare_people(source, value, "who", &out->who);
    jw_declare_people(source, value, "not", &out->barred);
    read_agree(source, value, out);
    out->require = jw_declare_names(source, value, "require", JW_FLOW_FIELDS);
    out->evidence = jw_declare_names(source, value, "evidence", JW_FLOW_FIELDS);
    out->change = jw_declare_names(source, value, "change", JW_FLOW_FIELDS);
    jw_declare_sets(source, value, &out->sets);
    read_open(source, value, out);
    if (json_object_get(value, "do")) {
        int deed = jw_source_word(source, value, "do", deeds);
        out->deed = deed > 0 ? (jw_flow_deed)deed : JW_FLOW_NOTHING;
    }
}

void jw_declare_steps(struct jw_source *source, struct jw_flow *flow) {
    const json_t *steps = json_object_get(source->root, "steps"), *value;
    const char *name;
    if (!jw_source_good(source))
        return;
    if (!json_is_object(steps) || json_object_size(steps) == 0 || json_object_size(steps) > JW_FLOW_STEPS) {
        jw_source_fail(source, source->root, steps ? "steps" : NULL, 0, "steps: wants 1 to %d steps",
                       JW_FLOW_STEPS);
        return;
    }
    flow->steps = jw_source_alloc(source, json_object_size(steps) * sizeof *flow->steps);
    json_object_foreach((json_t *)(uintptr_t)steps, name, value) if (jw_source_good(source))
        read_step(source, flow, steps, name, value, &flow->steps[flow->step_count++]);
}
