/* daemons/collect/followed.h — one followed file: who it is, where we are in it, what it says next. No loop, no
 * pipeline: inputs/follow.c drives it.
 *
 * A file is known by device, inode and its first line (at most 1024 bytes): renaming keeps it, a new file under the
 * old name is another one, and so is the same file emptied and written anew. Its identity is the origin of its
 * frames in the spool, and the byte behind the last line taken is origin_at: after a restart reading goes on
 * exactly there. */
#pragma once
#include <sys/types.h>

#include "base/status.h"
#include "lines.h"

struct jw_followed {
    int fd;
    dev_t device;
    ino_t inode;
    uint64_t origin; /* 0: not known before the first line is there */
    uint64_t offset; /* of the next byte to read */
    uint64_t size;   /* at the last look */
    uint64_t head;   /* hash of the first bytes, to see a file rewritten in place */
    uint32_t head_len;
    bool skipping; /* the rest of a line that was cut */
};

/* JW_E_SYSTEM when it cannot be opened or is no regular file. JW_E_DENIED: a symbolic link whose owner is neither
 * root nor the file's. Never blocks. */
JW_MUST_CHECK jw_status jw_followed_open(const char *path, struct jw_followed *out, struct jw_error *err);
void jw_followed_close(struct jw_followed *file);
/* Finds out who it is; false while the first line is not there. `last`: nothing more will come, any bytes will do.
 * After it the caller sets where to go on. */
bool jw_followed_identify(struct jw_followed *file, bool last);
/* Goes on at `offset`, which a frame ended at. */
void jw_followed_seek(struct jw_followed *file, uint64_t offset);
/* Looks at the size. True: it was emptied or rewritten since the last look; then `restart` it when nothing is in
 * flight. */
bool jw_followed_was_rewritten(struct jw_followed *file);
void jw_followed_restart(struct jw_followed *file);
/* Adds the next whole lines to `lines`, at most about `scratch_size` bytes of them, and moves `offset` behind them.
 * `most` is the ceiling of a line; `scratch_size` must be larger. `last`: the file is finished, so an unfinished
 * last line counts. False: nothing new, or no memory. */
bool jw_followed_read(struct jw_followed *file, char *scratch, size_t scratch_size, size_t most, bool last,
                      struct jw_lines *lines);
