/* lib/sigma/placeholder.c — reading content/placeholders, and replacing %Names%. */
#include "placeholder.h"

#include "files.h"
#include "tree.h"

#include <unistd.h>

struct loading {
    struct jw_arena *mem;
    struct jw_placeholders *lists;
    jw_placeholder_refused refused;
    void *context;
};

static const struct jw_placeholder *find(const struct jw_placeholders *lists, jw_text name) {
    const struct jw_placeholder *list = lists ? lists->first : NULL;
    while (list && !jw_text_is_nocase(list->name, name))
        list = list->next;
    return list;
}

static bool is_name(jw_text text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' &&
            c != '.')
            return false;
    }
    return text.len > 0;
}

static jw_status read_list(struct loading *l, const char *path, const struct jw_tree *key, struct jw_error *err) {
    const struct jw_tree *value = key->next;
    struct jw_placeholder *list = jw_arena_alloc(l->mem, sizeof *list);
    uint32_t count = 0;
    if (key->kind != JW_TREE_SCALAR || !is_name(key->text) || value->kind != JW_TREE_LIST)
        return jw_fail(err, JW_E_SYNTAX, "line %d: wants a name (letters, digits, _ - .) and a list of values",
                       key->line);
    for (const struct jw_tree *node = value->first; node; node = node->next)
        if (node->kind != JW_TREE_SCALAR || jw_tree_is_null(node))
            return jw_fail(err, JW_E_SYNTAX, "line %d: a value must be a text or a number", node->line);
        else
            count++;
    if (count > JW_EXPANSIONS_MOST)
        return jw_fail(err, JW_E_LIMIT, "line %d: more than %d values", key->line, JW_EXPANSIONS_MOST);
    if (!list || !(list->values = jw_arena_alloc(l->mem, (count + 1) * sizeof *list->values)))
        return jw_fail(err, JW_E_LIMIT, "line %d: no memory", key->line);
    list->name = key->text;
    list->file = jw_arena_copy(l->mem, jw_text_from(path));
    list->count = 0;
    for (const struct jw_tree *node = value->first; node; node = node->next)
        list->values[list->count++] = node->text;
    list->next = l->lists->first; /* in front: the later file is found first */
    l->lists->first = list;
    return JW_OK;
}

static jw_status read_file(void *context, const char *path, struct jw_error *err) {
    struct loading *l = context;
    struct jw_tree *document = NULL;
    struct jw_error why = {{0}};
    jw_text text;
    (void)err;
    jw_status st = jw_rule_file_read(path, l->mem, &text, &why);
    if (st == JW_OK)
        st = jw_tree_parse(text, l->mem, &document, &why);
    if (st == JW_OK && document && document->kind != JW_TREE_MAP)
        st = jw_fail(&why, JW_E_SYNTAX, "line %d: wants a map of names and lists", document->line);
    for (const struct jw_tree *key = document ? document->first : NULL; st == JW_OK && key && key->next;
         key = key->next->next)
        st = read_list(l, path, key, &why);
    if (st != JW_OK)
        l->refused(l->context, path, why.text);
    return JW_OK;
}

jw_status jw_placeholders_load(const char *folder, struct jw_arena *mem, jw_placeholder_refused refused,
                               void *context, struct jw_placeholders *out, struct jw_error *err) {
    struct loading l = {mem, out, refused, context};
    *out = (struct jw_placeholders){0};
    return folder && access(folder, F_OK) == 0 ? jw_rule_files(folder, read_file, &l, err) : JW_OK;
}

/* --- replacing -------------------------------------------------------------------------------------------------
 */
struct piece { /* a text as it stands, or a list */
    jw_text text;
    const struct jw_placeholder *list;
};

struct splitting {
    const struct jw_placeholders *lists;
    struct piece pieces[2 * JW_PLACEHOLDERS_MOST + 1];
    uint32_t count;
    uint64_t product;
    size_t longest; /* bytes of the longest result */
};

static jw_status add_list(struct splitting *s, jw_text name, struct jw_error *err) {
    const struct jw_placeholder *list = find(s->lists, name);
    size_t longest = 0;
    if (!list)
        return jw_fail(err, JW_E_SYNTAX,
                       "placeholder %%" JW_FMT "%% has no list: write `" JW_FMT
                       ": [value, …]` in a file of content/placeholders",
                       JW_ARG(name), JW_ARG(name));
    if (!list->count)
        return jw_fail(err, JW_E_SYNTAX, "placeholder %%" JW_FMT "%% has an empty list, in " JW_FMT, JW_ARG(name),
                       JW_ARG(list->file));
    if (s->count + 2 > sizeof s->pieces / sizeof *s->pieces)
        return jw_fail(err, JW_E_LIMIT, "more than %d placeholders in one value", JW_PLACEHOLDERS_MOST);
    s->pieces[s->count++] = (struct piece){.list = list};
    for (uint32_t i = 0; i < list->count; i++)
        longest = list->values[i].len > longest ? list->values[i].len : longest;
    s->longest += longest;
    s->product *= list->count;
    if (s->product > JW_EXPANSIONS_MOST)
        return jw_fail(err, JW_E_LIMIT, "placeholders make more than %d values of one", JW_EXPANSIONS_MOST);
    return JW_OK;
}

static bool name_at(jw_text text, size_t at, jw_text *out) {
    jw_text rest = {text.ptr + at + 1, text.len - at - 1};
    return jw_text_cut(&rest, '%', out) && is_name(*out);
}

static jw_status split(struct splitting *s, jw_text text, char *plain, struct jw_error *err) {
    size_t len = 0, start = 0;
    jw_text name;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == '%') {
            plain[len++] = text.ptr[++i];
            continue;
        }
        if (text.ptr[i] != '%' || !name_at(text, i, &name)) {
            plain[len++] = text.ptr[i];
            continue;
        }
        if (len > start)
            s->pieces[s->count++] = (struct piece){.text = {plain + start, len - start}};
        start = len;
        i += name.len + 1;
        jw_status st = add_list(s, name, err);
        if (st != JW_OK)
            return st;
    }
    if (len > start)
        s->pieces[s->count++] = (struct piece){.text = {plain + start, len - start}};
    s->longest += len;
    return JW_OK;
}

/* The `number`-th combination, the last list turning fastest. */
static jw_text combine(const struct splitting *s, uint64_t number, char *to) {
    jw_text parts[2 * JW_PLACEHOLDERS_MOST + 1];
    size_t len = 0;
    for (uint32_t i = s->count; i--;) {
        const struct jw_placeholder *list = s->pieces[i].list;
        parts[i] = list ? list->values[number % list->count] : s->pieces[i].text;
        number = list ? number / list->count : number;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (parts[i].len)
            memcpy(to + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    return (jw_text){to, len};
}

jw_status jw_placeholder_expand(const struct jw_placeholders *lists, jw_text text, struct jw_arena *mem,
                                jw_text **out, uint32_t *out_count, struct jw_error *err) {
    struct splitting s = {.lists = lists, .product = 1};
    char *plain = jw_arena_alloc(mem, text.len + 1);
    if (!plain)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = split(&s, text, plain, err);
    if (st != JW_OK)
        return st;
    jw_text *values = jw_arena_alloc(mem, s.product * sizeof *values);
    if (!values)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (uint64_t i = 0; i < s.product; i++) {
        char *to = jw_arena_alloc(mem, s.longest + 1);
        if (!to)
            return jw_fail(err, JW_E_LIMIT, "no memory for the values of the placeholders");
        values[i] = combine(&s, i, to);
    }
    *out = values;
    *out_count = (uint32_t)s.product;
    return JW_OK;
}
