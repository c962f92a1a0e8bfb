/* tests/ledgers_test.c — the ledgers that come with jinwu load without one refusal, and claim only requirements
 * that are there: of kind L, an organisational measure that a ledger can carry. The report says which are still
 * without one. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "rights/rights.h"
#include "store/store.h"
#include "test/test.h"

#define IDS 1000

struct requirement {
    jw_text id;
    bool ledger; /* kind L */
    int claims;
};
static struct requirement requirements[IDS];
static size_t requirement_count;

static void print_refused(void *context, const char *file, int line, int column, const char *reason) {
    int *count = context;
    (*count)++;
    printf("  %s:%d:%d: %s\n", file, line, column, reason);
}

static struct jw_ledgers *load(struct jw_test *t, int *refused) {
    char folder[4096];
    struct jw_ledgers *set = NULL;
    snprintf(folder, sizeof folder, "%s/content/ledgers", jw_test_source());
    JW_CHECK_OK(t, jw_ledgers_load(folder, NULL, print_refused, refused, &set, &t->err));
    return set;
}

static void every_bundled_ledger_loads(struct jw_test *t) {
    int refused = 0;
    struct jw_ledgers *set = load(t, &refused);
    JW_CHECK_INT(t, refused, 0);
    JW_CHECK(t, set && jw_ledgers_count(set) >= 45);
    jw_ledgers_free(set);
}

static void every_bundled_ledger_says_whose_a_record_is_and_who_may_see_it(struct jw_test *t) {
    int refused = 0;
    struct jw_ledgers *set = load(t, &refused);
    for (size_t i = 0; set && i < jw_ledgers_count(set); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(set, i);
        bool whole = (ledger->unit >= 0 || strcmp(ledger->name, "organisation") == 0) && ledger->right_count &&
                     *ledger->about.zh && strcmp(ledger->title.zh, ledger->title.en) != 0;
        for (size_t f = 0; f < ledger->field_count; f++) {
            const struct jw_ledger_field *field = &ledger->fields[f];
            whole = whole && strcmp(field->title.zh, field->name) != 0;
            if (strcmp(field->type->name, "resident_id") == 0)
                JW_CHECK(t, field->sensitivity != JW_OPEN);
        }
        if (!whole)
            jw_test_failed(t, __FILE__, __LINE__, ledger->name);
    }
    jw_ledgers_free(set);
}

static void read_requirements(struct jw_test *t) {
    char path[4096];
    jw_text line;
    snprintf(path, sizeof path, "%s/tests/requirements.txt", jw_test_source());
    jw_text rest = jw_test_read(t, path);
    requirement_count = 0;
    while (jw_text_next(&rest, '\n', &line) && requirement_count < IDS) {
        jw_text id;
        if (jw_text_cut(&line, ' ', &id) && *id.ptr != '#')
            requirements[requirement_count++] =
                (struct requirement){.id = id, .ledger = jw_text_is(line, JW_TEXT("L"))};
    }
    JW_CHECK_INT(t, requirement_count, 546);
}

static struct requirement *find(const char *id) {
    for (size_t i = 0; i < requirement_count; i++)
        if (jw_text_is(requirements[i].id, jw_text_from(id)))
            return &requirements[i];
    return NULL;
}

static void every_claimed_requirement_is_one_that_a_ledger_can_satisfy(struct jw_test *t) {
    int refused = 0, wanted = 0, carried = 0;
    struct jw_ledgers *set = load(t, &refused);
    read_requirements(t);
    for (size_t i = 0; set && i < jw_ledgers_count(set); i++)
        for (char **id = jw_ledgers_get(set, i)->requirements; *id; id++) {
            struct requirement *claimed = find(*id);
            if (claimed && claimed->ledger)
                claimed->claims++;
            else {
                printf("  %s claims %s, which is no requirement of kind L\n", jw_ledgers_get(set, i)->name, *id);
                jw_test_failed(t, __FILE__, __LINE__, *id);
            }
        }
    JW_CHECK(t, set && jw_ledgers_count(set));
    printf("  without a ledger:");
    for (size_t i = 0; i < requirement_count; i++) {
        wanted += requirements[i].ledger;
        carried += requirements[i].claims > 0;
        if (requirements[i].ledger && !requirements[i].claims)
            printf(" %.*s", (int)requirements[i].id.len, requirements[i].id.ptr);
    }
    printf("\n  %d of %d requirements of kind L are carried by a ledger\n", carried, wanted);
    jw_ledgers_free(set);
}

static void print_problem(void *context, const char *file, int line, const char *text) {
    (void)context;
    printf("  %s:%d: %s\n", file, line, text);
}

static struct jw_roles *load_roles(struct jw_test *t) {
    char file[4096];
    struct jw_roles *roles = NULL;
    snprintf(file, sizeof file, "%s/content/roles.yaml", jw_test_source());
    JW_CHECK_OK(t, jw_roles_load(file, &roles, &t->err));
    return roles;
}

static void bundled_ledgers_give_rights_to_roles_that_are_there_and_can_have_them(struct jw_test *t) {
    int refused = 0;
    struct jw_ledgers *set = load(t, &refused);
    struct jw_roles *roles = load_roles(t);
    if (set && roles)
        JW_CHECK_INT(t, jw_rights_check_ledgers(roles, set, print_problem, NULL), 0);
    jw_roles_free(roles);
    jw_ledgers_free(set);
}

static bool may_hold(const struct jw_roles *roles, const char *one, const char *other) {
    struct jw_grant grants[2] = {0};
    snprintf(grants[0].role, sizeof grants[0].role, "%s", one);
    snprintf(grants[1].role, sizeof grants[1].role, "%s", other);
    return jw_roles_check(roles, grants, 2, NULL) == JW_OK;
}

