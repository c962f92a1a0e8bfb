/* lib/ledger/expression_tree.h — an expression as the parts of its family see it: nodes that name each other by
 * place, so that nothing can point outside. */
#pragma once
#include "expression.h"

typedef enum jw_kind {
    JW_KIND_EMPTY,
    JW_KIND_NUMBER,
    JW_KIND_TEXT,
    JW_KIND_BOOLEAN,
    JW_KIND_DATE,
    JW_KIND_LIST,  /* can be measured and searched, no more */
    JW_KIND_OTHER, /* can be empty, no more */
} jw_kind;

enum jw_operation {
    JW_OP_NUMBER,
    JW_OP_TEXT,
    JW_OP_TRUE,
    JW_OP_FALSE,
    JW_OP_EMPTY,
    JW_OP_FIELD,
    JW_OP_NOT,
    JW_OP_MINUS,
    JW_OP_AND,
    JW_OP_OR,
    JW_OP_EQUAL,
    JW_OP_UNEQUAL,
    JW_OP_LESS,
    JW_OP_AT_MOST,
    JW_OP_MORE,
    JW_OP_AT_LEAST,
    JW_OP_ADD,
    JW_OP_SUBTRACT,
    JW_OP_MULTIPLY,
    JW_OP_DIVIDE,
    JW_OP_CALL,    /* children: the arguments */
    JW_OP_RELATED, /* children: the condition, when there is one */
};

#define JW_EXPRESSION_ARGUMENTS 8
struct jw_node {
    enum jw_operation op;
    int at; /* character of the source, from 1 */
    int child[JW_EXPRESSION_ARGUMENTS], children;
    double number; /* JW_OP_NUMBER; JW_OP_CALL: place in jw_functions */
    char *text;    /* JW_OP_TEXT; the name of a field; JW_OP_RELATED: count, sum, earliest, latest */
    char *ledger, *reference, *over; /* JW_OP_RELATED: ledger.reference, over */
    jw_kind kind;                    /* of its value, known after check */
    bool instant;                    /* JW_OP_FIELD: a datetime, whose day counts */
};
struct jw_expression {
    struct jw_node *nodes;
    int count, root;
};

struct jw_function {
    const char *name;
    int least, most; /* arguments */
};
enum jw_function_place {
    JW_FN_IF,
    JW_FN_IS_EMPTY,
    JW_FN_OR_ELSE,
    JW_FN_ROUND,
    JW_FN_LEAST,
    JW_FN_MOST,
    JW_FN_DAYS_UNTIL,
    JW_FN_DAYS_SINCE,
    JW_FN_TODAY,
    JW_FN_CONTAINS,
    JW_FN_SIZE,
};
extern const struct jw_function jw_expression_functions[]; /* in that order, ends with a NULL name */
