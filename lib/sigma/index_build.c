/* lib/sigma/index_build.c — gathers a column's literals and compiles the searches. */
#include "index_parts.h"

#include <stdlib.h>

struct jw_index_builder {
    struct jw_arena *mem;
    struct jw_alternative *alternatives;
    uint32_t count, capacity;
};

struct jw_index_builder *jw_index_builder_new(struct jw_arena *mem) {
    struct jw_index_builder *builder = calloc(1, sizeof *builder);
    if (builder)
        builder->mem = mem;
    return builder;
}

void jw_index_builder_free(struct jw_index_builder *builder) {
    if (!builder)
        return;
    for (uint32_t i = 0; i < builder->count; i++)
        pcre2_code_free(builder->alternatives[i].code);
    free(builder->alternatives);
    free(builder);
}

jw_status jw_index_add(struct jw_index_builder *builder, uint32_t predicate, const struct jw_sigma_value *value,
                       struct jw_error *err) {
    struct jw_alternative made = {.predicate = predicate, .value = value};
    if (builder->count == builder->capacity) {
        uint32_t capacity = builder->capacity ? builder->capacity * 2 : 16;
        struct jw_alternative *grown = realloc(builder->alternatives, capacity * sizeof *grown);
        if (!grown)
            return jw_fail(err, JW_E_LIMIT, "index: no memory");
        builder->alternatives = grown;
        builder->capacity = capacity;
    }
    if (value->op == JW_OP_REGEX) {
        jw_status st = jw_sigma_regex_compile(value, &made.code, err);
        if (st != JW_OK)
            return st;
    }
    builder->alternatives[builder->count++] = made;
    return JW_OK;
}

/* A cased literal is looked for in folded text as well; verification sees the difference. */
static jw_text folded(struct jw_arena *mem, const struct jw_pattern *pattern, jw_text literal) {
    char *copy = pattern->cased && literal.len ? jw_arena_alloc(mem, literal.len * JW_FOLD_GROWTH) : NULL;
    if (!copy)
        return pattern->cased ? (jw_text){0} : literal;
    return (jw_text){copy, jw_fold(literal, copy)};
}

static void put_whole(struct jw_index *index, uint32_t number, jw_text text) {
    uint32_t mask = index->whole_slots - 1, at = jw_index_hash(text) & mask;
    if (text.len > index->longest_whole)
        index->longest_whole = text.len;
    while (index->wholes[at].first && !jw_text_is(index->wholes[at].text, text))
        at = (at + 1) & mask;
    index->alternatives[number].next = index->wholes[at].first;
    index->wholes[at] = (struct jw_whole){text, number + 1};
}

/* Needles are few thousand: found through a table of the same kind while building. */
static void put_needle(struct jw_index *index, struct jw_whole *table, uint32_t mask, uint32_t number,
                       jw_text text) {
    uint32_t at = jw_index_hash(text) & mask;
    while (table[at].first && !jw_text_is(table[at].text, text))
        at = (at + 1) & mask;
    if (!table[at].first) {
        index->needle_texts[index->needle_count++] = text;
        table[at] = (struct jw_whole){text, index->needle_count};
    }
    uint32_t needle = table[at].first - 1;
    index->alternatives[number].next = index->needle_first[needle];
    index->needle_first[needle] = number + 1;
}

static bool is_whole(const struct jw_sigma_value *value) {
    return value->op == JW_OP_PATTERN && value->pattern.shape == JW_SHAPE_EQUALS;
}

static bool room(struct jw_index *index, struct jw_arena *mem, uint32_t *out_mask) {
    uint32_t slots = 16;
    while (slots < index->count * 2)
        slots *= 2;
    *out_mask = slots - 1;
    index->whole_slots = slots;
    index->wholes = jw_arena_alloc(mem, slots * sizeof *index->wholes);
    index->needle_texts = jw_arena_alloc(mem, (index->count + 1) * sizeof *index->needle_texts);
    index->needle_first = jw_arena_alloc(mem, (index->count + 1) * sizeof *index->needle_first);
    index->always = jw_arena_alloc(mem, (index->count + 1) * sizeof *index->always);
    if (!index->wholes || !index->needle_texts || !index->needle_first || !index->always)
        return false;
    memset(index->wholes, 0, slots * sizeof *index->wholes);
    memset(index->needle_first, 0, (index->count + 1) * sizeof *index->needle_first);
    return true;
}

static void sort_out(struct jw_index *index, struct jw_arena *mem, struct jw_whole *table, uint32_t mask) {
    for (uint32_t i = 0; i < index->count; i++) {
        struct jw_alternative *a = &index->alternatives[i];
        const struct jw_pattern *pattern = &a->value->pattern;
        if (is_whole(a->value)) {
            put_whole(index, i, folded(mem, pattern, pattern->count ? pattern->pieces[0].text : (jw_text){0}));
            continue;
        }
        jw_text needle = a->value->op == JW_OP_PATTERN ? folded(mem, pattern, jw_pattern_needle(pattern))
                         : a->value->op == JW_OP_REGEX ? jw_sigma_regex_word(a->value->text, mem)
                                                       : (jw_text){0};
        if (!needle.len) {
            index->always[index->always_count++] = i;
            continue;
        }
        a->needs_match = a->value->op == JW_OP_REGEX || pattern->cased || pattern->shape == JW_SHAPE_PIECES ||
                         needle.len > JW_NEEDLE_MOST;
        needle.len = needle.len > JW_NEEDLE_MOST ? JW_NEEDLE_MOST : needle.len;
        put_needle(index, table, mask, i, needle);
    }
}

jw_status jw_index_build(struct jw_index_builder *builder, struct jw_index **out, struct jw_error *err) {
    JW_AUTO(jw_index_free_p) struct jw_index *index = calloc(1, sizeof *index);
    JW_AUTO(jw_arena_free_p) struct jw_arena *scratch = jw_arena_new(SIZE_MAX / 4);
    uint32_t mask;
    if (!index || !scratch)
        return jw_fail(err, JW_E_LIMIT, "index: no memory");
    index->alternatives = builder->alternatives;
    index->count = builder->count;
    builder->alternatives = NULL;
    builder->count = builder->capacity = 0;
    struct jw_whole *table =
        room(index, builder->mem, &mask) ? jw_arena_alloc(scratch, (mask + 1) * sizeof *table) : NULL;
    if (!table)
        return jw_fail(err, JW_E_LIMIT, "index: no memory");
    memset(table, 0, (mask + 1) * sizeof *table);
    sort_out(index, builder->mem, table, mask);
    *out = index;
    index = NULL;
    return JW_OK;
}

void jw_index_free(struct jw_index *index) {
    if (!index)
        return;
    for (uint32_t i = 0; i < index->count; i++)
        pcre2_code_free(index->alternatives[i].code);
    free(index->alternatives);
    hs_free_database(index->needles);
    free(index);
}

void jw_index_counts(const struct jw_index *index, uint32_t *needles, uint32_t *regexes) {
    *needles += index->needle_count;
    for (uint32_t i = 0; i < index->count; i++)
        *regexes += index->alternatives[i].code != NULL;
}
