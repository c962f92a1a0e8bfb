/* lib/sigma/compile.c — trees of many rules become one table of columns, predicates and codes. */
#include "intern.h"
#include "set.h"

#include <stdlib.h>

struct compiling {
    struct jw_sigma *set;
    struct jw_error *err;
    struct jw_intern *columns, *predicates, *sources, *names;
    uint32_t code_room, kid_room, column_room, predicate_room, source_room;
    jw_buffer key;
    const struct jw_sigma_logsource *logsource; /* of the rule in hand */
    const struct jw_mapping_entry *entry;       /* or the kind of event in hand */
    uint32_t owner;
};

static jw_status no_memory(struct compiling *c) { return jw_fail(c->err, JW_E_LIMIT, "rules: no memory"); }

/* Room for one more in an array of the arena. */
static bool more(struct compiling *c, void *array, uint32_t count, uint32_t *room, size_t size) {
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    if (count < *room)
        return true;
    uint32_t wanted = *room ? *room * 2 : 256;
    grown = jw_arena_grow(c->set->mem, old, *room * size, wanted * size);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *room = wanted;
    return true;
}

static uint32_t add_code(struct compiling *c, struct jw_code code) {
    struct jw_sigma *set = c->set;
    if (!more(c, &set->codes, set->code_count, &c->code_room, sizeof code))
        return UINT32_MAX;
    set->codes[set->code_count] = code;
    return set->code_count++;
}

static uint32_t add_group(struct compiling *c, jw_code_kind kind, const uint32_t *kids, uint32_t count,
                          uint32_t least) {
    struct jw_sigma *set = c->set;
    uint32_t first = set->kid_count;
    if (kind != JW_CODE_NOT && kind != JW_CODE_AT_LEAST && count == 1)
        return kids[0];
    for (uint32_t i = 0; i < count; i++) {
        if (kids[i] == UINT32_MAX || !more(c, &set->kids, set->kid_count, &c->kid_room, sizeof *kids))
            return UINT32_MAX;
        set->kids[set->kid_count++] = kids[i];
    }
    return add_code(c, (struct jw_code){.kind = kind, .first = first, .count = count, .least = least});
}

static uint32_t column_of(struct compiling *c, jw_text field) {
    struct jw_sigma *set = c->set;
    jw_text names[JW_CANDIDATES];
    uint16_t ranks[JW_CANDIDATES];
    uint32_t count = jw_mapping_ranked(&set->mapping, c->logsource, c->entry, field, set->mem, names, ranks);
    bool is_new;
    jw_buffer_clear(&c->key);
    for (uint32_t i = 0; i < count; i++) {
        jw_buffer_print(&c->key, "%u ", ranks[i]);
        jw_buffer_add(&c->key, names[i]);
        jw_buffer_byte(&c->key, '\0');
    }
    uint32_t number = c->key.failed ? UINT32_MAX : jw_intern_add(c->columns, jw_buffer_text(&c->key), &is_new);
    if (number == UINT32_MAX || !is_new)
        return number;
    struct jw_column column = {.names = jw_arena_alloc(set->mem, count * sizeof *names),
                               .ranks = jw_arena_alloc(set->mem, count * sizeof *ranks),
                               .count = count};
    if (!column.names || !column.ranks ||
        !more(c, &set->columns, set->column_count, &c->column_room, sizeof column))
        return UINT32_MAX;
    memcpy(column.names, names, count * sizeof *names);
    memcpy(column.ranks, ranks, count * sizeof *ranks);
    set->columns[set->column_count++] = column;
    return number;
}

static void key_value(jw_buffer *key, const struct jw_sigma_value *value) {
    jw_buffer_print(key, "%d %d %d %d ", value->op, value->cased, value->flags, value->part);
    if (value->op != JW_OP_PATTERN) {
        jw_buffer_u64(key, value->text.len);
        jw_buffer_byte(key, ' ');
        jw_buffer_add(key, value->text);
        return;
    }
    for (uint32_t i = 0; i < value->pattern.count; i++) {
        jw_buffer_print(key, "%d %zu ", value->pattern.pieces[i].kind, value->pattern.pieces[i].text.len);
        jw_buffer_add(key, value->pattern.pieces[i].text);
    }
    jw_buffer_byte(key, '\n');
}

