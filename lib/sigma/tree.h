/* lib/sigma/tree.h — a YAML text as a tree that remembers where everything stood, so that a refused rule can say
 * so.
 *
 * Scalars keep their text; `plain` tells 4688 from "4688". Anchors, aliases and tags other than the plain ones are
 * refused: a few bytes of aliases can stand for gigabytes, and no rule needs them. Merge of double keys: the YAML
 * reader refuses them. Everything lives in the arena. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

typedef enum jw_tree_kind { JW_TREE_SCALAR, JW_TREE_LIST, JW_TREE_MAP } jw_tree_kind;

struct jw_tree {
    jw_tree_kind kind;
    bool plain;            /* a scalar without quotes */
    jw_text text;          /* of a scalar */
    int line;              /* from 1 */
    struct jw_tree *first; /* of a list: its elements; of a map: key, value, key, value … */
    struct jw_tree *next;
};

#define JW_TREE_DEPTH 32
#define JW_TREE_NODES 1000000 /* of one text */

#define JW_TREE_DOCUMENTS 10000

/* Every document of `text` as a list in *out, linked by `next`; NULL when there is none. */
JW_MUST_CHECK jw_status jw_tree_parse(jw_text text, struct jw_arena *mem, struct jw_tree **out,
                                      struct jw_error *err);
/* The same with the texts in an arena of their own: they may outlive the tree. */
JW_MUST_CHECK jw_status jw_tree_parse_apart(jw_text text, struct jw_arena *mem, struct jw_arena *texts,
                                            struct jw_tree **out, struct jw_error *err);

/* Value of a key of a map; NULL when it is missing or `node` is no map (or NULL). */
const struct jw_tree *jw_tree_find(const struct jw_tree *node, const char *key);
/* The text of a scalar under `key`; empty when missing or not a scalar, or null. */
jw_text jw_tree_text(const struct jw_tree *node, const char *key);
bool jw_tree_is_null(const struct jw_tree *node); /* plain ~, null, Null, NULL or nothing */
