/* lib/rights/rights_test.c — who may do what: roles, lines, places, fields, and what is shown. */
#include "rights.h"

#include <stdio.h>
#include <string.h>

#include "ledger/ledger_fixture.h"

static const char some_roles[] = "roles:\n"
                                 "  manager: {title: 管理, powers: [tasks.assign]}\n"
                                 "  watcher: {title: 监督}\n"
                                 "  reader: {title: 检查, read_only: true, powers: [audit.read]}\n"
                                 "  everyone: {title: 所有人, everybody: true}\n"
                                 "conflicts:\n"
                                 "  - {title: 管监察分离, roles: [manager, watcher, reader]}\n";

#define HEAD                                                                                                     \
    "title: 资产\nunit: unit\nowner: owner\nfields:\n"                                                         \
    "  name: {title: 名称, type: text}\n  unit: {title: 单位, type: unit}\n"                                 \
    "  owner: {title: 责任人, type: person}\n  phone: {title: 电话, type: phone, sensitivity: sensitive}\n" \
    "  clue: {title: 线索, type: text, sensitivity: secret}\n  grade: {title: 等级, type: number}\nrights:\n"
enum { NAME, UNIT, OWNER, PHONE, CLUE, GRADE, FIELDS };
#define ORGANISATION "title: 组织\nfields:\n  name: {title: 名称, type: text}\n"
#define PERSON       "title: 人员\nfields:\n  name: {title: 姓名, type: text}\n"

static struct jw_roles *read_roles(struct jw_test *t, const char *text) {
    struct jw_roles *roles = NULL;
    JW_CHECK_OK(t, jw_roles_read(jw_text_from(text), "roles.yaml", &roles, &t->err));
    return roles;
}

/* A ledger with these lines, in the hands of a holder. */
struct world {
    struct jw_roles *roles;
    struct jw_ledgers *set;
    const struct jw_ledger *ledger;
    struct jw_holder holder;
    struct jw_rights *rights;
};

static void open_world(struct jw_test *t, struct world *w, const char *lines) {
    char text[8192];
    *w = (struct world){.roles = read_roles(t, some_roles)};
    snprintf(text, sizeof text, HEAD "%s", lines);
    put(t, "organisation.yaml", ORGANISATION);
    put(t, "person.yaml", PERSON);
    put(t, "asset.yaml", text);
    w->set = load_all(t);
    w->ledger = ledger(w->set, "asset");
    snprintf(w->holder.account, sizeof w->holder.account, "zhang");
    w->holder.person = 7;
    snprintf(w->holder.place, sizeof w->holder.place, "1.15.");
}

static void grant(struct world *w, const char *role, const char *place) {
    struct jw_grant *grant = &w->holder.grants[w->holder.grant_count++];
    snprintf(grant->role, sizeof grant->role, "%s", role);
    snprintf(grant->place, sizeof grant->place, "%s", place);
}

static void compile(struct jw_test *t, struct world *w) {
    jw_rights_free(w->rights);
    w->rights = NULL;
    JW_CHECK_OK(t, jw_rights_new(w->roles, w->ledger, &w->holder, &w->rights, &t->err));
}

static void close_world(struct world *w) {
    jw_rights_free(w->rights);
    jw_ledgers_free(w->set);
    jw_roles_free(w->roles);
}

static json_t *record_of(const char *place, int owner) {
    return json_pack("{sI sI ss ss s{ss si ss ss si}}", "id", (json_int_t)1, "version", (json_int_t)1, "place",
                     place, "made_by", "li", "fields", "name", "防火墙", "owner", owner, "phone", "13800138000",
                     "clue", "某某线索", "grade", 3);
}

static bool may(const struct world *w, unsigned act, const char *place, int owner) {
    json_t *record = record_of(place, owner);
    bool answer = jw_rights_may_record(w->rights, act, record);
    json_decref(record);
    return answer;
}

static bool may_field(const struct world *w, unsigned act, const char *place, int field) {
    json_t *record = record_of(place, 0);
    bool answer = jw_rights_may_field(w->rights, act, record, field);
    json_decref(record);
    return answer;
}

/* --- one promise each --------------------------------------------------------------------------------------------
 */
