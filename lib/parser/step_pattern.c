/* lib/parser/step_pattern.c — pattern: one or several grok patterns; the first that matches the whole text. */
#include "step.h"

struct patterns {
    const struct jw_grok **list;
    size_t count;
};

static const void *compile_patterns(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    (void)block;
    struct patterns *patterns = jw_declared_alloc(compile->yaml, sizeof *patterns);
    size_t count = jw_declared_length(node);
    const struct jw_grok **list = jw_declared_alloc(compile->yaml, count * sizeof *list);
    for (size_t i = 0; patterns && list && i < count && jw_declared_good(compile->yaml); i++)
        list[i] = jw_grok_compile(compile, jw_declared_item(node, i), true);
    if (!jw_declared_good(compile->yaml))
        return NULL;
    *patterns = (struct patterns){list, count};
    return patterns;
}

static void take(const struct jw_grok *regex, struct jw_run *run, jw_text text) {
    const size_t *offsets = jw_grok_offsets(run->worker);
    for (uint32_t i = 0; i < regex->capture_count; i++) {
        size_t from = offsets[2 * i + 2], to = offsets[2 * i + 3];
        if (from == PCRE2_UNSET || from >= to || to > text.len) /* empty is missing */
            continue;
        const struct jw_capture *capture = &regex->captures[i];
        jw_text value = {text.ptr + from, to - from};
        if (capture->change)
            value = jw_value_change(run, capture->change, value);
        jw_value_put(run, &capture->name, value);
    }
}

static bool run_patterns(const void *data, struct jw_run *run, jw_text source) {
    const struct patterns *patterns = data;
    for (size_t i = 0; i < patterns->count; i++)
        if (jw_grok_match(patterns->list[i], run->worker, source)) {
            take(patterns->list[i], run, source);
            return true;
        }
    return false;
}

const struct jw_step_kind jw_step_pattern = {
    .key = "pattern", .needs_source = true, .clean = true, .compile = compile_patterns, .run = run_patterns};
