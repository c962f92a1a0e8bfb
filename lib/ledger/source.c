/* lib/ledger/source.c — what the sticky reader of declarations gives and complains about. */
#include "source.h"
#include "characters.h"
#include "marks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void jw_source_close(struct jw_source *source) {
    json_decref(source->root);
    source->root = NULL;
}

void jw_source_fail(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *fmt,
                    ...) {
    if (source->state != JW_OK)
        return;
    source->state = JW_E_SYNTAX;
    source->line = source->column = 1;
    const struct jw_source_mark *mark = jw_marks_find(source, in, key, index);
    if (mark)
        source->line = mark->line, source->column = mark->column;
    va_list args;
    va_start(args, fmt);
    vsnprintf(source->reason, sizeof source->reason, fmt, args);
    va_end(args);
    jw_characters_mend(source->reason); /* the ceiling may have cut a character */
}

int jw_source_line(const struct jw_source *source, const json_t *in, const char *key) {
    const struct jw_source_mark *mark = jw_marks_find(source, in, key, 0);
    return mark ? mark->line : 1;
}

void *jw_source_alloc(struct jw_source *source, size_t size) {
    if (source->state != JW_OK)
        return NULL;
    void *block = jw_arena_alloc(source->mem, size ? size : 1);
    if (block)
        return memset(block, 0, size);
    jw_source_fail(source, source->root, NULL, 0, "no memory: the file says too much");
    source->state = JW_E_LIMIT;
    return NULL;
}

char *jw_source_copy(struct jw_source *source, jw_text text) {
    char *copy = jw_source_alloc(source, text.len + 1);
    if (copy && text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

static bool is_among(const char *key, const char *const *keys) {
    for (; keys && *keys; keys++)
        if (strcmp(key, *keys) == 0)
            return true;
    return false;
}

static void list_words(char *out, size_t room, const char *const *words, const char *const *more) {
    size_t len = 0;
    for (int half = 0; half < 2; half++)
        for (const char *const *word = half ? more : words; word && *word && len + strlen(*word) + 3 < room; word++)
            len += (size_t)snprintf(out + len, room - len, "%s%s", len ? ", " : "", *word);
}

void jw_source_keys(struct jw_source *source, const json_t *in, const char *what, const char *const *keys,
                    const char *const *more) {
    if (!json_is_object(in)) {
        jw_source_fail(source, in, NULL, 0, "%s: wants keys with values here", what);
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)in, key, value) {
        if (is_among(key, keys) || is_among(key, more))
            continue;
        char list[200] = "";
        list_words(list, sizeof list, keys, more);
        jw_source_fail(source, in, key, 0, "%s: unknown key \"%.40s\"; there are %s", what, key, list);
    }
}

static const char *text_of(struct jw_source *source, const json_t *in, const char *key, size_t index,
                           const json_t *value, size_t most) {
    const char *where = key ? key : "list";
    if (json_is_number(value) || json_is_boolean(value))
        return jw_source_fail(source, in, key, index, "%s: wants a text; put it between quotes: '…'", where), NULL;
    if (!json_is_string(value) || json_string_length(value) == 0)
        return jw_source_fail(source, in, key, index, "%s: wants a text here", where), NULL;
    size_t count = 0;
    jw_text text = {json_string_value(value), json_string_length(value)};
    if (!jw_characters_count(text, &count) || count > most)
        return jw_source_fail(source, in, key, index, "%s: is longer than %zu characters", where, most), NULL;
    if (!jw_characters_clean(text, true))
        return jw_source_fail(source, in, key, index, "%s: holds control characters", where), NULL;
    return source->state == JW_OK ? text.ptr : NULL;
}

const char *jw_source_text(struct jw_source *source, const json_t *in, const char *key, size_t most_characters) {
    const json_t *value = json_object_get(in, key);
    return value && source->state == JW_OK ? text_of(source, in, key, 0, value, most_characters) : NULL;
}

const char *jw_source_item(struct jw_source *source, const json_t *list, size_t i, size_t most_characters) {
    const json_t *value = json_array_get(list, i);
    return value && source->state == JW_OK ? text_of(source, list, NULL, i, value, most_characters) : NULL;
}

bool jw_source_flag(struct jw_source *source, const json_t *in, const char *key) {
    const json_t *value = json_object_get(in, key);
    if (value && !json_is_boolean(value))
        jw_source_fail(source, in, key, 0, "%s: wants true or false", key);
    return json_is_true(value);
}

bool jw_source_integer(struct jw_source *source, const json_t *in, const char *key, int64_t least, int64_t most,
                       int64_t *out) {
    const json_t *value = json_object_get(in, key);
    if (!value || source->state != JW_OK)
        return false;
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
        jw_source_fail(source, in, key, 0, "%s: wants a whole number from %lld to %lld", key, (long long)least,
                       (long long)most);
        return false;
    }
    *out = json_integer_value(value);
    return true;
}

bool jw_source_number(struct jw_source *source, const json_t *in, const char *key, double *out) {
    const json_t *value = json_object_get(in, key);
    if (!value || source->state != JW_OK)
        return false;
    if (!json_is_number(value)) {
        jw_source_fail(source, in, key, 0, "%s: wants a number, such as 12 or 0.5", key);
        return false;
    }
    *out = json_number_value(value);
    return true;
}

const json_t *jw_source_list(struct jw_source *source, const json_t *in, const char *key, size_t most) {
    const json_t *value = json_object_get(in, key);
    if (!value || source->state != JW_OK)
        return NULL;
    if (!json_is_array(value))
        return jw_source_fail(source, in, key, 0, "%s: wants a list: [one, two]", key), NULL;
    if (json_array_size(value) > most)
        return jw_source_fail(source, in, key, 0, "%s: has %zu entries; at most %zu", key, json_array_size(value),
                              most),
               NULL;
    return value;
}

int jw_source_word(struct jw_source *source, const json_t *in, const char *key, const char *const *names) {
    const char *word = jw_source_text(source, in, key, 100);
    for (int i = 0; word && names[i]; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    char list[160] = "";
    list_words(list, sizeof list, names, NULL);
    jw_source_fail(source, in, key, 0, "%s: there is no \"%.40s\"; there are %s", key, word ? word : "", list);
    return -1;
}

bool jw_source_name(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *name,
                    size_t room) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool good = len && !name[len] && len < room && name[0] >= 'a' && name[0] <= 'z';
    if (!good)
        jw_source_fail(source, in, key, index,
                       "\"%.60s\" is no name: use a to z, 0 to 9 and _, begin with a letter, at most %zu", name,
                       room - 1);
    return good && source->state == JW_OK;
}
