/* lib/spool/head.c — mapping the shared page, and its futex. */
#include "head.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/time.h"

#define HEAD_MAGIC   0x3144414548574AAAu /* AA "JWHEAD1" */
#define HEAD_VERSION 1u
#define HEAD_BYTES   4096

static jw_status map(int fd, bool write, struct jw_head **out, struct jw_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0 || (write && st.st_size < HEAD_BYTES && ftruncate(fd, HEAD_BYTES) != 0))
        return jw_fail(err, JW_E_SYSTEM, "spool head: %s", strerror(errno));
    if (!write && st.st_size < HEAD_BYTES)
        return JW_AGAIN; /* a first writer is about to fill it */
    /* Touching a page of a file that has no block yet and no room for one kills the process: take the block here.
     */
    int full = write ? posix_fallocate(fd, 0, HEAD_BYTES) : 0;
    if (full)
        return jw_fail(err, JW_E_SYSTEM, "spool head: %s", strerror(full));
    void *page = mmap(NULL, HEAD_BYTES, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return jw_fail(err, JW_E_SYSTEM, "spool head: %s", strerror(errno));
    *out = page;
    return JW_OK;
}

jw_status jw_head_open(int folder, bool write, struct jw_head **out, struct jw_error *err) {
    int fd = openat(folder, "head", write ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0640);
    if (fd < 0)
        return !write && errno == ENOENT ? JW_AGAIN : jw_fail(err, JW_E_SYSTEM, "spool head: %s", strerror(errno));
    struct jw_head *head = NULL;
    jw_status st = map(fd, write, &head, err);
    close(fd);
    if (st != JW_OK)
        return st;
    bool good = head->magic == HEAD_MAGIC && head->version == HEAD_VERSION;
    if (!good && !write) {
        st = head->magic == HEAD_MAGIC ? jw_fail(err, JW_E_SYSTEM, "spool head: version %u", head->version)
                                       : JW_AGAIN;
        jw_head_close(head);
        return st;
    }
    if (!good) {
        memset(head, 0, sizeof *head);
        head->version = HEAD_VERSION;
        atomic_thread_fence(memory_order_release);
        head->magic = HEAD_MAGIC;
    }
    *out = head;
    return JW_OK;
}

void jw_head_close(struct jw_head *head) {
    if (head)
        munmap(head, HEAD_BYTES);
}

/* Not FUTEX_PRIVATE: the waiters are other processes. The kernel identifies the word by file and offset. */
static long futex(const _Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout) {
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

void jw_head_publish(struct jw_head *head, uint64_t durable, uint64_t next_event) {
    atomic_store_explicit(&head->next_event, next_event, memory_order_relaxed);
    atomic_store_explicit(&head->durable, durable, memory_order_release);
    atomic_fetch_add_explicit(&head->bell, 1, memory_order_seq_cst);
    futex(&head->bell, FUTEX_WAKE, INT_MAX, NULL);
}

jw_status jw_head_wait(const struct jw_head *head, uint32_t seen, int64_t timeout_ns) {
    int64_t until = timeout_ns < 0 ? INT64_MAX : jw_time_steady() + timeout_ns;
    while (atomic_load_explicit(&head->bell, memory_order_acquire) == seen) {
        int64_t left = timeout_ns < 0 ? 0 : until - jw_time_steady();
        if (timeout_ns >= 0 && left <= 0)
            return JW_AGAIN;
        struct timespec time = {.tv_sec = left / JW_SECOND, .tv_nsec = left % JW_SECOND};
        if (futex(&head->bell, FUTEX_WAIT, seen, timeout_ns < 0 ? NULL : &time) != 0 && errno == EINTR)
            return JW_AGAIN; /* whoever sends signals wants to be heard */
    }
    return JW_OK;
}
