/* lib/sigma/load.c — folders of rules become a rule set; what cannot be loaded is told, never dropped silently. */
#include "files.h"
#include "intern.h"
#include "link.h"
#include "named.h"
#include "placeholder.h"
#include "set.h"

#include <stdlib.h>

#define MEMORY_MOST  ((size_t)768 << 20)
#define RULES_MEMORY ((size_t)512 << 20) /* of MEMORY_MOST; the rest is for compiling them */
#define YAML_MEMORY  ((size_t)256 << 20) /* of one file while it is read */
#define RULES_MOST   200000
#define FILTERS_MOST 1000

struct loading {
    struct jw_sigma *set;
    const struct jw_sigma_options *options;
    struct jw_arena *yaml; /* of the file in hand */
    struct jw_placeholders lists;
    struct jw_intern *sources; /* different logsources */
    uint32_t room;
    struct jw_sigma_rule *filters[FILTERS_MOST];
};

static void refuse(struct loading *l, const char *file, jw_text id, const char *reason) {
    struct jw_sigma_refusal refusal = {.file = file, .id = id, .reason = reason};
    jw_text rest = jw_text_from(reason), head;
    uint64_t line;
    if (jw_text_drop(&rest, JW_TEXT("line ")) && jw_text_cut(&rest, ':', &head) && jw_text_u64(head, &line))
        refusal.line = (int)line;
    l->set->refused++;
    if (l->options->on_refusal)
        l->options->on_refusal(l->options->context, &refusal);
}

