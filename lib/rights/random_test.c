/* lib/rights/random_test.c — random organisations, lines, grants and records: verdicts, scopes, explanations and
 * what is shown agree with a slow reading of docs/rights.md, written here once more. */
#include "rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_fixture.h"

#define LINES   8
#define PLACES  14
#define RECORDS 30
#define ROUNDS  60

enum { NAME, UNIT, OWNER, PHONE, CLUE, GRADE, FIELDS };
static const char *const field_names[FIELDS] = {"name", "unit", "owner", "phone", "clue", "grade"};
static const int hidden[FIELDS] = {[PHONE] = 1, [CLUE] = 2};
static const char *const role_names[] = {"manager", "watcher", "reader", "everyone", "ghost"};
enum { READER = 2, EVERYONE, GHOST, ROLES };
static const char *const act_names[] = {"read", "create", "change", "delete", "sensitive", "import", "export"};
enum { READ, CREATE, CHANGE, DELETE, SENSITIVE, IMPORT, EXPORT, ACTS };
static const char *const where_names[] = {"all", "units", "unit", "own"};

struct line {
    int role, where;
    unsigned acts, fields; /* bits; fields 0: all */
};
struct world {
    struct line lines[LINES];
    int line_count;
    char places[PLACES][64];
    struct jw_roles *roles;
    struct jw_ledgers *set;
    struct jw_holder holder;
};

static unsigned state;
static int any(int most) { /* 0 to most - 1; the same in every run */
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)most);
}

static void make_places(struct world *w) {
    snprintf(w->places[0], sizeof w->places[0], "1.");
    for (int i = 1; i < PLACES; i++) /* numbers that are beginnings of others: 1, 12, 123 */
        snprintf(w->places[i], sizeof w->places[i], "%.40s%d.", w->places[any(i)], i < 5 ? i : i * 11);
}

static void make_ledger(struct jw_test *t, struct world *w) {
    jw_buffer text = JW_BUFFER(16384);
    jw_buffer_print(&text, "title: 资产\nunit: unit\nowner: owner\nfields:\n  name: {title: 名称, type: text}\n"
                           "  unit: {title: 单位, type: unit}\n  owner: {title: 责任人, type: person}\n"
                           "  phone: {title: 电话, type: phone, sensitivity: sensitive}\n"
                           "  clue: {title: 线索, type: text, sensitivity: secret}\n"
                           "  grade: {title: 等级, type: number}\nrights:\n");
    w->line_count = 1 + any(LINES);
    for (int i = 0; i < w->line_count; i++) {
        struct line *line = &w->lines[i];
        *line = (struct line){any(ROLES), any(4), (unsigned)(1 + any((1 << ACTS) - 1)), 0};
        line->acts |= any(3) ? 1u << READ : 0;
        line->fields = any(2) ? (unsigned)any(1 << FIELDS) : 0;
        jw_buffer_print(&text, "  - {role: %s, where: %s, may: [", role_names[line->role],
                        where_names[line->where]);
        for (int act = 0; act < ACTS; act++)
            if (line->acts >> act & 1)
                jw_buffer_print(&text, "%s,", act_names[act]);
        jw_buffer_print(&text, "]%s", line->fields ? ", fields: [" : "");
        for (int field = 0; field < FIELDS; field++)
            if (line->fields >> field & 1)
                jw_buffer_print(&text, "%s,", field_names[field]);
        jw_buffer_print(&text, "%s}\n", line->fields ? "]" : "");
    }
    put_file(t, "asset.yaml", text.ptr, text.len);
    jw_buffer_free(&text);
    w->set = load_all(t);
}

static void make_holder(struct world *w) {
    memset(&w->holder, 0, sizeof w->holder);
    w->holder.person = any(4);
    if (any(4))
        snprintf(w->holder.place, sizeof w->holder.place, "%s", w->places[any(PLACES)]);
    w->holder.grant_count = (size_t)any(5);
    for (size_t i = 0; i < w->holder.grant_count; i++) {
        int role = any(ROLES - 1);
        struct jw_grant *grant = &w->holder.grants[i];
        snprintf(grant->role, sizeof grant->role, "%s", role_names[role == EVERYONE ? GHOST : role]);
        snprintf(grant->place, sizeof grant->place, "%s", any(2) ? "" : w->places[any(PLACES)]);
    }
}

/* --- the slow reading --------------------------------------------------------------------------------------------
 */
static bool below(const char *place, const char *unit) {
    return *unit && strlen(place) >= strlen(unit) && memcmp(place, unit, strlen(unit)) == 0;
}

static bool stands(const struct world *w, const struct line *line, const char *granted, const char *place,
                   int owner) {
    const char *from = *granted ? granted : w->holder.place;
    switch (line->where) {
    case 0:
        return !*granted || below(place, granted);
    case 1:
        return below(place, from);
    case 2:
        return *from && strcmp(place, from) == 0;
    default:
        return owner && owner == w->holder.person;
    }
}

static bool held(const struct world *w, const struct line *line, const char *place, int owner) {
    if (line->role == EVERYONE)
        return stands(w, line, "", place, owner);
    for (size_t i = 0; i < w->holder.grant_count && line->role != GHOST; i++)
        if (strcmp(w->holder.grants[i].role, role_names[line->role]) == 0 &&
            stands(w, line, w->holder.grants[i].place, place, owner))
            return true;
    return false;
}

static bool gives(const struct line *line, int act) {
    if (line->role == READER && act != READ && act != EXPORT)
        return false;
    return line->acts >> act & 1 && (act == CREATE || line->acts >> READ & 1);
}

