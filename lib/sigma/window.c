/* lib/sigma/window.c — entries of one group in the order of event time, and the windows an event changes. */
#include "window.h"

#include <stdlib.h>

void jw_window_init(struct jw_window *w) { *w = (struct jw_window){.spoke = {JW_TIME_NONE, JW_TIME_NONE}}; }

void jw_window_clear(struct jw_window *w) {
    free(w->entries);
    jw_tally_clear(&w->now.tally);
    jw_window_init(w);
}

size_t jw_window_bytes(const struct jw_window *w) {
    return w->room * sizeof *w->entries + w->now.tally.room * sizeof(struct jw_tally_slot);
}

/* Twice what the condition counts, so that the window before the newest one is there as well. */
uint32_t jw_window_most(const struct jw_sigma_correlation *rule) {
    double wanted = JW_WINDOW_LEAST;
    for (uint32_t i = 0; i < rule->bound_count; i++)
        if ((rule->kind == JW_CORRELATE_COUNT || rule->kind == JW_CORRELATE_VALUES) &&
            rule->bounds[i].value * 2 + 2 > wanted)
            wanted = rule->bounds[i].value * 2 + 2;
    if (rule->kind == JW_CORRELATE_PERCENTILE || rule->kind == JW_CORRELATE_SHARE)
        wanted = 65536;
    return wanted < JW_WINDOW_MOST ? (uint32_t)wanted : JW_WINDOW_MOST;
}

/* Event times of any two centuries: their difference may not fit a signed number. */
static bool older(int64_t time, int64_t than, int64_t by) {
    return time < than && (uint64_t)than - (uint64_t)time > (uint64_t)by;
}

/* --- room ------------------------------------------------------------------------------------------------------
 */
static void move_down(struct jw_window *w) {
    memmove(w->entries, w->entries + w->head, (w->now.end - w->head) * sizeof *w->entries);
    w->now.first -= w->head;
    w->now.end -= w->head;
    w->head = 0;
}

static bool make_room(struct jw_window *w) {
    if (w->now.end < w->room)
        return true;
    if (w->head > w->room / 4) {
        move_down(w);
        return true;
    }
    uint32_t room = w->room ? w->room * 2 : 4;
    struct jw_entry *grown = realloc(w->entries, room * sizeof *grown);
    if (!grown)
        return false;
    w->entries = grown;
    w->room = room;
    return true;
}

/* After entries were changed in place: what is inside the newest window is counted again. */
static bool count_again(struct jw_window *w, const struct jw_sigma_correlation *rule, uint32_t end) {
    int64_t newest = end > w->head ? w->entries[end - 1].time : 0;
    uint32_t first = w->head;
    while (first < end && older(w->entries[first].time, newest, rule->span_ns))
        first++;
    jw_span_empty(&w->now, first);
    bool good = true;
    for (uint32_t i = first; i < end && good; i++)
        good = jw_span_add(&w->now, rule, &w->entries[i]);
    w->now.end = end;
    return good;
}

/* Pairs in the older half become one: the sums stay right, only an edge of the window gets coarser. */
static uint32_t merge(struct jw_window *w, uint32_t end) {
    uint32_t to = w->head, at = w->head, half = w->head + (end - w->head) / 2;
    for (; at + 1 < half; at += 2, to++) {
        struct jw_entry one = w->entries[at + 1];
        int64_t sum;
        if (__builtin_add_overflow(one.value, w->entries[at].value, &sum)) {
            w->entries[to++] = w->entries[at];
            w->entries[to] = one;
            continue;
        }
        one.value = sum;
        one.events += w->entries[at].events;
        w->entries[to] = one;
    }
    while (at < end)
        w->entries[to++] = w->entries[at++];
    return to;
}

/* Of each value only the newest stays: all that windows which end now or later can ask. */
static uint32_t thin_out(struct jw_window *w, uint32_t end) {
    struct jw_tally seen = {0};
    uint32_t to = end;
    for (uint32_t at = end; at-- > w->head;) {
        bool known = jw_tally_get(&seen, w->entries[at].value) > 0;
        if (!known && jw_tally_add(&seen, w->entries[at].value))
            w->entries[--to] = w->entries[at];
    }
    jw_tally_clear(&seen);
    memmove(w->entries + w->head, w->entries + to, (end - to) * sizeof *w->entries);
    return w->head + (end - to);
}

