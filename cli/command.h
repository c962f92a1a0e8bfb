/* cli/command.h — what a command of `jinwu` promises. One file per command; the list of names is in meson.build. */
#pragma once
#include <stdio.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

struct jw_command {
    const char *name, *about; /* one line for `jinwu --help` */
    const char *help;         /* the whole text of `jinwu NAME --help`: usage, options, examples; teaches */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; gives 0 done, 1 found or failed, 2 usage */
};
extern const struct jw_command *const jw_commands[]; /* ends with NULL */

/* --- shared by the commands (shared.c) ------------------------------------------------------------------------ */
#define JW_EXIT_DONE   0
#define JW_EXIT_FAILED 1
#define JW_EXIT_USAGE  2

/* "jinwu NAME: text" on stderr. `usage` adds where help is and gives 2; `failed` gives 1. */
JW_PRINTF(2, 3) int jw_command_usage(const char *name, const char *fmt, ...);
JW_PRINTF(2, 3) int jw_command_failed(const char *name, const char *fmt, ...);

/* Options by getopt_long style, but declared: walks argv, fills `values` (same order as `options`), leaves the rest
 * in *argc / argv from index 1. Flags get "". Returns 0, or 2 after telling the user. */
struct jw_command_option {
    const char *name; /* without dashes; NULL ends the table */
    bool flag;
};
int jw_command_options(const char *name, const struct jw_command_option *options, int *argc, char **argv,
                       const char **values);

/* An option that may stand several times (`name` without dashes): takes its values out of argv into `out`, which
 * has room for `most` and the closing NULL. 0, or 2 after telling the user. */
int jw_command_repeated(const char *command, const char *name, int *argc, char **argv, const char **out, int most);

/* Folders: --data or $JINWU_DATA or ./data beside the program's source, /var/lib/jinwu when installed; content
 * beside the program or /usr/share/jinwu/content, or $JINWU_CONTENT. Static storage. */
const char *jw_command_data(const char *given);
const char *jw_command_content(void);
bool jw_command_json(bool asked); /* JSON lines wanted: --json, or stdout is no terminal */

/* Every file named: a folder means every regular file in it, sorted, recursively. `each` gives not-0 to stop; that
 * is returned. What cannot be read is told, the others are read, and JW_EXIT_FAILED is returned in the end. */
int jw_command_files(const char *name, int count, char **paths, int (*each)(void *context, const char *path),
                     void *context);
