/* lib/parser/block.c — a block: conditions, then its steps in one fixed order, whatever the order in the file. */
#include "step.h"

#include <stdlib.h>

/* Extraction first, then names, then values: the order in which a block's steps run. */
static const struct jw_step_kind *const kinds[] = {
    &jw_step_pattern, &jw_step_any,   &jw_step_kv,   &jw_step_csv,    &jw_step_read, &jw_step_extract,
    &jw_step_under,   &jw_step_split, &jw_step_join, &jw_step_rename, &jw_step_copy, &jw_step_map,
    &jw_step_set,     &jw_step_types, &jw_step_time, &jw_step_drop,
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct jw_step {
    const struct jw_step_kind *kind;
    const void *data;
};

struct jw_block {
    struct jw_condition *when;
    struct jw_name source;
    struct jw_step steps[KINDS];
    uint32_t count;
    bool optional, needs_source, clean;
};

static void check_keys(struct jw_compile *compile, struct fy_node *map, const char *const *also) {
    const char *keys[KINDS + 24];
    size_t count = 0;
    for (size_t i = 0; i < KINDS; i++)
        keys[count++] = kinds[i]->key;
    keys[count++] = "when";
    keys[count++] = "field";
    keys[count++] = "optional";
    for (; also && *also && count < KINDS + 23; also++)
        keys[count++] = *also;
    keys[count] = NULL;
    jw_declared_keys(compile->yaml, map, "block", keys);
}

static void read_options(struct jw_compile *compile, struct fy_node *map, struct jw_block *block) {
    struct fy_node *when = jw_declared_member(map, "when"), *field = jw_declared_member(map, "field");
    struct fy_node *optional = jw_declared_member(map, "optional");
    static const char *const conditions[] = {"program", "dataset",  "format", "fields", "exists", "missing",
                                             "starts",  "contains", "regex",  "not",    NULL};
    if (when) {
        jw_declared_keys(compile->yaml, when, "when", conditions);
        block->when = jw_condition_compile(compile, when);
    }
    block->source = field ? jw_value_read_name(compile, field, "field") : jw_value_name(JW_TEXT("_text"));
    block->optional = optional && jw_declared_bool(compile->yaml, optional, "optional");
}

struct jw_block *jw_block_compile(struct jw_compile *compile, struct fy_node *map, const char *const *also) {
    check_keys(compile, map, also);
    struct jw_block *block = jw_declared_alloc(compile->yaml, sizeof *block);
    if (!block)
        return NULL;
    if (++compile->depth > JW_PARSER_DEPTH)
        jw_declared_fail(compile->yaml, map, "more than %d blocks in blocks", JW_PARSER_DEPTH);
    read_options(compile, map, block);
    for (size_t i = 0; i < KINDS && jw_declared_good(compile->yaml); i++) {
        struct fy_node *node = jw_declared_member(map, kinds[i]->key);
        if (!node)
            continue;
        block->steps[block->count].kind = kinds[i];
        block->steps[block->count++].data = kinds[i]->compile(compile, node, map);
        block->needs_source |= kinds[i]->needs_source;
    }
    /* Only its first step can fail before anything was changed. */
    block->clean = block->count == 0 || (block->count == 1 && block->steps[0].kind->clean);
    if (block->count > 1 && block->steps[0].kind->clean) {
        block->clean = true;
        for (uint32_t i = 1; i < block->count; i++)
            block->clean &= block->steps[i].kind != &jw_step_extract && !block->steps[i].kind->needs_source &&
                            block->steps[i].kind != &jw_step_any;
    }
    compile->depth--;
    return jw_declared_good(compile->yaml) ? block : NULL;
}

bool jw_block_clean(const struct jw_block *block) { return block->clean; }

bool jw_block_chosen(const struct jw_block *block, struct jw_run *run) {
    return !block->when || jw_condition_holds(block->when, run);
}

static bool run_steps(const struct jw_block *block, struct jw_run *run) {
    jw_text source = {0};
    if (block->needs_source && !(source = jw_value_get(run, &block->source)).ptr)
        return false;
    for (uint32_t i = 0; i < block->count; i++)
        if (!block->steps[i].kind->run(block->steps[i].data, run, source))
            return false;
    return true;
}

bool jw_block_run(const struct jw_block *block, struct jw_run *run) {
    if (!jw_block_chosen(block, run))
        return true;
    if (!block->optional || block->clean)
        return run_steps(block, run) || block->optional;
    size_t mark = jw_block_keep(run);
    if (!run_steps(block, run))
        jw_block_restore(run, mark);
    jw_block_forget(run, mark);
    return true;
}

/* The copy on the worker's stack: its fields, and above them, in a place of one field's size, what else there is.
 */
struct rest {
    int64_t time;
    uint32_t count;
    bool has_time, temporaries;
};
_Static_assert(sizeof(struct rest) <= sizeof(jw_field), "the rest fits a field's place");

size_t jw_block_keep(struct jw_run *run) {
    struct jw_parsers_worker *worker = run->worker;
    struct jw_record *rec = run->rec;
    size_t mark = worker->kept_count, wanted = mark + rec->count + 1;
    if (wanted > worker->kept_capacity) {
        jw_field *grown = realloc(worker->kept, wanted * 2 * sizeof *grown);
        if (!grown) {
            rec->state = JW_E_LIMIT;
            return mark;
        }
        worker->kept = grown;
        worker->kept_capacity = wanted * 2;
    }
    struct rest rest = {rec->time, rec->count, rec->has_time, run->temporaries};
    memcpy(worker->kept + mark, &rest, sizeof rest);
    if (rec->count)
        memcpy(worker->kept + mark + 1, rec->fields, rec->count * sizeof *rec->fields);
    worker->kept_count = wanted;
    return mark;
}

void jw_block_restore(struct jw_run *run, size_t mark) {
    struct jw_record *rec = run->rec;
    struct rest rest;
    if (mark == run->worker->kept_count) /* the copy failed: rec->state says so */
        return;
    memcpy(&rest, run->worker->kept + mark, sizeof rest);
    rec->time = rest.time;
    rec->has_time = rest.has_time;
    rec->count = rest.count; /* the array never shrinks */
    run->temporaries = rest.temporaries;
    if (rec->count)
        memcpy(rec->fields, run->worker->kept + mark + 1, rec->count * sizeof *rec->fields);
}

void jw_block_forget(struct jw_run *run, size_t mark) { run->worker->kept_count = mark; }

/* --- the steps that are blocks themselves
 * ------------------------------------------------------------------------- */
struct blocks {
    struct jw_block **list;
    size_t count;
};

static const void *compile_blocks(struct jw_compile *compile, struct fy_node *node, struct fy_node *map) {
    (void)map;
    struct blocks *blocks = jw_declared_alloc(compile->yaml, sizeof *blocks);
    size_t count = jw_declared_length(node);
    struct jw_block **list = jw_declared_alloc(compile->yaml, count * sizeof *list);
    for (size_t i = 0; blocks && list && i < count && jw_declared_good(compile->yaml); i++)
        list[i] = jw_block_compile(compile, jw_declared_item(node, i), NULL);
    if (!jw_declared_good(compile->yaml))
        return NULL;
    *blocks = (struct blocks){list, count};
    return blocks;
}

static bool run_extract(const void *data, struct jw_run *run, jw_text source) {
    const struct blocks *blocks = data;
    (void)source;
    for (size_t i = 0; i < blocks->count; i++)
        if (!jw_block_run(blocks->list[i], run))
            return false;
    return true;
}

/* The first block that is chosen and fits. */
static bool run_any(const void *data, struct jw_run *run, jw_text source) {
    const struct blocks *blocks = data;
    (void)source;
    for (size_t i = 0; i < blocks->count; i++) {
        const struct jw_block *block = blocks->list[i];
        if (!jw_block_chosen(block, run))
            continue;
        if (block->clean) {
            if (run_steps(block, run))
                return true;
            continue;
        }
        size_t mark = jw_block_keep(run);
        bool good = run_steps(block, run);
        if (!good)
            jw_block_restore(run, mark);
        jw_block_forget(run, mark);
        if (good)
            return true;
    }
    return false;
}

const struct jw_step_kind jw_step_extract = {.key = "extract", .compile = compile_blocks, .run = run_extract};
const struct jw_step_kind jw_step_any = {.key = "any", .clean = true, .compile = compile_blocks, .run = run_any};
