/* lib/parser/step_under.c — under: a sender's own names go below a prefix ("suricata.eve."), with their kinds. */
#include "step.h"

struct under {
    struct jw_template *prefix;
    const struct jw_table *labels, *keep;
};

static const void *compile_under(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"prefix", "fields", "keep", NULL};
    (void)block;
    jw_declared_keys(compile->yaml, node, "under", keys);
    struct under *under = jw_declared_alloc(compile->yaml, sizeof *under);
    struct fy_node *fields = jw_declared_member(node, "fields"), *keep = jw_declared_member(node, "keep");
    if (!under)
        return NULL;
    under->prefix = jw_template_compile(compile, jw_declared_member(node, "prefix"), "under: prefix");
    under->labels = fields ? jw_table_labels(compile, fields) : NULL;
    under->keep = keep ? jw_table_labels(compile, keep) : NULL;
    return under;
}

/* Known fields stay (the envelope's host, a shipper's agent), unless `fields` renames them; unknown ones move. */
static bool run_under(const void *data, struct jw_run *run, jw_text source) {
    const struct under *under = data;
    struct jw_record *rec = run->rec;
    jw_text prefix = jw_template_print(under->prefix, run);
    uint32_t count = rec->count, kept = 0;
    (void)source;
    if (!prefix.ptr)
        return true;
    jw_field *moved = jw_arena_alloc(rec->mem, (count + 1) * sizeof *moved);
    size_t moving = 0;
    if (!moved) {
        rec->state = JW_E_LIMIT;
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        jw_field field = rec->fields[i];
        bool labelled = under->labels && jw_table_find(under->labels, field.name);
        bool stays = !labelled && (field.id || jw_value_is_temporary(&field) ||
                                   (under->keep && jw_table_find(under->keep, field.name)));
        if (stays)
            rec->fields[kept++] = field;
        else
            moved[moving++] = field;
    }
    rec->count = kept;
    for (size_t i = 0; i < moving; i++)
        jw_table_put_kind(under->labels, prefix, &moved[i], run);
    return true;
}

const struct jw_step_kind jw_step_under = {.key = "under", .compile = compile_under, .run = run_under};