static void what_no_line_allows_is_denied(struct jw_test *t) {
    static const unsigned acts[] = {JW_MAY_READ,      JW_MAY_CREATE, JW_MAY_CHANGE, JW_MAY_DELETE,
                                    JW_MAY_SENSITIVE, JW_MAY_IMPORT, JW_MAY_EXPORT};
    struct world w;
    open_world(t, &w,
               "  - {role: manager, may: [read, create, change, delete, sensitive, import, export]}\n"
               "  - {role: nobody_knows_it, may: [read, create]}\n");
    grant(&w, "watcher", "");
    grant(&w, "nobody_knows_it", "");
    compile(t, &w);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        JW_CHECK(t, !jw_rights_may(w.rights, acts[i]) && !may(&w, acts[i], "1.15.", 7));
        for (int field = 0; field < FIELDS; field++)
            JW_CHECK(t, !may_field(&w, acts[i], "1.15.", field));
        struct jw_rights_scope scope;
        jw_rights_get_scope(w.rights, acts[i], -1, &scope);
        JW_CHECK(t, scope.none && !scope.all);
    }
    json_t *record = record_of("1.15.", 7), *shown = jw_rights_show(w.rights, record, true, NULL);
    JW_CHECK(t, json_is_null(shown));
    json_decref(shown);
    json_decref(record);
    close_world(&w);
}

static void where_says_with_which_records(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: manager, may: [read, change], where: units}\n"
               "  - {role: manager, may: [read, delete], where: unit}\n"
               "  - {role: manager, may: [read, export], where: own}\n"
               "  - {role: everyone, may: [create]}\n");
    grant(&w, "manager", "");
    compile(t, &w);
    JW_CHECK(t, may(&w, JW_MAY_CHANGE, "1.15.", 0) && may(&w, JW_MAY_CHANGE, "1.15.203.", 0));
    JW_CHECK(t, !may(&w, JW_MAY_CHANGE, "1.", 7) && !may(&w, JW_MAY_CHANGE, "1.150.", 7) &&
                    !may(&w, JW_MAY_CHANGE, "", 7));
    JW_CHECK(t, may(&w, JW_MAY_DELETE, "1.15.", 0) && !may(&w, JW_MAY_DELETE, "1.15.203.", 0));
    JW_CHECK(t, may(&w, JW_MAY_EXPORT, "1.99.", 7) && may(&w, JW_MAY_EXPORT, "", 7) &&
                    !may(&w, JW_MAY_EXPORT, "1.15.", 8) && !may(&w, JW_MAY_EXPORT, "1.15.", 0));
    JW_CHECK(t, may(&w, JW_MAY_CREATE, "1.99.", 0) && may(&w, JW_MAY_CREATE, "", 0));
    w.holder.place[0] = '\0';
    w.holder.person = 0;
    compile(t, &w);
    JW_CHECK(t, !jw_rights_may(w.rights, JW_MAY_CHANGE) && !jw_rights_may(w.rights, JW_MAY_DELETE) &&
                    !jw_rights_may(w.rights, JW_MAY_EXPORT) && jw_rights_may(w.rights, JW_MAY_CREATE));
    JW_CHECK(t, !may(&w, JW_MAY_CHANGE, "", 0) && !may(&w, JW_MAY_EXPORT, "", 0));
    close_world(&w);
}

static void a_grant_at_a_place_holds_there_and_nowhere_else(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: manager, may: [read, change], where: units}\n"
               "  - {role: watcher, may: [read, export]}\n");
    grant(&w, "manager", "1.22.");
    grant(&w, "watcher", "1.30.");
    compile(t, &w);
    JW_CHECK(t, may(&w, JW_MAY_CHANGE, "1.22.5.", 0) && !may(&w, JW_MAY_CHANGE, "1.15.", 0));
    JW_CHECK(t, may(&w, JW_MAY_EXPORT, "1.30.1.", 0) && !may(&w, JW_MAY_EXPORT, "1.22.", 0) &&
                    !may(&w, JW_MAY_EXPORT, "", 0));
    grant(&w, "watcher", "");
    compile(t, &w);
    JW_CHECK(t, may(&w, JW_MAY_EXPORT, "1.22.", 0) && may(&w, JW_MAY_EXPORT, "", 0));
    snprintf(w.holder.grants[0].place, sizeof w.holder.grants[0].place, "1.2"); /* no path: it would reach 1.22. */
    compile(t, &w);
    JW_CHECK(t, !may(&w, JW_MAY_CHANGE, "1.22.5.", 0) && !may(&w, JW_MAY_CHANGE, "1.15.", 0));
    close_world(&w);
}

