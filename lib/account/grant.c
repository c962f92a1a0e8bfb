/* lib/account/grant.c — who holds which role where: given by those who may, never to oneself, never against a
 * declared conflict. */
#include "parts.h"

#include <stdlib.h>

struct granting {
    struct jw_accounts *accounts;
    const struct jw_granting *what;
    const struct jw_actor *by;
    bool terminal; /* the command line on the machine: in an emergency */
};

static jw_status note(struct granting *granting, struct jw_sql *sql, int64_t now, const char *action,
                      struct jw_error *err) {
    const struct jw_granting *what = granting->what;
    return jw_account_note(sql, now, granting->by, action, what->name,
                           json_pack("{ss% sI sb}", "role", what->role.ptr, what->role.len, "unit",
                                     (json_int_t)what->unit, "beginning", !what->may_grant),
                           err);
}

/* --- who may -----------------------------------------------------------------------------------------------------
 */
static jw_status count_of(struct jw_sql *sql, const char *text, const jw_sql_value *values, size_t count,
                          int64_t *out, struct jw_error *err) {
    jw_sql_value found = {0};
    jw_status st = jw_sql_one(sql, text, values, count, NULL, &found, err);
    *out = found.integer;
    return st;
}

/* Somebody must hand out the first security_admin: whoever manages accounts may grant until there is one. */
static jw_status check_actor(struct granting *granting, struct jw_sql *sql, struct jw_error *err) {
    const struct jw_granting *what = granting->what;
    int64_t holders = 0;
    if (granting->terminal)
        return JW_OK;
    if (jw_text_is(granting->by->who, what->name))
        return jw_fail(err, JW_E_DENIED, "nobody grants to or takes from themselves");
    if (what->may_grant)
        return JW_OK;
    jw_status st = count_of(sql,
                            "SELECT count(*) FROM grants JOIN accounts ON accounts.name = grants.account "
                            "WHERE role = 'security_admin' AND disabled = 0",
                            NULL, 0, &holders, err);
    if (st != JW_OK)
        return st;
    return what->may_begin && holders == 0
               ? JW_OK
               : jw_fail(err, JW_E_DENIED, "granting is up to the security administrator (security_admin)");
}

/* --- what would be held ------------------------------------------------------------------------------------------
 */
struct held {
    struct jw_grant grants[JW_RIGHTS_GRANTS + 1];
    size_t count;
    bool there;
    const struct jw_granting *what;
};

static jw_status take_held(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct held *held = context;
    (void)columns;
    if (held->count == JW_RIGHTS_GRANTS)
        return jw_fail(err, JW_E_DENIED, "an account holds at most %d roles", JW_RIGHTS_GRANTS);
    jw_account_copy(held->grants[held->count++].role, JW_LEDGER_NAME, row[0].text);
    held->there |= jw_text_is(row[0].text, held->what->role) && row[1].integer == held->what->unit;
    return JW_OK;
}

static jw_status check_held(struct granting *granting, struct jw_sql *sql, bool *there, struct jw_error *err) {
    const struct jw_granting *what = granting->what;
    struct held *held = calloc(1, sizeof *held);
    if (!held)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    held->what = what;
    jw_status st = jw_sql_run(sql, "SELECT role, unit FROM grants WHERE account = $1",
                              (jw_sql_value[]){JW_SQL_STR(what->name)}, 1, take_held, held, err);
    *there = held->there;
    if (st == JW_OK && !held->there) {
        jw_account_copy(held->grants[held->count++].role, JW_LEDGER_NAME, what->role);
        st = jw_roles_check(granting->accounts->roles, held->grants, held->count, err);
    }
    free(held);
    return st;
}

static jw_status check_unit(const struct jw_granting *what, struct jw_sql *sql, struct jw_error *err) {
    int64_t found = 0;
    if (!what->unit)
        return JW_OK;
    jw_status st = count_of(sql, "SELECT count(*) FROM l_organisation WHERE id = $1 AND removed = 0",
                            (jw_sql_value[]){JW_SQL_INT(what->unit)}, 1, &found, err);
    return st != JW_OK || found
               ? st
               : jw_fail(err, JW_E_DENIED, "there is no unit %lld in ledger organisation", (long long)what->unit);
}

/* --- granting ----------------------------------------------------------------------------------------------------
 */
