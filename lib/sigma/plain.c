/* lib/sigma/plain.c — slow and obvious. */
#include "plain.h"
#include "index_parts.h"
#include "set.h"
#include "stamp.h"

#include <stdlib.h>

struct compiled {
    const struct jw_sigma_value *value;
    pcre2_code *code;
};

struct jw_plain {
    const struct jw_sigma *set;
    const struct jw_sigma_rule **hits;
    struct compiled *regexes; /* open addressing by pointer */
    size_t slots;
    pcre2_match_data *match;
    const struct jw_record *rec;
    struct jw_stamp stamp;
    char *fold;
    size_t fold_size;
};

void jw_plain_free(struct jw_plain *plain) {
    if (!plain)
        return;
    for (size_t i = 0; plain->regexes && i < plain->slots; i++)
        pcre2_code_free(plain->regexes[i].code);
    pcre2_match_data_free(plain->match);
    free(plain->regexes);
    free(plain->hits);
    free(plain->fold);
    jw_stamp_free(&plain->stamp);
    free(plain);
}

static struct compiled *slot_of(struct jw_plain *plain, const struct jw_sigma_value *value) {
    size_t at = (size_t)(((uintptr_t)value >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) % plain->slots;
    while (plain->regexes[at].value && plain->regexes[at].value != value)
        at = (at + 1) % plain->slots;
    return &plain->regexes[at];
}

struct jw_plain *jw_plain_new(const struct jw_sigma *set) {
    struct jw_plain *plain = calloc(1, sizeof *plain);
    size_t regexes = 0;
    if (!plain)
        return NULL;
    for (uint32_t p = 0; p < set->predicate_count; p++)
        for (uint32_t v = 0; v < set->predicates[p].count; v++)
            regexes += set->predicates[p].values[v].op == JW_OP_REGEX;
    plain->set = set;
    plain->slots = regexes * 2 + 16;
    plain->regexes = calloc(plain->slots, sizeof *plain->regexes);
    plain->hits = calloc(set->rule_count + 1, sizeof *plain->hits);
    plain->match = pcre2_match_data_create(1, NULL);
    for (uint32_t p = 0; plain->regexes && p < set->predicate_count; p++)
        for (uint32_t v = 0; v < set->predicates[p].count; v++) {
            const struct jw_sigma_value *value = &set->predicates[p].values[v];
            if (value->op != JW_OP_REGEX)
                continue;
            struct compiled *slot = slot_of(plain, value);
            slot->value = value;
            if (!slot->code && jw_sigma_regex_compile(value, &slot->code, NULL) != JW_OK)
                slot->code = NULL;
        }
    return plain;
}

/* Wildcards by recursion over the pieces. */
static bool pieces_match(const struct jw_piece *piece, uint32_t count, jw_text text) {
    static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};
    if (count == 0)
        return text.len == 0;
    switch (piece->kind) {
    case JW_PIECE_LITERAL:
        return jw_text_drop(&text, piece->text) && pieces_match(piece + 1, count - 1, text);
    case JW_PIECE_ONE:
        if (!text.len)
            return false;
        size_t n = jw_fold_utf8_length((const unsigned char *)text.ptr, text.len);
        return pieces_match(piece + 1, count - 1, (jw_text){text.ptr + n, text.len - n});
    case JW_PIECE_DASH:
        for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++) {
            jw_text rest = text;
            if (jw_text_drop(&rest, jw_text_from(dashes[i])) && pieces_match(piece + 1, count - 1, rest))
                return true;
        }
        return false;
    case JW_PIECE_ANY:
        for (;;) {
            if (pieces_match(piece + 1, count - 1, text))
                return true;
            if (!text.len)
                return false;
            size_t step = jw_fold_utf8_length((const unsigned char *)text.ptr, text.len);
            text.ptr += step;
            text.len -= step;
        }
    }
    return false;
}

static bool value_matches(struct jw_plain *plain, const struct jw_sigma_value *value, jw_text text) {
    if (value->op == JW_OP_REGEX)
        return pcre2_match(slot_of(plain, value)->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0,
                           plain->match, NULL) >= 0;
    if (value->op != JW_OP_PATTERN)
        return jw_sigma_value_matches(value, text, NULL);
    if (!value->cased) {
        if (text.len * JW_FOLD_GROWTH + 1 > plain->fold_size) {
            plain->fold_size = text.len * JW_FOLD_GROWTH + 4096;
            free(plain->fold);
            plain->fold = malloc(plain->fold_size);
            if (!plain->fold)
                abort();
        }
        text = (jw_text){plain->fold, jw_fold(text, plain->fold)};
    }
    return pieces_match(value->pattern.pieces, value->pattern.count, text);
}

/* The best rank of the column's names that the event has; -1 when it has none. */
static int rank_of(struct jw_plain *plain, uint32_t column) {
    const struct jw_column *c = &plain->set->columns[column];
    for (uint32_t n = 0; n < c->count; n++)
        for (uint32_t i = 0; i < plain->rec->count; i++)
            if (jw_text_is(plain->rec->fields[i].name, c->names[n]))
                return c->ranks[n];
    return -1;
}

