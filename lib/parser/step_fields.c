/* lib/parser/step_fields.c — steps on fields that are there: rename, copy, map, set, types, drop. */
#include "step.h"

/* --- rename, copy: {from: to} or labels
 * ---------------------------------------------------------------------------- */
static const void *compile_labels(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    (void)block;
    return jw_table_labels(compile, node);
}

/* A value that does not fit its new name keeps its old one: nothing is lost, and a typed column stays clean. */
static bool run_rename(const void *data, struct jw_run *run, jw_text source) {
    const struct jw_table *labels = data;
    struct jw_record *rec = run->rec;
    (void)source;
    /* As often as there are fields now: a name may be renamed to itself, or two may change places. */
    for (uint32_t i = 0, left = rec->count; left > 0 && i < rec->count; left--) {
        jw_field field = rec->fields[i];
        const struct jw_table_row *row = jw_table_find(labels, field.name);
        if (!row || row->count == 0 || !jw_value_fits(&row->assigns[0].name, field.value)) {
            i++;
            continue;
        }
        memmove(rec->fields + i, rec->fields + i + 1, (rec->count - i - 1) * sizeof field);
        rec->count--; /* the next one stands at i now */
        for (uint32_t target = 0; target < row->count; target++)
            if (jw_value_fits(&row->assigns[target].name, field.value))
                jw_value_put_kind(run, &row->assigns[target].name, field.value, field.kind);
    }
    return true;
}

static bool run_copy(const void *data, struct jw_run *run, jw_text source) {
    const struct jw_table *labels = data;
    (void)source;
    for (size_t i = 0; i < labels->count; i++) {
        struct jw_name from = jw_value_name(labels->rows[i].name);
        const jw_field *there = jw_value_find(run, &from);
        jw_text value = there ? there->value : (jw_text){0};
        uint8_t kind = there ? there->kind : 0;
        for (uint32_t target = 0; value.len && target < labels->rows[i].count; target++)
            if (jw_value_fits(&labels->rows[i].assigns[target].name, value))
                jw_value_put_kind(run, &labels->rows[i].assigns[target].name, value, kind);
    }
    return true;
}

/* --- map: [{field or key, table, to, default}]
 * --------------------------------------------------------------------- */
struct mapping {
    struct jw_template *key;
    const struct jw_table *table;
    struct jw_assign *otherwise;
    uint32_t otherwise_count;
};
struct mappings {
    struct mapping *list;
    size_t count;
};

static void read_mapping(struct jw_compile *compile, struct fy_node *node, struct mapping *mapping) {
    static const char *const keys[] = {"key", "table", "to", "default", NULL};
    struct jw_declared *yaml = compile->yaml;
    jw_declared_keys(yaml, node, "map", keys);
    struct fy_node *to = jw_declared_member(node, "to"), *otherwise = jw_declared_member(node, "default");
    struct jw_name alone = to ? jw_value_read_name(compile, to, "to") : (struct jw_name){0};
    mapping->key = jw_template_compile(compile, jw_declared_member(node, "key"), "map: key");
    mapping->table = jw_table_compile(compile, jw_declared_member(node, "table"), to ? &alone : NULL);
    if (otherwise && fy_node_is_mapping(otherwise)) {
        mapping->otherwise = jw_table_assigns(compile, otherwise, &mapping->otherwise_count);
    } else if (otherwise && to) {
        mapping->otherwise = jw_declared_alloc(yaml, sizeof *mapping->otherwise);
        if (mapping->otherwise)
            mapping->otherwise[0] =
                (struct jw_assign){alone, jw_template_compile(compile, otherwise, "default"), false};
        mapping->otherwise_count = 1;
    } else if (otherwise) {
        jw_declared_fail(yaml, otherwise, "map: a plain default wants `to`");
    }
}

static const void *compile_map(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    struct mappings *mappings = jw_declared_alloc(compile->yaml, sizeof *mappings);
    size_t count = jw_declared_length(node);
    struct mapping *list = jw_declared_alloc(compile->yaml, count * sizeof *list);
    (void)block;
    for (size_t i = 0; mappings && list && i < count && jw_declared_good(compile->yaml); i++)
        read_mapping(compile, jw_declared_item(node, i), &list[i]);
    if (!jw_declared_good(compile->yaml))
        return NULL;
    *mappings = (struct mappings){list, count};
    return mappings;
}

static bool run_map(const void *data, struct jw_run *run, jw_text source) {
    const struct mappings *mappings = data;
    (void)source;
    for (size_t i = 0; i < mappings->count; i++) {
        const struct mapping *mapping = &mappings->list[i];
        jw_text key = jw_template_print(mapping->key, run);
        const struct jw_table_row *row = key.ptr ? jw_table_find(mapping->table, key) : NULL;
        if (row)
            jw_table_assign(row->assigns, row->count, run);
        else if (key.ptr)
            jw_table_assign(mapping->otherwise, mapping->otherwise_count, run);
    }
    return true;
}

