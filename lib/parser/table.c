/* lib/parser/table.c — tables of a vendor's words: words to values (deny -> failure) and names to fields (源IP ->
 * source.ip). Keys compare without the case of ASCII letters. */
#include "ecs.h"
#include "worker.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b) {
    const struct jw_table_row *left = a, *right = b;
    int order = jw_text_compare(left->key, right->key);
    return order ? order : left->order < right->order ? -1 : 1;
}

static void lower(jw_text text) {
    char *bytes = (char *)(uintptr_t)text.ptr; /* our own copy */
    for (size_t i = 0; i < text.len; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] + 32);
}

/* One name with a scalar or a list. The first value replaces, the others are added. */
static void add_assigns(struct jw_compile *compile, const struct jw_name *name, struct fy_node *value,
                        struct jw_assign *assigns, uint32_t *count) {
    for (size_t i = 0; i < jw_declared_length(value) && jw_declared_good(compile->yaml); i++) {
        struct fy_node *item = jw_declared_item(value, i);
        struct jw_template *template = jw_template_compile(compile, item, "value");
        if (!template)
            return;
        jw_text constant = jw_template_constant(template);
        if (constant.ptr && !jw_ecs_allows(name->id, constant))
            jw_declared_fail(compile->yaml, item, "\"" JW_FMT "\" is not among ECS's values of " JW_FMT,
                             JW_ARG(constant), JW_ARG(name->text));
        if (constant.ptr && !jw_value_fits(name, constant))
            jw_declared_fail(compile->yaml, item, "\"" JW_FMT "\" does not fit the type of " JW_FMT,
                             JW_ARG(constant), JW_ARG(name->text));
        assigns[(*count)++] = (struct jw_assign){*name, template, i > 0};
    }
}

struct jw_assign *jw_table_assigns(struct jw_compile *compile, struct fy_node *map, uint32_t *out_count) {
    struct jw_declared *yaml = compile->yaml;
    size_t most = 0;
    void *at = NULL;
    if (!fy_node_is_mapping(map)) {
        jw_declared_fail(yaml, map, "wants field: value here");
        return NULL;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &at));)
        most += jw_declared_length(fy_node_pair_value(pair));
    struct jw_assign *assigns = jw_declared_alloc(yaml, most * sizeof *assigns);
    *out_count = 0;
    for (struct fy_node_pair *pair;
         assigns && (pair = fy_node_mapping_iterate(map, &at)) && jw_declared_good(yaml);) {
        struct jw_name name = jw_value_read_name(compile, fy_node_pair_key(pair), "field");
        add_assigns(compile, &name, fy_node_pair_value(pair), assigns, out_count);
    }
    return assigns;
}

/* A row of labels: the fields that take the value. */
static void read_label(struct jw_compile *compile, struct fy_node *value, struct jw_table_row *row) {
    row->count = (uint32_t)jw_declared_length(value);
    row->assigns = jw_declared_alloc(compile->yaml, row->count * sizeof *row->assigns);
    for (uint32_t i = 0; row->assigns && i < row->count; i++)
        row->assigns[i].name = jw_value_read_name(compile, jw_declared_item(value, i), "label");
}

static void read_row(struct jw_compile *compile, struct fy_node *value, const struct jw_name *alone, bool labels,
                     struct jw_table_row *row) {
    if (labels) {
        read_label(compile, value, row);
    } else if (value && fy_node_is_mapping(value)) {
        row->assigns = jw_table_assigns(compile, value, &row->count);
    } else if (!alone) {
        jw_declared_fail(compile->yaml, value, "table: without `to` each row wants field: value");
    } else {
        row->assigns = jw_declared_alloc(compile->yaml, jw_declared_length(value) * sizeof *row->assigns);
        if (row->assigns)
            add_assigns(compile, alone, value, row->assigns, &row->count);
    }
}

static const struct jw_table *library_table(const struct jw_table *list, jw_text name) {
    while (list && !jw_text_is(list->name, name))
        list = list->next;
    return list;
}

/* Rows of `node` behind the `count` there are; grows by copying, which loading can afford. */
static struct jw_table_row *add_rows(struct jw_compile *compile, struct fy_node *node, const struct jw_name *alone,
                                     bool labels, struct jw_table_row *rows, size_t *count) {
    struct jw_declared *yaml = compile->yaml;
    const struct jw_table *named = NULL;
    size_t more = 0;
    if (fy_node_is_mapping(node)) {
        more = (size_t)fy_node_mapping_item_count(node);
    } else {
        jw_text name = jw_declared_text(yaml, node, "table");
        named = library_table(labels ? compile->library->labels : compile->library->tables, name);
        if (!named)
            jw_declared_fail(yaml, node, "table: there is no %s \"" JW_FMT "\"", labels ? "labels" : "table",
                             JW_ARG(name));
        more = named ? named->count : 0;
    }
    struct jw_table_row *all = jw_declared_alloc(yaml, (*count + more) * sizeof *all);
    if (!all)
        return NULL;
    memcpy(all, rows, *count * sizeof *all);
    if (named)
        memcpy(all + *count, named->rows, more * sizeof *all);
    size_t row = *count;
    void *at = NULL;
    for (struct fy_node_pair *pair; !named && (pair = fy_node_mapping_iterate(node, &at)) && jw_declared_good(yaml);
         row++) {
        all[row].name = jw_declared_text(yaml, fy_node_pair_key(pair), "table");
        all[row].key = jw_declared_text(yaml, fy_node_pair_key(pair), "table");
        lower(all[row].key);
        read_row(compile, fy_node_pair_value(pair), alone, labels, &all[row]);
    }
    *count += more;
    return all;
}

