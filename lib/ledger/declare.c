/* lib/ledger/declare.c — the keys of a ledger file, in the order of docs/ledgers.md. */
#include "declare.h"
#include "rules.h"

#include <openssl/evp.h>
#include <string.h>

static const char *const keys[] = {"name",        "title", "about",    "requirements", "called", "unit",
                                   "owner",       "list",  "workflow", "keep_days",    "fields", "rights",
                                   "attribution", NULL};

void jw_declare_label(struct jw_source *source, const json_t *in, const char *key, const char *fallback,
                      size_t most, const char *const *more, struct jw_ledger_label *out) {
    static const char *const languages[] = {"zh", "en", NULL};
    const json_t *value = json_object_get(in, key);
    const char *zh = NULL, *en = NULL;
    if (json_is_object(value)) {
        jw_source_keys(source, value, key, languages, more);
        zh = jw_source_text(source, value, "zh", most);
        en = jw_source_text(source, value, "en", most);
    } else
        zh = jw_source_text(source, in, key, most);
    zh = zh ? zh : fallback;
    out->zh = jw_source_copy(source, jw_text_from(zh));
    out->en = jw_source_copy(source, jw_text_from(en ? en : zh));
}

static void read_requirements(struct jw_source *source, struct jw_ledger *ledger) {
    const json_t *list = jw_source_list(source, source->root, "requirements", 200);
    size_t count = json_array_size(list);
    ledger->requirements = jw_source_alloc(source, (count + 1) * sizeof *ledger->requirements);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *id = jw_source_item(source, list, i, 20);
        ledger->requirements[i] = id ? jw_source_copy(source, jw_text_from(id)) : NULL;
    }
}

/* The field that `key` names, or the first one that will do; -1: none. */
static int field_of(struct jw_source *source, const struct jw_ledger *ledger, const char *key, const char *type) {
    const char *name = jw_source_text(source, source->root, key, JW_LEDGER_NAME);
    if (!name)
        return -1;
    int found = jw_ledger_field_find(ledger, jw_text_from(name));
    if (found < 0)
        jw_source_fail(source, source->root, key, 0, "%s: there is no field \"%.48s\" in this ledger", key, name);
    else if (type && strcmp(ledger->fields[found].type->name, type) != 0) {
        jw_source_fail(source, source->root, key, 0, "%s: the field \"%.48s\" is of type %s; wants one of type %s",
                       key, name, ledger->fields[found].type->name, type);
        return -1;
    }
    return found;
}

static int first_text(const struct jw_ledger *ledger) {
    for (size_t i = 0; i < ledger->field_count; i++)
        if (strcmp(ledger->fields[i].type->name, "text") == 0)
            return (int)i;
    return -1;
}

static void read_called(struct jw_source *source, struct jw_ledger *ledger) {
    ledger->called = field_of(source, ledger, "called", NULL);
    if (ledger->called < 0)
        ledger->called = first_text(ledger);
    if (!jw_source_good(source))
        return;
    if (ledger->called < 0)
        jw_source_fail(
            source, source->root, "fields", 0,
            "no field of type text that a record could be called by; add one, or name another: called: …");
    else if (ledger->fields[ledger->called].sensitivity != JW_OPEN)
        jw_source_fail(source, source->root, "called", 0,
                       "called: \"%s\" is %s; a record is called by what everybody may see",
                       ledger->fields[ledger->called].name,
                       ledger->fields[ledger->called].sensitivity == JW_SECRET ? "secret" : "sensitive");
}

/* Six open fields that fit into a line, unless the file says which. */
static size_t usual_list(const struct jw_ledger *ledger, int *out) {
    size_t count = 0;
    for (size_t i = 0; i < ledger->field_count && count < 6; i++) {
        const struct jw_ledger_field *field = &ledger->fields[i];
        if (field->sensitivity != JW_SECRET && strcmp(field->type->name, "long_text") != 0)
            out[count++] = (int)i;
    }
    return count;
}

