/* lib/sigma/correlate_agree_test.c — correlations against counting everything again: random rules over random
 * streams, in and out of order, saved and restored in between. The reference keeps every event for ever and knows
 * nothing of the engine but the rule text that both get. */
#include "try.h"

#define SPAN    10 /* seconds, of the first correlation; the ones above it have 30 */
#define ABOVE   30
#define EVENTS  150
#define ROUNDS  1200
#define BASES   3
#define LEVELS  3 /* c1 watches base rules, c2 counts c1, c3 wants c1 and b0 */
#define TELL    96
#define SAYINGS 64

enum kind { COUNT, VALUES, TEMPORAL, ORDERED, SUM, AVERAGE, PERCENTILE, SHARE, EXTENDED, KINDS };
static const char *const types[] = {"event_count",      "value_count",      "temporal",
                                    "temporal_ordered", "value_sum",        "value_avg",
                                    "value_percentile", "value_percentile", "temporal"};
enum group { NONE, PLAIN, ALIAS, PAIR, GROUPS };

struct bound {
    const char *op;
    int value;
};

struct plan {
    enum kind kind;
    enum group group;
    int rules, percentile, extended;
    struct bound bounds[2];
    int bound_count;
};

struct event {
    int time, number;
    bool base[BASES];
    char g[4], h[4], v[8]; /* empty: missing */
};

struct item {
    int time, number, rule;
    char group[16], value[8];
};

struct reference {
    struct plan plan;
    struct item *items[LEVELS];
    int count[LEVELS];
    struct {
        char group[16];
        int time;
    } spoke[LEVELS][EVENTS * 4];
    int spoke_count[LEVELS];
    char sayings[SAYINGS][TELL];
    int said, late, unfit;
};

static unsigned seed;
static int rnd(int below) {
    seed = seed * 1103515245 + 12345;
    return (int)(seed >> 8 & 0xFFFFFF) % below;
}

/* --- the reference -----------------------------------------------------------------------------------------------
 */
static bool bound_holds(const struct bound *b, double m) {
    return strcmp(b->op, "gte") == 0   ? m >= b->value
           : strcmp(b->op, "gt") == 0  ? m > b->value
           : strcmp(b->op, "lte") == 0 ? m <= b->value
           : strcmp(b->op, "lt") == 0  ? m < b->value
           : strcmp(b->op, "eq") == 0  ? m == b->value
                                       : m != b->value;
}

static int by_time(const void *a, const void *b) {
    const struct item *one = a, *other = b;
    return one->time != other->time ? one->time - other->time : one->rule - other->rule;
}

static int by_number(const void *a, const void *b) { return (int)(strtod(a, NULL) - strtod(b, NULL)); }

/* The longest chain of rules in order, by trying every set of rules. */
static int longest_chain(struct item *items, int count, int rules) {
    int most = 0;
    qsort(items, (size_t)count, sizeof *items, by_time);
    for (int set = 1; set < 1 << rules; set++) {
        int at = 0, length = 0;
        bool whole = true;
        for (int r = 0; r < rules && whole; r++) {
            if (!(set >> r & 1))
                continue;
            while (at < count && items[at].rule != r)
                at++;
            whole = at < count;
            length += whole;
        }
        if (whole && length > most)
            most = length;
    }
    return most;
}

static bool extended_holds(int which, const bool *seen) {
    return which == 0 ? seen[0] && !seen[1] : which == 1 ? seen[0] || seen[1] : (seen[0] || seen[2]) && seen[1];
}

static double measure(const struct plan *plan, int level, struct item *items, int count, const char *value) {
    int distinct = 0, same = 0;
    bool rules[BASES] = {false};
    double sum = 0;
    char values[EVENTS * 4][8];
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (int k = 0; k < i; k++)
            known |= strcmp(items[k].value, items[i].value) == 0;
        distinct += !known;
        rules[items[i].rule] = true;
        sum += strtod(items[i].value, NULL);
        same += strcmp(items[i].value, value) == 0;
        snprintf(values[i], sizeof values[i], "%s", items[i].value);
    }
    if (level == 1)
        return count;
    if (level == 2)
        return rules[0] + rules[1];
    switch (plan->kind) {
    case VALUES:
        return distinct;
    case TEMPORAL:
        return rules[0] + rules[1] + rules[2];
    case EXTENDED:
        return extended_holds(plan->extended, rules) ? rules[0] + rules[1] + rules[2] : -1;
    case ORDERED:
        return longest_chain(items, count, plan->rules);
    case SUM:
        return sum;
    case AVERAGE:
        return sum / count;
    case SHARE:
        return 100.0 * same / count;
    case PERCENTILE: {
        int rank = (plan->percentile * count + 99) / 100;
        qsort(values, (size_t)count, sizeof *values, by_number);
        return strtod(values[rank < 1 ? 0 : rank - 1], NULL);
    }
    default:
        return count;
    }
}