static const struct jw_table *compile_table(struct jw_compile *compile, struct fy_node *node,
                                            const struct jw_name *alone, bool labels) {
    struct jw_declared *yaml = compile->yaml;
    struct jw_table *table = jw_declared_alloc(yaml, sizeof *table);
    struct jw_table_row *rows = jw_declared_alloc(yaml, 1);
    size_t count = 0;
    if (!node) {
        jw_declared_fail(yaml, node, "table: missing");
        return NULL;
    }
    for (size_t i = 0; rows && i < jw_declared_length(node); i++)
        rows = add_rows(compile, jw_declared_item(node, i), alone, labels, rows, &count);
    if (!table || !rows || !jw_declared_good(yaml))
        return NULL;
    for (size_t i = 0; i < count; i++)
        rows[i].order = (uint32_t)i;
    qsort(rows, count, sizeof *rows, by_key);
    for (size_t i = 0; i < count; i++)
        if (table->count == 0 || !jw_text_is(rows[table->count - 1].key, rows[i].key))
            rows[table->count++] = rows[i];
    table->rows = rows;
    return table;
}

const struct jw_table *jw_table_compile(struct jw_compile *compile, struct fy_node *node,
                                        const struct jw_name *alone) {
    return compile_table(compile, node, alone, false);
}

const struct jw_table *jw_table_labels(struct jw_compile *compile, struct fy_node *node) {
    return compile_table(compile, node, NULL, true);
}

void jw_table_add_library(struct jw_compile *compile, struct fy_node *map, bool labels) {
    struct jw_declared *yaml = compile->yaml;
    void *at = NULL;
    if (!fy_node_is_mapping(map)) {
        jw_declared_fail(yaml, map, "wants NAME: table");
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &at)) && jw_declared_good(yaml);) {
        struct fy_node *node = fy_node_pair_value(pair), *to = jw_declared_member(node, "to"), *rows = node;
        struct jw_name alone = {0};
        if (!labels && to) { /* {to: field, rows: {…}} gives plain values a field */
            alone = jw_value_read_name(compile, to, "to");
            rows = jw_declared_member(node, "rows");
        }
        struct jw_table *table =
            (struct jw_table *)(uintptr_t)compile_table(compile, rows, to ? &alone : NULL, labels);
        if (!table)
            return;
        struct jw_table **list = labels ? &compile->library->labels : &compile->library->tables;
        table->name = jw_declared_text(yaml, fy_node_pair_key(pair), "table");
        table->next = *list;
        *list = table;
    }
}

/* Compares a lower-case key with a text of any case. */
static int compare_key(jw_text key, jw_text text) {
    size_t common = key.len < text.len ? key.len : text.len;
    for (size_t i = 0; i < common; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        if ((unsigned char)key.ptr[i] != c)
            return (unsigned char)key.ptr[i] < c ? -1 : 1;
    }
    return key.len == text.len ? 0 : key.len < text.len ? -1 : 1;
}

const struct jw_table_row *jw_table_find(const struct jw_table *table, jw_text key) {
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_key(table->rows[middle].key, key);
        if (order == 0)
            return &table->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void jw_table_assign(const struct jw_assign *assigns, uint32_t count, struct jw_run *run) {
    for (uint32_t i = 0; i < count; i++) {
        jw_text value = jw_template_print(assigns[i].value, run);
        if (!value.ptr)
            continue;
        if (assigns[i].append)
            jw_value_add(run, &assigns[i].name, value);
        else
            jw_value_put(run, &assigns[i].name, value);
    }
}

void jw_table_put(const struct jw_table *labels, jw_text prefix, jw_text name, jw_text value, struct jw_run *run) {
    name = jw_text_trim(name);
    const struct jw_table_row *row = labels && value.len ? jw_table_find(labels, name) : NULL;
    bool taken = false;
    for (uint32_t i = 0; row && i < row->count; i++)
        if (jw_value_fits(&row->assigns[i].name, value)) {
            jw_value_put(run, &row->assigns[i].name, value);
            taken = true;
        }
    struct jw_name own = taken || !value.len ? (struct jw_name){0} : jw_value_join(run, prefix, name);
    if (own.text.len)
        jw_value_add(run, &own, value);
}

void jw_table_put_kind(const struct jw_table *labels, jw_text prefix, const jw_field *field, struct jw_run *run) {
    const struct jw_table_row *row = labels ? jw_table_find(labels, field->name) : NULL;
    bool taken = false;
    for (uint32_t i = 0; row && i < row->count; i++) {
        const struct jw_name *name = &row->assigns[i].name;
        if (!jw_value_fits(name, field->value))
            continue;
        if (taken || !jw_value_find(run, name)) /* a name that comes twice keeps both values */
            jw_value_put_kind(run, name, field->value, field->kind);
        else
            jw_value_add(run, name, field->value);
        taken = true;
    }
    struct jw_name own = taken ? (struct jw_name){0} : jw_value_join(run, prefix, field->name);
    if (own.text.len)
        jw_record_append(run->rec, (jw_field){own.text, field->value, own.id, field->kind});
}