/* Of a run of one rule the first and the last stay: what is between them adds to no chain. */
static uint32_t thin_runs(struct jw_window *w, uint32_t end) {
    uint32_t to = w->head;
    for (uint32_t at = w->head; at < end; at++) {
        bool inside = at > w->head && at + 1 < end && w->entries[at - 1].rule == w->entries[at].rule &&
                      w->entries[at + 1].rule == w->entries[at].rule;
        if (!inside)
            w->entries[to++] = w->entries[at];
    }
    return to;
}

/* A group is full: first what costs the answers least, then the oldest quarter goes. Returns how many went. */
static uint32_t condense(struct jw_window *w, const struct jw_sigma_correlation *rule, uint32_t most) {
    move_down(w);
    uint32_t before = w->now.end, end = before;
    if (rule->kind == JW_CORRELATE_COUNT || rule->kind == JW_CORRELATE_SUM || rule->kind == JW_CORRELATE_AVERAGE)
        end = merge(w, end);
    else if (rule->kind == JW_CORRELATE_VALUES || rule->kind == JW_CORRELATE_TEMPORAL)
        end = thin_out(w, end);
    else if (rule->kind == JW_CORRELATE_ORDERED)
        end = thin_runs(w, end);
    if (end > most / 4 * 3)
        w->head = end - most / 4 * 3;
    (void)!count_again(w, rule, end); /* a tally has room for what it held already */
    return before - (end - w->head);
}

/* --- windows that end before the newest event -------------------------------------------------------------------
 */
static bool near(int64_t spoke, int64_t end, const struct jw_sigma_correlation *rule) {
    uint64_t apart = spoke < end ? (uint64_t)end - (uint64_t)spoke : (uint64_t)spoke - (uint64_t)end;
    return spoke != JW_TIME_NONE && apart < (uint64_t)rule->span_ns;
}

/* Do all windows that end between the two lie within a timespan of one that spoke? */
static bool quiet_between(const struct jw_window *w, const struct jw_sigma_correlation *rule, int64_t from,
                          int64_t to) {
    return (near(w->spoke[0], from, rule) && near(w->spoke[0], to, rule)) ||
           (near(w->spoke[1], from, rule) && near(w->spoke[1], to, rule));
}

static void remember(struct jw_window *w, int64_t end) {
    int older_one = w->spoke[0] < w->spoke[1] ? 0 : 1; /* JW_TIME_NONE is the smallest */
    if (end > w->spoke[older_one])
        w->spoke[older_one] = end;
}

static bool speaks(struct jw_window *w, const struct jw_sigma_correlation *rule, const struct jw_span *span,
                   const struct jw_entry *entry, struct jw_window_answer *out) {
    int64_t end = w->entries[span->end - 1].time;
    if (quiet_between(w, rule, end, end) || !jw_span_holds(span, rule, w->entries, entry->value, &out->measure))
        return false;
    remember(w, end);
    out->first = span->first;
    out->end = span->end;
    out->events = span->events;
    out->time = end;
    return true;
}

/* `at`: where the late event stands now. Every window that ends at or behind it and reaches back to it has changed;
 * the first that meets the condition speaks. */
static jw_window_verdict look_back(struct jw_window *w, const struct jw_sigma_correlation *rule, uint32_t at,
                                   struct jw_span *scratch, struct jw_window_answer *out) {
    const struct jw_entry entry = w->entries[at];
    uint32_t next = w->head;
    while (older(w->entries[next].time, entry.time, rule->span_ns))
        next++;
    jw_span_empty(scratch, next);
    while (next < w->now.end) {
        int64_t end = w->entries[next].time;
        while (older(w->entries[scratch->first].time, end, rule->span_ns))
            jw_span_take(scratch, rule, &w->entries[scratch->first++]);
        for (; next < w->now.end && w->entries[next].time == end; scratch->end = ++next)
            if (!jw_span_add(scratch, rule, &w->entries[next]))
                return JW_WINDOW_MEMORY;
        if (end >= entry.time && speaks(w, rule, scratch, &entry, out))
            return JW_WINDOW_SPEAKS;
    }
    return JW_WINDOW_SILENT;
}