static bool holds(const struct plan *plan, int level, double m) {
    if (level)
        return m >= 2;
    if (plan->kind == EXTENDED)
        return m >= 0;
    for (int i = 0; i < plan->bound_count; i++)
        if (!bound_holds(&plan->bounds[i], m))
            return false;
    return true;
}

static void feed_above(struct reference *ref, const struct event *e, int level, int base, int time);

static bool spoke_near(const struct reference *ref, int level, const char *group, int end, int span) {
    for (int i = 0; i < ref->spoke_count[level]; i++)
        if (strcmp(ref->spoke[level][i].group, group) == 0 && abs(end - ref->spoke[level][i].time) < span)
            return true;
    return false;
}

static const char *const group_names[LEVELS][GROUPS] = {{"", "g=%s", "who=%s", "g=%s, h=%s"},
                                                        {"g=%s", "g=%s", "who=%s", "g=%s, h=%s"},
                                                        {"g=%s", "g=%s", "who=%s", "g=%s, h=%s"}};

static void say(struct reference *ref, const struct event *e, int level, int base, int count, double m, int first,
                int end) {
    char group[64] = "";
    const char *one = ref->plan.group == ALIAS && base > 0 ? e->h : e->g;
    const char *format = group_names[level][ref->plan.group];
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(format, "="), format);
    if (strstr(format, ", h"))
        snprintf(group, sizeof group, "g=%s, h=%s", e->g, e->h);
    else if (*format)
        snprintf(group, sizeof group, "%s=%s", name, one);
    snprintf(ref->sayings[ref->said++ % SAYINGS], TELL, "c%d n=%d m=%.6f %d..%d {%s}", level + 1, count, m, first,
             end, group);
}

/* Every window that the new item is in, from the earliest: the first that holds and is not near one that spoke. */
static void judge(struct reference *ref, const struct event *e, int level, int base, const struct item *item) {
    int span = level ? ABOVE : SPAN, newest = 0;
    for (int i = 0; i < ref->count[level]; i++)
        if (strcmp(ref->items[level][i].group, item->group) == 0 && ref->items[level][i].time > newest)
            newest = ref->items[level][i].time;
    for (int end = item->time; end <= item->time + span && end <= newest; end++) {
        struct item inside[EVENTS * 4];
        int count = 0, first = end;
        bool ends_here = false;
        for (int i = 0; i < ref->count[level]; i++) {
            const struct item *other = &ref->items[level][i];
            if (strcmp(other->group, item->group) != 0 || other->time > end || other->time < end - span)
                continue;
            inside[count++] = *other;
            ends_here |= other->time == end;
            first = other->time < first ? other->time : first;
        }
        if (!ends_here || spoke_near(ref, level, item->group, end, span))
            continue;
        double m = measure(&ref->plan, level, inside, count, item->value);
        if (!holds(&ref->plan, level, m))
            continue;
        int at = ref->spoke_count[level]++;
        snprintf(ref->spoke[level][at].group, sizeof ref->spoke[level][at].group, "%s", item->group);
        ref->spoke[level][at].time = end;
        say(ref, e, level, base, count, m, first, end);
        if (level == 0)
            feed_above(ref, e, level, base, end);
        return;
    }
}