static jw_status put_grant(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct granting *granting = context;
    const struct jw_granting *what = granting->what;
    struct jw_account_row row;
    bool there = false;
    jw_status st = jw_account_row(sql, what->name, &row, err);
    if (st == JW_OK)
        st = check_actor(granting, sql, err);
    if (st == JW_OK)
        st = check_unit(what, sql, err);
    if (st == JW_OK)
        st = check_held(granting, sql, &there, err);
    if (st != JW_OK || there)
        return st;
    jw_sql_value values[] = {JW_SQL_STR(what->name), JW_SQL_STR(what->role), JW_SQL_INT(what->unit),
                             JW_SQL_INT(now), JW_SQL_STR(granting->by->who)};
    st = jw_account_run(sql, "INSERT INTO grants VALUES ($1, $2, $3, $4, $5)", values, 5, err);
    return st == JW_OK ? note(granting, sql, now, "grant", err) : st;
}

static jw_status run(struct jw_accounts *accounts, const struct jw_granting *what, const struct jw_actor *by,
                     jw_store_make_fn make, struct jw_error *err) {
    struct granting granting = {accounts, what, by, jw_text_is(by->origin, JW_TEXT("cli"))};
    const struct jw_role *role = accounts->roles ? jw_roles_find(accounts->roles, what->role) : NULL;
    if (make == put_grant && !role)
        return jw_fail(err, JW_E_DENIED, "there is no role " JW_FMT, JW_ARG(what->role));
    if (make == put_grant && role->everybody)
        return jw_fail(err, JW_E_DENIED, "everybody holds " JW_FMT " already", JW_ARG(what->role));
    jw_status st = jw_store_do(accounts->store, make, &granting, err);
    jw_account_forget(accounts, what->name);
    return st;
}

jw_status jw_accounts_grant(struct jw_accounts *accounts, const struct jw_granting *what, const struct jw_actor *by,
                            struct jw_error *err) {
    return run(accounts, what, by, put_grant, err);
}

/* --- revoking ----------------------------------------------------------------------------------------------------
 */
/* Without a system_admin nobody makes accounts, without a security_admin nobody grants. */
static jw_status check_last(const struct granting *granting, struct jw_sql *sql, struct jw_error *err) {
    const struct jw_granting *what = granting->what;
    int64_t others = 0;
    if (granting->terminal ||
        (!jw_text_is(what->role, JW_TEXT("system_admin")) && !jw_text_is(what->role, JW_TEXT("security_admin"))))
        return JW_OK;
    jw_sql_value values[] = {JW_SQL_STR(what->role), JW_SQL_STR(what->name)};
    jw_status st = count_of(sql,
                            "SELECT count(*) FROM grants JOIN accounts ON accounts.name = grants.account WHERE "
                            "role = $1 AND account <> $2 AND disabled = 0",
                            values, 2, &others, err);
    return st != JW_OK || others
               ? st
               : jw_fail(err, JW_E_DENIED, "this is the last holder of " JW_FMT "; grant it to somebody else first",
                         JW_ARG(what->role));
}

static jw_status take_grant(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    struct granting *granting = context;
    const struct jw_granting *what = granting->what;
    jw_sql_value values[] = {JW_SQL_STR(what->name), JW_SQL_STR(what->role), JW_SQL_INT(what->unit)};
    jw_status st = check_actor(granting, sql, err);
    if (st == JW_OK)
        st = check_last(granting, sql, err);
    if (st == JW_OK)
        st = jw_account_run(sql, "DELETE FROM grants WHERE account = $1 AND role = $2 AND unit = $3", values, 3,
                            err);
    if (st == JW_OK && jw_sql_changed(sql) == 0)
        return JW_END;
    return st == JW_OK ? note(granting, sql, now, "revoke", err) : st;
}

jw_status jw_accounts_revoke(struct jw_accounts *accounts, const struct jw_granting *what,
                             const struct jw_actor *by, struct jw_error *err) {
    return run(accounts, what, by, take_grant, err);
}

/* --- listing -----------------------------------------------------------------------------------------------------
 */
static jw_status tell(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    (void)columns;
    json_t *one =
        json_pack("{ss% sI sI ss%}", "role", row[0].text.ptr, row[0].text.len, "unit", (json_int_t)row[1].integer,
                  "given_at", (json_int_t)row[2].integer, "given_by", row[3].text.ptr, row[3].text.len);
    return json_array_append_new(context, one) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_accounts_grants(struct jw_accounts *accounts, jw_text name, json_t **out, struct jw_error *err) {
    return jw_account_list(
        accounts, "SELECT role, unit, given_at, given_by FROM grants WHERE account = $1 ORDER BY role, unit", name,
        tell, out, err);
}
