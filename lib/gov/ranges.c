/* lib/gov/ranges.c — the sweep that flattens nested networks, and the search. IPv4 has an array of its own with an
 * index on its upper 16 bits: nearly every address of a government network is IPv4. */
#include "ranges.h"

#include <endian.h>

typedef unsigned __int128 u128;

struct jw_ranges {
    u128 *starts; /* sorted; the first is 0; a range ends where the next begins */
    uint32_t *values;
    size_t count;
    uint32_t *v4_starts, *v4_values;
    size_t v4_count;
    uint32_t v4_first[65537]; /* of the range that holds xx.yy.0.0 */
};

static const u128 v4_base = (u128)0xffff << 32;

static u128 number_of(const jw_address *address) {
    uint64_t high, low;
    memcpy(&high, address->bytes, 8);
    memcpy(&low, address->bytes + 8, 8);
    return (u128)be64toh(high) << 64 | be64toh(low);
}

static int by_place(const void *a, const void *b) {
    const struct jw_ranges_span *x = a, *y = b;
    int order = memcmp(x->network.address.bytes, y->network.address.bytes, 16);
    if (order)
        return order;
    if (x->network.bits != y->network.bits)
        return x->network.bits < y->network.bits ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static void emit(struct jw_ranges *ranges, u128 start, uint32_t value) {
    if (ranges->count && ranges->starts[ranges->count - 1] == start)
        ranges->count--;
    ranges->starts[ranges->count] = start;
    ranges->values[ranges->count++] = value;
}

struct sweep {
    struct {
        u128 last;
        uint32_t value;
    } open[130 * 2]; /* nested at most once per prefix length, twice where a rank decides */
    size_t depth;
};

static void close_before(struct jw_ranges *ranges, struct sweep *sweep, u128 start, bool all) {
    while (sweep->depth && (all || sweep->open[sweep->depth - 1].last < start)) {
        u128 last = sweep->open[--sweep->depth].last;
        if (last != ~(u128)0)
            emit(ranges, last + 1, sweep->depth ? sweep->open[sweep->depth - 1].value : JW_RANGES_NONE);
    }
}

static void flatten(struct jw_ranges *ranges, const struct jw_ranges_span *spans, size_t count,
                    jw_ranges_inherit inherit, void *context) {
    struct sweep sweep = {.depth = 0};
    emit(ranges, 0, JW_RANGES_NONE);
    for (size_t i = 0; i < count; i++) {
        jw_address last;
        u128 start = number_of(&spans[i].network.address);
        close_before(ranges, &sweep, start, false);
        uint32_t wider = sweep.depth ? sweep.open[sweep.depth - 1].value : JW_RANGES_NONE;
        uint32_t value = inherit ? inherit(context, spans[i].value, wider) : spans[i].value;
        emit(ranges, start, value);
        jw_network_last(&spans[i].network, &last);
        /* a third span of one network would change nothing: the highest rank has been seen last */
        if (sweep.depth < sizeof sweep.open / sizeof *sweep.open) {
            sweep.open[sweep.depth].last = number_of(&last);
            sweep.open[sweep.depth++].value = value;
        }
    }
    close_before(ranges, &sweep, 0, true);
}

static size_t search(const u128 *starts, size_t count, u128 key) {
    size_t low = 0;
    while (count > 1) {
        size_t half = count / 2;
        low = starts[low + half] <= key ? low + half : low;
        count -= half;
    }
    return low;
}

static bool index_v4(struct jw_ranges *ranges) {
    size_t first = search(ranges->starts, ranges->count, v4_base), end = first + 1;
    while (end < ranges->count && ranges->starts[end] < v4_base + ((u128)1 << 32))
        end++;
    ranges->v4_count = end - first;
    ranges->v4_starts = malloc(ranges->v4_count * sizeof *ranges->v4_starts);
    ranges->v4_values = malloc(ranges->v4_count * sizeof *ranges->v4_values);
    if (!ranges->v4_starts || !ranges->v4_values)
        return false;
    for (size_t i = 0; i < ranges->v4_count; i++) {
        ranges->v4_starts[i] = i ? (uint32_t)(ranges->starts[first + i] - v4_base) : 0;
        ranges->v4_values[i] = ranges->values[first + i];
    }
    for (uint32_t high = 0, at = 0; high < 65536; high++) {
        while (at + 1 < ranges->v4_count && ranges->v4_starts[at + 1] <= high << 16)
            at++;
        ranges->v4_first[high] = at;
    }
    ranges->v4_first[65536] = (uint32_t)ranges->v4_count - 1;
    return true;
}

jw_status jw_ranges_new(struct jw_ranges_span *spans, size_t count, jw_ranges_inherit inherit, void *context,
                        struct jw_ranges **out) {
    JW_AUTO(jw_ranges_free_p) struct jw_ranges *ranges = calloc(1, sizeof *ranges);
    if (!ranges)
        return JW_E_LIMIT;
    ranges->starts = malloc((2 * count + 2) * sizeof *ranges->starts);
    ranges->values = malloc((2 * count + 2) * sizeof *ranges->values);
    if (!ranges->starts || !ranges->values)
        return JW_E_LIMIT;
    if (count)
        qsort(spans, count, sizeof *spans, by_place);
    flatten(ranges, spans, count, inherit, context);
    if (!index_v4(ranges))
        return JW_E_LIMIT;
    *out = ranges;
    ranges = NULL;
    return JW_OK;
}

void jw_ranges_free(struct jw_ranges *ranges) {
    if (!ranges)
        return;
    free(ranges->starts);
    free(ranges->values);
    free(ranges->v4_starts);
    free(ranges->v4_values);
    free(ranges);
}

uint32_t jw_ranges_find(const struct jw_ranges *ranges, const jw_address *address) {
    u128 key = number_of(address);
    if (!jw_address_is_v4(address))
        return ranges->values[search(ranges->starts, ranges->count, key)];
    uint32_t want = (uint32_t)key, low = ranges->v4_first[want >> 16];
    uint32_t count = ranges->v4_first[(want >> 16) + 1] - low + 1;
    while (count > 1) {
        uint32_t half = count / 2;
        low = ranges->v4_starts[low + half] <= want ? low + half : low;
        count -= half;
    }
    return ranges->v4_values[low];
}
