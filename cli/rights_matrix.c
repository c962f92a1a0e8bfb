/* cli/rights_matrix.c — `jinwu rights matrix`, `roles`, `powers`: who may do what, for people and as JSON lines. */
#include "rights.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

const char *const jw_rights_acts[] = {"read", "create", "change", "delete", "sensitive", "import", "export", NULL};
const char *const jw_rights_wheres[] = {"all", "units", "unit", "own", NULL};

void jw_rights_print(json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    puts(text ? text : "null");
    free(text);
    json_decref(value);
}

static bool says(const struct jw_ledger_right *right, const char *field) {
    for (char **name = right->fields; name && *name; name++)
        if (strcmp(*name, field) == 0)
            return true;
    return !right->fields;
}

/* `field` NULL: the record itself. */
static void print_cell(const struct jw_ledger *ledger, const struct jw_ledger_right *right, const char *field,
                       const char *may) {
    jw_rights_print(json_pack("{ss ss ss? ss ss ss si}", "role", right->role, "ledger", ledger->name, "field",
                              field, "may", may, "where", jw_rights_wheres[right->where], "file", ledger->file,
                              "line", right->line));
}

/* Of fields only what can be done to one: computed fields are never given, open ones are not masked. */
static bool fits_field(const struct jw_ledger_field *field, unsigned act) {
    bool computed = strcmp(field->type->name, "computed") == 0;
    if (act == JW_MAY_CREATE || act == JW_MAY_CHANGE || act == JW_MAY_IMPORT)
        return !computed;
    return act == JW_MAY_SENSITIVE ? field->sensitivity != JW_OPEN : act != JW_MAY_DELETE;
}

static void print_right(const struct jw_ledger *ledger, const struct jw_ledger_right *right, unsigned given) {
    for (size_t act = 0; act < JW_RIGHTS_ACTS; act++) {
        unsigned bit = 1u << act;
        if (!(given & bit))
            continue;
        print_cell(ledger, right, NULL, jw_rights_acts[act]);
        for (size_t i = 0; i < ledger->field_count; i++) {
            const struct jw_ledger_field *field = &ledger->fields[i];
            bool secret = field->sensitivity == JW_SECRET && (bit == JW_MAY_READ || bit == JW_MAY_EXPORT);
            if (says(right, field->name) && fits_field(field, bit) && (!secret || given & JW_MAY_SENSITIVE))
                print_cell(ledger, right, field->name, jw_rights_acts[act]);
        }
    }
}

static void add_row(struct jw_table *table, const struct jw_ledger *ledger, const struct jw_ledger_right *right,
                    unsigned given) {
    jw_buffer may = JW_BUFFER(256), fields = JW_BUFFER(16384);
    for (size_t act = 0; act < JW_RIGHTS_ACTS; act++)
        if (given >> act & 1)
            jw_buffer_print(&may, "%s%s", may.len ? " " : "", jw_rights_acts[act]);
    for (char **name = right->fields; name && *name; name++)
        jw_buffer_print(&fields, "%s%s", fields.len ? " " : "", *name);
    jw_table_add(table, "%s", ledger->name);
    jw_table_add(table, "%s", right->role);
    jw_table_add(table, "%s", jw_rights_wheres[right->where]);
    jw_table_add(table, "%.*s", (int)may.len, may.len ? may.ptr : "");
    jw_table_add(table, "%.*s", fields.len ? (int)fields.len : 3, fields.len ? fields.ptr : "all");
    jw_table_add(table, "%d", right->line);
    jw_buffer_free(&may);
    jw_buffer_free(&fields);
}

static void matrix_of(struct jw_rights_session *s, struct jw_table *table, const struct jw_ledger *ledger) {
    for (size_t i = 0; i < ledger->right_count; i++) {
        const struct jw_ledger_right *right = &ledger->rights[i];
        unsigned given = jw_rights_given(s->roles, right);
        if (given && s->json)
            print_right(ledger, right, given);
        else if (given)
            add_row(table, ledger, right, given);
    }
}

int jw_rights_matrix(struct jw_rights_session *s, int count, char **names) {
    static const char *const heads[] = {"LEDGER", "ROLE", "WHERE", "MAY", "FIELDS", "LINE", NULL};
    struct jw_table table = jw_table_begin(6, 5);
    int result = JW_EXIT_DONE;
    jw_table_head(&table, heads);
    for (int i = 0; i < count && !result; i++) {
        const struct jw_ledger *ledger = jw_ledgers_find(s->ledgers, jw_text_from(names[i]));
        if (ledger)
            matrix_of(s, &table, ledger);
        else
            result = jw_command_usage("rights", "there is no ledger %s; jinwu ledger list shows them", names[i]);
    }
    for (size_t i = 0; i < jw_ledgers_count(s->ledgers) && count == 0; i++)
        matrix_of(s, &table, jw_ledgers_get(s->ledgers, i));
    jw_table_print(&table);
    return result;
}

/* --- roles and powers --------------------------------------------------------------------------------------------
 */
static json_t *list_of(char **words) {
    json_t *list = json_array();
    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

static void print_conflicts(const struct jw_rights_session *s) {
    for (size_t i = 0; i < jw_roles_conflict_count(s->roles); i++) {
        const struct jw_conflict *conflict = jw_roles_conflict(s->roles, i);
        if (s->json) {
            jw_rights_print(json_pack("{ss ss so}", "conflict", conflict->title.zh, "en", conflict->title.en,
                                      "roles", list_of(conflict->roles)));
            continue;
        }
        printf("%s%s:", i ? "" : "\nnever together\n  ", conflict->title.zh);
        for (char **role = conflict->roles; *role; role++)
            printf(" %s", *role);
        printf("\n%s", i + 1 < jw_roles_conflict_count(s->roles) ? "  " : "");
    }
}

int jw_rights_roles(struct jw_rights_session *s) {
    for (size_t i = 0; i < jw_roles_count(s->roles); i++) {
        const struct jw_role *role = jw_roles_get(s->roles, i);
        if (s->json) {
            jw_rights_print(json_pack("{ss ss ss ss sb sb so}", "role", role->name, "zh", role->title.zh, "en",
                                      role->title.en, "about", role->about.zh, "everybody", role->everybody,
                                      "read_only", role->read_only, "powers", list_of(role->powers)));
            continue;
        }
        printf("%s  %s%s%s\n  %s\n", role->name, role->title.zh, role->everybody ? "  (everybody)" : "",
               role->read_only ? "  (reads only)" : "", role->about.zh);
        for (char **power = role->powers; *power; power++)
            printf("%s%s", power == role->powers ? "  " : " ", *power);
        printf("%s", *role->powers ? "\n" : "");
    }
    print_conflicts(s);
    return JW_EXIT_DONE;
}

int jw_rights_powers(struct jw_rights_session *s) {
    static const char *const heads[] = {"POWER", "TITLE", "ABOUT", NULL};
    struct jw_table table = jw_table_begin(3, 3);
    jw_table_head(&table, heads);
    for (const struct jw_power *power = jw_powers; power->name; power++) {
        if (s->json) {
            jw_rights_print(json_pack("{ss ss ss sb}", "power", power->name, "zh", power->zh, "en", power->en,
                                      "acts", power->acts));
            continue;
        }
        jw_table_add(&table, "%s", power->name);
        jw_table_add(&table, "%s", power->zh);
        jw_table_add(&table, "%s", power->en);
    }
    jw_table_print(&table);
    return JW_EXIT_DONE;
}
