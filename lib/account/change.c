/* lib/account/change.c — accounts come, change and end; each change with its entry in the audit chain. */
#include "parts.h"

#include <stdlib.h>

#include "base/time.h"

struct changing {
    struct jw_accounts *accounts;
    jw_text name;
    const struct jw_actor *by;
    char hash[JW_PASSWORD_HASH];
    bool flag, tokens;
    int64_t person;
    const char *action;
    const struct jw_binding *binding;
};

static jw_status end_tokens(struct jw_sql *sql, jw_text name, struct jw_error *err) {
    return jw_account_run(sql, "DELETE FROM tokens WHERE account = $1", (jw_sql_value[]){JW_SQL_STR(name)}, 1, err);
}

jw_status jw_account_end_sessions(struct jw_sql *sql, jw_text name, struct jw_error *err) {
    return jw_account_run(sql, "DELETE FROM sessions WHERE account = $1", (jw_sql_value[]){JW_SQL_STR(name)}, 1,
                          err);
}

static jw_status finish(struct changing *changing, jw_store_make_fn make, struct jw_error *err) {
    jw_status st = jw_store_do(changing->accounts->store, make, changing, err);
    explicit_bzero(changing->hash, sizeof changing->hash);
    jw_account_forget(changing->accounts, changing->name);
    return st;
}

/* --- coming ------------------------------------------------------------------------------------------------------
 */
static jw_status put_account(struct changing *changing, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    jw_sql_value values[] = {JW_SQL_STR(changing->name),
                             JW_SQL_INT(changing->person),
                             JW_SQL_STR(jw_text_from(changing->hash)),
                             JW_SQL_INT(now),
                             JW_SQL_INT(changing->hash[0] != '\0'),
                             JW_SQL_STR(changing->by->who)};
    jw_status st = jw_account_run(sql,
                                  "INSERT INTO accounts (" JW_ACCOUNT_COLUMNS
                                  ") VALUES ($1, $2, $3, $4, $5, 1, 0, '', 0, 0, '', '', $4, $6, "
                                  "0, '')",
                                  values, 6, err);
    if (st == JW_E_DENIED)
        return jw_fail(err, JW_E_DENIED, "there is an account " JW_FMT " already", JW_ARG(changing->name));
    return st == JW_OK ? jw_account_note(sql, now, changing->by, "create", changing->name, NULL, err) : st;
}

static jw_status put_new(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    return put_account(context, sql, now, err);
}

static jw_status make_password(char out[JW_FIRST_PASSWORD], struct changing *changing, struct jw_error *err) {
    jw_password_random(out, JW_FIRST_PASSWORD - 1);
    return jw_password_hash(jw_text_from(out), changing->hash, err);
}

jw_status jw_accounts_create(struct jw_accounts *accounts, jw_text name, int64_t person,
                             char out_password[JW_FIRST_PASSWORD], const struct jw_actor *by,
                             struct jw_error *err) {
    char password[JW_FIRST_PASSWORD] = "";
    struct changing changing = {.accounts = accounts, .name = name, .by = by, .person = person};
    if (!jw_account_is_name(name))
        return jw_fail(err, JW_E_SYNTAX,
                       "a name is 1 to %d bytes of text without blanks and / \\ \" ' < > & %% ? # : ; , | `",
                       JW_ACCOUNT_NAME);
    jw_status st = out_password ? make_password(password, &changing, err) : JW_OK;
    if (st == JW_OK)
        st = finish(&changing, put_new, err);
    if (st == JW_OK && out_password)
        memcpy(out_password, password, sizeof password);
    explicit_bzero(password, sizeof password);
    return st;
}

/* --- the first ---------------------------------------------------------------------------------------------------
 */
static jw_status count_accounts(struct jw_sql *sql, int64_t *out, struct jw_error *err) {
    jw_sql_value count = {0};
    jw_status st = jw_sql_one(sql, "SELECT count(*) FROM accounts", NULL, 0, NULL, &count, err);
    *out = count.integer;
    return st;
}

static jw_status look_for_any(void *context, struct jw_sql *sql, struct jw_error *err) {
    return count_accounts(sql, context, err);
}

static jw_status put_first(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct changing *changing = context;
    int64_t count = 0;
    jw_status st = count_accounts(sql, &count, err);
    if (st != JW_OK || count)
        return st == JW_OK ? JW_E_DENIED : st; /* another process was first */
    st = put_account(changing, sql, now, err);
    jw_sql_value values[] = {JW_SQL_STR(changing->name), JW_SQL_INT(now)};
    if (st == JW_OK)
        st = jw_account_run(sql, "INSERT INTO grants VALUES ($1, 'system_admin', 0, $2, '')", values, 2, err);
    return st == JW_OK ? jw_account_note(sql, now, changing->by, "grant", changing->name,
                                         json_pack("{ss si}", "role", "system_admin", "unit", 0), err)
                       : st;
}

