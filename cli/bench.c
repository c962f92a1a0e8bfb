/* cli/bench.c — `jinwu bench NAME`: the benchmarks; the one list of names is in meson.build. */
#include "bench.h"

#include <string.h>

#include "bench_list.h"
#include "command.h"

#define DECLARE(name) extern const struct jw_bench jw_bench_##name;
#define ENTRY(name)   &jw_bench_##name,
JW_BENCHES(DECLARE)
const struct jw_bench *const jw_benches[] = {JW_BENCHES(ENTRY) NULL};

static int list(FILE *out) {
    fputs("Use: jinwu bench NAME [OPTIONS]\n\n", out);
    for (const struct jw_bench *const *bench = jw_benches; *bench; bench++)
        fprintf(out, "  %-10s %s\n%s", (*bench)->name, (*bench)->about, (*bench)->help);
    fputs("\nEach measures beside a peer or a baseline in the same run, because machines are noisy.\n", out);
    return out == stdout ? JW_EXIT_DONE : JW_EXIT_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2)
        return list(stderr);
    for (const struct jw_bench *const *bench = jw_benches; *bench; bench++)
        if (strcmp((*bench)->name, argv[1]) == 0)
            return (*bench)->run(argc - 1, argv + 1);
    return jw_command_usage("bench", "no benchmark is called %s", argv[1]);
}

const struct jw_command jw_command_bench = {
    .name = "bench",
    .about = "measure this machine: ingest and others, beside a peer",
    .help =
        "Use: jinwu bench NAME [OPTIONS]\n\nMeasures this machine, beside a peer or a baseline in the same run.\n"
        "`jinwu bench` without a name lists the benchmarks and their options.\n"
        "A release build should be measured: ./run --build makes one.\n",
    .run = run,
};
