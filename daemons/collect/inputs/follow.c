/* daemons/collect/inputs/follow.c — files and folders followed over rotation and restart. inotify says that
 * something happened, looking says what: a look every second alone would do, and does on file systems without
 * inotify. */
#include "follow.h"

#include <errno.h>
#include <glob.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/time.h"

#define FILES_MOST 4096
#define OWN_MOST   ((size_t)8 << 20) /* of one file in flight */
#define SOON_NS    (20 * JW_MS)      /* a busy file is read in batches, not line by line */
#define GONE_NS    (10 * JW_SECOND)  /* after rotation its writer may go on for a while */
#define ROUND      16                /* batches of one file before the others have their turn */

/* What is known of a submission until it is answered. */
struct flight {
    struct follow *follow;
    struct one *one;
    size_t bytes;
};

static void hurry(struct follow *follow);

/* --- reading -------------------------------------------------------------------------------------------------- */

static void on_done(void *context, jw_status st, uint32_t events) {
    struct flight *flight = context;
    (void)st, (void)events;
    bool was_full = flight->one->flying >= OWN_MOST;
    flight->one->flying -= flight->bytes;
    if (was_full && !flight->follow->closing)
        hurry(flight->follow);
    free(flight);
}

static jw_status submit(struct follow *follow, struct one *one, struct jw_lines *lines) {
    struct flight *flight = malloc(sizeof *flight);
    if (!flight)
        return JW_E_LIMIT;
    *flight = (struct flight){follow, one, jw_lines_cost(lines)};
    jw_status st = jw_submit(follow->collect->pipeline, &(struct jw_submission){.lines = lines,
                                                                                .source = one->source,
                                                                                .format = one->pattern->format,
                                                                                .dataset = one->pattern->dataset,
                                                                                .origin = one->file.origin,
                                                                                .origin_at = one->file.offset,
                                                                                .lane = one->file.origin,
                                                                                .done = on_done,
                                                                                .context = flight});
    if (st == JW_OK)
        one->flying += flight->bytes;
    else
        free(flight);
    return st;
}

static bool is_finished(const struct one *one) { return one->gone && jw_time_steady() - one->gone > GONE_NS; }

/* Gets to know the file and goes on where the spool says it got to. */
static bool begin(struct follow *follow, struct one *one) {
    uint64_t at;
    if (one->file.origin)
        return true;
    if (!jw_followed_identify(&one->file, is_finished(one)))
        return false;
    if (jw_spool_origin(follow->collect->spool, one->file.origin, &at))
        jw_followed_seek(&one->file, at);
    return true;
}

/* Emptied in place: once what was in flight is done with, it is a file like a new one. */
static bool start_over(struct follow *follow, struct one *one) {
    if (one->flying)
        return false;
    if (one->file.origin)
        jw_spool_forget(follow->collect->spool, one->file.origin);
    jw_followed_restart(&one->file);
    return true;
}

/* JW_OK: a batch is on its way. JW_END: nothing to read. JW_AGAIN: the pipeline is full. */
static jw_status read_batch(struct follow *follow, struct one *one) {
    struct jw_followed before = one->file;
    struct jw_lines *lines = jw_lines_new();
    bool moved = lines && jw_followed_read(&one->file, follow->scratch, follow->scratch_size,
                                           follow->collect->message_most, is_finished(one), lines);
    if (!moved || !lines->count) { /* blank lines, or the rest of a cut one, move us without an event */
        jw_lines_free(lines);
        return moved ? JW_OK : JW_END;
    }
    jw_status st = submit(follow, one, lines);
    if (st != JW_OK) {
        jw_lines_free(lines);
        one->file = before; /* read again when there is room */
    }
    return st;
}

