/* lib/sigma/index_scan.c — one value against everything its column is compared with. */
#include "index_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/time.h"

#define TIMED_EVERY 16 /* scans */

struct jw_index_worker {
    hs_scratch_t *scratch;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
    uint32_t *stamps, *found;
    uint32_t *tried; /* by alternative: a word may stand many times, and what it makes worth a try is tried once */
    uint32_t predicates, alternatives, epoch, found_count;
    uint64_t given_up, *regex_ns; /* by predicate */
    char *fold;
    size_t fold_size;
    /* of the scan under way */
    const struct jw_index *index;
    jw_text value, folded;
};

void jw_index_worker_free(struct jw_index_worker *w) {
    if (!w)
        return;
    hs_free_scratch(w->scratch);
    pcre2_match_data_free(w->match);
    pcre2_match_context_free(w->limits);
    pcre2_jit_stack_free(w->stack);
    free(w->stamps);
    free(w->found);
    free(w->tried);
    free(w->regex_ns);
    free(w->fold);
    free(w);
}

struct jw_index_worker *jw_index_worker_new(uint32_t predicates) {
    JW_AUTO(jw_index_worker_free_p) struct jw_index_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->predicates = predicates;
    w->stamps = calloc(predicates + 1, sizeof *w->stamps);
    w->found = calloc(predicates + 1, sizeof *w->found);
    w->regex_ns = calloc(predicates + 1, sizeof *w->regex_ns);
    w->match = pcre2_match_data_create(1, NULL);
    w->limits = pcre2_match_context_create(NULL);
    w->stack = pcre2_jit_stack_create(32 << 10, 1 << 20, NULL);
    if (!w->stamps || !w->found || !w->regex_ns || !w->match || !w->limits || !w->stack)
        return NULL;
    pcre2_set_match_limit(w->limits, JW_REGEX_STEPS);
    pcre2_jit_stack_assign(w->limits, NULL, w->stack);
    struct jw_index_worker *done = w;
    w = NULL;
    return done;
}

bool jw_index_worker_fit(struct jw_index_worker *w, const struct jw_index *index) {
    if (index->count > w->alternatives) {
        free(w->tried);
        w->tried = calloc(index->count, sizeof *w->tried);
        w->alternatives = w->tried ? index->count : 0;
    }
    return w->alternatives >= index->count &&
           (!index->needles || hs_alloc_scratch(index->needles, &w->scratch) == HS_SUCCESS);
}

uint64_t jw_index_worker_limits(const struct jw_index_worker *w) { return w->given_up; }
uint64_t jw_index_worker_regex_ns(const struct jw_index_worker *w, uint32_t predicate) {
    return w->regex_ns[predicate];
}

bool jw_sigma_number(jw_text text, double *out) {
    char digits[64], *end;
    text = jw_text_trim(text);
    if (text.len == 0 || text.len >= sizeof digits || memchr(text.ptr, 'x', text.len) ||
        memchr(text.ptr, 'X', text.len))
        return false;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    *out = strtod(digits, &end);
    return *end == '\0' && isfinite(*out);
}

static bool compares(const struct jw_sigma_value *value, jw_text text) {
    double number;
    if (value->op == JW_OP_NETWORK) {
        jw_address address;
        return jw_address_parse(text, &address) && jw_network_has(&value->network, &address);
    }
    if (!(value->part ? jw_sigma_date_part(text, value->part, &number) : jw_sigma_number(text, &number)))
        return false;
    return value->op == JW_OP_LESS            ? number < value->number
           : value->op == JW_OP_LESS_EQUAL    ? number <= value->number
           : value->op == JW_OP_GREATER       ? number > value->number
           : value->op == JW_OP_GREATER_EQUAL ? number >= value->number
           : value->op == JW_OP_SAME_NUMBER   ? number == value->number
                                              : false;
}

static bool regex_matches(struct jw_index_worker *w, const struct jw_alternative *a) {
    const char *text = w->value.ptr ? w->value.ptr : "";
    bool timed = w->epoch % TIMED_EVERY == 0;
    int64_t start = timed ? jw_time_steady() : 0;
    int got = pcre2_match(a->code, (PCRE2_SPTR)text, w->value.len, 0, 0, w->match, w->limits);
    if (timed)
        w->regex_ns[a->predicate] += (uint64_t)(jw_time_steady() - start) * TIMED_EVERY;
    if (got < 0 && got != PCRE2_ERROR_NOMATCH)
        w->given_up++;
    return got >= 0;
}

static void found(struct jw_index_worker *w, uint32_t predicate) {
    if (w->stamps[predicate] == w->epoch)
        return;
    w->stamps[predicate] = w->epoch;
    w->found[w->found_count++] = predicate;
}

