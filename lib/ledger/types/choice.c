/* lib/ledger/types/choice.c — one of the declared words, or several. */
#include "kit.h"

#include <string.h>

#include "../choice.h"
#include "../declare.h"

static const char *const keys[] = {"choices", NULL};
static const char *const parts[] = {"colour", NULL};
static const char *const tree_parts[] = {"colour", "under", NULL};
static const char *const colours[] = {"red", "orange", "gold", "green", "cyan", "blue", "purple", "grey", NULL};

/* Reading choices, level by level. */
struct reader {
    struct jw_source *source;
    struct jw_choices *out;
    int room, depth;
};

static bool is_word(const char *value) {
    size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    return len > 0 && len <= 48 && !value[len];
}

static int count_all(const json_t *map, int depth) {
    const char *key;
    json_t *value;
    int count = 0;
    if (depth == 0)
        return 0;
    json_object_foreach((json_t *)map, key, value) count +=
        1 + count_all(json_object_get(value, "under"), depth - 1);
    return count;
}

static void read_level(struct reader *reader, const json_t *map, int parent, int depth);

static void read_one(struct reader *reader, const json_t *map, const char *word, const json_t *value, int parent,
                     int depth) {
    struct jw_source *source = reader->source;
    const char *colour = NULL, *above = parent < 0 ? NULL : reader->out->list[parent].value;
    int at = reader->out->count;
    if (!is_word(word))
        jw_source_fail(source, map, word, 0, "\"%.48s\" is no choice: use letters, digits, _ - and . (at most 48)",
                       word);
    struct jw_choice made = {.parent = parent, .leaf = true};
    jw_declare_label(source, map, word, word, 60, depth > 1 ? tree_parts : parts, &made.label);
    char *path = jw_source_alloc(source, (above ? strlen(above) + 1 : 0) + strlen(word) + 1);
    if (!path || at == reader->room)
        return;
    snprintf(path, (above ? strlen(above) + 1 : 0) + strlen(word) + 1, "%s%s%s", above ? above : "",
             above ? "/" : "", word);
    made.value = path;
    if (json_object_get(value, "colour")) {
        int found = jw_source_word(source, value, "colour", colours);
        colour = found < 0 ? NULL : colours[found];
    }
    made.colour = colour;
    reader->out->list[reader->out->count++] = made;
    const json_t *under = json_object_get(value, "under");
    if (under) {
        reader->out->list[at].leaf = false;
        read_level(reader, under, at, depth - 1);
    }
}

static void read_level(struct reader *reader, const json_t *map, int parent, int depth) {
    const char *word;
    json_t *value;
    if (!json_is_object(map) || json_object_size(map) == 0) {
        jw_source_fail(reader->source, map, NULL, 0, "choices are written {word: {zh: 名称, en: Name}}");
        return;
    }
    json_object_foreach((json_t *)map, word, value) {
        if (!jw_source_good(reader->source))
            return;
        read_one(reader, map, word, value, parent, depth);
    }
}

struct jw_choices *jw_choice_declare(struct jw_source *source, const json_t *options, int depth) {
    const json_t *map = json_object_get(options, "choices");
    int room = count_all(map, depth);
    if (!json_is_object(map) || room == 0)
        jw_source_fail(source, options, "choices", 0,
                       "choices: wants words with labels, for example choices: {high: 高, low: 低}");
    else if (room > JW_CHOICES)
        jw_source_fail(source, options, "choices", 0, "choices: %d; at most %d. Is this a ledger of its own?", room,
                       JW_CHOICES);
    struct jw_choices *out = jw_source_alloc(source, sizeof *out);
    struct jw_choice *list = jw_source_alloc(source, (size_t)room * sizeof *list);
    if (!out || !list)
        return NULL;
    *out = (struct jw_choices){.list = list};
    struct reader reader = {source, out, room, depth};
    read_level(&reader, map, -1, depth);
    return jw_source_good(source) ? out : NULL;
}

int jw_choice_find(const struct jw_choices *choices, jw_text value) {
    for (int i = 0; choices && i < choices->count; i++)
        if (jw_text_is(value, jw_text_from(choices->list[i].value)))
            return i;
    return -1;
}

int jw_choice_guess(const struct jw_choices *choices, jw_text text) {
    int found = jw_choice_find(choices, text), count = 0;
    if (found >= 0)
        return found;
    for (int i = 0; choices && i < choices->count; i++) {
        const struct jw_choice *choice = &choices->list[i];
        if (jw_text_is(text, jw_text_from(choice->label.zh)) ||
            jw_text_is_nocase(text, jw_text_from(choice->label.en)))
            found = i, count++;
    }
    return count == 1 ? found : -1;
}

