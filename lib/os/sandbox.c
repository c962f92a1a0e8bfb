/* lib/os/sandbox.c — landlock by its raw calls (the headers of Debian 12 are older than the kernels it meets), and
 * a short seccomp filter. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_TRUNCATE (1ULL << 14) /* landlock ABI 3, linux 6.2; absent from Debian 12's header */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                       \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |       \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_CHAR |      \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static jw_status allow(int ruleset, const char *path, uint64_t access, struct jw_error *err) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return jw_fail(err, JW_E_SYSTEM, "sandbox %s: %s", path, strerror(errno));
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int why = errno;
    close(rule.parent_fd);
    return result == 0 ? JW_OK : jw_fail(err, JW_E_SYSTEM, "sandbox %s: %s", path, strerror(why));
}

static jw_status restrict_files(const struct jw_sandbox *rules, struct jw_error *err) {
    static const char *const everywhere[] = {"/", NULL};
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0)
        return jw_fail(err, JW_AGAIN, "this kernel has no landlock; files are not confined");
    /* each ABI adds rights; one that is not handled stays open, one that the kernel does not know is refused */
    uint64_t later = (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
    uint64_t handled = READING | WRITING | LANDLOCK_ACCESS_FS_EXECUTE | later;
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return jw_fail(err, JW_E_SYSTEM, "sandbox: %s", strerror(errno));
    jw_status st = allow(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, err);
    for (const char *const *path = rules->read ? rules->read : everywhere; st == JW_OK && *path; path++)
        st = allow(ruleset, *path, READING, err);
    for (const char *const *path = rules->write; st == JW_OK && *path; path++)
        st = allow(ruleset, *path, READING | WRITING | later, err);
    if (st == JW_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        st = jw_fail(err, JW_E_SYSTEM, "sandbox: %s", strerror(errno));
    close(ruleset);
    return st;
}

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this machine's audit architecture here"
#endif

#define REFUSE(call)                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA))

static jw_status restrict_calls(const struct jw_sandbox *rules, struct jw_error *err) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), /* another calling convention has other numbers */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(execve),
        REFUSE(execveat),
        REFUSE(ptrace),
        REFUSE(process_vm_readv),
        REFUSE(process_vm_writev),
        REFUSE(mount),
        REFUSE(umount2),
        REFUSE(pivot_root),
        REFUSE(chroot),
        REFUSE(setns),
        REFUSE(unshare),
        REFUSE(init_module),
        REFUSE(finit_module),
        REFUSE(delete_module),
        REFUSE(kexec_load),
        REFUSE(reboot),
        REFUSE(swapon),
        REFUSE(swapoff),
        REFUSE(bpf),
        REFUSE(perf_event_open),
        REFUSE(userfaultfd),
        REFUSE(keyctl),
        REFUSE(add_key),
        REFUSE(request_key),
        REFUSE(open_by_handle_at),
        REFUSE(io_uring_setup), /* its operations, sockets among them, pass no filter */
        REFUSE(settimeofday),
        REFUSE(clock_settime),
        /* socket(family, …): unix only, when there is to be no network */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules->no_network ? SYS_socket : ~0u, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    /* TSYNC: threads that libraries started before are confined as well */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        return jw_fail(err, JW_E_SYSTEM, "sandbox: seccomp: %s", strerror(errno));
    return JW_OK;
}

jw_status jw_sandbox_enter(const struct jw_sandbox *rules, struct jw_error *err) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return jw_fail(err, JW_E_SYSTEM, "sandbox: %s", strerror(errno));
    jw_status files = restrict_files(rules, err);
    if (files < 0)
        return files;
    jw_status calls = restrict_calls(rules, err);
    return calls < 0 ? calls : files;
}
