/* lib/json/json_peer.h — jansson as a second opinion, for the test and the fuzzer alone. */
#pragma once
#include <jansson.h>

#include "json.h"

struct peer_walk {
    const struct jw_record *rec;
    uint32_t at;
    bool same;
};

static inline bool peer_leaf(const jw_field *field, const json_t *leaf) {
    if (json_is_string(leaf))
        return field->kind == JW_KIND_TEXT &&
               jw_text_is(field->value, (jw_text){json_string_value(leaf), json_string_length(leaf)});
    if (json_is_number(leaf))
        return field->kind == JW_KIND_NUMBER;
    if (json_is_boolean(leaf))
        return field->kind == JW_KIND_BOOL &&
               jw_text_is(field->value, json_is_true(leaf) ? JW_TEXT("true") : JW_TEXT("false"));
    if (json_is_null(leaf))
        return field->kind == JW_KIND_NULL && field->value.len == 0;
    return jw_text_is(field->value, json_is_object(leaf) ? JW_TEXT("{}") : JW_TEXT("[]"));
}

/* `path` grows with each key; the leaves come in our order, so one cursor follows. */
static inline void peer_node(struct peer_walk *walk, const json_t *node, jw_buffer *path, unsigned depth) {
    const char *key;
    json_t *child;
    size_t index, len = path->len;
    if (json_is_object(node) && (json_object_size(node) || depth == 0)) {
        for (void *it = json_object_iter((json_t *)node); it; it = json_object_iter_next((json_t *)node, it)) {
            key = json_object_iter_key(it);
            child = json_object_iter_value(it);
            if (depth)
                jw_buffer_byte(path, '.');
            jw_buffer_add(path, (jw_text){key, json_object_iter_key_len(it)});
            peer_node(walk, child, path, depth + 1);
            path->len = len;
        }
    } else if (json_is_array(node) && json_array_size(node)) {
        json_array_foreach(node, index, child) peer_node(walk, child, path, depth + 1);
    } else {
        const jw_field *field = walk->at < walk->rec->count ? &walk->rec->fields[walk->at++] : NULL;
        walk->same &= field && jw_text_is(field->name, jw_buffer_text(path)) && peer_leaf(field, node);
    }
}

/* True when jansson says the same about `text` as we did, or has a narrower view by its own documentation: it
 * refuses lone surrogates and numbers past its range, and keeps one of two equal keys. */
static inline bool peer_agrees(jw_text text, jw_status status, const struct jw_record *rec) {
    json_error_t error;
    JW_AUTO(jw_buffer_free) jw_buffer path = JW_BUFFER(1 << 20);
    if (status == JW_E_LIMIT || rec->cut || text.len == 0 || jw_text_drop(&text, JW_TEXT("\xEF\xBB\xBF")))
        return true;
    if (memchr(text.ptr, '\0', text.len)) /* jansson 2.14 passes over a NUL behind a word; the grammar has none */
        return status == JW_E_SYNTAX;
    json_t *peer = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!peer) {
        enum json_error_code code = json_error_code(&error);
        bool narrow = code == json_error_numeric_overflow || code == json_error_duplicate_key ||
                      code == json_error_null_byte_in_key || code == json_error_stack_overflow ||
                      strstr(error.text, "invalid Unicode");
        return status != JW_OK || narrow;
    }
    struct peer_walk walk = {.rec = rec, .same = true};
    if (!json_is_object(peer))
        walk.same = status == JW_E_SYNTAX;
    else if (status == JW_OK)
        peer_node(&walk, peer, &path, 0);
    else
        walk.same = false;
    bool same = walk.same && (status != JW_OK || walk.at == rec->count);
    json_decref(peer);
    return same;
}

static inline bool lazy_with(struct jw_json_keys *keys, jw_text text, jw_status status, const struct jw_record *rec,
                             struct jw_arena *mem) {
    struct jw_record lazy = {.mem = mem};
    jw_status other = jw_json_flatten_lazy(text, keys, &lazy, NULL);
    for (uint32_t i = 0; i < lazy.count; i++) /* equal numbers, equal names */
        for (uint32_t k = 0; k < i; k++)
            if (lazy.fields[i].key && lazy.fields[i].key == lazy.fields[k].key &&
                !jw_text_is(lazy.fields[i].name, lazy.fields[k].name))
                return false;
    if (other == JW_OK)
        other = jw_json_settle(&lazy, NULL);
    if (other == JW_E_LIMIT || status == JW_E_LIMIT) /* the two need different amounts of memory */
        return true;
    bool same = other == status && lazy.count == rec->count && lazy.cut == rec->cut;
    for (uint32_t i = 0; same && i < rec->count; i++)
        same = lazy.fields[i].id == rec->fields[i].id && lazy.fields[i].kind == rec->fields[i].kind &&
               jw_text_is(lazy.fields[i].name, rec->fields[i].name) &&
               jw_text_is(lazy.fields[i].value, rec->fields[i].value);
    return same;
}

/* True when reading lazily and settling comes to the same record or refusal: without memory of names, when they are
 * new, and when they are expected. */
static inline bool lazy_agrees(jw_text text, jw_status status, const struct jw_record *rec, struct jw_arena *mem) {
    JW_AUTO(jw_json_keys_free_p) struct jw_json_keys *keys = jw_json_keys_new();
    return lazy_with(NULL, text, status, rec, mem) && lazy_with(keys, text, status, rec, mem) &&
           lazy_with(keys, text, status, rec, mem);
}