static void take(struct reference *ref, const struct event *e, int level, int rule, int base, int time) {
    struct item item = {.time = time, .number = e->number, .rule = rule};
    const struct plan *plan = &ref->plan;
    bool grouped = level || plan->group != NONE, once = level == 0;
    const char *one = plan->group == ALIAS && base > 0 ? e->h : e->g;
    bool numeric = plan->kind == SUM || plan->kind == AVERAGE || plan->kind == PERCENTILE;
    bool valued = level == 0 && (numeric || plan->kind == VALUES || plan->kind == SHARE);
    int newest = 0;
    if ((grouped && !*one) || (plan->group == PAIR && !*e->h) || (valued && !*e->v) ||
        (valued && numeric && strchr(e->v, 'x'))) {
        ref->unfit++;
        return;
    }
    if (grouped)
        snprintf(item.group, sizeof item.group, "%s/%s", one, plan->group == PAIR ? e->h : "");
    snprintf(item.value, sizeof item.value, "%s", e->v);
    if (level == 0 && (plan->kind == TEMPORAL || plan->kind == ORDERED || plan->kind == EXTENDED))
        once = false;
    for (int i = 0; i < ref->count[level]; i++) {
        const struct item *other = &ref->items[level][i];
        if (strcmp(other->group, item.group) != 0)
            continue;
        newest = other->time > newest ? other->time : newest;
        if (once && other->number == item.number)
            return;
    }
    if (newest - time > (level ? ABOVE : SPAN)) {
        ref->late++;
        return;
    }
    ref->items[level][ref->count[level]++] = item;
    judge(ref, e, level, base, &item);
}

static void feed_above(struct reference *ref, const struct event *e, int level, int base, int time) {
    for (int above = level + 1; above < LEVELS; above++)
        take(ref, e, above, 0, base, time);
}

static void refer(struct reference *ref, const struct event *e) {
    ref->said = 0;
    for (int base = 0; base < BASES; base++) {
        if (!e->base[base])
            continue;
        if (base < ref->plan.rules)
            take(ref, e, 0, base, base, e->time);
        if (base == 0)
            take(ref, e, 2, 1, 0, e->time);
    }
}

/* --- rules and events --------------------------------------------------------------------------------------------
 */
static void make_bounds(struct plan *p) {
    static const char *const lower[] = {"gte", "gt", "eq"}, *const any[] = {"gte", "gt", "lte", "lt", "eq", "neq"};
    bool counts = p->kind <= ORDERED;
    int low = counts ? 1 + rnd(p->kind == TEMPORAL || p->kind == ORDERED ? p->rules : 4) : rnd(40) - 5;
    if (p->kind == SHARE)
        low = 10 + rnd(80);
    p->bounds[0] = (struct bound){counts ? lower[rnd(3)] : any[rnd(6)], low};
    if (strcmp(p->bounds[0].op, "gt") == 0 && counts)
        p->bounds[0].value--;
    p->bound_count = 1;
    if (rnd(2) && strcmp(p->bounds[0].op, "gte") == 0)
        p->bounds[p->bound_count++] = (struct bound){rnd(2) ? "lte" : "neq", low + 1 + rnd(3)};
}

static struct plan make_plan(int round) {
    struct plan p = {.kind = (enum kind)(round % KINDS), .group = (enum group)rnd(GROUPS), .rules = 1 + rnd(BASES)};
    if (p.kind == ORDERED || p.kind == TEMPORAL)
        p.rules = 2 + rnd(BASES - 1);
    if (p.kind == EXTENDED)
        p.rules = BASES;
    p.percentile = rnd(4) * 25 + rnd(25);
    p.extended = rnd(3);
    make_bounds(&p);
    return p;
}

static void write_rules(const struct plan *p, jw_buffer *out) {
    static const char *const groups[] = {"", "  group-by: [g]\n",
                                         "  group-by: [who]\n  aliases: {who: {b0: g, b1: h, b2: h}}\n",
                                         "  group-by: [g, h]\n"};
    static const char *const above[] = {"[g]", "[g]", "[who]", "[g, h]"};
    static const char *const extended[] = {"b0 and not b1", "1 of b0 or b1", "(b0 or b2) and b1"};
    jw_buffer_print(
        out, "title: c1\nid: c1\nname: first\ncorrelation:\n  type: %s\n  rules: [b0%s%s]\n  timespan: %ds\n",
        types[p->kind], p->rules > 1 ? ", b1" : "", p->rules > 2 ? ", b2" : "", SPAN);
    jw_buffer_print(out, "%s  generate: true\n  condition: ",
                    p->group == ALIAS && p->rules < BASES
                        ? p->rules == 1 ? "  group-by: [who]\n  aliases: {who: {b0: g}}\n"
                                        : "  group-by: [who]\n  aliases: {who: {b0: g, b1: h}}\n"
                        : groups[p->group]);
    if (p->kind == EXTENDED)
        jw_buffer_print(out, "%s\n", p->extended == 1 ? "b0 or b1" : extended[p->extended]);
    else {
        jw_buffer_print(out, "{%s: %d", p->bounds[0].op, p->bounds[0].value);
        if (p->bound_count > 1)
            jw_buffer_print(out, ", %s: %d", p->bounds[1].op, p->bounds[1].value);
        if (p->kind != COUNT && p->kind != TEMPORAL && p->kind != ORDERED)
            jw_buffer_print(out, ", field: v");
        if (p->kind == PERCENTILE)
            jw_buffer_print(out, ", percentile: %d", p->percentile);
        jw_buffer_print(out, "}\n");
    }
    jw_buffer_print(out,
                    "---\ntitle: c2\nid: c2\ncorrelation:\n  type: event_count\n  rules: [c1]\n  group-by: %s\n"
                    "  timespan: %ds\n  condition: {gte: 2}\ngenerate: true\n",
                    above[p->group], ABOVE);
    jw_buffer_print(out,
                    "---\ntitle: c3\nid: c3\ncorrelation:\n  type: temporal\n  rules: [first, b0]\n  group-by: %s\n"
                    "  timespan: %ds\n  generate: true\n%s",
                    above[p->group], ABOVE, p->group == ALIAS ? "  aliases: {who: {b0: g}}\n" : "");
    for (int i = 0; i < BASES; i++)
        jw_buffer_print(out,
                        "---\ntitle: b%d\nid: id-%d\nname: b%d\nlogsource: {}\n"
                        "detection: {a: {r%d: 1}, condition: a}\n",
                        i, i, i, i);
    jw_buffer_byte(out, '\0');
}

