/* lib/sigma/plan.c — plans by set of sources, and signatures by plan. */
#include "plan.h"

#include <stdlib.h>

#define SIGNATURES 1024u /* slots, at most half of them used */
#define PLANS      256u
#define BYTES      ((size_t)32 << 20)

struct known {
    uint64_t hash;
    jw_text signature;
    struct jw_plan *plan; /* NULL: free */
};

struct jw_plans {
    const struct jw_sigma *set;
    struct jw_arena *mem;
    uint64_t key[4];
    struct known known[SIGNATURES];
    uint32_t known_count, plan_count;
    struct jw_plan plans[PLANS];
    struct jw_arena *whole_mem;
    struct jw_plan whole; /* everything that any event could need: right for all, when there is no memory */
};

void jw_plans_free(struct jw_plans *plans) {
    if (!plans)
        return;
    jw_arena_free(plans->mem);
    jw_arena_free(plans->whole_mem);
    free(plans);
}

static struct known *slot_of(const struct jw_plans *plans, jw_text signature, uint64_t hash) {
    uint32_t at = (uint32_t)(hash >> 32) & (SIGNATURES - 1);
    for (; plans->known[at].plan; at = (at + 1) & (SIGNATURES - 1))
        if (plans->known[at].hash == hash && jw_text_is(plans->known[at].signature, signature))
            break;
    return (struct known *)(uintptr_t)&plans->known[at];
}

const struct jw_plan *jw_plans_find(const struct jw_plans *plans, jw_text signature) {
    return slot_of(plans, signature, jw_hash_quick(plans->key, signature))->plan;
}

static void *zeroed(struct jw_arena *mem, size_t size) {
    void *at = jw_arena_alloc(mem, size);
    return at ? memset(at, 0, size) : NULL;
}

