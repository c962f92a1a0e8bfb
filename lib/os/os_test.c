/* lib/os/os_test.c — the promises of lib/os. */
#include "child.h"
#include "file.h"
#include "loop.h"
#include "roster.h"
#include "sandbox.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "test/test.h"

struct seen {
    uint64_t received, lag, slots;
};

static void see(void *context, const char *name, const char *source, uint64_t value) {
    struct seen *seen = context;
    seen->slots++;
    if (strcmp(name, "received_total") == 0 && strcmp(source, "fw") == 0)
        seen->received = value;
    if (strcmp(name, "lag") == 0)
        seen->lag = value;
}

static void counters_outlive_their_process_and_gauges_do_not(struct jw_test *t) {
    char path[256];
    struct jw_stats *stats;
    snprintf(path, sizeof path, "%s/x.stats", t->folder);
    for (int run = 0; run < 2; run++) {
        JW_CHECK_OK(t, jw_stats_open(path, &stats, &t->err));
        jw_stat_add(jw_stats_get(stats, "received_total", JW_TEXT("fw")), 5);
        if (run == 0)
            jw_stat_set(jw_stats_get(stats, "lag", (jw_text){0}), 7);
        jw_stats_close(stats);
    }
    struct seen seen = {.lag = 99};
    JW_CHECK_OK(t, jw_stats_read(path, see, &seen, &t->err));
    JW_CHECK_INT(t, seen.received, 10);
    JW_CHECK_INT(t, seen.lag, 0);
}

static void a_flood_of_sources_shares_one_slot(struct jw_test *t) {
    char path[256], name[32];
    struct jw_stats *stats;
    snprintf(path, sizeof path, "%s/x.stats", t->folder);
    JW_CHECK_OK(t, jw_stats_open(path, &stats, &t->err));
    for (int i = 0; i < JW_STATS_SLOTS * 2; i++) {
        int len = snprintf(name, sizeof name, "peer%d", i);
        jw_stat_add(jw_stats_get(stats, "received_total", (jw_text){name, (size_t)len}), 1);
    }
    jw_stat *other = jw_stats_get(stats, "received_total", JW_TEXT("other"));
    JW_CHECK(t, *other > JW_STATS_SLOTS && *other < JW_STATS_SLOTS * 2);
    jw_stat_add(jw_stats_get(stats, "mine_total", (jw_text){0}), 3); /* ours still finds its own place */
    JW_CHECK_INT(t, *jw_stats_get(stats, "mine_total", (jw_text){0}), 3);
    jw_stats_close(stats);
}

struct looped {
    struct jw_loop *loop;
    struct jw_watch *watch;
    int posts, ticks, reads;
};

static void on_post(void *context) { ((struct looped *)context)->posts++; }
static void on_read(void *context, int fd, uint32_t events) {
    struct looped *looped = context;
    char c;
    (void)events;
    if (read(fd, &c, 1) == 1 && ++looped->reads == 2)
        jw_watch_end(looped->watch); /* from its own callback */
}
static void on_tick(void *context) {
    struct looped *looped = context;
    if (++looped->ticks == 3)
        jw_loop_stop(looped->loop);
}
static void *post_from_elsewhere(void *context) {
    struct looped *looped = context;
    for (int i = 0; i < 100; i++)
        if (jw_loop_post(looped->loop, on_post, looped) != JW_OK)
            break;
    return NULL;
}