jw_status jw_accounts_ensure_first(struct jw_accounts *accounts, char out_password[JW_FIRST_PASSWORD],
                                   struct jw_error *err) {
    struct jw_actor by = {JW_TEXT(""), JW_TEXT("first start"), JW_TEXT("")};
    struct changing changing = {.accounts = accounts, .name = JW_TEXT("admin"), .by = &by};
    char password[JW_FIRST_PASSWORD];
    int64_t count = 0;
    jw_status st = jw_store_look(accounts->store, look_for_any, &count, err);
    if (st != JW_OK || count)
        return st == JW_OK ? JW_AGAIN : st;
    st = make_password(password, &changing, err);
    if (st == JW_OK)
        st = finish(&changing, put_first, err);
    if (st == JW_OK)
        memcpy(out_password, password, sizeof password);
    explicit_bzero(password, sizeof password);
    return st == JW_E_DENIED ? JW_AGAIN : st;
}

/* --- passwords ---------------------------------------------------------------------------------------------------
 */
static jw_status put_password(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct changing *changing = context;
    jw_sql_value values[] = {JW_SQL_STR(changing->name), JW_SQL_STR(jw_text_from(changing->hash)), JW_SQL_INT(now),
                             JW_SQL_INT(changing->flag)};
    jw_sql_value kept[] = {values[0], values[2]};
    jw_sql_value most[] = {values[0], JW_SQL_INT(changing->accounts->policy->history)};
    jw_status st = jw_account_run(
        sql, "INSERT INTO password_history SELECT name, CAST($2 AS BIGINT), password FROM accounts WHERE name = $1",
        kept, 2, err);
    if (st == JW_OK)
        st = jw_account_run(sql,
                            "DELETE FROM password_history WHERE account = $1 AND at NOT IN (SELECT at FROM "
                            "password_history WHERE account = $1 ORDER BY at DESC LIMIT $2)",
                            most, 2, err);
    if (st == JW_OK)
        st = jw_account_run(
            sql,
            "UPDATE accounts SET password = $2, password_at = $3, must_change = $4, version = version "
            "+ 1 WHERE name = $1",
            values, 4, err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return JW_END;
    if (st == JW_OK)
        st = jw_account_end_sessions(sql, changing->name, err);
    if (st == JW_OK && changing->tokens)
        st = end_tokens(sql, changing->name, err);
    return st == JW_OK ? jw_account_note(sql, now, changing->by, changing->action, changing->name, NULL, err) : st;
}

/* The present hash and the former ones. */
struct former {
    jw_text name;
    int64_t most;
    size_t count;
    char (*hashes)[JW_PASSWORD_HASH];
};

static jw_status take_hash(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct former *former = context;
    (void)columns, (void)err;
    jw_account_copy(former->hashes[former->count++], JW_PASSWORD_HASH, row[0].text);
    return JW_OK;
}

static jw_status look_at_former(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct former *former = context;
    jw_sql_value values[] = {JW_SQL_STR(former->name), JW_SQL_INT(former->most)};
    jw_status st =
        jw_sql_run(sql, "SELECT password FROM accounts WHERE name = $1", values, 1, take_hash, former, err);
    if (st != JW_OK || !former->most)
        return st;
    return jw_sql_run(sql, "SELECT password FROM password_history WHERE account = $1 ORDER BY at DESC LIMIT $2",
                      values, 2, take_hash, former, err);
}

static jw_status check_former(struct jw_accounts *accounts, jw_text name, jw_text password, struct jw_error *err) {
    struct former former = {.name = name, .most = accounts->policy->history};
    former.hashes = calloc((size_t)former.most + 1, sizeof *former.hashes);
    jw_status st = former.hashes ? jw_store_look(accounts->store, look_at_former, &former, err)
                                 : jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; st == JW_OK && i < former.count; i++)
        if (former.hashes[i][0] && jw_password_is(former.hashes[i], password))
            st = jw_fail(err, JW_E_DENIED, "不得使用最近 %lld 次用过的密码 · the password is one of the last %lld",
                         (long long)former.most + 1, (long long)former.most + 1);
    if (former.hashes)
        explicit_bzero(former.hashes, ((size_t)former.most + 1) * sizeof *former.hashes);
    free(former.hashes);
    return st;
}

