/* lib/gov/gov_fuzz.c — a plan file is written by people and exported by unknown programs: the first byte chooses
 * CSV or YAML, the rest is the file. Whatever it says, the ranges built from it answer. */
#include "plan.h"
#include "test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_plan plan = {.mem = jw_arena_new(64 << 20), .file = "plan"};
    if (!plan.mem || size == 0)
        return jw_arena_free(plan.mem), 0;
    jw_text bytes = {(const char *)data + 1, size - 1};
    if (*data & 1)
        jw_plan_csv_read(&plan, bytes);
    else
        jw_plan_yaml_read(&plan, bytes);
    struct jw_ranges *ranges = NULL;
    size_t spans = plan.span_count;
    if (!plan.failed && jw_ranges_new(plan.spans, spans, NULL, NULL, &ranges) == JW_OK) {
        for (size_t i = 0; i < spans; i++) /* each network's first address lies in some network */
            assert(jw_ranges_find(ranges, &plan.spans[i].network.address) != JW_RANGES_NONE);
        jw_ranges_free(ranges);
    }
    struct jw_arena *mem = plan.mem;
    jw_plan_clear(&plan);
    jw_arena_free(mem);
    return 0;
}
