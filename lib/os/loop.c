/* lib/os/loop.c — epoll, timerfd-free timers in a small heap of pointers, an eventfd to be woken. */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/time.h"

#define POSTS_MOST 65536
#define ROUND      64 /* events taken from the kernel at once */

struct jw_watch {
    struct jw_loop *loop;
    struct jw_watch *next, **link; /* in the loop's list: of the living, then of the dead */
    jw_watch_fn fn;
    void *context;
    int fd;
    bool dead;
};

struct jw_timer {
    struct jw_loop *loop;
    struct jw_timer *next;
    jw_timer_fn fn;
    void *context;
    int64_t due, every;
    bool dead;
};

struct post {
    void (*fn)(void *context);
    void *context;
};

struct jw_loop {
    int epoll, wake;
    struct jw_watch *watches;
    struct jw_watch *dead;   /* freed between rounds: an event of the same round may still point at them */
    struct jw_timer *timers; /* sorted by due; daemons have a handful */
    pthread_mutex_t lock;    /* of posts */
    struct post *posts;
    size_t post_count, post_capacity;
    atomic_bool stop;
};

jw_status jw_loop_new(struct jw_loop **out, struct jw_error *err) {
    JW_AUTO(jw_loop_free_p) struct jw_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return jw_fail(err, JW_E_LIMIT, "event loop: no memory");
    pthread_mutex_init(&loop->lock, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll < 0 || loop->wake < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) != 0)
        return jw_fail(err, JW_E_SYSTEM, "event loop: %s", strerror(errno));
    *out = loop;
    loop = NULL;
    return JW_OK;
}

/* Moves a watch to the front of a list. */
static void enlist(struct jw_watch *watch, struct jw_watch **list) {
    if (watch->link) {
        *watch->link = watch->next;
        if (watch->next)
            watch->next->link = watch->link;
    }
    watch->next = *list;
    watch->link = list;
    if (*list)
        (*list)->link = &watch->next;
    *list = watch;
}

static void bury(struct jw_loop *loop) {
    for (struct jw_watch *watch = loop->dead, *next; watch; watch = next) {
        next = watch->next;
        free(watch);
    }
    loop->dead = NULL;
    for (struct jw_timer **at = &loop->timers; *at;) {
        struct jw_timer *timer = *at;
        if (timer->dead) {
            *at = timer->next;
            free(timer);
        } else {
            at = &timer->next;
        }
    }
}

void jw_loop_free(struct jw_loop *loop) {
    if (!loop)
        return;
    for (struct jw_timer *timer = loop->timers; timer; timer = timer->next)
        timer->dead = true;
    while (loop->watches)
        jw_watch_end(loop->watches);
    bury(loop);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake >= 0)
        close(loop->wake);
    pthread_mutex_destroy(&loop->lock);
    free(loop->posts);
    free(loop);
}

static void wake(struct jw_loop *loop) {
    uint64_t one = 1;
    if (write(loop->wake, &one, sizeof one) < 0)
        return; /* full means it is awake already */
}

void jw_loop_stop(struct jw_loop *loop) {
    loop->stop = true;
    wake(loop);
}

jw_status jw_loop_watch(struct jw_loop *loop, int fd, uint32_t events, jw_watch_fn fn, void *context,
                        struct jw_watch **out, struct jw_error *err) {
    struct jw_watch *watch = malloc(sizeof *watch);
    if (!watch)
        return jw_fail(err, JW_E_LIMIT, "event loop: no memory");
    *watch = (struct jw_watch){.loop = loop, .fn = fn, .context = context, .fd = fd};
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(watch);
        return jw_fail(err, JW_E_SYSTEM, "event loop: descriptor %d: %s", fd, strerror(errno));
    }
    enlist(watch, &loop->watches);
    *out = watch;
    return JW_OK;
}

jw_status jw_loop_signals(struct jw_loop *loop, jw_watch_fn fn, void *context, struct jw_error *err) {
    sigset_t set;
    struct jw_watch *watch;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? jw_fail(err, JW_E_SYSTEM, "signals: %s", strerror(errno))
                  : jw_loop_watch(loop, fd, EPOLLIN, fn, context, &watch, err);
}