static bool meets(const uint64_t *a, const uint64_t *b, uint32_t words) {
    for (uint32_t i = 0; i < words; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

/* The word as it stands in a value that JSON wrote and nobody has decoded (json/json.h): there is one way only. */
static jw_text written(struct jw_arena *mem, jw_text word) {
    static const char letters[256] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char *out = jw_arena_alloc(mem, word.len * 2);
    size_t len = 0;
    for (size_t i = 0; out && i < word.len; i++) {
        char letter = letters[(unsigned char)word.ptr[i]];
        if (letter)
            out[len++] = '\\';
        out[len++] = letter ? letter : word.ptr[i];
    }
    return (jw_text){out, len};
}

static bool add_word(struct jw_arena *mem, const struct jw_pattern *pattern, jw_text *words, uint32_t *count) {
    jw_text word = jw_pattern_needle(pattern);
    if (!word.len)
        return false;
    if (pattern->cased) {
        char *folded = jw_arena_alloc(mem, word.len * JW_FOLD_GROWTH);
        if (!folded)
            return false;
        word = (jw_text){folded, jw_fold(word, folded)};
    }
    words[(*count)++] = word;
    jw_text other = written(mem, word);
    if (other.ptr && other.len != word.len)
        words[(*count)++] = other;
    return other.ptr != NULL;
}

/* The words of one keyword predicate, or false when one of its values is not looked for by a word. */
static bool add_words(struct jw_arena *mem, const struct jw_predicate *predicate, jw_text *words, uint32_t *count) {
    for (uint32_t i = 0; i < predicate->count; i++)
        if (predicate->values[i].op != JW_OP_PATTERN || !add_word(mem, &predicate->values[i].pattern, words, count))
            return false;
    return true;
}

static void plan_keywords(const struct jw_sigma *set, struct jw_arena *mem, struct jw_plan *plan) {
    const struct jw_lists *keywords = &set->source_keywords;
    uint32_t room = 0, count = 0;
    bool words_only = true;
    for (uint32_t s = 0; s < set->source_count; s++)
        for (uint32_t i = keywords->start[s]; jw_bit(plan->active, s) && i < keywords->start[s + 1]; i++)
            room += set->predicates[keywords->items[i]].count;
    if (!room)
        return;
    plan->keywords = true;
    jw_text *words = jw_arena_alloc(mem, 2 * (size_t)room * sizeof *words);
    for (uint32_t s = 0; words && words_only && s < set->source_count; s++)
        for (uint32_t i = keywords->start[s]; words_only && jw_bit(plan->active, s) && i < keywords->start[s + 1];
             i++)
            words_only = add_words(mem, &set->predicates[keywords->items[i]], words, &count);
    if (words && words_only)
        plan->screen = jw_screen_new(words, count, mem);
}

static bool make(const struct jw_sigma *set, struct jw_arena *mem, const uint64_t *active, struct jw_plan *plan) {
    const struct jw_lists *loose = &set->source_rules;
    uint32_t room = 0;
    for (uint32_t i = 0; i < set->source_count; i++)
        room += jw_bit(active, i) ? loose->start[i + 1] - loose->start[i] : 0;
    uint64_t *kept = jw_arena_alloc(mem, set->words * sizeof *kept);
    *plan = (struct jw_plan){.active = kept,
                             .columns = zeroed(mem, (set->column_count / 64 + 1) * sizeof *plan->columns),
                             .loose = jw_arena_alloc(mem, room * sizeof *plan->loose)};
    if (!plan->active || !plan->columns || !plan->loose)
        return false;
    memcpy(kept, active, set->words * sizeof *active);
    for (uint32_t i = 1; i < set->column_count; i++)
        if (set->columns[i].index && meets(set->columns[i].used_by, active, set->words))
            plan->columns[i / 64] |= UINT64_C(1) << i % 64;
    for (uint32_t i = 0; i < set->source_count; i++)
        for (uint32_t a = loose->start[i]; jw_bit(active, i) && a < loose->start[i + 1]; a++)
            plan->loose[plan->loose_count++] = loose->items[a];
    plan_keywords(set, mem, plan);
    return true;
}

struct jw_plans *jw_plans_new(const struct jw_sigma *set) {
    JW_AUTO(jw_plans_free_p) struct jw_plans *plans = calloc(1, sizeof *plans);
    if (!plans || !(plans->mem = jw_arena_new(BYTES)) || !(plans->whole_mem = jw_arena_new(BYTES)))
        return NULL;
    plans->set = set;
    jw_random(plans->key, sizeof plans->key);
    uint64_t *all = jw_arena_alloc(plans->whole_mem, set->words * sizeof *all);
    if (!all || !make(set, plans->whole_mem, memset(all, 0xff, set->words * sizeof *all), &plans->whole))
        return NULL;
    struct jw_plans *done = plans;
    plans = NULL;
    return done;
}

static void forget(struct jw_plans *plans) {
    jw_arena_reset(plans->mem);
    memset(plans->known, 0, sizeof plans->known);
    plans->known_count = plans->plan_count = 0;
}

static struct jw_plan *plan_of(struct jw_plans *plans, const uint64_t *active) {
    for (uint32_t i = 0; i < plans->plan_count; i++)
        if (memcmp(plans->plans[i].active, active, plans->set->words * sizeof *active) == 0)
            return &plans->plans[i];
    if (plans->plan_count == PLANS)
        forget(plans);
    if (!make(plans->set, plans->mem, active, &plans->plans[plans->plan_count])) {
        forget(plans);
        if (!make(plans->set, plans->mem, active, &plans->plans[0]))
            return NULL;
    }
    return &plans->plans[plans->plan_count++];
}

const struct jw_plan *jw_plans_add(struct jw_plans *plans, jw_text signature, const uint64_t *active) {
    if (plans->known_count == SIGNATURES / 2)
        forget(plans);
    struct jw_plan *plan = plan_of(plans, active);
    if (!plan) {
        plans->whole.active = active;
        return &plans->whole;
    }
    jw_text kept = jw_arena_copy(plans->mem, signature);
    if (kept.ptr) {
        uint64_t hash = jw_hash_quick(plans->key, signature);
        *slot_of(plans, signature, hash) = (struct known){hash, kept, plan};
        plans->known_count++;
    }
    return plan;
}
