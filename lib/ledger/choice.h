/* lib/ledger/choice.h — the declared choices of choice, choices and tree. */
#pragma once
#include "ledger.h"
#include "source.h"

#define JW_CHOICES 5000 /* of one field, branches included */

struct jw_choice {
    const char *value; /* a word; in trees the whole path: server/linux */
    struct jw_ledger_label label;
    const char *colour; /* NULL: none */
    int parent;         /* -1: at the top */
    bool leaf;
};
struct jw_choices {
    struct jw_choice *list;
    int count;
    bool leaf_only;
};
/* Reads `choices`; with `depth` > 1 there may be `under` in each. NULL after a complaint. */
struct jw_choices *jw_choice_declare(struct jw_source *source, const json_t *options, int depth);
int jw_choice_find(const struct jw_choices *choices, jw_text value); /* -1: none */
/* By word, or by label in any language when only one has it. */
int jw_choice_guess(const struct jw_choices *choices, jw_text text);
/* "…; there are high, medium, low" */
JW_MUST_CHECK jw_status jw_choice_fail(const struct jw_choices *choices, jw_text text, struct jw_error *err);
