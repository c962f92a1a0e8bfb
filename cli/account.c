/* cli/account.c — `jinwu account`: people's accounts on the database itself, for the day nobody can log in. */
#include "command.h"
#include "table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/second.h"
#include "base/time.h"

struct session {
    const char *why, *unit;
    bool json;
    struct jw_roles *roles;
    struct jw_policy *policy;
    struct jw_store *store;
    struct jw_accounts *accounts;
    struct jw_table table;
    struct jw_error err;
};

static int answer(struct session *s, jw_status st, const char *name) {
    if (st == JW_END)
        return jw_command_failed("account", "there is no such account or grant: %s", name);
    return st == JW_OK ? JW_EXIT_DONE : jw_command_failed("account", "%s", s->err.text);
}

/* Whoever may open the database may do this; the audit chain says who it was on the machine. */
static struct jw_actor actor(const struct session *s) {
    const char *login = getlogin();
    return (struct jw_actor){jw_text_from(login ? login : "root"), JW_TEXT("cli"),
                             jw_text_from(s->why ? s->why : "")};
}

/* --- listing -----------------------------------------------------------------------------------------------------
 */
static void time_text(int64_t us, char out[JW_TIME_TEXT]) {
    out[0] = '\0';
    if (us)
        jw_time_print(us * 1000, out);
}

static void print_account(void *context, const jw_account *account) {
    struct session *s = context;
    char last[JW_TIME_TEXT], roles[512] = "";
    json_t *grants = NULL, *grant;
    size_t i, at = 0;
    if (jw_accounts_grants(s->accounts, jw_text_from(account->name), &grants, &s->err) != JW_OK)
        return;
    time_text(account->last_login, last);
    json_array_foreach(grants, i, grant) if (at < sizeof roles) at += (size_t)snprintf(
        roles + at, sizeof roles - at, "%s%s", i ? " " : "", json_string_value(json_object_get(grant, "role")));
    if (s->json) {
        json_t *line = json_pack("{ss sO sb sb sb ss}", "account", account->name, "grants", grants, "disabled",
                                 account->disabled, "change_password", account->must_change, "second_factor",
                                 account->second, "last_login", last);
        char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        puts(text ? text : "null");
        free(text);
        json_decref(line);
    } else {
        jw_table_add(&s->table, "%s", account->name);
        jw_table_add(&s->table, "%s", roles);
        jw_table_add(&s->table, "%s%s%s", account->disabled ? "disabled " : "",
                     account->must_change ? "must-change " : "", account->second ? "totp" : "");
        jw_table_add(&s->table, "%s", last);
    }
    json_decref(grants);
}

static int list(struct session *s) {
    static const char *const heads[] = {"ACCOUNT", "ROLES", "STATE", "LAST LOGIN", NULL};
    s->table = jw_table_begin(4, 4);
    jw_table_head(&s->table, heads);
    jw_status st = jw_accounts_list(s->accounts, JW_TEXT(""), INT32_MAX, print_account, s, &s->err);
    jw_table_print(&s->table);
    return answer(s, st, "");
}

/* --- changing ----------------------------------------------------------------------------------------------------
 */
static int show_password(struct session *s, jw_status st, const char *name, const char *password) {
    if (st == JW_OK)
        printf("account   %s\npassword  %s   (shown this once; it must be changed at the first login)\n", name,
               password);
    return answer(s, st, name);
}

static int add(struct session *s, const char *name) {
    char password[JW_FIRST_PASSWORD] = "";
    struct jw_actor by = actor(s);
    return show_password(s, jw_accounts_create(s->accounts, jw_text_from(name), 0, password, &by, &s->err), name,
                         password);
}

static int reset(struct session *s, const char *name) {
    char password[JW_FIRST_PASSWORD] = "";
    struct jw_actor by = actor(s);
    jw_status st = jw_accounts_reset(s->accounts, jw_text_from(name), password, &by, &s->err);
    if (st == JW_OK)
        st = jw_accounts_unlock(s->accounts, jw_text_from(name), &by, &s->err);
    return show_password(s, st, name, password);
}

static int unlock(struct session *s, const char *name) {
    struct jw_actor by = actor(s);
    return answer(s, jw_accounts_unlock(s->accounts, jw_text_from(name), &by, &s->err), name);
}

static int disable(struct session *s, const char *name) {
    struct jw_actor by = actor(s);
    return answer(s, jw_accounts_disable(s->accounts, jw_text_from(name), true, &by, &s->err), name);
}

static int enable(struct session *s, const char *name) {
    struct jw_actor by = actor(s);
    return answer(s, jw_accounts_disable(s->accounts, jw_text_from(name), false, &by, &s->err), name);
}

static int totp_off(struct session *s, const char *name) {
    struct jw_actor by = actor(s);
    return answer(s, jw_second_off(s->accounts, jw_text_from(name), &by, &s->err), name);
}