void jw_watch_change(struct jw_watch *watch, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = watch};
    epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void jw_watch_end(struct jw_watch *watch) {
    if (!watch || watch->dead)
        return;
    epoll_ctl(watch->loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->dead = true;
    enlist(watch, &watch->loop->dead);
}

static void schedule(struct jw_loop *loop, struct jw_timer *timer) {
    struct jw_timer **at = &loop->timers;
    while (*at && (*at)->due <= timer->due)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

jw_status jw_loop_timer(struct jw_loop *loop, int64_t first_ns, int64_t every_ns, jw_timer_fn fn, void *context,
                        struct jw_timer **out, struct jw_error *err) {
    struct jw_timer *timer = malloc(sizeof *timer);
    if (!timer)
        return jw_fail(err, JW_E_LIMIT, "event loop: no memory");
    *timer = (struct jw_timer){
        .loop = loop, .fn = fn, .context = context, .due = jw_time_steady() + first_ns, .every = every_ns};
    schedule(loop, timer);
    if (out)
        *out = timer;
    return JW_OK;
}

void jw_timer_end(struct jw_timer *timer) {
    if (timer)
        timer->dead = true;
}

jw_status jw_loop_post(struct jw_loop *loop, void (*fn)(void *context), void *context) {
    jw_status st = JW_OK;
    pthread_mutex_lock(&loop->lock);
    if (loop->post_count == loop->post_capacity) {
        size_t capacity = loop->post_capacity ? loop->post_capacity * 2 : 64;
        struct post *posts = capacity > POSTS_MOST ? NULL : realloc(loop->posts, capacity * sizeof *posts);
        if (posts) {
            loop->posts = posts;
            loop->post_capacity = capacity;
        } else {
            st = JW_E_LIMIT;
        }
    }
    if (st == JW_OK)
        loop->posts[loop->post_count++] = (struct post){fn, context};
    pthread_mutex_unlock(&loop->lock);
    if (st == JW_OK)
        wake(loop);
    return st;
}

static void run_posts(struct jw_loop *loop) {
    uint64_t count;
    if (read(loop->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&loop->lock);
    struct post *posts = loop->posts;
    size_t taken = loop->post_count;
    loop->posts = NULL;
    loop->post_count = loop->post_capacity = 0;
    pthread_mutex_unlock(&loop->lock);
    for (size_t i = 0; i < taken; i++)
        posts[i].fn(posts[i].context);
    free(posts);
}

/* Runs what is due; returns how long the loop may sleep, in ms, -1 for ever. */
static int run_timers(struct jw_loop *loop) {
    int64_t now = jw_time_steady();
    while (loop->timers && (loop->timers->dead || loop->timers->due <= now)) {
        struct jw_timer *timer = loop->timers;
        loop->timers = timer->next;
        if (!timer->dead)
            timer->fn(timer->context);
        if (timer->dead || !timer->every) {
            free(timer);
            continue;
        }
        /* after a long stall the missed rounds are not made up */
        timer->due = timer->due + timer->every > now ? timer->due + timer->every : now + timer->every;
        schedule(loop, timer);
    }
    if (!loop->timers)
        return -1;
    int64_t wait = (loop->timers->due - now + JW_MS - 1) / JW_MS;
    return wait > 60000 ? 60000 : (int)wait;
}

jw_status jw_loop_run(struct jw_loop *loop, struct jw_error *err) {
    while (!loop->stop) {
        struct epoll_event events[ROUND];
        int count = epoll_wait(loop->epoll, events, ROUND, run_timers(loop));
        if (count < 0 && errno != EINTR)
            return jw_fail(err, JW_E_SYSTEM, "event loop: %s", strerror(errno));
        for (int i = 0; i < count; i++) {
            struct jw_watch *watch = events[i].data.ptr;
            if (!watch)
                run_posts(loop);
            else if (!watch->dead)
                watch->fn(watch->context, watch->fd, events[i].events);
        }
        bury(loop);
    }
    return JW_OK;
}
