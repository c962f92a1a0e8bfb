/* cli/detect_run.c — files shared out to threads; what they find is written file by file, whatever thread was
 * first. A thread that is far ahead waits: memory stays bounded. */
#include "detect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_SOFT  (8u << 20) /* of one file before its turn: then its thread waits */
#define LOG_FLUSH (64u << 10)
#define LOG_HARD  ((size_t)1 << 30) /* one event with all its findings */
#define AHEAD     4                 /* files per thread that may be done before their turn */

struct thread {
    struct jw_detect *detect;
    struct jw_sigma_worker *match;
    struct jw_intake_worker *reader;
    struct jw_detect_log log;
    jw_buffer line, reason;
    uint32_t file;
    uint64_t number, labelled, right;
    bool mine; /* it is this file's turn, and will be until the file is done */
};

/* --- the log of a file -----------------------------------------------------------------------------------------
 */
static bool log_open(struct jw_detect_log *log) {
    *log = (struct jw_detect_log){.mem = jw_arena_new(LOG_HARD)};
    return log->mem != NULL;
}

static struct jw_detect_entry *log_add(struct jw_detect_log *log, jw_detect_kind kind) {
    struct jw_detect_entry *entry = jw_arena_alloc(log->mem, sizeof *entry);
    if (!entry)
        return NULL;
    *entry = (struct jw_detect_entry){.kind = kind};
    if (log->first)
        *log->tail = entry;
    else
        log->first = entry;
    log->tail = &entry->next;
    return entry;
}

static bool log_text(struct jw_detect_log *log, jw_detect_kind kind, jw_text text) {
    jw_text kept = jw_arena_copy(log->mem, text);
    struct jw_detect_entry *entry = kept.ptr || !text.len ? log_add(log, kind) : NULL;
    if (entry)
        entry->text = kept;
    return entry != NULL;
}

static struct jw_record *copy_record(struct jw_arena *mem, const struct jw_record *rec) {
    struct jw_record *copy = jw_arena_alloc(mem, sizeof *copy);
    jw_field *fields = jw_arena_alloc(mem, (rec->count + 1) * sizeof *fields);
    if (!copy || !fields)
        return NULL;
    *copy = (struct jw_record){
        .mem = mem, .fields = fields, .count = rec->count, .time = rec->time, .has_time = rec->has_time};
    for (uint32_t i = 0; i < rec->count; i++) {
        fields[i] = rec->fields[i];
        fields[i].value = jw_arena_copy(mem, fields[i].value);
        if (!fields[i].id) /* the dictionary's names are static */
            fields[i].name = jw_arena_copy(mem, fields[i].name);
    }
    return copy;
}

static bool log_event(struct thread *t, const struct jw_record *rec, uint64_t record,
                      const struct jw_sigma_rule *const *rules, size_t count) {
    struct jw_detect_entry *entry = log_add(&t->log, JW_DETECT_EVENT);
    if (!entry || !(entry->rec = copy_record(t->log.mem, rec)) ||
        !(entry->rules = jw_arena_alloc(t->log.mem, count * sizeof *entry->rules)))
        return false;
    memcpy(entry->rules, rules, count * sizeof *rules);
    entry->rule_count = count;
    entry->number = t->number;
    entry->record = record;
    return true;
}

/* --- writing, only with the turn -------------------------------------------------------------------------------
 */
static void correlate(struct jw_detect *d, const struct jw_detect_entry *entry, const char *path) {
    const struct jw_correlation_hit *hits;
    size_t found = jw_correlator_take(d->correlator, entry->rec, d->before + entry->number, d->from.received,
                                      entry->rules, entry->rule_count, &hits);
    for (size_t i = 0; i < found; i++) {
        jw_buffer_clear(&d->reason);
        jw_buffer_clear(&d->out);
        jw_correlation_reason(&hits[i], &d->reason);
        jw_detect_show(d, path, entry->record, jw_sigma_rule_info(hits[i].rule), jw_buffer_text(&d->reason),
                       entry->rec, &d->out);
        fwrite(d->out.ptr, 1, d->out.len, stdout);
        atomic_fetch_add(&d->matches, 1);
    }
}

static void log_write(struct jw_detect *d, struct jw_detect_log *log, const char *path) {
    for (const struct jw_detect_entry *entry = log->first; entry; entry = entry->next)
        if (entry->kind == JW_DETECT_TEXT)
            fwrite(entry->text.ptr, 1, entry->text.len, stdout);
        else if (entry->kind == JW_DETECT_STORY)
            fprintf(stderr, "%.*s\n", (int)entry->text.len, entry->text.ptr);
        else
            correlate(d, entry, path);
    log->first = NULL;
    jw_arena_reset(log->mem);
}

/* Waits for the turn, or does not; false when all stops. */
static bool take_turn(struct thread *t, bool wait) {
    struct jw_detect *d = t->detect;
    if (t->mine)
        return true;
    pthread_mutex_lock(&d->lock);
    while (wait && d->turn != t->file && !d->stop)
        pthread_cond_wait(&d->moved, &d->lock);
    t->mine = d->turn == t->file;
    bool go = !d->stop;
    pthread_mutex_unlock(&d->lock);
    return go;
}