static void a_loop_serves_descriptors_timers_and_other_threads(struct jw_test *t) {
    struct looped looped = {0};
    int ends[2];
    pthread_t thread;
    JW_CHECK(t, pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
    JW_CHECK_OK(t, jw_loop_new(&looped.loop, &t->err));
    JW_CHECK_OK(t, jw_loop_watch(looped.loop, ends[0], EPOLLIN, on_read, &looped, &looped.watch, &t->err));
    JW_CHECK_OK(t, jw_loop_timer(looped.loop, 0, 20 * JW_MS, on_tick, &looped, NULL, &t->err));
    JW_CHECK(t, pthread_create(&thread, NULL, post_from_elsewhere, &looped) == 0);
    JW_CHECK_OK(t, jw_loop_run(looped.loop, &t->err));
    pthread_join(thread, NULL);
    JW_CHECK_INT(t, looped.posts, 100);
    JW_CHECK_INT(t, looped.reads, 2); /* the third byte came after the watch had ended */
    jw_loop_free(looped.loop);
    close(ends[0]), close(ends[1]);
}

/* In a child, because a sandbox is for ever. The bits say which attempts got through. */
static int attempts(const char *folder) {
    char inside[256];
    struct jw_error err;
    const char *write[] = {folder, NULL};
    snprintf(inside, sizeof inside, "%s/mine", folder);
    if (jw_sandbox_enter(&(struct jw_sandbox){.write = write, .no_network = true}, &err) < 0)
        return 128;
    return (open(inside, O_CREAT | O_WRONLY, 0600) >= 0) | (open("/etc/passwd", O_RDONLY) >= 0) << 1 |
           (open("/tmp/jw_sandbox_outside", O_CREAT | O_WRONLY, 0600) >= 0) << 2 |
           (socket(AF_INET, SOCK_STREAM, 0) >= 0) << 3 | (socket(AF_UNIX, SOCK_STREAM, 0) >= 0) << 4 |
           (unshare(CLONE_NEWNS) == 0) << 5 | (execl("/bin/true", "true", NULL) == 0) << 6;
}

static void a_sandboxed_process_keeps_its_folder_and_loses_the_rest(struct jw_test *t) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(attempts(t->folder));
    waitpid(pid, &status, 0);
    JW_CHECK(t, WIFEXITED(status));
    JW_CHECK_INT(t, WEXITSTATUS(status), 1 | 2 | 16); /* its own file, reading, a unix socket */
}

static void a_child_tells_when_it_is_ready_and_how_it_ended(struct jw_test *t) {
    struct jw_child child;
    char how[64], byte;
    char *argv[] = {"/bin/sh", "-c", "printf x >&$JW_READY_FD; exit 3", NULL};
    JW_CHECK_OK(t, jw_child_start(argv, &child, &t->err));
    JW_CHECK(t, read(child.ready, &byte, 1) == 1);
    struct pollfd ended = {.fd = child.process, .events = POLLIN};
    JW_CHECK(t, poll(&ended, 1, 10000) == 1);
    JW_CHECK(t, !jw_child_runs((uint64_t)child.pid, "sh")); /* nobody has asked how it ended, but it has */
    jw_child_reap(&child, how, sizeof how);
    JW_CHECK_TEXT(t, jw_text_from(how), JW_TEXT("exit 3"));
    JW_CHECK(t, jw_child_runs((uint64_t)getpid(), program_invocation_short_name));
    JW_CHECK(t, !jw_child_runs((uint64_t)getpid(), "somebody") && !jw_child_runs(UINT64_MAX, "os_test"));
    char *missing[] = {"/nowhere/at/all", NULL};
    JW_CHECK(t, jw_child_start(missing, &child, &t->err) == JW_E_SYSTEM);
}

static void a_file_is_replaced_whole_with_its_mode(struct jw_test *t) {
    char path[4096];
    struct stat st;
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(10);
    snprintf(path, sizeof path, "%s/state", t->folder);
    JW_CHECK_INT(t, jw_file_read(path, &text, &t->err), JW_AGAIN);
    JW_CHECK_OK(t, jw_file_replace(path, JW_TEXT("first"), 0600, &t->err));
    JW_CHECK_OK(t, jw_file_replace(path, JW_TEXT("0123456789"), 0640, &t->err));
    JW_CHECK_OK(t, jw_file_read(path, &text, &t->err));
    JW_CHECK_TEXT(t, jw_buffer_text(&text), JW_TEXT("0123456789"));
    JW_CHECK(t, stat(path, &st) == 0 && (st.st_mode & 0777) == 0640);
    JW_CHECK_OK(t, jw_file_replace(path, JW_TEXT("0123456789a"), 0600, &t->err));
    JW_CHECK_INT(t, jw_file_read(path, &text, &t->err), JW_E_LIMIT);
    JW_CHECK_INT(t, jw_file_replace("/nowhere/at/all", JW_TEXT(""), 0600, &t->err), JW_E_SYSTEM);
}