/* Every regex is compiled once here, so that one bad expression refuses one rule. */
static jw_status check_regexes(const struct jw_sigma_node *node, struct jw_error *err) {
    struct jw_error why = {{0}};
    if (node->kind == JW_NODE_ITEM)
        for (uint32_t i = 0; i < node->item->count; i++)
            if (node->item->values[i].op == JW_OP_REGEX &&
                jw_sigma_regex_check(&node->item->values[i], &why) != JW_OK)
                return jw_fail(err, JW_E_SYNTAX, "line %d: %s", node->item->line, why.text);
    for (uint32_t i = 0; i < node->count; i++) {
        jw_status st = check_regexes(node->children[i], err);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

static jw_status keep(struct loading *l, struct jw_sigma_rule *rule, struct jw_error *err) {
    struct jw_sigma *set = l->set;
    if (rule->is_filter) {
        l->filters[set->filter_count++] = rule;
        return JW_OK;
    }
    if (set->rule_count == l->room) {
        uint32_t room = l->room ? l->room * 2 : 256;
        struct jw_sigma_rule **rules = realloc(set->rules, room * sizeof *rules);
        if (!rules)
            return jw_fail(err, JW_E_LIMIT, "rules: no memory");
        set->rules = rules;
        l->room = room;
    }
    if (rule->name.len && !jw_named_add(set->called, rule->name, rule, NULL))
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    set->rules[set->rule_count++] = rule;
    set->correlation_count += rule->info.correlation;
    return JW_OK;
}

/* Sets of sources are bits: one file of invented logsources must not take the others' place. */
static jw_status check_source(struct loading *l, const struct jw_sigma_rule *rule, struct jw_error *why) {
    const jw_text parts[] = {rule->logsource.product, rule->logsource.category, rule->logsource.service};
    JW_AUTO(jw_buffer_free) jw_buffer key = JW_BUFFER(8 << 20);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        jw_buffer_add(&key, parts[i]);
        jw_buffer_byte(&key, '\0');
    }
    uint32_t known = jw_intern_find(l->sources, jw_buffer_text(&key));
    if (known == UINT32_MAX && jw_intern_count(l->sources) == JW_SOURCES_MOST)
        return jw_fail(why, JW_E_LIMIT, "line %d: more than %d different logsources", rule->info.line,
                       JW_SOURCES_MOST);
    return key.failed || jw_intern_add(l->sources, jw_buffer_text(&key), NULL) == UINT32_MAX
               ? jw_fail(why, JW_E_LIMIT, "line %d: no memory", rule->info.line)
               : JW_OK;
}

/* Does a rule that could be read fit into the set? */
static jw_status check_room(struct loading *l, const struct jw_sigma_rule *rule, struct jw_error *why) {
    struct jw_sigma *set = l->set;
    int line = rule->info.line;
    if (jw_arena_used(set->mem) > RULES_MEMORY)
        return jw_fail(why, JW_E_LIMIT, "line %d: all rules together take more than %zu MiB", line,
                       RULES_MEMORY >> 20);
    if (rule->is_filter && set->filter_count == FILTERS_MOST)
        return jw_fail(why, JW_E_LIMIT, "line %d: more than %d filters", line, FILTERS_MOST);
    if (!rule->is_filter && set->rule_count == RULES_MOST)
        return jw_fail(why, JW_E_LIMIT, "line %d: more than %d rules", line, RULES_MOST);
    return rule->is_filter || !rule->root ? JW_OK : check_source(l, rule, why);
}

static jw_status check_id(struct loading *l, struct jw_sigma_rule *rule, struct jw_error *why) {
    const struct jw_sigma_rule *other = jw_named_find(l->set->ids, rule->info.id);
    if (!rule->info.id.len)
        return JW_OK;
    if (other)
        return jw_fail(why, JW_E_SYNTAX, "line %d: another rule has this id, in " JW_FMT, rule->info.line,
                       JW_ARG(other->info.file));
    return jw_named_add(l->set->ids, rule->info.id, rule, NULL) ? JW_OK
                                                                : jw_fail(why, JW_E_LIMIT, "rules: no memory");
}

static jw_status load_document(struct loading *l, const char *path, jw_text file, const struct jw_tree *document,
                               struct jw_error *err) {
    struct jw_error why = {{0}};
    struct jw_sigma_rule *rule = NULL;
    jw_status st = jw_sigma_rule_read(document, &l->lists, l->set->mem, &rule, &why);
    if (st == JW_OK && rule->root)
        st = check_regexes(rule->root, &why);
    if (st == JW_OK)
        st = check_room(l, rule, &why);
    if (st == JW_OK) {
        rule->info.file = file;
        st = check_id(l, rule, &why);
    }
    if (st != JW_OK) {
        refuse(l, path, jw_tree_text(document, "id"), why.text);
        return JW_OK;
    }
    return keep(l, rule, err);
}

static jw_status load_file(void *context, const char *path, struct jw_error *err) {
    struct loading *l = context;
    struct jw_error why = {{0}};
    struct jw_tree *documents = NULL;
    jw_text text, file = jw_arena_copy(l->set->mem, jw_text_from(path));
    jw_arena_reset(l->yaml);
    jw_status st = jw_rule_file_read(path, l->yaml, &text, &why);
    if (st == JW_OK)
        st = jw_tree_parse_apart(text, l->yaml, l->set->mem, &documents, &why);
    if (st != JW_OK || !documents) {
        refuse(l, path, (jw_text){0}, st != JW_OK ? why.text : "line 1: no rule in it");
        return JW_OK;
    }
    for (const struct jw_tree *document = documents; document; document = document->next) {
        if (document != documents && jw_tree_is_null(document))
            continue;
        st = load_document(l, path, file, document, err);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

static void on_list(void *context, const char *file, const char *reason) {
    refuse(context, file, (jw_text){0}, reason);
}

static void on_filter(void *context, const struct jw_sigma_rule *filter, const char *reason) {
    struct loading *l = context;
    char *path = jw_arena_cstr(l->yaml, filter->info.file);
    refuse(l, path ? path : "", filter->info.id, reason);
}

static void on_correlation(void *context, const struct jw_sigma_rule *rule, const char *reason) {
    char path[4096];
    snprintf(path, sizeof path, "%.*s", (int)rule->info.file.len, rule->info.file.ptr);
    refuse(context, path, rule->info.id, reason);
}

void jw_sigma_free(struct jw_sigma *set) {
    if (!set)
        return;
    for (uint32_t i = 0; i < set->column_count; i++)
        jw_index_free(set->columns[i].index);
    free(set->rules);
    jw_named_free(set->ids);
    jw_named_free(set->called);
    jw_arena_free(set->mem);
    free(set);
}

static jw_status load(struct loading *l, struct jw_error *err) {
    struct jw_sigma *set = l->set;
    const struct jw_sigma_options *options = l->options;
    jw_status st = jw_mapping_load(options->mappings, set->mem, &set->mapping, err);
    if (st == JW_OK)
        st = jw_placeholders_load(options->placeholders, set->mem, on_list, l, &l->lists, err);
    for (const char *const *folder = options->folders; folder && *folder && st == JW_OK; folder++)
        st = jw_rule_files(*folder, load_file, l, err);
    if (st != JW_OK)
        return st;
    jw_sigma_link(set, on_correlation, l);
    st = jw_sigma_filters_apply(set, l->filters, set->filter_count, on_filter, l, err);
    return st == JW_OK ? jw_sigma_compile(set, err) : st;
}

jw_status jw_sigma_load(const struct jw_sigma_options *options, struct jw_sigma **out, struct jw_error *err) {
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *set = calloc(1, sizeof *set);
    JW_AUTO(jw_arena_free_p) struct jw_arena *yaml = jw_arena_new(YAML_MEMORY);
    if (!set || !yaml || !(set->mem = jw_arena_new(MEMORY_MOST)) || !(set->ids = jw_named_new(set->mem)) ||
        !(set->called = jw_named_new(set->mem)))
        return jw_fail(err, JW_E_LIMIT, "rules: no memory");
    JW_AUTO(jw_intern_free_p) struct jw_intern *sources = jw_intern_new(set->mem);
    struct loading l = {.set = set, .options = options, .yaml = yaml, .sources = sources};
    jw_status st = sources ? load(&l, err) : jw_fail(err, JW_E_LIMIT, "rules: no memory");
    if (st == JW_E_LIMIT)
        return jw_wrap(err, st, "%u rules, which may take %zu MiB with all they compile to", set->rule_count,
                       MEMORY_MOST >> 20);
    if (st != JW_OK)
        return st;
    *out = set;
    set = NULL;
    return JW_OK;
}

const struct jw_sigma_info *jw_sigma_rule_info(const struct jw_sigma_rule *rule) { return &rule->info; }
const struct jw_sigma_rule *jw_sigma_rule_at(const struct jw_sigma *set, uint32_t at) { return set->rules[at]; }

const struct jw_sigma_rule *jw_sigma_rule_find(const struct jw_sigma *set, jw_text id) {
    const struct jw_sigma_rule *rule = jw_named_find(set->ids, id);
    return rule && !rule->is_filter ? rule : NULL;
}

bool jw_sigma_rule_is_routed(const struct jw_sigma *set, const struct jw_sigma_rule *rule) {
    const struct jw_sigma_logsource *source = &rule->logsource;
    bool all = !source->product.len && !source->category.len && !source->service.len;
    return !rule->root || all || set->sources[set->rule_source[rule->number]].routed;
}

int64_t jw_sigma_longest_span(const struct jw_sigma *set) {
    int64_t longest = 0;
    for (uint32_t i = 0; i < set->rule_count; i++)
        if (set->rules[i]->correlation.span_ns > longest)
            longest = set->rules[i]->correlation.span_ns;
    return longest;
}

void jw_sigma_counts(const struct jw_sigma *set, struct jw_sigma_counts *out) {
    *out = (struct jw_sigma_counts){.rules = set->rule_count - set->correlation_count,
                                    .correlations = set->correlation_count,
                                    .filters = set->filter_count,
                                    .refused = set->refused,
                                    .columns = set->column_count,
                                    .predicates = set->predicate_count};
    for (uint32_t i = 0; i < set->rule_count; i++)
        out->unrouted += !jw_sigma_rule_is_routed(set, set->rules[i]);
    for (uint32_t i = 0; i < set->column_count; i++)
        if (set->columns[i].index)
            jw_index_counts(set->columns[i].index, &out->needles, &out->regexes);
}