static void nobody_can_manage_grant_and_audit_or_manage_supervise_and_inspect(struct jw_test *t) {
    static const char *const sets[][4] = {{"system_admin", "security_admin", "audit_admin"},
                                          {"security_manager", "supervisor", "auditor"},
                                          {"operator", "supervisor", "auditor"},
                                          {"head_of_operations", "supervisor", "auditor"}};
    struct jw_roles *roles = load_roles(t);
    for (size_t i = 0; roles && i < sizeof sets / sizeof *sets; i++)
        for (int a = 0; a < 3; a++)
            JW_CHECK(t, !may_hold(roles, sets[i][a], sets[i][(a + 1) % 3]));
    JW_CHECK(t, roles && may_hold(roles, "operator", "head_of_operations"));
    for (size_t i = 0; roles && i < jw_roles_count(roles); i++) { /* no role alone has two of the three */
        struct jw_holder holder = {.grant_count = 1};
        snprintf(holder.grants[0].role, sizeof holder.grants[0].role, "%s", jw_roles_get(roles, i)->name);
        JW_CHECK(t, jw_rights_has_power(roles, &holder, JW_TEXT("accounts.manage")) +
                            jw_rights_has_power(roles, &holder, JW_TEXT("accounts.grant")) +
                            jw_rights_has_power(roles, &holder, JW_TEXT("audit.read")) <=
                        1);
    }
    jw_roles_free(roles);
}

static void count_step(void *context, const struct jw_store_step *step) {
    int *counts = context;
    counts[step->what]++;
}

static void every_bundled_ledger_gets_its_table_once(struct jw_test *t) {
    int refused = 0, first[8] = {0}, again[8] = {0};
    char path[4096];
    struct jw_ledgers *set = load(t, &refused);
    struct jw_store *store = NULL;
    snprintf(path, sizeof path, "%s/ledger.db", t->folder);
    JW_CHECK_OK(t, jw_store_open(path, set, &store, &t->err));
    if (store) {
        JW_CHECK_OK(t, jw_store_migrate(store, count_step, first, &t->err));
        JW_CHECK_INT(t, first[JW_STEP_TABLE], jw_ledgers_count(set));
        JW_CHECK_OK(t, jw_store_migrate(store, count_step, again, &t->err));
        for (int i = 0; i < 8; i++)
            JW_CHECK_INT(t, again[i], 0);
    }
    jw_store_close(store);
    jw_ledgers_free(set);
}

/* The examples stand in ```yaml blocks that begin with "# content/ledgers/NAME.yaml". */
static int write_examples(struct jw_test *t) {
    char path[4096];
    int count = 0;
    snprintf(path, sizeof path, "%s/docs/ledgers.md", jw_test_source());
    jw_text rest = jw_test_read(t, path);
    static const jw_text begin = JW_TEXT("```yaml\n# content/ledgers/");
    for (size_t at, end; jw_text_find(rest, begin, &at); count++) {
        jw_text name, yaml = {rest.ptr + at + begin.len, rest.len - at - begin.len};
        JW_CHECK(t, jw_text_cut(&yaml, '\n', &name) && jw_text_find(yaml, JW_TEXT("\n```"), &end));
        snprintf(path, sizeof path, "%s/%.*s", t->folder, (int)name.len, name.ptr);
        FILE *file = fopen(path, "we");
        JW_CHECK(t, file && fwrite(yaml.ptr, 1, end + 1, file) == end + 1);
        if (file)
            fclose(file);
        rest = (jw_text){yaml.ptr + end, yaml.len - end};
    }
    return count;
}

static void link_bundled(struct jw_test *t) {
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/content/ledgers", jw_test_source());
    DIR *folder = opendir(from);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (!jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".yaml")))
            continue;
        snprintf(from, sizeof from, "%s/content/ledgers/%.250s", jw_test_source(), entry->d_name);
        snprintf(to, sizeof to, "%s/%.250s", t->folder, entry->d_name);
        JW_CHECK(t, symlink(from, to) == 0);
    }
    if (folder)
        closedir(folder);
}

static void the_examples_of_the_handbook_load_and_show_every_type(struct jw_test *t) {
    int refused = 0;
    struct jw_ledgers *set = NULL;
    link_bundled(t);
    JW_CHECK_INT(t, write_examples(t), 2);
    JW_CHECK_OK(t, jw_ledgers_load(t->folder, NULL, print_refused, &refused, &set, &t->err));
    JW_CHECK_INT(t, refused, 0);
    const struct jw_ledger *shown = set ? jw_ledgers_find(set, JW_TEXT("every_type")) : NULL;
    JW_CHECK(t, shown && jw_ledgers_find(set, JW_TEXT("mobile_disk")));
    for (size_t i = 0; shown && jw_ledger_types[i]; i++) {
        bool found = false;
        for (size_t f = 0; f < shown->field_count; f++)
            found = found || shown->fields[f].type == jw_ledger_types[i];
        if (!found)
            jw_test_failed(t, __FILE__, __LINE__, jw_ledger_types[i]->name);
    }
    jw_ledgers_free(set);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(every_bundled_ledger_loads),
        JW_CASE(every_bundled_ledger_says_whose_a_record_is_and_who_may_see_it),
        JW_CASE(every_claimed_requirement_is_one_that_a_ledger_can_satisfy),
        JW_CASE(bundled_ledgers_give_rights_to_roles_that_are_there_and_can_have_them),
        JW_CASE(nobody_can_manage_grant_and_audit_or_manage_supervise_and_inspect),
        JW_CASE(every_bundled_ledger_gets_its_table_once),
        JW_CASE(the_examples_of_the_handbook_load_and_show_every_type),
        {0}});
}
