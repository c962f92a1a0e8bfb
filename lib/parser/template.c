/* lib/parser/template.c — "%{_method}-login": texts made of constants and fields. */
#include "worker.h"

#define PRINTED (64u << 10) /* most bytes of one value */

struct piece {
    jw_text literal;
    struct jw_name field; /* when literal.ptr is NULL */
};

struct jw_template {
    struct piece *pieces;
    size_t count;
};

static size_t count_pieces(jw_text text) {
    size_t count = 1;
    for (size_t i = 0; i + 1 < text.len; i++)
        count += text.ptr[i] == '%' && text.ptr[i + 1] == '{' ? 2 : 0;
    return count;
}

struct jw_template *jw_template_compile(struct jw_compile *compile, struct fy_node *node, const char *what) {
    struct jw_declared *yaml = compile->yaml;
    jw_text rest = jw_declared_text(yaml, node, what), field;
    struct jw_template *template = jw_declared_alloc(yaml, sizeof *template);
    struct piece *pieces = jw_declared_alloc(yaml, count_pieces(rest) * sizeof *pieces);
    if (!template || !pieces)
        return NULL;
    template->pieces = pieces;
    size_t at;
    while (jw_text_find(rest, JW_TEXT("%{"), &at)) {
        if (at)
            pieces[template->count++].literal = (jw_text){rest.ptr, at};
        rest.ptr += at + 2, rest.len -= at + 2;
        if (!jw_text_cut(&rest, '}', &field) || field.len == 0 || field.len > 255) {
            jw_declared_fail(yaml, node, "%s: %%{ wants a field's name and }", what);
            return NULL;
        }
        pieces[template->count++].field = jw_value_name(field);
    }
    if (rest.len || template->count == 0)
        pieces[template->count++].literal = rest.ptr ? rest : JW_TEXT("");
    return template;
}

jw_text jw_template_constant(const struct jw_template *template) {
    return template->count == 1 ? template->pieces[0].literal : (jw_text){0};
}

jw_text jw_template_print(const struct jw_template *template, struct jw_run *run) {
    if (template->count == 1) /* one piece needs no copy */
        return template->pieces[0].literal.ptr ? template->pieces[0].literal
                                               : jw_value_get(run, &template->pieces[0].field);
    size_t size = 0, len = 0;
    for (size_t i = 0; i < template->count; i++) {
        const struct piece *piece = &template->pieces[i];
        jw_text text = piece->literal.ptr ? piece->literal : jw_value_get(run, &piece->field);
        if (!text.ptr)
            return (jw_text){0};
        size += text.len;
    }
    char *out = size <= PRINTED ? jw_arena_alloc(run->rec->mem, size + 1) : NULL;
    if (!out) {
        run->rec->state = size <= PRINTED ? JW_E_LIMIT : run->rec->state;
        return (jw_text){0};
    }
    for (size_t i = 0; i < template->count; i++) {
        const struct piece *piece = &template->pieces[i];
        jw_text text = piece->literal.ptr ? piece->literal : jw_value_get(run, &piece->field);
        memcpy(out + len, text.ptr, text.len);
        len += text.len;
    }
    return (jw_text){out, len};
}
