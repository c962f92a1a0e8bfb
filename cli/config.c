/* cli/config.c — jinwu.yaml through libfyaml. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "yaml/yaml.h"

struct jw_config {
    struct fy_document *doc; /* NULL: no file */
    jw_buffer text;          /* of the file */
    char path[4096];
};

void jw_config_free(struct jw_config *config) {
    if (!config)
        return;
    fy_document_destroy(config->doc);
    jw_buffer_free(&config->text);
    free(config);
}

/* libfyaml prints what is wrong with line and column; here it is caught as text. */
static jw_status parse(struct jw_config *config, struct jw_error *err) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.level = FYET_ERROR;
    diag_config.colorize = false;
    char *text = NULL;
    size_t size = 0;
    FILE *sink = open_memstream(&text, &size);
    if (!sink)
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", config->path);
    diag_config.fp = sink;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    struct fy_parse_cfg parse_config = {.flags = FYPCF_DEFAULT_PARSE, .diag = diag};
    config->doc = fy_document_build_from_file(&parse_config, config->path);
    fy_diag_destroy(diag);
    fclose(sink);
    if (text && strchr(text, '\n'))
        *strchr(text, '\n') = '\0'; /* the first line says it */
    jw_status st = config->doc ? JW_OK : jw_fail(err, JW_E_SYNTAX, "%s", text && *text ? text : config->path);
    free(text);
    return st;
}

/* Beside libfyaml's reading: quoted texts are taken from here (lib/yaml). */
static jw_status read_text(struct jw_config *config, struct jw_error *err) {
    char piece[4096];
    FILE *file = fopen(config->path, "re");
    if (!file)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", config->path, strerror(errno));
    config->text = JW_BUFFER(1 << 20);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0 && !config->text.failed;)
        jw_buffer_add(&config->text, (jw_text){piece, got});
    fclose(file);
    if (config->text.failed)
        return jw_fail(err, JW_E_LIMIT, "%s: larger than 1 MiB", config->path);
    uint32_t line;
    const char *unfit = jw_yaml_unfit(jw_buffer_text(&config->text), &line);
    return unfit ? jw_fail(err, JW_E_SYNTAX, "%s:%u: %s", config->path, line, unfit) : JW_OK;
}

jw_status jw_config_load(const char *path, struct jw_config **out, struct jw_error *err) {
    JW_AUTO(jw_config_free_p) struct jw_config *config = calloc(1, sizeof *config);
    if (!config)
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", path);
    snprintf(config->path, sizeof config->path, "%s", path);
    if (access(path, R_OK) == 0) {
        jw_status st = read_text(config, err);
        if (st == JW_OK)
            st = parse(config, err);
        if (st != JW_OK)
            return st;
        struct fy_node *root = fy_document_root(config->doc);
        if (root && fy_node_get_type(root) != FYNT_MAPPING)
            return jw_fail(err, JW_E_SYNTAX, "%s: wants a map from daemon to its options", path);
    } else if (errno != ENOENT) {
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    }
    *out = config;
    config = NULL;
    return JW_OK;
}

/* A section whose options are all commented out. */
static bool is_empty(struct fy_node *node) { return !node || fy_node_is_null(node); }

static int line_of(struct fy_node *key) {
    const struct fy_mark *mark = fy_token_start_mark(fy_node_get_scalar_token(key));
    return mark ? mark->line + 1 : 0;
}

static jw_status add(const struct jw_config *config, const char *option, struct fy_node *value,
                     struct jw_arena *mem, char **argv, size_t *count, size_t most, struct jw_error *err) {
    jw_text text = {NULL, 0}; /* `relp:` with nothing behind it is an empty value */
    if (value && !fy_node_is_scalar(value))
        return jw_fail(err, JW_E_SYNTAX, "%s: %s wants a value or a list of values", config->path, option);
    if (value && !fy_node_is_null(value) &&
        !jw_yaml_text(fy_node_get_scalar_token(value), jw_buffer_text(&config->text), mem, &text))
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", config->path);
    size_t size = strlen(option) + text.len + 4;
    char *word = jw_arena_alloc(mem, size);
    if (!word || *count + 1 >= most)
        return jw_fail(err, JW_E_LIMIT, "%s: too many options at %s", config->path, option);
    snprintf(word, size, "--%s=%.*s", option, (int)text.len, text.ptr ? text.ptr : "");
    argv[(*count)++] = word;
    return JW_OK;
}

jw_status jw_config_options(const struct jw_config *config, const char *section, struct jw_arena *mem, char **argv,
                            size_t *count, size_t most, struct jw_error *err) {
    struct fy_node *root = config->doc ? fy_document_root(config->doc) : NULL;
    struct fy_node *map = root ? fy_node_mapping_lookup_by_string(root, section, (size_t)-1) : NULL;
    struct fy_node_pair *pair;
    void *at = NULL;
    if (is_empty(map))
        return JW_OK;
    while ((pair = fy_node_mapping_iterate(map, &at))) {
        const char *option = fy_node_get_scalar0(fy_node_pair_key(pair));
        struct fy_node *value = fy_node_pair_value(pair), *item;
        void *in = NULL;
        jw_status st = JW_OK;
        if (!option)
            return jw_fail(err, JW_E_SYNTAX, "%s: an option of %s has no name", config->path, section);
        if (fy_node_get_type(value) == FYNT_SEQUENCE)
            while (st == JW_OK && (item = fy_node_sequence_iterate(value, &in)))
                st = add(config, option, item, mem, argv, count, most, err);
        else
            st = add(config, option, value, mem, argv, count, most, err);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

jw_status jw_config_check(const struct jw_config *config, const char *const *known, struct jw_error *err) {
    struct fy_node *root = config->doc ? fy_document_root(config->doc) : NULL;
    struct fy_node_pair *pair;
    void *at = NULL;
    while (root && (pair = fy_node_mapping_iterate(root, &at))) {
        const char *name = fy_node_get_scalar0(fy_node_pair_key(pair));
        const char *const *one = known;
        while (name && *one && strcmp(*one, name) != 0)
            one++;
        if (!name || !*one)
            return jw_fail(err, JW_E_SYNTAX, "%s:%d: no daemon is called %s", config->path,
                           line_of(fy_node_pair_key(pair)), name ? name : "(nothing)");
        if (!is_empty(fy_node_pair_value(pair)) && fy_node_get_type(fy_node_pair_value(pair)) != FYNT_MAPPING)
            return jw_fail(err, JW_E_SYNTAX, "%s:%d: %s wants a map of options, a line each: `option: value`",
                           config->path, line_of(fy_node_pair_key(pair)), name);
    }
    return JW_OK;
}
