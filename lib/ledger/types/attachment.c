/* lib/ledger/types/attachment.c — files that belong to a record: their SM3, name, size and media type. The bytes
 * lie with the store, once for each SM3. */
#include "kit.h"

#define USUAL      20
#define SIZE_MOST  (INT64_C(1) << 40)
#define MEDIA_MOST 50

struct rule {
    int64_t most;
    const json_t *media; /* texts such as application/pdf, images; NULL: any */
};

static const char *const keys[] = {"most", "media", NULL};

static void declare(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    struct rule *rule = jw_source_alloc(source, sizeof *rule);
    if (!rule)
        return;
    *rule = (struct rule){USUAL, jw_source_list(source, options, "media", MEDIA_MOST)};
    jw_source_integer(source, options, "most", 1, 100, &rule->most);
    for (size_t i = 0; i < json_array_size(rule->media); i++)
        jw_source_item(source, rule->media, i, 100);
    field->rule = rule;
}

static bool is_sm3(jw_text text) {
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr("0123456789abcdef", text.ptr[i]))
            return false;
    return text.len == 64;
}

/* It becomes the name of a file on somebody's disk. */
static bool is_file_name(const json_t *name) {
    jw_text text;
    if (jw_type_take(name, 200, &text, NULL) != JW_OK || *text.ptr == '.' || text.len != json_string_length(name))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (strchr("/\\:*?\"<>|", text.ptr[i]))
            return false;
    return true;
}

static bool is_media(jw_text text) {
    jw_text kind;
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+/", text.ptr[i]))
            return false;
    return text.len <= 100 && jw_text_cut(&text, '/', &kind) && kind.len && text.len &&
           !jw_text_find(text, JW_TEXT("/"), NULL);
}

static bool is_allowed(const struct rule *rule, jw_text media) {
    if (!rule || !rule->media)
        return true;
    for (size_t i = 0; i < json_array_size(rule->media); i++) {
        jw_text allowed = jw_type_text_of(json_array_get(rule->media, i));
        bool all = jw_text_ends(allowed, JW_TEXT("/*"));
        if (all ? jw_text_starts(media, (jw_text){allowed.ptr, allowed.len - 1}) : jw_text_is(media, allowed))
            return true;
    }
    return false;
}

static jw_status check_one(const struct rule *rule, const json_t *in, json_t **out, struct jw_error *err) {
    const json_t *sm3 = json_object_get(in, "sm3"), *name = json_object_get(in, "name");
    const json_t *size = json_object_get(in, "size"), *media = json_object_get(in, "media");
    if (json_object_size(in) != 4 || !json_is_string(sm3) || !json_is_string(media) || !json_is_integer(size))
        return jw_fail(err, JW_E_SYNTAX, "is no list of files {sm3, name, size, media}");
    if (!is_sm3(jw_type_text_of(sm3)))
        return jw_fail(err, JW_E_SYNTAX, "names a file by something else than its SM3 (64 hexadecimal digits)");
    if (!is_file_name(name))
        return jw_fail(err, JW_E_SYNTAX,
                       "holds a file name with a path or a sign no disk takes; example: 报告.pdf");
    if (json_integer_value(size) < 0 || json_integer_value(size) > SIZE_MOST)
        return jw_fail(err, JW_E_SYNTAX, "holds a file of impossible size");
    if (!is_media(jw_type_text_of(media)) || !is_allowed(rule, jw_type_text_of(media)))
        return jw_fail(err, JW_E_SYNTAX, "holds a file of a kind that is not taken here: %.60s",
                       json_string_value(media));
    return jw_type_give(json_pack("{s:O,s:O,s:O,s:O}", "sm3", sm3, "name", name, "size", size, "media", media), out,
                        err);
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    const struct rule *rule = field->rule;
    size_t most = rule ? (size_t)rule->most : USUAL;
    if (!json_is_array(in))
        return jw_fail(err, JW_E_SYNTAX, "is no list of files {sm3, name, size, media}");
    if (json_array_size(in) > most)
        return jw_fail(err, JW_E_SYNTAX, "holds %zu files; at most %zu", json_array_size(in), most);
    json_t *list = json_array();
    for (size_t i = 0; list && i < json_array_size(in); i++) {
        json_t *one = NULL;
        jw_status st = check_one(rule, json_array_get(in, i), &one, err);
        if (st == JW_OK && json_array_append_new(list, one) != 0)
            st = jw_fail(err, JW_E_LIMIT, "no memory");
        if (st != JW_OK)
            return json_decref(list), st;
    }
    return jw_type_give(list, out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    (void)field;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i)
            jw_buffer_add(out, jw_text_from(jw_type_is_zh(language) ? "、" : ", "));
        jw_buffer_add(out, jw_text_from(json_string_value(json_object_get(json_array_get(value, i), "name"))));
    }
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    (void)field, (void)cell, (void)out;
    return jw_fail(err, JW_E_SYNTAX, "holds files, which a cell cannot; add them in the record itself");
}

const struct jw_ledger_type jw_type_attachment = {
    .name = "attachment",
    .about = "files: most (20), media ([application/pdf, image/*])",
    .sample = "[{\"sm3\": \"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0\", "
              "\"name\": \"报告.pdf\", \"size\": 1024, \"media\": \"application/pdf\"}]",
    .stored = JW_STORED_TEXT,
    .many = true,
    .keys = keys,
    .declare = declare,
    .check = check,
    .show = show,
    .read = read_cell,
};