static struct event make_event(int number, int lateness) {
    struct event e = {.number = number, .time = 1000 + number * 2 - (lateness ? rnd(lateness) : 0)};
    for (int i = 0; i < BASES; i++)
        e.base[i] = rnd(3) == 0;
    if (rnd(20))
        snprintf(e.g, sizeof e.g, "g%d", rnd(2));
    if (rnd(20))
        snprintf(e.h, sizeof e.h, "g%d", rnd(2));
    if (rnd(20))
        snprintf(e.v, sizeof e.v, "%d%s", rnd(8) * 5 - 10, rnd(30) ? "" : "x");
    return e;
}

/* --- both
 * --------------------------------------------------------------------------------------------------------- */
static size_t engine(struct jw_test *t, struct jw_sigma_worker *worker, struct jw_correlator *c,
                     const struct event *e, const struct jw_correlation_hit **out) {
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *rules;
    for (int i = 0; i < BASES; i++)
        if (e->base[i])
            jw_record_set(&rec, jw_text_from(i == 0 ? "r0" : i == 1 ? "r1" : "r2"), JW_TEXT("1"));
    if (*e->g)
        jw_record_set(&rec, JW_TEXT("g"), jw_text_from(e->g));
    if (*e->h)
        jw_record_set(&rec, JW_TEXT("h"), jw_text_from(e->h));
    if (*e->v)
        jw_record_set(&rec, JW_TEXT("v"), jw_text_from(e->v));
    jw_record_set_time(&rec, e->time * JW_SECOND);
    size_t count = jw_sigma_match(worker, &rec, NULL, &rules);
    return jw_correlator_take(c, &rec, (uint64_t)e->number, 0, rules, count, out);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static bool same(struct reference *ref, const struct jw_correlation_hit *hits, size_t count, char *why,
                 size_t room) {
    char told[SAYINGS][TELL];
    for (size_t i = 0; i < count && i < SAYINGS; i++)
        snprintf(told[i], TELL, "%.2s n=%llu m=%.6f %lld..%lld {" JW_FMT "}",
                 jw_sigma_rule_info(hits[i].rule)->id.ptr, (unsigned long long)hits[i].count, hits[i].measure,
                 (long long)(hits[i].first / JW_SECOND), (long long)(hits[i].last / JW_SECOND),
                 JW_ARG(hits[i].group));
    qsort(told, count, TELL, by_text);
    qsort(ref->sayings, (size_t)ref->said, TELL, by_text);
    for (size_t i = 0; i < count || i < (size_t)ref->said; i++) {
        const char *one = i < count ? told[i] : "nothing",
                   *other = i < (size_t)ref->said ? ref->sayings[i] : "nothing";
        if (strcmp(one, other) == 0)
            continue;
        snprintf(why, room, "the engine says %s, the reference %s", one, other);
        return false;
    }
    return true;
}

/* Another process would go on here. */
static struct jw_correlator *move_house(struct jw_test *t, const struct jw_sigma *sigma, struct jw_correlator *c) {
    JW_AUTO(jw_buffer_free) jw_buffer state = JW_BUFFER(1 << 20);
    struct jw_correlator *next = jw_correlator_new(sigma, 0);
    struct jw_correlator_restored restored;
    JW_CHECK_OK(t, jw_correlator_save(c, 7, 99, &state, &t->err));
    JW_CHECK_OK(t, jw_correlator_restore(next, jw_buffer_text(&state), &restored, &t->err));
    JW_CHECK_INT(t, restored.found, LEVELS);
    JW_CHECK(t, restored.missing == 0 && restored.spool == 7 && restored.position == 99);
    jw_correlator_free(c);
    return next;
}

static bool one_round(struct jw_test *t, struct reference *ref, int round, int lateness, bool moving) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(1 << 16);
    char why[300];
    bool good = true;
    seed = (unsigned)round * 2654435761u + 1;
    ref->plan = make_plan(round);
    write_rules(&ref->plan, &text);
    memset(ref->count, 0, sizeof ref->count);
    memset(ref->spoke_count, 0, sizeof ref->spoke_count);
    ref->late = ref->unfit = 0;
    struct bench b = load_text(t, text.ptr);
    if (b.refused) {
        good = strstr(b.reason, "never be true") != NULL;
        if (!good)
            printf("  round %d: refused: %s\n%s", round, b.reason, text.ptr);
        jw_sigma_free(b.sigma);
        return good;
    }
    struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
    struct jw_correlator *c = jw_correlator_new(b.sigma, 0);
    struct jw_correlator_counts counts;
    uint64_t late = 0, unfit = 0;
    for (int i = 0; i < EVENTS && good; i++) {
        const struct jw_correlation_hit *hits;
        struct event e = make_event(i, lateness);
        if (moving && i % 40 == 39) {
            jw_correlator_counts(c, &counts);
            late += counts.late, unfit += counts.unfit;
            c = move_house(t, b.sigma, c);
        }
        refer(ref, &e);
        size_t found = engine(t, worker, c, &e, &hits);
        good = same(ref, hits, found, why, sizeof why);
        if (!good)
            printf("  round %d, event %d (late by up to %d): %s\n%s", round, i, lateness, why, text.ptr);
    }
    jw_correlator_counts(c, &counts);
    if (good && (counts.late + late != (uint64_t)ref->late || counts.unfit + unfit != (uint64_t)ref->unfit)) {
        printf("  round %d: late %llu against %d, unfit %llu against %d\n", round,
               (unsigned long long)(counts.late + late), ref->late, (unsigned long long)(counts.unfit + unfit),
               ref->unfit);
        good = false;
    }
    jw_correlator_free(c);
    jw_sigma_worker_free(worker);
    jw_sigma_free(b.sigma);
    return good;
}