static int change_grant(struct session *s, const char *name, const char *role, bool give) {
    struct jw_actor by = actor(s);
    struct jw_granting what = {.name = jw_text_from(name), .role = jw_text_from(role), .may_grant = true};
    if (s->unit && !jw_text_i64(jw_text_from(s->unit), &what.unit))
        return jw_command_usage("account", "--unit wants the number of a unit in ledger organisation");
    return answer(s,
                  give ? jw_accounts_grant(s->accounts, &what, &by, &s->err)
                       : jw_accounts_revoke(s->accounts, &what, &by, &s->err),
                  name);
}

/* --- the command -------------------------------------------------------------------------------------------------
 */
static jw_status open_all(struct session *s, const char *data, const char *db, const char *content) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.3900s/roles.yaml", content);
    jw_status st = jw_roles_load(path, &s->roles, &s->err);
    snprintf(path, sizeof path, "%.3900s/access.yaml", content);
    if (st == JW_OK)
        st = jw_policy_load(path, &s->policy, &s->err);
    snprintf(path, sizeof path, "%.3900s/ledger/ledger.db", data);
    if (st == JW_OK && !db && access(path, F_OK) != 0)
        st = jw_fail(&s->err, JW_E_SYSTEM, "%s: there is none; is --data right? `jinwu up` makes it", path);
    if (st == JW_OK)
        st = jw_store_open(db ? db : path, NULL, &s->store, &s->err);
    snprintf(path, sizeof path, "%.3900s/state", data);
    struct jw_accounts_options options = {s->store, s->roles, s->policy, path};
    return st == JW_OK ? jw_accounts_open(&options, &s->accounts, &s->err) : st;
}

static int act(struct session *s, int argc, char **argv) {
    static const struct {
        const char *verb;
        int (*run)(struct session *, const char *name);
    } verbs[] = {{"add", add},         {"reset", reset},   {"unlock", unlock},
                 {"disable", disable}, {"enable", enable}, {"totp-off", totp_off}};
    if (strcmp(argv[0], "list") == 0 && argc == 1)
        return list(s);
    if (argc == 3 && (strcmp(argv[0], "grant") == 0 || strcmp(argv[0], "revoke") == 0))
        return change_grant(s, argv[1], argv[2], argv[0][0] == 'g');
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[0], verbs[i].verb) == 0 && argc == 2)
            return verbs[i].run(s, argv[1]);
    return jw_command_usage("account", "wants list, add NAME, reset NAME, unlock NAME, disable NAME, enable NAME, "
                                       "totp-off NAME, grant NAME ROLE or revoke NAME ROLE");
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {
        {"data", false}, {"db", false}, {"content", false}, {"json", true}, {"why", false}, {"unit", false}, {0}};
    const char *values[6] = {NULL};
    struct session s = {0};
    int result = jw_command_options("account", options, &argc, argv, values);
    if (result)
        return result;
    s.json = jw_command_json(values[3]);
    s.why = values[4];
    s.unit = values[5];
    if (argc < 2)
        return jw_command_usage("account", "wants a verb");
    jw_status st =
        open_all(&s, jw_command_data(values[0]), values[1], values[2] ? values[2] : jw_command_content());
    result = st == JW_OK ? act(&s, argc - 1, argv + 1) : jw_command_failed("account", "%s", s.err.text);
    jw_accounts_close(s.accounts);
    jw_store_close(s.store);
    jw_policy_free(s.policy);
    jw_roles_free(s.roles);
    return result;
}

const struct jw_command jw_command_account = {
    .name = "account",
    .about = "people's accounts in an emergency: list, add, reset, unlock, disable, grant, revoke",
    .help =
        "Use: jinwu account VERB [NAME] [ROLE] [OPTIONS]\n\n"
        "On the database itself, for the day nobody can log in; day-to-day work belongs into the console. Every\n"
        "act is in the audit chain, with the name of who is logged in on this machine and origin \"cli\".\n\n"
        "  list               accounts, their roles and last logins\n"
        "  add NAME           makes an account; its password is shown once and must be changed\n"
        "  reset NAME         a new password, the same way; ends its sessions and tokens, and unlocks it\n"
        "  unlock NAME        forgets failed logins\n"
        "  disable NAME       nobody logs in with it any more; enable NAME takes that back\n"
        "  totp-off NAME      takes off its second factor (a lost telephone without recovery codes)\n"
        "  grant NAME ROLE    gives a role, below --unit NUMBER or where its person works; revoke takes it\n"
        "                     back. Roles that content/roles.yaml declares in conflict are refused here too\n\n"
        "  --data DIR      the data folder; the database is DIR/ledger/ledger.db\n"
        "  --db WHERE      another database: a file, or postgresql://…\n"
        "  --content DIR   roles and the policy (default: the folder that came with jinwu)\n"
        "  --why TEXT      stands in the audit chain\n"
        "  --json          JSON lines\n\n"
        "Example: jinwu account reset admin --why 口令遗失\n",
    .run = run,
};
