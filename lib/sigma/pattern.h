/* lib/sigma/pattern.h — one literal value of a rule: text with wildcards, and how it is compared.
 *
 * A pattern is a row of pieces. Unless `cased`, its literals are folded, and it is matched against folded text. `*`
 * is any run of characters, line ends included; `?` is one code point (one byte where the text is not UTF-8); a
 * dash is any of - / – — ― (modifier windash). */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_FOLD_GROWTH 2 /* folded text is at most this many times longer (U+023A: two bytes become three) */
/* Writes the folded text (at most s.len * JW_FOLD_GROWTH bytes) and returns its length. */
size_t jw_fold(jw_text s, char *out);
/* Length of the code point that begins here: 1..4; 1 for a byte that begins none. `left` is not 0. */
size_t jw_fold_utf8_length(const unsigned char *at, size_t left);

typedef enum jw_piece_kind { JW_PIECE_LITERAL, JW_PIECE_ONE, JW_PIECE_ANY, JW_PIECE_DASH } jw_piece_kind;
struct jw_piece {
    jw_piece_kind kind;
    jw_text text; /* of a literal */
};

typedef enum jw_shape {
    JW_SHAPE_EQUALS,
    JW_SHAPE_STARTS,
    JW_SHAPE_ENDS,
    JW_SHAPE_CONTAINS,
    JW_SHAPE_PIECES
} jw_shape;
struct jw_pattern {
    struct jw_piece *pieces;
    uint32_t count;
    bool cased;
    jw_shape shape; /* all but PIECES have exactly one literal, or none for EQUALS (the empty text) */
};

/* Sigma's own notation: * and ? are wildcards; \* \? \\ are those characters; any other backslash is itself. */
JW_MUST_CHECK jw_status jw_pattern_parse(jw_text text, struct jw_arena *mem, struct jw_pattern *out);
/* One literal, nothing escaped. */
JW_MUST_CHECK jw_status jw_pattern_literal(jw_text text, struct jw_arena *mem, struct jw_pattern *out);
JW_MUST_CHECK jw_status jw_pattern_wrap(struct jw_pattern *pattern, bool before, bool after, struct jw_arena *mem);
/* Splits literals at dashes that begin a word: where [-/] stands after no word character and before one. */
JW_MUST_CHECK jw_status jw_pattern_windash(struct jw_pattern *pattern, struct jw_arena *mem);
/* Last step: folds unless cased, joins literals, finds the shape. */
JW_MUST_CHECK jw_status jw_pattern_finish(struct jw_pattern *pattern, bool cased, struct jw_arena *mem);

/* `text` is folded by the caller unless pattern->cased. Time: length of the text times length of the longest run
 * without *, at worst. */
bool jw_pattern_match(const struct jw_pattern *pattern, jw_text text);
/* The longest literal: every text that matches contains it. Empty when there is none. */
jw_text jw_pattern_needle(const struct jw_pattern *pattern);
