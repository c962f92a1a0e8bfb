/* lib/os/child.h — one child process: started with fork+exec, watched through a pidfd, told apart from its
 * readiness. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

struct jw_child {
    pid_t pid;   /* 0: not running */
    int process; /* pidfd: readable when it has ended */
    int ready;   /* readable when it is ready (one byte) or has closed its end; -1 once closed */
};

/* argv[0] is the path of the program; argv ends with NULL. The child gets JW_READY_FD, stdin from /dev/null, our
 * stdout and stderr, default signals, none of our other descriptors that are close-on-exec. */
JW_MUST_CHECK jw_status jw_child_start(char *const *argv, struct jw_child *out, struct jw_error *err);
/* Collects the exit status after `process` became readable, closes the descriptors, zeroes pid. `out_text` (>= 64
 * bytes) gets "exit 1", "signal 11 (Segmentation fault)". */
void jw_child_reap(struct jw_child *child, char *out_text, size_t size);
/* Whether the process `pid` is there, is called `name` (of which the kernel keeps 15 bytes), and has not ended: a
 * number in a file may be of a process long gone, or of a stranger that got the number since. Anybody's process. */
bool jw_child_runs(uint64_t pid, const char *name);
void jw_child_signal(const struct jw_child *child, int number); /* nothing when it is not running */

/* The child's side: the descriptor from JW_READY_FD (taken out of the environment), -1 without one; one byte
 * through it. */
int jw_child_ready_fd(void);
void jw_child_tell_ready(int fd);
