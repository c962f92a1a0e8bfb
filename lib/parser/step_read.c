/* lib/parser/step_read.c — read: a text in one of lib/formats (JSON, CEF …) inside a field. */
#include "step.h"

#include "formats/format.h"

struct read {
    const struct jw_format *format;
    const struct jw_table *labels;
    jw_text prefix;
};

static const void *compile_read(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"format", "fields", "prefix", NULL};
    struct jw_declared *yaml = compile->yaml;
    (void)block;
    jw_declared_keys(yaml, node, "read", keys);
    struct read *read = jw_declared_alloc(yaml, sizeof *read);
    jw_text name = jw_declared_text(yaml, jw_declared_member(node, "format"), "read: format");
    if (!read)
        return NULL;
    struct fy_node *fields = jw_declared_member(node, "fields"), *prefix = jw_declared_member(node, "prefix");
    read->format = jw_format_find(name);
    if (!read->format)
        jw_declared_fail(yaml, node, "read: there is no format \"" JW_FMT "\"", JW_ARG(name));
    read->labels = fields ? jw_table_labels(compile, fields) : NULL;
    read->prefix = prefix ? jw_declared_text(yaml, prefix, "prefix") : JW_TEXT("");
    return read;
}

static bool run_read(const void *data, struct jw_run *run, jw_text source) {
    const struct read *read = data;
    struct jw_record inner = {.mem = run->rec->mem};
    if (read->format->parse(jw_text_trim(source), &inner, NULL) != JW_OK)
        return false;
    for (uint32_t i = 0; i < inner.count; i++)
        jw_table_put_kind(read->labels, read->prefix, &inner.fields[i], run);
    if (inner.has_time)
        jw_record_set_time(run->rec, inner.time);
    return true;
}

const struct jw_step_kind jw_step_read = {
    .key = "read", .needs_source = true, .clean = true, .compile = compile_read, .run = run_read};
