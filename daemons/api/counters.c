/* daemons/api/counters.c — a look at every stats file, sorted, compared with an older look. */
#include "counters.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"

#define MOST (64 * JW_STATS_SLOTS)

struct look {
    struct jw_counter *list;
    size_t count, capacity;
    int64_t at; /* steady */
    const char *daemon;
};

struct jw_counters {
    pthread_mutex_t lock;
    char folder[PATH_MAX];
    struct look before; /* sorted */
};

struct jw_counters *jw_counters_new(const char *run_folder) {
    struct jw_counters *counters = calloc(1, sizeof *counters);
    if (counters) {
        pthread_mutex_init(&counters->lock, NULL);
        snprintf(counters->folder, sizeof counters->folder, "%s", run_folder);
    }
    return counters;
}

void jw_counters_free(struct jw_counters *counters) {
    if (!counters)
        return;
    pthread_mutex_destroy(&counters->lock);
    free(counters->before.list);
    free(counters);
}

static void see(void *context, const char *name, const char *source, uint64_t value) {
    struct look *look = context;
    if (look->count == look->capacity) {
        size_t capacity = look->capacity ? look->capacity * 2 : 256;
        struct jw_counter *list = look->count < MOST ? realloc(look->list, capacity * sizeof *list) : NULL;
        if (!list)
            return;
        look->list = list;
        look->capacity = capacity;
    }
    struct jw_counter *counter = &look->list[look->count++];
    counter->value = value;
    counter->rate = 0;
    snprintf(counter->daemon, sizeof counter->daemon, "%s", look->daemon);
    snprintf(counter->name, sizeof counter->name, "%s", name);
    snprintf(counter->source, sizeof counter->source, "%s", source);
}

static int compare(const void *a, const void *b) {
    const struct jw_counter *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0)
        order = strcmp(x->daemon, y->daemon);
    return order ? order : strcmp(x->source, y->source);
}

static void look_at(const char *folder, struct look *out) {
    DIR *run = opendir(folder);
    *out = (struct look){.at = jw_time_steady()};
    for (struct dirent *entry; run && (entry = readdir(run));) {
        char path[PATH_MAX + 300], daemon[32];
        jw_text name = jw_text_from(entry->d_name);
        if (!jw_text_ends(name, JW_TEXT(".stats")) || name.len - 6 >= sizeof daemon)
            continue;
        memcpy(daemon, name.ptr, name.len - 6);
        daemon[name.len - 6] = '\0';
        out->daemon = daemon;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)!jw_stats_read(path, see, out, NULL); /* one that is just being made comes next time */
    }
    if (run)
        closedir(run);
    if (out->count)
        qsort(out->list, out->count, sizeof *out->list, compare);
}

void jw_counters_sample(struct jw_counters *counters) {
    struct look now;
    look_at(counters->folder, &now);
    pthread_mutex_lock(&counters->lock);
    free(counters->before.list);
    counters->before = now;
    pthread_mutex_unlock(&counters->lock);
}

/* Both sorted: one walk. */
static void add_rates(struct look *now, const struct look *before) {
    double seconds = (double)(now->at - before->at) / JW_SECOND;
    for (size_t i = 0, j = 0; i < now->count && seconds > 0.01; i++) {
        struct jw_counter *counter = &now->list[i];
        while (j < before->count && compare(&before->list[j], counter) < 0)
            j++;
        bool known = j < before->count && compare(&before->list[j], counter) == 0;
        uint64_t was = known ? before->list[j].value : 0;
        if (jw_text_ends(jw_text_from(counter->name), JW_TEXT("_total")) && before->count && counter->value >= was)
            counter->rate = (double)(counter->value - was) / seconds;
    }
}

size_t jw_counters_read(struct jw_counters *counters, struct jw_counter **out) {
    struct look now;
    look_at(counters->folder, &now);
    pthread_mutex_lock(&counters->lock);
    add_rates(&now, &counters->before);
    pthread_mutex_unlock(&counters->lock);
    *out = now.list;
    return now.count;
}
