/* lib/workflow/declare_fuzz.c — a workflow file may say anything: it becomes a flow that can be walked and drawn,
 * or a complaint with a place. */
#include "declare.h"

#include "test/fuzz.h"

static void walk(const struct jw_flow *flow) {
    assert(flow->state_count >= 2 && flow->state_count <= JW_FLOW_STATES && flow->step_count >= 1);
    assert(flow->start >= 0 && (size_t)flow->start < flow->state_count);
    for (size_t i = 0; i < flow->step_count; i++) {
        assert(flow->steps[i].to >= 0 && (size_t)flow->steps[i].to < flow->state_count && flow->steps[i].from);
        assert(jw_flow_step_find(flow, jw_text_from(flow->steps[i].name)) == (int)i);
    }
    for (int i = 0; i < 2; i++) {
        jw_buffer svg = JW_BUFFER(4 << 20);
        jw_status st = jw_flow_draw(flow, flow->states[0].name, i ? "en" : "zh", &svg, NULL);
        assert(st == JW_OK && jw_text_is_utf8(jw_buffer_text(&svg)));
        jw_buffer_free(&svg);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jw_arena *mem = jw_arena_new(8 << 20);
    struct jw_source source;
    struct jw_flow flow = {0};
    if (!mem)
        return 0;
    jw_source_open(&source, (jw_text){(const char *)data, size}, mem);
    jw_declare_flow(&source, "fuzz", &flow);
    if (jw_source_good(&source))
        walk(&flow);
    else
        assert(*source.reason && jw_text_is_utf8(jw_text_from(source.reason)) &&
               (source.state == JW_E_LIMIT || (source.line > 0 && source.column > 0)));
    jw_source_close(&source);
    jw_arena_free(mem);
    return 0;
}
