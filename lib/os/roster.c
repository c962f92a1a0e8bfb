/* lib/os/roster.c — head, rows with places of their texts, then the texts. */
#include "roster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x3172747372776aULL /* "jwrstr1" */

struct place {
    uint32_t at, len; /* from the beginning of the file */
};
struct row {
    jw_stat numbers[JW_ROSTER_NUMBERS];
    struct place texts[JW_ROSTER_TEXTS];
};
struct table {
    uint64_t magic, rows, size;
    struct row list[];
};

struct jw_roster {
    struct table *table;
    size_t size;
};

static size_t cut(jw_text text) { return text.len < JW_ROSTER_TEXT ? text.len : JW_ROSTER_TEXT; }

static size_t size_of(const struct jw_roster_row *rows, size_t count) {
    size_t size = sizeof(struct table) + count * sizeof(struct row);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < JW_ROSTER_TEXTS; k++)
            size += cut(rows[i].texts[k]);
    return size;
}

static void fill(struct table *table, size_t size, const struct jw_roster_row *rows, size_t count) {
    size_t at = sizeof(struct table) + count * sizeof(struct row);
    for (size_t i = 0; i < count; i++) {
        struct row *row = &table->list[i];
        for (size_t k = 0; k < JW_ROSTER_TEXTS; k++) {
            row->texts[k] = (struct place){(uint32_t)at, (uint32_t)cut(rows[i].texts[k])};
            if (row->texts[k].len)
                memcpy((char *)table + at, rows[i].texts[k].ptr, row->texts[k].len);
            at += row->texts[k].len;
        }
        for (size_t k = 0; k < JW_ROSTER_NUMBERS; k++)
            jw_stat_set(&row->numbers[k], rows[i].numbers[k]);
    }
    table->rows = count;
    table->size = size;
    table->magic = MAGIC;
}

jw_status jw_roster_make(const char *path, const struct jw_roster_row *rows, size_t count, struct jw_roster **out,
                         struct jw_error *err) {
    char beside[PATH_MAX];
    size_t size = size_of(rows, count);
    if (count > JW_ROSTER_ROWS || size > UINT32_MAX ||
        snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return jw_fail(err, JW_E_LIMIT, "%s: %zu rows are too many", path, count);
    int fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int why = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);
    void *map = why ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!why && map == MAP_FAILED)
        why = errno;
    if (fd >= 0)
        close(fd);
    struct jw_roster *roster = why ? NULL : calloc(1, sizeof *roster);
    if (roster)
        fill(map, size, rows, count);
    if (!roster || rename(beside, path) != 0) {
        why = why ? why : errno;
        if (map != MAP_FAILED)
            munmap(map, size);
        free(roster);
        unlink(beside);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(why));
    }
    roster->table = map;
    roster->size = size;
    *out = roster;
    return JW_OK;
}

void jw_roster_close(struct jw_roster *roster) {
    if (!roster)
        return;
    munmap(roster->table, roster->size);
    free(roster);
}

jw_stat *jw_roster_number(struct jw_roster *roster, size_t row, size_t number) {
    return &roster->table->list[row].numbers[number];
}

static jw_status give(const struct table *table, size_t size, jw_roster_each each, void *context) {
    bool good = size >= sizeof *table && table->magic == MAGIC && table->size == size &&
                table->rows <= (size - sizeof *table) / sizeof *table->list;
    for (uint64_t i = 0; good && i < table->rows; i++) {
        const struct row *row = &table->list[i];
        struct jw_roster_row out;
        for (size_t k = 0; k < JW_ROSTER_TEXTS; k++) {
            struct place place = row->texts[k];
            good &= place.at <= size && place.len <= size - place.at;
            out.texts[k] = good ? (jw_text){(const char *)table + place.at, place.len} : (jw_text){0};
        }
        for (size_t k = 0; k < JW_ROSTER_NUMBERS; k++)
            out.numbers[k] = atomic_load_explicit(&row->numbers[k], memory_order_relaxed);
        if (good)
            each(context, &out);
    }
    return good ? JW_OK : JW_E_SYNTAX;
}

jw_status jw_roster_read(const char *path, jw_roster_each each, void *context, struct jw_error *err) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    void *map = MAP_FAILED;
    size_t size = fstat(fd, &st) == 0 ? (size_t)st.st_size : 0;
    if (size)
        map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    jw_status done = map == MAP_FAILED ? JW_E_SYNTAX : give(map, size, each, context);
    if (map != MAP_FAILED)
        munmap(map, size);
    return done == JW_OK ? JW_OK
                         : jw_fail(err, done, "%s: damaged; the next start of its process replaces it", path);
}
