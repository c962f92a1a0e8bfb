/* lib/sigma/mapping.c — reading content/mappings. */
#include "mapping.h"

#include "files.h"

struct loading {
    struct jw_arena *mem;
    struct jw_mapping_entry **tail;
};

static jw_status fail(const struct jw_tree *at, const char *why, struct jw_error *err) {
    return jw_fail(err, JW_E_SYNTAX, "line %d: %s", at->line, why);
}

static jw_status read_name(const struct jw_tree *node, uint16_t rank, struct jw_mapping_field *field,
                           struct jw_error *err) {
    if (node->kind != JW_TREE_SCALAR || !node->text.len || field->count == JW_CANDIDATES)
        return fail(node, "a field has a list of at most 48 names", err);
    field->ranks[field->count] = rank;
    field->names[field->count++] = node->text;
    return JW_OK;
}

static jw_status read_field(const struct jw_tree *key, struct jw_arena *mem, struct jw_mapping_field *field,
                            struct jw_error *err) {
    const struct jw_tree *value = key->next, *first = value->kind == JW_TREE_LIST ? value->first : value;
    uint16_t rank = 0;
    jw_status st = JW_OK;
    if (key->kind != JW_TREE_SCALAR || value->kind == JW_TREE_MAP)
        return fail(key, "a field has a name and a list of names", err);
    *field = (struct jw_mapping_field){.name = key->text};
    field->names = jw_arena_alloc(mem, JW_CANDIDATES * sizeof *field->names);
    field->ranks = jw_arena_alloc(mem, JW_CANDIDATES * sizeof *field->ranks);
    if (!field->names || !field->ranks)
        return fail(key, "no memory", err);
    for (const struct jw_tree *n = first; n && st == JW_OK;
         n = value->kind == JW_TREE_LIST ? n->next : NULL, rank++)
        if (n->kind != JW_TREE_LIST)
            st = read_name(n, rank, field, err);
        else
            for (const struct jw_tree *together = n->first; together && st == JW_OK; together = together->next)
                st = read_name(together, rank, field, err);
    return st;
}

static jw_status read_fields(const struct jw_tree *map, struct jw_arena *mem, struct jw_mapping_field **out,
                             struct jw_error *err) {
    struct jw_mapping_field **tail = out;
    if (map && map->kind != JW_TREE_MAP)
        return fail(map, "fields is a map", err);
    for (const struct jw_tree *key = map ? map->first : NULL; key && key->next; key = key->next->next) {
        struct jw_mapping_field *field = jw_arena_alloc(mem, sizeof *field);
        jw_status st = field ? read_field(key, mem, field, err) : fail(key, "no memory", err);
        if (st != JW_OK)
            return st;
        *tail = field;
        tail = &field->next;
    }
    return JW_OK;
}

static jw_text or_else(jw_text text, jw_text other) { return text.len ? text : other; }

static jw_status read_entry(struct loading *l, const struct jw_tree *file, const struct jw_tree *node,
                            struct jw_mapping_field *shared, struct jw_error *err) {
    struct jw_mapping_entry *entry = jw_arena_alloc(l->mem, sizeof *entry);
    const struct jw_tree *when = jw_tree_find(node, "when");
    if (!entry)
        return fail(node, "no memory", err);
    if (node->kind != JW_TREE_MAP)
        return fail(node, "a source is a map", err);
    *entry = (struct jw_mapping_entry){
        .source = {or_else(jw_tree_text(node, "product"), jw_tree_text(file, "product")),
                   or_else(jw_tree_text(node, "category"), jw_tree_text(file, "category")),
                   jw_tree_text(node, "service")},
        .shared = shared,
    };
    jw_status st = read_fields(jw_tree_find(node, "fields"), l->mem, &entry->fields, err);
    if (st == JW_OK && when)
        st = jw_sigma_detection_read(when, l->mem, &entry->when, err);
    *l->tail = entry;
    l->tail = &entry->next;
    return st;
}

static jw_status read_file(void *context, const char *path, struct jw_error *err) {
    struct loading *l = context;
    struct jw_tree *document = NULL;
    struct jw_mapping_field *shared = NULL;
    struct jw_error why = {{0}};
    jw_text text;
    jw_status st = jw_rule_file_read(path, l->mem, &text, &why);
    if (st == JW_OK)
        st = jw_tree_parse(text, l->mem, &document, &why);
    const struct jw_tree *sources = jw_tree_find(document, "sources");
    if (st == JW_OK && sources) /* a file without sources maps something else: not ours */
        st = read_fields(jw_tree_find(document, "fields"), l->mem, &shared, &why);
    for (const struct jw_tree *node = sources ? sources->first : NULL; node && st == JW_OK; node = node->next)
        st = read_entry(l, document, node, shared, &why);
    return st == JW_OK ? JW_OK : jw_fail(err, st, "%s: %s", path, why.text);
}