static uint32_t predicate_code(struct compiling *c, uint32_t column, const struct jw_sigma_item *item,
                               const struct jw_sigma_value *values, uint32_t count) {
    struct jw_sigma *set = c->set;
    bool is_new;
    jw_buffer_clear(&c->key);
    jw_buffer_print(&c->key, "%u:", column);
    for (uint32_t i = 0; i < count; i++)
        key_value(&c->key, &values[i]);
    uint32_t number = c->key.failed ? UINT32_MAX : jw_intern_add(c->predicates, jw_buffer_text(&c->key), &is_new);
    if (number == UINT32_MAX)
        return number;
    if (is_new) {
        if (!more(c, &set->predicates, set->predicate_count, &c->predicate_room, sizeof *set->predicates))
            return UINT32_MAX;
        set->predicates[set->predicate_count++] =
            (struct jw_predicate){.column = column, .item = item, .values = values, .count = count};
    }
    return add_code(c, (struct jw_code){.kind = JW_CODE_PREDICATE, .first = number});
}

/* One value that is not a predicate of one value alone. */
static uint32_t special_code(struct compiling *c, uint32_t column, const struct jw_sigma_value *value) {
    struct jw_code code = {.kind = JW_CODE_NULL, .first = column, .value = value};
    if (value->op == JW_OP_EXISTS)
        code.kind = JW_CODE_EXISTS;
    if (value->op == JW_OP_FIELD) {
        code.kind = JW_CODE_FIELD;
        code.least = column_of(c, value->text);
        if (code.least == UINT32_MAX)
            return UINT32_MAX;
    }
    return add_code(c, code);
}

static bool is_special(const struct jw_sigma_value *value) {
    return value->op == JW_OP_NULL || value->op == JW_OP_EXISTS || value->op == JW_OP_FIELD;
}

/* The values of one item: runs of plain values share a predicate when any of them will do. */
static uint32_t item_code(struct compiling *c, const struct jw_sigma_item *item) {
    uint32_t column = item->field.len ? column_of(c, item->field) : 0, count = 0;
    uint32_t *kids = malloc((item->count + 1) * sizeof *kids);
    if (column == UINT32_MAX || !kids) {
        free(kids);
        return UINT32_MAX;
    }
    for (uint32_t i = 0, n; i < item->count; i += n) {
        for (n = 1; !item->all && !is_special(&item->values[i]) && i + n < item->count; n++)
            if (is_special(&item->values[i + n]))
                break;
        kids[count++] = is_special(&item->values[i]) ? special_code(c, column, &item->values[i])
                                                     : predicate_code(c, column, item, &item->values[i], n);
    }
    uint32_t code = add_group(c, item->all ? JW_CODE_AND : JW_CODE_OR, kids, count, 0);
    free(kids);
    return item->not_equal && code != UINT32_MAX ? add_group(c, JW_CODE_NOT, &code, 1, 0) : code;
}

static uint32_t node_code(struct compiling *c, struct jw_sigma_node *node) {
    static const jw_code_kind kinds[] = {[JW_NODE_AND] = JW_CODE_AND,
                                         [JW_NODE_OR] = JW_CODE_OR,
                                         [JW_NODE_NOT] = JW_CODE_NOT,
                                         [JW_NODE_AT_LEAST] = JW_CODE_AT_LEAST};
    if (node->code_owner == c->owner)
        return node->code;
    if (node->kind == JW_NODE_ITEM) {
        node->code = item_code(c, node->item);
    } else {
        uint32_t *kids = malloc((node->count + 1) * sizeof *kids);
        for (uint32_t i = 0; kids && i < node->count; i++)
            kids[i] = node_code(c, node->children[i]);
        node->code = kids ? add_group(c, kinds[node->kind], kids, node->count, node->least) : UINT32_MAX;
        free(kids);
    }
    node->code_owner = c->owner;
    return node->code;
}

