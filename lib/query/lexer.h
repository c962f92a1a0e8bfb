/* lib/query/lexer.h — words and signs of the query language; only query.c and term.c use it.
 *
 * Full-width signs that Chinese input methods produce （）：“”！＞＜［］｛｝ and the ideographic space count as
 * their ASCII forms. A backslash makes the sign after it plain; before anything else it is itself, so that
 * C:\Windows needs no care. One lexer belongs to one thread. */
#pragma once
#include "query.h"

struct jw_lexer {
    jw_text text;
    size_t at;
    struct jw_arena *mem;
    struct jw_query_error *err;
};

/* A value as it was written. */
struct jw_word {
    jw_text text; /* escapes undone; unquoted * and ? are JW_QUERY_ANY and JW_QUERY_ONE */
    bool quoted, wild;
    size_t at, len;
};

typedef enum jw_comparison { JW_IS, JW_IS_NOT, JW_MORE, JW_MORE_OR_SAME, JW_LESS, JW_LESS_OR_SAME } jw_comparison;

/* Writes the error with its place and returns `code`. */
JW_PRINTF(5, 6)
jw_status jw_lexer_fail(struct jw_lexer *lexer, jw_status code, size_t at, size_t len, const char *fmt, ...);

void jw_lexer_space(struct jw_lexer *lexer);
/* The sign at `at` in ASCII form, or the byte; 0 at the end. `out_width`: its bytes. */
char jw_lexer_peek(const struct jw_lexer *lexer, size_t *out_width);
bool jw_lexer_sign(struct jw_lexer *lexer, char sign);          /* takes it if it is next */
bool jw_lexer_keyword(struct jw_lexer *lexer, jw_text keyword); /* takes it if it stands as a word of its own */
/* "name:" or "name >=" and so on at this place: takes both. */
bool jw_lexer_field(struct jw_lexer *lexer, jw_text *out_name, jw_comparison *out_comparison);
/* "host.*:" at this place, which names no field: how long that name is; takes nothing. 0: none. */
size_t jw_lexer_wild_name(const struct jw_lexer *lexer);
bool jw_lexer_comparison(struct jw_lexer *lexer, jw_comparison *out); /* > >= < <= */
/* A quoted phrase or a bare word; `stop`: a sign that also ends a bare word ('\0': none). JW_AGAIN: none stands
 * here. */
JW_MUST_CHECK jw_status jw_lexer_word(struct jw_lexer *lexer, char stop, struct jw_word *out);
