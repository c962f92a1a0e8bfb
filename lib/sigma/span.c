/* lib/sigma/span.c — what a window adds up to, kept while entries come and go, and compared with the condition.
 */
#include "window.h"

#include <math.h>

static bool tallies(jw_correlation_kind kind) {
    return kind == JW_CORRELATE_VALUES || kind == JW_CORRELATE_TEMPORAL || kind == JW_CORRELATE_ORDERED ||
           kind == JW_CORRELATE_SHARE;
}

void jw_span_empty(struct jw_span *span, uint32_t first) {
    struct jw_tally tally = span->tally;
    jw_tally_empty(&tally);
    *span = (struct jw_span){.first = first, .end = first, .tally = tally};
}

/* A percentile need not be known to be compared: how many values are under a bound says on which side it is. */
static void rank(struct jw_span *span, const struct jw_sigma_correlation *rule, int64_t value, int by) {
    for (uint32_t i = 0; i < rule->bound_count; i++) {
        span->below[i] += (uint32_t)(value < rule->bounds[i].scaled ? by : 0);
        span->upto[i] += (uint32_t)(value <= rule->bounds[i].scaled ? by : 0);
    }
}

bool jw_span_add(struct jw_span *span, const struct jw_sigma_correlation *rule, const struct jw_entry *entry) {
    if (tallies(rule->kind) && !jw_tally_add(&span->tally, entry->value))
        return false;
    if (rule->kind == JW_CORRELATE_PERCENTILE)
        rank(span, rule, entry->value, 1);
    else if (rule->kind == JW_CORRELATE_SUM || rule->kind == JW_CORRELATE_AVERAGE)
        span->sum += entry->value;
    span->events += entry->events;
    return true;
}

void jw_span_take(struct jw_span *span, const struct jw_sigma_correlation *rule, const struct jw_entry *entry) {
    if (tallies(rule->kind))
        jw_tally_take(&span->tally, entry->value);
    if (rule->kind == JW_CORRELATE_PERCENTILE)
        rank(span, rule, entry->value, -1);
    else if (rule->kind == JW_CORRELATE_SUM || rule->kind == JW_CORRELATE_AVERAGE)
        span->sum -= entry->value;
    span->events -= entry->events;
}

/* --- temporal
 * ------------------------------------------------------------------------------------------------------ */
/* The longest run of rules, one behind the other in the order of the list. Events of one time may stand in any
 * order: many logs know no more than the second. */
static uint32_t chain(const struct jw_span *span, const struct jw_sigma_correlation *rule,
                      const struct jw_entry *entries) {
    uint8_t best[JW_CORRELATION_RULES] = {0}, most = 0;
    for (uint32_t i = span->first; i < span->end;) {
        uint64_t here = 0;
        int64_t time = entries[i].time;
        for (; i < span->end && entries[i].time == time; i++)
            here |= UINT64_C(1) << entries[i].rule;
        most = 0;
        for (uint32_t r = 0; r < rule->rule_count; r++) {
            if (here >> r & 1 && best[r] < most + 1)
                best[r] = (uint8_t)(most + 1);
            most = best[r] > most ? best[r] : most;
        }
    }
    return most;
}

static bool met(const struct jw_sigma_node *node, const struct jw_tally *rules) {
    uint32_t count = 0;
    if (node->kind == JW_NODE_ITEM)
        return jw_tally_get(rules, node->least) > 0;
    if (node->kind == JW_NODE_NOT)
        return !met(node->children[0], rules);
    for (uint32_t i = 0; i < node->count; i++)
        count += met(node->children[i], rules);
    return count >= (node->kind == JW_NODE_AND ? node->count : node->kind == JW_NODE_OR ? 1 : node->least);
}

/* --- the condition ---------------------------------------------------------------------------------------------
 */
/* Nearest rank: the smallest value that at least `percentile` percent do not exceed. Its place from 0. */
static uint32_t rank_of(const struct jw_span *span, const struct jw_sigma_correlation *rule) {
    double place = ceil(rule->percentile / 100 * (double)(span->end - span->first));
    return place < 1 ? 0 : (uint32_t)place - 1;
}

