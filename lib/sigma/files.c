/* lib/sigma/files.c — finding and reading rule files. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static bool is_yaml(const char *name) {
    jw_text text = jw_text_from(name);
    return jw_text_ends(text, JW_TEXT(".yml")) || jw_text_ends(text, JW_TEXT(".yaml"));
}

jw_status jw_rule_files(const char *path, jw_rule_file_each each, void *context, struct jw_error *err) {
    char *roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    jw_status st = walk ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    for (FTSENT *entry; st == JW_OK && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_F && (entry->fts_level == FTS_ROOTLEVEL || is_yaml(entry->fts_name)))
            st = each(context, entry->fts_path, err);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            st = jw_fail(err, JW_E_SYSTEM, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    }
    if (walk)
        fts_close(walk);
    return st;
}

static jw_status read_all(int fd, const char *path, struct jw_arena *mem, jw_text *out, struct jw_error *err) {
    struct stat st;
    size_t len = 0;
    if (fstat(fd, &st) != 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    if (st.st_size > JW_RULE_FILE_MOST)
        return jw_fail(err, JW_E_LIMIT, "line 1: a file over %u bytes", JW_RULE_FILE_MOST);
    char *bytes = jw_arena_alloc(mem, (size_t)st.st_size + 1);
    if (!bytes)
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", path);
    while (len < (size_t)st.st_size) {
        ssize_t got = read(fd, bytes + len, (size_t)st.st_size - len);
        if (got < 0 && errno != EINTR)
            return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    *out = (jw_text){bytes, len};
    return JW_OK;
}

jw_status jw_rule_file_read(const char *path, struct jw_arena *mem, jw_text *out, struct jw_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    jw_status st = read_all(fd, path, mem, out, err);
    close(fd);
    return st;
}
