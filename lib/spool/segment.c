/* lib/spool/segment.c — making, opening and searching segment files. */
#include "segment.h"
#include "origins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"

#define SEGMENT_MAGIC 0x3147455357AAu /* AA 'W' 'S' 'E' 'G' '1' */
#define FRAME_MAGIC   0x3146574Au     /* "JWF1" */
#define VERSION       1u
#define CHUNK         ((size_t)1 << 20)

struct segment_header {
    uint64_t magic;
    uint32_t check; /* CRC-32C of everything behind it in the header */
    uint32_t version, id, seed;
    uint32_t origin_count, origin_check;
    uint64_t start, first_event;
    int64_t created;
    uint64_t base;
};
_Static_assert(sizeof(struct segment_header) == 64, "the layout on disk");

static uint32_t header_check(const struct segment_header *header) {
    const char *from = (const char *)&header->version;
    return jw_crc32c(0, from, sizeof *header - (size_t)(from - (const char *)header));
}

static uint32_t frame_check(const struct jw_frame_header *header, uint32_t seed) {
    const char *from = (const char *)&header->body_check;
    return jw_crc32c(seed, from, sizeof *header - (size_t)(from - (const char *)header));
}

void jw_segment_seal(struct jw_frame_header *header, uint32_t seed) {
    header->magic = FRAME_MAGIC;
    header->check = frame_check(header, seed);
}

bool jw_segment_is_frame(const struct jw_frame_header *header, uint32_t seed, uint64_t position) {
    return header->magic == FRAME_MAGIC && header->start == position && header->length <= JW_FRAME_MOST &&
           header->kind <= JW_FRAME_FORGET && header->first_event < JW_SPOOL_MOST && header->durable <= position &&
           position < JW_SPOOL_MOST && header->check == frame_check(header, seed);
}

jw_status jw_segment_failed(struct jw_error *err, int error, const char *what) {
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return jw_fail(err, full ? JW_AGAIN : JW_E_SYSTEM, "%s: %s", what, strerror(error));
}

