/* lib/os/stats.c — a mapped table of counters; readers map the same file read-only. */
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define MAGIC 0x31737473776aULL /* "jwsts1" */

struct slot {
    char name[JW_STATS_NAME], source[JW_STATS_SOURCE];
    jw_stat value;
};

struct table {
    uint64_t magic;
    _Atomic uint64_t used;
    struct slot slots[JW_STATS_SLOTS];
};

struct jw_stats {
    struct table *table;
    pthread_mutex_t lock; /* of making slots */
    uint16_t index[JW_STATS_SLOTS * 2];
};

static uint64_t identity(const char *name, const char *source) {
    return jw_hash(jw_text_from(name)) * 31 + jw_hash(jw_text_from(source));
}

static size_t find(const struct jw_stats *stats, const char *name, const char *source) {
    size_t mask = JW_STATS_SLOTS * 2 - 1, at = identity(name, source) & mask;
    for (; stats->index[at]; at = (at + 1) & mask) {
        const struct slot *slot = &stats->table->slots[stats->index[at] - 1];
        if (strcmp(slot->name, name) == 0 && strcmp(slot->source, source) == 0)
            break;
    }
    return at;
}

static bool is_total(const char *name) { return jw_text_ends(jw_text_from(name), JW_TEXT("_total")); }

/* A table of an older run is taken over: totals go on, gauges start again. */
static void take_over(struct jw_stats *stats) {
    uint64_t used = stats->table->used;
    if (stats->table->magic != MAGIC || used > JW_STATS_SLOTS)
        used = 0;
    stats->table->magic = MAGIC;
    stats->table->used = used;
    for (uint64_t i = 0; i < used; i++) {
        struct slot *slot = &stats->table->slots[i];
        slot->name[JW_STATS_NAME - 1] = slot->source[JW_STATS_SOURCE - 1] = '\0';
        if (!is_total(slot->name))
            slot->value = 0;
        stats->index[find(stats, slot->name, slot->source)] = (uint16_t)(i + 1);
    }
}

jw_status jw_stats_open(const char *path, struct jw_stats **out, struct jw_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0 || ftruncate(fd, sizeof(struct table)) != 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return jw_fail(err, JW_E_SYSTEM, "stats %s: %s", path, strerror(why));
    }
    void *map = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    struct jw_stats *stats = map == MAP_FAILED ? NULL : calloc(1, sizeof *stats);
    if (!stats) {
        if (map != MAP_FAILED)
            munmap(map, sizeof(struct table));
        return jw_fail(err, JW_E_SYSTEM, "stats %s: no memory", path);
    }
    stats->table = map;
    pthread_mutex_init(&stats->lock, NULL);
    take_over(stats);
    *out = stats;
    return JW_OK;
}

void jw_stats_close(struct jw_stats *stats) {
    if (!stats)
        return;
    munmap(stats->table, sizeof(struct table));
    pthread_mutex_destroy(&stats->lock);
    free(stats);
}

static jw_stat *make(struct jw_stats *stats, size_t at, const char *name, const char *source) {
    uint64_t used = stats->table->used;
    if (used == JW_STATS_SLOTS) /* the names alone never fill it; "other" has been made for each by then or shares
                                   the last */
        return &stats->table->slots[JW_STATS_SLOTS - 1].value;
    struct slot *slot = &stats->table->slots[used];
    snprintf(slot->name, sizeof slot->name, "%s", name);
    snprintf(slot->source, sizeof slot->source, "%s", source);
    slot->value = 0;
    stats->index[at] = (uint16_t)(used + 1);
    stats->table->used = used + 1;
    return &slot->value;
}

/* The last eighth is kept for "other", so that a peer with many names cannot take a counter from us. */
#define PEER_SLOTS (JW_STATS_SLOTS - JW_STATS_SLOTS / 8)

jw_stat *jw_stats_get(struct jw_stats *stats, const char *name, jw_text source) {
    char label[JW_STATS_SOURCE], word[JW_STATS_NAME];
    size_t len = source.len < sizeof label - 1 ? source.len : sizeof label - 1;
    if (len)
        memcpy(label, source.ptr, len);
    label[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)label[i] < 0x20 || label[i] == 0x7f)
            label[i] = '?';
    snprintf(word, sizeof word, "%s", name);
    pthread_mutex_lock(&stats->lock);
    size_t at = find(stats, word, label);
    if (!stats->index[at] && label[0] && stats->table->used >= PEER_SLOTS) {
        snprintf(label, sizeof label, "other");
        at = find(stats, word, label);
    }
    jw_stat *stat =
        stats->index[at] ? &stats->table->slots[stats->index[at] - 1].value : make(stats, at, word, label);
    pthread_mutex_unlock(&stats->lock);
    return stat;
}

jw_status jw_stats_read(const char *path, jw_stats_each each, void *context, struct jw_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(struct table)) {
        if (fd >= 0)
            close(fd);
        return jw_fail(err, JW_E_SYSTEM, "stats %s: %s", path,
                       fd < 0 ? strerror(errno) : "not a table of counters");
    }
    struct table *table = mmap(NULL, sizeof *table, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (table == MAP_FAILED)
        return jw_fail(err, JW_E_SYSTEM, "stats %s: %s", path, strerror(errno));
    uint64_t used = table->magic == MAGIC && table->used <= JW_STATS_SLOTS ? table->used : 0;
    for (uint64_t i = 0; i < used; i++)
        each(context, table->slots[i].name, table->slots[i].source,
             atomic_load_explicit(&table->slots[i].value, memory_order_relaxed));
    munmap(table, sizeof *table);
    return JW_OK;
}
