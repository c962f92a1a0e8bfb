/* lib/os/file.c — whole files. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

static jw_status read_all(int fd, jw_buffer *out) {
    for (;;) {
        if (!jw_buffer_reserve(out, out->len == out->ceiling          ? 1
                                    : out->ceiling - out->len < 65536 ? out->ceiling - out->len
                                                                      : 65536)) {
            char byte;
            return read(fd, &byte, 1) == 0 ? JW_OK : JW_E_LIMIT;
        }
        ssize_t got = read(fd, out->ptr + out->len, out->capacity - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? JW_E_SYSTEM : JW_OK;
        out->len += (size_t)got;
    }
}

jw_status jw_file_read(const char *path, jw_buffer *out, struct jw_error *err) {
    jw_buffer_clear(out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    jw_status st = read_all(fd, out);
    int why = errno;
    close(fd);
    out->failed = false;
    if (st == JW_E_LIMIT)
        return jw_fail(err, st, "%s: larger than %zu bytes", path, out->ceiling);
    return st == JW_OK ? st : jw_fail(err, st, "%s: %s", path, strerror(why));
}

static bool write_all(int fd, jw_text content) {
    while (content.len) {
        ssize_t put = write(fd, content.ptr, content.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        content = (jw_text){content.ptr + put, content.len - (size_t)put};
    }
    return true;
}

static bool sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= sizeof folder)
        return false;
    memcpy(folder, len ? path : ".", len ? len : 1);
    folder[len ? len : 1] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

jw_status jw_file_replace(const char *path, jw_text content, mode_t mode, struct jw_error *err) {
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid()) >= (int)sizeof beside)
        return jw_fail(err, JW_E_LIMIT, "%s: the path is too long", path);
    unlink(beside); /* of an earlier process with our number that died here */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool good = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, content) && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (good && rename(beside, path) == 0 && sync_folder_of(path))
        return JW_OK;
    if (good)
        why = errno;
    unlink(beside);
    return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(why));
}

jw_status jw_file_lock(const char *path, int *out_fd, struct jw_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), result = -1;
    while (fd >= 0 && (result = flock(fd, LOCK_EX)) != 0 && errno == EINTR) {
    }
    if (result == 0)
        return *out_fd = fd, JW_OK;
    jw_status st = jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return st;
}