static void sum_rows(void *context, const struct jw_roster_row *row) {
    uint64_t *sums = context;
    sums[0]++;
    sums[1] += row->texts[0].len;
    sums[2] += row->numbers[5];
}

static void a_roster_is_read_whole_or_not_at_all(struct jw_test *t) {
    char path[4096];
    static char long_text[4 * JW_ROSTER_TEXT];
    struct jw_roster *roster = NULL, *second = NULL;
    struct jw_roster_row rows[2] = {{.texts[0] = JW_TEXT("one"), .numbers[5] = 7},
                                    {.texts[0] = {long_text, sizeof long_text}}};
    uint64_t sums[3] = {0};
    snprintf(path, sizeof path, "%s/list", t->folder);
    JW_CHECK_INT(t, jw_roster_read(path, sum_rows, sums, &t->err), JW_AGAIN);
    JW_CHECK_OK(t, jw_roster_make(path, rows, 2, &roster, &t->err));
    jw_stat_add(jw_roster_number(roster, 1, 5), 35);
    JW_CHECK_OK(t, jw_roster_read(path, sum_rows, sums, &t->err));
    JW_CHECK(t, sums[0] == 2 && sums[1] == 3 + JW_ROSTER_TEXT && sums[2] == 42);
    JW_CHECK_OK(t, jw_roster_make(path, rows, 1, &second, &t->err)); /* the first is still counted in, unseen */
    jw_stat_add(jw_roster_number(roster, 1, 5), 1);
    memset(sums, 0, sizeof sums);
    JW_CHECK_OK(t, jw_roster_read(path, sum_rows, sums, &t->err));
    JW_CHECK(t, sums[0] == 1 && sums[2] == 7);
    jw_roster_close(roster);
    jw_roster_close(second);
}

static void a_damaged_roster_is_refused(struct jw_test *t) {
    char path[4096];
    struct jw_roster *roster = NULL;
    struct jw_roster_row row = {.texts[0] = JW_TEXT("one")};
    uint64_t sums[3] = {0};
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(1 << 20);
    snprintf(path, sizeof path, "%s/list", t->folder);
    JW_CHECK_OK(t, jw_roster_make(path, &row, 1, &roster, &t->err));
    jw_roster_close(roster);
    JW_CHECK_OK(t, jw_file_read(path, &bytes, &t->err));
    for (size_t i = 0; i < bytes.len; i++) { /* whatever byte breaks, no text may point outside of the file */
        bytes.ptr[i] = (char)~bytes.ptr[i];
        JW_CHECK_OK(t, jw_file_replace(path, jw_buffer_text(&bytes), 0600, &t->err));
        jw_status st = jw_roster_read(path, sum_rows, sums, &t->err);
        JW_CHECK(t, st == JW_OK || st == JW_E_SYNTAX);
        bytes.ptr[i] = (char)~bytes.ptr[i];
    }
    JW_CHECK_OK(t, jw_file_replace(path, (jw_text){bytes.ptr, bytes.len - 1}, 0600, &t->err));
    JW_CHECK_INT(t, jw_roster_read(path, sum_rows, sums, &t->err), JW_E_SYNTAX);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(counters_outlive_their_process_and_gauges_do_not),
        JW_CASE(a_flood_of_sources_shares_one_slot),
        JW_CASE(a_sandboxed_process_keeps_its_folder_and_loses_the_rest),
        JW_CASE(a_roster_is_read_whole_or_not_at_all),
        JW_CASE(a_damaged_roster_is_refused),
        JW_CASE(a_file_is_replaced_whole_with_its_mode),
        JW_CASE(a_child_tells_when_it_is_ready_and_how_it_ended),
        JW_CASE(a_loop_serves_descriptors_timers_and_other_threads),
        {0},
    });
}
