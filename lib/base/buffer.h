/* lib/base/buffer.h — a growing byte buffer that cannot be created without a maximum. Sticky: after the first
 * failure (ceiling or no memory) appends do nothing and `failed` is set; one check ends the job. */
#pragma once
#include "status.h"
#include "text.h"

typedef struct jw_buffer {
    char *ptr;
    size_t len, capacity, ceiling;
    bool failed;
} jw_buffer;

#define JW_BUFFER(max) ((jw_buffer){.ceiling = (max)})

void jw_buffer_free(jw_buffer *buf); /* leaves an empty buffer with the same ceiling; usable with JW_AUTO */
bool jw_buffer_reserve(jw_buffer *buf, size_t more); /* room for `more` bytes behind `len` */
void jw_buffer_add(jw_buffer *buf, jw_text s);
void jw_buffer_byte(jw_buffer *buf, char c);
JW_PRINTF(2, 3) void jw_buffer_print(jw_buffer *buf, const char *fmt, ...);
void jw_buffer_u64(jw_buffer *buf, uint64_t value);
/* RFC 8259 string with its quotes; control characters escaped; invalid UTF-8 becomes U+FFFD, byte by byte. */
void jw_buffer_json(jw_buffer *buf, jw_text s);
static inline void jw_buffer_clear(jw_buffer *buf) { buf->len = 0, buf->failed = false; }
static inline jw_text jw_buffer_text(const jw_buffer *buf) { return (jw_text){buf->ptr, buf->len}; }
