/* lib/parser/parsers.c — loading a folder of declarations, and showing a record to them. */
#include "dispatch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define MEMORY (64u << 20) /* of a whole set; a parser takes about 30 KiB */
#define FILES  4096
#define TOLD   256
#define RANK   50

struct parser {
    struct jw_parser_info info;
    struct jw_block *block;
    struct jw_condition **conditions;
    size_t condition_count;
    uint64_t rank; /* 0 first, 99 last */
};

struct jw_parsers {
    struct jw_arena *mem;
    struct jw_grok *regexes;
    struct jw_library library;
    struct parser *list;
    size_t count, capacity, refused;
    jw_text told[TOLD];
    struct jw_dispatch *dispatch;
};

static const char *const keys[] = {"parser", "title",  "dataset", "match",    "samples", "patterns",
                                   "tables", "labels", "about",   "disabled", "rank",    NULL};
static const char *const match_keys[] = {"program", "dataset",  "format", "fields", "exists", "missing",
                                         "starts",  "contains", "regex",  "not",    NULL};

static void refuse(struct jw_parsers *set, const char *story) {
    jw_text copy = set->refused < TOLD ? jw_arena_copy(set->mem, jw_text_from(story)) : (jw_text){0};
    if (copy.ptr)
        set->told[set->refused++] = copy;
}

/* What a dispatcher can look up stands in every entry: without it each line would be shown to this parser. */
static bool is_indexable(const struct jw_condition *condition) {
    static const enum jw_condition_kind kinds[] = {JW_IF_PROGRAM, JW_IF_DATASET, JW_IF_FORMAT,  JW_IF_FIELD,
                                                   JW_IF_EXISTS,  JW_IF_STARTS,  JW_IF_CONTAINS};
    size_t count = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !count; i++)
        jw_condition_values(condition, kinds[i], &count);
    return count > 0;
}

static size_t read_match(struct jw_compile *compile, struct fy_node *match, struct jw_condition ***out) {
    struct jw_declared *yaml = compile->yaml;
    size_t count = jw_declared_length(match);
    *out = jw_declared_alloc(yaml, count * sizeof **out);
    if (!count)
        jw_declared_fail(yaml, match, "match: missing; say which lines are meant, for instance - program: [sshd]");
    for (size_t i = 0; *out && i < count && jw_declared_good(yaml); i++) {
        struct fy_node *item = jw_declared_item(match, i);
        jw_declared_keys(yaml, item, "match", match_keys);
        (*out)[i] = jw_condition_compile(compile, item);
        if (jw_declared_good(yaml) && !is_indexable((*out)[i]))
            jw_declared_fail(
                yaml, item,
                "match: each entry wants one of program, dataset, format, fields, exists, starts, contains");
    }
    return jw_declared_good(yaml) ? count : 0;
}

static bool reserve(struct jw_parsers *set) {
    if (set->count < set->capacity)
        return true;
    size_t capacity = set->capacity ? set->capacity * 2 : 64;
    struct parser *list = realloc(set->list, capacity * sizeof *list);
    if (!list)
        return false;
    set->list = list;
    set->capacity = capacity;
    return true;
}

static void read_parser(struct jw_parsers *set, struct jw_compile *compile, struct fy_node *root) {
    struct jw_declared *yaml = compile->yaml;
    struct parser parser = {0};
    struct jw_condition **conditions = NULL;
    struct fy_node *title = jw_declared_member(root, "title"), *dataset = jw_declared_member(root, "dataset");
    struct fy_node *rank = jw_declared_member(root, "rank");
    static const char *const languages[] = {"zh", "en", NULL};
    parser.info.name = jw_declared_text(yaml, jw_declared_member(root, "parser"), "parser");
    parser.info.file = jw_arena_copy(set->mem, jw_text_from(yaml->file));
    jw_declared_keys(yaml, title, "title", languages);
    parser.info.title_zh = jw_declared_text(yaml, jw_declared_member(title, "zh"), "title: zh");
    parser.info.title_en = jw_declared_text(yaml, jw_declared_member(title, "en"), "title: en");
    parser.info.dataset = dataset ? jw_declared_text(yaml, dataset, "dataset") : parser.info.name;
    for (size_t i = 0; i < set->count; i++)
        if (jw_text_is(set->list[i].info.name, parser.info.name))
            jw_declared_fail(yaml, jw_declared_member(root, "parser"),
                             "parser: \"" JW_FMT "\" is already in " JW_FMT, JW_ARG(parser.info.name),
                             JW_ARG(set->list[i].info.file));
    size_t count = read_match(compile, jw_declared_member(root, "match"), &conditions);
    parser.rank = RANK;
    if (rank && (!jw_text_u64(jw_declared_text(yaml, rank, "rank"), &parser.rank) || parser.rank > 99))
        jw_declared_fail(yaml, rank, "rank: wants a number from 0 to 99; without it %d", RANK);
    if (jw_declared_good(yaml))
        parser.block = jw_block_compile(compile, root, keys);
    if (!jw_declared_good(yaml))
        return;
    parser.conditions = conditions;
    parser.condition_count = count;
    if (reserve(set))
        set->list[set->count++] = parser;
    else
        jw_declared_fail(yaml, root, "no memory");
}

static int by_rank(const void *a, const void *b) {
    const struct parser *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return jw_text_compare(left->info.file, right->info.file);
}

static jw_status build(struct jw_parsers *set, struct jw_error *err) {
    if (set->count)
        qsort(set->list, set->count, sizeof *set->list, by_rank);
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < set->list[i].condition_count; k++)
            if (!jw_dispatch_add(set->dispatch, (uint32_t)i, set->list[i].conditions[k]))
                return jw_fail(err, JW_E_LIMIT, "parsers: no memory");
    return jw_dispatch_build(set->dispatch, err);
}

