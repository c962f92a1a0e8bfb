/* lib/os/file.h — small files that are read and written whole: state, certificates, configuration. */
#pragma once
#include <sys/stat.h>

#include "base/buffer.h"

/* The whole file into `out` (cleared first). JW_AGAIN: there is none; JW_E_LIMIT: larger than out->ceiling. */
JW_MUST_CHECK jw_status jw_file_read(const char *path, jw_buffer *out, struct jw_error *err);
/* Replaces or creates: written beside, fsync, rename, fsync of the folder, so that a reader and a power loss see
 * the old or the new, never a part. `mode` holds whatever the umask. Writers of one file need a lock among
 * themselves. */
JW_MUST_CHECK jw_status jw_file_replace(const char *path, jw_text content, mode_t mode, struct jw_error *err);
/* A lock between processes: waits for it; held until the descriptor is closed. Creates the file. */
JW_MUST_CHECK jw_status jw_file_lock(const char *path, int *out_fd, struct jw_error *err);
