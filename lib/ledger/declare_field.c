/* lib/ledger/declare_field.c — one field: what all types share, then the type's own keys. */
#include "declare.h"
#include "pattern.h"

#include <string.h>

static const char *const keys[] = {"type",    "title",   "help",        "required", "unique", "default",
                                   "pattern", "example", "sensitivity", "due",      NULL};
/* What the store and the API put beside the fields of a record. */
static const char *const taken[] = {"id",         "version",    "state",      "deleted", "created_at",
                                    "created_by", "changed_at", "changed_by", NULL};
static const char *const levels[] = {"open", "sensitive", "secret", NULL}; /* in the order of the enum */

static bool is_text(const struct jw_ledger_type *type) {
    return type->stored == JW_STORED_TEXT && *type->sample == '"';
}

static void tell_types(struct jw_source *source, const json_t *in, const char *name) {
    char list[200] = "";
    size_t len = 0;
    for (size_t i = 0; jw_ledger_types[i] && len + 20 < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", jw_ledger_types[i]->name);
    if (name)
        jw_source_fail(source, in, "type", 0, "no type \"%.24s\"; there are %s", name, list);
    else
        jw_source_fail(source, in, NULL, 0, "type is missing; there are %s", list);
}

static void read_pattern(struct jw_source *source, const json_t *in, struct jw_ledger_field *field) {
    struct jw_error err = {0};
    const char *example = jw_source_text(source, in, "example", 200);
    const char *pattern = jw_source_text(source, in, "pattern", 500);
    field->example = example ? jw_source_copy(source, jw_text_from(example)) : NULL;
    if (!pattern || !jw_source_good(source))
        return;
    if (!is_text(field->type))
        jw_source_fail(source, in, "pattern", 0, "pattern: is for texts; this field is of type %s",
                       field->type->name);
    else if (!example)
        jw_source_fail(source, in, "pattern", 0, "pattern: add an example that fits it: example: '…'");
    else if (jw_pattern_compile(pattern, &field->pattern, &err) != JW_OK)
        jw_source_fail(source, in, "pattern", 0, "pattern: %s", err.text);
    field->pattern_text = jw_source_copy(source, jw_text_from(pattern));
}

/* The example is a promise to people: it must be right. */
static void check_example(struct jw_source *source, const json_t *in, const struct jw_ledger_field *field) {
    if (!field->example || !jw_source_good(source))
        return;
    struct jw_error err = {0};
    json_t *value = NULL, *canonical = NULL;
    jw_status st = field->type->read ? field->type->read(field, jw_text_from(field->example), &value, &err) : JW_OK;
    if (!field->type->read)
        value = json_string(field->example);
    if (st == JW_OK)
        st = field->type->check(field, value, &canonical, &err);
    if (st == JW_OK)
        st = jw_pattern_check(field, canonical, &err);
    if (st != JW_OK)
        jw_source_fail(source, in, "example", 0, "example: %.200s", err.text);
    json_decref(value);
    json_decref(canonical);
}

static void read_preset(struct jw_source *source, const json_t *in, struct jw_ledger_field *field) {
    const json_t *value = json_object_get(in, "default");
    struct jw_error err = {0};
    if (!value || !jw_source_good(source))
        return;
    if (json_is_null(value) || field->type->stored == JW_STORED_NOTHING)
        jw_source_fail(source, in, "default", 0, "default: wants a value; leave the key out for none");
    else if (field->type->check(field, value, &field->preset, &err) != JW_OK ||
             jw_pattern_check(field, field->preset, &err) != JW_OK)
        jw_source_fail(source, in, "default", 0, "default: %.200s", err.text);
}

static void read_flags(struct jw_source *source, const json_t *in, struct jw_ledger_field *field) {
    const struct jw_ledger_type *type = field->type;
    field->required = jw_source_flag(source, in, "required");
    field->unique = jw_source_flag(source, in, "unique");
    field->due = jw_source_flag(source, in, "due");
    if (field->required && type->stored == JW_STORED_NOTHING)
        jw_source_fail(source, in, "required", 0, "required: nobody fills in a %s field", type->name);
    if (field->unique && (type->stored == JW_STORED_NOTHING || type->many || strcmp(type->name, "long_text") == 0))
        jw_source_fail(source, in, "unique", 0, "unique: not possible for a field of type %s", type->name);
    if (field->due && strcmp(type->name, "date") != 0 && strcmp(type->name, "datetime") != 0)
        jw_source_fail(source, in, "due", 0, "due: is for fields of type date and datetime");
    int level = json_object_get(in, "sensitivity") ? jw_source_word(source, in, "sensitivity", levels) : JW_OPEN;
    field->sensitivity = level < 0 ? JW_SECRET : (jw_ledger_sensitivity)level;
}

static void read_field(struct jw_source *source, const json_t *all, const char *name,
                       struct jw_ledger_field *field) {
    const json_t *in = json_object_get(all, name);
    if (!json_is_object(in)) {
        jw_source_fail(source, all, name, 0, "%.48s: a field is written {type: text, title: …}", name);
        return;
    }
    if (!jw_source_name(source, all, name, 0, name, sizeof field->name))
        return;
    for (const char *const *word = taken; *word; word++)
        if (strcmp(*word, name) == 0)
            jw_source_fail(source, all, name, 0, "the name \"%s\" is taken: every record has it already", name);
    snprintf(field->name, sizeof field->name, "%s", name);
    field->line = jw_source_line(source, all, name);
    field->options = in;
    const char *type = jw_source_text(source, in, "type", 40);
    field->type = type ? jw_ledger_type_find(jw_text_from(type)) : NULL;
    if (!field->type) {
        tell_types(source, in, type);
        return;
    }
    jw_source_keys(source, in, field->type->name, keys, field->type->keys);
    jw_declare_label(source, in, "title", name, JW_DECLARE_TITLE, NULL, &field->title);
    jw_declare_label(source, in, "help", "", JW_DECLARE_HELP, NULL, &field->help);
    read_flags(source, in, field);
    if (field->type->declare && jw_source_good(source))
        field->type->declare(field, in, source);
    read_pattern(source, in, field);
    check_example(source, in, field);
    read_preset(source, in, field);
}

void jw_declare_fields(struct jw_source *source, struct jw_ledger *ledger) {
    const json_t *all = json_object_get(source->root, "fields");
    size_t count = json_object_size(all);
    if (!jw_source_good(source))
        return;
    if (!json_is_object(all) || count == 0)
        jw_source_fail(source, source->root, "fields", 0,
                       "fields: wants at least one: name: {type: text, title: 名称}");
    else if (count > JW_LEDGER_FIELDS)
        jw_source_fail(source, source->root, "fields", 0, "fields: %zu; at most %d", count, JW_LEDGER_FIELDS);
    ledger->fields = jw_source_alloc(source, count * sizeof *ledger->fields);
    const char *name;
    json_t *in;
    json_object_foreach((json_t *)all, name, in) {
        if (!jw_source_good(source))
            return;
        read_field(source, all, name, &ledger->fields[ledger->field_count++]);
    }
}

void jw_declare_forget(struct jw_ledger *ledger) {
    for (size_t i = 0; i < ledger->field_count; i++) {
        json_decref(ledger->fields[i].preset);
        jw_pattern_free(ledger->fields[i].pattern);
    }
    ledger->field_count = 0;
}
