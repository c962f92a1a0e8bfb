/* lib/sigma/match.c — one event against all rules: gather its values, find out what kind of event it is, do what
 * the plan of that kind says, evaluate the rules whose anchors turned out true. */
#include "match.h"

#include <stdlib.h>

#include "json/json.h"

#define CACHE_BYTES  (16u << 20)
#define VALUES_BYTES (64u << 10) /* of short values of one event, gathered for a screen */
#define FOLDED_BYTES (96u << 20) /* of the values that fieldref compares: twice the longest event, folded */
#define TIMED_EVERY  64          /* events, on average */
#define SIGN_COLUMN  0x80000000u /* tells a column from a predicate in a signature */

void jw_sigma_worker_free(struct jw_sigma_worker *w) {
    if (!w)
        return;
    jw_index_worker_free(w->scan);
    jw_cache_free(w->cache);
    free(w->recent);
    free(w->numbers);
    free(w->places);
    free(w->touched);
    free(w->links);
    free(w->truth);
    free(w->rule_stamp);
    free(w->candidates);
    free(w->active);
    free(w->hits);
    free(w->values);
    free(w->costs);
    free(w->decoded);
    jw_arena_free(w->decoded_mem);
    jw_buffer_free(&w->signature);
    jw_arena_free(w->folded);
    jw_stamp_free(&w->stamp);
    jw_plans_free(w->plans);
    free(w);
}

/* What reading the clock twice takes: the time of nothing. */
static int64_t clock_cost(void) {
    int64_t least = JW_SECOND;
    for (int i = 0; i < 16; i++) {
        int64_t start = jw_time_steady(), time = jw_time_steady() - start;
        least = time < least ? time : least;
    }
    return least;
}

struct jw_sigma_worker *jw_sigma_worker_new(const struct jw_sigma *set) {
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->set = set;
    w->scan = jw_index_worker_new(set->predicate_count);
    w->cache = jw_cache_new(CACHE_BYTES);
    w->numbers = calloc(JW_JSON_KEYS, sizeof *w->numbers);
    w->recent = calloc(set->column_count + 1, sizeof *w->recent);
    w->places = calloc(set->column_count + 1, sizeof *w->places);
    w->touched = calloc(set->column_count + 1, sizeof *w->touched);
    w->truth = calloc(set->predicate_count + 1, sizeof *w->truth);
    w->rule_stamp = calloc(set->rule_count + 1, sizeof *w->rule_stamp);
    w->candidates = calloc(set->rule_count + 1, sizeof *w->candidates);
    w->active = calloc(set->words, sizeof *w->active);
    w->hits = calloc(set->rule_count + 1, sizeof *w->hits);
    w->plans = jw_plans_new(set);
    w->folded = jw_arena_new(FOLDED_BYTES);
    w->signature = JW_BUFFER((size_t)1 << 20);
    w->values = malloc(VALUES_BYTES + JW_SCREEN_SLACK);
    w->costs = calloc(set->rule_count + 1, sizeof *w->costs);
    w->until_timed = w->random = 1;
    w->clock_ns = clock_cost();
    bool good = w->scan && w->cache && w->numbers && w->recent && w->places && w->touched && w->truth &&
                w->rule_stamp && w->candidates && w->active && w->hits && w->plans && w->folded && w->values &&
                w->costs;
    for (uint32_t i = 0; good && i < set->column_count; i++)
        good = !set->columns[i].index || jw_index_worker_fit(w->scan, set->columns[i].index);
    if (!good)
        return NULL;
    struct jw_sigma_worker *done = w;
    w = NULL;
    return done;
}

/* Four billion events later the stamps start again. */
static void next_epoch(struct jw_sigma_worker *w) {
    const struct jw_sigma *set = w->set;
    w->touched_count = w->link_count = w->candidate_count = 0;
    if (w->decoded_mem)
        jw_arena_reset(w->decoded_mem);
    if (++w->epoch)
        return;
    w->epoch = 1;
    memset(w->places, 0, set->column_count * sizeof *w->places);
    memset(w->truth, 0, set->predicate_count * sizeof *w->truth);
    memset(w->rule_stamp, 0, set->rule_count * sizeof *w->rule_stamp);
    if (w->decoded)
        memset(w->decoded, 0, JW_RECORD_FIELDS * sizeof *w->decoded);
}

/* All values of one column, folded unless `cased`; each once, because every one of the other side is compared with
 * it. Without memory the rest is left out. */
