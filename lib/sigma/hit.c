/* lib/sigma/hit.c — a correlation that became true, in words. */
#include "rule.h"

static const char *const ops[] = {[JW_BOUND_GTE] = "gte", [JW_BOUND_GT] = "gt", [JW_BOUND_LTE] = "lte",
                                  [JW_BOUND_LT] = "lt",   [JW_BOUND_EQ] = "eq", [JW_BOUND_NEQ] = "neq"};

static void add_fields(const struct jw_sigma_correlation *c, jw_buffer *out) {
    for (uint32_t i = 0; i < c->field_count; i++) {
        if (i)
            jw_buffer_add(out, JW_TEXT(" and "));
        jw_buffer_add(out, c->fields[i]);
    }
}

static void add_measure(const struct jw_sigma_correlation *c, const struct jw_correlation_hit *hit,
                        jw_buffer *out) {
    switch (c->kind) {
    case JW_CORRELATE_VALUES:
        jw_buffer_print(out, "%.15g values of ", hit->measure);
        add_fields(c, out);
        break;
    case JW_CORRELATE_TEMPORAL:
        jw_buffer_print(out, "%.15g of %u rules matched", hit->measure, c->rule_count);
        break;
    case JW_CORRELATE_ORDERED:
        jw_buffer_print(out, "%.15g of %u rules matched one behind the other", hit->measure, c->rule_count);
        break;
    case JW_CORRELATE_SUM:
    case JW_CORRELATE_AVERAGE:
        jw_buffer_add(out, c->kind == JW_CORRELATE_SUM ? JW_TEXT("the sum of ") : JW_TEXT("the average of "));
        add_fields(c, out);
        jw_buffer_print(out, " is %.15g", hit->measure);
        break;
    case JW_CORRELATE_PERCENTILE:
        jw_buffer_print(out, "percentile %g of ", c->percentile);
        add_fields(c, out);
        jw_buffer_print(out, " is %.15g", hit->measure);
        break;
    case JW_CORRELATE_SHARE:
        jw_buffer_print(out, "%.6g%% of the events have this ", hit->measure);
        add_fields(c, out);
        break;
    case JW_CORRELATE_COUNT:
    case JW_CORRELATE_NONE:
        jw_buffer_print(out, "%llu events", (unsigned long long)hit->count);
    }
}

static void add_span(int64_t span_ns, jw_buffer *out) {
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t seconds = span_ns / JW_SECOND;
    size_t unit = 0;
    while (seconds % units[unit].seconds)
        unit++;
    jw_buffer_print(out, " within %lld%c", (long long)(seconds / units[unit].seconds), units[unit].letter);
}

void jw_correlation_reason(const struct jw_correlation_hit *hit, jw_buffer *out) {
    const struct jw_sigma_correlation *c = &hit->rule->correlation;
    add_measure(c, hit, out);
    for (uint32_t i = 0; i < c->bound_count; i++)
        jw_buffer_print(out, "%s%s %.15g%s", i ? ", " : " (", ops[c->bounds[i].op], c->bounds[i].value,
                        i + 1 == c->bound_count ? ")" : "");
    if (c->kind != JW_CORRELATE_COUNT)
        jw_buffer_print(out, " in %llu events", (unsigned long long)hit->count);
    add_span(c->span_ns, out);
    if (hit->group.len) {
        jw_buffer_add(out, JW_TEXT(": "));
        jw_buffer_add(out, hit->group);
    }
}
