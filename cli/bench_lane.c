/* cli/bench_lane.c — lines of JSON held in memory: from files, and made to be hostile. */
#include "bench.h"
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

void jw_lane_clear(struct jw_lane *lane) {
    jw_buffer_free(&lane->bytes);
    free(lane->starts);
    *lane = (struct jw_lane){.bytes = JW_BUFFER(JW_LANE_BYTES)};
}

/* Cuts what was read at its line ends. */
static bool lane_cut(struct jw_lane *lane) {
    for (size_t at = lane->count ? lane->starts[lane->count] : 0; at < lane->bytes.len;) {
        const char *end = memchr(lane->bytes.ptr + at, '\n', lane->bytes.len - at); /* each line has one */
        if (!end)
            return false;
        if (lane->count + 2 > lane->room) {
            size_t room = lane->room ? lane->room * 2 : 4096;
            size_t *grown = realloc(lane->starts, room * sizeof *grown);
            if (!grown)
                return false;
            lane->starts = grown;
            lane->room = room;
        }
        lane->starts[lane->count++] = at;
        at = (size_t)(end - lane->bytes.ptr) + 1;
        lane->starts[lane->count] = at;
    }
    return true;
}

int jw_lane_read(void *context, const char *path) {
    struct jw_lane *lane = context;
    gzFile in = gzopen(path, "rb");
    int got = 0;
    while (in && jw_buffer_reserve(&lane->bytes, 1 << 20) &&
           (got = gzread(in, lane->bytes.ptr + lane->bytes.len, 1 << 20)) > 0)
        lane->bytes.len += (size_t)got;
    if (in)
        gzclose(in);
    if (lane->bytes.len && lane->bytes.ptr[lane->bytes.len - 1] != '\n')
        jw_buffer_byte(&lane->bytes, '\n');
    if (!in || got != 0 || lane->bytes.failed || !lane_cut(lane))
        return jw_command_failed("bench", "%s: cannot be read whole (at most %zu MB)", path, JW_LANE_BYTES >> 20);
    return 0;
}

jw_text jw_lane_line(const struct jw_lane *lane, size_t at) {
    return (jw_text){lane->bytes.ptr + lane->starts[at], lane->starts[at + 1] - lane->starts[at] - 1};
}

/* Letters, blanks and dashes without meaning; the number makes each value new. */
static void hostile_value(jw_buffer *out, const char *name, size_t number, size_t size, uint64_t *state) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789 -/.:_=&%$;,()etaoinsr";
    jw_buffer_print(out, "\"%s\":\"%zu ", name, number);
    for (size_t i = 0; i < size; i++) {
        *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
        jw_buffer_byte(out, letters[*state >> 58]);
    }
    jw_buffer_byte(out, '"');
}

jw_status jw_lane_hostile(struct jw_lane *lane, size_t events, size_t size, struct jw_error *err) {
    uint64_t state = 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < events; i++) {
        jw_buffer_add(&lane->bytes,
                      JW_TEXT("{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","));
        hostile_value(&lane->bytes, "CommandLine", i, size, &state);
        jw_buffer_byte(&lane->bytes, ',');
        hostile_value(&lane->bytes, "Image", i, size, &state);
        jw_buffer_byte(&lane->bytes, ',');
        hostile_value(&lane->bytes, "ParentCommandLine", i, size, &state);
        jw_buffer_add(&lane->bytes, JW_TEXT("}\n"));
    }
    return !lane->bytes.failed && lane_cut(lane) ? JW_OK
                                                 : jw_fail(err, JW_E_LIMIT, "no memory for %zu events", events);
}
