/* cli/workflow.c — `jinwu workflow`: checks, lists and draws the flows that content/workflows declares. */
#include "command.h"
#include "table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "workflow/calendar.h"
#include "workflow/flow.h"

struct session {
    char content[PATH_MAX];
    struct jw_ledgers *ledgers;
    struct jw_flows *flows;
    struct jw_calendar *calendar;
    unsigned refused;
    bool json;
    struct jw_error err;
};

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct session *s = context;
    s->refused++;
    fprintf(stderr, "%s:%d:%d: %s\n", file, line, column, reason);
}

static int load(struct session *s, const char *content) {
    snprintf(s->content, sizeof s->content, "%s/ledgers", content);
    jw_status st = jw_ledgers_load(s->content, NULL, refused, s, &s->ledgers, &s->err);
    snprintf(s->content, sizeof s->content, "%s/workflows", content);
    if (st == JW_OK)
        st = jw_flows_load(s->content, s->ledgers, NULL, refused, s, &s->flows, &s->err);
    snprintf(s->content, sizeof s->content, "%s/calendars", content);
    if (st == JW_OK)
        st = jw_calendar_load(s->content, NULL, refused, s, &s->calendar, &s->err);
    return st == JW_OK ? 0 : jw_command_failed("workflow", "%s", s->err.text);
}

