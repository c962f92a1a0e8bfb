/* lib/parser/dispatch.c — hashes for datasets, programs and field names, vectorscan for literals. */
#include "dispatch.h"

#include <hs/hs.h>
#include <stdlib.h>

#include "base/hash.h"

/* Vectorscan 5.4.9 misses finds in databases of few literals (docs/decisions/vectorscan-literals.md): fewer are
 * searched one by one. */
#define SCAN_LEAST 16

struct entry {
    uint32_t parser;
    const struct jw_condition *condition;
};

/* One text, or one literal, and an entry behind it. Open addressing over `keys`; equal keys follow each other. */
struct key {
    jw_text text;
    uint32_t entry;
};
struct index {
    struct key *keys;
    size_t count, capacity;
    uint32_t *slots; /* number of key + 1 */
    size_t mask;
};

struct jw_dispatch {
    struct entry *entries;
    size_t count, capacity;
    struct index programs, datasets, fields, formats, literals;
    hs_database_t *scan; /* NULL below SCAN_LEAST literals */
};

struct jw_dispatch *jw_dispatch_new(void) {
    return calloc(1, sizeof(struct jw_dispatch));
}

static void index_free(struct index *index) {
    free(index->keys);
    free(index->slots);
}

void jw_dispatch_free(struct jw_dispatch *dispatch) {
    if (!dispatch)
        return;
    index_free(&dispatch->programs);
    index_free(&dispatch->datasets);
    index_free(&dispatch->fields);
    index_free(&dispatch->formats);
    index_free(&dispatch->literals);
    hs_free_database(dispatch->scan);
    free(dispatch->entries);
    free(dispatch);
}

static bool index_add(struct index *index, const jw_text *texts, size_t count, uint32_t entry) {
    for (size_t i = 0; i < count; i++) {
        if (index->count == index->capacity) {
            size_t capacity = index->capacity ? index->capacity * 2 : 64;
            struct key *keys = realloc(index->keys, capacity * sizeof *keys);
            if (!keys)
                return false;
            index->keys = keys;
            index->capacity = capacity;
        }
        index->keys[index->count++] = (struct key){texts[i], entry};
    }
    return true;
}

bool jw_dispatch_add(struct jw_dispatch *dispatch, uint32_t parser, const struct jw_condition *condition) {
    /* What to index by: the most telling first. */
    const struct {
        enum jw_condition_kind kind;
        struct index *index;
    } choices[] = {{JW_IF_DATASET, &dispatch->datasets}, {JW_IF_PROGRAM, &dispatch->programs},
                   {JW_IF_FIELD, &dispatch->fields},     {JW_IF_EXISTS, &dispatch->fields},
                   {JW_IF_STARTS, &dispatch->literals},  {JW_IF_CONTAINS, &dispatch->literals},
                   {JW_IF_FORMAT, &dispatch->formats}};
    if (dispatch->count == dispatch->capacity) {
        size_t capacity = dispatch->capacity ? dispatch->capacity * 2 : 64;
        struct entry *entries = realloc(dispatch->entries, capacity * sizeof *entries);
        if (!entries)
            return false;
        dispatch->entries = entries;
        dispatch->capacity = capacity;
    }
    uint32_t entry = (uint32_t)dispatch->count;
    dispatch->entries[dispatch->count++] = (struct entry){parser, condition};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        size_t count;
        const jw_text *values = jw_condition_values(condition, choices[i].kind, &count);
        if (count)
            return index_add(choices[i].index, values, count, entry);
    }
    return false; /* the loader has refused such a one */
}

static bool index_build(struct index *index) {
    size_t size = 16;
    while (size < index->count * 4)
        size *= 2;
    index->slots = calloc(size, sizeof *index->slots);
    index->mask = size - 1;
    for (size_t i = 0; index->slots && i < index->count; i++) {
        size_t at = jw_hash_stable(index->keys[i].text) & index->mask;
        while (index->slots[at])
            at = (at + 1) & index->mask;
        index->slots[at] = (uint32_t)i + 1;
    }
    return index->slots != NULL;
}

static jw_status build_scan(struct jw_dispatch *dispatch, struct jw_error *err) {
    const struct index *literals = &dispatch->literals;
    size_t count = literals->count;
    if (count < SCAN_LEAST)
        return JW_OK;
    const char **texts = calloc(count, sizeof *texts);
    size_t *sizes = calloc(count, sizeof *sizes);
    unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
    hs_compile_error_t *error = NULL;
    jw_status st = texts && sizes && flags && ids ? JW_OK : jw_fail(err, JW_E_LIMIT, "parsers: no memory");
    for (size_t i = 0; st == JW_OK && i < count; i++) {
        texts[i] = literals->keys[i].text.ptr;
        sizes[i] = literals->keys[i].text.len;
        flags[i] = HS_FLAG_SINGLEMATCH;
        ids[i] = (unsigned)i;
    }
    if (st == JW_OK && hs_compile_lit_multi(texts, flags, ids, sizes, (unsigned)count, HS_MODE_BLOCK, NULL,
                                            &dispatch->scan, &error) != HS_SUCCESS) {
        st = jw_fail(err, JW_E_LIMIT, "parsers: literals: %s", error ? error->message : "no memory");
        hs_free_compile_error(error);
    }
    free(texts);
    free(sizes);
    free(flags);
    free(ids);
    return st;
}