static uint32_t fold_values(struct jw_sigma_worker *w, const struct jw_place *place, bool cased, jw_text **out) {
    uint32_t count = 0, room = 0;
    for (uint32_t i = place->first; i; i = w->links[i - 1].next)
        room++;
    jw_text *values = jw_arena_alloc(w->folded, (room + 1) * sizeof *values);
    for (uint32_t i = place->first; values && i; i = w->links[i - 1].next) {
        if (w->rec->fields[w->links[i - 1].field].kind == JW_KIND_NULL)
            continue;
        jw_text text = jw_sigma_text(w, w->links[i - 1].field);
        char *folded = cased ? NULL : jw_arena_alloc(w->folded, text.len * JW_FOLD_GROWTH + 1);
        if (!cased && !folded)
            break;
        values[count++] = cased ? text : (jw_text){folded, jw_fold(text, folded)};
    }
    *out = values;
    return count;
}

static bool fields_agree(struct jw_sigma_worker *w, const struct jw_code *code) {
    const struct jw_place *a = &w->places[code->first], *b = &w->places[code->least];
    jw_text *left, *right;
    if (a->epoch != w->epoch || b->epoch != w->epoch)
        return false;
    jw_arena_reset(w->folded);
    uint32_t lefts = fold_values(w, a, code->value->cased, &left);
    uint32_t rights = fold_values(w, b, code->value->cased, &right);
    jw_shape shape = code->value->shape;
    for (uint32_t i = 0; i < lefts; i++)
        for (uint32_t j = 0; j < rights; j++)
            if (shape == JW_SHAPE_EQUALS   ? jw_text_is(left[i], right[j])
                : shape == JW_SHAPE_STARTS ? jw_text_starts(left[i], right[j])
                : shape == JW_SHAPE_ENDS   ? jw_text_ends(left[i], right[j])
                                           : jw_text_find(left[i], right[j], NULL))
                return true;
    return false;
}

bool jw_code_is_true(struct jw_sigma_worker *w, uint32_t number) {
    const struct jw_code *code = &w->set->codes[number];
    const uint32_t *kids = w->set->kids + code->first;
    uint32_t good = 0;
    bool here;
    switch (code->kind) {
    case JW_CODE_AND:
        for (uint32_t i = 0; i < code->count; i++)
            if (!jw_code_is_true(w, kids[i]))
                return false;
        return true;
    case JW_CODE_OR:
        for (uint32_t i = 0; i < code->count; i++)
            if (jw_code_is_true(w, kids[i]))
                return true;
        return false;
    case JW_CODE_NOT:
        return !jw_code_is_true(w, kids[0]);
    case JW_CODE_AT_LEAST:
        for (uint32_t i = 0; i < code->count && good < code->least; i++)
            good += jw_code_is_true(w, kids[i]);
        return good >= code->least;
    case JW_CODE_PREDICATE:
        return w->truth[code->first] == w->epoch;
    case JW_CODE_NULL:
        return w->places[code->first].epoch != w->epoch || w->places[code->first].null;
    case JW_CODE_EXISTS:
        here = w->places[code->first].epoch == w->epoch;
        return here == code->value->wanted;
    case JW_CODE_FIELD:
        return fields_agree(w, code);
    }
    return false;
}

static void sign_text(jw_buffer *signature, jw_text text) {
    jw_match_sign(signature, (uint32_t)text.len);
    jw_buffer_add(signature, text);
}

/* Everything that decides which sources are on: what the event says of itself, which columns of routes it has, and
 * what routes find there. */
static void sign(struct jw_sigma_worker *w, const struct jw_sigma_source *source) {
    const struct jw_sigma *set = w->set;
    jw_buffer_clear(&w->signature);
    if (source) {
        sign_text(&w->signature, source->product);
        sign_text(&w->signature, source->category);
        sign_text(&w->signature, source->service);
    }
    for (uint32_t i = 0; i < w->touched_count; i++) {
        uint32_t column = w->touched[i];
        if (!set->columns[column].routing)
            continue;
        jw_match_sign(&w->signature, column << 1 | w->places[column].null | SIGN_COLUMN);
        jw_match_column(w, column, true);
    }
}

static void find_sources(struct jw_sigma_worker *w, const struct jw_sigma_source *source) {
    const struct jw_sigma *set = w->set;
    memset(w->active, 0, set->words * sizeof *w->active);
    for (uint32_t i = 0; i < set->source_count; i++) {
        const struct jw_sigma_logsource *logsource = &set->sources[i].logsource;
        bool all = !logsource->product.len && !logsource->category.len && !logsource->service.len;
        if (all ||
            (source && jw_logsource_covers(logsource, &(struct jw_sigma_logsource){
                                                          source->product, source->category, source->service})))
            w->active[i / 64] |= UINT64_C(1) << i % 64;
    }
    for (uint32_t r = 0; r < set->route_count; r++)
        if (jw_code_is_true(w, set->routes[r].code))
            for (uint32_t i = 0; i < set->words; i++)
                w->active[i] |= set->routes[r].sources[i];
}

