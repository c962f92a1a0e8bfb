/* cli/registry.c — the table of commands; the one list of names is in meson.build. */
#include "command.h"

#include "command_list.h"

#define DECLARE(name) extern const struct jw_command jw_command_##name;
#define ENTRY(name)   &jw_command_##name,
JW_COMMANDS(DECLARE)
const struct jw_command *const jw_commands[] = {JW_COMMANDS(ENTRY) NULL};
