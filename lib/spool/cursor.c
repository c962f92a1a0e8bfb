/* lib/spool/cursor.c — cursor files: replaced as a whole, so that a crash leaves the old one or the new one. */
#include "cursor.h"
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"

#define CURSOR_MAGIC 0x315243574Au /* "JWCR1" */
#define FILE_NAME    (JW_CURSOR_NAME + 16)

struct cursor_file {
    uint64_t magic;
    uint32_t check; /* CRC-32C of everything behind it */
    uint32_t id;
    uint64_t position;
    int64_t written;
};

static uint32_t check(const struct cursor_file *file) {
    return jw_crc32c(0, &file->id, sizeof *file - offsetof(struct cursor_file, id));
}

bool jw_cursor_is_name(const char *name) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return len > 0 && len < JW_CURSOR_NAME && name[len] == '\0';
}

jw_status jw_cursor_read(int folder, const char *name, struct jw_cursor *out, struct jw_error *err) {
    char path[FILE_NAME];
    snprintf(path, sizeof path, "%s.cursor", name);
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "cursor %s: %s", name, strerror(errno));
    struct cursor_file file = {0};
    int64_t got = jw_segment_read(fd, &file, sizeof file, 0);
    int why = errno;
    close(fd);
    if (got < 0)
        return jw_fail(err, JW_E_SYSTEM, "cursor %s: %s", name, strerror(why));
    if (got != sizeof file || file.magic != CURSOR_MAGIC || file.check != check(&file) ||
        file.position >= JW_SPOOL_MOST)
        return jw_fail(err, JW_E_SYNTAX, "cursor %s: damaged", name);
    *out = (struct jw_cursor){.id = file.id, .position = file.position};
    return JW_OK;
}

static jw_status put(int folder, const char *temp, const struct jw_cursor *cursor, struct jw_error *err) {
    struct cursor_file file = {
        .magic = CURSOR_MAGIC, .id = cursor->id, .position = cursor->position, .written = jw_time_now()};
    file.check = check(&file);
    /* Not truncated: what is there has the same size, and its block is ours even on a full disk. */
    int fd = openat(folder, temp, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", temp, strerror(errno));
    jw_status st = jw_segment_write(fd, &file, sizeof file, 0, err);
    if (st == JW_OK && fdatasync(fd) != 0)
        st = jw_segment_failed(err, errno, "fdatasync");
    close(fd);
    return st == JW_OK ? JW_OK : jw_wrap(err, JW_E_SYSTEM, "%s", temp);
}

jw_status jw_cursor_write(int folder, const char *name, const struct jw_cursor *cursor, struct jw_error *err) {
    char temp[FILE_NAME], path[FILE_NAME];
    snprintf(temp, sizeof temp, "%s.cursor.new", name);
    snprintf(path, sizeof path, "%s.cursor", name);
    jw_status st = put(folder, temp, cursor, err);
    if (st != JW_OK)
        return st;
    /* Exchanged, so that the old file stays as the next temporary one: a reader must be able to commit on a full
     * disk, or nothing could ever be deleted to make room. */
    if (renameat2(folder, temp, folder, path, RENAME_EXCHANGE) != 0 && renameat(folder, temp, folder, path) != 0)
        return jw_fail(err, JW_E_SYSTEM, "cursor %s: %s", name, strerror(errno));
    if (fsync(folder) != 0)
        return jw_fail(err, JW_E_SYSTEM, "cursor %s: %s", name, strerror(errno));
    return JW_OK;
}

jw_status jw_cursor_register(int folder, const char *name, struct jw_error *err) {
    char temp[FILE_NAME], path[FILE_NAME];
    snprintf(path, sizeof path, "%s.cursor", name);
    if (faccessat(folder, path, F_OK, 0) == 0)
        return JW_OK;
    /* Writer and reader may both do this, so each has its own file, and link does not replace what came first. */
    snprintf(temp, sizeof temp, "%s.%d.new", name, (int)getpid());
    jw_status st = put(folder, temp, &(struct jw_cursor){0}, err);
    if (st == JW_OK && ((linkat(folder, temp, folder, path, 0) != 0 && errno != EEXIST) || fsync(folder) != 0))
        st = jw_fail(err, JW_E_SYSTEM, "cursor %s: %s", name, strerror(errno));
    unlinkat(folder, temp, 0);
    return st;
}

jw_status jw_cursor_list(int folder, jw_cursor_each each, void *context, struct jw_error *err) {
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    if (!dir) {
        int why = errno;
        if (again >= 0)
            close(again);
        return jw_fail(err, JW_E_SYSTEM, "list of cursors: %s", strerror(why));
    }
    jw_status st = JW_OK;
    for (struct dirent *entry; st == JW_OK && (entry = readdir(dir));) {
        jw_text name = jw_text_from(entry->d_name);
        if (!jw_text_ends(name, JW_TEXT(".cursor")) || name.len >= FILE_NAME)
            continue;
        entry->d_name[name.len - strlen(".cursor")] = '\0';
        struct jw_cursor cursor = {0};
        st = jw_cursor_is_name(entry->d_name) ? jw_cursor_read(folder, entry->d_name, &cursor, err) : JW_AGAIN;
        if (st == JW_OK || st == JW_E_SYNTAX)
            each(context, &cursor);
        if (st == JW_AGAIN || st == JW_E_SYNTAX)
            st = JW_OK;
    }
    closedir(dir);
    return st;
}
