/* lib/rights/rights.c — the lines of a ledger in the hands of one person. */
#include "rights_parts.h"

#include <stdlib.h>
#include <string.h>

unsigned jw_rights_given(const struct jw_roles *roles, const struct jw_ledger_right *right) {
    const struct jw_role *role = jw_roles_find(roles, jw_text_from(right->role));
    unsigned may = role ? right->may : 0;
    if (role && role->read_only)
        may &= JW_MAY_READ | JW_MAY_EXPORT;
    /* who cannot read a record must not learn of it by changing or exporting it */
    return may & JW_MAY_READ ? may : may & JW_MAY_CREATE;
}

static struct jw_rights_fields fields_of(const struct jw_ledger *ledger, const struct jw_ledger_right *right) {
    struct jw_rights_fields fields = {{0}};
    if (!right->fields)
        memset(&fields, 0xff, sizeof fields);
    for (char **name = right->fields; name && *name; name++) {
        int field = jw_ledger_field_find(ledger, jw_text_from(*name));
        if (field >= 0)
            fields.bits[field / 64] |= UINT64_C(1) << (field % 64);
    }
    return fields;
}

/* --- compiling ---------------------------------------------------------------------------------------------------
 */
struct compiling {
    struct jw_rights *rights;
    size_t room, needed;
};

static void add(struct compiling *c, struct jw_rights_line line) {
    for (size_t i = 0; i < c->rights->count; i++) {
        const struct jw_rights_line *other = &c->rights->lines[i];
        if (other->right == line.right && other->reach == line.reach &&
            (other->place == line.place || (line.place && strcmp(other->place, line.place) == 0)))
            return;
    }
    c->needed++;
    if (c->rights->count < c->room)
        c->rights->lines[c->rights->count++] = line;
}

/* The line where one grant lets it hold. `granted`: the place of the grant, "" where it names none. */
static void add_granted(struct compiling *c, struct jw_rights_line line, const char *granted) {
    const struct jw_holder *holder = c->rights->holder;
    const char *place = *granted ? granted : holder->place;
    line.place = place;
    if (line.right->where == JW_WHERE_OWN) {
        line.reach = JW_REACH_OWN;
        line.place = NULL;
        if (holder->person > 0 && c->rights->ledger->owner >= 0)
            add(c, line);
    } else if (line.right->where == JW_WHERE_ALL && !*granted) {
        line.reach = JW_REACH_ALL;
        line.place = NULL;
        add(c, line);
    } else if (*place && jw_rights_is_path(place)) {
        line.reach = line.right->where == JW_WHERE_UNIT ? JW_REACH_UNIT : JW_REACH_BELOW;
        add(c, line);
    }
}

static void add_right(struct compiling *c, const struct jw_ledger_right *right) {
    const struct jw_holder *holder = c->rights->holder;
    const struct jw_role *role = jw_roles_find(c->rights->roles, jw_text_from(right->role));
    struct jw_rights_line line = {.right = right, .may = jw_rights_given(c->rights->roles, right)};
    if (!role || !line.may)
        return;
    line.fields = fields_of(c->rights->ledger, right);
    if (role->everybody)
        add_granted(c, line, "");
    for (size_t i = 0; i < holder->grant_count && !role->everybody; i++)
        if (strcmp(holder->grants[i].role, role->name) == 0)
            add_granted(c, line, holder->grants[i].place);
}

jw_status jw_rights_new(const struct jw_roles *roles, const struct jw_ledger *ledger,
                        const struct jw_holder *holder, struct jw_rights **out, struct jw_error *err) {
    if (holder->grant_count > JW_RIGHTS_GRANTS)
        return jw_fail(err, JW_E_LIMIT, "%s: more than %d grants", holder->account, JW_RIGHTS_GRANTS);
    struct compiling c = {.room = 0};
    for (int pass = 0; pass < 2; pass++) { /* most people hold few lines: count, then keep */
        c.room = pass ? c.needed : 0;
        c.needed = 0;
        jw_rights_free(c.rights);
        c.rights = calloc(1, sizeof *c.rights + c.room * sizeof c.rights->lines[0]);
        if (!c.rights)
            return jw_fail(err, JW_E_LIMIT, "rights of %s: no memory", holder->account);
        c.rights->roles = roles;
        c.rights->ledger = ledger;
        c.rights->holder = holder;
        for (size_t i = 0; i < ledger->right_count; i++)
            add_right(&c, &ledger->rights[i]);
    }
    *out = c.rights;
    return JW_OK;
}

void jw_rights_free(struct jw_rights *rights) { free(rights); }

/* --- answers -----------------------------------------------------------------------------------------------------
 */
