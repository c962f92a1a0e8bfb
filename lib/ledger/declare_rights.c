/* lib/ledger/declare_rights.c — who may do what with records that stand in which relation to them. */
#include "declare.h"

#include <string.h>

static const char *const keys[] = {"role", "may", "where", "fields", NULL};
static const char *const places[] = {"all", "units", "unit", "own", NULL}; /* in the order of the enum */
static const struct {
    const char *word;
    unsigned bit;
} acts[] = {{"read", JW_MAY_READ},     {"create", JW_MAY_CREATE},       {"change", JW_MAY_CHANGE},
            {"delete", JW_MAY_DELETE}, {"sensitive", JW_MAY_SENSITIVE}, {"import", JW_MAY_IMPORT},
            {"export", JW_MAY_EXPORT}};
#define ACTS (sizeof acts / sizeof *acts)

static void read_may(struct jw_source *source, const json_t *line, struct jw_ledger_right *right) {
    const json_t *list = jw_source_list(source, line, "may", ACTS);
    if (!list || json_array_size(list) == 0)
        jw_source_fail(source, line, "may", 0, "may: wants a list, for example [read, create, change]");
    for (size_t i = 0; i < json_array_size(list) && jw_source_good(source); i++) {
        const char *word = jw_source_item(source, list, i, 20);
        size_t act = 0;
        while (word && act < ACTS && strcmp(word, acts[act].word) != 0)
            act++;
        if (act == ACTS)
            jw_source_fail(source, list, NULL, i,
                           "may: there is no \"%.20s\"; there are read, create, change, delete, sensitive, import, "
                           "export",
                           word);
        else if (word)
            right->may |= acts[act].bit;
    }
}

static void read_where(struct jw_source *source, const struct jw_ledger *ledger, const json_t *line,
                       struct jw_ledger_right *right) {
    int place = json_object_get(line, "where") ? jw_source_word(source, line, "where", places) : JW_WHERE_ALL;
    if (place < 0)
        return;
    right->where = place;
    if ((place == JW_WHERE_UNITS || place == JW_WHERE_UNIT) && ledger->unit < 0)
        jw_source_fail(source, line, "where", 0,
                       "where: %s: the ledger does not say which field holds the unit; add unit: FIELD at the top",
                       places[place]);
    if (place == JW_WHERE_OWN && ledger->owner < 0)
        jw_source_fail(
            source, line, "where", 0,
            "where: own: the ledger does not say which field holds the owner; add owner: FIELD at the top");
}

static void read_fields(struct jw_source *source, const struct jw_ledger *ledger, const json_t *line,
                        struct jw_ledger_right *right) {
    const json_t *list = jw_source_list(source, line, "fields", JW_LEDGER_FIELDS);
    size_t count = json_array_size(list);
    if (!list)
        return;
    right->fields = jw_source_alloc(source, (count + 1) * sizeof *right->fields);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *name = jw_source_item(source, list, i, JW_LEDGER_NAME);
        if (name && jw_ledger_field_find(ledger, jw_text_from(name)) < 0)
            jw_source_fail(source, list, NULL, i, "fields: there is no field \"%.48s\" in this ledger", name);
        right->fields[i] = name ? jw_source_copy(source, jw_text_from(name)) : NULL;
    }
}

static void read_right(struct jw_source *source, const struct jw_ledger *ledger, const json_t *lines, size_t i,
                       struct jw_ledger_right *right) {
    const json_t *line = json_array_get(lines, i);
    if (!json_is_object(line)) {
        jw_source_fail(source, lines, NULL, i, "a right is written {role: …, may: […], where: …}");
        return;
    }
    jw_source_keys(source, line, "a right", keys, NULL);
    right->line = jw_source_line(source, line, "role");
    const char *role = jw_source_text(source, line, "role", JW_LEDGER_NAME);
    if (!role)
        jw_source_fail(source, lines, NULL, i, "role is missing: whose right is this?");
    else if (jw_source_name(source, line, "role", 0, role, sizeof right->role))
        snprintf(right->role, sizeof right->role, "%s", role);
    read_may(source, line, right);
    read_where(source, ledger, line, right);
    read_fields(source, ledger, line, right);
}

void jw_declare_rights(struct jw_source *source, struct jw_ledger *ledger) {
    const json_t *lines = jw_source_list(source, source->root, "rights", 200);
    size_t count = json_array_size(lines);
    ledger->rights = jw_source_alloc(source, (count + 1) * sizeof *ledger->rights);
    for (size_t i = 0; i < count && jw_source_good(source); i++)
        read_right(source, ledger, lines, i, &ledger->rights[i]);
    ledger->right_count = jw_source_good(source) ? count : 0;
}