static void try_one(struct jw_index_worker *w, const struct jw_alternative *a) {
    const struct jw_sigma_value *value = a->value;
    uint32_t *tried = &w->tried[a - w->index->alternatives];
    if (w->stamps[a->predicate] == w->epoch || *tried == w->epoch)
        return;
    *tried = w->epoch;
    bool good = value->op == JW_OP_REGEX ? regex_matches(w, a)
                : value->op == JW_OP_PATTERN
                    ? jw_pattern_match(&value->pattern, value->pattern.cased ? w->value : w->folded)
                    : compares(value, w->value);
    if (good)
        found(w, a->predicate);
}

static int on_needle(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    struct jw_index_worker *w = context;
    size_t length = w->index->needle_texts[id].len;
    (void)from, (void)flags;
    for (uint32_t i = w->index->needle_first[id]; i; i = w->index->alternatives[i - 1].next) {
        const struct jw_alternative *a = &w->index->alternatives[i - 1];
        jw_shape shape = a->value->pattern.shape;
        if (a->needs_match)
            try_one(w, a);
        else if (shape == JW_SHAPE_CONTAINS || (shape == JW_SHAPE_STARTS && to == length) ||
                 (shape == JW_SHAPE_ENDS && to == w->folded.len))
            found(w, a->predicate);
    }
    return 0;
}

static void scan_whole(const struct jw_index *index, struct jw_index_worker *w) {
    uint32_t mask = index->whole_slots - 1, at = jw_index_hash(w->folded) & mask;
    for (; index->wholes[at].first; at = (at + 1) & mask)
        if (jw_text_is(index->wholes[at].text, w->folded)) {
            for (uint32_t i = index->wholes[at].first; i; i = index->alternatives[i - 1].next)
                try_one(w, &index->alternatives[i - 1]);
            return;
        }
}

static void scan_few(const struct jw_index *index, struct jw_index_worker *w) {
    for (uint32_t n = 0; n < index->needle_count; n++) {
        jw_text needle = index->needle_texts[n];
        bool present = jw_text_find(w->folded, needle, NULL);
        for (uint32_t i = present ? index->needle_first[n] : 0; i; i = index->alternatives[i - 1].next)
            try_one(w, &index->alternatives[i - 1]);
    }
}

static bool fold(struct jw_index_worker *w, jw_text value) {
    if (value.len * JW_FOLD_GROWTH > w->fold_size) {
        size_t size = value.len * JW_FOLD_GROWTH + 4096;
        char *grown = realloc(w->fold, size);
        if (!grown)
            return false;
        w->fold = grown;
        w->fold_size = size;
    }
    w->folded = (jw_text){w->fold ? w->fold : "", value.len ? jw_fold(value, w->fold) : 0};
    return true;
}

size_t jw_index_scan(const struct jw_index *index, struct jw_index_worker *w, jw_text value, const uint32_t **out) {
    w->found_count = 0;
    *out = w->found;
    if (++w->epoch == 0) { /* after four billion values the stamps start again */
        memset(w->stamps, 0, (w->predicates + 1) * sizeof *w->stamps);
        memset(w->tried, 0, w->alternatives * sizeof *w->tried);
        w->epoch = 1;
    }
    if (!fold(w, value) || w->folded.len > UINT32_MAX)
        return 0;
    w->index = index;
    w->value = value;
    if (w->folded.len <= index->longest_whole)
        scan_whole(index, w);
    if (!index->needles)
        scan_few(index, w);
    else if (w->folded.len)
        hs_scan(index->needles, w->folded.ptr, (unsigned)w->folded.len, 0, w->scratch, on_needle, w);
    for (uint32_t i = 0; i < index->always_count; i++)
        try_one(w, &index->alternatives[index->always[i]]);
    return w->found_count;
}

bool jw_sigma_value_matches(const struct jw_sigma_value *value, jw_text text, struct jw_arena *mem) {
    if (value->op == JW_OP_REGEX) {
        pcre2_code *code = NULL;
        if (jw_sigma_regex_compile(value, &code, NULL) != JW_OK)
            return false;
        pcre2_match_data *match = pcre2_match_data_create(1, NULL);
        bool good =
            match && pcre2_match(code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0, match, NULL) >= 0;
        pcre2_match_data_free(match);
        pcre2_code_free(code);
        return good;
    }
    if (value->op != JW_OP_PATTERN)
        return compares(value, text);
    if (!value->pattern.cased) {
        char *folded = jw_arena_alloc(mem, text.len * JW_FOLD_GROWTH + 1);
        if (!folded)
            return false;
        text = (jw_text){folded, jw_fold(text, folded)};
    }
    return jw_pattern_match(&value->pattern, text);
}