jw_status jw_segment_write(int fd, const void *data, size_t size, int64_t offset, struct jw_error *err) {
    for (const char *at = data; size;) {
        ssize_t put = pwrite(fd, at, size, offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return jw_segment_failed(err, put ? errno : ENOSPC, "write");
        at += put, offset += put, size -= (size_t)put;
    }
    return JW_OK;
}

int64_t jw_segment_read(int fd, void *out, size_t size, int64_t offset) {
    size_t have = 0;
    while (have < size) {
        ssize_t got = pread(fd, (char *)out + have, size - have, offset + (int64_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (int64_t)have;
}

void jw_segment_name(uint64_t start, char out[JW_SEGMENT_NAME]) {
    snprintf(out, JW_SEGMENT_NAME, "%016llx.seg", (unsigned long long)start);
}

/* Written beside its name and renamed when it is whole: a segment that has its name has its header. */
static jw_status install(int folder, int fd, const char *temp, uint64_t start, const jw_buffer *bytes,
                         struct jw_error *err) {
    char name[JW_SEGMENT_NAME];
    jw_segment_name(start, name);
    jw_status st = jw_segment_write(fd, bytes->ptr, bytes->len, 0, err);
    if (st == JW_OK && fsync(fd) != 0)
        st = jw_segment_failed(err, errno, "fsync of a new segment");
    if (st == JW_OK && renameat(folder, temp, folder, name) != 0)
        st = jw_segment_failed(err, errno, "rename of a new segment");
    if (st == JW_OK && fsync(folder) != 0)
        st = jw_segment_failed(err, errno, "fsync of the folder");
    return st;
}

jw_status jw_segment_create(int folder, uint32_t id, uint64_t start, uint64_t first_event,
                            const struct jw_origins *origins, struct jw_segment *out, struct jw_error *err) {
    static const char temp[] = "segment.new";
    uint32_t count = jw_origins_count(origins);
    size_t table = count * sizeof(struct jw_origin), base = sizeof(struct segment_header) + table;
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(base);
    if (!jw_buffer_reserve(&bytes, base))
        return jw_fail(err, JW_E_SYSTEM, "new segment: no memory");
    struct segment_header header = {.magic = SEGMENT_MAGIC,
                                    .version = VERSION,
                                    .id = id,
                                    .origin_count = count,
                                    .start = start,
                                    .first_event = first_event,
                                    .created = jw_time_now(),
                                    .base = base};
    jw_random(&header.seed, sizeof header.seed);
    jw_origins_print(origins, (struct jw_origin *)(void *)(bytes.ptr + sizeof header));
    header.origin_check = jw_crc32c(0, bytes.ptr + sizeof header, table);
    header.check = header_check(&header);
    memcpy(bytes.ptr, &header, sizeof header);
    bytes.len = base;
    int fd = openat(folder, temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return jw_segment_failed(err, errno, "new segment");
    jw_status st = install(folder, fd, temp, start, &bytes, err);
    if (st != JW_OK) {
        char name[JW_SEGMENT_NAME];
        jw_segment_name(start, name);
        unlinkat(folder, temp, 0);
        unlinkat(folder, name, 0);
        close(fd);
        return st;
    }
    *out = (struct jw_segment){.fd = fd,
                               .id = id,
                               .seed = header.seed,
                               .origin_count = count,
                               .origin_check = header.origin_check,
                               .start = start,
                               .first_event = first_event,
                               .base = base};
    return JW_OK;
}

jw_status jw_segment_open(int folder, uint64_t start, int flags, struct jw_segment *out, struct jw_error *err) {
    char name[JW_SEGMENT_NAME];
    jw_segment_name(start, name);
    int fd = openat(folder, name, flags | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "segment %s: %s", name, strerror(errno));
    struct segment_header header = {0};
    struct stat st;
    int64_t got = fstat(fd, &st) == 0 ? jw_segment_read(fd, &header, sizeof header, 0) : -1;
    bool good = got == sizeof header && header.magic == SEGMENT_MAGIC && header.check == header_check(&header) &&
                header.version == VERSION && header.start == start && start < JW_SPOOL_MOST &&
                header.first_event < JW_SPOOL_MOST && header.origin_count <= JW_ORIGINS && header.id != 0 &&
                header.base == sizeof header + header.origin_count * sizeof(struct jw_origin) &&
                header.base <= (uint64_t)st.st_size;
    if (!good) {
        close(fd);
        return got < 0 ? jw_fail(err, JW_E_SYSTEM, "segment %s: cannot be read", name)
                       : jw_fail(err, JW_E_SYNTAX, "segment %s: damaged header", name);
    }
    *out = (struct jw_segment){.fd = fd,
                               .id = header.id,
                               .seed = header.seed,
                               .origin_count = header.origin_count,
                               .origin_check = header.origin_check,
                               .start = start,
                               .first_event = header.first_event,
                               .base = header.base};
    return JW_OK;
}

void jw_segment_close(struct jw_segment *segment) {
    if (segment->fd >= 0)
        close(segment->fd);
    *segment = JW_SEGMENT_NONE;
}

jw_status jw_segment_origins(const struct jw_segment *segment, struct jw_origins *table, struct jw_error *err) {
    size_t size = segment->origin_count * sizeof(struct jw_origin);
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(size + 1);
    if (!jw_buffer_reserve(&bytes, size + 1))
        return jw_fail(err, JW_E_SYSTEM, "origins: no memory");
    if (jw_segment_read(segment->fd, bytes.ptr, size, sizeof(struct segment_header)) != (int64_t)size)
        return jw_fail(err, JW_E_SYSTEM, "origins: cannot be read");
    if (jw_crc32c(0, bytes.ptr, size) != segment->origin_check)
        return jw_fail(err, JW_E_SYNTAX, "origins: damaged");
    jw_origins_clear(table);
    for (size_t at = 0; at < size; at += sizeof(struct jw_origin)) {
        struct jw_origin one;
        memcpy(&one, bytes.ptr + at, sizeof one);
        jw_origins_set(table, one.origin, one.at);
    }
    return JW_OK;
}

jw_status jw_segment_end(const struct jw_segment *segment, uint64_t *out, struct jw_error *err) {
    struct stat st;
    if (fstat(segment->fd, &st) != 0)
        return jw_fail(err, JW_E_SYSTEM, "segment: %s", strerror(errno));
    uint64_t size = (uint64_t)st.st_size;
    *out = segment->start + (size > segment->base ? size - segment->base : 0);
    return JW_OK;
}

jw_status jw_segment_frame(const struct jw_segment *segment, uint64_t position, struct jw_frame_header *out,
                           struct jw_error *err) {
    int64_t got = jw_segment_read(segment->fd, out, sizeof *out, jw_segment_offset(segment, position));
    if (got < 0)
        return jw_fail(err, JW_E_SYSTEM, "segment: %s", strerror(errno));
    if (got < (int64_t)sizeof *out)
        return JW_AGAIN;
    return jw_segment_is_frame(out, segment->seed, position) ? JW_OK : JW_E_SYNTAX;
}

static bool find_in(const char *bytes, size_t size, uint32_t seed, uint64_t position, uint64_t *out) {
    static const uint32_t magic = FRAME_MAGIC;
    for (size_t at = 0; at + sizeof(struct jw_frame_header) <= size; at += JW_FRAME_ALIGN) {
        struct jw_frame_header header;
        if (memcmp(bytes + at, &magic, sizeof magic) != 0)
            continue;
        memcpy(&header, bytes + at, sizeof header);
        if (jw_segment_is_frame(&header, seed, position + at)) {
            *out = position + at;
            return true;
        }
    }
    return false;
}

bool jw_segment_find(const struct jw_segment *segment, uint64_t from, uint64_t limit, uint64_t *out) {
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(CHUNK);
    if (!jw_buffer_reserve(&bytes, CHUNK))
        return false;
    from = segment->start + ((from - segment->start + JW_FRAME_ALIGN - 1) & ~(uint64_t)(JW_FRAME_ALIGN - 1));
    while (from < limit) {
        int64_t got = jw_segment_read(segment->fd, bytes.ptr, CHUNK, jw_segment_offset(segment, from));
        if (got < (int64_t)sizeof(struct jw_frame_header))
            return false;
        if (find_in(bytes.ptr, (size_t)got, segment->seed, from, out))
            return *out < limit;
        from += CHUNK -
                sizeof(struct jw_frame_header); /* a multiple of the alignment: a header may lie across chunks */
    }
    return false;
}

/* Makes each missing folder of `path` and the entry of each durable in the one above it. */
static jw_status make_folders(const char *path, struct jw_error *err) {
    char part[4096], above[4096] = ".";
    size_t len = strlen(path);
    if (len >= sizeof part)
        return jw_fail(err, JW_E_LIMIT, "folder: a name of %zu bytes", len);
    for (size_t at = 1; at <= len; at++) {
        if (path[at] != '/' && path[at] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)at, path);
        if (mkdir(part, 0750) == 0) {
            int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (fd < 0 || fsync(fd) != 0)
                jw_fail(err, JW_E_SYSTEM, "folder %s: %s", above,
                        strerror(errno)); /* open below says what matters */
            if (fd >= 0)
                close(fd);
        } else if (errno != EEXIST) {
            return jw_fail(err, JW_E_SYSTEM, "folder %s: %s", part, strerror(errno));
        }
        snprintf(above, sizeof above, "%s", part);
    }
    return JW_OK;
}

jw_status jw_segment_folder(const char *path, bool make, int *out, struct jw_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        jw_status st = make_folders(path, err);
        if (st != JW_OK)
            return st;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "folder %s: %s", path, strerror(errno));
    *out = fd;
    return JW_OK;
}

static bool entry_start(const char *name, uint64_t *out) {
    uint64_t start = 0;
    size_t at = 0;
    for (; at < 16; at++) {
        char c = name[at];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        start = start << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = start;
    return strcmp(name + at, ".seg") == 0 && start < JW_SPOOL_MOST;
}

static int by_start(const void *a, const void *b) {
    const struct jw_segment_entry *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

jw_status jw_segment_list(int folder, struct jw_segment_entry **out, size_t *out_count, struct jw_error *err) {
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    if (!dir) {
        int why = errno;
        if (again >= 0)
            close(again);
        return jw_fail(err, JW_E_SYSTEM, "list of segments: %s", strerror(why));
    }
    struct jw_segment_entry *list = NULL;
    size_t count = 0, capacity = 0;
    jw_status st = JW_OK;
    for (struct dirent *entry; st == JW_OK && (entry = readdir(dir));) {
        struct jw_segment_entry one;
        struct stat file;
        if (!entry_start(entry->d_name, &one.start) || fstatat(folder, entry->d_name, &file, 0) != 0)
            continue; /* not ours, or deleted while we look */
        one.bytes = (uint64_t)file.st_size;
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct jw_segment_entry *more = realloc(list, capacity * sizeof *more);
            if (!more) {
                st = jw_fail(err, JW_E_SYSTEM, "list of segments: no memory");
                break;
            }
            list = more;
        }
        list[count++] = one;
    }
    closedir(dir);
    if (st != JW_OK) {
        free(list);
        return st;
    }
    if (count)
        qsort(list, count, sizeof *list, by_start);
    *out = list;
    *out_count = count;
    return JW_OK;
}