/* --- taking ----------------------------------------------------------------------------------------------------
 */
static uint32_t place_of(const struct jw_window *w, int64_t time) {
    uint32_t low = w->head, high = w->now.end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->entries[middle].time <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget_old(struct jw_window *w, const struct jw_sigma_correlation *rule, int64_t newest) {
    while (w->now.first < w->now.end && older(w->entries[w->now.first].time, newest, rule->span_ns))
        jw_span_take(&w->now, rule, &w->entries[w->now.first++]);
    while (w->head < w->now.first && older(w->entries[w->head].time, newest, 2 * rule->span_ns))
        w->head++;
}

jw_window_verdict jw_window_take(struct jw_window *w, const struct jw_sigma_correlation *rule,
                                 const struct jw_entry *entry, bool once, struct jw_span *scratch,
                                 struct jw_window_answer *out) {
    uint32_t most = jw_window_most(rule);
    *out = (struct jw_window_answer){0};
    bool newest = w->now.end == w->head || entry->time >= w->entries[w->now.end - 1].time;
    if (!newest && older(entry->time, w->entries[w->now.end - 1].time, rule->span_ns))
        return JW_WINDOW_LATE;
    uint32_t at = newest ? w->now.end : place_of(w, entry->time);
    if (once && at > w->head && w->entries[at - 1].number == entry->number)
        return JW_WINDOW_DOUBLE;
    if (newest)
        forget_old(w, rule, entry->time);
    if (w->now.end - w->head >= most)
        out->condensed = condense(w, rule, most);
    if (!make_room(w) || !jw_span_add(&w->now, rule, entry))
        return JW_WINDOW_MEMORY;
    if (newest) {
        w->entries[w->now.end++] = *entry;
        return speaks(w, rule, &w->now, entry, out) ? JW_WINDOW_SPEAKS : JW_WINDOW_SILENT;
    }
    at = place_of(w, entry->time);
    memmove(w->entries + at + 1, w->entries + at, (w->now.end - at) * sizeof *w->entries);
    w->entries[at] = *entry;
    w->now.end++;
    if (quiet_between(w, rule, entry->time, w->entries[w->now.end - 1].time))
        return JW_WINDOW_SILENT;
    return look_back(w, rule, at, scratch, out);
}

bool jw_window_put(struct jw_window *w, const struct jw_sigma_correlation *rule, const struct jw_entry *entry) {
    if (w->now.end > w->head)
        forget_old(w, rule, entry->time);
    if (!make_room(w) || !jw_span_add(&w->now, rule, entry))
        return false;
    w->entries[w->now.end++] = *entry;
    return true;
}

/* --- evidence --------------------------------------------------------------------------------------------------
 */
static int by_place(const void *a, const void *b) {
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return one < other ? -1 : one > other;
}

static bool is_among(const struct jw_window *w, int64_t value, const uint32_t *places, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (w->entries[places[i]].value == value)
            return true;
    return false;
}

static bool is_place(uint32_t at, const uint32_t *places, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (places[i] == at)
            return true;
    return false;
}

uint32_t jw_window_evidence(const struct jw_window *w, const struct jw_sigma_correlation *rule,
                            const struct jw_window_answer *answer, uint32_t most, uint32_t *out) {
    uint32_t count = 0;
    bool distinct = rule->kind == JW_CORRELATE_VALUES || rule->kind == JW_CORRELATE_TEMPORAL ||
                    rule->kind == JW_CORRELATE_ORDERED;
    for (uint32_t at = answer->end; distinct && at-- > answer->first && count < most;)
        if (!is_among(w, w->entries[at].value, out, count))
            out[count++] = at;
    uint32_t chosen = count;
    for (uint32_t at = answer->end; at-- > answer->first && count < most;)
        if (!is_place(at, out, chosen))
            out[count++] = at;
    qsort(out, count, sizeof *out, by_place);
    return count;
}
