/* lib/query/query.h — the language people search with, as a tree. docs/query.md is its description for users.
 *
 * jw_query_parse resolves everything: each term knows its field's type, its bounds and its folded text, so that the
 * SQL compiler (sql.h) and the evaluator (match.c) walk the same tree and agree. A query lives in the arena it was
 * parsed into, is never changed afterwards and may be read by any number of threads.
 *
 * Meaning of a term: it holds when any value of its field satisfies it (a field may have several values). Letters
 * A–Z are compared without case everywhere. */
#pragma once
#include "base/address.h"
#include "base/memory.h"
#include "base/status.h"
#include "record/record.h"

#define JW_QUERY_BYTES 16384 /* longest text */
#define JW_QUERY_DEPTH 64    /* deepest nesting of parentheses and `not` */
#define JW_QUERY_TERMS 1024  /* most terms in one query */

/* Where and why a text is no query. `at` may be the length of the text: something is missing at its end. */
struct jw_query_error {
    size_t at, len;             /* in bytes; len >= 0 */
    size_t at_chars, len_chars; /* the same in characters (code points) */
    char text[224];             /* what is wrong and what to write instead; valid UTF-8, no newline */
};

struct jw_query_options {
    int64_t now;  /* what `now` means, ns */
    int offset_s; /* dates without a zone: seconds east of UTC */
};

typedef enum jw_query_kind {
    JW_QUERY_ALL, /* every event */
    JW_QUERY_AND, /* children: two or more */
    JW_QUERY_OR,  /* children: two or more */
    JW_QUERY_NOT, /* one child */
    JW_QUERY_TERM,
} jw_query_kind;

/* What a value must satisfy. */
typedef enum jw_test_kind {
    JW_QUERY_EXISTS,   /* it is not empty */
    JW_QUERY_EMPTY,    /* the field has no value that is not empty: a test of all values */
    JW_QUERY_EQUALS,   /* text: the whole value */
    JW_QUERY_CONTAINS, /* text: anywhere in the value */
    JW_QUERY_PATTERN,  /* text, in which JW_QUERY_ANY and JW_QUERY_ONE stand for others: the whole value */
    JW_QUERY_NUMBER,   /* low, high */
    JW_QUERY_WORDS,    /* low_text, high_text: byte order */
    JW_QUERY_ADDRESS,  /* low_address..high_address, both included */
    JW_QUERY_TIME,     /* low_time <= value < high_time, µs; INT64_MIN and INT64_MAX: no bound */
    JW_QUERY_BOOL,     /* truth */
    JW_QUERY_EVENT_ID, /* spool, number; or text equal to a value that a sender called event.id */
} jw_test_kind;

#define JW_QUERY_ANY '\x01' /* in a pattern: any run of characters, also none (`*`) */
#define JW_QUERY_ONE '\x02' /* in a pattern: exactly one character (`?`) */

typedef struct jw_query_bound {
    bool given, open; /* open: the bound itself is outside */
    bool whole;       /* compare whole numbers by `integer`; everything else by `real` */
    int64_t integer;
    double real;
} jw_query_bound;

struct jw_query_term {
    jw_text field;  /* empty: free text (the original line, or the message of an event without one) */
    jw_field_id id; /* JW_F_NONE: not in the dictionary */
    jw_test_kind test;
    jw_text text;             /* letters A–Z folded to small ones */
    jw_query_bound low, high; /* JW_QUERY_WORDS uses `given` and `open` with the texts */
    jw_text low_text, high_text;
    jw_address low_address, high_address;
    int64_t low_time, high_time;
    uint64_t number;
    uint32_t spool;
    bool truth, is_event_id;
    size_t at, len; /* where it stands in the text */
};

struct jw_query_node {
    jw_query_kind kind;
    struct jw_query_node *first, *next; /* first child, next sibling */
    struct jw_query_term term;
};

struct jw_query {
    const struct jw_query_node *root;
    uint32_t terms;
};

/* JW_E_SYNTAX: not a query. JW_E_LIMIT: one of the ceilings above, or `mem` is full. Both fill `err` (not NULL).
 * The query may borrow from `text`. */
JW_MUST_CHECK jw_status jw_query_parse(jw_text text, const struct jw_query_options *options, struct jw_arena *mem,
                                       const struct jw_query **out, struct jw_query_error *err);

/* What the record itself does not carry (DESIGN: identity and arrival are derived from the spool). */
struct jw_query_place {
    uint64_t number;  /* event number in its spool */
    int64_t ingested; /* ns */
    uint32_t spool;   /* spool id */
};

/* Does the query hold for this event? The same answer that its SQL gives in the lake. Any thread; allocates
 * nothing. */
bool jw_query_match(const struct jw_query *query, const struct jw_record *rec, const struct jw_query_place *place);