static void a_line_without_read_gives_nothing_but_creating(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: manager, may: [create, change, delete, sensitive, export]}\n"
               "  - {role: reader, may: [read, create, change, sensitive, export]}\n");
    grant(&w, "manager", "");
    compile(t, &w);
    JW_CHECK(t, may(&w, JW_MAY_CREATE, "1.", 0) && !may(&w, JW_MAY_READ, "1.", 0) &&
                    !may(&w, JW_MAY_CHANGE, "1.", 0) && !may(&w, JW_MAY_EXPORT, "1.", 0) &&
                    !may_field(&w, JW_MAY_SENSITIVE, "1.", PHONE));
    w.holder.grant_count = 0;
    grant(&w, "reader", "");
    compile(t, &w);
    JW_CHECK(t, may(&w, JW_MAY_READ, "1.", 0) && may(&w, JW_MAY_EXPORT, "1.", 0) &&
                    !may(&w, JW_MAY_CREATE, "1.", 0) && !may(&w, JW_MAY_CHANGE, "1.", 0) &&
                    !may_field(&w, JW_MAY_SENSITIVE, "1.", PHONE));
    close_world(&w);
}

static void lines_for_some_fields_say_nothing_of_others(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: manager, may: [read, create], fields: [name, phone, clue]}\n"
               "  - {role: manager, may: [read, change], fields: [grade], where: units}\n"
               "  - {role: manager, may: [read, sensitive, export], fields: [phone, name, clue], where: unit}\n");
    grant(&w, "manager", "");
    compile(t, &w);
    JW_CHECK(t, may_field(&w, JW_MAY_READ, "1.", NAME) && may_field(&w, JW_MAY_READ, "1.", PHONE) &&
                    !may_field(&w, JW_MAY_READ, "1.", GRADE) && !may_field(&w, JW_MAY_READ, "1.", CLUE));
    JW_CHECK(t, may_field(&w, JW_MAY_CREATE, "1.", CLUE) && !may_field(&w, JW_MAY_CREATE, "1.", GRADE));
    JW_CHECK(t, may_field(&w, JW_MAY_READ, "1.15.2.", GRADE) && may_field(&w, JW_MAY_CHANGE, "1.15.2.", GRADE) &&
                    !may_field(&w, JW_MAY_CHANGE, "1.15.2.", NAME));
    JW_CHECK(t, !may_field(&w, JW_MAY_SENSITIVE, "1.15.2.", PHONE) &&
                    may_field(&w, JW_MAY_SENSITIVE, "1.15.", PHONE) &&
                    may_field(&w, JW_MAY_SENSITIVE, "1.15.2.", NAME));
    JW_CHECK(t, may_field(&w, JW_MAY_READ, "1.15.", CLUE) && may_field(&w, JW_MAY_EXPORT, "1.15.", CLUE) &&
                    !may_field(&w, JW_MAY_EXPORT, "1.15.", GRADE));
    struct jw_rights_scope scope;
    jw_rights_get_scope(w.rights, JW_MAY_READ, PHONE, &scope);
    JW_CHECK(t, !scope.all && !scope.places[0] && scope.units[0] && strcmp(scope.units[0], "1.15.") == 0);
    jw_rights_get_scope(w.rights, JW_MAY_READ, NAME, &scope);
    JW_CHECK(t, scope.all);
    close_world(&w);
}

static void check_shown(struct jw_test *t, struct world *w, const char *place, bool unmask, const char *want,
                        bool want_told) {
    json_t *record = record_of(place, 7);
    bool told = !want_told;
    json_t *shown = jw_rights_show(w->rights, record, unmask, &told);
    char *text = json_dumps(shown, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    JW_CHECK_TEXT(t, jw_text_from(text ? text : "no memory"), jw_text_from(want));
    JW_CHECK_INT(t, told, want_told);
    JW_CHECK(t, json_object_get(record, "place") && json_object_get(json_object_get(record, "fields"), "clue"));
    free(text);
    json_decref(shown);
    json_decref(record);
}

static void a_record_is_shown_without_what_may_not_be_seen(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: watcher, may: [read], fields: [name, phone, clue]}\n"
               "  - {role: watcher, may: [read, sensitive], fields: [phone, clue], where: units}\n");
    grant(&w, "watcher", "");
    compile(t, &w);
