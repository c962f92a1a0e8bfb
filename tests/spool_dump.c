/* tests/spool_dump.c — prints a spool's durable events as JSON lines: `spool_dump FOLDER`. For tests. */
#include <stdio.h>

#include "record/codec.h"
#include "spool/spool.h"

static jw_status dump(const struct jw_spool_frame *frame, struct jw_arena *mem, struct jw_error *err) {
    struct jw_batch_reader reader;
    jw_arena_reset(mem);
    struct jw_record rec = {.mem = mem};
    jw_status st = jw_batch_reader_open(&reader, frame->body, mem, err);
    for (uint64_t number = frame->first_event; st == JW_OK; number++) {
        st = jw_batch_reader_next(&reader, &rec, err);
        if (st != JW_OK)
            break;
        jw_buffer out = JW_BUFFER(64 << 20);
        jw_record_json(&rec, &out);
        printf("{\"number\":%llu,\"origin\":\"%llx\",\"origin_at\":%llu,", (unsigned long long)number,
               (unsigned long long)frame->origin, (unsigned long long)frame->origin_at);
        fwrite(out.ptr, 1, out.len, stdout);
        puts("}");
        jw_buffer_free(&out);
    }
    return st;
}

int main(int argc, char **argv) {
    struct jw_error err = {{0}};
    struct jw_spool_reader *reader = NULL;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new((size_t)1 << 30);
    struct jw_spool_frame frame;
    jw_status st = argc == 2 ? jw_spool_reader_open(argv[1], NULL, &reader, &err) : JW_E_SYNTAX;
    while (st >= 0 && st != JW_AGAIN)
        if ((st = jw_spool_reader_next(reader, &frame, &err)) == JW_OK)
            st = dump(&frame, mem, &err);
    jw_spool_reader_close(reader);
    if (st < 0)
        fprintf(stderr, "spool_dump: %s\n", err.text);
    return st < 0 ? 1 : 0;
}
