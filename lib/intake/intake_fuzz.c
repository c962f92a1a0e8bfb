/* lib/intake/intake_fuzz.c — any bytes as a line, with every parser of content/parsers loaded: the line is kept,
 * what every event must have is there, and nothing a sender writes becomes what jinwu says about the event. */
#include "intake.h"

#include <limits.h>

#include "test/fuzz.h"

static struct jw_intake *intake;
static struct jw_intake_worker *worker;

static void leave(void) {
    jw_intake_worker_free(worker);
    jw_intake_free(intake);
}

static void load(void) {
    char content[PATH_MAX];
    const char *source = getenv("JW_SOURCE");
    snprintf(content, sizeof content, "%s/content", source ? source : ".");
    struct jw_intake_options options = {.content = content};
    struct jw_error err;
    assert(jw_intake_load(&options, &intake, &err) == JW_OK);
    assert((worker = jw_intake_worker_new(intake)));
    atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!intake)
        load();
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
    struct jw_record rec = {.mem = mem};
    struct jw_intake_from from = {.source = JW_TEXT("fuzz"), .received = JW_SECOND};
    struct jw_error err;
    assert(mem);
    jw_status st = jw_intake_line(worker, &from, (jw_text){(const char *)data, size}, &rec, &err);
    assert(st == JW_OK || st == JW_AGAIN || st == JW_E_LIMIT);
    if (st == JW_E_LIMIT)
        return 0;
    assert(rec.has_time && rec.count <= JW_RECORD_FIELDS);
    assert(jw_text_is(jw_record_text(&rec, JW_F_GOV_SOURCE), JW_TEXT("fuzz")));
    assert(jw_text_is(jw_record_text(&rec, JW_F_GOV_PARSED), st == JW_OK ? JW_TEXT("true") : JW_TEXT("false")));
    for (uint32_t i = 0; i < rec.count; i++)
        assert(rec.fields[i].kind <= JW_KIND_NULL); /* a name may be empty: JSON allows "" */
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(256 << 20);
    jw_record_json(&rec, &out);
    return 0;
}