static bool percentile_holds(const struct jw_span *span, const struct jw_sigma_correlation *rule) {
    uint32_t at = rank_of(span, rule);
    for (uint32_t i = 0; i < rule->bound_count; i++) {
        bool least = span->below[i] <= at, more = span->upto[i] <= at; /* it is >= the bound; it is > the bound */
        bool holds[] = {[JW_BOUND_GTE] = least, [JW_BOUND_GT] = more,           [JW_BOUND_LTE] = !more,
                        [JW_BOUND_LT] = !least, [JW_BOUND_EQ] = least && !more, [JW_BOUND_NEQ] = !least || more};
        if (!holds[rule->bounds[i].op])
            return false;
    }
    return true;
}

static uint32_t count_upto(const struct jw_span *span, const struct jw_entry *entries, int64_t value) {
    uint32_t count = 0;
    for (uint32_t i = span->first; i < span->end; i++)
        count += entries[i].value <= value;
    return count;
}

/* Halves the range of values: 64 passes, only for an alert. */
static double percentile_value(const struct jw_span *span, const struct jw_sigma_correlation *rule,
                               const struct jw_entry *entries) {
    int64_t low = INT64_MIN, high = INT64_MAX;
    uint32_t at = rank_of(span, rule);
    while (low < high) {
        int64_t middle = (int64_t)((uint64_t)low + ((uint64_t)high - (uint64_t)low) / 2);
        if (count_upto(span, entries, middle) > at)
            high = middle;
        else
            low = middle + 1;
    }
    return (double)low / JW_VALUE_UNIT;
}

static double measure(const struct jw_span *span, const struct jw_sigma_correlation *rule,
                      const struct jw_entry *entries, int64_t value) {
    switch (rule->kind) {
    case JW_CORRELATE_VALUES:
    case JW_CORRELATE_TEMPORAL:
        return span->tally.used;
    case JW_CORRELATE_ORDERED:
        return chain(span, rule, entries);
    case JW_CORRELATE_SUM:
        return (double)span->sum / JW_VALUE_UNIT;
    case JW_CORRELATE_AVERAGE:
        return (double)span->sum / JW_VALUE_UNIT / (double)span->events;
    case JW_CORRELATE_SHARE:
        return 100.0 * jw_tally_get(&span->tally, value) / (double)span->events;
    case JW_CORRELATE_PERCENTILE:
    case JW_CORRELATE_COUNT:
    case JW_CORRELATE_NONE:
        break;
    }
    return (double)span->events;
}

/* No chain is longer than the rules that are there: spares the walk over the window. */
static bool too_short(const struct jw_span *span, const struct jw_sigma_correlation *rule) {
    for (uint32_t i = 0; i < rule->bound_count; i++)
        if (rule->bounds[i].op != JW_BOUND_LT && rule->bounds[i].op != JW_BOUND_LTE &&
            rule->bounds[i].op != JW_BOUND_NEQ && span->tally.used < rule->bounds[i].value)
            return true;
    return false;
}

bool jw_span_holds(const struct jw_span *span, const struct jw_sigma_correlation *rule,
                   const struct jw_entry *entries, int64_t value, double *out_measure) {
    if (rule->condition) {
        *out_measure = span->tally.used;
        return met(rule->condition, &span->tally) &&
               (rule->kind != JW_CORRELATE_ORDERED || chain(span, rule, entries) == span->tally.used);
    }
    if (rule->kind == JW_CORRELATE_PERCENTILE) {
        if (!percentile_holds(span, rule))
            return false;
        *out_measure = percentile_value(span, rule, entries);
        return true;
    }
    if (rule->kind == JW_CORRELATE_ORDERED && too_short(span, rule))
        return false;
    double found = measure(span, rule, entries, value);
    for (uint32_t i = 0; i < rule->bound_count; i++)
        if (!jw_correlation_bound_holds(&rule->bounds[i], found))
            return false;
    *out_measure = found;
    return true;
}
