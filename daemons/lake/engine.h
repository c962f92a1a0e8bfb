/* daemons/lake/engine.h — libchdb, loaded at run time: the sanitizers cannot live in one process with it, and there
 * is no header, so each symbol is looked up and its absence told.
 *
 * A link is one connection: one statement at a time, one thread at a time. Links are pooled. */
#pragma once
#include "base/buffer.h"
#include "base/memory.h"
#include "base/status.h"

struct jw_engine;
struct jw_engine_link;

struct jw_engine_options {
    const char *folder;   /* the database's own */
    int64_t memory_bytes; /* of the whole engine; one statement gets half */
    int threads;          /* of one statement */
};
/* Loads the library; starts nothing, so the sandbox can be entered afterwards. */
JW_MUST_CHECK jw_status jw_engine_load(const char *library, struct jw_engine **out, struct jw_error *err);
/* Opens the folder, makes database jw, and an empty one in place of `default`, which is an overlay on the file
 * system. */
JW_MUST_CHECK jw_status jw_engine_start(struct jw_engine *engine, const struct jw_engine_options *options,
                                        struct jw_error *err);
void jw_engine_close(struct jw_engine *engine); /* no link may be taken; the library stays loaded */

/* Any thread. */
JW_MUST_CHECK jw_status jw_engine_take(struct jw_engine *engine, struct jw_engine_link **out, struct jw_error *err);
void jw_engine_give(struct jw_engine *engine, struct jw_engine_link *link);
void jw_engine_drop(struct jw_engine *engine, struct jw_engine_link *link); /* it is not to be used again */
/* Every setting as it was in the beginning. */
JW_MUST_CHECK jw_status jw_engine_settle(struct jw_engine_link *link, struct jw_error *err);

/* A bound parameter: NUL-terminated name, the value as tab-separated text (escaped). */
struct jw_engine_parameter {
    const char *name, *value;
};
#define JW_ENGINE_PARAMETERS 64
#define JW_ENGINE_STORY      4096
/* What the engine says when it refuses: its text and number (81: UNKNOWN_DATABASE …), 0 when it gives none. */
struct jw_engine_failure {
    int code;
    char text[JW_ENGINE_STORY];
};

struct jw_engine_query {
    const char *sql, *format;
    const struct jw_engine_parameter *parameters;
    size_t parameter_count;
};
/* A statement without rows, or with few. `out` may be NULL. */
bool jw_engine_run(struct jw_engine_link *link, const struct jw_engine_query *query, jw_buffer *out,
                   struct jw_engine_failure *why);
/* Rows piece by piece. Every open ends with one jw_engine_end, which cancels what still runs. */
bool jw_engine_open(struct jw_engine_link *link, const struct jw_engine_query *query,
                    struct jw_engine_failure *why);
/* The next piece, borrowed until the next call; empty: the end. False: it failed in the middle. */
bool jw_engine_next(struct jw_engine_link *link, jw_text *out_piece, struct jw_engine_failure *why);
void jw_engine_end(struct jw_engine_link *link);
/* `sql` names table and nothing else; the rows are `body`, in `format`. */
bool jw_engine_insert(struct jw_engine_link *link, const char *sql, const char *format, jw_text body,
                      uint64_t *out_rows, struct jw_engine_failure *why);
