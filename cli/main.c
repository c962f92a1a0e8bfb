/* cli/main.c — `jinwu`: finds the command and gives it its words. */
#include "command.h"

#include <string.h>

static void help(FILE *out) {
    fputs("jinwu (金吾): the security platform of a digital government.\n\nUse: jinwu COMMAND [OPTIONS]\n\n", out);
    for (const struct jw_command *const *command = jw_commands; *command; command++)
        fprintf(out, "  %-10s %s\n", (*command)->name, (*command)->about);
    fputs("\nBegin with `jinwu up`; `jinwu COMMAND --help` explains a command.\n", out);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        help(stderr);
        return JW_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return JW_EXIT_DONE;
    }
    for (const struct jw_command *const *command = jw_commands; *command; command++)
        if (strcmp((*command)->name, argv[1]) == 0) {
            for (int i = 2; i < argc; i++)
                if (strcmp(argv[i], "--help") == 0) {
                    fputs((*command)->help, stdout);
                    return JW_EXIT_DONE;
                }
            return (*command)->run(argc - 1, argv + 1);
        }
    fprintf(stderr, "jinwu: no command %s\n\n", argv[1]);
    help(stderr);
    return JW_EXIT_USAGE;
}
