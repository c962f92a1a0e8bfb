/* lib/sigma/json_record.h — a JSON object as a record, for tests and the benchmark: nested names joined by dots,
 * arrays as several values. The product reads JSON with lib/json. */
#pragma once
#include <jansson.h>
#include <stdio.h>

#include "record/record.h"

static inline void jw_json_flatten(struct jw_record *rec, jw_text name, json_t *value) {
    char text[64];
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach(value, key, inner) {
            jw_buffer path = JW_BUFFER(4096);
            jw_buffer_add(&path, name);
            if (name.len)
                jw_buffer_byte(&path, '.');
            jw_buffer_add(&path, jw_text_from(key));
            jw_json_flatten(rec, jw_arena_copy(rec->mem, jw_buffer_text(&path)), inner);
            jw_buffer_free(&path);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, inner) jw_json_flatten(rec, name, inner);
    } else if (json_is_string(value)) {
        const jw_text borrowed = {json_string_value(value), json_string_length(value)};
        jw_record_add(rec, name, jw_arena_copy(rec->mem, borrowed));
    } else if (json_is_number(value)) {
        if (json_is_integer(value))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else
            snprintf(text, sizeof text, "%.17g", json_real_value(value));
        jw_record_add_kind(rec, name, jw_arena_copy(rec->mem, jw_text_from(text)), JW_KIND_NUMBER);
    } else if (json_is_boolean(value)) {
        jw_record_add_kind(rec, name, jw_text_from(json_is_true(value) ? "true" : "false"), JW_KIND_BOOL);
    } else {
        jw_record_add_kind(rec, name, (jw_text){0}, JW_KIND_NULL);
    }
}

/* `member`: only that member of the object; NULL: all of it. */
static inline bool jw_json_record(const char *text, struct jw_record *rec, const char *member) {
    json_t *root = json_loads(text, JSON_ALLOW_NUL, NULL);
    json_t *object = member ? json_object_get(root, member) : root;
    bool good = json_is_object(object);
    if (good)
        jw_json_flatten(rec, (jw_text){0}, object);
    json_decref(root);
    return good;
}
