/* lib/parser/declared.h — reading one YAML declaration, and saying where it is wrong. Sticky: the first complaint
 * is kept in `story` as "file:line:column: reason", later calls do nothing and give empty answers. */
#pragma once
#include <libfyaml.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

#define JW_DECLARED_BYTES (4u << 20) /* most bytes of one file */

struct jw_declared {
    struct fy_document *doc;
    const char *file;     /* as shown in complaints; borrowed */
    jw_text text;         /* of the document */
    struct jw_arena *mem; /* texts live here, not in the document */
    jw_status state;
    char story[512];
};

/* False, with a story, when the file cannot be read or is no YAML. Then there is nothing to close, though closing
 * is harmless. */
bool jw_declared_open(struct jw_declared *yaml, const char *path, const char *shown, struct jw_arena *mem);
bool jw_declared_open_text(struct jw_declared *yaml, jw_text text, const char *shown, struct jw_arena *mem);
void jw_declared_close(struct jw_declared *yaml);

JW_PRINTF(3, 4) void jw_declared_fail(struct jw_declared *yaml, struct fy_node *at, const char *fmt, ...);
static inline bool jw_declared_good(const struct jw_declared *yaml) { return yaml->state == JW_OK; }
/* From the arena, zeroed; NULL (and a story) at the ceiling or after a failure. */
void *jw_declared_alloc(struct jw_declared *yaml, size_t size);

jw_text jw_declared_text(struct jw_declared *yaml, struct fy_node *node, const char *what); /* a scalar, copied */
bool jw_declared_bool(struct jw_declared *yaml, struct fy_node *node, const char *what);
struct fy_node *jw_declared_member(struct fy_node *map, const char *key); /* NULL when missing */
/* Every key of `map` must be one of `keys` (ends with NULL). */
void jw_declared_keys(struct jw_declared *yaml, struct fy_node *map, const char *what, const char *const *keys);

/* A scalar counts as a list of one. Use: for (i < jw_declared_length(n)) jw_declared_item(n, i). */
size_t jw_declared_length(struct fy_node *node);
struct fy_node *jw_declared_item(struct fy_node *node, size_t i);
/* A scalar or a list of scalars, copied. */
jw_text *jw_declared_texts(struct jw_declared *yaml, struct fy_node *node, const char *what, size_t *out_count);
