/* lib/account/account_test.c — people, what they hold and their sessions, on SQLite and on what JW_TEST_DB names.
 * Two jw_accounts stand for two processes. */
#include "account.h"
#include "seal.h"
#include "second.h"
#include "session.h"
#include "token.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <liboath/oath.h>

#include "base/time.h"
#include "store/store_fixture.h"
#include "test/test.h"

struct place {
    char folder[3000], db[3100];
    struct jw_ledgers *ledgers;
    struct jw_roles *roles;
    struct jw_policy *policy;
    struct jw_store *stores[2];
    struct jw_accounts *one, *two;
    char first[JW_FIRST_PASSWORD];
};

static const struct jw_actor admin = {JW_TEXT("admin"), JW_TEXT("10.0.0.1"), JW_TEXT("")};
static const struct jw_actor terminal = {JW_TEXT("root"), JW_TEXT("cli"), JW_TEXT("")};

static void write_file(struct jw_test *t, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%.2900s/%s", t->folder, name);
    FILE *file = fopen(path, "we");
    JW_CHECK(t, file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct jw_test *t = context;
    printf("%s:%d:%d: %s\n", file, line, column, reason);
    JW_CHECK(t, !"a ledger was refused");
}

static void load(struct jw_test *t, struct place *p) {
    char path[4096];
    snprintf(path, sizeof path, "%.2900s/ledgers", t->folder);
    mkdir(path, 0700);
    write_file(t, "ledgers/organisation.yaml",
               "title: 组织\nunit: parent\nfields:\n  name: {type: text}\n  parent: {type: unit}\n");
    write_file(t, "ledgers/person.yaml",
               "title: 人员\nunit: unit\nfields:\n  name: {type: text}\n  unit: {type: unit}\n");
    write_file(t, "access.yaml",
               "password: {history: 2, forbidden: [Welcome2026]}\n"
               "sessions: {idle_seconds: 3, longest_seconds: 6, most: 2}\n"
               "lockout: {tries: 3, address_tries: 6}\n"
               "second_factor: {roles: [operator]}\n");
    JW_CHECK_OK(t, jw_ledgers_load(path, NULL, refused, t, &p->ledgers, &t->err));
    snprintf(path, sizeof path, "%.2900s/content/roles.yaml", jw_test_source());
    JW_CHECK_OK(t, jw_roles_load(path, &p->roles, &t->err));
    snprintf(path, sizeof path, "%.2900s/access.yaml", t->folder);
    JW_CHECK_OK(t, jw_policy_load(path, &p->policy, &t->err));
}

static struct place start(struct jw_test *t) {
    struct place p = {{0}};
    fixture_database(t, p.db, sizeof p.db);
    load(t, &p);
    struct jw_accounts **both[] = {&p.one, &p.two};
    for (int i = 0; i < 2; i++) {
        JW_CHECK_OK(t, jw_store_open(p.db, p.ledgers, &p.stores[i], &t->err));
        if (i == 0)
            JW_CHECK_OK(t, jw_store_migrate(p.stores[0], NULL, NULL, &t->err));
        struct jw_accounts_options options = {p.stores[i], p.roles, p.policy, t->folder};
        JW_CHECK_OK(t, jw_accounts_open(&options, both[i], &t->err));
        if (!*both[i])
            exit(1);
    }
    JW_CHECK_OK(t, jw_accounts_ensure_first(p.one, p.first, &t->err));
    return p;
}

static void finish(struct place *p) {
    jw_accounts_close(p->one);
    jw_accounts_close(p->two);
    jw_store_close(p->stores[0]);
    jw_store_close(p->stores[1]);
    jw_ledgers_free(p->ledgers);
    jw_roles_free(p->roles);
    jw_policy_free(p->policy);
}

static void ignore_problem(void *context, const char *object, const char *text) {
    printf("%s: %s\n", object, text);
    ++*(int *)context;
}

static jw_status enter_from(struct jw_accounts *accounts, const char *from, const char *name, const char *password,
                            jw_account *out, struct jw_error *err) {
    struct jw_attempt attempt = {.name = jw_text_from(name), .password = jw_text_from(password)};
    if (!jw_address_parse(jw_text_from(from), &attempt.address))
        return JW_E_SYNTAX;
    return jw_accounts_login(accounts, &attempt, out, err);
}

static jw_status enter(struct jw_accounts *accounts, const char *name, const char *password, jw_account *out,
                       struct jw_error *err) {
    return enter_from(accounts, "10.0.0.1", name, password, out, err);
}

static void the_first_account_is_made_once_and_must_change_its_password(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char again[JW_FIRST_PASSWORD] = "";
    jw_account account;
    struct jw_holder holder;
    JW_CHECK_INT(t, strlen(p.first), JW_FIRST_PASSWORD - 1);
    JW_CHECK_INT(t, jw_accounts_ensure_first(p.two, again, &t->err), JW_AGAIN);
    JW_CHECK_OK(t, enter(p.two, "admin", p.first, &account, &t->err));
    JW_CHECK(t, account.must_change);
    JW_CHECK_OK(t, jw_accounts_find(p.one, JW_TEXT("admin"), &account, &holder, &t->err));
    JW_CHECK(t, jw_rights_has_power(p.roles, &holder, JW_TEXT("accounts.manage")));
    JW_CHECK(t, !jw_rights_has_power(p.roles, &holder, JW_TEXT("accounts.grant")));
    JW_CHECK(t, !jw_rights_has_power(p.roles, &holder, JW_TEXT("audit.read")));
}

static void a_wrong_name_a_wrong_password_and_a_disabled_account_are_answered_alike(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char password[JW_FIRST_PASSWORD];
    jw_account account;
    struct jw_error wrong, nobody, disabled;
    JW_CHECK_OK(t, jw_accounts_create(p.one, JW_TEXT("li"), 0, password, &admin, &t->err));
    JW_CHECK_OK(t, jw_accounts_disable(p.one, JW_TEXT("li"), true, &admin, &t->err));
    JW_CHECK_INT(t, enter(p.one, "admin", "wrong", &account, &wrong), JW_E_DENIED);
    JW_CHECK_INT(t, enter_from(p.one, "10.0.0.2", "nobody", "wrong", &account, &nobody), JW_E_DENIED);
    JW_CHECK_INT(t, enter_from(p.one, "10.0.0.3", "li", password, &account, &disabled), JW_E_DENIED);
    JW_CHECK(t, strcmp(wrong.text, nobody.text) == 0 && strcmp(wrong.text, disabled.text) == 0);
    JW_CHECK_INT(t, enter_from(p.one, "10.0.0.4", "admin", "", &account, &t->err), JW_E_DENIED);
}

static void an_unknown_name_costs_as_much_time_as_a_wrong_password(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    jw_account account;
    int64_t begun = jw_time_steady();
    JW_CHECK_INT(t, enter(p.one, "admin", "wrong", &account, &t->err), JW_E_DENIED);
    int64_t known = jw_time_steady() - begun;
    begun = jw_time_steady();
    JW_CHECK_INT(t, enter(p.one, "nobody", "wrong", &account, &t->err), JW_E_DENIED);
    JW_CHECK(t, jw_time_steady() - begun > known / 4); /* without the hash it would be a thousandth */
}

static void guessing_locks_the_pair_in_every_process_and_nobody_else(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    jw_account account;
    json_t *locks = NULL;
    for (int i = 0; i < 3; i++)
        JW_CHECK_INT(t, enter(i % 2 ? p.one : p.two, "admin", "guess", &account, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, enter(p.two, "admin", p.first, &account, &t->err), JW_AGAIN);
    JW_CHECK_OK(t, enter_from(p.one, "10.0.0.2", "admin", p.first, &account, &t->err));
    JW_CHECK_OK(t, jw_accounts_lockouts(p.two, JW_TEXT("admin"), &locks, &t->err));
    JW_CHECK_INT(t, json_array_size(locks), 1);
    JW_CHECK_INT(t, json_integer_value(json_object_get(json_array_get(locks, 0), "failures")), 3);
    json_decref(locks);
    JW_CHECK_OK(t, jw_accounts_unlock(p.one, JW_TEXT("admin"), &terminal, &t->err));
    JW_CHECK_OK(t, enter(p.two, "admin", p.first, &account, &t->err));
}

static void an_address_that_tries_many_accounts_is_locked_out_by_its_network(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    jw_account account;
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "user%d", i);
        JW_CHECK_INT(t, enter_from(p.one, "2001:db8::1", name, "x", &account, &t->err), JW_E_DENIED);
    }
    JW_CHECK_INT(t, enter_from(p.one, "2001:db8::2", "admin", p.first, &account, &t->err), JW_AGAIN); /* same /64 */
    JW_CHECK_OK(t, enter_from(p.one, "2001:db8:1::1", "admin", p.first, &account, &t->err));
}