static void rounds(struct jw_test *t, int first, int lateness, bool moving) {
    struct reference *ref = calloc(1, sizeof *ref);
    int said = 0;
    for (int i = 0; i < LEVELS; i++)
        ref->items[i] = calloc(EVENTS * 4, sizeof *ref->items[i]);
    for (int round = first; round < first + ROUNDS / 4; round++) {
        struct jw_arena *mem = t->mem;
        t->mem = jw_arena_new(64 << 20);
        JW_CHECK(t, one_round(t, ref, round, lateness, moving));
        said += ref->spoke_count[0] + ref->spoke_count[1] + ref->spoke_count[2];
        jw_arena_free(t->mem);
        t->mem = mem;
    }
    JW_CHECK(t, said > ROUNDS / 4); /* silence would agree as well */
    for (int i = 0; i < LEVELS; i++)
        free(ref->items[i]);
    free(ref);
}

static void streams_in_order_agree_with_counting_again(struct jw_test *t) { rounds(t, 0, 0, false); }
static void streams_out_of_order_agree_with_counting_again(struct jw_test *t) { rounds(t, 1000, 12, false); }
static void events_too_late_are_counted_and_change_nothing(struct jw_test *t) { rounds(t, 2000, 60, false); }
static void a_restart_in_between_changes_nothing(struct jw_test *t) { rounds(t, 3000, 20, true); }

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(streams_in_order_agree_with_counting_again),
                                                     JW_CASE(streams_out_of_order_agree_with_counting_again),
                                                     JW_CASE(events_too_late_are_counted_and_change_nothing),
                                                     JW_CASE(a_restart_in_between_changes_nothing),
                                                     {0}});
}