static const struct jw_plan *plan_of(struct jw_sigma_worker *w, const struct jw_sigma_source *source) {
    sign(w, source);
    const struct jw_plan *plan =
        w->signature.failed ? NULL : jw_plans_find(w->plans, jw_buffer_text(&w->signature));
    if (plan)
        return plan;
    find_sources(w, source);
    return jw_plans_add(w->plans, w->signature.failed ? (jw_text){0} : jw_buffer_text(&w->signature), w->active);
}

/* Whether any value may have one of the screen's words. Short values are gathered: asking once is cheaper. */
static bool may_have_words(struct jw_sigma_worker *w, const struct jw_screen *screen) {
    size_t used = 0, shortest = jw_screen_shortest(screen);
    for (uint32_t i = 0; i < w->rec->count; i++) {
        const jw_field *field = &w->rec->fields[i];
        jw_text value = field->value;
        if (value.len < shortest || field->kind == JW_KIND_NULL)
            continue;
        if (value.len >= VALUES_BYTES)
            return true;
        if (used + value.len >= VALUES_BYTES) {
            if (jw_screen_may(screen, (jw_text){w->values, used}))
                return true;
            used = 0;
        }
        memcpy(w->values + used, value.ptr, value.len);
        used += value.len;
        w->values[used++] = '\0';
    }
    return used && jw_screen_may(screen, (jw_text){w->values, used});
}

static void scan_keywords(struct jw_sigma_worker *w, const struct jw_plan *plan) {
    if (!plan->keywords || (plan->screen && !may_have_words(w, plan->screen)))
        return;
    for (uint32_t i = 0; i < w->rec->count; i++)
        jw_match_field(w, 0, i, false);
}

/* Every so many events, at random so that no rhythm of the events is met, the conditions are timed one by one. */
static bool is_timed(struct jw_sigma_worker *w) {
    if (--w->until_timed)
        return false;
    w->random = w->random * 1664525u + 1013904223u;
    w->until_timed = 1 + (w->random >> 8) % (2 * TIMED_EVERY - 1);
    return true;
}

static bool condition_is_true(struct jw_sigma_worker *w, uint32_t rule, bool timed) {
    struct jw_sigma_cost *cost = &w->costs[rule];
    int64_t start = timed ? jw_time_steady() : 0;
    bool good = jw_code_is_true(w, w->set->rule_code[rule]);
    int64_t time = timed ? jw_time_steady() - start - w->clock_ns : 0;
    cost->evaluated++;
    cost->matched += good;
    cost->time_ns += time > 0 ? (uint64_t)time * TIMED_EVERY : 0;
    return good;
}

static size_t evaluate(struct jw_sigma_worker *w, const struct jw_plan *plan) {
    const struct jw_sigma *set = w->set;
    size_t count = 0;
    bool timed = is_timed(w);
    for (uint32_t i = 0; i < w->candidate_count; i++) {
        uint32_t rule = w->candidates[i];
        if (!jw_bit(plan->active, set->rule_source[rule]) || !condition_is_true(w, rule, timed))
            continue;
        size_t at = count++; /* few: kept sorted as they come */
        for (; at && w->hits[at - 1]->number > rule; at--)
            w->hits[at] = w->hits[at - 1];
        w->hits[at] = set->rules[rule];
    }
    return count;
}

size_t jw_sigma_match(struct jw_sigma_worker *w, const struct jw_record *rec, const struct jw_sigma_source *source,
                      const struct jw_sigma_rule *const **out_rules) {
    next_epoch(w);
    w->rec = jw_stamp_add(&w->stamp, w->set, rec);
    jw_match_gather(w);
    const struct jw_plan *plan = plan_of(w, source);
    jw_match_columns(w, plan);
    scan_keywords(w, plan);
    for (uint32_t i = 0; i < plan->loose_count; i++)
        jw_match_candidate(w, plan->loose[i]);
    *out_rules = w->hits;
    return evaluate(w, plan);
}

void jw_sigma_cost_of(const struct jw_sigma_worker *w, const struct jw_sigma_rule *rule,
                      struct jw_sigma_cost *out) {
    const struct jw_lists *regexes = &w->set->rule_regexes;
    *out = w->costs[rule->number];
    for (uint32_t i = regexes->start[rule->number]; i < regexes->start[rule->number + 1]; i++)
        out->time_ns += jw_index_worker_regex_ns(w->scan, regexes->items[i]);
}

uint64_t jw_sigma_given_up(const struct jw_sigma_worker *w) { return jw_index_worker_limits(w->scan); }
