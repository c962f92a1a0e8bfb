/* daemons/collect/bulk.c — NDJSON of the bulk API. */
#include "bulk.h"

#include <jansson.h>

static const char *const names[] = {"index", "create", "update", "delete"};

const char *jw_bulk_action_name(jw_bulk_action action) { return names[action]; }

/* Past the end: an empty line, and false. */
static bool next_line(const struct jw_bulk *bulk, size_t *at, jw_text *out) {
    jw_text rest = {bulk->body.ptr + *at, bulk->body.len - *at};
    size_t before = rest.len;
    if (!jw_text_next(&rest, '\n', out))
        return false;
    *at += before - rest.len;
    if (out->len && out->ptr[out->len - 1] == '\r')
        out->len--;
    return true;
}

static bool keep(const json_t *value, char out[JW_BULK_NAME], size_t *len) {
    *len = json_is_string(value) ? json_string_length(value) : 0;
    if (*len >= JW_BULK_NAME)
        return false;
    memcpy(out, *len ? json_string_value(value) : "", *len);
    return !value || json_is_string(value);
}

/* {"create":{"_index":"…","_id":"…"}} — other members are hints that we do not need. NULL: not an action at all. */
static const char *read_action(struct jw_bulk *bulk, jw_text line, jw_bulk_action *out, bool *is_action) {
    const char *wrong = "the action line is not {\"index\"|\"create\": {…}}";
    json_error_t why;
    json_t *root = json_loadb(line.ptr, line.len, 0, &why);
    void *first = json_is_object(root) && json_object_size(root) == 1 ? json_object_iter(root) : NULL;
    *is_action = false;
    for (int i = 0; first && i < 4; i++) {
        const json_t *inner = json_object_iter_value(first);
        if (strcmp(json_object_iter_key(first), names[i]) != 0 || !json_is_object(inner))
            continue;
        *out = (jw_bulk_action)i;
        *is_action = true;
        bool kept = keep(json_object_get(inner, "_index"), bulk->index, &bulk->index_len) &&
                    keep(json_object_get(inner, "_id"), bulk->id, &bulk->id_len);
        wrong = kept ? NULL : "_index and _id are texts of less than 512 bytes";
    }
    json_decref(root);
    return wrong;
}

static const char *action_of(struct jw_bulk *bulk, jw_text line, jw_bulk_action *out, bool *is_action) {
    *is_action = true;
    if (bulk->last_line.len && jw_text_is(line, bulk->last_line)) {
        *out = bulk->last_action;
        return bulk->last_wrong;
    }
    bulk->index_len = bulk->id_len = 0;
    *out = JW_BULK_INDEX;
    const char *wrong = read_action(bulk, line, out, is_action);
    bulk->last_line = *is_action ? line : (jw_text){0};
    bulk->last_action = *out;
    bulk->last_wrong = wrong;
    return wrong;
}

jw_status jw_bulk_next(struct jw_bulk *bulk, jw_bulk_item *out) {
    jw_text line;
    bool is_action;
    do {
        if (!next_line(bulk, &bulk->at, &line))
            return JW_END;
    } while (jw_text_trim(line).len == 0);
    *out = (jw_bulk_item){0};
    out->wrong = action_of(bulk, line, &out->action, &is_action);
    out->index = (jw_text){bulk->index, bulk->index_len};
    out->id = (jw_text){bulk->id, bulk->id_len};
    size_t behind = bulk->at;
    bool has_line = out->action != JW_BULK_DELETE && next_line(bulk, &behind, &line);
    if (has_line && !is_action) { /* was that its document, or is it the next action? */
        struct jw_bulk look = *bulk;
        jw_bulk_action action;
        bool next_is_action;
        action_of(&look, line, &action, &next_is_action);
        has_line = !next_is_action;
    }
    if (has_line)
        bulk->at = behind;
    out->end = bulk->at;
    if (!out->wrong && out->action == JW_BULK_UPDATE)
        out->wrong = "events are never changed: only index and create";
    else if (!out->wrong && out->action == JW_BULK_DELETE)
        out->wrong = "events are never deleted by a sender: only index and create";
    else if (!out->wrong && (!has_line || jw_text_trim(line).len == 0))
        out->wrong = "the document line is missing";
    if (!out->wrong)
        out->document = line;
    return JW_OK;
}

jw_text jw_bulk_dataset(jw_text index) {
    jw_text rest = index, dataset;
    if (!jw_text_drop(&rest, JW_TEXT("logs-")) || !jw_text_cut(&rest, '-', &dataset) || rest.len == 0 ||
        dataset.len == 0 || dataset.len > 100 || jw_text_is(dataset, JW_TEXT("generic")))
        return (jw_text){NULL, 0};
    return dataset;
}