static int check(const struct session *s) {
    fprintf(stderr, "%zu workflows, %u faults\n", jw_flows_count(s->flows), s->refused);
    return s->refused ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static size_t followers(const struct session *s, const struct jw_flow *flow) {
    size_t count = 0;
    for (size_t i = 0; i < jw_ledgers_count(s->ledgers); i++)
        count += strcmp(jw_ledgers_get(s->ledgers, i)->workflow, flow->name) == 0;
    return count;
}

static int list(const struct session *s) {
    static const char *const heads[] = {"WORKFLOW", "TITLE", "STATES", "STEPS", "LEDGERS", NULL};
    struct jw_table table = jw_table_begin(5, 2);
    jw_table_head(&table, heads);
    for (size_t i = 0; i < jw_flows_count(s->flows); i++) {
        const struct jw_flow *flow = jw_flows_get(s->flows, i);
        jw_table_add(&table, "%s", flow->name);
        jw_table_add(&table, "%s", flow->title.zh);
        jw_table_number(&table, flow->state_count);
        jw_table_number(&table, flow->step_count);
        jw_table_number(&table, followers(s, flow));
    }
    jw_table_print(&table);
    return JW_EXIT_DONE;
}

/* "owner", "role security_manager at units": as the file has it, in one word for each line. */
static void add_people(const struct jw_flow_people *people, jw_buffer *out) {
    static const char *const whose[] = {"role", "owner", "maker", "person", "did", "previous"};
    static const char *const at[] = {"units", "unit", "parent", "above", "all"};
    for (size_t i = 0; i < people->count; i++) {
        const struct jw_flow_who *who = &people->list[i];
        jw_buffer_print(out, "%s%s", i ? ", " : "", whose[who->whose]);
        if (*who->name)
            jw_buffer_print(out, " %s", who->name);
        if (who->whose == JW_WHOSE_ROLE)
            jw_buffer_print(out, " at %s", at[who->at]);
    }
    jw_buffer_byte(out, '\0');
}

static void add_step(const struct session *s, struct jw_table *table, const char *ledger,
                     const struct jw_flow *flow, const struct jw_flow_step *step) {
    jw_buffer from = JW_BUFFER(4096), who = JW_BUFFER(4096), barred = JW_BUFFER(4096);
    for (size_t i = 0; i < flow->state_count; i++)
        if (step->from >> i & 1)
            jw_buffer_print(&from, "%s%s", from.len ? ", " : "", flow->states[i].name);
    jw_buffer_byte(&from, '\0');
    add_people(&step->who, &who);
    add_people(&step->barred, &barred);
    const char *cells[] = {ledger, step->name, from.ptr, flow->states[step->to].name, who.ptr, barred.ptr};
    if (s->json) {
        json_t *line = json_pack("{ss ss ss ss ss ss ss ss sb}", "ledger", ledger, "workflow", flow->name, "step",
                                 step->name, "from", from.ptr, "to", cells[3], "who", who.ptr, "not", barred.ptr,
                                 "start", flow->states[flow->start].name, "reason", (int)step->reason);
        char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        puts(text ? text : "null");
        free(text);
        json_decref(line);
    } else
        for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
            jw_table_add(table, "%s", cells[i]);
    jw_buffer_free(&from);
    jw_buffer_free(&who);
    jw_buffer_free(&barred);
}

static int list_steps(const struct session *s, const char *only) {
    static const char *const heads[] = {"LEDGER", "STEP", "FROM", "TO", "WHO", "NOT", NULL};
    struct jw_table table = jw_table_begin(6, 6);
    jw_table_head(&table, heads);
    for (size_t i = 0; i < jw_ledgers_count(s->ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(s->ledgers, i);
        const struct jw_flow *flow = jw_flows_find(s->flows, jw_text_from(ledger->workflow));
        for (size_t k = 0; flow && k < flow->step_count && (!only || strcmp(only, flow->name) == 0); k++)
            add_step(s, &table, ledger->name, flow, &flow->steps[k]);
    }
    jw_table_print(&table);
    return JW_EXIT_DONE;
}

static int draw(struct session *s, const char *name, const char *state, const char *language) {
    const struct jw_flow *flow = name ? jw_flows_find(s->flows, jw_text_from(name)) : NULL;
    jw_buffer svg = JW_BUFFER(4 << 20);
    if (!flow)
        return jw_command_usage("workflow", "there is no workflow %s; jinwu workflow list shows them",
                                name ? name : "");
    if (state && jw_flow_state_find(flow, jw_text_from(state)) < 0)
        return jw_command_usage("workflow", "%s has no state %s", name, state);
    jw_status st = jw_flow_draw(flow, state, language ? language : "zh", &svg, &s->err);
    if (st == JW_OK)
        fwrite(svg.ptr, 1, svg.len, stdout);
    jw_buffer_free(&svg);
    return st == JW_OK ? JW_EXIT_DONE : jw_command_failed("workflow", "%s", s->err.text);
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {
        {"content", false}, {"state", false}, {"language", false}, {"json", true}, {0}};
    const char *values[4] = {NULL};
    struct session s = {.refused = 0};
    int result = jw_command_options("workflow", options, &argc, argv, values);
    const char *verb = argc > 1 ? argv[1] : "";
    s.json = jw_command_json(values[3]);
    if (!result)
        result = load(&s, values[0] ? values[0] : jw_command_content());
    if (!result)
        result = strcmp(verb, "check") == 0   ? check(&s)
                 : strcmp(verb, "list") == 0  ? list(&s)
                 : strcmp(verb, "steps") == 0 ? list_steps(&s, argc > 2 ? argv[2] : NULL)
                 : strcmp(verb, "draw") == 0  ? draw(&s, argc > 2 ? argv[2] : NULL, values[1], values[2])
                                              : jw_command_usage("workflow", "wants check, list, steps or draw");
    jw_flows_free(s.flows);
    jw_calendar_free(s.calendar);
    jw_ledgers_free(s.ledgers);
    return result;
}

const struct jw_command jw_command_workflow = {
    .name = "workflow",
    .about = "the workflows that records follow: check, list, steps, draw",
    .help = "Use: jinwu workflow VERB [NAME] [OPTIONS]\n\n"
            "  check        reads all workflow files and says what is wrong with them, with line and column\n"
            "  list         the workflows that content/workflows declares\n"
            "  steps [NAME] who may take which step with records of which ledger [--json]\n"
            "  draw NAME    the workflow as a diagram (SVG) on stdout [--state STATE] [--language zh|en]\n\n"
            "  --content DIR   parsers, rules, ledgers, workflows (default: the folder that came with jinwu)\n\n"
            "Example: jinwu workflow draw rectification --state fixing >整改.svg\n"
            "Exit: 0 done, 1 faults were found, 2 usage.\n",
    .run = run,
};