static jw_status find_source(struct compiling *c, const struct jw_sigma_logsource *logsource, uint32_t *out) {
    struct jw_sigma *set = c->set;
    bool is_new;
    jw_buffer_clear(&c->key);
    jw_buffer_add(&c->key, logsource->product);
    jw_buffer_byte(&c->key, '\0');
    jw_buffer_add(&c->key, logsource->category);
    jw_buffer_byte(&c->key, '\0');
    jw_buffer_add(&c->key, logsource->service);
    *out = c->key.failed ? UINT32_MAX : jw_intern_add(c->sources, jw_buffer_text(&c->key), &is_new);
    if (*out == UINT32_MAX)
        return no_memory(c);
    if (*out >= JW_SOURCES_MOST)
        return jw_fail(c->err, JW_E_LIMIT, "rules: more than %d different logsources", JW_SOURCES_MOST);
    if (is_new) {
        if (!more(c, &set->sources, set->source_count, &c->source_room, sizeof *set->sources))
            return no_memory(c);
        set->sources[set->source_count++] = (struct jw_source){.logsource = *logsource};
    }
    return JW_OK;
}

static jw_status compile_rules(struct compiling *c) {
    struct jw_sigma *set = c->set;
    for (uint32_t i = 0; i < set->rule_count; i++) {
        struct jw_sigma_rule *rule = set->rules[i];
        rule->number = i;
        if (!rule->root)
            continue;
        c->logsource = &rule->logsource;
        c->owner = i + 1;
        jw_status st = find_source(c, &rule->logsource, &set->rule_source[i]);
        if (st != JW_OK)
            return st;
        set->rule_code[i] = node_code(c, rule->root);
        if (set->rule_code[i] == UINT32_MAX)
            return no_memory(c);
    }
    return JW_OK;
}

static bool compares_fields(const struct jw_sigma *set, uint32_t code) {
    const struct jw_code *at = &set->codes[code];
    bool any = at->kind == JW_CODE_FIELD;
    for (uint32_t i = 0; !any && at->kind <= JW_CODE_AT_LEAST && i < at->count; i++)
        any = compares_fields(set, set->kids[at->first + i]);
    return any;
}

static jw_status compile_routes(struct compiling *c) {
    struct jw_sigma *set = c->set;
    uint32_t room = 0;
    set->words = set->source_count / 64 + 1;
    for (struct jw_mapping_entry *entry = set->mapping.entries; entry; entry = entry->next)
        room++;
    set->routes = jw_arena_alloc(set->mem, (room + 1) * sizeof *set->routes);
    if (!set->routes)
        return no_memory(c);
    for (struct jw_mapping_entry *entry = set->mapping.entries; entry; entry = entry->next) {
        struct jw_route route = {.sources = jw_arena_alloc(set->mem, set->words * sizeof(uint64_t))};
        bool any = false;
        if (!route.sources)
            return no_memory(c);
        memset(route.sources, 0, set->words * sizeof(uint64_t));
        for (uint32_t i = 0; entry->when && i < set->source_count; i++)
            if (jw_logsource_covers(&set->sources[i].logsource, &entry->source)) {
                route.sources[i / 64] |= UINT64_C(1) << i % 64;
                set->sources[i].routed = any = true;
            }
        if (!any)
            continue;
        c->logsource = &entry->source;
        c->entry = entry;
        c->owner = UINT32_MAX - set->route_count;
        if ((route.code = node_code(c, entry->when)) == UINT32_MAX)
            return no_memory(c);
        if (compares_fields(set, route.code)) /* what kind an event is must follow from single values (match.c) */
            return jw_fail(c->err, JW_E_SYNTAX, "mappings: 'when' of product '" JW_FMT "' compares two fields",
                           JW_ARG(entry->source.product));
        set->routes[set->route_count++] = route;
    }
    return JW_OK;
}