static bool is_of(struct jw_plain *plain, uint32_t column, int rank, jw_text name) {
    const struct jw_column *c = &plain->set->columns[column];
    for (uint32_t n = 0; n < c->count; n++)
        if (c->ranks[n] == rank && jw_text_is(c->names[n], name))
            return true;
    return false;
}

static bool predicate_is_true(struct jw_plain *plain, uint32_t number) {
    const struct jw_predicate *p = &plain->set->predicates[number];
    int rank = p->column ? rank_of(plain, p->column) : -1;
    for (uint32_t i = 0; i < plain->rec->count; i++) {
        const jw_field *field = &plain->rec->fields[i];
        if (field->kind == JW_KIND_NULL || (p->column && !is_of(plain, p->column, rank, field->name)))
            continue;
        for (uint32_t v = 0; v < p->count; v++)
            if (value_matches(plain, &p->values[v], field->value))
                return true;
    }
    return false;
}

static bool has_null(struct jw_plain *plain, uint32_t column, int rank) {
    for (uint32_t i = 0; i < plain->rec->count; i++)
        if (plain->rec->fields[i].kind == JW_KIND_NULL && is_of(plain, column, rank, plain->rec->fields[i].name))
            return true;
    return false;
}

static jw_text folded_in(struct jw_arena *mem, jw_text text, bool cased) {
    char *out = cased ? NULL : jw_arena_alloc(mem, text.len * JW_FOLD_GROWTH + 1);
    return out ? (jw_text){out, jw_fold(text, out)} : text;
}

static bool fields_agree(struct jw_plain *plain, const struct jw_code *code) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
    int left = rank_of(plain, code->first), right = rank_of(plain, code->least);
    for (uint32_t i = 0; left >= 0 && right >= 0 && i < plain->rec->count; i++)
        for (uint32_t j = 0; j < plain->rec->count; j++) {
            const jw_field *a = &plain->rec->fields[i], *b = &plain->rec->fields[j];
            if (!is_of(plain, code->first, left, a->name) || !is_of(plain, code->least, right, b->name) ||
                a->kind == JW_KIND_NULL || b->kind == JW_KIND_NULL)
                continue;
            jw_text s = folded_in(mem, a->value, code->value->cased),
                    t = folded_in(mem, b->value, code->value->cased);
            if (code->value->shape == JW_SHAPE_EQUALS   ? jw_text_is(s, t)
                : code->value->shape == JW_SHAPE_STARTS ? jw_text_starts(s, t)
                : code->value->shape == JW_SHAPE_ENDS   ? jw_text_ends(s, t)
                                                        : jw_text_find(s, t, NULL))
                return true;
        }
    return false;
}

static bool is_true(struct jw_plain *plain, uint32_t number) {
    const struct jw_code *code = &plain->set->codes[number];
    uint32_t good = 0;
    if (code->kind == JW_CODE_PREDICATE)
        return predicate_is_true(plain, code->first);
    if (code->kind == JW_CODE_FIELD)
        return fields_agree(plain, code);
    if (code->kind == JW_CODE_NULL || code->kind == JW_CODE_EXISTS) {
        int rank = rank_of(plain, code->first);
        return code->kind == JW_CODE_NULL ? rank < 0 || has_null(plain, code->first, rank)
                                          : (rank >= 0) == code->value->wanted;
    }
    for (uint32_t i = 0; i < code->count; i++) {
        bool kid = is_true(plain, plain->set->kids[code->first + i]);
        good += kid;
        if (code->kind == JW_CODE_AND && !kid)
            return false;
        if (code->kind == JW_CODE_OR && kid)
            return true;
    }
    return code->kind == JW_CODE_AND   ? true
           : code->kind == JW_CODE_OR  ? false
           : code->kind == JW_CODE_NOT ? !good
                                       : good >= code->least;
}

size_t jw_plain_match(struct jw_plain *plain, const struct jw_record *rec, const struct jw_sigma_source *source,
                      const struct jw_sigma_rule *const **out_rules) {
    const struct jw_sigma *set = plain->set;
    uint64_t active[JW_SOURCES_MOST / 64 + 1] = {0};
    size_t count = 0;
    plain->rec = jw_stamp_add(&plain->stamp, set, rec);
    for (uint32_t i = 0; i < set->route_count; i++)
        if (is_true(plain, set->routes[i].code))
            for (uint32_t w = 0; w < set->words; w++)
                active[w] |= set->routes[i].sources[w];
    for (uint32_t i = 0; i < set->rule_count; i++) {
        const struct jw_sigma_logsource *ls = &set->rules[i]->logsource;
        bool given = source && jw_logsource_covers(ls, &(struct jw_sigma_logsource){
                                                           source->product, source->category, source->service});
        bool all = !ls->product.len && !ls->category.len && !ls->service.len;
        if (set->rules[i]->root && (all || given || jw_bit(active, set->rule_source[i])) &&
            is_true(plain, set->rule_code[i]))
            plain->hits[count++] = set->rules[i];
    }
    *out_rules = plain->hits;
    return count;
}