/* --- set: {field: value or list}
 * ------------------------------------------------------------------------------------- */
struct settings {
    struct jw_assign *assigns;
    uint32_t count;
};

static const void *compile_set(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    struct settings *settings = jw_declared_alloc(compile->yaml, sizeof *settings);
    (void)block;
    if (settings)
        settings->assigns = jw_table_assigns(compile, node, &settings->count);
    return settings;
}

static bool run_set(const void *data, struct jw_run *run, jw_text source) {
    const struct settings *settings = data;
    (void)source;
    jw_table_assign(settings->assigns, settings->count, run);
    return true;
}

/* --- types: {field: long}
 * ---------------------------------------------------------------------------------------------- */
struct names {
    struct jw_name *list;
    size_t count;
};

static const void *compile_types(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    struct jw_declared *yaml = compile->yaml;
    size_t count = node && fy_node_is_mapping(node) ? (size_t)fy_node_mapping_item_count(node) : 0;
    struct names *names = jw_declared_alloc(yaml, sizeof *names);
    void *at = NULL;
    (void)block;
    if (!count)
        jw_declared_fail(yaml, node, "types: wants field: long, bool or text");
    struct jw_name *list = jw_declared_alloc(yaml, count * sizeof *list);
    for (struct fy_node_pair *pair;
         list && (pair = fy_node_mapping_iterate(node, &at)) && jw_declared_good(yaml);) {
        struct jw_name *name = &list[names->count++];
        *name = jw_value_read_name(compile, fy_node_pair_key(pair), "types");
        jw_text type = jw_declared_text(yaml, fy_node_pair_value(pair), "types");
        name->type = jw_text_is(type, JW_TEXT("long"))   ? JW_TYPE_LONG
                     : jw_text_is(type, JW_TEXT("bool")) ? JW_TYPE_BOOL
                                                         : JW_TYPE_TEXT;
        name->typed = name->type != JW_TYPE_TEXT;
        if (!name->typed && !jw_text_is(type, JW_TEXT("text")))
            jw_declared_fail(yaml, fy_node_pair_value(pair), "types: there are long, bool and text");
    }
    if (names)
        names->list = list;
    return names;
}

static bool run_types(const void *data, struct jw_run *run, jw_text source) {
    const struct names *names = data;
    (void)source;
    for (size_t i = 0; i < names->count; i++) {
        jw_field *field = jw_value_find(run, &names->list[i]);
        if (field)
            jw_value_put(run, &names->list[i], field->value);
    }
    return true;
}

/* --- drop: [name, prefix.*]
 * ---------------------------------------------------------------------------------------------- */
static const void *compile_drop(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    struct names *names = jw_declared_alloc(compile->yaml, sizeof *names);
    size_t count = jw_declared_length(node);
    (void)block;
    if (!names || !(names->list = jw_declared_alloc(compile->yaml, count * sizeof *names->list)))
        return NULL;
    for (; names->count < count; names->count++)
        names->list[names->count] = jw_value_read_name(compile, jw_declared_item(node, names->count), "drop");
    return names;
}

static bool is_named(const struct names *names, const jw_field *field) {
    for (size_t i = 0; i < names->count; i++) {
        const struct jw_name *name = &names->list[i];
        if (name->id ? name->id == field->id : jw_text_is(name->text, field->name))
            return true;
        if (jw_text_ends(name->text, JW_TEXT("*")) &&
            jw_text_starts(field->name, (jw_text){name->text.ptr, name->text.len - 1}))
            return true;
    }
    return false;
}

static bool run_drop(const void *data, struct jw_run *run, jw_text source) {
    struct jw_record *rec = run->rec;
    uint32_t kept = 0;
    (void)source;
    for (uint32_t i = 0; i < rec->count; i++)
        if (!is_named(data, &rec->fields[i]))
            rec->fields[kept++] = rec->fields[i];
    rec->count = kept;
    return true;
}

const struct jw_step_kind jw_step_rename = {.key = "rename", .compile = compile_labels, .run = run_rename};
const struct jw_step_kind jw_step_copy = {.key = "copy", .compile = compile_labels, .run = run_copy};
const struct jw_step_kind jw_step_map = {.key = "map", .compile = compile_map, .run = run_map};
const struct jw_step_kind jw_step_set = {.key = "set", .compile = compile_set, .run = run_set};
const struct jw_step_kind jw_step_types = {.key = "types", .compile = compile_types, .run = run_types};
const struct jw_step_kind jw_step_drop = {.key = "drop", .compile = compile_drop, .run = run_drop};
