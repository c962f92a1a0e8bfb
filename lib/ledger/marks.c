/* lib/ledger/marks.c — YAML to JSON under bounds, with a mark for every member and item. */
#include "marks.h"
#include "characters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/yaml.h"

/* Walking one document. */
struct walk {
    struct jw_source *source;
    jw_text bytes;
    size_t nodes;
};

bool jw_marks_add(struct jw_source *source, const struct jw_source_mark *mark) {
    if (source->mark_count == source->mark_room) {
        size_t room = source->mark_room ? source->mark_room * 2 : 256, size = sizeof *mark;
        void *grown = jw_arena_grow(source->mem, source->marks, source->mark_room * size, room * size);
        if (!grown)
            return false;
        source->marks = grown;
        source->mark_room = room;
    }
    source->marks[source->mark_count++] = *mark;
    return true;
}

/* Only complaints look: a search through all is quick enough. A container is found by what it stands in; its own
 * mark is the one whose value it is, which is the last before its first member. */
const struct jw_source_mark *jw_marks_find(const struct jw_source *source, const json_t *in, const char *key,
                                           size_t index) {
    const struct jw_source_mark *first = NULL;
    for (size_t i = 0; i < source->mark_count; i++) {
        const struct jw_source_mark *mark = &source->marks[i];
        if (mark->in != in)
            continue;
        if (!first)
            first = i ? mark - 1 : mark;
        bool same = key ? mark->key && strcmp(mark->key, key) == 0
                        : json_is_array(in) && !mark->key && mark->index == index;
        if (same)
            return mark;
    }
    return first ? first : source->mark_count ? &source->marks[0] : NULL;
}

static void fail_at(struct walk *walk, const struct fy_mark *mark, const char *reason) {
    struct jw_source *source = walk->source;
    if (source->state != JW_OK)
        return;
    source->state = JW_E_SYNTAX;
    source->line = mark ? mark->line + 1 : 1;
    source->column = mark ? mark->column + 1 : 1;
    snprintf(source->reason, sizeof source->reason, "%s", reason);
}

static const struct fy_mark *mark_of(struct fy_node *node, int depth) {
    if (!node || depth > JW_SOURCE_DEPTH)
        return NULL;
    if (fy_node_is_scalar(node))
        return fy_token_start_mark(fy_node_get_scalar_token(node));
    if (fy_node_is_sequence(node))
        return mark_of(fy_node_sequence_get_by_index(node, 0), depth + 1);
    struct fy_node_pair *pair = fy_node_mapping_get_by_index(node, 0);
    return pair ? mark_of(fy_node_pair_key(pair), depth + 1) : NULL;
}

static bool is_decimal(const char *text) {
    text += *text == '-';
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole && whole < 16 && part && part < 16 && !text[whole + 1 + part] && (whole == 1 || *text != '0');
}

static bool is_whole(const char *text) {
    text += *text == '-';
    size_t whole = strspn(text, "0123456789");
    return whole && whole < 19 && !text[whole] && (whole == 1 || *text != '0');
}

/* YAML 1.2's core schema, but for numbers with leading zeros, which are codes: an area code 0751 is a text. */
static json_t *plain(jw_text text) {
    char copy[48];
    if (text.len == 0 || jw_text_is(text, JW_TEXT("~")) || jw_text_is(text, JW_TEXT("null")))
        return json_null();
    if (jw_text_is(text, JW_TEXT("true")) || jw_text_is(text, JW_TEXT("false")))
        return json_boolean(text.len == 4);
    if (text.len < sizeof copy) {
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = 0;
        if (is_whole(copy))
            return json_integer(strtoll(copy, NULL, 10));
        if (is_decimal(copy))
            return json_real(strtod(copy, NULL));
    }
    return json_stringn(text.ptr, text.len);
}

static json_t *scalar(struct walk *walk, struct fy_node *node) {
    jw_text text;
    struct fy_token *token = fy_node_get_scalar_token(node);
    if (!token)
        return json_null();
    if (!jw_yaml_text(token, walk->bytes, walk->source->mem, &text))
        return NULL;
    if (fy_token_scalar_style(token) == FYSS_PLAIN)
        return plain(text);
    return json_stringn(text.len ? text.ptr : "", text.len);
}

static json_t *convert(struct walk *walk, struct fy_node *node, const struct fy_mark *near, int depth);

static json_t *sequence(struct walk *walk, struct fy_node *node, const struct fy_mark *near, int depth) {
    json_t *list = json_array();
    void *at = NULL;
    for (struct fy_node *item; list && (item = fy_node_sequence_iterate(node, &at));) {
        const struct fy_mark *mark = mark_of(item, depth);
        mark = mark ? mark : near;
        struct jw_source_mark kept = {list, NULL, json_array_size(list), mark ? mark->line + 1 : 1,
                                      mark ? mark->column + 1 : 1};
        bool good = jw_marks_add(walk->source, &kept);
        json_t *value = good ? convert(walk, item, mark, depth + 1) : NULL;
        if (!value || json_array_append_new(list, value) != 0)
            return json_decref(list), NULL;
    }
    return list;
}