jw_status jw_accounts_password(struct jw_accounts *accounts, jw_text name, jw_text password,
                               const struct jw_actor *by, struct jw_error *err) {
    struct changing changing = {.accounts = accounts, .name = name, .by = by, .action = "password"};
    jw_status st = jw_policy_check(accounts->policy, name, password, err);
    if (st == JW_OK)
        st = check_former(accounts, name, password, err);
    if (st == JW_OK)
        st = jw_password_hash(password, changing.hash, err);
    return st == JW_OK ? finish(&changing, put_password, err) : st;
}

jw_status jw_accounts_reset(struct jw_accounts *accounts, jw_text name, char out_password[JW_FIRST_PASSWORD],
                            const struct jw_actor *by, struct jw_error *err) {
    char password[JW_FIRST_PASSWORD];
    struct changing changing = {
        .accounts = accounts, .name = name, .by = by, .flag = true, .tokens = true, .action = "reset"};
    jw_status st = make_password(password, &changing, err);
    if (st == JW_OK)
        st = finish(&changing, put_password, err);
    if (st == JW_OK)
        memcpy(out_password, password, sizeof password);
    explicit_bzero(password, sizeof password);
    return st;
}

/* --- disabling, unlocking, binding ------------------------------------------------------------------------------
 */
static jw_status put_disabled(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct changing *changing = context;
    jw_sql_value values[] = {JW_SQL_STR(changing->name), JW_SQL_INT(changing->flag)};
    jw_status st = jw_account_run(sql, "UPDATE accounts SET disabled = $2, version = version + 1 WHERE name = $1",
                                  values, 2, err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return JW_END;
    if (st == JW_OK)
        st = jw_account_end_sessions(sql, changing->name, err);
    return st == JW_OK ? jw_account_note(sql, now, changing->by, changing->action, changing->name, NULL, err) : st;
}

jw_status jw_accounts_disable(struct jw_accounts *accounts, jw_text name, bool disabled, const struct jw_actor *by,
                              struct jw_error *err) {
    struct changing changing = {
        .accounts = accounts, .name = name, .by = by, .flag = disabled, .action = disabled ? "disable" : "enable"};
    return finish(&changing, put_disabled, err);
}

static jw_status drop_locks(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct changing *changing = context;
    struct jw_account_row row;
    jw_status st = jw_account_row(sql, changing->name, &row, err);
    if (st == JW_OK)
        st = jw_account_run(sql, "DELETE FROM lockouts WHERE name = $1",
                            (jw_sql_value[]){JW_SQL_STR(changing->name)}, 1, err);
    return st == JW_OK ? jw_account_note(sql, now, changing->by, "unlock", changing->name, NULL, err) : st;
}

jw_status jw_accounts_unlock(struct jw_accounts *accounts, jw_text name, const struct jw_actor *by,
                             struct jw_error *err) {
    struct changing changing = {.accounts = accounts, .name = name, .by = by};
    return finish(&changing, drop_locks, err);
}

static jw_status put_binding(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct changing *changing = context;
    const struct jw_binding *want = changing->binding;
    struct jw_account_row row;
    jw_status st = jw_account_row(sql, changing->name, &row, err);
    if (st != JW_OK)
        return st;
    const char *subject = want->subject ? want->subject : row.account.subject;
    const char *certificate = want->certificate ? want->certificate : row.account.certificate;
    int64_t person = want->person >= 0 ? want->person : row.account.person;
    jw_sql_value values[] = {JW_SQL_STR(changing->name), JW_SQL_STR(jw_text_from(subject)),
                             JW_SQL_STR(jw_text_from(certificate)), JW_SQL_INT(person)};
    st = jw_account_run(sql, "UPDATE accounts SET subject = $2, certificate = $3, person = $4 WHERE name = $1",
                        values, 4, err);
    if (st == JW_E_DENIED)
        return jw_fail(err, JW_E_DENIED, "another account is bound to that already");
    return st == JW_OK ? jw_account_note(sql, now, changing->by, "bind", changing->name,
                                         json_pack("{ss ss sI}", "subject", subject, "certificate", certificate,
                                                   "person", (json_int_t)person),
                                         err)
                       : st;
}

jw_status jw_accounts_bind(struct jw_accounts *accounts, jw_text name, const struct jw_binding *binding,
                           const struct jw_actor *by, struct jw_error *err) {
    struct changing changing = {.accounts = accounts, .name = name, .by = by, .binding = binding};
    return finish(&changing, put_binding, err);
}