static void a_password_must_be_hard_new_and_nobodys_first_guess(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    jw_account account;
    static const char *const weak[] = {"short",       "aaaaaaaaaaaa", "onlysmallones",
                                       "Admin-12345", "Welcome2026!", "welcome2026W"};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        JW_CHECK_INT(t, jw_accounts_password(p.one, JW_TEXT("admin"), jw_text_from(weak[i]), &admin, &t->err),
                     JW_E_DENIED);
    JW_CHECK_INT(t, jw_accounts_password(p.one, JW_TEXT("admin"), jw_text_from(p.first), &admin, &t->err),
                 JW_E_DENIED);
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("Moon-1-river"), &admin, &t->err));
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("长安月色正好，晴空万里无云一二三四"),
                                        &admin, &t->err));
    JW_CHECK_INT(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("Moon-1-river"), &admin, &t->err),
                 JW_E_DENIED);
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("Moon-2-river"), &admin, &t->err));
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("Moon-3-river"), &admin, &t->err));
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("admin"), JW_TEXT("Moon-1-river"), &admin, &t->err));
    JW_CHECK_OK(t, enter(p.two, "admin", "Moon-1-river", &account, &t->err));
    JW_CHECK(t, !account.must_change);
}

static jw_status open_session(struct jw_accounts *accounts, const char *name, char token[JW_SESSION_TOKEN + 1],
                              struct jw_error *err) {
    jw_account account;
    jw_status st = jw_accounts_find(accounts, jw_text_from(name), &account, NULL, err);
    struct jw_session_start from = {
        .account = &account, .how = "password", .origin = JW_TEXT("10.0.0.1"), .agent = JW_TEXT("test")};
    return st == JW_OK ? jw_session_start(accounts, &from, token, err) : st;
}