static jw_status serve_one(struct follow *follow, struct one *one) {
    uint64_t size = one->file.size;
    if (jw_followed_was_rewritten(&one->file) && !start_over(follow, one))
        return JW_END;
    if (one->gone && one->file.size != size)
        one->gone = jw_time_steady();
    if (!begin(follow, one))
        return JW_END;
    jw_status st = JW_OK;
    for (int i = 0; i < ROUND && st == JW_OK; i++) {
        if (one->flying >= OWN_MOST)
            return JW_END; /* its answers call us back */
        st = read_batch(follow, one);
    }
    if (st == JW_OK)
        hurry(follow); /* more to read: after the others */
    return st;
}

/* The list begins with `first` from now on; what was before it comes last. */
static void put_first(struct follow *follow, struct one *first) {
    struct one **cut = &follow->files, **tail;
    while (first && *cut != first)
        cut = &(*cut)->next;
    if (!first || cut == &follow->files)
        return;
    *cut = NULL;
    for (tail = &first->next; *tail;)
        tail = &(*tail)->next;
    *tail = follow->files;
    follow->files = first;
}

static void serve_all(struct follow *follow) {
    for (struct one *one = follow->files; one; one = one->next)
        if (serve_one(follow, one) == JW_AGAIN) {
            jw_pipeline_await(follow->collect->pipeline, &follow->waiter);
            put_first(follow, one->next); /* who found us full is not first again and again */
            return;
        }
}

/* --- finding -------------------------------------------------------------------------------------------------- */

static void refuse(struct follow *follow, const char *why) {
    follow->refused_now++;
    if (!follow->refused_told)
        jw_log(JW_LOG_WARNING, "follow: %s; it and others like it are not followed", why);
    follow->refused_told = true;
}

/* Of a rotated file: the rest of one we know, or all of one that appeared and went while we were down. Others are
 * older than jinwu, and noted as such. */
static bool has_unread(struct follow *follow, const struct pattern *pattern, struct one *one) {
    uint64_t at;
    bool named = jw_followed_identify(&one->file, false);
    if (named && jw_spool_origin(follow->collect->spool, one->file.origin, &at))
        return at < one->file.size;
    return one->file.size && jw_absence_is_news(&follow->absence, pattern->glob, one->path, one->file.origin);
}

static void add(struct follow *follow, const struct pattern *pattern, const char *path, bool only_known) {
    struct stat st;
    struct jw_error err;
    char name[JW_SOURCE_NAME];
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    for (struct one *one = follow->files; one; one = one->next)
        if (one->file.inode == st.st_ino && one->file.device == st.st_dev) {
            one->seen |= !only_known;
            return;
        }
    if (follow->file_count >= FILES_MOST) {
        if (!follow->full_told)
            jw_log(JW_LOG_WARNING, "follow: more than %d files; %s and others are not followed", FILES_MOST, path);
        follow->full_told = true;
        return;
    }
    struct one *one = calloc(1, sizeof *one);
    jw_status opened = one ? jw_followed_open(path, &one->file, &err) : JW_E_LIMIT;
    if (opened == JW_E_DENIED)
        refuse(follow, err.text);
    if (opened != JW_OK || !(one->path = strdup(path))) {
        if (opened == JW_OK)
            jw_followed_close(&one->file);
        free(one);
        return;
    }
    if (only_known && !has_unread(follow, pattern, one)) {
        jw_followed_close(&one->file);
        free(one->path);
        free(one);
        return;
    }
    one->file.origin = 0; /* begin() asks the spool where it is */
    follow->changed = true;
    snprintf(name, sizeof name, "file:%s", path);
    one->source = jw_source_named(follow->collect->sources, pattern->name.len ? pattern->name : jw_text_from(name));
    one->pattern = pattern;
    one->seen = true;
    one->gone = only_known ? jw_time_steady() : 0;
    one->next = follow->files;
    follow->files = one;
    follow->file_count++;
}

