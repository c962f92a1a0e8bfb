/* lib/os/loop.h — one thread's event loop over epoll: descriptors, timers, and calls handed over by other threads.
 */
#pragma once
#include <stdint.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "base/status.h"

struct jw_loop;
JW_MUST_CHECK jw_status jw_loop_new(struct jw_loop **out, struct jw_error *err);
void jw_loop_free(
    struct jw_loop *loop); /* watches and timers end; descriptors stay open: their owners close them */
JW_DEFINE_AUTO(jw_loop, jw_loop_free)

JW_MUST_CHECK jw_status jw_loop_run(struct jw_loop *loop, struct jw_error *err); /* until jw_loop_stop */
void jw_loop_stop(struct jw_loop *loop);                                         /* any thread */

/* Level-triggered. `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP; EPOLLERR and EPOLLHUP always come. A watch may be
 * ended from any callback of the same loop, its own included. */
struct jw_watch;
typedef void (*jw_watch_fn)(void *context, int fd, uint32_t events);
JW_MUST_CHECK jw_status jw_loop_watch(struct jw_loop *loop, int fd, uint32_t events, jw_watch_fn fn, void *context,
                                      struct jw_watch **out, struct jw_error *err);
void jw_watch_change(struct jw_watch *watch, uint32_t events);
void jw_watch_end(struct jw_watch *watch); /* NULL does nothing */

/* SIGTERM, SIGINT and SIGHUP as events: blocked from now on in this thread and those it starts, read by `fn` from
 * its descriptor as struct signalfd_siginfo. */
JW_MUST_CHECK jw_status jw_loop_signals(struct jw_loop *loop, jw_watch_fn fn, void *context, struct jw_error *err);

/* First after `first_ns`, then each `every_ns` (0: once, then it ends by itself). */
struct jw_timer;
typedef void (*jw_timer_fn)(void *context);
JW_MUST_CHECK jw_status jw_loop_timer(struct jw_loop *loop, int64_t first_ns, int64_t every_ns, jw_timer_fn fn,
                                      void *context, struct jw_timer **out, struct jw_error *err);
void jw_timer_end(struct jw_timer *timer);

/* Any thread: runs fn(context) in the loop's thread, in the order handed over. JW_E_LIMIT past 65,536 waiting. */
JW_MUST_CHECK jw_status jw_loop_post(struct jw_loop *loop, void (*fn)(void *context), void *context);
