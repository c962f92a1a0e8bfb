/* lib/query/term.h — from a field's name and a written value to a resolved test; only query.c uses it.
 *
 * What a value means follows from the field's type: 10.0.0.0/8 is a network for an address field and a text for a
 * keyword. A value that cannot be of the field's type is an error when it stands bare, since it is nearly always a
 * slip; in quotes it looks for that text, because senders do write "high" into number fields. */
#pragma once
#include "lexer.h"

struct jw_term_maker {
    struct jw_lexer *lexer; /* for errors and memory */
    const struct jw_query_options *options;
};

/* One end of a range. `word.len` 0: open end. */
struct jw_term_end {
    struct jw_word word;
    bool given, open;
};

/* `field` empty: free text. Fills `out`, whose `at` and `len` the caller has set. */
JW_MUST_CHECK jw_status jw_term_value(const struct jw_term_maker *maker, jw_text field, const struct jw_word *word,
                                      struct jw_query_term *out);
JW_MUST_CHECK jw_status jw_term_range(const struct jw_term_maker *maker, jw_text field,
                                      const struct jw_term_end *low, const struct jw_term_end *high,
                                      struct jw_query_term *out);