static json_t *mapping(struct walk *walk, struct fy_node *node, const struct fy_mark *near, int depth) {
    json_t *map = json_object();
    void *at = NULL;
    for (struct fy_node_pair *pair; map && (pair = fy_node_mapping_iterate(node, &at));) {
        struct fy_node *key_node = fy_node_pair_key(pair);
        jw_text text = {0};
        const struct fy_mark *mark = mark_of(key_node, depth);
        mark = mark ? mark : near;
        if (!key_node || !fy_node_is_scalar(key_node) || fy_node_is_alias(key_node) ||
            fy_node_get_tag(key_node, NULL))
            fail_at(walk, mark, "a key is a plain word");
        else if (!jw_yaml_text(fy_node_get_scalar_token(key_node), walk->bytes, walk->source->mem, &text))
            return json_decref(map), NULL;
        else if (text.len == 0 || text.len > 200)
            fail_at(walk, mark, "a key is a word of at most 200 bytes");
        char *key = text.len ? jw_arena_cstr(walk->source->mem, text) : NULL;
        if (key && json_object_get(map, key))
            fail_at(walk, mark, "the same key stands here twice");
        struct jw_source_mark kept = {map, key, 0, mark ? mark->line + 1 : 1, mark ? mark->column + 1 : 1};
        bool good = key && walk->source->state == JW_OK && jw_marks_add(walk->source, &kept);
        json_t *value = good ? convert(walk, fy_node_pair_value(pair), mark, depth + 1) : NULL;
        if (!value || json_object_set_new(map, key, value) != 0)
            return json_decref(map), NULL;
    }
    return map;
}

static json_t *convert(struct walk *walk, struct fy_node *node, const struct fy_mark *near, int depth) {
    if (++walk->nodes > JW_SOURCE_NODES)
        fail_at(walk, near, "the file says too much: more than 50000 words; split it");
    else if (depth > JW_SOURCE_DEPTH)
        fail_at(walk, near, "nested too deep: at most 24 levels");
    else if (node && (fy_node_is_alias(node) || fy_node_get_anchor(node)))
        fail_at(walk, near, "anchors (&) and aliases (*) are not used here: write it out");
    else if (node && fy_node_get_tag(node, NULL))
        fail_at(walk, near, "tags (!) are not used here: leave it out");
    if (walk->source->state != JW_OK)
        return NULL;
    if (!node)
        return json_null();
    if (fy_node_is_scalar(node))
        return scalar(walk, node);
    return fy_node_is_sequence(node) ? sequence(walk, node, near, depth) : mapping(walk, node, near, depth);
}

static void tell_syntax(struct jw_source *source, struct fy_diag *diag) {
    void *at = NULL;
    struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
    source->state = JW_E_SYNTAX;
    source->line = first && first->line > 0 ? first->line : 1;
    source->column = first && first->column > 0 ? first->column : 1;
    snprintf(source->reason, sizeof source->reason, "not YAML: %.200s",
             first && first->msg ? first->msg : "syntax");
    jw_characters_mend(source->reason);
}

static void read_document(struct jw_source *source, jw_text bytes, struct fy_document *doc,
                          struct fy_document *more) {
    struct walk walk = {source, bytes, 0};
    struct fy_node *root = fy_document_root(doc);
    struct fy_node *second = more ? fy_document_root(more) : NULL;
    if (more)
        fail_at(&walk, mark_of(second, 0), "a file is one document; make another file of what stands behind ---");
    else if (!root || !fy_node_is_mapping(root))
        fail_at(&walk, mark_of(root, 0), "wants keys with values, such as title: and fields:");
    else
        source->root = convert(&walk, root, mark_of(root, 0), 0);
    if (!source->root && source->state == JW_OK) {
        fail_at(&walk, NULL, "no memory: the file says too much");
        source->state = JW_E_LIMIT;
    }
}

static void read_stream(struct jw_source *source, jw_text bytes, struct fy_diag *diag) {
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_AUTO,
                                  .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    if (!parser || fy_parser_set_string(parser, bytes.ptr, bytes.len) != 0) {
        tell_syntax(source, diag);
        fy_parser_destroy(parser);
        return;
    }
    struct fy_document *doc = fy_parse_load_document(parser);
    struct fy_document *more = doc ? fy_parse_load_document(parser) : NULL;
    void *at = NULL;
    if (!doc || fy_diag_errors_iterate(diag, &at)) /* an error may stand behind the first document */
        tell_syntax(source, diag);
    else
        read_document(source, bytes, doc, more);
    fy_parse_document_destroy(parser, more);
    fy_parse_document_destroy(parser, doc);
    fy_parser_destroy(parser);
}

static bool is_text(struct jw_source *source, jw_text bytes) {
    struct walk walk = {source, bytes, 0};
    uint32_t line = 1;
    const char *unfit = bytes.len ? jw_yaml_unfit(bytes, &line) : NULL;
    if (bytes.len > JW_SOURCE_BYTES)
        fail_at(&walk, NULL, "the file is larger than 1 MiB; split it");
    else if (bytes.len == 0)
        fail_at(&walk, NULL, "the file is empty");
    else if (unfit)
        fail_at(&walk, NULL, unfit), source->line = (int)line;
    return source->state == JW_OK;
}

bool jw_source_open(struct jw_source *source, jw_text bytes, struct jw_arena *mem) {
    *source = (struct jw_source){.mem = mem};
    if (!is_text(source, bytes))
        return false;
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&quiet);
    char *copy = diag ? jw_arena_cstr(mem, bytes) : NULL; /* the document points into its input */
    if (!copy) {
        source->state = JW_E_LIMIT;
        snprintf(source->reason, sizeof source->reason, "no memory");
        fy_diag_destroy(diag);
        return false;
    }
    fy_diag_set_collect_errors(diag, true);
    read_stream(source, (jw_text){copy, bytes.len}, diag);
    fy_diag_destroy(diag);
    return source->state == JW_OK;
}