jw_status jw_dispatch_build(struct jw_dispatch *dispatch, struct jw_error *err) {
    if (!index_build(&dispatch->programs) || !index_build(&dispatch->datasets) || !index_build(&dispatch->fields) ||
        !index_build(&dispatch->formats))
        return jw_fail(err, JW_E_LIMIT, "parsers: no memory");
    return build_scan(dispatch, err);
}

bool jw_dispatch_worker(const struct jw_dispatch *dispatch, struct jw_parsers_worker *worker) {
    hs_scratch_t *scratch = NULL;
    worker->candidates = calloc(dispatch->count + 1, sizeof *worker->candidates);
    worker->seen = calloc(dispatch->count + 1, sizeof *worker->seen);
    if (dispatch->scan && hs_alloc_scratch(dispatch->scan, &scratch) != HS_SUCCESS)
        return false;
    worker->scan = scratch;
    return worker->candidates && worker->seen;
}

void jw_dispatch_worker_free(struct jw_parsers_worker *worker) {
    free(worker->candidates);
    free(worker->seen);
    hs_free_scratch(worker->scan);
}

static void add_candidate(struct jw_parsers_worker *worker, uint32_t entry) {
    if (worker->seen[entry] == worker->round)
        return;
    worker->seen[entry] = worker->round;
    worker->candidates[worker->candidate_count++] = entry;
}

static void look_up(const struct index *index, struct jw_parsers_worker *worker, jw_text text) {
    if (index->count == 0 || text.len == 0)
        return;
    for (size_t at = jw_hash_stable(text) & index->mask; index->slots[at]; at = (at + 1) & index->mask) {
        const struct key *key = &index->keys[index->slots[at] - 1];
        if (jw_text_is(key->text, text))
            add_candidate(worker, key->entry);
    }
}

struct scanning {
    const struct jw_dispatch *dispatch;
    struct jw_parsers_worker *worker;
};

static int on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    struct scanning *scanning = context;
    (void)from, (void)to, (void)flags;
    add_candidate(scanning->worker, scanning->dispatch->literals.keys[id].entry);
    return 0;
}

static void scan(const struct jw_dispatch *dispatch, struct jw_parsers_worker *worker, jw_text content) {
    struct scanning scanning = {dispatch, worker};
    const struct index *literals = &dispatch->literals;
    if (!content.len || content.len > UINT32_MAX)
        return;
    if (dispatch->scan)
        (void)hs_scan(dispatch->scan, content.ptr, (unsigned)content.len, 0, worker->scan, on_literal, &scanning);
    else
        for (size_t i = 0; i < literals->count; i++)
            if (memmem(content.ptr, content.len, literals->keys[i].text.ptr, literals->keys[i].text.len))
                add_candidate(worker, literals->keys[i].entry);
}

/* Entries are added parser by parser, so their order is the rank. */
static int by_rank(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool try_candidates(const struct jw_dispatch *dispatch, struct jw_run *run,
                           bool (*each)(struct jw_run *run, uint32_t parser)) {
    struct jw_parsers_worker *worker = run->worker;
    uint32_t count = worker->candidate_count, last = UINT32_MAX;
    if (count > 1)
        qsort(worker->candidates, count, sizeof *worker->candidates, by_rank);
    worker->candidate_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct entry *entry = &dispatch->entries[worker->candidates[i]];
        if (entry->parser == last || !jw_condition_holds(entry->condition, run))
            continue;
        last = entry->parser; /* its other entries lead to the same end */
        if (each(run, entry->parser))
            return true;
    }
    return false;
}

bool jw_dispatch_run(const struct jw_dispatch *dispatch, struct jw_run *run,
                     bool (*each)(struct jw_run *run, uint32_t parser)) {
    struct jw_parsers_worker *worker = run->worker;
    const struct jw_record *rec = run->rec;
    if (++worker->round == 0) { /* wrapped: old marks would look new */
        memset(worker->seen, 0, dispatch->count * sizeof *worker->seen);
        worker->round = 1;
    }
    look_up(&dispatch->datasets, worker, run->in->dataset);
    look_up(&dispatch->programs, worker, run->in->program);
    if (worker->candidate_count && try_candidates(dispatch, run, each))
        return true;
    for (uint32_t i = 0; dispatch->fields.count && i < rec->count; i++)
        look_up(&dispatch->fields, worker, rec->fields[i].name);
    look_up(&dispatch->formats, worker, run->in->format);
    scan(dispatch, worker, run->in->content);
    return worker->candidate_count && try_candidates(dispatch, run, each);
}