jw_status jw_mapping_load(const char *folder, struct jw_arena *mem, struct jw_mapping *out, struct jw_error *err) {
    *out = (struct jw_mapping){0};
    struct loading l = {mem, &out->entries};
    return folder ? jw_rule_files(folder, read_file, &l, err) : JW_OK;
}

static bool part_covers(jw_text rule, jw_text event) { return rule.len == 0 || jw_text_is_nocase(rule, event); }

bool jw_logsource_covers(const struct jw_sigma_logsource *rule, const struct jw_sigma_logsource *event) {
    return part_covers(rule->product, event->product) && part_covers(rule->category, event->category) &&
           part_covers(rule->service, event->service);
}

static const struct jw_mapping_field *find_field(const struct jw_mapping_field *fields, jw_text name) {
    for (; fields; fields = fields->next)
        if (jw_text_is(fields->name, name))
            return fields;
    return NULL;
}

/* Is `name` the pattern with `field` in place of its star? Compared without making it: this runs for every field of
 * every rule and every kind of event. */
static bool is_made(jw_text name, jw_text pattern, size_t star, jw_text field) {
    jw_text rest = name, head = {pattern.ptr, star}, tail = {pattern.ptr + star + 1, pattern.len - star - 1};
    return jw_text_drop(&rest, head) && jw_text_drop(&rest, field) && jw_text_is(rest, tail);
}

/* The names under way, best first. */
struct names {
    jw_text *names;
    uint16_t *ranks;
    uint32_t count, most;
    uint16_t rank; /* of the last */
};

/* `together`: of the rank of the name before it. */
static void add_name(struct names *out, jw_text pattern, jw_text field, bool together, struct jw_arena *mem) {
    size_t star;
    bool has_star = jw_text_find(pattern, JW_TEXT("*"), &star);
    for (uint32_t i = 0; i < out->count; i++)
        if (has_star ? is_made(out->names[i], pattern, star, field) : jw_text_is(out->names[i], pattern))
            return;
    char *made = has_star && out->count < out->most ? jw_arena_alloc(mem, pattern.len + field.len) : NULL;
    if (out->count == out->most || (has_star && !made))
        return;
    if (has_star) {
        memcpy(made, pattern.ptr, star);
        memcpy(made + star, field.ptr, field.len);
        memcpy(made + star + field.len, pattern.ptr + star + 1, pattern.len - star - 1);
        pattern = (jw_text){made, pattern.len - 1 + field.len};
    }
    if (!together && out->count)
        out->rank++;
    out->ranks[out->count] = out->rank;
    out->names[out->count++] = pattern;
}

static void entry_names(struct names *out, const struct jw_mapping_entry *entry, jw_text field,
                        struct jw_arena *mem) {
    const struct jw_mapping_field *found = find_field(entry->fields, field);
    if (!found && !(found = find_field(entry->shared, field)) && !(found = find_field(entry->fields, JW_TEXT("*"))))
        found = find_field(entry->shared, JW_TEXT("*"));
    uint32_t before = out->count;
    for (uint32_t i = 0; found && i < found->count; i++)
        add_name(out, found->names[i], field, out->count > before && i && found->ranks[i] == found->ranks[i - 1],
                 mem);
}

uint32_t jw_mapping_ranked(const struct jw_mapping *mapping, const struct jw_sigma_logsource *source,
                           const struct jw_mapping_entry *entry, jw_text field, struct jw_arena *mem,
                           jw_text out[JW_CANDIDATES], uint16_t ranks[JW_CANDIDATES]) {
    struct names names = {.names = out, .ranks = ranks, .most = JW_CANDIDATES - 1};
    if (entry)
        entry_names(&names, entry, field, mem);
    else
        for (const struct jw_mapping_entry *e = mapping->entries; e; e = e->next)
            if (jw_logsource_covers(source, &e->source))
                entry_names(&names, e, field, mem);
    names.most = JW_CANDIDATES; /* there is always room for the field's own name, which may hold a star */
    for (uint32_t i = 0; i < names.count; i++)
        if (jw_text_is(out[i], field))
            return names.count;
    names.ranks[names.count] = (uint16_t)(names.count ? names.rank + 1 : 0);
    names.names[names.count++] = field;
    return names.count;
}

uint32_t jw_mapping_names(const struct jw_mapping *mapping, const struct jw_sigma_logsource *source,
                          const struct jw_mapping_entry *entry, jw_text field, struct jw_arena *mem,
                          jw_text out[JW_CANDIDATES]) {
    uint16_t ranks[JW_CANDIDATES];
    return jw_mapping_ranked(mapping, source, entry, field, mem, out, ranks);
}
