/* lib/sigma/tree.c — libfyaml's events into our tree. */
#include "tree.h"

#include "yaml/yaml.h"

struct build {
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct jw_arena *mem, *texts;
    jw_text source;
    struct jw_tree *open[JW_TREE_DEPTH + 1]; /* open[0]: the list of documents */
    struct jw_tree **tail[JW_TREE_DEPTH + 1];
    int depth, line;
    uint32_t nodes, documents;
};

static void release(struct build *b) {
    if (b->parser)
        fy_parser_destroy(b->parser);
    fy_diag_destroy(b->diag);
}

static struct jw_tree *append(struct build *b, jw_tree_kind kind, struct fy_token *token) {
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    struct jw_tree *node = b->nodes++ < JW_TREE_NODES ? jw_arena_alloc(b->mem, sizeof *node) : NULL;
    if (!node)
        return NULL;
    if (mark)
        b->line = mark->line + 1;
    *node = (struct jw_tree){.kind = kind, .line = b->line};
    *b->tail[b->depth] = node;
    b->tail[b->depth] = &node->next;
    return node;
}

static jw_status descend(struct build *b, struct jw_tree *node, struct jw_error *err) {
    if (!node)
        return jw_fail(err, JW_E_LIMIT, "line %d: no memory for this much YAML", b->line);
    if (b->depth == JW_TREE_DEPTH)
        return jw_fail(err, JW_E_LIMIT, "line %d: nested deeper than %d", b->line, JW_TREE_DEPTH);
    b->depth++;
    b->open[b->depth] = node;
    b->tail[b->depth] = &node->first;
    return JW_OK;
}

static jw_status scalar(struct build *b, struct fy_event *event, struct jw_error *err) {
    jw_text text;
    struct jw_tree *node = append(b, JW_TREE_SCALAR, event->scalar.value);
    if (event->scalar.anchor || event->scalar.tag)
        return jw_fail(err, JW_E_SYNTAX, "line %d: YAML anchors and tags are not accepted", b->line);
    if (!node)
        return jw_fail(err, JW_E_LIMIT, "line %d: no memory for this much YAML", b->line);
    node->plain = fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    if (!jw_yaml_text(event->scalar.value, b->source, b->mem, &text))
        return jw_fail(err, JW_E_LIMIT, "line %d: no memory", b->line);
    node->text = jw_arena_copy(b->texts, text);
    if (!node->text.ptr && text.len)
        return jw_fail(err, JW_E_LIMIT, "line %d: no memory", b->line);
    return JW_OK;
}

static jw_status take(struct build *b, struct fy_event *event, struct jw_error *err) {
    switch (event->type) {
    case FYET_SCALAR:
        return scalar(b, event, err);
    case FYET_ALIAS:
        return jw_fail(err, JW_E_SYNTAX, "line %d: YAML aliases are not accepted", b->line);
    case FYET_SEQUENCE_START:
        if (event->sequence_start.anchor || event->sequence_start.tag)
            return jw_fail(err, JW_E_SYNTAX, "line %d: YAML anchors and tags are not accepted", b->line);
        return descend(b, append(b, JW_TREE_LIST, event->sequence_start.sequence_start), err);
    case FYET_MAPPING_START:
        if (event->mapping_start.anchor || event->mapping_start.tag)
            return jw_fail(err, JW_E_SYNTAX, "line %d: YAML anchors and tags are not accepted", b->line);
        return descend(b, append(b, JW_TREE_MAP, event->mapping_start.mapping_start), err);
    case FYET_DOCUMENT_START:
        if (b->documents++ == JW_TREE_DOCUMENTS)
            return jw_fail(err, JW_E_LIMIT, "line %d: more than %d documents in one file", b->line,
                           JW_TREE_DOCUMENTS);
        return JW_OK;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        b->depth--;
        return JW_OK;
    default:
        return JW_OK;
    }
}

static jw_status parser_failed(struct build *b, struct jw_error *err) {
    void *at = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(b->diag, &at);
    if (first)
        return jw_fail(err, JW_E_SYNTAX, "line %d: not YAML: %s", first->line, first->msg);
    return jw_fail(err, JW_E_SYNTAX, "line %d: not YAML", b->line);
}

jw_status jw_tree_parse(jw_text text, struct jw_arena *mem, struct jw_tree **out, struct jw_error *err) {
    return jw_tree_parse_apart(text, mem, mem, out, err);
}

jw_status jw_tree_parse_apart(jw_text text, struct jw_arena *mem, struct jw_arena *texts, struct jw_tree **out,
                              struct jw_error *err) {
    struct jw_tree documents = {.kind = JW_TREE_LIST};
    JW_AUTO(release) struct build b = {.mem = mem, .texts = texts, .source = text, .line = 1};
    uint32_t line;
    const char *unfit = jw_yaml_unfit(text, &line);
    if (unfit)
        return jw_fail(err, JW_E_SYNTAX, "line %u: %s", line, unfit);
    b.open[0] = &documents;
    b.tail[0] = &documents.first;
    b.diag = fy_diag_create(NULL);
    if (!b.diag)
        return jw_fail(err, JW_E_LIMIT, "yaml: no memory");
    fy_diag_set_collect_errors(b.diag, true);
    const struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = b.diag};
    b.parser = fy_parser_create(&config);
    if (!b.parser || fy_parser_set_string(b.parser, text.ptr ? text.ptr : "", text.len) != 0)
        return jw_fail(err, JW_E_LIMIT, "yaml: no memory");
    for (struct fy_event *event; (event = fy_parser_parse(b.parser));) {
        bool end = event->type == FYET_STREAM_END;
        jw_status st = take(&b, event, err);
        fy_parser_event_free(b.parser, event);
        if (st != JW_OK)
            return st;
        if (end) {
            *out = documents.first;
            return JW_OK;
        }
    }
    return parser_failed(&b, err);
}

const struct jw_tree *jw_tree_find(const struct jw_tree *node, const char *key) {
    if (!node || node->kind != JW_TREE_MAP)
        return NULL;
    jw_text want = jw_text_from(key);
    for (const struct jw_tree *k = node->first; k && k->next; k = k->next->next)
        if (k->kind == JW_TREE_SCALAR && jw_text_is(k->text, want))
            return k->next;
    return NULL;
}

bool jw_tree_is_null(const struct jw_tree *node) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != JW_TREE_SCALAR || !node->plain)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (jw_text_is(node->text, jw_text_from(words[i])))
            return true;
    return false;
}

jw_text jw_tree_text(const struct jw_tree *node, const char *key) {
    const struct jw_tree *value = jw_tree_find(node, key);
    return value && value->kind == JW_TREE_SCALAR && !jw_tree_is_null(value) ? value->text : (jw_text){0};
}
