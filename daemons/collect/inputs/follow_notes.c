/* daemons/collect/inputs/follow_notes.c — what is there now, for the time after a pause (absence.h). */
#include "follow.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

bool jw_follow_is_compressed(const char *path) {
    static const char *const ends[] = {".gz", ".xz", ".bz2", ".zst", ".zip"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (jw_text_ends(jw_text_from(path), jw_text_from(ends[i])))
            return true;
    return false;
}

static bool is_followed(const struct follow *follow, const struct stat *st) {
    for (const struct one *one = follow->files; one; one = one->next)
        if (one->file.inode == st->st_ino && one->file.device == st->st_dev)
            return true;
    return false;
}

static void note_rotated(struct follow *follow, const char *what) {
    glob_t found;
    if (glob(what, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat st;
        struct jw_followed file;
        if (jw_follow_is_compressed(found.gl_pathv[i]) || stat(found.gl_pathv[i], &st) != 0 ||
            is_followed(follow, &st) || jw_followed_open(found.gl_pathv[i], &file, NULL) != JW_OK)
            continue;
        (void)jw_followed_identify(&file, false);
        jw_absence_old(&follow->absence, file.origin);
        jw_followed_close(&file);
    }
    globfree(&found);
}

/* Is a file being read that had this name, or was rotated away from it? */
static bool has_unread_past(const struct follow *follow, const char *path) {
    for (const struct one *one = follow->files; one; one = one->next)
        if (one->gone && (one->file.offset < one->file.size || one->flying) &&
            strncmp(one->path, path, strlen(path)) == 0)
            return true;
    return false;
}

void jw_follow_note(struct follow *follow) {
    struct jw_error err;
    bool later = false;
    if (!follow->changed)
        return;
    jw_absence_begin(&follow->absence);
    for (struct one *one = follow->files; one; one = one->next) {
        bool unread = !one->gone && has_unread_past(follow, one->path);
        if (!one->gone && !unread)
            jw_absence_file(&follow->absence, one->file.device, one->file.inode, one->path);
        later |= unread;
    }
    for (size_t i = 0; i < follow->pattern_count; i++) {
        char what[PATH_MAX + 8];
        jw_absence_pattern(&follow->absence, follow->patterns[i].glob);
        snprintf(what, sizeof what, "%s.*", follow->patterns[i].glob);
        note_rotated(follow, what);
        snprintf(what, sizeof what, "%s-*", follow->patterns[i].glob);
        note_rotated(follow, what);
    }
    follow->changed = later;
    if (jw_absence_keep(&follow->absence, &err) != JW_OK && !follow->notes_told) {
        jw_log(JW_LOG_WARNING, "follow: %s; a file that is rotated away while jinwu is down may not be read",
               err.text);
        follow->notes_told = true;
    }
}