#define REST "\"id\":1,\"made_by\":\"li\",\"version\":1}"
    check_shown(t, &w, "1.9.", true, "{\"fields\":{\"name\":\"防火墙\",\"phone\":\"138****8000\"}," REST, false);
    check_shown(t, &w, "1.15.", false,
                "{\"fields\":{\"clue\":\"某**索\",\"name\":\"防火墙\",\"phone\":\"138****8000\"}," REST, false);
    check_shown(t, &w, "1.15.", true,
                "{\"fields\":{\"clue\":\"某某线索\",\"name\":\"防火墙\",\"phone\":\"13800138000\"}," REST, true);
    w.holder.root = true;
    compile(t, &w);
    check_shown(t, &w, "1.9.", false,
                "{\"fields\":{\"clue\":\"某**索\",\"grade\":3,\"name\":\"防火墙\",\"owner\":7,\"phone\":\"138****"
                "8000\"}," REST,
                false);
    close_world(&w);
}

static void a_file_holds_only_what_may_be_exported(struct jw_test *t) {
    struct world w;
    open_world(t, &w,
               "  - {role: watcher, may: [read, sensitive]}\n"
               "  - {role: watcher, may: [read, export], fields: [name, phone, clue], where: units}\n");
    grant(&w, "watcher", "");
    compile(t, &w);
    json_t *near = record_of("1.15.", 7), *far = record_of("1.9.", 7);
    bool told = true;
    json_t *shown = jw_rights_export(w.rights, near, true, &told),
           *none = jw_rights_export(w.rights, far, true, NULL);
    const json_t *fields = json_object_get(shown, "fields");
    JW_CHECK(t, json_object_size(fields) == 2 && !told && json_is_null(none));
    JW_CHECK_TEXT(t, jw_text_from(json_string_value(json_object_get(fields, "phone"))), JW_TEXT("138****8000"));
    json_decref(shown);
    json_decref(none);
    json_decref(near);
    json_decref(far);
    close_world(&w);
}

/* --- roles -------------------------------------------------------------------------------------------------------
 */
static void check_refused(struct jw_test *t, const char *text, const char *want) {
    struct jw_roles *roles = NULL;
    struct jw_error err = {0};
    JW_CHECK(t, jw_roles_read(jw_text_from(text), "roles.yaml", &roles, &err) != JW_OK);
    if (!jw_text_find(jw_text_from(err.text), jw_text_from(want), NULL))
        jw_test_same_text(t, __FILE__, __LINE__, text, jw_text_from(err.text), jw_text_from(want));
    jw_roles_free(roles);
}

static void a_wrong_file_of_roles_is_refused_with_its_place(struct jw_test *t) {
    check_refused(t, "roles: {}\n", "roles.yaml:1:");
    check_refused(t, "roles:\n  a: {title: 甲, power: [x]}\n", "roles.yaml:2:17: a: unknown key \"power\"");
    check_refused(t, "roles:\n  a: {title: 甲}\n  b: {about: 乙}\n", "roles.yaml:3:3: b: title is missing");
    check_refused(t, "roles:\n  a: {title: 甲, powers: [audit.read, audit.write]}\n",
                  "powers: there is no \"audit.write\"");
    check_refused(t, "roles:\n  a: {title: 甲, read_only: true, powers: [keys.manage]}\n",
                  "a is read_only, but keys.manage does something");
    check_refused(t, "roles:\n  a: {title: 甲}\nconflicts:\n  - {title: t, roles: [a, b]}\n",
                  "roles.yaml:4:27: roles: there is no role \"b\" above");
    check_refused(t, "roles:\n  a: {title: 甲}\nconflicts:\n  - {title: t, roles: [a]}\n", "two roles or more");
    check_refused(t,
                  "roles:\n  a: {title: 甲}\n  e: {title: 乙, everybody: true}\nconflicts:\n"
                  "  - {title: t, roles: [a, e]}\n",
                  "everybody holds e");
    check_refused(t, "roles:\n  A: {title: 甲}\n", "\"A\" is no name");
}