jw_status jw_choice_fail(const struct jw_choices *choices, jw_text text, struct jw_error *err) {
    char list[120] = "";
    size_t len = 0;
    int shown = 0;
    for (; choices && shown < choices->count && len + strlen(choices->list[shown].value) + 3 < sizeof list; shown++)
        len +=
            (size_t)snprintf(list + len, sizeof list - len, "%s%s", shown ? ", " : "", choices->list[shown].value);
    return jw_fail(err, JW_E_SYNTAX, "is no choice: \"%.*s\"; there are %s%s", (int)(text.len < 40 ? text.len : 40),
                   text.ptr ? text.ptr : "", list, choices && shown < choices->count ? " …" : "");
}

static void declare(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    field->rule = jw_choice_declare(source, options, 1);
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    if (!json_is_string(in))
        return jw_fail(err, JW_E_SYNTAX, "is no text");
    jw_text text = jw_type_text_of(in);
    int found = jw_choice_find(field->rule, text);
    return found < 0 ? jw_choice_fail(field->rule, text, err) : jw_type_give_text(text.ptr, text.len, out, err);
}

static void add_label(const struct jw_choices *choices, const json_t *value, const char *language, jw_buffer *out) {
    int found = jw_choice_find(choices, jw_type_text_of(value));
    if (found < 0)
        jw_buffer_add(out, jw_type_text_of(value)); /* a choice of former times */
    else
        jw_buffer_add(out, jw_text_from(jw_type_is_zh(language) ? choices->list[found].label.zh
                                                                : choices->list[found].label.en));
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    add_label(field->rule, value, language, out);
}

static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    const struct jw_choices *choices = field->rule;
    cell = jw_characters_trim(cell);
    int found = jw_choice_guess(choices, cell);
    if (found < 0)
        return jw_choice_fail(choices, cell, err);
    return jw_type_give(json_string(choices->list[found].value), out, err);
}

/* --- several ----------------------------------------------------------------------------------------------------
 * In the order of the declaration, each once: the same set is the same text. */
static jw_status check_many(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                            struct jw_error *err) {
    const struct jw_choices *choices = field->rule;
    if (!json_is_array(in))
        return jw_fail(err, JW_E_SYNTAX, "is no list of choices; example: [\"%s\"]",
                       choices && choices->count ? choices->list[0].value : "");
    for (size_t i = 0; i < json_array_size(in); i++) {
        const json_t *item = json_array_get(in, i);
        if (!json_is_string(item) || jw_choice_find(choices, jw_type_text_of(item)) < 0)
            return jw_choice_fail(choices, jw_type_text_of(item), err);
    }
    json_t *list = json_array();
    for (int i = 0; list && choices && i < choices->count; i++) {
        bool has = false;
        for (size_t j = 0; j < json_array_size(in) && !has; j++)
            has = strcmp(json_string_value(json_array_get(in, j)), choices->list[i].value) == 0;
        if (has && json_array_append_new(list, json_string(choices->list[i].value)) != 0)
            return json_decref(list), jw_fail(err, JW_E_LIMIT, "no memory");
    }
    return jw_type_give(list, out, err);
}

static void show_many(const struct jw_ledger_field *field, const json_t *value, const char *language,
                      jw_buffer *out) {
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i)
            jw_buffer_add(out, jw_text_from(jw_type_is_zh(language) ? "、" : ", "));
        add_label(field->rule, json_array_get(value, i), language, out);
    }
}

static jw_status read_many(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    static const char *const separators[] = {"、", "，", "；", ",", ";"};
    const struct jw_choices *choices = field->rule;
    json_t *list = json_array();
    cell = jw_characters_trim(cell);
    while (list && cell.len) {
        size_t end = cell.len, skip = 0;
        for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
            size_t at;
            if (jw_text_find(cell, jw_text_from(separators[i]), &at) && at < end)
                end = at, skip = strlen(separators[i]);
        }
        jw_text word = jw_characters_trim((jw_text){cell.ptr, end});
        int found = jw_choice_guess(choices, word);
        if (found < 0)
            return json_decref(list), jw_choice_fail(choices, word, err);
        if (json_array_append_new(list, json_string(choices->list[found].value)) != 0)
            return json_decref(list), jw_fail(err, JW_E_LIMIT, "no memory");
        cell = (jw_text){cell.ptr + end + skip, cell.len - end - skip};
    }
    return jw_type_give(list, out, err);
}

const struct jw_ledger_type jw_type_choice = {
    .name = "choice",
    .about = "one of the words in choices, with labels and colours",
    .sample = "\"high\"",
    .needs = "choices: {high: {zh: 高, en: High, colour: red}, low: 低}",
    .stored = JW_STORED_TEXT,
    .keys = keys,
    .declare = declare,
    .check = check,
    .show = show,
    .read = read_cell,
};

const struct jw_ledger_type jw_type_choices = {
    .name = "choices",
    .about = "any number of the words in choices",
    .sample = "[\"network\", \"data\"]",
    .needs = "choices: {network: 网络, data: 数据, cloud: 云}",
    .stored = JW_STORED_TEXT,
    .many = true,
    .keys = keys,
    .declare = declare,
    .check = check_many,
    .show = show_many,
    .read = read_many,
};
