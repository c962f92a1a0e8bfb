/* lib/access/document.c — small shared state in JSON. */
#include "document.h"

#include <unistd.h>

#include "os/file.h"

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static json_t *empty(const char *array) { return json_pack("{s:[]}", array); }

/* Under document->lock. */
static jw_status reread(struct jw_document *document, struct jw_error *err) {
    struct stat now = {0};
    json_error_t why;
    if (stat(document->path, &now) == 0 && document->root && is_same(&now, &document->read))
        return JW_OK;
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(JW_DOCUMENT_MOST);
    jw_status st = jw_file_read(document->path, &text, err);
    if (st < 0)
        return st;
    json_t *root =
        st == JW_AGAIN ? empty(document->array) : json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!root || !json_is_array(json_object_get(root, document->array))) {
        json_decref(root);
        return jw_fail(err, JW_E_SYNTAX, "%s: line %d: %s", document->path, root ? 1 : why.line,
                       root ? "not the expected file" : why.text);
    }
    json_decref(document->root);
    document->root = root;
    document->read = now;
    return JW_OK;
}

jw_status jw_document_open(struct jw_document *document, const char *folder, const char *name, const char *array,
                           struct jw_error *err) {
    if (strlen(folder) > PATH_MAX - 64)
        return jw_fail(err, JW_E_LIMIT, "%s: the path is too long", folder);
    snprintf(document->path, sizeof document->path, "%s/%s.json", folder, name);
    snprintf(document->lock_path, sizeof document->lock_path, "%s/%s.lock", folder, name);
    document->array = array;
    pthread_mutex_init(&document->lock, NULL);
    return reread(document, err);
}

void jw_document_close(struct jw_document *document) {
    json_decref(document->root);
    pthread_mutex_destroy(&document->lock);
}

json_t *jw_document_begin(struct jw_document *document) {
    pthread_mutex_lock(&document->lock);
    (void)!reread(document, NULL);
    return json_object_get(document->root, document->array);
}

void jw_document_end(struct jw_document *document) { pthread_mutex_unlock(&document->lock); }

static jw_status write_out(struct jw_document *document, json_t *root, struct jw_error *err) {
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_COMPACT);
    jw_status st = text ? jw_file_replace(document->path, jw_text_from(text), 0600, err)
                        : jw_fail(err, JW_E_LIMIT, "%s: no memory", document->path);
    free(text);
    if (st == JW_OK) {
        json_decref(document->root);
        document->root = json_incref(root);
        (void)!stat(document->path, &document->read);
    }
    return st;
}

jw_status jw_document_change(struct jw_document *document,
                             jw_status (*change)(json_t *entries, void *context, struct jw_error *err),
                             void *context, struct jw_error *err) {
    int lock;
    jw_status st = jw_file_lock(document->lock_path, &lock, err);
    if (st != JW_OK)
        return st;
    pthread_mutex_lock(&document->lock);
    st = reread(document, err);
    json_t *copy = st == JW_OK ? json_deep_copy(document->root) : NULL; /* a failed change leaves nothing behind */
    if (st == JW_OK)
        st = copy ? change(json_object_get(copy, document->array), context, err)
                  : jw_fail(err, JW_E_LIMIT, "%s: no memory", document->path);
    if (st == JW_OK)
        st = write_out(document, copy, err);
    json_decref(copy);
    pthread_mutex_unlock(&document->lock);
    close(lock);
    return st;
}

jw_text jw_document_text(const json_t *entry, const char *member) {
    const json_t *value = json_object_get(entry, member);
    return json_is_string(value) ? (jw_text){json_string_value(value), json_string_length(value)} : JW_TEXT("");
}

json_t *jw_document_find(json_t *entries, const char *member, jw_text value) {
    json_t *entry;
    size_t i;
    json_array_foreach(entries, i, entry) if (jw_text_is(jw_document_text(entry, member), value)) return entry;
    return NULL;
}
