/* daemons/collect/followed.c — reads whole lines with pread, so that our place is ours alone. */
#include "followed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/hash.h"

#define FIRST_MOST 1024
#define HEAD_MOST  256
#define LINES_MOST 16384

/* Whoever may write into a followed folder could put a link there to any file that we may read, and have it shown
 * to everybody who searches. So a link counts when its owner is root or owns the file as well. `path` is looked at
 * after `fd` was opened: a file must still be the opened one. */
static bool may_name(const char *path, const struct stat *opened) {
    struct stat named;
    if (lstat(path, &named) != 0)
        return false;
    if (S_ISLNK(named.st_mode))
        return named.st_uid == 0 || named.st_uid == opened->st_uid;
    return named.st_dev == opened->st_dev && named.st_ino == opened->st_ino;
}

jw_status jw_followed_open(const char *path, struct jw_followed *out, struct jw_error *err) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, fd < 0 ? strerror(why) : "not a regular file");
    }
    if (!may_name(path, &st)) {
        close(fd);
        return jw_fail(err, JW_E_DENIED, "%s: a link into a file of another owner", path);
    }
    *out = (struct jw_followed){.fd = fd, .device = st.st_dev, .inode = st.st_ino, .size = (uint64_t)st.st_size};
    return JW_OK;
}

void jw_followed_close(struct jw_followed *file) {
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static size_t read_at(const struct jw_followed *file, void *into, size_t size, uint64_t offset) {
    size_t got = 0;
    while (got < size) {
        ssize_t part = pread(file->fd, (char *)into + got, size - got, (off_t)(offset + got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    return got;
}

bool jw_followed_identify(struct jw_followed *file, bool last) {
    char text[FIRST_MOST + 64];
    int len = snprintf(text, 64, "%llx:%llx:", (unsigned long long)file->device, (unsigned long long)file->inode);
    char *first = text + len;
    size_t got = read_at(file, first, FIRST_MOST, 0);
    const char *end = got ? memchr(first, '\n', got) : NULL;
    if (!end && got < FIRST_MOST && !(last && got))
        return false;
    size_t line = end ? (size_t)(end - first) + 1 : got;
    file->origin = jw_hash_stable((jw_text){text, (size_t)len + line});
    file->origin += file->origin == 0;
    file->head_len = (uint32_t)(line < HEAD_MOST ? line : HEAD_MOST);
    file->head = jw_hash_stable((jw_text){first, file->head_len});
    return true;
}

void jw_followed_seek(struct jw_followed *file, uint64_t offset) {
    char before;
    file->offset = offset;
    /* inside a line: it was cut at the ceiling, and its rest is not a line of its own */
    file->skipping = offset && read_at(file, &before, 1, offset - 1) == 1 && before != '\n';
}

bool jw_followed_was_rewritten(struct jw_followed *file) {
    char first[HEAD_MOST];
    struct stat st;
    if (fstat(file->fd, &st) != 0)
        return false;
    file->size = (uint64_t)st.st_size;
    if (file->size < file->offset)
        return true;
    if (!file->head_len || file->size == file->offset)
        return false;
    size_t got = read_at(file, first, file->head_len, 0);
    return got != file->head_len || jw_hash_stable((jw_text){first, got}) != file->head;
}

void jw_followed_restart(struct jw_followed *file) {
    file->origin = file->offset = file->head = 0;
    file->head_len = 0;
    file->skipping = false;
}

/* Where lines stop: behind the last line feed, or `len` when the file is finished. */
static size_t whole_part(const char *bytes, size_t len, bool last) {
    const char *end = len ? memrchr(bytes, '\n', len) : NULL;
    return last ? len : end ? (size_t)(end - bytes) + 1 : 0;
}

static bool add_line(struct jw_lines *lines, jw_text line, size_t most) {
    unsigned flags = 0;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len > most) {
        line.len = most;
        flags = JW_LINE_CUT;
    }
    return !line.len || jw_lines_add(lines, line, flags);
}

bool jw_followed_read(struct jw_followed *file, char *scratch, size_t scratch_size, size_t most, bool last,
                      struct jw_lines *lines) {
    size_t got = read_at(file, scratch, scratch_size, file->offset);
    size_t whole = whole_part(scratch, got, last && got < scratch_size);
    jw_text rest = {scratch, whole}, line;
    if (file->skipping) {
        const char *end = got ? memchr(scratch, '\n', got) : NULL;
        size_t skipped = end ? (size_t)(end - scratch) + 1 : got;
        file->offset += skipped;
        file->skipping = end == NULL;
        return skipped > 0;
    }
    if (!whole && got > most) { /* a line past the ceiling: its beginning now, its rest never */
        if (!jw_lines_add(lines, (jw_text){scratch, most}, JW_LINE_CUT))
            return false;
        file->offset += most;
        file->skipping = true;
        return true;
    }
    while (lines->count < LINES_MOST && jw_text_next(&rest, '\n', &line))
        if (!add_line(lines, line, most))
            return false;
    file->offset += whole - rest.len;
    return whole > rest.len;
}