/* One document: a parser, or patterns, tables and labels for the others, or both. */
static void read_file(struct jw_parsers *set, const char *path, const char *shown, bool library) {
    struct jw_declared yaml;
    struct jw_compile compile = {.yaml = &yaml, .library = &set->library, .regexes = &set->regexes};
    if (!jw_declared_open(&yaml, path, shown, set->mem)) {
        if (!library) /* told once */
            refuse(set, yaml.story);
        return;
    }
    struct fy_node *root = fy_document_root(yaml.doc);
    struct fy_node *patterns = jw_declared_member(root, "patterns"), *tables = jw_declared_member(root, "tables");
    struct fy_node *labels = jw_declared_member(root, "labels"), *disabled = jw_declared_member(root, "disabled");
    if (library) {
        if (patterns)
            jw_grok_add_library(&compile, patterns);
        if (labels)
            jw_table_add_library(&compile, labels, true);
        if (tables)
            jw_table_add_library(&compile, tables, false);
    } else if (jw_declared_member(root, "parser")) {
        if (!disabled || !jw_declared_bool(&yaml, disabled, "disabled"))
            read_parser(set, &compile, root);
    } else {
        static const char *const shared[] = {"patterns", "tables", "labels", "about", NULL};
        jw_declared_keys(&yaml, root, "a file without `parser`", shared);
    }
    if (!jw_declared_good(&yaml))
        refuse(set, yaml.story);
    jw_declared_close(&yaml);
}

static int is_yaml(const struct dirent *entry) {
    jw_text name = jw_text_from(entry->d_name);
    return name.len && name.ptr[0] != '.' &&
           (jw_text_ends(name, JW_TEXT(".yaml")) || jw_text_ends(name, JW_TEXT(".yml")));
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* Twice over the folder: what parsers share first. */
static jw_status read_folder(struct jw_parsers *set, const char *folder, struct jw_error *err) {
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_yaml, by_name);
    if (count < 0)
        return jw_fail(err, JW_E_SYSTEM, "parsers: %s: %s", folder, strerror(errno));
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < count && i < FILES; i++) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
            read_file(set, path, names[i]->d_name, round == 0);
        }
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count > FILES ? jw_fail(err, JW_E_LIMIT, "parsers: %s: more than %d files", folder, FILES) : JW_OK;
}

jw_status jw_parsers_load(const char *folder, struct jw_parsers **out, struct jw_error *err) {
    JW_AUTO(jw_parsers_free_p) struct jw_parsers *set = calloc(1, sizeof *set);
    if (!set || !(set->mem = jw_arena_new(MEMORY)) || !(set->dispatch = jw_dispatch_new()))
        return jw_fail(err, JW_E_LIMIT, "parsers: no memory");
    jw_status st = read_folder(set, folder, err);
    if (st == JW_OK)
        st = build(set, err);
    if (st != JW_OK)
        return st;
    *out = set;
    set = NULL;
    return JW_OK;
}

void jw_parsers_free(struct jw_parsers *set) {
    if (!set)
        return;
    jw_grok_free_list(set->regexes);
    jw_dispatch_free(set->dispatch);
    free(set->list);
    jw_arena_free(set->mem);
    free(set);
}

size_t jw_parsers_count(const struct jw_parsers *set) { return set->count; }

const struct jw_parser_info *jw_parsers_get(const struct jw_parsers *set, size_t i) {
    return i < set->count ? &set->list[i].info : NULL;
}

jw_text jw_parsers_refused(const struct jw_parsers *set, size_t i) {
    return i < set->refused ? set->told[i] : (jw_text){0};
}

struct jw_parsers_worker *jw_parsers_worker_new(const struct jw_parsers *set) {
    JW_AUTO(jw_parsers_worker_free_p) struct jw_parsers_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->set = set;
    worker->matcher = jw_grok_matcher_new();
    if (!worker->matcher || !jw_dispatch_worker(set->dispatch, worker))
        return NULL;
    struct jw_parsers_worker *done = worker;
    worker = NULL;
    return done;
}

void jw_parsers_worker_free(struct jw_parsers_worker *worker) {
    if (!worker)
        return;
    jw_dispatch_worker_free(worker);
    jw_grok_matcher_free(worker->matcher);
    free(worker->kept);
    free(worker);
}

uint64_t jw_parsers_worker_limited(const struct jw_parsers_worker *worker) { return worker->matcher->limited; }

struct attempt {
    struct jw_run run; /* first: the dispatcher knows only this */
    const struct jw_parser_info *fitting;
};

static bool attempt_one(struct jw_run *run, uint32_t number) {
    struct attempt *attempt = (struct attempt *)run;
    const struct parser *parser = &run->worker->set->list[number];
    bool clean = jw_block_clean(parser->block);
    size_t mark = clean ? 0 : jw_block_keep(run);
    bool good = jw_block_chosen(parser->block, run) && jw_block_run(parser->block, run);
    if (!clean) {
        if (!good)
            jw_block_restore(run, mark);
        jw_block_forget(run, mark);
    }
    if (good)
        attempt->fitting = &parser->info;
    return good;
}

const struct jw_parser_info *jw_parsers_run(struct jw_parsers_worker *worker, const struct jw_parsers_input *in,
                                            struct jw_record *rec) {
    struct attempt attempt = {.run = {.worker = worker, .rec = rec, .in = in}};
    worker->candidate_count = worker->kept_count = 0;
    if (!jw_dispatch_run(worker->set->dispatch, &attempt.run, attempt_one))
        return NULL;
    if (attempt.run.temporaries)
        jw_value_sweep(&attempt.run);
    return attempt.fitting;
}
