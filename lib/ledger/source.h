/* lib/ledger/source.h — one YAML file as JSON that still knows where everything stood, and says what is wrong with
 * it. Sticky: the first complaint is kept, later calls do nothing and give empty answers. */
#pragma once
#include <jansson.h>

#include "base/memory.h"
#include "base/status.h"

#define JW_SOURCE_BYTES (1u << 20) /* of one file */
#define JW_SOURCE_NODES 50000
#define JW_SOURCE_DEPTH 24

struct jw_source_mark;
struct jw_source {
    struct jw_arena *mem; /* of the caller; texts that getters return live here */
    json_t *root;         /* an object; NULL after a failure to read */
    struct jw_source_mark *marks;
    size_t mark_count, mark_room;
    jw_status state; /* JW_OK, JW_E_SYNTAX, JW_E_LIMIT */
    int line, column;
    char reason[256];
};

/* Anchors, aliases, tags, double keys and several documents are refused: a declaration says what it means, once.
 * False: `line`, `column` and `reason` say why. Close in any case. */
bool jw_source_open(struct jw_source *source, jw_text bytes, struct jw_arena *mem);
void jw_source_close(struct jw_source *source);

/* Complains about `key` of the object `in`, about its item `index` where `in` is an array, or about `in` itself
 * (key NULL in an object). */
JW_PRINTF(5, 6)
void jw_source_fail(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *fmt,
                    ...);
static inline bool jw_source_good(const struct jw_source *source) { return source->state == JW_OK; }
int jw_source_line(const struct jw_source *source, const json_t *in, const char *key);

/* From the arena, zeroed; NULL and a complaint at the ceiling or after a failure. */
void *jw_source_alloc(struct jw_source *source, size_t size);
char *jw_source_copy(struct jw_source *source, jw_text text);

/* `in` must be an object whose keys stand in `keys` or `more` (end with NULL; `more` may be NULL). */
void jw_source_keys(struct jw_source *source, const json_t *in, const char *what, const char *const *keys,
                    const char *const *more);
/* Members of objects. Absent: NULL, false, and `out` as it was. Another kind than asked for: a complaint. */
const char *jw_source_text(struct jw_source *source, const json_t *in, const char *key, size_t most_characters);
bool jw_source_flag(struct jw_source *source, const json_t *in, const char *key);
bool jw_source_integer(struct jw_source *source, const json_t *in, const char *key, int64_t least, int64_t most,
                       int64_t *out);
bool jw_source_number(struct jw_source *source, const json_t *in, const char *key, double *out);
const json_t *jw_source_list(struct jw_source *source, const json_t *in, const char *key, size_t most);
/* The text at `i` of a list. */
const char *jw_source_item(struct jw_source *source, const json_t *list, size_t i, size_t most_characters);
/* Words as `names` tells them (ends with NULL); gives the place. -1 and a complaint that lists them for another. */
int jw_source_word(struct jw_source *source, const json_t *in, const char *key, const char *const *names);
/* a-z, 0-9 and _, beginning with a letter, shorter than `room`: else a complaint. */
bool jw_source_name(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *name,
                    size_t room);
