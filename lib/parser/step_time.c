/* lib/parser/step_time.c — time: the event's own time, from one of several fields in one of several formats. */
#include "step.h"

struct time_step {
    struct jw_template **from;
    struct jw_clock **clocks;
    struct jw_template *zone;
    struct jw_name to; /* empty: @timestamp */
    size_t from_count, clock_count;
};

static void read_lists(struct jw_compile *compile, struct fy_node *from, struct fy_node *formats,
                       struct time_step *step) {
    struct jw_declared *yaml = compile->yaml;
    size_t froms = jw_declared_length(from), clocks = jw_declared_length(formats);
    step->from = jw_declared_alloc(yaml, froms * sizeof(struct jw_template *));
    step->clocks = jw_declared_alloc(yaml, clocks * sizeof(struct jw_clock *));
    if (!step->from || !step->clocks)
        return;
    for (; step->from_count < froms; step->from_count++)
        step->from[step->from_count] =
            jw_template_compile(compile, jw_declared_item(from, step->from_count), "time: from");
    for (; step->clock_count < clocks; step->clock_count++)
        step->clocks[step->clock_count] = jw_clock_compile(compile, jw_declared_item(formats, step->clock_count));
    if (!froms || !clocks)
        jw_declared_fail(yaml, from, "time: wants from: \"%%{field}\" and formats");
}

static const void *compile_time(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"from", "formats", "zone", "to", NULL};
    struct jw_declared *yaml = compile->yaml;
    (void)block;
    jw_declared_keys(yaml, node, "time", keys);
    struct time_step *step = jw_declared_alloc(yaml, sizeof *step);
    if (!step)
        return NULL;
    read_lists(compile, jw_declared_member(node, "from"), jw_declared_member(node, "formats"), step);
    struct fy_node *zone = jw_declared_member(node, "zone"), *to = jw_declared_member(node, "to");
    int offset;
    step->zone = zone ? jw_template_compile(compile, zone, "zone") : NULL;
    if (step->zone && jw_template_constant(step->zone).ptr &&
        !jw_clock_zone(jw_template_constant(step->zone), &offset))
        jw_declared_fail(yaml, zone, "zone: wants +08:00, Z or a field");
    if (to)
        step->to = jw_value_read_name(compile, to, "to");
    return step;
}

static bool store(const struct time_step *step, struct jw_run *run, int64_t time) {
    char text[JW_TIME_TEXT];
    if (!step->to.text.len) {
        jw_record_set_time(run->rec, time);
        return true;
    }
    jw_text copy = jw_arena_copy(run->rec->mem, (jw_text){text, jw_time_print(time, text)});
    if (copy.ptr)
        jw_value_put(run, &step->to, copy);
    else
        run->rec->state = JW_E_LIMIT;
    return true;
}

/* A time that cannot be read is no reason to lose the rest: the event keeps the time of its envelope. */
static bool run_time(const void *data, struct jw_run *run, jw_text source) {
    const struct time_step *step = data;
    int offset_s = run->in->zone_offset_s, given;
    int64_t near = run->in->received ? run->in->received : jw_time_now(), time;
    (void)source;
    jw_text zone = step->zone ? jw_template_print(step->zone, run) : (jw_text){0};
    if (zone.ptr && jw_clock_zone(zone, &given))
        offset_s = given;
    for (size_t i = 0; i < step->from_count; i++) {
        jw_text text = jw_text_trim(jw_template_print(step->from[i], run));
        for (size_t k = 0; text.len && k < step->clock_count; k++)
            if (jw_clock_read(step->clocks[k], text, near, offset_s, &time))
                return store(step, run, time);
    }
    return true;
}

const struct jw_step_kind jw_step_time = {.key = "time", .compile = compile_time, .run = run_time};