static jw_status build_index(struct compiling *c, uint32_t column, const uint32_t *first, const uint32_t *next) {
    struct jw_sigma *set = c->set;
    JW_AUTO(jw_index_builder_free_p) struct jw_index_builder *builder = jw_index_builder_new(set->mem);
    jw_status st = builder ? JW_OK : no_memory(c);
    for (uint32_t p = first[column]; p && st == JW_OK; p = next[p - 1])
        for (uint32_t v = 0; st == JW_OK && v < set->predicates[p - 1].count; v++)
            st = jw_index_add(builder, p - 1, &set->predicates[p - 1].values[v], c->err);
    return st == JW_OK ? jw_index_build(builder, &set->columns[column].index, c->err) : st;
}

static jw_status build_indexes(struct compiling *c) {
    struct jw_sigma *set = c->set;
    uint32_t *first =
        calloc(set->column_count + 1, sizeof *first); /* predicates + 1 by column: rules may bring as */
    uint32_t *next = calloc(set->predicate_count + 1, sizeof *next); /* many columns as predicates */
    struct jw_index **built = calloc(set->column_count + 1, sizeof *built);
    uint32_t count = 0;
    jw_status st = first && next && built ? JW_OK : no_memory(c);
    for (uint32_t p = set->predicate_count; st == JW_OK && p; p--) {
        next[p - 1] = first[set->predicates[p - 1].column];
        first[set->predicates[p - 1].column] = p;
    }
    for (uint32_t column = 0; st == JW_OK && column < set->column_count; column++)
        if (first[column] && (st = build_index(c, column, first, next)) == JW_OK)
            built[count++] = set->columns[column].index;
    if (st == JW_OK)
        st = jw_index_compile(built, count, c->err);
    free(built);
    free(first);
    free(next);
    return st;
}

static void mark(struct jw_sigma *set, uint32_t code, uint32_t source) {
    const struct jw_code *at = &set->codes[code];
    uint32_t columns[2] = {UINT32_MAX, UINT32_MAX};
    if (at->kind <= JW_CODE_AT_LEAST) {
        for (uint32_t i = 0; i < at->count; i++)
            mark(set, set->kids[at->first + i], source);
        return;
    }
    columns[0] = at->kind == JW_CODE_PREDICATE ? set->predicates[at->first].column : at->first;
    if (at->kind == JW_CODE_FIELD)
        columns[1] = at->least;
    for (int i = 0; i < 2; i++)
        if (columns[i] != UINT32_MAX && source != UINT32_MAX)
            set->columns[columns[i]].used_by[source / 64] |= UINT64_C(1) << source % 64;
        else if (columns[i] != UINT32_MAX)
            set->columns[columns[i]].routing = true;
}

