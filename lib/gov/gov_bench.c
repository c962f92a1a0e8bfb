/* lib/gov/gov_bench.c — lookups per second in a plan of a province: 50,000 networks. */
#include "ranges.h"

#include "base/time.h"

static uint64_t seed = 7;
static uint32_t dice(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

static jw_address v4(uint32_t number) {
    return (jw_address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                         (uint8_t)(number >> 8), (uint8_t)number}};
}

static double million_per_second(const struct jw_ranges *ranges, const jw_address *addresses) {
    uint64_t sum = 0;
    int64_t start = jw_time_steady();
    for (int round = 0; round < 100; round++)
        for (int i = 0; i < 65536; i++)
            sum += jw_ranges_find(ranges, &addresses[i]);
    double seconds = (double)(jw_time_steady() - start) / (double)JW_SECOND;
    return sum == 1 ? 0 : 6.5536 / seconds; /* `sum` keeps the compiler from leaving the work out */
}

int main(void) {
    static struct jw_ranges_span spans[50000];
    static jw_address addresses[65536], sixes[65536];
    struct jw_ranges *ranges;
    for (uint32_t i = 0; i < 50000; i++) {
        bool six = i % 5 == 0;
        uint32_t bits = six ? 48 : 120, number = (10u << 24) | (dice() & 0xffff00);
        spans[i] = (struct jw_ranges_span){.network = {v4(number), (uint8_t)bits}, .value = i, .rank = i};
        if (six)
            spans[i].network.address =
                (jw_address){{0x20, 1, 0xd, 0xb8, (uint8_t)(number >> 16), (uint8_t)(number >> 8)}};
    }
    for (int i = 0; i < 65536; i++) {
        addresses[i] = v4((10u << 24) | (dice() & 0xffffff));
        sixes[i] = (jw_address){{0x20, 1, 0xd, 0xb8, (uint8_t)dice(), (uint8_t)dice(), (uint8_t)dice()}};
    }
    if (jw_ranges_new(spans, 50000, NULL, NULL, &ranges) != JW_OK)
        return 1;
    printf("IPv4 %.1f million lookups/s, IPv6 %.1f million lookups/s\n", million_per_second(ranges, addresses),
           million_per_second(ranges, sixes));
    jw_ranges_free(ranges);
    return 0;
}