static jw_status log_spill(struct thread *t, struct jw_error *err) {
    struct jw_detect *d = t->detect;
    size_t used = jw_arena_used(t->log.mem);
    if (used < LOG_FLUSH)
        return JW_OK;
    if (!take_turn(t, used >= LOG_SOFT))
        return jw_fail(err, JW_E_SYSTEM, "stopped");
    if (t->mine)
        log_write(d, &t->log, d->paths[t->file]);
    return ferror(stdout) ? jw_fail(err, JW_E_SYSTEM, "stdout: cannot write") : JW_OK;
}

/* --- one event -------------------------------------------------------------------------------------------------
 */
/* A case that says which rule it is for. */
static bool compare(struct thread *t, uint64_t record, const struct jw_case *one, bool matched) {
    t->labelled++;
    t->right += matched == one->label;
    if (matched == one->label)
        return true;
    jw_buffer_clear(&t->line);
    jw_buffer_print(&t->line, "%s:%llu: rule " JW_FMT " %s", t->detect->paths[t->file], (unsigned long long)record,
                    JW_ARG(one->rule), matched ? "matches, and should not" : "does not match, and should");
    return log_text(&t->log, JW_DETECT_STORY, jw_buffer_text(&t->line));
}

static jw_status take(struct thread *t, uint64_t record, const struct jw_record *rec,
                      const struct jw_sigma_source *source, const struct jw_case *one, struct jw_error *err) {
    struct jw_detect *d = t->detect;
    const struct jw_sigma_rule *const *rules;
    size_t count = jw_sigma_match(t->match, rec, source, &rules);
    bool good = true, expected = false;
    atomic_fetch_add_explicit(&d->events, 1, memory_order_relaxed);
    t->number++;
    for (size_t i = 0; i < count && good; i++) {
        const struct jw_sigma_info *info = jw_sigma_rule_info(rules[i]);
        expected |= one && jw_text_is(info->id, one->rule);
        if (!d->all && !jw_sigma_rule_alerts(rules[i]))
            continue;
        jw_buffer_clear(&t->reason);
        jw_buffer_clear(&t->line);
        jw_sigma_reason(t->match, rules[i], &t->reason);
        jw_detect_show(d, d->paths[t->file], record, info, jw_buffer_text(&t->reason), rec, &t->line);
        good = !t->line.failed && log_text(&t->log, JW_DETECT_TEXT, jw_buffer_text(&t->line));
        atomic_fetch_add_explicit(&d->matches, 1, memory_order_relaxed);
    }
    if (good && one && one->rule.len)
        good = compare(t, record, one, expected);
    if (good && count && d->correlates)
        good = log_event(t, rec, record, rules, count);
    return good ? log_spill(t, err)
                : jw_fail(err, JW_E_LIMIT, "record %llu: too large to show", (unsigned long long)record);
}

static jw_status on_event(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct thread *t = context;
    const struct jw_sigma_source *source = &t->detect->source;
    bool given = source->product.len || source->category.len || source->service.len;
    return take(t, number, rec, given ? source : NULL, NULL, err);
}

static jw_status on_case(void *context, uint64_t number, const struct jw_case *one, struct jw_error *err) {
    return take(context, number, one->rec, &one->source, one, err);
}

/* --- one file --------------------------------------------------------------------------------------------------
 */
static void read_file(struct thread *t) {
    struct jw_detect *d = t->detect;
    const char *path = d->paths[t->file];
    struct jw_error err = {{0}};
    struct jw_intake_counts counts = {0};
    jw_status st = d->cases ? jw_cases_read(path, on_case, t, &counts.damaged, &err)
                            : jw_intake_file(t->reader, &d->from, path, on_event, t, &counts, &err);
    if (st != JW_OK) {
        jw_buffer_clear(&t->line);
        jw_buffer_print(&t->line, "jinwu detect: %s", err.text);
        (void)log_text(&t->log, JW_DETECT_STORY, jw_buffer_text(&t->line));
    }
    atomic_fetch_add(&d->files, 1);
    pthread_mutex_lock(&d->lock);
    d->failed += st != JW_OK;
    d->unparsed += counts.unparsed;
    d->damaged += counts.damaged;
    d->labelled += t->labelled;
    d->right += t->right;
    t->labelled = t->right = 0;
    pthread_mutex_unlock(&d->lock);
}

/* The file is done. With the turn its log is written, and those of the files behind it that are done already; else
 * the log waits for whoever gets there. Called with the lock held. */
