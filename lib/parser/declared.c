/* lib/parser/declared.c — one YAML declaration: bounds, copies, and complaints with line and column. */
#include "declared.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "yaml/yaml.h"

static const struct fy_mark *mark_of(struct fy_node *node, int depth) {
    if (!node || depth > 64)
        return NULL;
    if (fy_node_is_scalar(node)) {
        struct fy_token *token = fy_node_get_scalar_token(node);
        return token ? fy_token_start_mark(token) : NULL;
    }
    if (fy_node_is_sequence(node))
        return mark_of(fy_node_sequence_get_by_index(node, 0), depth + 1);
    struct fy_node_pair *pair = fy_node_mapping_get_by_index(node, 0);
    return pair ? mark_of(fy_node_pair_key(pair), depth + 1) : NULL;
}

void jw_declared_fail(struct jw_declared *yaml, struct fy_node *at, const char *fmt, ...) {
    if (yaml->state != JW_OK)
        return;
    yaml->state = JW_E_SYNTAX;
    const struct fy_mark *mark = mark_of(at, 0);
    int len =
        mark ? snprintf(yaml->story, sizeof yaml->story, "%s:%d:%d: ", yaml->file, mark->line + 1, mark->column + 1)
             : snprintf(yaml->story, sizeof yaml->story, "%s: ", yaml->file);
    if (len < 0 || (size_t)len >= sizeof yaml->story)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(yaml->story + len, sizeof yaml->story - (size_t)len, fmt, args);
    va_end(args);
}

static void tell_syntax(struct jw_declared *yaml, struct fy_diag *diag) {
    void *at = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);
    yaml->state = JW_E_SYNTAX;
    if (error)
        snprintf(yaml->story, sizeof yaml->story, "%s:%d:%d: not YAML: %s", yaml->file, error->line, error->column,
                 error->msg ? error->msg : "syntax");
    else
        snprintf(yaml->story, sizeof yaml->story, "%s: not YAML", yaml->file);
}

/* Aliases are not resolved, and refused where a text is wanted: a small file of nested ones unfolds into a huge
 * one. */
static bool parse(struct jw_declared *yaml, jw_text text) {
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&quiet);
    if (!diag) {
        yaml->state = JW_E_LIMIT;
        return false;
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_AUTO,
                                  .diag = diag};
    yaml->doc = fy_document_build_from_string(&config, text.ptr, text.len);
    if (!yaml->doc)
        tell_syntax(yaml, diag);
    fy_diag_destroy(diag);
    return yaml->doc != NULL;
}

bool jw_declared_open_text(struct jw_declared *yaml, jw_text text, const char *shown, struct jw_arena *mem) {
    *yaml = (struct jw_declared){.file = shown, .mem = mem};
    if (text.len > JW_DECLARED_BYTES) {
        yaml->state = JW_E_LIMIT;
        snprintf(yaml->story, sizeof yaml->story, "%s: larger than %u bytes; split it", shown, JW_DECLARED_BYTES);
        return false;
    }
    uint32_t line;
    const char *unfit = jw_yaml_unfit(text, &line);
    if (unfit) {
        yaml->state = JW_E_SYNTAX;
        snprintf(yaml->story, sizeof yaml->story, "%s:%u: %s", shown, line, unfit);
        return false;
    }
    char *copy = jw_arena_cstr(mem, text); /* the document points into its input */
    if (!copy) {
        yaml->state = JW_E_LIMIT;
        snprintf(yaml->story, sizeof yaml->story, "%s: no memory", shown);
        return false;
    }
    yaml->text = (jw_text){copy, text.len};
    return parse(yaml, yaml->text);
}

