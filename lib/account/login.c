/* lib/account/login.c — a password is tried: the same statements, the same hash and the same answer for every name.
 */
#include "lockout.h"
#include "parts.h"

#include "base/time.h"

struct trying {
    struct jw_accounts *accounts;
    struct jw_attempt *attempt;
    struct jw_account_row row;
    bool known;
    char name[JW_LOCKOUT_NAME], address[JW_ADDRESS_TEXT], origin[JW_ADDRESS_TEXT];
    const char *how;
    bool good;
};

/* --- before ------------------------------------------------------------------------------------------------------
 */
static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct trying *trying = context;
    int64_t wait_us = 0;
    jw_status st = jw_account_row(sql, trying->attempt->name, &trying->row, err);
    if (st != JW_OK && st != JW_END)
        return st;
    trying->known = st == JW_OK;
    jw_lockout_name(trying->attempt->name, trying->known, trying->name);
    st = jw_lockout_wait(sql, trying->name, trying->address, jw_time_now() / 1000, &wait_us, err);
    trying->attempt->wait_s = (wait_us + 999999) / 1000000;
    return st != JW_OK ? st : wait_us ? JW_AGAIN : JW_OK;
}

static jw_status begin(struct jw_accounts *accounts, struct jw_attempt *attempt, struct trying *out,
                       struct jw_error *err) {
    *out = (struct trying){.accounts = accounts, .attempt = attempt};
    jw_lockout_address(&attempt->address, out->address);
    jw_address_print(&attempt->address, out->origin);
    jw_status st = jw_store_look(accounts->store, look, out, err);
    return st == JW_AGAIN
               ? jw_fail(err, JW_AGAIN, "too many failed logins; try again in %lld s", (long long)attempt->wait_s)
               : st;
}

/* --- after -------------------------------------------------------------------------------------------------------
 */
static jw_status note_failure(struct trying *trying, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct jw_actor by = {JW_TEXT(""), jw_text_from(trying->origin), JW_TEXT("")};
    bool locked = false;
    jw_text name = jw_text_from(trying->name);
    jw_status st =
        jw_lockout_failed(sql, trying->accounts->policy, trying->name, trying->address, now, &locked, err);
    if (st == JW_OK)
        st = jw_account_note(sql, now, &by, "login-failed", name,
                             json_pack("{ss sb}", "how", trying->how, "known", trying->known), err);
    return st == JW_OK && locked ? jw_account_note(sql, now, &by, "lock", name, NULL, err) : st;
}

static jw_status settle(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct trying *trying = context;
    return trying->good ? jw_lockout_passed(sql, trying->name, trying->address, err)
                        : note_failure(trying, sql, now, err);
}

jw_status jw_accounts_login(struct jw_accounts *accounts, struct jw_attempt *attempt, jw_account *out,
                            struct jw_error *err) {
    struct trying trying;
    jw_status st = begin(accounts, attempt, &trying, err);
    if (st != JW_OK)
        return st;
    jw_text password = attempt->password;
    if (password.len > JW_PASSWORD_MOST)
        password.len = 0;
    bool usable = trying.known && !trying.row.account.disabled && trying.row.hash[0];
    trying.how = "password";
    trying.good = jw_password_is(usable ? trying.row.hash : NULL, password);
    st = jw_store_do(accounts->store, settle, &trying, err);
    explicit_bzero(&trying.row, sizeof trying.row);
    if (st != JW_OK)
        return st;
    return trying.good ? jw_accounts_find(accounts, attempt->name, out, NULL, err)
                       : jw_fail(err, JW_E_DENIED, "the name or the password is wrong");
}

jw_status jw_accounts_may_try(struct jw_accounts *accounts, struct jw_attempt *attempt, struct jw_error *err) {
    struct trying trying;
    jw_status st = begin(accounts, attempt, &trying, err);
    explicit_bzero(&trying.row, sizeof trying.row);
    return st;
}

jw_status jw_accounts_tried(struct jw_accounts *accounts, const struct jw_attempt *attempt, bool good,
                            const char *how, struct jw_error *err) {
    struct trying trying;
    struct jw_attempt copy = *attempt;
    jw_status st = begin(accounts, &copy, &trying, err);
    explicit_bzero(&trying.row, sizeof trying.row);
    if (st < 0)
        return st;
    trying.good = good;
    trying.how = how;
    return jw_store_do(accounts->store, settle, &trying, err);
}

/* --- coming in without a session ---------------------------------------------------------------------------------
 */
struct entering {
    const jw_account *account;
    const char *how;
    jw_text origin;
};

static jw_status enter(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct entering *entering = context;
    jw_text name = jw_text_from(entering->account->name);
    jw_sql_value seen[] = {JW_SQL_STR(name), JW_SQL_INT(now), JW_SQL_STR(entering->origin)};
    struct jw_actor by = {name, entering->origin, JW_TEXT("")};
    jw_status st =
        jw_account_run(sql, "UPDATE accounts SET last_login = $2, last_origin = $3 WHERE name = $1", seen, 3, err);
    return st == JW_OK ? jw_account_note(sql, now, &by, "login", name, json_pack("{ss}", "how", entering->how), err)
                       : st;
}

jw_status jw_accounts_entered(struct jw_accounts *accounts, const jw_account *account, const char *how,
                              jw_text origin, struct jw_error *err) {
    struct entering entering = {account, how, origin};
    return jw_store_do(accounts->store, enter, &entering, err);
}
