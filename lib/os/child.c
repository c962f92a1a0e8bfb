/* lib/os/child.c — fork, exec, pidfd. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* In the child, between fork and exec: only calls that are safe there. */
_Noreturn static void become(char *const *argv, int ready_fd) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    fcntl(ready_fd, F_SETFD, 0);
    execv(argv[0], argv);
    static const char text[] = "jinwu: a program of this installation could not be executed\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(126);
    _exit(127);
}

jw_status jw_child_start(char *const *argv, struct jw_child *out, struct jw_error *err) {
    int ready[2];
    char number[16];
    if (access(argv[0], X_OK) != 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", argv[0], strerror(errno));
    if (pipe2(ready, O_CLOEXEC) != 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: pipe: %s", argv[0], strerror(errno));
    snprintf(number, sizeof number, "%d", ready[1]);
    setenv("JW_READY_FD", number, 1); /* before fork: setenv allocates */
    pid_t pid = fork();
    if (pid == 0)
        become(argv, ready[1]);
    int why = errno;
    unsetenv("JW_READY_FD");
    close(ready[1]);
    int process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (process < 0) {
        why = pid > 0 ? errno : why;
        close(ready[0]);
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", argv[0], strerror(why));
    }
    fcntl(process, F_SETFD, FD_CLOEXEC);
    *out = (struct jw_child){.pid = pid, .process = process, .ready = ready[0]};
    return JW_OK;
}

void jw_child_reap(struct jw_child *child, char *out_text, size_t size) {
    int status = 0;
    waitpid(child->pid, &status, 0);
    if (WIFSIGNALED(status))
        snprintf(out_text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(out_text, size, "exit %d", WEXITSTATUS(status));
    close(child->process);
    if (child->ready >= 0)
        close(child->ready);
    *child = (struct jw_child){.process = -1, .ready = -1};
}

void jw_child_signal(const struct jw_child *child, int number) {
    if (child->pid > 0)
        kill(child->pid, number);
}

/* proc(5): "PID (NAME) STATE ..."; the name may hold any byte. */
bool jw_child_runs(uint64_t pid, const char *name) {
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[len] = '\0';
    char *begin = strchr(line, '('), *end = strrchr(line, ')');
    if (!begin || !end || end < begin || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
        return false;
    jw_text comm = {begin + 1, (size_t)(end - begin - 1)}, want = jw_text_from(name);
    want.len = want.len > 15 ? 15 : want.len;
    return jw_text_is(comm, want);
}

int jw_child_ready_fd(void) {
    const char *given = getenv("JW_READY_FD");
    uint64_t fd;
    if (!given || !jw_text_u64(jw_text_from(given), &fd) || fd > 1 << 20)
        return -1;
    unsetenv("JW_READY_FD"); /* it is ours, not our children's */
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    return (int)fd;
}

void jw_child_tell_ready(int fd) {
    if (fd >= 0 && write(fd, "", 1) == 1)
        close(fd);
}
