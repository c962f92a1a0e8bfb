/* cli/version.c — which jinwu this is. */
#include "command.h"

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("jinwu %s\n", JW_VERSION);
    return JW_EXIT_DONE;
}

const struct jw_command jw_command_version = {
    .name = "version",
    .about = "print the version",
    .help = "Use: jinwu version\n\nPrints the version of this program.\n",
    .run = run,
};
