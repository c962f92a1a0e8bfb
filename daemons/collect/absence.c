/* daemons/collect/absence.c — the lists are one text; a line is looked for as a whole. */
#include "absence.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"

#define MOST ((size_t)32 << 20)

void jw_absence_open(struct jw_absence *a, const char *data) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/state", data);
    mkdir(folder, 0750);
    *a = (struct jw_absence){.before = JW_BUFFER(MOST), .now = JW_BUFFER(MOST)};
    snprintf(a->path, sizeof a->path, "%s/state/followed", data);
    if (jw_file_read(a->path, &a->before, NULL) != JW_OK) /* then nothing rotated is read: rather that than twice */
        jw_buffer_clear(&a->before);
}

void jw_absence_close(struct jw_absence *a) {
    jw_buffer_free(&a->before);
    jw_buffer_free(&a->now);
}

JW_PRINTF(2, 3) static bool had(const struct jw_absence *a, const char *fmt, ...) {
    char text[PATH_MAX + 64];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    jw_text rest = jw_buffer_text(&a->before), line;
    while (len > 0 && jw_text_cut(&rest, '\n', &line))
        if (jw_text_is(line, (jw_text){text, (size_t)len}))
            return true;
    return false;
}

static bool had_file(const struct jw_absence *a, const char *path) {
    struct stat st;
    return stat(path, &st) == 0 &&
           had(a, "file %llx:%llx %s", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, path);
}

/* "/logs/app.log.1" under the pattern "/logs/(any).log" was "/logs/app.log". */
static bool was_rotated_from_a_kept_one(const struct jw_absence *a, const char *pattern, const char *rotated) {
    char base[PATH_MAX];
    snprintf(base, sizeof base, "%s", rotated);
    for (size_t i = strlen(base); i-- > 0 && base[i] != '/';) {
        if (base[i] != '.' && base[i] != '-')
            continue;
        base[i] = '\0';
        if (fnmatch(pattern, base, FNM_PATHNAME) == 0 && had_file(a, base))
            return true;
    }
    return false;
}

bool jw_absence_is_news(const struct jw_absence *a, const char *pattern, const char *rotated, uint64_t origin) {
    return had(a, "pattern %s", pattern) && !had(a, "old %llx", (unsigned long long)origin) &&
           !was_rotated_from_a_kept_one(a, pattern, rotated);
}

void jw_absence_begin(struct jw_absence *a) { jw_buffer_clear(&a->now); }

/* A line feed in a name would make two lines of it; such a file is not noted, and a pause may lose it. */
static bool is_one_line(const char *path) { return !strchr(path, '\n'); }

void jw_absence_pattern(struct jw_absence *a, const char *pattern) {
    if (is_one_line(pattern))
        jw_buffer_print(&a->now, "pattern %s\n", pattern);
}

void jw_absence_file(struct jw_absence *a, dev_t device, ino_t inode, const char *path) {
    if (is_one_line(path))
        jw_buffer_print(&a->now, "file %llx:%llx %s\n", (unsigned long long)device, (unsigned long long)inode,
                        path);
}

void jw_absence_old(struct jw_absence *a, uint64_t origin) {
    jw_buffer_print(&a->now, "old %llx\n", (unsigned long long)origin);
}

jw_status jw_absence_keep(struct jw_absence *a, struct jw_error *err) {
    if (a->now.failed)
        return jw_fail(err, JW_E_LIMIT, "%s: too many files", a->path);
    if (jw_text_is(jw_buffer_text(&a->now), jw_buffer_text(&a->before)))
        return JW_OK;
    jw_status st = jw_file_replace(a->path, jw_buffer_text(&a->now), 0640, err);
    if (st != JW_OK)
        return st;
    jw_buffer_clear(&a->before);
    jw_buffer_add(&a->before, jw_buffer_text(&a->now));
    return JW_OK;
}
