/* daemons/loader/intent.c — 40 bytes at the beginning of a file. */
#include "intent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/hash.h"

#define MAGIC 0x314e494a /* "JIN1" */

struct stored {
    uint32_t magic, crc; /* CRC-32C of what follows */
    struct jw_intent intent;
};

static uint32_t sum(const struct jw_intent *intent) { return jw_crc32c(0, intent, sizeof *intent); }

/* A file is lost in a power failure, however well its bytes were kept, while its folder's entry is not on disk. */
static jw_status keep_name(const char *path, struct jw_error *err) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool kept = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return kept ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: %s", folder, strerror(why));
}

jw_status jw_intent_open(const char *path, int *out_fd, struct jw_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    jw_status st = keep_name(path, err);
    if (st != JW_OK) {
        close(fd);
        return st;
    }
    *out_fd = fd;
    return JW_OK;
}

jw_status jw_intent_read(int fd, struct jw_intent *out, struct jw_error *err) {
    struct stored stored;
    ssize_t len = pread(fd, &stored, sizeof stored, 0);
    if (len < 0)
        return jw_fail(err, JW_E_SYSTEM, "intent: %s", strerror(errno));
    if (len != sizeof stored || stored.magic != MAGIC || stored.crc != sum(&stored.intent))
        return JW_END;
    *out = stored.intent;
    return JW_OK;
}

jw_status jw_intent_write(int fd, const struct jw_intent *intent, struct jw_error *err) {
    struct stored stored;
    memset(&stored, 0, sizeof stored); /* the padding is part of the sum */
    stored.magic = MAGIC;
    memcpy(&stored.intent, intent, sizeof *intent);
    stored.crc = sum(&stored.intent);
    if (pwrite(fd, &stored, sizeof stored, 0) != sizeof stored || fdatasync(fd) != 0)
        return jw_fail(err, JW_E_SYSTEM, "intent: %s", strerror(errno));
    return JW_OK;
}
