/* daemons/lake/statement.h — what a request may ask of the engine. The text is jinwu's own SQL, never a user's; all
 * the same the engine gets only what jinwu needs: one statement, of a known kind. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

typedef enum jw_statement_kind {
    JW_STATEMENT_ROWS,    /* SELECT, WITH: streamed */
    JW_STATEMENT_INSERT,  /* INSERT INTO table [(columns)] FORMAT word; rows only from the body */
    JW_STATEMENT_COMMAND, /* CREATE, ALTER, DROP, OPTIMIZE, RENAME, TRUNCATE; SHOW, DESCRIBE, EXISTS: at most 64 MiB
                           */
    JW_STATEMENT_KILL,    /* KILL QUERY WHERE query_id = '…' ASYNC */
} jw_statement_kind;

struct jw_statement {
    jw_statement_kind kind;
    const char *sql;    /* without FORMAT */
    const char *format; /* NULL: none was given */
};
/* Texts live in `mem`. JW_E_DENIED: not allowed; JW_E_SYNTAX: no statement; JW_E_LIMIT. */
JW_MUST_CHECK jw_status jw_statement_read(jw_text sql, struct jw_arena *mem, struct jw_statement *out,
                                          struct jw_error *err);
/* May a request set it? And is the value harmless as text between quotes? */
bool jw_statement_may_set(jw_text name, jw_text value);
/* Query ids are letters, digits, '-', '_', at most 64. */
bool jw_statement_is_id(jw_text id);