static bool slow(const struct world *w, int act, const char *place, int owner, int field) {
    bool as_it_is = field >= 0 && hidden[field] && act == SENSITIVE;
    bool secret = field >= 0 && hidden[field] == 2 && (act == READ || act == EXPORT);
    if (field >= 0 && act == SENSITIVE && !hidden[field])
        act = READ;
    for (int i = 0; i < w->line_count; i++) {
        const struct line *line = &w->lines[i];
        if (gives(line, act) && (!(as_it_is || secret) || gives(line, SENSITIVE)) &&
            (field < 0 || !line->fields || line->fields >> field & 1) && held(w, line, place, owner))
            return true;
    }
    return false;
}

static bool in_scope(const struct jw_rights_scope *scope, const char *place, int owner) {
    bool found = scope->all || (scope->owner && owner == scope->owner);
    for (size_t i = 0; scope->places[i]; i++)
        found = found || below(place, scope->places[i]);
    for (size_t i = 0; scope->units[i]; i++)
        found = found || strcmp(place, scope->units[i]) == 0;
    return found && !scope->none;
}

/* --- both
 * ---------------------------------------------------------------------------------------------------------
 */
static void hear_line(void *context, bool applies, const char *text) {
    bool *found = context;
    *found = (*found || applies) && *text;
}

static void compare(struct jw_test *t, const struct world *w, const struct jw_rights *rights, int act,
                    const char *place, int owner, int field, const json_t *record) {
    unsigned may = 1u << act;
    bool want = slow(w, act, place, owner, field), applied = false;
    bool got =
        field < 0 ? jw_rights_may_record(rights, may, record) : jw_rights_may_field(rights, may, record, field);
    bool explained = jw_rights_explain(rights, may, record, field, hear_line, &applied);
    struct jw_rights_scope scope;
    jw_rights_get_scope(rights, may, field, &scope);
    bool listed = in_scope(&scope, place, owner);
    bool want_listed = field < 0 ? want : slow(w, SENSITIVE, place, owner, field);
    if (got == want && explained == want && applied == want && listed == want_listed)
        return;
    printf("  %s %s of %s, owner %d: want %d, may %d, explained %d, applied %d; listed %d, want %d\n",
           act_names[act], field < 0 ? "record" : field_names[field], place, owner, want, got, explained, applied,
           listed, want_listed);
    jw_test_failed(t, __FILE__, __LINE__, "verdicts differ");
}

static void compare_shown(struct jw_test *t, const struct world *w, const struct jw_rights *rights, int act,
                          const char *place, int owner, const json_t *record) {
    bool told, want_told = false;
    json_t *shown =
        act == READ ? jw_rights_show(rights, record, true, &told) : jw_rights_export(rights, record, true, &told);
    const json_t *fields = json_object_get(shown, "fields");
    JW_CHECK(t, json_is_object(shown) == slow(w, act, place, owner, -1) && !json_object_get(shown, "place"));
    for (int i = 0; i < FIELDS; i++) {
        const json_t *value = json_object_get(fields, field_names[i]);
        const json_t *whole = json_object_get(json_object_get(record, "fields"), field_names[i]);
        JW_CHECK(t, !value == !slow(w, act, place, owner, i));
        bool plain = value && hidden[i] && json_equal(value, whole);
        want_told = want_told || plain;
        if (act == READ && hidden[i])
            JW_CHECK(t, plain == slow(w, SENSITIVE, place, owner, i));
        else if (hidden[i])
            JW_CHECK(t, !plain || slow(w, SENSITIVE, place, owner, i));
    }
    JW_CHECK_INT(t, told, want_told);
    json_decref(shown);
}

static void compare_record(struct jw_test *t, const struct world *w, const struct jw_rights *rights) {
    const char *place = any(8) ? w->places[any(PLACES)] : "";
    int owner = any(4);
    json_t *record = json_pack("{si ss s{ss si ss ss si si}}", "id", 1, "place", place, "fields", "name", "防火墙",
                               "owner", owner, "phone", "13800138000", "clue", "某某线索", "grade", 3, "unit", 4);
    for (int act = 0; act < ACTS; act++)
        for (int field = -1; field < FIELDS; field++)
            compare(t, w, rights, act, place, owner, field, record);
    compare_shown(t, w, rights, READ, place, owner, record);
    compare_shown(t, w, rights, EXPORT, place, owner, record);
    json_decref(record);
}

static void lists_verdicts_reasons_and_what_is_shown_agree(struct jw_test *t) {
    struct world w = {.line_count = 0};
    static const char roles[] =
        "roles:\n  manager: {title: 管}\n  watcher: {title: 监}\n"
        "  reader: {title: 察, read_only: true}\n  everyone: {title: 人, everybody: true}\n";
    put(t, "organisation.yaml", "title: 组织\nfields:\n  name: {title: 名称, type: text}\n");
    put(t, "person.yaml", "title: 人员\nfields:\n  name: {title: 姓名, type: text}\n");
    JW_CHECK_OK(t, jw_roles_read(jw_text_from(roles), "roles.yaml", &w.roles, &t->err));
    state = 1;
    for (int round = 0; round < ROUNDS && t->failures == 0; round++) {
        make_places(&w);
        make_ledger(t, &w);
        for (int people = 0; people < 6; people++) {
            struct jw_rights *rights = NULL;
            make_holder(&w);
            JW_CHECK_OK(t, jw_rights_new(w.roles, ledger(w.set, "asset"), &w.holder, &rights, &t->err));
            for (int i = 0; rights && i < RECORDS; i++)
                compare_record(t, &w, rights);
            jw_rights_free(rights);
        }
        jw_ledgers_free(w.set);
    }
    jw_roles_free(w.roles);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(lists_verdicts_reasons_and_what_is_shown_agree), {0}});
}