static jw_status find(struct jw_accounts *accounts, const char *token, struct jw_session *out) {
    static struct jw_holder holder;
    jw_account account;
    return jw_session_find(accounts, jw_text_from(token), out, &account, &holder, NULL);
}

static void pause_ms(int64_t ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

static void a_session_is_open_in_every_process_until_it_ends(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char token[JW_SESSION_TOKEN + 1], other[JW_SESSION_TOKEN + 1];
    struct jw_session session;
    JW_CHECK_OK(t, open_session(p.one, "admin", token, &t->err));
    JW_CHECK_OK(t, open_session(p.two, "admin", other, &t->err));
    JW_CHECK_OK(t, find(p.two, token, &session));
    JW_CHECK_TEXT(t, jw_text_from(session.account), JW_TEXT("admin"));
    JW_CHECK_OK(t, find(p.one, other, &session));
    JW_CHECK_OK(t, jw_session_end(p.one, jw_text_from(token), &admin, &t->err));
    JW_CHECK_INT(t, find(p.one, token, &session), JW_END);
    pause_ms(1100); /* the other process may have looked a second ago */
    JW_CHECK_INT(t, find(p.two, token, &session), JW_END);
    JW_CHECK_OK(t, find(p.two, other, &session));
    JW_CHECK_OK(t, jw_session_kick(p.one, jw_text_from(session.id), JW_TEXT("admin"), &terminal, &t->err));
    JW_CHECK_INT(t, find(p.one, other, &session), JW_END);
    JW_CHECK_INT(t, jw_session_kick(p.one, jw_text_from(session.id), JW_TEXT(""), &terminal, &t->err), JW_END);
    JW_CHECK_INT(t, find(p.one, "", &session), JW_END);
}

static void an_idle_session_ends_and_a_used_one_ends_at_its_age(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char used[JW_SESSION_TOKEN + 1], idle[JW_SESSION_TOKEN + 1];
    struct jw_session session;
    JW_CHECK_OK(t, open_session(p.one, "admin", idle, &t->err));
    JW_CHECK_OK(t, open_session(p.one, "admin", used, &t->err));
    for (int i = 0; i < 8; i++) { /* 4 s, with use in both processes */
        pause_ms(500);
        JW_CHECK_OK(t, find(i % 2 ? p.one : p.two, used, &session));
    }
    JW_CHECK_INT(t, find(p.one, idle, &session), JW_END);
    pause_ms(2500);
    JW_CHECK_INT(t, find(p.one, used, &session), JW_END);
}

static void one_session_too_many_ends_the_one_unused_longest_or_is_refused(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char tokens[3][JW_SESSION_TOKEN + 1];
    struct jw_session session;
    for (int i = 0; i < 3; i++)
        JW_CHECK_OK(t, open_session(p.one, "admin", tokens[i], &t->err));
    JW_CHECK_INT(t, find(p.two, tokens[0], &session), JW_END);
    JW_CHECK_OK(t, find(p.two, tokens[1], &session));
    JW_CHECK_OK(t, find(p.two, tokens[2], &session));
    p.policy->refuse = true;
    JW_CHECK_INT(t, open_session(p.one, "admin", tokens[0], &t->err), JW_E_LIMIT);
    JW_CHECK_OK(t, find(p.two, tokens[1], &session));
}

static void a_new_password_and_disabling_end_every_session(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char token[JW_SESSION_TOKEN + 1], password[JW_FIRST_PASSWORD];
    struct jw_session session;
    JW_CHECK_OK(t, jw_accounts_create(p.one, JW_TEXT("li"), 0, password, &admin, &t->err));
    JW_CHECK_INT(t, jw_accounts_create(p.two, JW_TEXT("li"), 0, password, &admin, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, jw_accounts_create(p.two, JW_TEXT("l/i"), 0, password, &admin, &t->err), JW_E_SYNTAX);
    JW_CHECK_OK(t, open_session(p.one, "li", token, &t->err));
    JW_CHECK_OK(t, jw_accounts_password(p.one, JW_TEXT("li"), JW_TEXT("Moon-1-river"), &admin, &t->err));
    JW_CHECK_INT(t, find(p.one, token, &session), JW_END);
    JW_CHECK_OK(t, open_session(p.one, "li", token, &t->err));
    JW_CHECK_OK(t, jw_accounts_disable(p.two, JW_TEXT("li"), true, &admin, &t->err));
    pause_ms(1100);
    JW_CHECK_INT(t, find(p.one, token, &session), JW_END);
}

static jw_status grant(struct jw_accounts *accounts, const char *name, const char *role, int64_t unit,
                       bool may_grant, const struct jw_actor *by, struct jw_error *err) {
    struct jw_granting what = {jw_text_from(name), jw_text_from(role), unit, may_grant, true};
    return jw_accounts_grant(accounts, &what, by, err);
}

static void roles_are_granted_by_who_may_never_to_oneself_and_never_in_conflict(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    struct jw_actor wang = {JW_TEXT("wang"), JW_TEXT("10.0.0.9"), JW_TEXT("")};
    struct jw_holder holder;
    jw_account account;
    JW_CHECK_OK(t, jw_accounts_create(p.one, JW_TEXT("wang"), 0, NULL, &admin, &t->err));
    JW_CHECK_OK(t, jw_accounts_create(p.one, JW_TEXT("li"), 0, NULL, &admin, &t->err));
    JW_CHECK_INT(t, grant(p.one, "admin", "operator", 0, false, &admin, &t->err), JW_E_DENIED); /* oneself */
    JW_CHECK_OK(t, grant(p.one, "wang", "security_admin", 0, false, &admin, &t->err)); /* the first may be begun */
    JW_CHECK_INT(t, grant(p.one, "li", "operator", 0, false, &admin, &t->err), JW_E_DENIED); /* and then no more */
    JW_CHECK_OK(t, grant(p.one, "li", "operator", 0, true, &wang, &t->err));
    JW_CHECK_OK(t, grant(p.one, "li", "operator", 0, true, &wang, &t->err));                  /* twice is once */
    JW_CHECK_INT(t, grant(p.one, "li", "audit_admin", 0, true, &wang, &t->err), JW_E_DENIED); /* conflict */
    JW_CHECK_INT(t, grant(p.one, "admin", "audit_admin", 0, true, &terminal, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, grant(p.one, "li", "no_such_role", 0, true, &wang, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, grant(p.one, "li", "staff", 0, true, &wang, &t->err), JW_E_DENIED);
    JW_CHECK_INT(t, grant(p.one, "li", "leader", 99, true, &wang, &t->err), JW_E_DENIED); /* no such unit */
    JW_CHECK_INT(t, grant(p.one, "nobody", "leader", 0, true, &wang, &t->err), JW_END);
    JW_CHECK_OK(t, jw_accounts_find(p.one, JW_TEXT("li"), &account, &holder, &t->err));
    JW_CHECK_INT(t, holder.grant_count, 1);
    JW_CHECK(t, jw_accounts_wants_second(p.one, &account, &holder)); /* the policy says so of operators */
    struct jw_granting last = {JW_TEXT("wang"), JW_TEXT("security_admin"), 0, true, true};
    JW_CHECK_INT(t, jw_accounts_revoke(p.one, &last, &admin, &t->err), JW_E_DENIED);
    struct jw_granting gone = {JW_TEXT("li"), JW_TEXT("operator"), 0, true, true};
    JW_CHECK_OK(t, jw_accounts_revoke(p.two, &gone, &wang, &t->err));
    JW_CHECK_INT(t, jw_accounts_revoke(p.two, &gone, &wang, &t->err), JW_END);
    JW_CHECK_OK(t, jw_accounts_find(p.two, JW_TEXT("li"), &account, &holder, &t->err));
    JW_CHECK_INT(t, holder.grant_count, 0);
}

static int64_t make_record(struct jw_test *t, struct place *p, const char *ledger, const char *fields) {
    static struct jw_outcome outcome;
    json_t *given = json_loads(fields, 0, NULL);
    struct jw_change change = {.ledger = jw_ledgers_find(p->ledgers, jw_text_from(ledger)),
                               .deed = JW_CREATE,
                               .fields = given,
                               .actor = admin};
    JW_CHECK_OK(t, jw_store_change(p->stores[0], &change, &outcome, &t->err));
    json_decref(given);
    json_decref(outcome.record);
    return outcome.id;
}

static void grants_and_persons_have_their_place_in_the_organisation(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    static struct jw_holder holder;
    jw_account account;
    make_record(t, &p, "organisation", "{\"name\": \"市\"}");
    int64_t county = make_record(t, &p, "organisation", "{\"name\": \"县\", \"parent\": 1}");
    int64_t person = make_record(t, &p, "person", "{\"name\": \"李\", \"unit\": 2}");
    JW_CHECK_OK(t, jw_accounts_create(p.one, JW_TEXT("li"), person, NULL, &admin, &t->err));
    JW_CHECK_OK(t, grant(p.one, "li", "security_manager", 0, true, &terminal, &t->err));
    JW_CHECK_OK(t, grant(p.one, "li", "leader", county, true, &terminal, &t->err));
    JW_CHECK_OK(t, jw_accounts_find(p.one, JW_TEXT("li"), &account, &holder, &t->err));
    JW_CHECK_INT(t, holder.person, person);
    JW_CHECK_TEXT(t, jw_text_from(holder.place), JW_TEXT("1.2."));
    JW_CHECK_INT(t, holder.grant_count, 2);
    JW_CHECK_TEXT(t, jw_text_from(holder.grants[0].place), JW_TEXT("1.2."));
    JW_CHECK_TEXT(t, jw_text_from(holder.grants[1].place), JW_TEXT(""));
}

static void a_sealed_secret_opens_only_for_its_owner_and_its_key(struct jw_test *t) {
    unsigned char key[JW_SEAL_KEY], same[JW_SEAL_KEY], out[64];
    char sealed[256];
    size_t len = sizeof out;
    JW_CHECK_OK(t, jw_seal_open(t->folder, key, &t->err));
    JW_CHECK_OK(t, jw_seal_open(t->folder, same, &t->err));
    JW_CHECK(t, memcmp(key, same, sizeof key) == 0);
    JW_CHECK_OK(t, jw_seal_close(key, JW_TEXT("li"), JW_TEXT("a secret"), sealed, sizeof sealed, &t->err));
    JW_CHECK(t, !strstr(sealed, "secret"));
    JW_CHECK_OK(t, jw_seal_read(key, JW_TEXT("li"), jw_text_from(sealed), out, &len, &t->err));
    JW_CHECK_TEXT(t, ((jw_text){(char *)out, len}), JW_TEXT("a secret"));
    len = sizeof out;
    JW_CHECK_INT(t, jw_seal_read(key, JW_TEXT("wang"), jw_text_from(sealed), out, &len, &t->err), JW_E_DENIED);
    sealed[30] = sealed[30] == 'a' ? 'b' : 'a';
    JW_CHECK_INT(t, jw_seal_read(key, JW_TEXT("li"), jw_text_from(sealed), out, &len, &t->err), JW_E_DENIED);
    key[0] ^= 1;
    JW_CHECK_INT(t, jw_seal_read(key, JW_TEXT("li"), JW_TEXT("abc"), out, &len, &t->err), JW_E_DENIED);
}

/* What an authenticator shows `offset` steps from now. */
static void show_code(struct jw_test *t, const char *secret, int offset, char out[7]) {
    char *key = NULL;
    size_t len = 0;
    JW_CHECK(t, oath_base32_decode(secret, strlen(secret), &key, &len) == OATH_OK && len == 20);
    JW_CHECK(t, oath_totp_generate(key, len, time(NULL) + 30 * offset, 30, 0, 6, out) == OATH_OK);
    free(key);
}

struct one_try {
    struct jw_accounts *accounts;
    const char *code;
    jw_status st;
};

static void *try_code(void *context) {
    struct one_try *one = context;
    one->st = jw_second_check(one->accounts, JW_TEXT("admin"), jw_text_from(one->code), &admin, NULL);
    return NULL;
}

static void a_code_is_good_once_even_at_the_same_time_in_two_processes(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char secret[JW_SECOND_SECRET], uri[JW_SECOND_URI], codes[JW_SECOND_CODES][JW_SECOND_RECOVERY], code[7];
    JW_CHECK_OK(t, jw_second_begin(p.one, JW_TEXT("admin"), &admin, secret, uri, &t->err));
    show_code(t, secret, -1, code);
    JW_CHECK_INT(t, jw_second_check(p.one, JW_TEXT("admin"), jw_text_from(code), &admin, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_second_confirm(p.one, JW_TEXT("admin"), jw_text_from(code), &admin, codes, &t->err));
    JW_CHECK_INT(t, jw_second_check(p.two, JW_TEXT("admin"), jw_text_from(code), &admin, &t->err), JW_E_DENIED);
    show_code(t, secret, 0, code);
    const char *once[] = {code, codes[3]};
    for (size_t i = 0; i < 2; i++) {
        struct one_try both[] = {{p.one, once[i], JW_OK}, {p.two, once[i], JW_OK}};
        pthread_t threads[2];
        for (int k = 0; k < 2; k++)
            JW_CHECK(t, pthread_create(&threads[k], NULL, try_code, &both[k]) == 0);
        for (int k = 0; k < 2; k++)
            pthread_join(threads[k], NULL);
        JW_CHECK_INT(t, (both[0].st == JW_OK) + (both[1].st == JW_OK), 1);
    }
    show_code(t, secret, 4, code);
    JW_CHECK_INT(t, jw_second_check(p.two, JW_TEXT("admin"), jw_text_from(code), &admin, &t->err), JW_E_DENIED);
    JW_CHECK_OK(t, jw_second_off(p.two, JW_TEXT("admin"), &terminal, &t->err));
    JW_CHECK_INT(t, jw_second_check(p.one, JW_TEXT("admin"), jw_text_from(codes[4]), &admin, &t->err), JW_E_DENIED);
}

static void a_token_is_found_until_it_is_revoked_or_its_account_disabled(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    static struct jw_holder holder;
    struct jw_token token;
    jw_account account;
    char secret[JW_TOKEN_SECRET + 1];
    jw_text admin_name = JW_TEXT("admin"), scope = JW_TEXT("read status.read ledger:server");
    JW_CHECK_INT(
        t, jw_token_make(p.one, admin_name, JW_TEXT("a"), JW_TEXT("read everything"), 1, &admin, secret, &t->err),
        JW_E_SYNTAX);
    JW_CHECK_OK(t, jw_token_make(p.one, admin_name, JW_TEXT("脚本"), scope, 9999, &admin, secret, &t->err));
    JW_CHECK_OK(t, jw_token_find(p.two, jw_text_from(secret), &token, &account, &holder, &t->err));
    JW_CHECK(t, (token.expires - token.created) / 1000000 / 86400 == p.policy->token_days); /* not 9999 */
    JW_CHECK(t, jw_token_may(&token, JW_TEXT("status.read")) && !jw_token_may(&token, JW_TEXT("status")));
    JW_CHECK(t, jw_token_may_ledger(&token, JW_TEXT("server"), false));
    JW_CHECK(t, !jw_token_may_ledger(&token, JW_TEXT("server"), true));
    JW_CHECK(t, !jw_token_may_ledger(&token, JW_TEXT("serve"), false));
    JW_CHECK_OK(t, jw_token_revoke(p.two, admin_name, jw_text_from(token.id), &admin, &t->err));
    JW_CHECK_INT(t, jw_token_find(p.two, jw_text_from(secret), &token, &account, &holder, &t->err), JW_END);
    JW_CHECK_OK(t, jw_token_make(p.one, admin_name, JW_TEXT("b"), scope, 1, &admin, secret, &t->err));
    JW_CHECK_OK(t, jw_accounts_disable(p.one, admin_name, true, &terminal, &t->err));
    JW_CHECK_INT(t, jw_token_find(p.one, jw_text_from(secret), &token, &account, &holder, &t->err), JW_END);
}

static void whatever_happens_to_accounts_is_in_the_audit_chain(struct jw_test *t) {
    JW_AUTO(finish) struct place p = start(t);
    char token[JW_SESSION_TOKEN + 1];
    jw_account account;
    uint64_t entries = 0;
    int problems = 0;
    for (int i = 0; i < 3; i++)
        (void)!enter(p.one, "admin", "guess", &account, NULL);
    (void)!enter(p.two, "13900000000", "x", &account, NULL);
    JW_CHECK_OK(t, open_session(p.one, "admin", token, &t->err));
    JW_CHECK_OK(t, jw_session_end(p.one, jw_text_from(token), &admin, &t->err));
    JW_CHECK_OK(t, jw_store_verify(p.stores[0], NULL, ignore_problem, &problems, &entries, &t->err));
    JW_CHECK_INT(t, problems, 0);
    JW_CHECK_INT(t, entries, 2 + 3 + 1 + 1 + 2); /* first account, failures, lock, unknown name, login, logout */
    JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
    jw_sql_value count = {0};
    JW_CHECK_OK(t, jw_sql_open(p.db, &sql, &t->err));
    JW_CHECK_OK(t, jw_sql_one(sql, "SELECT count(*) FROM audit WHERE object LIKE '%13900000000%'", NULL, 0, NULL,
                              &count, &t->err));
    JW_CHECK_INT(t, count.integer, 0); /* people type passwords where the name belongs */
}

static void a_policy_with_a_mistake_is_refused_with_its_place(struct jw_test *t) {
    char path[4096];
    struct jw_policy *policy = NULL;
    snprintf(path, sizeof path, "%.2900s/access.yaml", t->folder);
    JW_CHECK_OK(t, jw_policy_load(path, &policy, &t->err)); /* no file: the presets */
    JW_CHECK_INT(t, policy->idle_s, 1800);
    jw_policy_free(policy);
    policy = NULL;
    snprintf(path, sizeof path, "%.2900s/content/access.yaml", jw_test_source());
    JW_CHECK_OK(t, jw_policy_load(path, &policy, &t->err)); /* what comes with jinwu */
    JW_CHECK(t, policy->forbidden[0] != NULL);
    jw_policy_free(policy);
    policy = NULL;
    snprintf(path, sizeof path, "%.2900s/access.yaml", t->folder);
    write_file(t, "access.yaml", "sessions:\n  idle_seconds: 0\n");
    JW_CHECK_INT(t, jw_policy_load(path, &policy, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, strstr(t->err.text, "access.yaml:2:"));
    write_file(t, "access.yaml", "passwords: {least: 12}\n");
    JW_CHECK_INT(t, jw_policy_load(path, &policy, &t->err), JW_E_SYNTAX);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(the_first_account_is_made_once_and_must_change_its_password),
        JW_CASE(a_wrong_name_a_wrong_password_and_a_disabled_account_are_answered_alike),
        JW_CASE(an_unknown_name_costs_as_much_time_as_a_wrong_password),
        JW_CASE(guessing_locks_the_pair_in_every_process_and_nobody_else),
        JW_CASE(an_address_that_tries_many_accounts_is_locked_out_by_its_network),
        JW_CASE(a_password_must_be_hard_new_and_nobodys_first_guess),
        JW_CASE(a_session_is_open_in_every_process_until_it_ends),
        JW_CASE(an_idle_session_ends_and_a_used_one_ends_at_its_age),
        JW_CASE(one_session_too_many_ends_the_one_unused_longest_or_is_refused),
        JW_CASE(a_new_password_and_disabling_end_every_session),
        JW_CASE(roles_are_granted_by_who_may_never_to_oneself_and_never_in_conflict),
        JW_CASE(grants_and_persons_have_their_place_in_the_organisation),
        JW_CASE(a_sealed_secret_opens_only_for_its_owner_and_its_key),
        JW_CASE(a_code_is_good_once_even_at_the_same_time_in_two_processes),
        JW_CASE(a_token_is_found_until_it_is_revoked_or_its_account_disabled),
        JW_CASE(whatever_happens_to_accounts_is_in_the_audit_chain),
        JW_CASE(a_policy_with_a_mistake_is_refused_with_its_place),
        {0}});
}