unsigned jw_rights_needed(const struct jw_ledger *ledger, unsigned may, int field) {
    jw_ledger_sensitivity sensitivity = field >= 0 ? ledger->fields[field].sensitivity : JW_OPEN;
    if (may == JW_MAY_SENSITIVE && field >= 0)
        return sensitivity == JW_OPEN ? JW_MAY_READ : JW_MAY_READ | JW_MAY_SENSITIVE;
    if ((may == JW_MAY_READ || may == JW_MAY_EXPORT) && sensitivity == JW_SECRET)
        return may | JW_MAY_SENSITIVE;
    return may;
}

bool jw_rights_reaches(const struct jw_rights *rights, const struct jw_rights_line *line, const json_t *record) {
    if (!record || line->reach == JW_REACH_ALL)
        return true;
    if (line->reach == JW_REACH_OWN) {
        const char *owner = rights->ledger->fields[rights->ledger->owner].name;
        const json_t *person = json_object_get(json_object_get(record, "fields"), owner);
        return json_is_integer(person) && json_integer_value(person) == rights->holder->person;
    }
    const char *place = json_string_value(json_object_get(record, "place"));
    if (!place)
        return false;
    return line->reach == JW_REACH_UNIT ? strcmp(place, line->place) == 0
                                        : strncmp(place, line->place, strlen(line->place)) == 0;
}

static bool allows(const struct jw_rights *rights, unsigned may, const json_t *record, int field) {
    unsigned needed = jw_rights_needed(rights->ledger, may, field);
    if (rights->holder->root)
        return true;
    for (size_t i = 0; i < rights->count; i++) {
        const struct jw_rights_line *line = &rights->lines[i];
        if ((line->may & needed) == needed && (field < 0 || jw_rights_among(&line->fields, field)) &&
            jw_rights_reaches(rights, line, record))
            return true;
    }
    return false;
}

bool jw_rights_may(const struct jw_rights *rights, unsigned may) { return allows(rights, may, NULL, -1); }

bool jw_rights_may_some(const struct jw_rights *rights, unsigned may, int field) {
    return field >= 0 && (size_t)field < rights->ledger->field_count && allows(rights, may, NULL, field);
}

bool jw_rights_may_record(const struct jw_rights *rights, unsigned may, const json_t *record) {
    return json_is_object(record) && allows(rights, may, record, -1);
}

bool jw_rights_may_field(const struct jw_rights *rights, unsigned may, const json_t *record, int field) {
    return json_is_object(record) && field >= 0 && (size_t)field < rights->ledger->field_count &&
           allows(rights, may, record, field);
}

/* --- the scope of a list -----------------------------------------------------------------------------------------
 */
static void add_place(const char **places, const char *place) {
    size_t count = 0;
    for (size_t i = 0; places[i]; i++)
        if (strncmp(place, places[i], strlen(places[i])) == 0)
            return;
    for (size_t i = 0; places[i]; i++) /* those that lie below it go */
        if (strncmp(places[i], place, strlen(place)) != 0)
            places[count++] = places[i];
    places[count++] = place;
    places[count] = NULL;
}

static void add_unit(struct jw_rights_scope *scope, const char *place) {
    size_t count = 0;
    for (size_t i = 0; scope->places[i]; i++)
        if (strncmp(place, scope->places[i], strlen(scope->places[i])) == 0)
            return;
    for (; scope->units[count]; count++)
        if (strcmp(scope->units[count], place) == 0)
            return;
    scope->units[count] = place;
    scope->units[count + 1] = NULL;
}

void jw_rights_get_scope(const struct jw_rights *rights, unsigned may, int field, struct jw_rights_scope *out) {
    unsigned needed = jw_rights_needed(rights->ledger, field < 0 ? may : JW_MAY_SENSITIVE, field);
    memset(out, 0, sizeof *out);
    out->all = rights->holder->root;
    for (int units = 0; units < 2; units++) /* units last: subtrees may hold them */
        for (size_t i = 0; i < rights->count && !out->all; i++) {
            const struct jw_rights_line *line = &rights->lines[i];
            if ((line->may & needed) != needed || (field >= 0 && !jw_rights_among(&line->fields, field)))
                continue;
            if (line->reach == JW_REACH_ALL)
                out->all = true;
            else if (line->reach == JW_REACH_OWN)
                out->owner = rights->holder->person;
            else if (line->reach == JW_REACH_BELOW && !units)
                add_place(out->places, line->place);
            else if (line->reach == JW_REACH_UNIT && units)
                add_unit(out, line->place);
        }
    if (out->all)
        *out = (struct jw_rights_scope){.all = true};
    out->none = !out->all && !out->owner && !out->places[0] && !out->units[0];
}
