/* lib/ledger/types/tree.c — a choice among branches. The value is the whole path, so that everything under a branch
 * begins alike: finding it is a search by prefix. */
#include "kit.h"

#include "../choice.h"

#define DEPTH 6

static const char *const keys[] = {"choices", "leaf_only", NULL};

static void declare(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    struct jw_choices *choices = jw_choice_declare(source, options, DEPTH);
    if (choices)
        choices->leaf_only = jw_source_flag(source, options, "leaf_only");
    field->rule = choices;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    const struct jw_choices *choices = field->rule;
    if (!json_is_string(in))
        return jw_fail(err, JW_E_SYNTAX, "is no text");
    jw_text text = jw_type_text_of(in);
    int found = jw_choice_find(choices, text);
    if (found < 0)
        return jw_choice_fail(choices, text, err);
    if (choices->leaf_only && !choices->list[found].leaf)
        return jw_fail(err, JW_E_SYNTAX, "is a branch: choose one of those under \"%s\"",
                       choices->list[found].value);
    return jw_type_give_text(text.ptr, text.len, out, err);
}

static void show_one(const struct jw_choices *choices, int at, const char *language, int depth, jw_buffer *out) {
    const struct jw_choice *choice = &choices->list[at];
    if (choice->parent >= 0 && depth < DEPTH) {
        show_one(choices, choice->parent, language, depth + 1, out);
        jw_buffer_add(out, JW_TEXT(" / "));
    }
    jw_buffer_add(out, jw_text_from(jw_type_is_zh(language) ? choice->label.zh : choice->label.en));
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    int found = jw_choice_find(field->rule, jw_type_text_of(value));
    if (found < 0)
        jw_buffer_add(out, jw_type_text_of(value));
    else
        show_one(field->rule, found, language, 0, out);
}

/* The path, the label of one branch when only one has it, or what `show` gave. */
static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    const struct jw_choices *choices = field->rule;
    cell = jw_characters_trim(cell);
    int found = jw_choice_guess(choices, cell);
    for (int i = 0; found < 0 && choices && i < choices->count; i++)
        for (int language = 0; found < 0 && language < 2; language++) {
            jw_buffer shown = JW_BUFFER(4096);
            show_one(choices, i, language ? "en" : "zh", 0, &shown);
            found = jw_text_is(cell, jw_buffer_text(&shown)) ? i : -1;
            jw_buffer_free(&shown);
        }
    if (found < 0)
        return jw_choice_fail(choices, cell, err);
    return jw_type_give(json_string(choices->list[found].value), out, err);
}

const struct jw_ledger_type jw_type_tree = {
    .name = "tree",
    .about = "one of the words in choices, which stand under each other (under); leaf_only: no branches",
    .sample = "\"server/linux\"",
    .needs = "choices: {server: {zh: 服务器, under: {linux: Linux, windows: Windows}}, other: 其他}",
    .stored = JW_STORED_TEXT,
    .keys = keys,
    .declare = declare,
    .check = check,
    .show = show,
    .read = read_cell,
};
