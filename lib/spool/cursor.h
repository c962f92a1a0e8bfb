/* lib/spool/cursor.h — how far one reader has done its work: "NAME.cursor" in the spool's folder. For lib/spool
 * alone. */
#pragma once
#include "base/status.h"
#include "base/text.h"

#define JW_CURSOR_NAME 64

struct jw_cursor {
    uint32_t id; /* of the spool; 0: the reader came before the first writer */
    uint64_t position;
};

bool jw_cursor_is_name(const char *name); /* 1..63 of a-z 0-9 - _ */
/* JW_AGAIN: there is none. JW_E_SYNTAX: damaged. */
JW_MUST_CHECK jw_status jw_cursor_read(int folder, const char *name, struct jw_cursor *out, struct jw_error *err);
/* Replaces it; durable when it returns. */
JW_MUST_CHECK jw_status jw_cursor_write(int folder, const char *name, const struct jw_cursor *cursor,
                                        struct jw_error *err);
/* Makes one at position 0 unless there is one. */
JW_MUST_CHECK jw_status jw_cursor_register(int folder, const char *name, struct jw_error *err);
/* Every cursor of the folder; a damaged one is given as {0, 0}. */
typedef void (*jw_cursor_each)(void *context, const struct jw_cursor *cursor);
JW_MUST_CHECK jw_status jw_cursor_list(int folder, jw_cursor_each each, void *context, struct jw_error *err);
