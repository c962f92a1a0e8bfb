/* lib/parser/step_csv.c — csv: columns by place. split: one field into several values. join: several into one. */
#include "step.h"

#define COLUMNS 256

struct csv {
    struct jw_name *columns; /* a name of length 0: nobody wants it */
    size_t count, least;
    jw_text separator;
    bool quotes;
};

static const void *compile_csv(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"columns", "separator", "least", "quotes", NULL};
    struct jw_declared *yaml = compile->yaml;
    (void)block;
    jw_declared_keys(yaml, node, "csv", keys);
    struct csv *csv = jw_declared_alloc(yaml, sizeof *csv);
    if (!csv)
        return NULL;
    struct fy_node *columns = jw_declared_member(node, "columns"), *by = jw_declared_member(node, "separator");
    struct fy_node *least = jw_declared_member(node, "least"), *quotes = jw_declared_member(node, "quotes");
    csv->count = csv->least = jw_declared_length(columns);
    if (csv->count == 0 || csv->count > COLUMNS)
        jw_declared_fail(yaml, node, "csv: wants columns, at most %d", COLUMNS);
    csv->columns = jw_declared_alloc(yaml, csv->count * sizeof *csv->columns);
    for (size_t i = 0; csv->columns && i < csv->count; i++) {
        struct jw_name name = jw_value_read_name(compile, jw_declared_item(columns, i), "columns");
        if (!jw_text_is(name.text, JW_TEXT("-")))
            csv->columns[i] = name;
    }
    csv->separator = by ? jw_declared_text(yaml, by, "separator") : JW_TEXT(",");
    csv->quotes = !quotes || jw_declared_bool(yaml, quotes, "quotes");
    if (csv->separator.len == 0)
        jw_declared_fail(yaml, node, "csv: an empty separator");
    uint64_t number;
    if (least && jw_text_u64(jw_declared_text(yaml, least, "least"), &number) && number <= csv->count)
        csv->least = (size_t)number;
    return csv;
}

/* One column; a quoted one may contain separators, and "" for a quote, which stays doubled. */
static bool next(const struct csv *csv, jw_text *rest, bool *more, jw_text *out) {
    if (!*more)
        return false;
    size_t at = 0;
    if (csv->quotes && rest->len && *rest->ptr == '"') {
        for (at = 1; at < rest->len; at++)
            if (rest->ptr[at] == '"' && (at + 1 == rest->len || rest->ptr[++at] != '"'))
                break;
        size_t end = at < rest->len ? at : rest->len;
        bool closed = end == rest->len ? rest->len > 1 && rest->ptr[end - 1] == '"' : true;
        *out = closed && end >= 2 ? (jw_text){rest->ptr + 1, end - 2} : (jw_text){rest->ptr + 1, rest->len - 1};
        rest->ptr += end, rest->len -= end;
        *more = jw_text_drop(rest, csv->separator);
        return true;
    }
    if (jw_text_find(*rest, csv->separator, &at)) {
        *out = (jw_text){rest->ptr, at};
        rest->ptr += at + csv->separator.len, rest->len -= at + csv->separator.len;
    } else {
        *out = *rest;
        *more = false;
    }
    return true;
}

static bool run_csv(const void *data, struct jw_run *run, jw_text source) {
    const struct csv *csv = data;
    jw_text values[COLUMNS];
    size_t count = 0;
    bool more = true;
    while (count < csv->count && next(csv, &source, &more, &values[count]))
        count++;
    if (count < csv->least)
        return false;
    for (size_t i = 0; i < count; i++)
        if (csv->columns[i].text.len && values[i].len)
            jw_value_put(run, &csv->columns[i], jw_text_trim(values[i]));
    return true;
}

/* --- split: {field: by} -----------------------------------------------------------------------------------------
 */
struct split {
    struct jw_name name;
    jw_text by;
    struct split *next;
};

static const void *compile_split(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    struct split *list = NULL;
    void *at = NULL;
    (void)block;
    if (!fy_node_is_mapping(node)) {
        jw_declared_fail(compile->yaml, node, "split: wants field: separator");
        return NULL;
    }
    for (struct fy_node_pair *pair;
         (pair = fy_node_mapping_iterate(node, &at)) && jw_declared_good(compile->yaml);) {
        struct split *split = jw_declared_alloc(compile->yaml, sizeof *split);
        if (!split)
            return NULL;
        split->name = jw_value_read_name(compile, fy_node_pair_key(pair), "split");
        split->by = jw_declared_text(compile->yaml, fy_node_pair_value(pair), "split");
        if (split->by.len == 0)
            jw_declared_fail(compile->yaml, node, "split: an empty separator");
        split->next = list;
        list = split;
    }
    return list;
}

static bool run_split(const void *data, struct jw_run *run, jw_text source) {
    (void)source;
    for (const struct split *split = data; split; split = split->next) {
        jw_text rest = jw_value_get(run, &split->name);
        size_t at;
        if (!rest.ptr || !jw_text_find(rest, split->by, &at))
            continue;
        jw_value_put(run, &split->name, jw_text_trim((jw_text){rest.ptr, at}));
        do {
            rest.ptr += at + split->by.len, rest.len -= at + split->by.len;
            if (!jw_text_find(rest, split->by, &at))
                at = rest.len;
            jw_text value = jw_text_trim((jw_text){rest.ptr, at});
            if (value.len)
                jw_value_add(run, &split->name, value);
        } while (at < rest.len);
    }
    return true;
}

/* --- join: {prefix: a, to: field}: a0, a1, a2 … with blanks between
 * ----------------------------------------------- */
struct join {
    jw_text prefix;
    struct jw_name to;
};

static const void *compile_join(struct jw_compile *compile, struct fy_node *node, struct fy_node *block) {
    static const char *const keys[] = {"prefix", "to", NULL};
    (void)block;
    jw_declared_keys(compile->yaml, node, "join", keys);
    struct join *join = jw_declared_alloc(compile->yaml, sizeof *join);
    if (!join)
        return NULL;
    join->prefix = jw_declared_text(compile->yaml, jw_declared_member(node, "prefix"), "join");
    join->to = jw_value_read_name(compile, jw_declared_member(node, "to"), "join");
    return join;
}

static bool run_join(const void *data, struct jw_run *run, jw_text source) {
    const struct join *join = data;
    jw_buffer out = JW_BUFFER(256 << 10);
    (void)source;
    for (unsigned i = 0; i < JW_RECORD_FIELDS; i++) {
        char text[280];
        int len = snprintf(text, sizeof text, JW_FMT "%u", JW_ARG(join->prefix), i);
        struct jw_name name = jw_value_name((jw_text){text, (size_t)len});
        jw_text value = jw_value_get(run, &name);
        if (!value.ptr)
            break;
        if (i)
            jw_buffer_byte(&out, ' ');
        jw_buffer_add(&out, value);
    }
    jw_text joined = out.len && !out.failed ? jw_arena_copy(run->rec->mem, jw_buffer_text(&out)) : (jw_text){0};
    jw_buffer_free(&out);
    if (joined.ptr)
        jw_value_put(run, &join->to, joined);
    return true;
}

const struct jw_step_kind jw_step_csv = {
    .key = "csv", .needs_source = true, .clean = true, .compile = compile_csv, .run = run_csv};
const struct jw_step_kind jw_step_split = {.key = "split", .compile = compile_split, .run = run_split};
const struct jw_step_kind jw_step_join = {.key = "join", .compile = compile_join, .run = run_join};