static void hand_over(struct thread *t) {
    struct jw_detect *d = t->detect;
    t->log.events = t->number;
    t->log.done = true;
    d->logs[t->file] = t->log;
    t->log = (struct jw_detect_log){0};
    if (d->turn != t->file)
        return;
    while (d->turn < d->count && d->logs[d->turn].done) {
        struct jw_detect_log *log = &d->logs[d->turn];
        const char *path = d->paths[d->turn];
        pthread_mutex_unlock(&d->lock);
        log_write(d, log, path);
        d->before += log->events;
        jw_arena_free(log->mem);
        pthread_mutex_lock(&d->lock);
        log->mem = NULL;
        d->turn++;
    }
    d->stop |= ferror(stdout) != 0;
    pthread_cond_broadcast(&d->moved);
}

static void *work(void *context) {
    struct thread *t = context;
    struct jw_detect *d = t->detect;
    pthread_mutex_lock(&d->lock);
    while (!d->stop && d->next < d->count) {
        if (d->next - d->turn >= AHEAD * d->threads) {
            pthread_cond_wait(&d->moved, &d->lock);
            continue;
        }
        t->file = d->next++;
        t->number = 0;
        t->mine = false;
        pthread_mutex_unlock(&d->lock);
        bool opened = log_open(&t->log);
        if (opened)
            read_file(t);
        pthread_mutex_lock(&d->lock);
        d->stop |= !opened;
        if (opened)
            hand_over(t);
    }
    d->given_up += jw_sigma_given_up(t->match);
    d->running--;
    pthread_cond_broadcast(&d->moved);
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* --- all -------------------------------------------------------------------------------------------------------
 */
static void thread_close(struct thread *t) {
    jw_sigma_worker_free(t->match);
    jw_intake_worker_free(t->reader);
    jw_buffer_free(&t->line);
    jw_buffer_free(&t->reason);
}

static bool thread_open(struct thread *t, struct jw_detect *d) {
    *t = (struct thread){.detect = d, .line = JW_BUFFER(256 << 20), .reason = JW_BUFFER(1 << 20)};
    t->match = jw_sigma_worker_new(d->sigma);
    t->reader = jw_intake_worker_new(d->intake);
    return t->match && t->reader;
}

/* On a terminal one line that changes; else a line every ten seconds. */
static void progress(struct jw_detect *d, int64_t start, bool terminal) {
    double seconds = (double)(jw_time_steady() - start) / JW_SECOND;
    unsigned long long events = atomic_load(&d->events);
    fprintf(stderr, "%s%llu of %u files, %llu events, %llu matches, %.0f events/s%s", terminal ? "\r" : "",
            (unsigned long long)atomic_load(&d->files), d->count, events,
            (unsigned long long)atomic_load(&d->matches), seconds > 0 ? (double)events / seconds : 0,
            terminal ? "\x1b[K" : "\n");
    fflush(stderr);
}

static void watch(struct jw_detect *d) {
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int64_t start = jw_time_steady(), every = terminal ? JW_SECOND / 2 : 10 * JW_SECOND, last = start;
    pthread_mutex_lock(&d->lock);
    while (d->running) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        pthread_cond_timedwait(&d->moved, &d->lock, &until);
        if (jw_time_steady() - last < every || !d->running)
            continue;
        last = jw_time_steady();
        shown = true;
        pthread_mutex_unlock(&d->lock);
        progress(d, start, terminal);
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    if (shown && terminal)
        fputs("\r\x1b[K", stderr);
}

static bool start(struct jw_detect *d, struct thread *threads, pthread_t *ids, struct jw_error *err) {
    unsigned started = 0;
    bool good = true;
    for (; good && started < d->threads; started += good) {
        good = thread_open(&threads[started], d);
        pthread_mutex_lock(&d->lock);
        good = good && pthread_create(&ids[started], NULL, work, &threads[started]) == 0;
        d->running += good;
        d->stop |= !good;
        pthread_mutex_unlock(&d->lock);
        if (!good)
            (void)jw_fail(err, JW_E_LIMIT, "no memory for %u threads; try --threads 1", d->threads);
    }
    watch(d);
    for (unsigned i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    return good;
}

bool jw_detect_run(struct jw_detect *d, struct jw_error *err) {
    struct thread *threads = calloc(d->threads, sizeof *threads);
    pthread_t *ids = calloc(d->threads, sizeof *ids);
    d->logs = calloc(d->count + 1, sizeof *d->logs);
    d->out = JW_BUFFER(256 << 20);
    d->reason = JW_BUFFER(1 << 20);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->moved, NULL);
    bool good =
        threads && ids && d->logs ? start(d, threads, ids, err) : jw_fail(err, JW_E_LIMIT, "no memory") == JW_OK;
    if (good && d->stop)
        good = jw_fail(err, JW_E_SYSTEM, "stdout: cannot write, or no memory") == JW_OK;
    for (unsigned i = 0; threads && i < d->threads; i++)
        thread_close(&threads[i]);
    for (uint32_t i = 0; d->logs && i < d->count; i++)
        jw_arena_free(d->logs[i].mem);
    free(threads);
    free(ids);
    free(d->logs);
    jw_buffer_free(&d->out);
    jw_buffer_free(&d->reason);
    pthread_cond_destroy(&d->moved);
    pthread_mutex_destroy(&d->lock);
    return good;
}