static void roles_that_conflict_are_not_granted_together(struct jw_test *t) {
    struct world w = {.roles = read_roles(t, some_roles)};
    struct jw_error err = {0};
    grant(&w, "manager", "1.15.");
    grant(&w, "manager", "1.16.");
    JW_CHECK_OK(t, jw_roles_check(w.roles, w.holder.grants, 2, &t->err));
    grant(&w, "reader", "1.99.");
    JW_CHECK(t, jw_roles_check(w.roles, w.holder.grants, 3, &err) == JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(err.text), JW_TEXT("管监察分离: nobody may be both manager and reader"));
    w.holder.grant_count = 0;
    grant(&w, "everyone", "");
    JW_CHECK(t, jw_roles_check(w.roles, w.holder.grants, 1, &err) == JW_E_DENIED);
    w.holder.grant_count = 0;
    grant(&w, "reeder", "");
    JW_CHECK(t, jw_roles_check(w.roles, w.holder.grants, 1, &err) == JW_E_DENIED);
    JW_CHECK_TEXT(t, jw_text_from(err.text), JW_TEXT("there is no role \"reeder\""));
    w.holder.grant_count = 0;
    grant(&w, "reader", "1.15");
    JW_CHECK(t, jw_roles_check(w.roles, w.holder.grants, 1, &err) == JW_E_DENIED);
    jw_roles_free(w.roles);
}

static void powers_come_with_roles_alone(struct jw_test *t) {
    struct world w = {.roles = read_roles(t, some_roles)};
    JW_CHECK(t, jw_rights_has_role(w.roles, &w.holder, JW_TEXT("everyone")) &&
                    !jw_rights_has_role(w.roles, &w.holder, JW_TEXT("manager")) &&
                    !jw_rights_has_power(w.roles, &w.holder, JW_TEXT("tasks.assign")));
    grant(&w, "manager", "1.");
    JW_CHECK(t, jw_rights_has_power(w.roles, &w.holder, JW_TEXT("tasks.assign")) &&
                    !jw_rights_has_power(w.roles, &w.holder, JW_TEXT("audit.read")) &&
                    !jw_rights_has_power(w.roles, &w.holder, JW_TEXT("")));
    jw_roles_free(w.roles);
}

static void tell_problem(void *context, const char *file, int line, const char *text) {
    struct jw_buffer *all = context;
    const char *name = strrchr(file, '/');
    jw_buffer_print(all, "%s:%d: %s\n", name ? name + 1 : file, line, text);
}

static void ledgers_that_roles_cannot_mean_are_told(struct jw_test *t) {
    struct world w;
    jw_buffer all = JW_BUFFER(8192);
    open_world(t, &w,
               "  - {role: reader, may: [read, change]}\n  - {role: ghost, may: [read]}\n"
               "  - {role: manager, may: [change]}\n  - {role: watcher, may: [read, import]}\n");
    put(t, "organisation.yaml", ORGANISATION "rights:\n  - {role: everyone, may: [read, create]}\n");
    put(t, "person.yaml",
        PERSON "rights:\n  - {role: reader, may: [read, export]}\n  - {role: manager, may: [create]}\n");
    jw_ledgers_free(w.set);
    w.set = load_all(t);
    JW_CHECK_INT(t, jw_rights_check_ledgers(w.roles, w.set, tell_problem, &all), 5);
    JW_CHECK_TEXT(
        t, jw_buffer_text(&all),
        JW_TEXT("asset.yaml:12: reader only reads: leave read and export\n"
                "asset.yaml:13: there is no role \"ghost\"; `jinwu rights roles` lists those there are\n"
                "asset.yaml:14: what may be changed, deleted, exported or seen unmasked must be readable: "
                "add read\n"
                "asset.yaml:15: import makes records: add create, or leave import out\n"
                "asset.yaml:1: nobody may make a record: some role needs create\n"));
    jw_buffer_free(&all);
    close_world(&w);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(what_no_line_allows_is_denied),
                                                     JW_CASE(where_says_with_which_records),
                                                     JW_CASE(a_grant_at_a_place_holds_there_and_nowhere_else),
                                                     JW_CASE(a_line_without_read_gives_nothing_but_creating),
                                                     JW_CASE(lines_for_some_fields_say_nothing_of_others),
                                                     JW_CASE(a_record_is_shown_without_what_may_not_be_seen),
                                                     JW_CASE(a_file_holds_only_what_may_be_exported),
                                                     JW_CASE(a_wrong_file_of_roles_is_refused_with_its_place),
                                                     JW_CASE(roles_that_conflict_are_not_granted_together),
                                                     JW_CASE(powers_come_with_roles_alone),
                                                     JW_CASE(ledgers_that_roles_cannot_mean_are_told),
                                                     {0}});
}
