/* cli/shared.c — what every command needs: options, folders, telling the user. */
#include "command.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(const char *name, const char *fmt, va_list args) {
    fprintf(stderr, "jinwu %s: ", name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int jw_command_usage(const char *name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    tell(name, fmt, args);
    va_end(args);
    fprintf(stderr, "See: jinwu %s --help\n", name);
    return JW_EXIT_USAGE;
}

int jw_command_failed(const char *name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    tell(name, fmt, args);
    va_end(args);
    return JW_EXIT_FAILED;
}

int jw_command_options(const char *name, const struct jw_command_option *options, int *argc, char **argv,
                       const char **values) {
    int kept = 1;
    bool only_files = false;
    for (int i = 1; i < *argc; i++) {
        jw_text rest = jw_text_from(argv[i]), word;
        if (only_files || !jw_text_drop(&rest, JW_TEXT("--"))) {
            argv[kept++] = argv[i];
            continue;
        }
        if (rest.len == 0) {
            only_files = true;
            continue;
        }
        const char *value = jw_text_cut(&rest, '=', &word) ? rest.ptr : NULL;
        if (!value)
            word = rest;
        size_t row = 0;
        while (options[row].name && !jw_text_is(jw_text_from(options[row].name), word))
            row++;
        if (!options[row].name)
            return jw_command_usage(name, "unknown option --" JW_FMT, JW_ARG(word));
        if (options[row].flag && value)
            return jw_command_usage(name, "--%s takes no value", options[row].name);
        if (!options[row].flag && !value && !(value = i + 1 < *argc ? argv[++i] : NULL))
            return jw_command_usage(name, "--%s wants a value", options[row].name);
        values[row] = options[row].flag ? "" : value;
    }
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

int jw_command_repeated(const char *command, const char *name, int *argc, char **argv, const char **out, int most) {
    int kept = 1, count = 0;
    bool only_files = false;
    for (int i = 1; i < *argc; i++) {
        jw_text rest = jw_text_from(argv[i]);
        only_files |= jw_text_is(rest, JW_TEXT("--"));
        if (only_files || !jw_text_drop(&rest, JW_TEXT("--")) || !jw_text_drop(&rest, jw_text_from(name)) ||
            (rest.len && *rest.ptr != '=')) {
            argv[kept++] = argv[i];
            continue;
        }
        if (count == most || (!rest.len && i + 1 >= *argc))
            return jw_command_usage(command, "--%s wants a value, at most %d times", name, most);
        out[count++] = rest.len ? rest.ptr + 1 : argv[++i];
    }
    out[count] = NULL;
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

/* The folder of the running program. */
static const char *program_folder(void) {
    static char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash = len > 0 ? (path[len] = '\0', strrchr(path, '/')) : NULL;
    if (slash)
        *slash = '\0';
    return slash ? path : ".";
}

/* The source tree that the program was built in, one above its folder; NULL when it is installed. */
static const char *source_tree(void) {
    static char path[PATH_MAX];
    char file[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s", program_folder());
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    snprintf(file, sizeof file, "%s/meson.build", path);
    return slash && access(file, R_OK) == 0 ? path : NULL;
}

const char *jw_command_content(void) {
    static char path[PATH_MAX];
    if (getenv("JINWU_CONTENT"))
        return getenv("JINWU_CONTENT");
    if (!source_tree())
        return "/usr/share/jinwu/content";
    snprintf(path, sizeof path, "%.4000s/content", source_tree());
    return path;
}

const char *jw_command_data(const char *given) {
    static char path[PATH_MAX];
    if (given)
        return given;
    if (getenv("JINWU_DATA"))
        return getenv("JINWU_DATA");
    if (!source_tree())
        return "/var/lib/jinwu";
    snprintf(path, sizeof path, "%.4000s/data", source_tree());
    return path;
}

bool jw_command_json(bool asked) { return asked || !isatty(STDOUT_FILENO); }

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* True: not read, and that is a failure. What is no file is only counted, unless it was named. */
static bool tell_unread(const char *name, const FTSENT *entry, uint64_t *skipped) {
    bool named = entry->fts_level == FTS_ROOTLEVEL;
    if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
        return jw_command_failed(name, "%s: %s", entry->fts_path, strerror(entry->fts_errno)) != 0;
    if (entry->fts_info == FTS_SLNONE && named)
        return jw_command_failed(name, "%s: a link to nothing", entry->fts_path) != 0;
    if (entry->fts_info == FTS_DEFAULT && named)
        return jw_command_failed(name, "%s: no file and no folder; a pipe is read as `-` where a command takes it",
                                 entry->fts_path) != 0;
    *skipped += entry->fts_info == FTS_DEFAULT || entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE;
    return false;
}

int jw_command_files(const char *name, int count, char **paths, int (*each)(void *context, const char *path),
                     void *context) {
    bool failed = false;
    for (int i = 0; i < count; i++) {
        char *one[] = {paths[i], NULL};
        uint64_t skipped = 0;
        int result = 0;
        /* a link that is named is followed; those in a folder may lead anywhere, /etc/alternatives to all of /usr
         */
        FTS *walk = fts_open(one, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
        if (!walk)
            return jw_command_failed(name, "%s: %s", paths[i], strerror(errno));
        for (FTSENT *entry; !result && (entry = fts_read(walk));)
            if (entry->fts_info == FTS_F)
                result = each(context, entry->fts_path);
            else
                failed |= tell_unread(name, entry, &skipped);
        fts_close(walk);
        if (skipped)
            fprintf(stderr,
                    "jinwu %s: %s: %llu entries are links or no files and were passed over; name those you want\n",
                    name, paths[i], (unsigned long long)skipped);
        if (result)
            return result;
    }
    return failed ? JW_EXIT_FAILED : 0;
}