static void read_listed(struct jw_source *source, struct jw_ledger *ledger) {
    const json_t *list = jw_source_list(source, source->root, "list", JW_LEDGER_FIELDS);
    size_t count = json_array_size(list);
    ledger->listed = jw_source_alloc(source, ((count > 6 ? count : 6) + 1) * sizeof *ledger->listed);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *name = jw_source_item(source, list, i, JW_LEDGER_NAME);
        int found = name ? jw_ledger_field_find(ledger, jw_text_from(name)) : -1;
        if (name && found < 0)
            jw_source_fail(source, list, NULL, i, "list: there is no field \"%.48s\" in this ledger", name);
        for (size_t before = 0; before < i; before++)
            if (ledger->listed[before] == found)
                jw_source_fail(source, list, NULL, i, "list: \"%.48s\" stands here twice", name ? name : "");
        if (ledger->listed)
            ledger->listed[i] = found;
    }
    if (!jw_source_good(source))
        return;
    ledger->listed[list ? count : usual_list(ledger, ledger->listed)] = -1;
}

static void read_name(struct jw_source *source, const char *name, struct jw_ledger *ledger) {
    const char *given = jw_source_text(source, source->root, "name", JW_LEDGER_NAME);
    if (given && strcmp(given, name) != 0)
        jw_source_fail(source, source->root, "name", 0, "name: \"%.48s\" is not the name of the file, %.48s.yaml",
                       given, name);
    if (!jw_source_name(source, source->root, "name", 0, name, JW_LEDGER_NAME))
        return;
    snprintf(ledger->name, sizeof ledger->name, "%s", name);
    if (!json_object_get(source->root, "title"))
        jw_source_fail(source, source->root, NULL, 0,
                       "title is missing; for example title: {zh: 供应商, en: Supplier}");
}

void jw_declare_ledger(struct jw_source *source, const char *name, struct jw_ledger *out) {
    *out = (struct jw_ledger){.called = -1, .unit = -1, .owner = -1};
    if (!jw_source_good(source))
        return;
    int64_t keep_days = 0;
    jw_source_keys(source, source->root, "a ledger", keys, NULL);
    read_name(source, name, out);
    jw_declare_label(source, source->root, "title", name, JW_DECLARE_TITLE, NULL, &out->title);
    jw_declare_label(source, source->root, "about", "", JW_DECLARE_HELP, NULL, &out->about);
    read_requirements(source, out);
    jw_declare_fields(source, out);
    if (!jw_source_good(source))
        return;
    read_called(source, out);
    out->unit = field_of(source, out, "unit", "unit");
    out->owner = field_of(source, out, "owner", "person");
    read_listed(source, out);
    const char *workflow = jw_source_text(source, source->root, "workflow", JW_LEDGER_NAME);
    if (workflow && jw_source_name(source, source->root, "workflow", 0, workflow, JW_LEDGER_NAME))
        snprintf(out->workflow, sizeof out->workflow, "%s", workflow);
    jw_source_integer(source, source->root, "keep_days", 0, 36500, &keep_days);
    out->keep_days = (int)keep_days;
    jw_declare_rights(source, out);
    jw_declare_attribution(source, out);
}

static const json_t *fields_of(const struct jw_source *source) { return json_object_get(source->root, "fields"); }

static void resolve_field(struct jw_source *source, const struct jw_ledger *ledger,
                          const struct jw_ledger_field *field, jw_expression_find find, const void *context) {
    const json_t *declaration = json_object_get(fields_of(source), field->name);
    const struct jw_rule_reference *reference = jw_rule_reference(field);
    struct jw_expression *expression = jw_rule_expression(field);
    struct jw_error err = {0};
    if (reference && !find(context, reference->ledger)) {
        bool named = json_object_get(declaration, "ledger") != NULL;
        jw_source_fail(source, named ? declaration : fields_of(source), named ? "ledger" : field->name, 0,
                       "there is no ledger \"%s\", which the field \"%s\" points to", reference->ledger,
                       field->name);
    }
    if (expression && jw_expression_check(expression, ledger, field, find, context, &err) != JW_OK)
        jw_source_fail(source, declaration, "value", 0, "value: %s", err.text);
}

void jw_declare_resolve(struct jw_source *source, const struct jw_ledger *ledger, jw_expression_find find,
                        const void *context) {
    for (size_t i = 0; i < ledger->field_count && jw_source_good(source); i++)
        resolve_field(source, ledger, &ledger->fields[i], find, context);
}
