/* lib/ledger/expression.h — the small language of computed fields: numbers, texts, dates, comparison, and/or/not,
 * + - * /, if(), and counts over the records that point to this one. docs/ledgers.md shows it to people.
 *
 *   days_until(expires)      count(vulnerability.asset where grade = 'high' and not fixed)
 *
 * An empty value makes arithmetic empty, order comparisons false; and/or/not take it for false. Division by zero is
 * empty. Nothing loops but over related records, and those are bounded. */
#pragma once
#include "ledger.h"

#include "base/memory.h"

#define JW_EXPRESSION_TEXT    1000   /* bytes */
#define JW_EXPRESSION_NODES   200    /* words and signs that do something */
#define JW_EXPRESSION_DEPTH   20     /* of brackets and operators in each other */
#define JW_EXPRESSION_RELATED 100000 /* records visited by one run */

struct jw_expression;
/* Into `mem`, where it stays. The complaint says at which character. */
JW_MUST_CHECK jw_status jw_expression_read(jw_text text, struct jw_arena *mem, struct jw_expression **out,
                                           struct jw_error *err);

typedef const struct jw_ledger *(*jw_expression_find)(const void *context, const char *name); /* NULL: none */
/* Kinds of values, names of fields and ledgers, and that no sensitive field shows through a less sensitive one.
 * Must have said JW_OK once before `run`. */
JW_MUST_CHECK jw_status jw_expression_check(struct jw_expression *expression, const struct jw_ledger *ledger,
                                            const struct jw_ledger_field *field, jw_expression_find find,
                                            const void *context, struct jw_error *err);

/* Number `i` of the fields by which other ledgers point here and that it looks at; false: there are no more.
 * `fields` of those records are all it asks for. Valid as long as the expression. */
#define JW_EXPRESSION_NEEDED 32
struct jw_expression_need {
    const char *ledger, *reference;
    const char *fields[JW_EXPRESSION_NEEDED];
    size_t count;
};
bool jw_expression_get_need(const struct jw_expression *expression, size_t i, struct jw_expression_need *out);

typedef bool (*jw_expression_visit)(void *with, const json_t *record); /* false: enough */
/* What the store gives. */
struct jw_expression_world {
    const json_t *record; /* canonical, with the fields the expression names */
    int64_t today;        /* days since 1970-01-01, where people are */
    struct jw_arena *mem; /* texts while it runs */
    void *context;
    /* Visits the records of `ledger` (not the deleted ones) whose `field` points to this record. */
    jw_status (*related)(void *context, const char *ledger, const char *field, jw_expression_visit visit,
                         void *with, struct jw_error *err);
    /* The same without looking at them; may be NULL. */
    jw_status (*count)(void *context, const char *ledger, const char *field, int64_t *out, struct jw_error *err);
};
/* A new reference: number, text, boolean, "2026-08-31" for a date, null for empty. */
JW_MUST_CHECK jw_status jw_expression_run(const struct jw_expression *expression,
                                          const struct jw_expression_world *world, json_t **out,
                                          struct jw_error *err);