bool jw_declared_open(struct jw_declared *yaml, const char *path, const char *shown, struct jw_arena *mem) {
    *yaml = (struct jw_declared){.file = shown, .mem = mem, .state = JW_E_SYSTEM};
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(yaml->story, sizeof yaml->story, "%s: %s", shown, file ? "not a file" : strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    size_t size = st.st_size > JW_DECLARED_BYTES ? JW_DECLARED_BYTES + 1 : (size_t)st.st_size;
    char *bytes = malloc(size + 1);
    size_t got = bytes ? fread(bytes, 1, size, file) : 0;
    fclose(file);
    bool good = bytes && jw_declared_open_text(yaml, (jw_text){bytes, got}, shown, mem);
    free(bytes);
    return good;
}

void jw_declared_close(struct jw_declared *yaml) {
    fy_document_destroy(yaml->doc);
    yaml->doc = NULL;
}

void *jw_declared_alloc(struct jw_declared *yaml, size_t size) {
    if (yaml->state != JW_OK)
        return NULL;
    void *block = jw_arena_alloc(yaml->mem, size ? size : 1);
    if (block)
        return memset(block, 0, size);
    yaml->state = JW_E_LIMIT;
    snprintf(yaml->story, sizeof yaml->story, "%s: no memory: the declarations are too large together", yaml->file);
    return NULL;
}

jw_text jw_declared_text(struct jw_declared *yaml, struct fy_node *node, const char *what) {
    if (yaml->state != JW_OK)
        return (jw_text){0};
    jw_text text;
    if (!node || !fy_node_is_scalar(node) || fy_node_is_alias(node)) {
        jw_declared_fail(yaml, node, "%s: wants a text here%s", what,
                         node && fy_node_is_alias(node) ? ", no alias" : "");
        return (jw_text){0};
    }
    bool good = jw_yaml_text(fy_node_get_scalar_token(node), yaml->text, yaml->mem, &text);
    char *copy = jw_declared_alloc(yaml, good ? text.len + 1 : SIZE_MAX / 4); /* no memory for it either: said so */
    if (copy && text.len)
        memcpy(copy, text.ptr, text.len);
    return copy ? (jw_text){copy, text.len} : (jw_text){0};
}

bool jw_declared_bool(struct jw_declared *yaml, struct fy_node *node, const char *what) {
    jw_text text = jw_declared_text(yaml, node, what);
    if (jw_text_is(text, JW_TEXT("true")))
        return true;
    if (yaml->state == JW_OK && !jw_text_is(text, JW_TEXT("false")))
        jw_declared_fail(yaml, node, "%s: wants true or false", what);
    return false;
}

struct fy_node *jw_declared_member(struct fy_node *map, const char *key) {
    return map && fy_node_is_mapping(map) ? fy_node_mapping_lookup_value_by_simple_key(map, key, FY_NT) : NULL;
}

void jw_declared_keys(struct jw_declared *yaml, struct fy_node *map, const char *what, const char *const *keys) {
    if (!map || !fy_node_is_mapping(map)) {
        jw_declared_fail(yaml, map, "%s: wants keys with values here", what);
        return;
    }
    void *at = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &at));) {
        jw_text key = jw_declared_text(yaml, fy_node_pair_key(pair), what);
        const char *const *known = keys;
        while (*known && !jw_text_is(key, jw_text_from(*known)))
            known++;
        if (*known || yaml->state != JW_OK)
            continue;
        char list[256] = "";
        size_t len = 0;
        for (known = keys; *known && len + strlen(*known) + 3 < sizeof list; known++)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", *known);
        jw_declared_fail(yaml, fy_node_pair_key(pair), "%s: unknown key \"" JW_FMT "\"; there are %s", what,
                         JW_ARG(key), list);
    }
}

size_t jw_declared_length(struct fy_node *node) {
    if (!node)
        return 0;
    int count = fy_node_is_sequence(node) ? fy_node_sequence_item_count(node) : 1;
    return count < 0 ? 0 : (size_t)count;
}

struct fy_node *jw_declared_item(struct fy_node *node, size_t i) {
    return fy_node_is_sequence(node) ? fy_node_sequence_get_by_index(node, (int)i) : node;
}

jw_text *jw_declared_texts(struct jw_declared *yaml, struct fy_node *node, const char *what, size_t *out_count) {
    size_t count = jw_declared_length(node);
    jw_text *texts = jw_declared_alloc(yaml, count * sizeof *texts);
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = jw_declared_text(yaml, jw_declared_item(node, i), what);
    *out_count = texts && yaml->state == JW_OK ? count : 0;
    return texts;
}