static jw_status mark_columns(struct compiling *c) {
    struct jw_sigma *set = c->set;
    for (uint32_t i = 0; i < set->column_count; i++) {
        set->columns[i].used_by = jw_arena_alloc(set->mem, set->words * sizeof(uint64_t));
        if (!set->columns[i].used_by)
            return no_memory(c);
        memset(set->columns[i].used_by, 0, set->words * sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < set->rule_count; i++)
        if (set->rules[i]->root)
            mark(set, set->rule_code[i], set->rule_source[i]);
    for (uint32_t i = 0; i < set->route_count; i++)
        mark(set, set->routes[i].code, UINT32_MAX);
    return JW_OK;
}

/* From names of event fields to the columns they may fill. */
static jw_status index_names(struct compiling *c) {
    struct jw_sigma *set = c->set;
    uint32_t places = 0, slots = 64;
    for (uint32_t i = 1; i < set->column_count; i++)
        for (uint32_t n = 0; n < set->columns[i].count; n++, places++)
            if (jw_intern_add(c->names, set->columns[i].names[n], NULL) == UINT32_MAX)
                return no_memory(c);
    set->name_count = jw_intern_count(c->names);
    while (slots < set->name_count * 2)
        slots *= 2;
    set->name_slots = slots;
    set->names = jw_arena_alloc(set->mem, (set->name_count + 1) * sizeof *set->names);
    set->name_table = jw_arena_alloc(set->mem, slots * sizeof *set->name_table);
    set->places = jw_arena_alloc(set->mem, (places + 1) * sizeof *set->places);
    set->name_places.start = jw_arena_alloc(set->mem, (set->name_count + 2) * sizeof(uint32_t));
    if (!set->names || !set->name_table || !set->places || !set->name_places.start)
        return no_memory(c);
    uint32_t *start = set->name_places.start;
    memset(start, 0, (set->name_count + 2) * sizeof *start);
    for (uint32_t i = 1; i < set->column_count; i++)
        for (uint32_t n = 0; n < set->columns[i].count; n++)
            start[jw_intern_add(c->names, set->columns[i].names[n], NULL) + 2]++;
    for (uint32_t i = 2; i < set->name_count + 2; i++)
        start[i] += start[i - 1];
    for (uint32_t i = 1; i < set->column_count; i++)
        for (uint32_t n = 0; n < set->columns[i].count; n++) {
            uint32_t name = jw_intern_add(c->names, set->columns[i].names[n], NULL);
            set->places[start[name + 1]++] = (struct jw_name_place){i, set->columns[i].ranks[n]};
        }
    memset(set->name_table, 0, slots * sizeof *set->name_table);
    for (uint32_t i = 0; i < set->name_count; i++) {
        set->names[i] = jw_intern_key(c->names, i);
        set->names_by_id[jw_field_find(set->names[i])] = i + 1;
        uint64_t hash = jw_hash_ends(set->names[i]);
        uint32_t at = (uint32_t)(hash >> 40) & (slots - 1);
        while (set->name_table[at].number)
            at = (at + 1) & (slots - 1);
        set->name_table[at] = (struct jw_name_slot){i + 1, (uint32_t)hash};
    }
    set->names_by_id[JW_F_NONE] = 0;
    return JW_OK;
}

uint32_t jw_sigma_name(const struct jw_sigma *set, const jw_field *field) {
    if (field->id)
        return set->names_by_id[field->id];
    uint64_t hash = jw_hash_ends(field->name);
    uint32_t mask = set->name_slots - 1, at = (uint32_t)(hash >> 40) & mask;
    for (; set->name_table[at].number; at = (at + 1) & mask)
        if (set->name_table[at].tag == (uint32_t)hash &&
            jw_text_is(set->names[set->name_table[at].number - 1], field->name))
            return set->name_table[at].number;
    return 0;
}

static jw_status prepare(struct compiling *c) {
    struct jw_sigma *set = c->set;
    set->rule_code = jw_arena_alloc(set->mem, (set->rule_count + 1) * sizeof *set->rule_code);
    set->rule_source = jw_arena_alloc(set->mem, (set->rule_count + 1) * sizeof *set->rule_source);
    bool is_new;
    if (!set->rule_code || !set->rule_source || !c->columns || !c->predicates || !c->sources || !c->names ||
        jw_intern_add(c->columns, JW_TEXT("\0*"), &is_new) != 0 ||
        !more(c, &set->columns, 0, &c->column_room, sizeof *set->columns) ||
        !more(c, &set->kids, 0, &c->kid_room, sizeof *set->kids))
        return no_memory(c);
    set->columns[set->column_count++] = (struct jw_column){0};
    return JW_OK;
}

jw_status jw_sigma_compile(struct jw_sigma *set, struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *scratch = jw_arena_new(SIZE_MAX / 4);
    JW_AUTO(jw_intern_free_p)
    struct jw_intern *columns = jw_intern_new(scratch), *predicates = jw_intern_new(scratch),
                     *sources = jw_intern_new(scratch), *names = jw_intern_new(set->mem);
    JW_AUTO(jw_buffer_free) jw_buffer key = JW_BUFFER(64 << 20);
    struct compiling c = {.set = set,
                          .err = err,
                          .columns = columns,
                          .predicates = predicates,
                          .sources = sources,
                          .names = names,
                          .key = key};
    jw_status st = scratch ? prepare(&c) : no_memory(&c);
    if (st == JW_OK)
        st = compile_rules(&c);
    if (st == JW_OK)
        st = compile_routes(&c);
    if (st == JW_OK)
        st = mark_columns(&c);
    if (st == JW_OK)
        st = build_indexes(&c);
    if (st == JW_OK)
        st = index_names(&c);
    key = c.key; /* it grew */
    return st == JW_OK ? jw_sigma_anchor(set, err) : st;
}
