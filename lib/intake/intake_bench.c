/* lib/intake/intake_bench.c — lines per second of one core through jw_intake_line, with every parser loaded.
 * Use: intake_bench FILE [SECONDS]: each line of FILE in turn. */
#include "intake.h"

#include <limits.h>

#include "test/test.h"

int main(int argc, char **argv) {
    struct jw_test t = {.mem = jw_arena_new(256 << 20)};
    char content[PATH_MAX];
    snprintf(content, sizeof content, "%s/content", jw_test_source());
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    struct jw_intake_options options = {.content = content};
    if (argc < 2 || jw_intake_load(&options, &intake, &t.err) != JW_OK)
        return fprintf(stderr, "intake_bench: %s\n", argc < 2 ? "wants a file" : t.err.text), 2;
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *worker = jw_intake_worker_new(intake);
    jw_text file = jw_test_read(&t, argv[1]), line;
    struct jw_arena *mem = jw_arena_new(64 << 20);
    struct jw_intake_from from = {.source = JW_TEXT("bench"), .received = jw_time_now()};
    uint64_t lines = 0, understood = 0;
    int64_t start = jw_time_steady(), end = start + (argc > 2 ? strtol(argv[2], NULL, 10) : 2) * JW_SECOND;
    while (worker && jw_time_steady() < end)
        for (jw_text rest = file; jw_text_next(&rest, '\n', &line);) {
            struct jw_record rec = {.mem = mem};
            if (!line.len)
                continue;
            understood += jw_intake_line(worker, &from, line, &rec, &t.err) == JW_OK;
            lines++;
            jw_arena_reset(mem);
        }
    double seconds = (double)(jw_time_steady() - start) / (double)JW_SECOND;
    printf("%.0f lines/s, %.2f us a line, %llu of %llu understood\n", (double)lines / seconds,
           seconds * 1e6 / (double)lines, (unsigned long long)understood, (unsigned long long)lines);
    jw_arena_free(mem);
    jw_arena_free(t.mem);
    return 0;
}