static void add_matching(struct follow *follow, const struct pattern *pattern, const char *what, bool only_known) {
    glob_t found;
    if (glob(what, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!jw_follow_is_compressed(found.gl_pathv[i]))
            add(follow, pattern, found.gl_pathv[i], only_known);
    globfree(&found);
}

/* What was rotated away while we were down: "access.log.1", "access.log-20260831" beside "access.log". */
static void add_rotated(struct follow *follow) {
    for (size_t i = 0; i < follow->pattern_count; i++) {
        char what[PATH_MAX + 8];
        snprintf(what, sizeof what, "%s.*", follow->patterns[i].glob);
        add_matching(follow, &follow->patterns[i], what, true);
        snprintf(what, sizeof what, "%s-*", follow->patterns[i].glob);
        add_matching(follow, &follow->patterns[i], what, true);
    }
}

static void forget_gone(struct follow *follow) {
    int64_t now = jw_time_steady();
    for (struct one **at = &follow->files; *at;) {
        struct one *one = *at;
        if (!one->seen && !one->gone) {
            one->gone = now;
            follow->changed = true;
        }
        if (one->seen && one->gone && !one->flying)
            one->gone = 0;
        /* twice the time: in between its unfinished last line is taken */
        if (one->gone && now - one->gone > 2 * GONE_NS && one->file.offset >= one->file.size && !one->flying) {
            *at = one->next;
            follow->changed = true;
            jw_followed_close(&one->file);
            free(one->path);
            free(one);
            follow->file_count--;
        } else {
            at = &one->next;
        }
    }
}

static void scan(struct follow *follow) {
    for (struct one *one = follow->files; one; one = one->next)
        one->seen = false;
    follow->refused_now = 0;
    for (size_t i = 0; i < follow->pattern_count; i++)
        add_matching(follow, &follow->patterns[i], follow->patterns[i].glob, false);
    if (!follow->started)
        add_rotated(follow);
    follow->started = true;
    forget_gone(follow);
    jw_stat_set(follow->refused, follow->refused_now);
    follow->scan_wanted = false;
}

/* --- being called --------------------------------------------------------------------------------------------- */

static void on_soon(void *context) {
    struct follow *follow = context;
    follow->soon = NULL;
    if (follow->scan_wanted) {
        scan(follow);
        jw_follow_note(follow);
    }
    serve_all(follow);
}

static void hurry(struct follow *follow) {
    struct jw_error err;
    if (!follow->soon &&
        jw_loop_timer(follow->collect->run->loop, SOON_NS, 0, on_soon, follow, &follow->soon, &err) != JW_OK)
        follow->soon = NULL; /* the look of the next second serves */
}

static void on_second(void *context) {
    struct follow *follow = context;
    uint64_t waiting = 0;
    scan(follow);
    jw_follow_note(follow);
    serve_all(follow);
    for (struct one *one = follow->files; one; one = one->next)
        waiting += one->file.size > one->file.offset ? one->file.size - one->file.offset : 0;
    jw_stat_set(follow->following, follow->file_count);
    jw_stat_set(follow->waiting, waiting);
}

static void on_inotify(void *context, int fd, uint32_t events) {
    struct follow *follow = context;
    char buffer[65536] __attribute__((aligned(8)));
    ssize_t got;
    (void)events;
    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
            follow->scan_wanted |= (event->mask & ~(uint32_t)IN_MODIFY) != 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    hurry(follow);
}

static void on_room(void *context) { serve_all(context); }

/* --- life ----------------------------------------------------------------------------------------------------- */

static jw_status read_pattern(const char *text, struct pattern *pattern, struct jw_error *err) {
    struct stat st;
    jw_text rest = jw_text_from(text), path;
    if (!jw_text_next(&rest, ',', &path) || path.len + 4 > sizeof pattern->glob || *path.ptr != '/')
        return jw_fail(err, JW_E_SYNTAX, "--follow=%s: wants /PATH[,NAME[,FORMAT[,DATASET]]]", text);
    if (jw_text_next(&rest, ',', &pattern->name) && jw_text_next(&rest, ',', &pattern->format))
        pattern->dataset = rest;
    snprintf(pattern->glob, sizeof pattern->glob, "%.*s", (int)path.len, path.ptr);
    if (stat(pattern->glob, &st) == 0 && S_ISDIR(st.st_mode))
        snprintf(pattern->glob, sizeof pattern->glob, "%.*s/*", (int)path.len, path.ptr);
    return JW_OK;
}

/* The folder a pattern looks into, when its name is not a pattern itself. */
static void watch_folder(struct follow *follow, const struct pattern *pattern) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", pattern->glob);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    if (follow->inotify >= 0 && !strpbrk(folder, "*?["))
        inotify_add_watch(follow->inotify, folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
}

static void close_input(void *state) {
    struct follow *follow = state;
    follow->closing = true;
    jw_pipeline_forget(follow->collect->pipeline, &follow->waiter);
    jw_timer_end(follow->second);
    jw_timer_end(follow->soon);
    jw_watch_end(follow->watch);
    if (follow->inotify >= 0)
        close(follow->inotify);
    for (struct one *one = follow->files, *next; one; one = next) {
        next = one->next;
        jw_followed_close(&one->file);
        free(one->path);
        free(one);
    }
    jw_absence_close(&follow->absence);
    free(follow->patterns);
    free(follow->scratch);
    free(follow);
}

static jw_status begin_looking(struct follow *follow, struct jw_error *err) {
    struct jw_loop *loop = follow->collect->run->loop;
    jw_status st = jw_loop_timer(loop, 0, JW_SECOND, on_second, follow, &follow->second, err);
    follow->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (st == JW_OK && follow->inotify >= 0)
        st = jw_loop_watch(loop, follow->inotify, EPOLLIN, on_inotify, follow, &follow->watch, err);
    for (size_t i = 0; i < follow->pattern_count; i++)
        watch_folder(follow, &follow->patterns[i]);
    return st;
}

static jw_status open_input(struct jw_collect *collect, void **out_state, struct jw_error *err) {
    char *const *wanted = jw_daemon_list(collect->run, "follow");
    size_t count = 0;
    while (wanted[count])
        count++;
    if (!count)
        return JW_OK;
    struct follow *follow = calloc(1, sizeof *follow);
    if (!follow)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *follow = (struct follow){.collect = collect, .inotify = -1, .pattern_count = count, .changed = true};
    jw_absence_open(&follow->absence, collect->run->data);
    follow->scratch_size = collect->message_most + JW_COLLECT_READ;
    follow->scratch = malloc(follow->scratch_size);
    follow->patterns = calloc(count, sizeof *follow->patterns);
    follow->waiter = (struct jw_waiter){.fn = on_room, .context = follow};
    follow->following = jw_stats_get(collect->run->stats, "files", JW_TEXT("follow"));
    follow->refused = jw_stats_get(collect->run->stats, "files_refused", JW_TEXT("follow"));
    follow->waiting = jw_stats_get(collect->run->stats, "files_waiting_bytes", JW_TEXT("follow"));
    jw_status st = follow->scratch && follow->patterns ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; st == JW_OK && i < count; i++)
        st = read_pattern(wanted[i], &follow->patterns[i], err);
    if (st == JW_OK)
        st = begin_looking(follow, err);
    if (st != JW_OK) {
        close_input(follow);
        return st;
    }
    *out_state = follow;
    return JW_OK;
}

static const struct jw_option options[] = {
    {.name = "follow",
     .value = "/PATH[,NAME[,FORMAT[,DATASET]]]",
     .many = true,
     .about = "a file, a folder or a pattern (*, ?, []) to follow over rotation and restart"},
    {0},
};

const struct jw_input jw_input_follow = {
    .name = "follow",
    .about = "files and folders followed over rotation and restart",
    .options = options,
    .open = open_input,
    .close = close_input,
};
